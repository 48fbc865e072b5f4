"""Answer a change request without granting it: reject, escalate, withdraw; and forget its notes."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.etags import IfMatch
from service.negotiations.change_requests.domain.life import Action, NothingAbove
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.reading import find
from service.negotiations.change_requests.usecases.turn import Place, Turn


def reject(
    session: Session,
    caller: Caller,
    place: Place,
    *,
    expected: IfMatch,
    note: str | None,
    now: datetime,
) -> ChangeRequest:
    """The quota stays as it is."""
    turn = Turn.of(session, caller, place, Action.REJECT, expected)
    return turn.take(session, note=note, now=now)


def withdraw(
    session: Session,
    caller: Caller,
    place: Place,
    *,
    expected: IfMatch,
    note: str | None,
    now: datetime,
) -> ChangeRequest:
    """Who asked does not want it any more."""
    turn = Turn.of(session, caller, place, Action.WITHDRAW, expected)
    return turn.take(session, note=note, now=now)


def escalate(
    session: Session,
    caller: Caller,
    place: Place,
    *,
    expected: IfMatch,
    note: str | None,
    now: datetime,
) -> ChangeRequest:
    """Hand it to whoever answers for the unit above. Raises NothingAbove."""
    turn = Turn.of(session, caller, place, Action.ESCALATE, expected)
    request = turn.request
    if request.lies_with is None:
        raise NothingAbove("It lies with the company, and there is nobody above to ask.")
    request.lies_with = turn.scope.parents.get(request.lies_with)
    return turn.take(session, note=note, now=now)


def forget_notes(session: Session, caller: Caller, place: Place, *, now: datetime) -> None:
    """Erase the free text of a request, which is about a person; everything else stays."""
    plan, request, _ = find(session, caller, *place, lock=True)
    erased = ChangeRequests(session, plan.id).erase_notes(request)
    subject = f"{plan.id}/change-requests/{request.id}"
    record(
        session, caller, "change_request.forget_notes", subject, now=now, facts={"notes": erased}
    )
