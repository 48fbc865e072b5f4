"""The manifest of a version: what it was solved with, what was changed since, which rows it lists.

Plans whose rules do not cross the tree have no `rules` and no `across`, and neither have documents
that were written before there were such rules.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, TypeAdapter, with_config

from service.allocations.versions.domain.written.document import (
    OPEN,
    Amount,
    Chance,
    Count,
    Day,
    Factor,
    Month,
    Months,
    NotNegative,
    Signed,
    read_as,
)
from solver.amend import Funding
from solver.policy import Engine, Fairness, OnInfeasible
from solver.response import Response
from solver.spread.season import Basis

type AmendmentKind = Literal[
    "adjustment", "change_request", "closed_months", "event", "import", "repair", "unit_solve"
]


@with_config(OPEN)
class ListedChunk(TypedDict):
    """How the manifest names a chunk."""

    chunk: str
    rows: Count


@with_config(OPEN)
class QuotasChunk(ListedChunk):
    unit: str | None


@with_config(OPEN)
class IndexChunk(ListedChunk):
    first: str


@with_config(OPEN)
class GroupPart(TypedDict):
    id: str
    reps: list[str]
    min: Amount
    max: Amount | None


@with_config(OPEN)
class ParityPart(TypedDict):
    cohort: str
    tolerance: NotNegative


@with_config(OPEN)
class MarginPart(TypedDict):
    id: str
    min: Amount
    unit: str | None


@with_config(OPEN)
class RowPart(TypedDict):
    id: str
    coefficients: dict[str, float]
    min: Signed | None
    max: Signed | None


@with_config(OPEN)
class LinePart(TypedDict):
    """A line of business; None stands for all that no other line counts."""

    product: str | None
    customer_type: str | None


@with_config(OPEN)
class TargetPart(LinePart):
    """A target of a part of the business, and what quotas carry of it."""

    unit: str | None
    period: str | None
    amount: Amount
    carried: Amount
    missed: Signed


@with_config(OPEN)
class RelaxPart(TypedDict):
    """A rule that gave way: to which amount or, of a parity, tolerance; None: altogether."""

    rule: str
    to: float | None


@with_config(OPEN)
class StatedReserve(TypedDict):
    """A reserve as the policy states it; `unit` is None for the company."""

    unit: str | None
    amount: Amount


@with_config(OPEN)
class PolicyPart(TypedDict):
    """Versions of the first release have no rules across the tree, no limits of chances and no
    season.
    """

    fairness: Fairness
    over_assignment: Factor
    min_over_baseline: float | None
    max_over_baseline: float | None
    min_over_last_year: float | None
    max_over_last_year: float | None
    min_probability: NotRequired[Chance | None]
    max_probability: NotRequired[Chance | None]
    groups: NotRequired[list[GroupPart]]
    parity: NotRequired[list[ParityPart]]
    margin_floors: NotRequired[list[MarginPart]]
    rows: NotRequired[list[RowPart]]
    engine: NotRequired[Engine]
    on_infeasible: NotRequired[OnInfeasible]
    relax: NotRequired[list[RelaxPart]]
    reserves: NotRequired[list[StatedReserve]]
    season: NotRequired[Literal["learned", "even"] | list[NotNegative]]
    country: NotRequired[str | None]


@with_config(OPEN)
class GapPart(TypedDict):
    """What nobody can carry; `unit` is None for the company."""

    unit: str | None
    amount: Amount


@with_config(OPEN)
class CommonPart(TypedDict):
    stretch: float | None
    growth: float | None


@with_config(OPEN)
class RiskPart(TypedDict):
    """What only the inputs tell of the risk: the market that it was told with."""

    market_sigma: Annotated[float, Field(gt=0, le=1e3)]
    market_errors: Annotated[int, Field(ge=0)]


@with_config(OPEN)
class PeriodPart(TypedDict):
    start: Day
    end: Day


@with_config(OPEN)
class SeasonPart(TypedDict):
    """What is told of the months; `as_given` is None where no season is given to everybody."""

    basis: Basis
    country: str | None
    as_given: bool | None


@with_config(OPEN)
class AcrossPart(TypedDict):
    """What proves a plan with rules across the tree, besides the levels and prices in rows."""

    level: float
    largest: float
    price: float


@with_config(OPEN)
class LevelPart(TypedDict):
    """A level of the company: a factor on its quotas, and what they come to."""

    factor: Annotated[float, Field(gt=0, le=10)]
    amount: Amount


@with_config(OPEN)
class AmendmentPart(TypedDict):
    """One decision about quotas that stood, as far as one funding unit carries it (`ledger/`)."""

    reference: str
    kind: AmendmentKind
    funding: Funding | None
    unit: str | None
    """The funding unit; None: the company."""
    effective: Month | None
    """The first month that it moves; None: all of them."""
    change: Signed
    """Of what is assigned."""
    reps: NotRequired[list[str]]
    """Whom it is about; left out where nobody else carries it: then everybody who names it."""
    held: NotRequired[list[str]]
    """Who was locked, had left or worked elsewhere by then, and would have carried some of it."""
    frozen: NotRequired[list[str]]
    """The units below the funding unit whose sums were agreed."""
    through: NotRequired[Month]
    """The last month that is closed since, where that is said."""


@with_config(OPEN)
class LockPart(TypedDict):
    """A quota that later solves keep until it is released."""

    rep: str
    quota: Amount
    reference: str


@with_config(OPEN)
class FrozenPart(TypedDict):
    """The envelope of a unit, which later solves keep: what it carries and `spent`."""

    unit: str
    amount: Amount
    spent: NotRequired[Amount]
    """What reserves at and below the unit have given since it was agreed; left out: nothing."""


@with_config(OPEN)
class ReservePart(TypedDict):
    """What of the assigned amount may be given back, and how much of it was; None: the company."""

    unit: str | None
    amount: Amount
    used: Amount


@with_config(OPEN)
class Manifest(TypedDict):
    """What is read of a manifest."""

    format: Literal["fairquota.version/1"]
    parent: str | None
    base_version: int | None
    inputs: str
    policy: PolicyPart
    engine: str
    target: Amount
    assigned: Amount
    currency: str
    digits: Annotated[int, Field(ge=0, le=4)]
    increment: Count
    level: float
    response: NotRequired[Response]
    """How quotas answer to levels (`solver.response`); linear where it is left out."""
    common: CommonPart
    across: NotRequired[AcrossPart | None]
    gaps: NotRequired[list[GapPart]]
    relaxed: NotRequired[list[RelaxPart]]
    risk: NotRequired[RiskPart | None]
    period: NotRequired[PeriodPart | None]
    months: NotRequired[Months | None]
    season: NotRequired[SeasonPart | None]
    counted_in: NotRequired[str | None]
    """What is counted, in whole things; None: the currency."""
    levels: NotRequired[dict[str, LevelPart] | None]
    amendments: NotRequired[list[AmendmentPart]]
    """What was changed since the plan was solved, oldest first."""
    locks: NotRequired[list[LockPart]]
    frozen: NotRequired[list[FrozenPart]]
    reserves: NotRequired[list[ReservePart]]
    beyond: NotRequired[list[dict[str, Any]]]
    """The limits of the solve that amendments do not keep."""
    measures: NotRequired[list[dict[str, Any]]]
    """Further measures: see `measures.py`."""
    is_further: NotRequired[bool]
    lines: NotRequired[list[LinePart] | None]
    part_targets: NotRequired[list[TargetPart]]
    part_rules: NotRequired[list[RowPart]]
    """Rules that the targets of parts made of quotas."""
    units: list[ListedChunk]
    rules: NotRequired[list[ListedChunk]]
    quotas: list[QuotasChunk]
    index: list[IndexChunk]


def carried_of(envelope: FrozenPart) -> int:
    """What the unit has to carry."""
    return envelope["amount"] - envelope.get("spent", 0)


_MANIFEST = TypeAdapter(Manifest)


def read_manifest(value: Any) -> Manifest:
    """The manifest in a JSON value. Raises `UnreadableProof`."""
    return read_as(_MANIFEST, value)
