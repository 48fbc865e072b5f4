"""What the API takes and says about a backtest."""

from typing import Annotated, NotRequired, Required, TypedDict

from pydantic import BaseModel, Field, with_config

from service.allocations.schemas import AllocationBody
from service.allocations.schemas.quotas import Amount
from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Key, Measure, Month
from solver.assess.methods import Method


@with_config(STRICT_ROW)
class PastQuotaRow(TypedDict):
    """A quota of the past. Rows of one rep add up over a window."""

    rep: Required[Annotated[Key, Field(examples=["r1"])]]
    """Id of the rep."""
    period: Required[Annotated[Month, Field(examples=["2026-01"])]]
    """The month, or the first one of the quarter or year that the quota was for."""
    quota: Required[Annotated[Measure, Field(examples=[24000])]]
    """0 or more."""


@examples(
    {
        "Quarters of two years, and last quarter's own quotas": {
            "target": 260000,
            "period": {"start": "2027-01-01", "end": "2027-03-31"},
            "reps": [{"id": "r1"}, {"id": "r2"}],
            "history": [
                {"rep": rep, "period": f"{year}-{month:02}", "actual": amount}
                for rep, sold in {"r1": (18900, 20800), "r2": (18400, 19100)}.items()
                for year, amount in zip((2025, 2026), sold, strict=True)
                for month in range(1, 13)
            ],
            "quotas": [
                {"rep": "r1", "period": "2026-10", "quota": 63000},
                {"rep": "r2", "period": "2026-10", "quota": 60000},
            ],
            "origins": 4,
        }
    }
)
@with_config(STRICT_ROW)
class BacktestBody(AllocationBody):
    """The same facts as for an allocation. Windows are as long as `period` and counted back from
    its start. What is set for that period alone is left out of the comparison; `left_out` of the
    answer names it.
    """

    origins: NotRequired[
        Annotated[Annotated[int, Field(strict=True, ge=1, le=120)] | None, Field(examples=[8])]
    ]
    """At most so many windows, the newest; as many as the history allows where left out."""
    quotas: NotRequired[
        Annotated[
            list[PastQuotaRow] | None,
            Field(examples=[[{"rep": "r1", "period": "2026-01", "quota": 24000}]]),
        ]
    ]
    """The company's own quotas of the past, to be compared like any other method."""


Error = Annotated[
    float,
    Field(
        description="Mean of |ln(sold / quota)|: .10 is about 10 % off, to either side",
        examples=[0.0955],
    ),
]
Part = Annotated[float, Field(description="Of the rows", examples=[0.46])]


class WindowOut(BaseModel):
    """One past period, planned by what was known before it."""

    start: str = Field(examples=["2026-07"])
    end: str = Field(description="Its last month", examples=["2026-09"])
    reps: int = Field(description="Who is scored", examples=[99])
    joined: int = Field(description="Not scored: no sales rows in the period before", examples=[0])
    left: int = Field(description="Not scored: no sales rows in the second half", examples=[1])
    sold: Amount = Field(description="By those who are scored; what every method splits")
    rules_gave_way: bool = Field(
        description="Whether rules of the policy could not all hold for our plan"
    )
    errors: dict[Method, Error] = Field(description="Of the methods that can be used here")


class SkippedOut(BaseModel):
    """A window that is not scored, and why."""

    start: str = Field(examples=["2026-10"])
    end: str = Field(examples=["2026-12"])
    reason: str = Field(examples=["nobody has a row in some month of it"])


class DifferenceOut(BaseModel):
    """Against flat growth, for the same reps in the same windows."""

    flat_growth: Error
    mean: float = Field(
        description="The error less that of flat growth; below 0 is nearer", examples=[-0.014]
    )
    low: float | None = Field(
        description="95 % interval, drawing whole reps anew; null of fewer than five reps",
        examples=[-0.0175],
    )
    high: float | None = Field(examples=[-0.0104])


class FifthOut(BaseModel):
    """Some of the reps, over all windows; null figures of fewer than five rows."""

    rows: int = Field(examples=[399])
    attainment: float | None = Field(description="Geometric mean of sold / quota", examples=[0.978])
    attaining: Part | None
    overloaded: Part | None


class MethodOut(BaseModel):
    """How near one method came. All are given the same totals; null where it cannot be used."""

    method: Method
    windows: int = Field(description="In which it can be used", examples=[22])
    reps: int = Field(description="How many different ones", examples=[99])
    rows: int = Field(description="Reps times windows", examples=[2177])
    error: Error | None
    against_flat_growth: DifferenceOut | None
    attaining: Part | None = Field(description="Sold at least the quota")
    within_10: Part | None
    within_20: Part | None
    overloaded: Part | None = Field(description="Sold less than 80 % of the quota")
    best_fifth: FifthOut | None = Field(
        description="Who did best in the period before: sold over the own mean of the up to three "
        "periods before that"
    )
    others: FifthOut | None = Field(description="In neither fifth")
    last_fifth: FifthOut | None = Field(description="Who did worst in the period before")
    penalty: float | None = Field(
        description="How much more growth on that mean is asked of the best fifth than of all "
        "others: 0.1 is 10 %",
        examples=[0.129],
    )
    not_applicable: list[str] = Field(description="Why not, where it cannot be used")


class BacktestOut(BaseModel):
    """Which way of setting quotas would have come nearest to what people then sold."""

    months: int = Field(description="Of a window", examples=[3])
    windows: list[WindowOut] = Field(description="The oldest first")
    skipped: list[SkippedOut]
    methods: list[MethodOut]
    seed: int = Field(description="Of the intervals", examples=[1])
    draws: int = Field(examples=[2000])
    left_out: list[str] = Field(
        description="What is set for this plan alone and not asked of the past",
        examples=[["policy.groups", "reps.max"]],
    )
