"""The whole answer of `POST /v1/allocations`."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from service.allocations.measures.schemas import LevelsOut, MeasureOut, StandardsOut
from service.allocations.schemas.body import PeriodBody
from service.allocations.schemas.check import RemarkOut
from service.allocations.schemas.prices import PricesOut
from service.allocations.schemas.quotas import Amount, LineOut, Months, QuotaOut, UnitQuotaOut
from service.plans.version_schemas import GapOut, GaveWayOut, PartTargetOut


class Common(BaseModel):
    """What holds for everybody whom no rule holds away."""

    stretch: float | None = Field(
        description="null where rules across teams hold everybody away from it", examples=[0.82]
    )
    growth: float | None = Field(description="Of the company on its baselines", examples=[0.164])


class FairnessOut(BaseModel):
    """How even the allocation came out; null where undefined."""

    stretch_min: float | None = Field(examples=[0.82])
    stretch_max: float | None = Field(examples=[0.82])
    gini: float | None = Field(description="Of quota / baseline", examples=[0.0])
    theil: float | None = Field(description="Of quota / baseline", examples=[0.0])
    reps_at_common_stretch: int = Field(examples=[4])


class SeasonOut(BaseModel):
    """How quotas are spread over months."""

    basis: Literal["learned", "working_days", "even", "weights"] = Field(
        description="`working_days` where it was to be learned and nobody has a year of history"
    )
    as_given: bool | None = Field(
        description="Whether the company's months or quarters are as the policy gives them, to "
        "less than one increment; false where people are away so that they cannot be; null where "
        "none are given",
        examples=[None],
    )
    country: str | None = Field(
        description="Whose working days count; null: Mondays to Fridays", examples=["CN"]
    )
    working_days: dict[str, int] = Field(examples=[{"2027-01": 20, "2027-02": 17}])
    provisional: list[int] = Field(
        description="Years of which not all holidays are announced", examples=[[2027]]
    )
    pool: list[float] | None = Field(
        description="What was learned: sales per working day of everybody together, January "
        "first, 1 in the average month",
        examples=[None],
    )
    between: float | None = Field(
        description="How much reps differ in their seasons, as a variance", examples=[0.01]
    )
    within: float | None = Field(
        description="How much the years of one rep differ; null where nobody has two",
        examples=[0.04],
    )
    reps: int | None = Field(
        description="How many have a year of history that counted", examples=[30]
    )


class OverAssignmentOut(BaseModel):
    """One target and the quotas under it.

    Over-assignment does not by itself make it likelier that the company reaches its target; it
    moves risk to the reps.
    """

    unit: str | None = Field(description="null: the company", examples=[None])
    target: Amount
    assigned: Amount = Field(
        description="target x (1 + over_assignment), less the gap: the sum of the quotas"
    )
    over_assignment: float = Field(examples=[0.1])
    stated_by: str | None = Field(
        description="The unit that states the factor, this one or one above; null: the policy",
        examples=[None],
    )
    reps: int = Field(examples=[30])
    reps_with_sigma: int = Field(description="The shares rest on these", examples=[30])
    attaining: float | None = Field(
        description="The share of them expected to attain the quota; null without any sigma",
        examples=[0.306],
    )
    attaining_without: float | None = Field(
        description="The same if nothing were over-assigned; null also where the limits rule that "
        "out, and under rules across teams",
        examples=[0.45],
    )


class TotalRiskOut(BaseModel):
    """One target, and what may be sold under it. Sales do not know about quotas: over-assignment
    changes nothing here.
    """

    unit: str | None = Field(description="null: the company", examples=[None])
    target: Amount = Field(description="Without over-assignment")
    reps: int = Field(examples=[30])
    reps_with_sigma: int = Field(
        description="Unless these are all, nothing more is told than `expected`", examples=[30]
    )
    expected: float = Field(description="The sum of the baselines", examples=[300000])
    variation: float | None = Field(
        description="Standard deviation of sales over `expected`", examples=[0.0686]
    )
    reaching: float | None = Field(
        description="The chance that sales reach the target. This and the percentiles are null "
        "also where a few reps decide whose sales swing too widely for a formula",
        examples=[0.487],
    )
    p10: float | None = Field(description="In nine years of ten more is sold", examples=[274000])
    p50: float | None = Field(description="In every other year more is sold", examples=[299000])
    p90: float | None = Field(description="In one year of ten more is sold", examples=[327000])


class RiskOut(BaseModel):
    """What uncertain sales do to the plan, by the sigma of its reps.

    Sales are taken as log-normal around the baselines. A part of each sigma is a market that is one
    for all, so reps attain or miss together.
    """

    market_sigma: float = Field(
        description="Log standard deviation that all share; 0.05 where nothing is known of it",
        examples=[0.05],
    )
    market_errors: int = Field(
        description="Errors of the company's total in the past that it was learned from; 0: none",
        examples=[0],
    )
    reps: int = Field(examples=[30])
    reps_with_sigma: int = Field(description="The next two rest on these", examples=[30])
    attaining: float = Field(
        description="The share of them expected to attain the quota", examples=[0.45]
    )
    attaining_deviation: float = Field(
        description="The standard deviation of that share", examples=[0.119]
    )
    totals: list[TotalRiskOut] = Field(
        description="The company's target and those of units, parents first"
    )


class CrossingRuleOut(BaseModel):
    """A rule across teams, or one peer group of a parity: its sum and its limits."""

    rule: str = Field(
        description="Without its side; a parity has one row for each peer group",
        examples=["group:overlay"],
    )
    peers: str | None = Field(description="The peer group of a parity", examples=[None])
    reps: int = Field(description="How many it counts", examples=[2])
    sum: float = Field(
        description="Of the quotas, each times its coefficient; of a margin floor the margin",
        examples=[500000],
    )
    min: float | None = Field(examples=[None])
    max: float | None = Field(examples=[500000])
    even_share: float | None = Field(
        description="What the peer group would carry if everybody in the company stood at one "
        "stretch without any limit; null for other rules",
        examples=[None],
    )
    binding: list[str] = Field(
        description="The side that holds reps away from the common stretch",
        examples=[["group:overlay:max"]],
    )


class ChecksOut(BaseModel):
    """What was checked of the plan. `leximin` is of plans without rules across teams, `rows`,
    `largest` and `squares` of plans with them.
    """

    sums: bool = Field(description="Sums are exact and in range, to the last minor unit")
    bounds: bool = Field(description="Floors and caps are kept, and rounding is as it should be")
    leximin: bool = Field(default=True, description="The unrounded plan is the leximin plan")
    rows: bool = Field(default=True, description="Every rule across teams holds exactly")
    largest: bool = Field(default=True, description="The largest stretch is the least possible")
    squares: bool = Field(
        default=True, description="At that stretch the sum of squares is the least possible"
    )


class CertificateOut(BaseModel):
    """The proof in short."""

    kind: Literal["leximin-tree", "least-squares-lp"]
    checks: ChecksOut


class OneMeasureOut(MeasureOut):
    """The quotas of one measure, with reasons and proof."""

    levels: LevelsOut | None = Field(description="null where none is stated", examples=[None])
    status: Literal["optimal", "relaxed", "gap"] = Field(
        description="`optimal`: every rule holds as it is stated. `relaxed`: those in `relaxed` "
        "gave way. `gap`: nobody can carry what `gaps` lists"
    )
    engine: Literal["tree", "lp"]
    target: Amount
    assigned: Amount = Field(
        description="The target with its over-assignment, less the gap: the sum of quotas"
    )
    gap: float = Field(description="What nobody can carry", examples=[0])
    gaps: list[GapOut] = Field(description="The same by unit", examples=[[]])
    relaxed: list[GaveWayOut] = Field(
        description="Rules that gave way, by `policy.relax` or `on_infeasible`", examples=[[]]
    )
    period: PeriodBody | None = Field(description="null where nothing depends on dates")
    months: Months = None
    season: SeasonOut | None = Field(description="null where no period is known")
    lines: list[LineOut] | None = Field(
        description="The lines of business that targets tell apart, everything else last; null "
        "where no target is of a part",
        examples=[None],
    )
    part_targets: list[PartTargetOut] = Field(
        description="Targets by product, kind of customer or months, and what is carried of them",
        examples=[[]],
    )
    common: Common
    quotas: list[QuotaOut] = Field(description="Unit by unit, reps by id")
    units: list[UnitQuotaOut] = Field(description="Parents first")
    prices: PricesOut | None = Field(
        description="What more would cost whom; null where nothing could be proved, or where the "
        "time was up first (`warnings` say so). Under rules across teams single prices may be null"
    )
    over_assignment: list[OverAssignmentOut] = Field(
        description="The company's target and those of units, parents first"
    )
    risk: RiskOut | None = Field(
        description="What uncertain sales do to the plan; null where no rep has a sigma"
    )
    rules: list[CrossingRuleOut] = Field(
        description="Rules across teams, by name, with their sums", examples=[[]]
    )
    fairness: FairnessOut
    estimate: dict[str, Any] | None = Field(
        description="The parameters of the estimate; null where every baseline was given"
    )
    certificate: CertificateOut


class FurtherMeasureOut(OneMeasureOut):
    """Another additive measure than the main one, solved by itself."""

    left_out: list[str] = Field(
        description="Parameters of the policy that are the main measure's alone",
        examples=[["groups"]],
    )


class AllocationOut(OneMeasureOut):
    """Fair quotas, with reasons and proof. The members are the main measure's."""

    measures: list[FurtherMeasureOut] = Field(
        description="The other additive measures, by id", examples=[[]]
    )
    standards: list[StandardsOut] = Field(description="Ratios, by id", examples=[[]])
    warnings: list[RemarkOut] = Field(
        description="What looks like a mistake in the facts, and whether the time was up before "
        "prices were found",
        examples=[[]],
    )
