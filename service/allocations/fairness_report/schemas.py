"""What the API says about fairness reports and cohort audits."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints

from service.kit.body import InputModel, Line, Number
from service.kit.examples import examples
from solver.assess import Share

RepId = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_SOLD = [
    {"rep": "r1", "actual": 281000},
    {"rep": "r2", "actual": 275500},
    {"rep": "r3", "actual": 240200},
    {"rep": "r4", "actual": 262000},
]
_SIDE = "95 % interval of the effect"


class ActualIn(InputModel):
    """What a rep sold in the plan's period."""

    rep: RepId = Field(examples=["r1"])
    actual: Number = Field(examples=[281000], description="In the plan's currency")


@examples({"What was sold": {"actuals": _SOLD}})
class FairnessIn(InputModel):
    """Sales of the plan's period, once it is over."""

    actuals: list[ActualIn]


class CohortIn(InputModel):
    """What an auditor knows of a rep. It is used for this answer and kept nowhere."""

    rep: RepId = Field(examples=["r1"])
    attributes: dict[Line, Line | int | Number | None] = Field(
        examples=[{"sex": "F", "birth_year": 1980}]
    )


@examples(
    {
        "By sex and age": {
            "cohorts": [
                {"rep": "r1", "attributes": {"sex": "F", "birth_year": 1985}},
                {"rep": "r2", "attributes": {"sex": "F", "birth_year": 1976}},
                {"rep": "r3", "attributes": {"sex": "M", "birth_year": 1982}},
                {"rep": "r4", "attributes": {"sex": "F", "birth_year": 1968}},
            ],
            "bands": {"birth_year": [1970, 1980]},
            "actuals": _SOLD,
        }
    }
)
class CohortAuditIn(InputModel):
    """Groups to compare."""

    cohorts: list[CohortIn]
    bands: dict[Line, Annotated[list[Number], Field(min_length=1, max_length=49)]] = Field(
        default_factory=dict,
        examples=[{"birth_year": [1970, 1980]}],
        description="Lower edges: 1970 and 1980 make under 1970, 1970 to under 1980, 1980 and over",
    )
    actuals: list[ActualIn] | None = None


class SpreadOut(BaseModel):
    """The figures of `n` reps; null where nobody's is known."""

    n: int = Field(examples=[24])
    min: float | None
    low_quarter: float | None
    median: float | None
    high_quarter: float | None
    max: float | None
    mean: float | None
    deviation: float | None = Field(description="Standard deviation, of everybody")


class InequalityOut(BaseModel):
    """Indices over `n` reps. They measure everybody there is and so have no interval."""

    n: int = Field(examples=[24])
    gini: float | None = Field(description="0: the same for everybody")
    jain: float | None = Field(description="1: the same for everybody; 1/n: one has all")
    theil: float | None = Field(description="between + within")
    between: float | None = Field(description="Between organisation units")
    within: float | None = Field(description="Within them")
    reason: Literal["unknown", "negative", "all_zero"] | None = Field(
        description="Why the indices are null"
    )


class EffortOut(SpreadOut):
    """The spread of effort."""

    kind: Literal["index", "stretch"] = Field(
        description="index: 1.00 is the same as everyone; stretch where the plan has no index"
    )
    inequality: InequalityOut


class FarOut(BaseModel):
    """Whose growth lies far from the others': a question to ask, not a verdict."""

    n: int
    usual: float | None = Field(description="The median growth on the baseline")
    below: float | None = Field(description="Growth below this counts as far")
    above: float | None
    count: int
    reps: list[str] = Field(description="The furthest first, at most 100")


class ComparisonOut(BaseModel):
    """One question put to the reps; null is what cannot be told."""

    kind: Literal["correlation", "difference"] = Field(
        description="Spearman's rho; or the mean of a group less that of all others compared"
    )
    measure: str = Field(examples=["stretch"])
    against: str = Field(
        description="size, potential, tenure; top_fifth, bottom_fifth of the period before; or a "
        "group of an audit",
        examples=["size"],
    )
    n: int = Field(examples=[24])
    inside: int | None = Field(description="Reps of the group")
    effect: float | None
    low: float | None = Field(description=_SIDE)
    high: float | None = Field(description=_SIDE)
    p: float | None = Field(description="Permutation test, two-sided, uncorrected")
    p_adjusted: float | None = Field(description="By Holm, over everything tested in this answer")
    detectable: float | None = Field(
        description="The smallest effect that so many reps show in 80 % of cases, by one test; "
        "null: none can be shown",
        examples=[0.54],
    )
    reason: Literal["unknown", "too_few", "all_equal", "all_alike"] | None = Field(
        description="Why nothing was tested"
    )
    shown: bool = Field(description="Whether p_adjusted is at most alpha")


class MeanOut(BaseModel):
    """A mean with its 95 % interval."""

    n: int
    value: float | None
    low: float | None
    high: float | None


class ShareOut(BaseModel):
    """`count` of `n`, with the 95 % interval of Wilson."""

    n: int
    count: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, share: Share) -> Self:
        return cls(n=share.n, count=share.count, share=share.share, low=share.low, high=share.high)


class ReviewOut(BaseModel):
    """What came of the quotas."""

    n: int
    left_out: int = Field(description="Reps without sales told, or with a quota of 0")
    floored: int = Field(description="Sold less than 2 % of the quota, and count as 2 %")
    attainment: SpreadOut
    mean_abs_log: MeanOut = Field(description="Mean of |ln attainment|")
    within_10: ShareOut
    within_20: ShareOut
    attaining: ShareOut
    expected: float | None = Field(
        description="Mean probability of attaining, where everybody's is known"
    )
    comparisons: list[ComparisonOut]


class UnitSpreadOut(SpreadOut):
    """Reps who hang on this unit itself."""

    unit: str | None = Field(description="null: the company itself")


class PointOut(BaseModel):
    """A rep, or, of more than 1,500, all who lie close together."""

    rep: str | None
    size: float
    value: float
    reps: int


class ChartsOut(BaseModel):
    """The figures behind the charts."""

    measure: Literal["effort", "growth"]
    units: list[UnitSpreadOut]
    points: list[PointOut]


class FairnessReportOut(BaseModel):
    """How even a version is, and for whom it is harder. What is not shown may still be there."""

    reps: int
    alpha: float = Field(examples=[0.05], description="How often a report may alarm for nothing")
    effort: EffortOut
    growth: SpreadOut
    attainment_probability: SpreadOut
    quota_over_baseline: InequalityOut
    quota_over_potential: InequalityOut
    far_growth: FarOut
    size: Literal["sales", "last_year", "expected_sales"] | None = Field(
        description="What size is: sales of the twelve months before the period, or, where nobody "
        "has any, `last_year`, or else the baseline"
    )
    comparisons: list[ComparisonOut]
    review: ReviewOut | None = Field(description="null without sales of the period")
    charts: ChartsOut


class GroupOut(BaseModel):
    """A group of five or more."""

    group: str
    n: int
    mean: float
    attaining: ShareOut | None


class FourFifthsOut(BaseModel):
    """The lowest share attaining over the highest."""

    lowest: str
    highest: str
    ratio: float
    low: float | None = Field(description="95 % interval of the ratio")
    high: float | None = Field(description="95 % interval of the ratio")
    p: float = Field(description="Fisher's exact test, times the pairs to choose from")
    p_adjusted: float | None
    false_alarms: float = Field(
        description="How often some ratio is below .8 where all groups attain equally often",
        examples=[0.53],
    )
    below: bool = Field(description="Whether the ratio is below .8")


class AuditTableOut(BaseModel):
    """One measure by the groups of one attribute."""

    attribute: str
    measure: Literal["probability", "effort", "stretch", "log_attainment"]
    n: int
    decimals: int = Field(
        description="Of means and differences: a fifth of `detectable`, for more digits would say "
        "nothing more, but who is in a group. `p` has two decimals, below .1 three, and .001 "
        "stands for all that is less",
        examples=[2],
    )
    groups: list[GroupOut]
    not_shown: int = Field(description="Reps of groups that are not shown, or of none")
    comparisons: list[ComparisonOut]
    four_fifths: FourFifthsOut | None
    reason: Literal["too_few", "subtraction"] | None = Field(
        description="Why no group is shown: fewer than two are large enough, or somebody could be "
        "found by subtracting one table from another"
    )


class CohortAuditOut(BaseModel):
    """Groups compared; those below five, and who would be found without them, are not shown."""

    reps: int
    alpha: float
    tables: list[AuditTableOut]
