"""One turn in the life of a change request: may the caller take it, and what is written of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sqlalchemy.orm import Session

from service.kit.etags import etag_of
from service.kit.money import minor_digits
from service.negotiations.change_requests.domain.life import (
    Action,
    ChangeRequestStatus,
    Side,
    advance,
    side_for,
)
from service.negotiations.change_requests.repository import ChangeRequests
from service.negotiations.change_requests.tables import ChangeRequest
from service.negotiations.change_requests.usecases.filing import tell
from service.negotiations.change_requests.usecases.reading import find
from service.negotiations.change_requests.usecases.scope import Scope
from service.plans.steps import Step
from service.plans.tables import Plan


def request_etag(request: ChangeRequest) -> str:
    return etag_of(request.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStep(Step):
    """What somebody does about a change request."""

    request_id: str

    def find(self, session: Session, *, lock: bool) -> tuple[Plan, ChangeRequest, Scope]:
        """What `reading.find` finds, and raises."""
        return find(session, self.caller, self.plan_id, self.request_id, lock=lock)


@dataclass(frozen=True, slots=True)
class Turn:
    """An action that the caller may take now."""

    step: RequestStep
    plan: Plan
    request: ChangeRequest
    scope: Scope
    action: Action
    side: Side

    @classmethod
    def of(cls, session: Session, step: RequestStep, action: Action, *, lock: bool = True) -> Self:
        """Raises PlanNotFound, ChangeRequestNotFound, PreconditionFailed, ChangeRequestIsDecided,
        NotTheRequester and NotTheDecider.

        `lock`: nobody else takes a turn in this plan until the transaction ends.
        """
        plan, request, scope = step.find(session, lock=lock)
        step.expected.check(request_etag(request))
        status = ChangeRequestStatus(request.status)
        advance(status, action)
        side = side_for(status, action, scope.sides(request))
        return cls(step, plan, request, scope, action, side)

    @classmethod
    def of_anybody(cls, session: Session, step: RequestStep, action: Action) -> Self:
        """As whoever decides would take it, for those who only want to see what would be."""
        plan, request, scope = step.find(session, lock=False)
        advance(ChangeRequestStatus(request.status), action)
        return cls(step, plan, request, scope, action, Side.DECIDER)

    @property
    def digits(self) -> int:
        return minor_digits(self.plan.currency)

    def take(self, session: Session) -> ChangeRequest:
        """Write down that it was taken: in the request, its steps, the trail and the outbox."""
        request, caller, now = self.request, self.step.caller, self.step.now
        before = request.status
        request.status = advance(ChangeRequestStatus(before), self.action).value
        request.revision += 1
        request.updated_at = now
        requests = ChangeRequests(session, self.plan.id)
        step = requests.take_step(request, caller, self.action, self.side, now=now)
        requests.write(request, f"step/{step.number}", self.step.note)
        tell(session, caller, request, self.action, before=before, digits=self.digits, now=now)
        return request
