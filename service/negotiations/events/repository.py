"""Stored events, as if they were a collection in memory."""

from collections.abc import Collection, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.forgetting import Forgotten, changed
from service.kit.ids import is_id
from service.kit.pages import PageRequest, fetch_page
from service.negotiations.events.domain.kinds import EventKind
from service.negotiations.events.domain.life import EventNotFound, EventStatus
from service.negotiations.events.tables import PlanEvent


def forget(session: Session, person: Forgotten) -> tuple[int, int]:
    """In all plans of the workspace: what proposals say of somebody to be hired, and who acted.
    Answers how many of the first, and how many names of actors.
    """
    here = sa.select(PlanEvent).filter_by(workspace_id=person.workspace_id)
    hired = 0
    about = here.where(PlanEvent.facts["rep"].as_string() == person.rep)
    for event in session.scalars(about.where(PlanEvent.person.is_not(None))):
        row = event.person or {}
        event.person = {name: own for name, own in row.items() if name not in _PERSONAL}
        hired += event.person != row
    session.flush()
    proposed = sa.update(PlanEvent).where(
        PlanEvent.workspace_id == person.workspace_id,
        PlanEvent.created_by.in_(person.actors),
        PlanEvent.proposer != PlanEvent.created_by,
    )
    signed = changed(session, proposed.values(proposer=PlanEvent.created_by))
    return hired, signed + person.unsign(session, PlanEvent.decided_by)


def subjects_about(session: Session, workspace_id: str, rep: str) -> frozenset[str]:
    """How the trail calls the events that are about a rep, whose reasons are, too."""
    told = [PlanEvent.facts[name].as_string() == rep for name in _CONCERNED]
    query = sa.select(PlanEvent.plan_id, PlanEvent.id).filter_by(workspace_id=workspace_id)
    rows = session.execute(query.where(sa.or_(*told)))
    return frozenset(f"{plan_id}/events/{event_id}" for plan_id, event_id in rows)


_PERSONAL: Final = frozenset({"name", "attributes"})
_CONCERNED: Final = ("rep", "other", "takes_over", "hands_to")


class Events:
    """Of one plan, which callers have found in their workspace before."""

    def __init__(self, session: Session, plan_id: str) -> None:
        self.session = session
        self.plan_id = plan_id

    def add(self, event: PlanEvent) -> PlanEvent:
        self.session.add(event)
        self.session.flush()
        return event

    def get(self, event_id: str, *, lock: bool = False) -> PlanEvent:
        """Raises EventNotFound. `lock`: others who decide wait for this transaction."""
        query = sa.select(PlanEvent).filter_by(plan_id=self.plan_id, id=event_id)
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        found = self.session.scalar(query) if is_id("evt", event_id) else None
        if found is None:
            raise EventNotFound(f"The plan has no event {event_id[:80]}.")
        return found

    def among(self, ids: Collection[str]) -> dict[str, PlanEvent]:
        """Those of these ids that are events of the plan."""
        query = sa.select(PlanEvent).where(
            PlanEvent.plan_id == self.plan_id, PlanEvent.id.in_(list(ids))
        )
        return {event.id: event for event in self.session.scalars(query)}

    def that_made(self, numbers: Collection[int]) -> dict[int, PlanEvent]:
        """Those that made one of these versions, by its number."""
        query = sa.select(PlanEvent).where(
            PlanEvent.plan_id == self.plan_id, PlanEvent.accepted_in.in_(list(numbers))
        )
        return {event.accepted_in or 0: event for event in self.session.scalars(query)}

    def with_new_target(self, references: Sequence[str]) -> PlanEvent | None:
        """Of the decisions of a version, oldest first, the last that is a new company target."""
        found = self.among(references)
        targets = (found[own] for own in reversed(references) if own in found)
        return next((own for own in targets if own.kind == EventKind.TARGET), None)

    def page(
        self, page: PageRequest, *, status: EventStatus | None = None, kind: EventKind | None = None
    ) -> tuple[Sequence[PlanEvent], str | None]:
        """Newest first."""
        query = sa.select(PlanEvent).filter_by(plan_id=self.plan_id)
        if status is not None:
            query = query.filter_by(status=status.value)
        if kind is not None:
            query = query.filter_by(kind=kind.value)
        return fetch_page(
            self.session,
            query,
            page,
            PlanEvent.id,
            listing=f"events of {self.plan_id}",
            newest_first=True,
        )
