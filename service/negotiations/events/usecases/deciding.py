"""Refuse a proposed event, or take it back; accepting it is in `accepting`."""

from sqlalchemy.orm import Session

from service.kit.access import Permission, may
from service.kit.errors import NotPermitted
from service.negotiations.events.domain.life import Action
from service.negotiations.events.tables import PlanEvent
from service.negotiations.events.usecases.steps import EventStep, decide
from service.plans.tables import Plan


def reject(session: Session, step: EventStep) -> tuple[Plan, PlanEvent]:
    """Refuse a proposal. Raises PreconditionFailed and EventIsDecided."""
    plan, event = step.find(session, lock=True)
    step.check_seen(session, plan, event)
    decide(session, step, event, Action.REJECT)
    return plan, event


def withdraw(session: Session, step: EventStep) -> tuple[Plan, PlanEvent]:
    """Take the own proposal back; whoever may decide takes back any.

    Raises PreconditionFailed, NotPermitted and EventIsDecided.
    """
    plan, event = step.find(session, lock=True)
    step.check_seen(session, plan, event)
    if event.created_by != step.caller.id and not may(step.caller, Permission.SOLVE):
        raise NotPermitted("Only who proposed an event, or who may accept it, takes it back.")
    decide(session, step, event, Action.WITHDRAW)
    return plan, event
