"""What the API says about inputs that are rolled forward."""

from typing import Annotated, NotRequired, Self, TypedDict

from pydantic import BaseModel, ConfigDict, Field

from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Money
from service.roster.domain import LeftBehind
from service.roster.schemas import TargetRow

_MOST_IDS = 100

type PlanId = Annotated[
    str, Field(strict=True, max_length=80, examples=["plan_01kaz3q8f2m7x0c5d6e7f8g9ha"])
]

# "from" cannot be written as an attribute, so this one is a call.
RollForwardIn = TypedDict(
    "RollForwardIn",
    {
        "from": NotRequired[
            Annotated[
                PlanId | None,
                Field(
                    description="The earlier plan. Left out: the one of the same name whose period "
                    "ends on the day before this one begins.",
                    examples=[None],
                ),
            ]
        ],
        "target": NotRequired[
            Annotated[
                Money | None,
                Field(
                    description="What the company wants to sell in this period. Left out: as the "
                    "plan says already.",
                    examples=[1200000],
                ),
            ]
        ],
        "targets": NotRequired[
            Annotated[
                list[TargetRow] | None,
                Field(
                    description="The long form; targets of the plan that are not named stay. Send "
                    "this or `target`.",
                    examples=[None],
                ),
            ]
        ],
    },
)
RollForwardIn.__pydantic_config__ = STRICT_ROW | ConfigDict(  # type: ignore[attr-defined]
    json_schema_extra={
        "description": "Which plan's inputs are to hold for this plan's period as well, and what "
        "is to be sold in it."
    }
)
examples({"Of the quarter before": {"target": 1200000}})(RollForwardIn)


class LeftBehindOut(BaseModel):
    """Rows of the earlier plan that did not go along, or what they say in one field."""

    table: str = Field(examples=["reps"])
    field: str | None = Field(
        description="What was said of the earlier period alone; null: the rows themselves",
        examples=["fixed"],
    )
    rows: int = Field(examples=[2])
    ids: list[str] = Field(description=f"The first {_MOST_IDS}", examples=[["r1", "r2"]])

    @classmethod
    def of(cls, left: LeftBehind) -> Self:
        return cls(
            table=left.table,
            field=left.field,
            rows=len(left.ids),
            ids=list(left.ids[:_MOST_IDS]),
        )
