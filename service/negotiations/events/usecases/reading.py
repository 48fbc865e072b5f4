"""Read events, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.allocations.versions.usecases.reading import QuotaNotFound
from service.allocations.versions.usecases.visible import see_version
from service.kit.auth import Caller
from service.kit.errors import Conflict
from service.kit.money import from_minor
from service.kit.pages import PageRequest
from service.negotiations.events.domain.consequence import segments_of
from service.negotiations.events.domain.kinds import Event, EventKind
from service.negotiations.events.domain.life import EventStatus, VersionHasNoMonths
from service.negotiations.events.repository import Events
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.carrying import seen_at_once
from service.negotiations.events.usecases.outcome import outcome_of, told
from service.negotiations.events.usecases.rows import rows_to_see
from service.negotiations.events.usecases.standing import InForce, in_force
from service.plans.repository import Plans
from service.plans.tables import Plan, PlanVersion
from solver.seats import Segment

type Row = dict[str, Any]


def page_of_events(
    session: Session,
    plan: Plan,
    page: PageRequest,
    *,
    status: EventStatus | None,
    kind: EventKind | None,
) -> tuple[Sequence[PlanEvent], str | None]:
    """Newest first, and the cursor of the next ones."""
    return Events(session, plan.id).page(page, status=status, kind=kind)


def event_of(session: Session, plan: Plan, event_id: str) -> PlanEvent:
    """Raises EventNotFound."""
    return Events(session, plan.id).get(event_id)


def segments(session: Session, caller: Caller, plan_id: str, number: int, rep: str) -> Row:
    """What a rep carries in a version, segment by segment, as the API tells it.

    Raises PlanNotFound, VersionNotFound, VersionHasNoMonths and QuotaNotFound, also for a rep whom
    the caller does not see.
    """
    version, sight = see_version(session, caller, plan_id, number)
    plan = Plans(session).get(caller.workspace_id, plan_id)
    stored = StoredVersion(version, Chunks(session, caller.workspace_id))
    row = stored.quota_of(rep)
    if row is None or not sight.sees_rep(row):
        raise QuotaNotFound(f"Version {number} has no quota for rep {rep[:128]}.")
    if not stored.months:
        raise VersionHasNoMonths(f"Version {number} has no months that could be cut.")
    seats = InForce(session, plan, version, version, stored).seats_of([rep])
    return {
        "rep": rep,
        "quota": from_minor(row["quota"], stored.digits),
        "segments": segments_of(seats, rep, stored.digits),
    }


def segments_by_rep(
    session: Session, plan: Plan, version: PlanVersion, stored: StoredVersion
) -> dict[str, list[Segment]]:
    """What everybody whom events have touched carries of the main measure in a version with months,
    in the order of days.
    """
    seats = InForce(session, plan, version, version, stored).seats_of([])
    found: dict[str, list[Segment]] = {}
    for own in sorted(seats.segments, key=lambda own: (own.first, own.seat)):
        if own.why is None:
            found.setdefault(own.holder, []).append(own)
    return found


def consequence(
    session: Session, plan: Plan, event: PlanEvent, *, now: datetime
) -> dict[str, Any] | None:
    """The API's consequence; None where nothing comes of the event any more."""
    if event.status != EventStatus.PROPOSED.value:
        return event.consequence
    try:
        standing = in_force(session, plan)
        said = Event.of_stored(event.facts)
        outcome = outcome_of(standing, said, now.date(), event.closed_through)
        rows = rows_to_see(standing, outcome)
        return told(standing, seen_at_once(standing, outcome, rows))
    except (Conflict, ChangeNotCarried):
        return None
