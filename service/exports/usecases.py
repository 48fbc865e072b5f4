"""Open a published version for a format, and write it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from service.allocations.versions.domain.ledger.named import carried_by_unit
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.reading import unknown
from service.allocations.versions.usecases.visible import see_version
from service.exports.domain.formats import Format
from service.exports.domain.published import (
    LeftOut,
    Measure,
    Part,
    Published,
    Quota,
    SystemCannotHold,
)
from service.kit.auth import Caller
from service.kit.errors import Conflict, NotFound
from service.negotiations.events.domain.life import VersionHasNoMonths
from service.negotiations.events.usecases.reading import segments_by_rep
from service.plans.domain import EVER_PUBLISHED
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan, PlanVersion
from service.roster.repository import PeopleOfPlan
from service.roster.usecases import load_snapshot
from solver.seats import Segment

type Row = dict[str, Any]


class NothingToExport(NotFound):
    """No version of the plan has been published."""


class VersionNotPublished(Conflict):
    """Only published versions are exported."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of which plan."""

    plan_id: str
    version: int | None
    """None: the one that is in force `today`."""
    today: date
    measure: str | None = None
    """None: all of them."""
    leave_out_vacant: bool = False
    """Where the system has no place for seats without a person."""
    said: str | None = None
    """Of the format's own parameter."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A version that is about to be written, while the session is open."""

    format: Format
    asked: Asked
    plan: Plan
    version: PlanVersion
    published: Published
    left: LeftOut = field(default_factory=LeftOut)
    """What was passed over, once it is written."""

    def write(self, stream: BinaryIO) -> None:
        """Raises VersionDamaged, and SystemCannotHold where vacant seats carry something that the
        caller has not asked to be left out.
        """
        published = self.published
        if self.format.people_only:
            people = [
                replace(own, quotas=self.left.people(own.name, own.quotas))
                for own in published.measures
            ]
            published = replace(published, measures=people)
        self.format.write_to(stream, published, self.asked.said)
        if self.left.seats and not self.asked.leave_out_vacant:
            raise SystemCannotHold(
                f"{self.told_left_out()}, and {self.format.name} has no place for seats without a "
                "person. With ?leave_out=vacant they are left out, and the header Left-Out says so."
            )

    def told_left_out(self) -> str | None:
        return self.left.told(self.published.measures) if self.left.seats else None


def open_feed(session: Session, caller: Caller, wanted: Format, asked: Asked) -> Feed:
    """Raises PlanNotFound, NothingToExport, VersionNotFound, VersionNotPublished, VersionDamaged,
    VersionHasNoMonths, SystemCannotHold, and InvalidParameters for a measure that it does not have.
    """
    plan = Plans(session).get(caller.workspace_id, asked.plan_id)
    version = _version(session, caller, plan, asked)
    stored = StoredVersion(version, Chunks(session, caller.workspace_id))
    if not stored.months:
        raise VersionHasNoMonths(
            f"Version {version.number} is older than months are: solve the plan again."
        )
    if asked.measure is not None and asked.measure not in stored.measures:
        raise unknown("measure", f"names none of {', '.join(stored.measures)}")
    names = stored.measures if asked.measure is None else [asked.measure]
    published = Published(
        plan_id=plan.id,
        plan=plan.name,
        version=version.number,
        hash=version.hash,
        first=plan.period_start,
        last=plan.period_end,
        since=version.effective_from,
        until=version.effective_to,
        months=stored.months,
        measures=_measures(session, plan, version, stored, names),
        people=_people(session, plan) if wanted.names_people else {},
    )
    if faults := [*wanted.all_faults(published)]:
        raise SystemCannotHold(" ".join(faults))
    return Feed(wanted, asked, plan, version, published)


def _version(session: Session, caller: Caller, plan: Plan, asked: Asked) -> PlanVersion:
    if asked.version is None:
        return _in_force(session, plan, asked.today)
    version, _ = see_version(session, caller, plan.id, asked.version)
    if version.status not in EVER_PUBLISHED:
        raise VersionNotPublished(
            f"Version {version.number} is {version.status}: publish it, or name one that was."
        )
    return version


def _in_force(session: Session, plan: Plan, today: date) -> PlanVersion:
    """Before the plan's period the version that will be in force first, after it the last one."""
    versions = PlanVersions(session).ever_in_force(plan.id)
    if not versions:
        raise NothingToExport(f"No version of plan {plan.id} has been published.")
    begun = [own for own in versions if own.effective_from and own.effective_from <= today]
    return begun[-1] if begun else versions[0]


def _people(session: Session, plan: Plan) -> Mapping[str, Any]:
    return PeopleOfPlan(session, plan.workspace_id, plan.id).get().reps


def _measures(
    session: Session,
    plan: Plan,
    version: PlanVersion,
    stored: StoredVersion,
    names: Sequence[str],
) -> list[Measure]:
    manifest: Row = {**stored.manifest}
    reps = load_snapshot(session, plan.workspace_id, manifest["inputs"]).reps
    vacant = {
        rep for rep, is_vacant in zip(reps.id, reps.vacant.tolist(), strict=True) if is_vacant
    }
    found = []
    for name in names:
        own = stored.of_measure(name)
        told: Row = {**own.manifest}
        is_main = name == stored.measures[0]  # events are about the main measure alone
        seats = segments_by_rep(session, plan, version, stored) if is_main else {}
        counted_in = told.get("counted_in")
        quotas = _quotas(own, seats, vacant, (plan.period_start, plan.period_end))
        found.append(
            Measure(name, own.digits, None if counted_in else told["currency"], counted_in, quotas)
        )
    return found


def _quotas(
    stored: StoredVersion,
    seats: Mapping[str, Sequence[Segment]],
    vacant: Collection[str],
    period: tuple[date, date],
) -> Iterator[Quota]:
    """Unit by unit, reps by id; some rows are in memory at a time."""
    for row in stored.each_quota():
        rep, months = row["rep"], row["months"]
        if (segments := seats.get(rep)) is not None:
            parts = [_part_of(own) for own in segments]
        elif amended := row.get("amended"):
            by_unit = carried_by_unit(row["unit"], months, amended)
            parts = [Part(unit, *period, own.tolist()) for unit, own in by_unit.items()]
        else:
            parts = [Part(row["unit"], *period, months)]
        yield Quota(rep, row["unit"], months, parts, vacant=rep in vacant)


def _part_of(own: Segment) -> Part:
    first, last = date.fromordinal(own.first), date.fromordinal(own.last)
    return Part(own.unit, first, last, own.months)
