"""What the API says about solving into versions, their quotas and their proof."""

from datetime import date
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import BaseModel, ConfigDict, Field, with_config

from service.allocations.measures.schemas import MeasureOut, StandardOut
from service.allocations.schemas import Amount, CrossingRuleOut, Months, QuotaOut, SeasonOut
from service.kit.body import Note
from service.kit.examples import examples
from service.kit.values import STRICT_ROW
from service.plans.domain import MOST_VERSIONS
from service.plans.life_cycle_schemas import Deadline
from service.plans.policy import PolicyBody
from service.plans.rolling_schemas import LeftBehindOut, RollForwardIn
from service.plans.version_schemas import VersionDetailOut


@examples(
    {
        "Equal extra effort": {"note": "first proposal"},
        "Nobody is to grow by more than 27 %": {
            "policy": {"fairness": "equal_growth", "max_over_last_year": 0.27, "season": "even"},
            "note": "with growth limited",
        },
        "A reserve for later requests": {
            "policy": {
                "over_assignment": 0.02,
                "reserves": [{"unit": "west", "amount": 10000}],
                "season": [20, 25, 25, 30],
            },
            "locks": "keep",
        },
    }
)
@with_config(STRICT_ROW)
class VersionIn(TypedDict):
    """What to solve: the plan's working inputs under this policy."""

    policy: NotRequired[Annotated[PolicyBody | None, Field()]]
    """Left out: every parameter has its default."""
    base_version: NotRequired[Annotated[int, Field(strict=True, ge=1)] | None]
    """The parent; left out: the newest version. It is no anchor."""
    note: NotRequired[Annotated[Note | None, Field(strict=True, examples=["first proposal"])]]
    locks: NotRequired[Annotated[Literal["keep", "release"] | None, Field(examples=["keep"])]]
    """Whether quotas that are locked in the version it builds on stay what they are. `keep`
    (default): the rest is solved around them."""
    published: NotRequired[
        Annotated[
            Annotated[int, Field(strict=True, ge=0, le=MOST_VERSIONS)] | None,
            Field(examples=[None]),
        ]
    ]
    """The version that you know to be published; 0: none is. Where it is another one when the new
    version would be stored, the answer is 412 and nothing is stored. Left out: whichever it is."""
    then: NotRequired[Annotated[Literal["draft", "submit"] | None, Field(examples=["draft"])]]
    """What becomes of the new version: it stays a `draft` (default), or you `submit` it, in the
    same step: where that is refused no version is stored. `note` is of both."""
    deadline: NotRequired[Annotated[Deadline | None, Field(examples=[None])]]
    """When a decision on what is submitted is due, with its offset from UTC."""
    roll_forward: NotRequired[Annotated[RollForwardIn | None, Field(examples=[None])]]
    """Solve the inputs of an earlier plan, rolled forward as by `POST …/inputs/roll-forward`; they
    become the working inputs in the same step. Left out: the working inputs as they stand."""


class SolvedOut(VersionDetailOut):
    """A version that was solved just now."""

    left_behind: list[LeftBehindOut] = Field(
        description="What of the earlier plan did not go along, where inputs were rolled forward",
        examples=[[]],
    )


class GrowthBeside(BaseModel):
    """The growth on expected sales of the rep's unit and of the company, to compare with."""

    unit: float | None = Field(description="null for a rep who hangs on the company itself")
    company: float | None


class ListedQuotaOut(QuotaOut):
    """One rep's quota, and what of it falls into the months that were asked for."""

    part: float | None = Field(
        default=None,
        description="Of the quota, in `period`; left out where none is asked for",
        examples=[68000],
    )


class MeasureQuotaOut(QuotaOut, MeasureOut):
    """A rep's quota of another measure than the main one."""


class RepQuotaOut(QuotaOut):
    """One rep's quota, what it is made of, and how much the others grow."""

    growth_beside: GrowthBeside
    measures: list[MeasureQuotaOut] = Field(
        description="The same rep's quotas of the other additive measures", examples=[[]]
    )
    standards: list[StandardOut] = Field(
        description="The standards of ratios that hold for the rep's unit", examples=[[]]
    )


class UnitMonthsOut(BaseModel):
    """What a unit carries month by month."""

    id: str = Field(examples=["west"])
    quota: Amount
    months: Months


class MonthsOut(BaseModel):
    """A version month by month; null where it has no months."""

    months: Months = Field(description="Of the whole company")
    season: SeasonOut | None
    units: list[UnitMonthsOut] = Field(description="Parents first")


class WeekOut(BaseModel):
    """A week, or the piece of it that lies in one month."""

    week: date = Field(description="Its Monday", examples=["2027-03-29"])
    month: str = Field(examples=["2027-04"])
    working_days: int = Field(description="Of the piece", examples=[2])
    amount: Amount


class WeeksOut(BaseModel):
    """One rep's quota week by week."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    quota: Amount
    weeks: list[WeekOut] = Field(description="The amounts of a month add up to it")


class RulesOut(BaseModel):
    """The rules across teams of a version."""

    rules: list[CrossingRuleOut] = Field(description="By name; empty without such rules")


class VersionChecks(TypedDict):
    """Whether each check held. `ledger` stands where quotas were amended after their solve; which
    of the others after `bounds` there are depends on whether there are rules across teams.
    """

    hash: Annotated[bool, Field(description="Row, manifest, inputs and chunks are what they were")]
    parent: Annotated[bool, Field(description="So is every version that this one builds on")]
    sums: Annotated[bool, Field(description="Sums are exact and in range, to the last minor unit")]
    bounds: Annotated[
        bool, Field(description="Floors and caps are kept; rounding moved at most an increment")
    ]
    leximin: NotRequired[
        Annotated[
            bool,
            Field(
                description="The unrounded plan is as even as its limits allow; for plans without "
                "rules across teams"
            ),
        ]
    ]
    rows: NotRequired[Annotated[bool, Field(description="Every rule across teams is kept exactly")]]
    largest: NotRequired[
        Annotated[bool, Field(description="The largest stretch is the least possible one")]
    ]
    squares: NotRequired[
        Annotated[
            bool,
            Field(description="At that stretch, nothing has a smaller weighted sum of squares"),
        ]
    ]
    ledger: NotRequired[
        Annotated[
            bool,
            Field(
                description="What was decided after the solve leads to these quotas: who carries "
                "what of it was computed again"
            ),
        ]
    ]


class VerificationOut(BaseModel):
    """What was checked again, and in words what does not hold."""

    valid: bool
    checks: VersionChecks
    faults: list[str] = Field(examples=[[]])


class ProofOut(BaseModel):
    """A whole version that can be checked without this service: `fairquota verify FILE`.

    Money is in minor units. `hash` is the SHA-256 of the manifest's canonical JSON; the manifest
    names the rows by theirs.
    """

    model_config = ConfigDict(extra="forbid")

    format: Literal["fairquota.proof/1"]
    hash: str
    manifest: dict[str, Any]
    units: list[dict[str, Any]]
    rules: list[dict[str, Any]] = Field(description="Rules across teams; empty without them")
    quotas: list[dict[str, Any]]
    measures: list[dict[str, Any]] = Field(
        default=[], description="The rows of further measures", examples=[[]]
    )
