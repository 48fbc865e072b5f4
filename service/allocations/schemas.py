"""What the API says about one allocation: its body, its answer, and why rules cannot all hold."""

from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

from pydantic import BaseModel, Field, with_config

from service.plans.policy import PolicyBody
from service.plans.schemas import GapOut, GaveWayOut
from service.roster.schemas import STRICT_ROW, Day, InputsBody, Money, Otherwise


@with_config(STRICT_ROW)
class PeriodBody(TypedDict):
    """Whole months, both days included."""

    start: Required[Annotated[Day, Field(examples=["2027-01-01"])]]
    """First day: the first of a month."""
    end: Required[Annotated[Day, Field(examples=["2027-12-31"])]]
    """Last day: the last of a month."""


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


Amount = Annotated[float, Field(examples=[291000])]


class Common(BaseModel):
    """What holds for everybody whom no rule holds away."""

    stretch: float | None = Field(
        description="null where rules across teams hold everybody away from it", examples=[0.82]
    )
    growth: float | None = Field(description="Of the company on its baselines", examples=[0.164])


class Term(BaseModel):
    """A part of a quota; the terms add up to it exactly."""

    term: Literal["anchor", "stretch", "rounding"]
    amount: Amount


class RepEstimate(BaseModel):
    """What an estimated baseline rests on.

    baseline = in_seat x benchmark x product of index ^ weight, the weights those of `estimate`.
    """

    basis: Literal["history_and_potential", "history_and_peers", "potential", "fte"]
    benchmark: float | None = Field(
        description="What a typical rep with the same potential sells", examples=[240000]
    )
    in_seat: float = Field(description="Part of the period in the seat", examples=[1.0])
    index: list[float] | None = Field(
        description="Own sales over a typical rep's: the last period, the two before, older ones",
        examples=[[1.2, 1.1, 1.1]],
    )
    sold: list[float | None] | None = Field(
        description="What was sold in such periods; null where nothing is known, and the index "
        "follows from the nearest known ones",
        examples=[[260000, 255000, None]],
    )


class QuotaOut(BaseModel):
    """One rep's quota, and why."""

    rep: str = Field(examples=["r1"])
    unit: str | None = Field(examples=["west"])
    quota: Amount
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
    explanation: list[Term]
    estimate: RepEstimate | None = Field(description="null where the baseline was given")


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


class FairnessOut(BaseModel):
    """How even the allocation came out; null where undefined."""

    stretch_min: float | None = Field(examples=[0.82])
    stretch_max: float | None = Field(examples=[0.82])
    gini: float | None = Field(description="Of quota / baseline", examples=[0.0])
    theil: float | None = Field(description="Of quota / baseline", examples=[0.0])
    reps_at_common_stretch: int = Field(examples=[4])


class MostOut(BaseModel):
    """Who carries the largest change."""

    rep: str = Field(examples=["r1"])
    amount: Amount


class UnitChangeOut(BaseModel):
    """What the reps of one unit carry of a change together."""

    unit: str | None = Field(
        description="null: reps who hang on the company itself", examples=["west"]
    )
    reps: int = Field(examples=[2])
    amount: Amount


class TargetPriceOut(BaseModel):
    """What more to assign costs whom, before rounding."""

    step: float = Field(description="So much more to assign, within the range", examples=[1000])
    range: float | None = Field(
        description="For how much more it stays so: until the next rep or unit meets a limit; "
        "null: for any amount",
        examples=[52000],
    )
    price: float | None = Field(
        description="Change of the common stretch per unit of money", examples=[0.000004]
    )
    reps: int = Field(description="How many carry more", examples=[5])
    units: list[UnitChangeOut] = Field(description="Who carries the step, the most first")
    most: MostOut


class SideOut(BaseModel):
    """What reps carry of a change together."""

    reps: int = Field(description="How many carry more or less", examples=[2])
    amount: Amount
    most: MostOut


class RulePriceOut(BaseModel):
    """What it costs whom when a rule gives way, before rounding."""

    rule: str = Field(examples=["unit:west:max"])
    to: float = Field(description="The limit after the step", examples=[601000])
    step: float = Field(description="By so much the limit gives way", examples=[1000])
    range: float | None = Field(description="See `target`", examples=[52000])
    price: float | None = Field(
        description="Change of the others' stretch per unit of money", examples=[-0.000004]
    )
    inside: SideOut = Field(description="Those whom the rule counts")
    around: SideOut = Field(description="Everyone else who moves")


class PricesOut(BaseModel):
    """What one more unit of money costs whom."""

    target: TargetPriceOut | None = Field(
        description="null where nobody can carry more (`can_grow` is false) or no price was proved"
    )
    can_grow: bool | None = Field(
        description="Whether anybody can carry more than now; null under rules across teams, where "
        "that is not found out: `POST /v1/allocations/check` says which targets are possible"
    )
    rules: list[RulePriceOut] = Field(
        description="What binds, at most ten: rules across teams, then ranges of units, of which "
        "those come first that keep reps farthest apart; a price that could not be proved is left "
        "out"
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


class AllocationOut(BaseModel):
    """Fair quotas, with reasons and proof."""

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
    common: Common
    quotas: list[QuotaOut] = Field(description="Unit by unit, reps by id")
    units: list[UnitQuotaOut] = Field(description="Parents first")
    prices: PricesOut | None = Field(
        description="What more would cost whom; null where nothing could be proved. Under rules "
        "across teams single prices may be null"
    )
    over_assignment: list[OverAssignmentOut] = Field(
        description="The company's target and those of units, parents first"
    )
    rules: list[CrossingRuleOut] = Field(
        description="Rules across teams, by name, with their sums", examples=[[]]
    )
    fairness: FairnessOut
    estimate: dict[str, Any] | None = Field(
        description="The parameters of the estimate; null where every baseline was given"
    )
    certificate: CertificateOut


class RuleOut(BaseModel):
    """A rule that takes part in a conflict."""

    rule: str = Field(examples=["unit:west:min"])
    value: float = Field(description="An amount; the tolerance of a parity", examples=[600000])


class TargetRangeOut(BaseModel):
    """Which targets are possible; null where there is no limit."""

    min: float = Field(examples=[400000])
    max: float | None = Field(examples=[None])


class RemarkOut(BaseModel):
    """Something legal that looks like a mistake."""

    pointer: str = Field(description="Where (RFC 6901)", examples=["/territories"])
    detail: str


class CheckOut(BaseModel):
    """Whether the rules can all hold, and if not, why and what would mend it."""

    feasible: bool
    detail: str | None = Field(
        examples=[
            "Unit west must carry at least 600,000, but its 2 reps can carry at most 510,000."
        ]
    )
    conflict: list[RuleOut] = Field(description="Irreducible: without any one the rest holds")
    relaxation: list[GaveWayOut] = Field(description="The smallest change that mends it")
    feasible_target: TargetRangeOut = Field(description="Once the relaxation is applied")
    warnings: list[RemarkOut]
