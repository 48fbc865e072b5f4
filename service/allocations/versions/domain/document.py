"""What stands in a proof, as JSON has it: the manifest and the rows that it lists.

Only what is checked is named here; both say more (see `describe.py`). Plans whose rules do not
cross the tree have no `rules`, `largest_price` and entries of rules, and neither have documents
that were written before there were such rules.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from service.allocations.versions.domain.content import Row
from service.plans.domain import MAX_MONTHS
from solver.amend import Funding
from solver.policy import Engine, Fairness, OnInfeasible
from solver.problem import AMOUNT_LIMIT
from solver.response import Response
from solver.spread.season import Basis

_OPEN = ConfigDict(extra="allow", allow_inf_nan=False, strict=True)
_Amount = Annotated[int, Field(ge=0, le=AMOUNT_LIMIT)]
_Signed = Annotated[int, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT)]
_Count = Annotated[int, Field(ge=1, le=AMOUNT_LIMIT)]
_NotNegative = Annotated[float, Field(ge=0)]
_Positive = Annotated[float, Field(gt=0)]
_Factor = Annotated[float, Field(ge=-1, le=1e6)]
_Chance = Annotated[float, Field(gt=0, lt=1)]
_Part = Annotated[float, Field(ge=0, le=1)]
_Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
_Months = Annotated[list[_Amount], Field(min_length=1, max_length=MAX_MONTHS)]
_Line = Annotated[list[_Amount | _Months], Field(min_length=2, max_length=2)]
_Entry = Annotated[list[float], Field(min_length=2, max_length=2)]


_Month = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}$")]
_Moves = Annotated[list[_Signed], Field(min_length=1, max_length=MAX_MONTHS)]
_Amended = Annotated[list[_Signed | str | _Moves | None], Field(min_length=2, max_length=4)]

type AmendmentKind = Literal[
    "adjustment", "change_request", "closed_months", "event", "import", "repair", "unit_solve"
]


class UnreadableProof(ValueError):
    """The document is no proof of a version; the message says what is amiss."""


@with_config(_OPEN)
class ListedChunk(TypedDict):
    """How the manifest names a chunk."""

    chunk: str
    rows: _Count


@with_config(_OPEN)
class QuotasChunk(ListedChunk):
    unit: str | None


@with_config(_OPEN)
class IndexChunk(ListedChunk):
    first: str


@with_config(_OPEN)
class GroupPart(TypedDict):
    id: str
    reps: list[str]
    min: _Amount
    max: _Amount | None


@with_config(_OPEN)
class ParityPart(TypedDict):
    cohort: str
    tolerance: _NotNegative


@with_config(_OPEN)
class MarginPart(TypedDict):
    id: str
    min: _Amount
    unit: str | None


@with_config(_OPEN)
class RowPart(TypedDict):
    id: str
    coefficients: dict[str, float]
    min: _Signed | None
    max: _Signed | None


@with_config(_OPEN)
class LinePart(TypedDict):
    """A line of business; None stands for all that no other line counts."""

    product: str | None
    customer_type: str | None


@with_config(_OPEN)
class TargetPart(LinePart):
    """A target of a part of the business, and what quotas carry of it."""

    unit: str | None
    period: str | None
    amount: _Amount
    carried: _Amount
    missed: _Signed


@with_config(_OPEN)
class RelaxPart(TypedDict):
    """A rule that gave way: to which amount or, of a parity, tolerance; None: altogether."""

    rule: str
    to: float | None


@with_config(_OPEN)
class PolicyPart(TypedDict):
    """Versions of the first release have no rules across the tree, no limits of chances and no
    season.
    """

    fairness: Fairness
    over_assignment: _Factor
    min_over_baseline: float | None
    max_over_baseline: float | None
    min_over_last_year: float | None
    max_over_last_year: float | None
    min_probability: NotRequired[_Chance | None]
    max_probability: NotRequired[_Chance | None]
    groups: NotRequired[list[GroupPart]]
    parity: NotRequired[list[ParityPart]]
    margin_floors: NotRequired[list[MarginPart]]
    rows: NotRequired[list[RowPart]]
    engine: NotRequired[Engine]
    on_infeasible: NotRequired[OnInfeasible]
    relax: NotRequired[list[RelaxPart]]
    season: NotRequired[Literal["learned", "even"] | list[_NotNegative]]
    country: NotRequired[str | None]


@with_config(_OPEN)
class GapPart(TypedDict):
    """What nobody can carry; `unit` is None for the company."""

    unit: str | None
    amount: _Amount


@with_config(_OPEN)
class CommonPart(TypedDict):
    stretch: float | None
    growth: float | None


@with_config(_OPEN)
class RiskPart(TypedDict):
    """What only the inputs tell of the risk: the market that it was told with."""

    market_sigma: Annotated[float, Field(gt=0, le=1e3)]
    market_errors: Annotated[int, Field(ge=0)]


@with_config(_OPEN)
class PeriodPart(TypedDict):
    start: _Day
    end: _Day


@with_config(_OPEN)
class SeasonPart(TypedDict):
    """What is told of the months; `as_given` is None where no season is given to everybody."""

    basis: Basis
    country: str | None
    as_given: bool | None


@with_config(_OPEN)
class AcrossPart(TypedDict):
    """What proves a plan with rules across the tree, besides the levels and prices in rows."""

    level: float
    largest: float
    price: float


@with_config(_OPEN)
class LevelPart(TypedDict):
    """A level of the company: a factor on its quotas, and what they come to."""

    factor: Annotated[float, Field(gt=0, le=10)]
    amount: _Amount


@with_config(_OPEN)
class AmendmentPart(TypedDict):
    """One decision about quotas that stood, as far as one funding unit carries it (`ledger.py`)."""

    reference: str
    kind: AmendmentKind
    funding: Funding | None
    unit: str | None
    """The funding unit; None: the company."""
    effective: _Month | None
    """The first month that it moves; None: all of them."""
    change: _Signed
    """Of what is assigned."""
    reps: NotRequired[list[str]]
    """Whom it is about; left out where nobody else carries it: then everybody who names it."""
    held: NotRequired[list[str]]
    """Who was locked, and would have carried some of it."""
    frozen: NotRequired[list[str]]
    """The units below the funding unit whose sums were agreed."""
    through: NotRequired[_Month]
    """The last month that is closed since, where that is said."""


@with_config(_OPEN)
class LockPart(TypedDict):
    """A quota that later solves keep until it is released."""

    rep: str
    quota: _Amount
    reference: str


@with_config(_OPEN)
class FrozenPart(TypedDict):
    """The envelope of a unit, which later solves keep."""

    unit: str
    amount: _Amount


@with_config(_OPEN)
class ReservePart(TypedDict):
    """What of the assigned amount may be given back, and how much of it was; None: the company."""

    unit: str | None
    amount: _Amount
    used: _Amount


@with_config(_OPEN)
class Manifest(TypedDict):
    """What is read of a manifest."""

    format: Literal["fairquota.version/1"]
    parent: str | None
    base_version: int | None
    inputs: str
    policy: PolicyPart
    engine: str
    target: _Amount
    assigned: _Amount
    currency: str
    digits: Annotated[int, Field(ge=0, le=4)]
    increment: _Count
    level: float
    response: NotRequired[Response]
    """How quotas answer to levels (`solver.response`); linear where it is left out."""
    common: CommonPart
    across: NotRequired[AcrossPart | None]
    gaps: NotRequired[list[GapPart]]
    relaxed: NotRequired[list[RelaxPart]]
    risk: NotRequired[RiskPart | None]
    period: NotRequired[PeriodPart | None]
    months: NotRequired[_Months | None]
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


@with_config(_OPEN)
class UnitRow(TypedDict):
    """What is checked of a unit; `max` is None where nothing limits it.

    `target` and `over_assignment` are as the inputs state them, None where they do not.
    """

    id: str
    parent: str | None
    min: _Amount
    max: _Amount | None
    level: float
    quota: _Amount
    target: NotRequired[_Amount | None]
    over_assignment: NotRequired[_Factor | None]
    largest_price: NotRequired[float]
    months: NotRequired[_Months | None]
    levels: NotRequired[dict[str, int]]


@with_config(_OPEN)
class RuleRow(TypedDict):
    """What is checked of a rule across the tree; None where nothing limits it on that side."""

    rule: str
    peers: str | None
    min: _Signed | None
    max: _Signed | None
    level: float
    largest_price: float


@with_config(_OPEN)
class QuotaRow(TypedDict):
    """What is checked of a quota; `cap` is None where nothing limits it.

    What the inputs do not tell is None: last year, sigma, and the potential, which is told where it
    counts.
    """

    rep: str
    unit: str | None
    quota: _Amount
    floor: _Amount
    cap: _Amount | None
    anchor: float
    yardstick: _Positive
    unrounded: float
    baseline: _NotNegative
    reach: _NotNegative
    last_year: NotRequired[float | None]
    potential: NotRequired[_NotNegative | None]
    sigma: NotRequired[_Positive | None]
    over_last_year: float | None
    binding: list[str]
    explanation: Annotated[list[int], Field(min_length=3, max_length=3)]
    rules: NotRequired[list[_Entry]]
    """[number of the rule, coefficient], by number."""
    lines: NotRequired[list[_Line]]
    """[number of the line, its months], by number."""
    months: NotRequired[_Months | None]
    solved: NotRequired[_Amount | None]
    """Of a quota that was amended: what the certificate proves; None for somebody who is new."""
    amended: NotRequired[list[_Amended]]
    """[number of the amendment, change, and where they differ from what follows: the unit that it
    belongs to, the change of each month], by number."""
    solved_months: NotRequired[_Months | None]
    solved_lines: NotRequired[list[_Line]]
    """Both as they were solved, where the quota was amended."""
    present: NotRequired[list[_Part]]
    """Of somebody who is not always there, where a season is given: the part of each month."""
    levels: NotRequired[dict[str, int]]


@with_config(_OPEN)
class MeasureRows(TypedDict):
    """The rows of a further measure."""

    measure: str
    units: list[Row]
    rules: list[Row]
    quotas: list[Row]


class ProofDocument(TypedDict):
    """The whole of a version, as one JSON document."""

    format: Literal["fairquota.proof/1"]
    hash: str
    manifest: dict[str, Any]
    units: list[Row]
    rules: NotRequired[list[Row]]
    quotas: list[Row]
    measures: NotRequired[list[MeasureRows]]


_DOCUMENT = TypeAdapter(ProofDocument)
_MANIFEST = TypeAdapter(Manifest)
_UNITS = TypeAdapter(list[UnitRow])
_RULES = TypeAdapter(list[RuleRow])
_QUOTAS = TypeAdapter(list[QuotaRow])


def read_document(value: Any) -> ProofDocument:
    return _read(_DOCUMENT, value)


def read_manifest(value: Any) -> Manifest:
    """The manifest in a JSON value. Raises `UnreadableProof`, as its neighbours do."""
    return _read(_MANIFEST, value)


def read_units(rows: Any) -> list[UnitRow]:
    return _read(_UNITS, rows)


def read_rules(rows: Any) -> list[RuleRow]:
    return _read(_RULES, rows)


def read_quotas(rows: Any) -> list[QuotaRow]:
    return _read(_QUOTAS, rows)


def _read[T](adapter: TypeAdapter[T], value: Any) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the document"
        raise UnreadableProof(f"{place}: {fault['msg']}") from None
