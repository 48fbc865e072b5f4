"""Read a version: its quotas, one rep's quota, its rules and prices, the whole proof."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.allocations.crossing import crossing_rules
from service.allocations.measures.standards import standards_for
from service.allocations.months import places_in
from service.allocations.versions.domain.proof.examine import examine, proof
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.domain.written.measures import rows_of_measure
from service.allocations.versions.repository import Chunks, StoredVersion, VersionDamaged
from service.allocations.versions.shown_ledger import NO_LEDGER, ShownLedger
from service.allocations.versions.usecases.visible import unit_and_below
from service.kit.errors import NotFound
from service.kit.pages import PageRequest, cursor_after
from service.kit.problems import InvalidParameters
from service.plans.repository import Plans, PlanVersions
from service.plans.sight import Sight
from service.roster.domain.measures import REVENUE


class QuotaNotFound(NotFound):
    """The version has no quota for this rep."""


class PricesNotFound(NotFound):
    """The version has no prices."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """Some quota rows in minor units, and the cursor of the next ones."""

    rows: Iterable[Row]
    """Gone through once, while the session is open."""
    digits: int
    months: tuple[str, ...]
    """The names of the months of the period."""
    lines: list[Row] | None
    """Those that quotas are told by; None where there are none."""
    part: tuple[int, ...] | None = None
    """The places of the months that were asked for; None where none were."""
    next_cursor: str | None = None
    ledger: ShownLedger = NO_LEDGER
    measure: str = REVENUE
    counted: tuple[str, str] = ("currency", "")
    """`currency` and its code, or `counted_in` and the whole things that quotas count."""


def some_quotas(
    session: Session,
    workspace_id: str,
    plan_id: str,
    number: int,
    page: PageRequest | None,
    *,
    sight: Sight,
    unit: str | None = None,
    rep: str | None = None,
    period: str | None = None,
    measure: str | None = None,
    only: Mapping[str, str | None] | None = None,
) -> Quotas:
    """Quotas unit by unit, reps by id; a version never changes, so a place in it is a cursor.

    Without a `page` they are all that are asked for, read while they are gone through; of a page
    only the chunks are read that it lies in. What lies outside the `sight` is as unknown as what
    does not exist. `unit` keeps those of one unit and the units below it, `rep` those of one rep.
    `period` names some of the months, `measure` another measure than the main one; `only` the
    product and the kind of customer whose lines are kept, and those who carry any, None: all.
    Raises InvalidParameters for what the version does not have of these.
    """
    stored = open_measure(session, workspace_id, plan_id, number, measure)
    part = None if period is None else _part(stored, period)
    kept_lines = _lines_of(stored.lines, only or {})
    wanted = units_wanted(stored, sight, unit)
    cursor = None
    rows: Iterable[Row]
    if (one := rep if rep is not None else sight.rep) is not None:
        row = stored.quota_of(one)
        if row is None or not sight.sees_rep(row):
            raise unknown("rep", "has no quota in this version")
        kept = unit is None or wanted is None or row["unit"] in wanted
        rows = [row] if kept else []
    elif page is None:
        rows = stored.each_quota(wanted)
    else:
        listing = listing_of("quotas", (plan_id, number), sight, measure, unit)
        after = page.after(listing, int)
        found, more = stored.page(0 if after is None else after + 1, page.limit, wanted)
        cursor = cursor_after(listing, found[-1][0]) if more else None
        rows = [row for _, row in found]
    rows = rows if kept_lines is None else _with_lines(rows, kept_lines)
    return Quotas(
        rows,
        stored.digits,
        stored.months,
        stored.lines,
        part,
        cursor,
        stored.ledger,
        measure or stored.measures[0],
        _counted(stored),
    )


def _counted(stored: StoredVersion) -> tuple[str, str]:
    if things := stored.manifest.get("counted_in"):
        return "counted_in", things
    return "currency", stored.manifest["currency"]


def _part(stored: StoredVersion, period: str) -> tuple[int, ...]:
    try:
        return tuple(places_in(period, stored.months))
    except ValueError as reason:
        raise unknown("period", str(reason)) from None


def _lines_of(lines: Sequence[Row] | None, only: Mapping[str, str | None]) -> set[int] | None:
    """The numbers of the lines that are kept; None: all of them."""
    wanted = {name: value for name, value in only.items() if value is not None}
    if not wanted:
        return None
    for name, value in wanted.items():
        if value not in {line[name] for line in lines or ()}:
            what = "product" if name == "product" else "kind of customer"
            raise unknown(name, f"names no {what} that quotas of this version are told by")
    matching = enumerate(lines or ())
    return {k for k, line in matching if all(line[name] == wanted[name] for name in wanted)}


def _with_lines(rows: Iterable[Row], kept: set[int]) -> Iterator[Row]:
    """The rows of reps who carry one of these lines, with these alone."""
    for row in rows:
        if own := [line for line in row["lines"] if line[0] in kept]:
            yield row | {"lines": own}


def units_wanted(stored: StoredVersion, sight: Sight, unit: str | None) -> Collection[str] | None:
    """The units whose reps are kept; None: all. Raises InvalidParameters."""
    if unit is None:
        return sight.units
    if not sight.sees_unit(unit) or not (found := unit_and_below(stored.units(), unit)):
        raise unknown("unit", "names no unit of this version")
    return found


def listing_of(
    what: str, place: tuple[str, int], sight: Sight, measure: str | None, unit: str | None
) -> str:
    """What a cursor belongs to; places are counted within a sight. `place`: plan, number."""
    of = f"{measure or 'the main measure'} of {place[0]} {place[1]}"
    return f"{what} of {of} unit {unit} seen by {sight.name}"


def unknown(parameter: str, reason: str) -> InvalidParameters:
    fault = {"parameter": parameter, "detail": reason}
    return InvalidParameters(f"{parameter} {reason}.", errors=[fault])


@dataclass(frozen=True, slots=True)
class QuotaOfMeasure:
    """One quota row of a further measure, and what the version says of that."""

    manifest: Row
    row: Row
    digits: int


@dataclass(frozen=True, slots=True)
class QuotaAmongOthers:
    """One quota row in minor units, and the growth of the team and the company beside it."""

    row: Row
    digits: int
    months: tuple[str, ...]
    lines: list[Row] | None
    unit_growth: float | None
    company_growth: float | None
    measures: list[QuotaOfMeasure]
    """Those of the further measures."""
    standards: list[Row]
    """The standards of ratios that hold for the rep's unit."""
    ledger: ShownLedger


def quota_of(
    session: Session, workspace_id: str, plan_id: str, number: int, rep: str, *, sight: Sight
) -> QuotaAmongOthers:
    """Raises QuotaNotFound, also for a rep outside the sight."""
    stored = open_version(session, workspace_id, plan_id, number)
    row = stored.quota_of(rep)
    if row is None or not sight.sees_rep(row):
        raise QuotaNotFound(f"Version {number} has no quota for rep {rep[:128]}.")
    unit = row["unit"]
    growth = next((own["growth"] for own in stored.units() if own["id"] == unit), None)
    manifest: Row = {**stored.manifest}
    others = [stored.of_measure(measure) for measure in stored.measures[1:]]
    return QuotaAmongOthers(
        row,
        stored.digits,
        stored.months,
        stored.lines,
        growth,
        manifest["common"]["growth"],
        [
            QuotaOfMeasure({**own.manifest}, told, own.digits)
            for own in others
            if (told := own.quota_of(rep)) is not None
        ],
        standards_for(manifest.get("standards", ()), unit),
        stored.ledger,
    )


def prices(session: Session, workspace_id: str, plan_id: str, number: int) -> tuple[Row, int]:
    """What one more unit of money costs whom, in minor units, and the currency's minor digits."""
    stored = open_version(session, workspace_id, plan_id, number)
    manifest: Row = {**stored.manifest}
    if (facts := manifest.get("prices")) is None:
        raise PricesNotFound(
            f"Version {number} has none: its rules cut across the organisation, or it is older "
            "than prices are."
        )
    return facts, stored.digits


def rules(session: Session, workspace_id: str, plan_id: str, number: int) -> tuple[list[Row], int]:
    """The rules across the tree with their sums, in minor units, and the currency's minor digits.

    Sums follow from the quotas of the proof, which is checked for it.
    """
    stored = open_version(session, workspace_id, plan_id, number)
    if not stored.manifest.get("rules"):
        return [], stored.digits
    verdict = examine(certificate(session, workspace_id, plan_id, number))
    if verdict.plan is None:
        raise VersionDamaged(f"Version {number} is not proved: {'; '.join(verdict.faults)}.")
    return crossing_rules(verdict.plan), stored.digits


def certificate(session: Session, workspace_id: str, plan_id: str, number: int) -> Row:
    """The proof document of a version, which `fairquota verify` checks without this database."""
    stored = open_version(session, workspace_id, plan_id, number)
    further = [
        rows_of_measure(measure, own.units(), own.quotas(), own.rules())
        for measure in stored.measures[1:]
        for own in [stored.of_measure(measure)]
    ]
    return proof(stored.manifest, stored.units(), stored.quotas(), stored.rules(), further)


def open_measure(
    session: Session, workspace_id: str, plan_id: str, number: int, measure: str | None
) -> StoredVersion:
    """A version as far as it is about one measure, the main one where none is named.

    Raises InvalidParameters for one it does not have, and what `open_version` does.
    """
    whole = open_version(session, workspace_id, plan_id, number)
    if measure is not None and measure not in whole.measures:
        raise unknown("measure", f"names none of {', '.join(whole.measures)}")
    return whole.of_measure(measure or whole.measures[0])


def open_version(session: Session, workspace_id: str, plan_id: str, number: int) -> StoredVersion:
    """Raises PlanNotFound, VersionNotFound and VersionDamaged."""
    plan = Plans(session).get(workspace_id, plan_id)
    version = PlanVersions(session).get(plan.id, number)
    return StoredVersion(version, Chunks(session, workspace_id))
