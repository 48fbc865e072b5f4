"""One turn in the life of a change request: may the caller take it, and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy.orm import Session

from service.kit.auth import Caller
from service.kit.etags import IfMatch, etag_of
from service.kit.money import minor_digits
from service.negotiations.change_requests.domain.life import (
    Action,
    Side,
    Status,
    advance,
    side_for,
)
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.filing import tell
from service.negotiations.change_requests.usecases.reading import find
from service.negotiations.change_requests.usecases.scope import Scope
from service.plans.tables import Plan

type Place = tuple[str, str]
"""The ids of a plan and of a request in it."""


def request_etag(request: ChangeRequest) -> str:
    return etag_of(request.revision)


@dataclass(frozen=True, slots=True)
class Turn:
    """An action that the caller may take now."""

    plan: Plan
    request: ChangeRequest
    scope: Scope
    action: Action
    side: Side

    @classmethod
    def of(
        cls,
        session: Session,
        caller: Caller,
        place: Place,
        action: Action,
        expected: IfMatch,
        *,
        lock: bool = True,
    ) -> Self:
        """Raises PlanNotFound, ChangeRequestNotFound, PreconditionFailed, ChangeRequestIsDecided,
        NotTheRequester and NotTheDecider.

        `lock`: nobody else takes a turn in this plan until the transaction ends.
        """
        plan, request, scope = find(session, caller, *place, lock=lock)
        expected.check(request_etag(request))
        status = Status(request.status)
        advance(status, action)
        return cls(plan, request, scope, action, side_for(status, action, scope.sides(request)))

    @property
    def digits(self) -> int:
        return minor_digits(self.plan.currency)

    def take(self, session: Session, *, note: str | None, now: datetime) -> ChangeRequest:
        """Write down that it was taken: in the request, its steps, the trail and the outbox."""
        request, caller = self.request, self.scope.caller
        before = request.status
        request.status = advance(Status(before), self.action).value
        request.revision += 1
        request.updated_at = now
        requests = ChangeRequests(session, self.plan.id)
        step = requests.take_step(request, caller, self.action, self.side, now=now)
        requests.write(request, f"step/{step.number}", note)
        tell(session, caller, request, self.action, before=before, digits=self.digits, now=now)
        return request
