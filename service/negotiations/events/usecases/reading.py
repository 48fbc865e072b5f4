"""Read events, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.kit.errors import Conflict
from service.kit.pages import PageRequest
from service.negotiations.events.domain.kinds import Event, Kind
from service.negotiations.events.domain.life import Status
from service.negotiations.events.repository import Events
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.carrying import seen_at_once
from service.negotiations.events.usecases.outcome import outcome_of, told
from service.negotiations.events.usecases.standing import in_force
from service.plans.tables import Plan


def page_of_events(
    session: Session, plan: Plan, page: PageRequest, *, status: Status | None, kind: Kind | None
) -> tuple[Sequence[PlanEvent], str | None]:
    """Newest first, and the cursor of the next ones."""
    return Events(session, plan.id).page(page, status=status, kind=kind)


def event_of(session: Session, plan: Plan, event_id: str) -> PlanEvent:
    """Raises EventNotFound."""
    return Events(session, plan.id).get(event_id)


def consequence(
    session: Session, plan: Plan, event: PlanEvent, *, now: datetime
) -> dict[str, Any] | None:
    """The API's consequence; None where nothing comes of the event any more."""
    if event.status != Status.PROPOSED.value:
        return event.consequence
    try:
        standing = in_force(session, plan)
        said = Event.of_stored(event.facts)
        outcome = outcome_of(standing, said, now.date(), event.closed_through)
        return told(standing, seen_at_once(standing, outcome))
    except (Conflict, ChangeNotCarried):
        return None
