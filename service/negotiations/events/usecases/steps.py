"""A step in the life of an event: whose, on what they have seen, and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.etags import etag_of
from service.kit.outbox import announce
from service.negotiations.events.domain.life import (
    Action,
    EventStatus,
    NoVersionInForce,
    VersionHasNoMonths,
    after,
)
from service.negotiations.events.repository import Events
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.standing import in_force
from service.plans.repository import Plans
from service.plans.steps import Step
from service.plans.tables import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStep(Step):
    """What somebody does about an event."""

    event_id: str

    def find(self, session: Session, *, lock: bool) -> tuple[Plan, PlanEvent]:
        """Raises PlanNotFound and EventNotFound. `lock`: steps in the plan wait for this one."""
        plan = Plans(session).get(self.caller.workspace_id, self.plan_id, lock=lock)
        return plan, Events(session, plan.id).get(self.event_id, lock=lock)

    def check_seen(self, session: Session, plan: Plan, event: PlanEvent) -> None:
        """Raises PreconditionFailed where it is not what the caller has seen."""
        self.expected.check(event_etag(session, plan, event))


def event_etag(session: Session, plan: Plan, event: PlanEvent) -> str:
    """Of a proposal it changes with the version that it would change, for so does its outcome."""
    if event.status != EventStatus.PROPOSED.value:
        return decided_etag(event)
    try:
        head = in_force(session, plan).head.number
    except (NoVersionInForce, VersionHasNoMonths):
        head = 0
    return proposed_etag(event, head)


def proposed_etag(event: PlanEvent, head: int) -> str:
    """`head`: the version that it would change; 0: there is none."""
    return etag_of(f"{event.id}-{event.revision}-on-{head}")


def decided_etag(event: PlanEvent) -> str:
    return etag_of(f"{event.id}-{event.revision}")


def decide(session: Session, step: EventStep, event: PlanEvent, action: Action) -> None:
    """Move a proposal on and tell of it. Raises EventIsDecided.

    Who was hired is known elsewhere by now, or nobody's business.
    """
    event.status = after(EventStatus(event.status), action).value
    event.revision += 1
    event.person = None
    event.decided_at, event.decided_by = step.now, step.caller.name
    tell(session, step, event, action, before=EventStatus.PROPOSED)
    session.flush()


def tell(
    session: Session,
    step: EventStep,
    event: PlanEvent,
    action: Action,
    *,
    before: EventStatus | None,
) -> None:
    """Write what was done into the audit trail, and announce it; without anybody's name."""
    facts = {
        "kind": event.kind,
        "effective": event.effective.isoformat(),
        "funding": event.funding,
        "version": event.accepted_in,
    }
    record(
        session,
        step.caller,
        f"event.{action}",
        f"{event.plan_id}/events/{event.id}",
        now=step.now,
        before=before,
        after=event.status,
        reason=step.note,
        facts=facts,
    )
    payload = {"plan": event.plan_id, "event": event.id, "status": event.status} | facts
    workspace_id = step.caller.workspace_id
    announce(session, workspace_id, f"event.{event.status}", payload, now=step.now)
