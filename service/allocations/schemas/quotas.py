"""Rows of reps and units: what each carries, and why."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from service.allocations.measures.schemas import LevelAmountsOut

Amount = Annotated[float, Field(examples=[291000])]
Months = Annotated[
    dict[str, float] | None,
    Field(
        description="What each month of the period carries; they add up to the whole. null where "
        "no period is known",
        examples=[{"2027-01": 24000, "2027-02": 23000}],
    ),
]


class LineOut(BaseModel):
    """A product, or a kind of customer, or one of the other; null stands for all that no other line
    counts.
    """

    product: str | None = Field(examples=["new"])
    customer_type: str | None = Field(examples=[None])


class LineQuotaOut(LineOut):
    """What a rep carries of a line."""

    quota: Amount
    months: Months = None


class TermOut(BaseModel):
    """A part of a quota; the terms add up to it exactly."""

    term: Literal[
        "anchor", "stretch", "rounding",
        "adjustment", "change_request", "event", "import", "repair", "unit_solve", "funding",
    ] = Field(
        description="After the first three, one for each time that the quota was amended since "
        "it was solved; `funding` is what was carried for somebody else"
    )  # fmt: skip
    amount: Amount
    reference: str | None = Field(
        default=None,
        description="Which decision amended the quota; left out for what was solved",
        examples=["adj_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )


class Windfall(BaseModel):
    """One deal of more than a quarter of a year; the estimate counts a part of it."""

    month: str = Field(examples=["2026-05"])
    amount: float = Field(examples=[500000])
    counted: float = Field(examples=[180000])


class RepEstimate(BaseModel):
    """What an estimated baseline rests on.

    baseline = in_seat x ramp x benchmark x product of index ^ weight, with the weights of
    `estimate`.
    """

    basis: Literal["history_and_potential", "history_and_peers", "potential", "fte"]
    benchmark: float | None = Field(
        description="What a typical rep with the same potential sells", examples=[240000]
    )
    in_seat: float = Field(
        description="Part of the period in the seat and not away", examples=[1.0]
    )
    ramp: float = Field(
        default=1.0,
        description="What somebody new sells in the period over what the same rep would later",
        examples=[1.0],
    )
    sigma: float | None = Field(
        default=None,
        description="Log standard deviation of sales around the baseline, by the errors that the "
        "same estimate would have made before; null where the history is too short",
        examples=[0.21],
    )
    index: list[float] | None = Field(
        description="Own sales over a typical rep's: the last period, the two before, older ones",
        examples=[[1.2, 1.1, 1.1]],
    )
    sold: list[float | None] | None = Field(
        description="What was sold in such periods; null where nothing is known, and the index "
        "follows from the nearest known ones",
        examples=[[260000, 255000, None]],
    )
    windfalls: list[Windfall] = Field(
        default=[], description="Empty for nearly everybody", examples=[[]]
    )


class QuotaOut(BaseModel):
    """One rep's quota, and why."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    quota: Amount
    solved: float | None = Field(
        default=None,
        description="Of an amended quota: what was solved, and is proved; null for somebody "
        "who is new. Left out where nothing was amended",
        examples=[291000],
    )
    lock: str | None = Field(
        default=None,
        description="By which decision the quota is locked: later solves keep it. Left out where "
        "it is not",
        examples=["adj_01kaz3q8f2m7x0c5d6e7f8g9ha"],
    )
    baseline: float = Field(examples=[250000])
    reach: float = Field(examples=[50000])
    stretch: float | None = Field(
        description="(quota - anchor) / yardstick of the policy, before rounding; money under "
        "equal_amount; null for a rep without a yardstick. Under equal_probability "
        "ln(quota / anchor) / sigma: the chance of attaining is that of a standard normal above it",
        examples=[0.82],
    )
    effort: float | None = Field(
        description="Own stretch over the common one: 1 is the same as everyone; null under "
        "equal_probability, where stretches have no natural zero",
        examples=[1.0],
    )
    growth: float | None = Field(description="Quota on baseline", examples=[0.164])
    over_last_year: float | None = Field(examples=[0.26])
    floor: Amount
    cap: float | None = Field(description="null: no limit", examples=[350000])
    binding: list[str] = Field(
        description="What holds the rep away from the common stretch, the nearest rule first",
        examples=[["cap", "unit:west:max"]],
    )
    price: float | None = Field(
        default=None,
        description="What one more unit of money in the own limit that binds (cap, floor or lock) "
        "does to everyone else's stretch; null where none binds, and under rules across teams",
        examples=[None],
    )
    attainment_probability: float | None = Field(
        description="null where the rep's sigma is unknown", examples=[0.47]
    )
    explanation: list[TermOut]
    levels: LevelAmountsOut | None = Field(
        default=None, description="null where no level is stated", examples=[None]
    )
    estimate: RepEstimate | None = Field(description="null where the baseline was given")
    months: Months = None
    lines: list[LineQuotaOut] | None = Field(
        default=None,
        description="What the quota carries of each line of business; they add up to it, and their "
        "months to its months. Lines of 0 are left out. null where no target is of a part",
        examples=[None],
    )


class UnitQuotaOut(BaseModel):
    """What a unit carries."""

    id: str = Field(examples=["west"])
    quota: Amount
    growth: float | None = Field(examples=[0.17])
    min: float | None = Field(examples=[None])
    max: float | None = Field(examples=[600000])
    binding: list[str] = Field(examples=[[]])
    price: float | None = Field(
        description="What one more unit of money in the end of the range that binds does to "
        "everyone else's stretch; 0 where the own range does not bind, null where it is not known",
        examples=[0.0],
    )
    months: Months = None
    levels: LevelAmountsOut | None = Field(
        default=None, description="null where no level is stated", examples=[None]
    )
