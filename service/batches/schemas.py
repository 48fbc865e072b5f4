"""What the API says about batches."""

from typing import Annotated, Literal, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field, with_config

from service.batches.domain import MOST_PLANS, Priority, Which
from service.kit.body import Line, Note
from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Day, Money
from service.operations.schemas import ProblemDocument, answer_of, problem_of, version_of
from service.operations.tables import Operation
from service.plans.life_cycle_schemas import Deadline
from service.plans.policy import PolicyBody
from service.plans.rolling_schemas import LeftBehindOut, PlanId
from service.roster.schemas import TargetRow

# "from" cannot be written as an attribute, so this one is a call.
BatchItemIn = TypedDict(
    "BatchItemIn",
    {
        "plan": Required[PlanId],
        "policy": NotRequired[
            Annotated[
                PolicyBody | None,
                Field(description="Its own policy. Left out: that of the batch."),
            ]
        ],
        "from": NotRequired[
            Annotated[
                PlanId | None,
                Field(
                    description="The plan whose inputs are rolled forward. Left out: the one of "
                    "the same name whose period ends on the day before.",
                    examples=[None],
                ),
            ]
        ],
        "target": NotRequired[
            Annotated[
                Money | None,
                Field(
                    description="What is to be sold in the period of inputs that are rolled "
                    "forward. Left out: as the plan says already.",
                    examples=[None],
                ),
            ]
        ],
        "targets": NotRequired[
            Annotated[
                list[TargetRow] | None,
                Field(description="The long form. Send this or `target`.", examples=[None]),
            ]
        ],
    },
)
BatchItemIn.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={"description": "A plan, and what is said of it alone."}
)


@with_config(STRICT_ROW)
class PeriodFilter(TypedDict):
    """Of which period plans are meant."""

    start: NotRequired[Annotated[Day | None, Field(examples=["2027-04-01"])]]
    """Its first day."""
    end: NotRequired[Annotated[Day | None, Field(examples=["2027-06-30"])]]
    """Its last day."""


@with_config(STRICT_ROW)
class BatchFilter(TypedDict):
    """Which plans are meant."""

    name: Required[Annotated[Line, Field(strict=True, examples=["BU*"])]]
    """Of the plan; `*` stands for anything, and capital letters for small ones."""
    period: NotRequired[Annotated[PeriodFilter | None, Field(examples=[None])]]
    """Left out: any."""


@examples(
    {
        "Every business unit, under one policy": {
            "filter": {"name": "*"},
            "policy": {"fairness": "equal_stretch", "season": "even"},
            "note": "Q2, first proposal",
        },
    }
)
@with_config(STRICT_ROW)
class BatchIn(TypedDict):
    """Which plans to solve: `plans`, `items` or `filter`, one of them."""

    plans: NotRequired[
        Annotated[
            Annotated[list[PlanId], Field(min_length=1, max_length=MOST_PLANS)] | None, Field()
        ]
    ]
    items: NotRequired[
        Annotated[list[BatchItemIn], Field(min_length=1, max_length=MOST_PLANS)] | None
    ]
    """Plans of which something is said alone."""
    filter: NotRequired[BatchFilter | None]
    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """For every plan that has none of its own. Left out: every parameter has its default."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=["Q2, first proposal"])]]
    """Of every version."""
    inputs: NotRequired[Annotated[Which | None, Field(examples=["as_they_stand"])]]
    """What is solved: the working inputs `as_they_stand` when a plan's turn comes (default), or the
    inputs of each plan's predecessor, `rolled_forward`, which become the working ones."""
    then: NotRequired[Annotated[Literal["draft", "submit"] | None, Field(examples=["draft"])]]
    """What becomes of every version: it stays a `draft` (default), or you `submit` it in the same
    step: where that is refused no version of this plan is stored."""
    deadline: NotRequired[Annotated[Deadline | None, Field(examples=[None])]]
    """When a decision on what is submitted is due, with its offset from UTC."""
    priority: NotRequired[Annotated[Priority | None, Field(examples=["normal"])]]
    """Among the batches of the workspace. `normal` where left out."""


class BatchItemOut(BaseModel):
    """One plan of a batch, and what became of it."""

    plan: str = Field(examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    operation: str = Field(examples=["op_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    done: bool
    cancelled: bool
    version: int | None = Field(description="The new version", examples=[3])
    left_behind: list[LeftBehindOut] = Field(
        description="What of the earlier plan did not go along, where inputs were rolled forward",
        examples=[[]],
    )
    problem: ProblemDocument | None = Field(description="Why there is none")

    @classmethod
    def of(cls, part: Operation) -> Self:
        version, answer = version_of(part), answer_of(part)
        return cls(
            plan=part.about or "",
            operation=part.id,
            done=part.done_at is not None,
            cancelled=part.cancelled,
            version=version,
            left_behind=(answer or {}).get("left_behind", []),
            problem=problem_of(part) if version is None else None,
        )
