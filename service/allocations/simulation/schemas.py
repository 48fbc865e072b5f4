"""What the API takes and says about a simulation."""

from typing import Annotated, Any, Final, NotRequired, Required, TypedDict

from pydantic import BaseModel, Field, with_config

from service.allocations.schemas import AllocationBody
from service.allocations.schemas.quotas import Amount
from service.allocations.simulation.asked import LEAST_DRAWS, MOST_DRAWS, MOST_SEED
from service.kit.examples import examples
from service.kit.values import STRICT_ROW, Key, Money
from service.roster.example import FACTS, PERIOD

Draws = Annotated[int, Field(strict=True, ge=LEAST_DRAWS, le=MOST_DRAWS)]
Seed = Annotated[int, Field(strict=True, ge=0, le=MOST_SEED)]
_YEARS: Final[dict[str, Any]] = {
    "draws": 1000,
    "seed": 1,
    "pay_curve": {
        "knots": [
            {"attainment": 0.5, "pay": 0},
            {"attainment": 1, "pay": 1},
            {"attainment": 1.5, "pay": 2},
        ]
    },
    "target_pay": {"everyone": 20000, "reps": [{"rep": "r1", "amount": 25000}]},
}
Ratio = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@with_config(STRICT_ROW)
class KnotRow(TypedDict):
    """A point of a pay curve."""

    attainment: Required[Annotated[Ratio, Field(examples=[1.5])]]
    """Sales over quota."""
    pay: Required[Annotated[Ratio, Field(examples=[2.0])]]
    """Pay over target pay."""


@with_config(STRICT_ROW)
class PayCurveBody(TypedDict):
    """Which part of the target pay a year pays out: straight lines between knots, never falling,
    and 1 at an attainment of 1. Below the first knot nothing is paid. Two knots at one attainment
    are a step.
    """

    knots: Required[
        Annotated[
            list[KnotRow],
            Field(examples=[[{"attainment": 0.5, "pay": 0}, {"attainment": 1, "pay": 1}]]),
        ]
    ]
    """In order of attainment."""
    beyond: NotRequired[Annotated[Ratio | None, Field(examples=[2.0])]]
    """Slope after the last knot: target pays for one more quota. Left out, the last is a cap."""


@with_config(STRICT_ROW)
class RepPayRow(TypedDict):
    """The target pay of one rep."""

    rep: Required[Annotated[Key, Field(examples=["r1"])]]
    """Id of the rep."""
    amount: Required[Annotated[Money, Field(examples=[25000])]]
    """0 or more."""


@with_config(STRICT_ROW)
class TargetPayBody(TypedDict):
    """What an attainment of 1 pays: the variable part of the income, not the base. Used for this
    answer and kept nowhere.
    """

    everyone: NotRequired[Annotated[Money | None, Field(examples=[20000])]]
    """Of whoever has no own one in `reps`."""
    reps: NotRequired[Annotated[list[RepPayRow] | None, Field()]]
    """Own amounts."""


@examples({"What the plan pays out": _YEARS})
@with_config(STRICT_ROW)
class SimulationAsked(TypedDict):
    """How many years to draw, and what they pay."""

    draws: NotRequired[Annotated[Draws | None, Field(examples=[10000])]]
    """Years to draw; 10,000 where left out. The time grows with draws times reps."""
    seed: NotRequired[Annotated[Seed | None, Field(examples=[1])]]
    """The same seed draws the same years; 1 where left out."""
    pay_curve: NotRequired[Annotated[PayCurveBody | None, Field()]]
    """Tells what people are paid, where given."""
    target_pay: NotRequired[Annotated[TargetPayBody | None, Field()]]
    """Tells pay in money; without it, pay is told over target pay, each rep counted alike."""


@examples({"What the plan pays out": {"target": 1080000, "period": PERIOD, **FACTS, **_YEARS}})
@with_config(STRICT_ROW)
class SimulationBody(AllocationBody, SimulationAsked):
    """The same facts as for an allocation, and how many years to draw around its quotas."""


class FigureOut(BaseModel):
    """One figure by formula and by draws; null where it cannot be told."""

    formula: float | None = Field(examples=[0.6])
    drawn: float | None = Field(examples=[0.5988])
    error: float | None = Field(
        description="Standard error of `drawn`: two figures in three stray less from what endless "
        "draws would give, 19 in 20 less than twice as far",
        examples=[0.0016],
    )


class SpreadFiguresOut(BaseModel):
    """A figure that differs from draw to draw."""

    expected: FigureOut = Field(description="Its mean")
    deviation: FigureOut = Field(description="Its standard deviation")
    p10: FigureOut = Field(description="In nine draws of ten it is larger")
    p50: FigureOut
    p90: FigureOut = Field(description="In one draw of ten it is larger")


class BelowOut(BaseModel):
    below: float = Field(description="This share of draws", examples=[0.05])
    sales: float | None = Field(description="sold less", examples=[841000])


class TotalSimulatedOut(BaseModel):
    """One target, and what was sold under it. Figures are null where somebody has no sigma."""

    unit: str | None = Field(description="null: the company", examples=[None])
    target: Amount = Field(description="Without over-assignment")
    reps: int = Field(examples=[30])
    reps_with_sigma: int = Field(examples=[30])
    expected: FigureOut = Field(description="Sales on average")
    variation: FigureOut = Field(description="Standard deviation over expected sales")
    reaching: FigureOut = Field(description="The chance that sales reach the target")
    p10: FigureOut = Field(description="In nine draws of ten more is sold")
    p50: FigureOut
    p90: FigureOut = Field(description="In one draw of ten more is sold")
    distribution: list[BelowOut] | None = Field(description="What was drawn, for a chart")


class PaySimulatedOut(BaseModel):
    """What all are paid together. Formulas tell the mean alone, for one market moves them all."""

    reps: int = Field(description="Whose target pay is known", examples=[30])
    reps_with_sigma: int = Field(
        description="Unless these are all, nothing more is told", examples=[30]
    )
    target: Amount | None = Field(description="Target pay of all; null where none is stated")
    over_target: SpreadFiguresOut | None = Field(description="Pay of all over that")
    amount: SpreadFiguresOut | None = Field(description="The same in money, where it is stated")


class RepSimulatedOut(BaseModel):
    """One rep. Figures are null without a sigma, those of pay without a pay curve."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    quota: Amount
    attaining: FigureOut = Field(description="The chance that sales reach the quota")
    pay: FigureOut | None = Field(description="Pay on average, over target pay")
    pay_deviation: float | None = Field(
        description="Its standard deviation over the draws", examples=[0.41]
    )
    target_pay: float | None = Field(examples=[20000])
    expected_pay: float | None = Field(description="By formula, in money", examples=[19350])


class SimulationOut(BaseModel):
    """Years drawn at random around a plan, beside what the formulas say of it."""

    draws: int = Field(examples=[10000])
    seed: int = Field(examples=[1])
    market_sigma: float = Field(
        description="Log standard deviation that all share; 0.05 where nothing is known of it",
        examples=[0.05],
    )
    market_errors: int = Field(
        description="Errors of the company's total in the past that it was learned from; 0: none",
        examples=[0],
    )
    reps: int = Field(examples=[30])
    reps_with_sigma: int = Field(
        description="Only these are drawn; nothing is made up for the others", examples=[30]
    )
    attaining: SpreadFiguresOut = Field(
        description="The share of them who attain their quotas, year by year"
    )
    totals: list[TotalSimulatedOut] = Field(
        description="The company's target and those of units, parents first"
    )
    pay: PaySimulatedOut | None = Field(description="null without a pay curve")
    quotas: list[RepSimulatedOut]
