"""Answer a change request without granting it: reject, escalate, withdraw; and forget its notes."""

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.negotiations.change_requests.domain.life import Action, NothingAbove
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.turn import RequestStep, Turn


def reject(session: Session, step: RequestStep) -> ChangeRequest:
    """The quota stays as it is."""
    return Turn.of(session, step, Action.REJECT).take(session)


def withdraw(session: Session, step: RequestStep) -> ChangeRequest:
    """Who asked does not want it any more."""
    return Turn.of(session, step, Action.WITHDRAW).take(session)


def escalate(session: Session, step: RequestStep) -> ChangeRequest:
    """Hand it to whoever answers for the unit above. Raises NothingAbove."""
    turn = Turn.of(session, step, Action.ESCALATE)
    request = turn.request
    if request.lies_with is None:
        raise NothingAbove("It lies with the company, and there is nobody above to ask.")
    request.lies_with = turn.scope.parents.get(request.lies_with)
    return turn.take(session)


def forget_notes(session: Session, step: RequestStep) -> None:
    """Erase the free text of a request, which is about a person; everything else stays."""
    plan, request, _ = step.find(session, lock=True)
    erased = ChangeRequests(session, plan.id).erase_notes(request)
    record(
        session,
        step.caller,
        "change_request.forget_notes",
        f"{plan.id}/change-requests/{request.id}",
        now=step.now,
        facts={"notes": erased},
    )
