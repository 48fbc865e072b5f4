"""What `POST /v1/allocations` takes: the facts, and how to allocate."""

from typing import Annotated, Final, NotRequired, Required, TypedDict

from pydantic import Field, with_config

from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Day, Money, Otherwise
from service.plans.policy import PolicyBody
from service.roster.example import FACTS, PERIOD
from service.roster.schemas import InputsBody

_TERMS: Final = {"target": 1080000, "currency": "USD", "increment": 100, "period": PERIOD}


@with_config(STRICT_ROW)
class PeriodBody(TypedDict):
    """Whole months, both days included."""

    start: Required[Annotated[Day, Field(examples=["2027-01-01"])]]
    """First day: the first of a month."""
    end: Required[Annotated[Day, Field(examples=["2027-12-31"])]]
    """Last day: the last of a month."""


@examples(
    {
        "Only what is needed": {
            "target": 440000,
            "reps": [
                {"id": "r1", "baseline": 100000, "reach": 100000, "max": 105000},
                {"id": "r2", "baseline": 100000, "reach": 100000},
                {"id": "r3", "baseline": 100000, "reach": 100000},
                {"id": "r4", "baseline": 100000, "reach": 100000},
            ],
        },
        "Two units, four people": {**_TERMS, **FACTS, "policy": {"season": "even"}},
        "Growth on last year is limited": {
            **_TERMS,
            **FACTS,
            "policy": {
                "fairness": "equal_growth",
                "min_over_last_year": 0,
                "max_over_last_year": 0.27,
                "groups": [{"id": "overlay", "reps": ["r1", "r3"], "max": 550000}],
                "on_infeasible": "relax",
            },
        },
    }
)
@with_config(STRICT_ROW)
class AllocationBody(InputsBody):
    """The facts, and how to allocate. Only `target` and `reps` with ids are required."""

    currency: NotRequired[
        Annotated[
            Annotated[
                str,
                Field(strict=True, pattern="^[A-Z]{3}$"),
                Otherwise("must be an ISO 4217 code such as USD"),
            ]
            | None,
            Field(examples=["USD"]),
        ]
    ]
    """ISO 4217; USD where left out. It decides how many decimals amounts may have."""
    increment: NotRequired[Annotated[Money | None, Field(examples=[100])]]
    """Quotas are multiples of it wherever the rules allow; one minor unit where left out."""
    period: NotRequired[Annotated[PeriodBody | None, Field()]]
    """When the quotas count; left out, the twelve months after the last month of history."""
    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """How to allocate; equal stretch where left out."""
