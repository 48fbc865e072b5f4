"""What the API says about batches."""

from typing import Annotated, NotRequired, Required, Self, TypedDict

from pydantic import BaseModel, Field, with_config

from service.batches.domain import MOST_PLANS, Priority
from service.kit.body import Line, Note
from service.kit.examples import examples
from service.kit.values import STRICT_ROW
from service.operations.schemas import ProblemDocument, answer_of, version_of
from service.operations.tables import Operation
from service.plans.policy import PolicyBody

type PlanId = Annotated[
    str, Field(strict=True, max_length=80, examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])
]


@with_config(STRICT_ROW)
class BatchItemIn(TypedDict):
    """A plan with a policy of its own."""

    plan: Required[PlanId]
    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """Left out: that of the batch."""


@with_config(STRICT_ROW)
class BatchFilter(TypedDict):
    """Which plans are meant."""

    name: Required[Annotated[Line, Field(strict=True, examples=["BU*"])]]
    """Of the plan; `*` stands for anything, and capital letters for small ones."""


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
    """Which plans to solve: `plans`, `items` or `filter`, one of them. The working inputs of each
    are solved into a new draft, as they stand when its turn comes.
    """

    plans: NotRequired[
        Annotated[
            Annotated[list[PlanId], Field(min_length=1, max_length=MOST_PLANS)] | None, Field()
        ]
    ]
    items: NotRequired[
        Annotated[list[BatchItemIn], Field(min_length=1, max_length=MOST_PLANS)] | None
    ]
    """Plans with policies of their own."""
    filter: NotRequired[BatchFilter | None]
    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """For every plan that has none of its own. Left out: every parameter has its default."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=["Q2, first proposal"])]]
    """Of every version."""
    priority: NotRequired[Annotated[Priority | None, Field(examples=["normal"])]]
    """Among the batches of the workspace. `normal` where left out."""


class BatchItemOut(BaseModel):
    """One plan of a batch, and what became of it."""

    plan: str = Field(examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    operation: str = Field(examples=["op_01kaz3q8f2m7x0c5d6e7f8g9ha"])
    done: bool
    cancelled: bool
    version: int | None = Field(description="The new draft", examples=[3])
    problem: ProblemDocument | None = Field(description="Why there is none")

    @classmethod
    def of(cls, part: Operation) -> Self:
        version = version_of(part)
        return cls(
            plan=part.about or "",
            operation=part.id,
            done=part.done_at is not None,
            cancelled=part.cancelled,
            version=version,
            problem=answer_of(part) if version is None else None,
        )
