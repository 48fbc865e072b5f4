"""Read change requests: a page of them, or one with its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.allocations.versions.usecases.reading import open_version
from service.kit.auth import Caller, Role
from service.kit.pages import PageRequest
from service.negotiations.change_requests.domain.life import ChangeRequestStatus
from service.negotiations.change_requests.repository import ChangeRequests, Reach, not_found
from service.negotiations.change_requests.tables import ChangeRequest, ChangeRequestStep
from service.negotiations.change_requests.usecases.scope import Scope
from service.plans.repository import Plans
from service.plans.tables import Plan


@dataclass(frozen=True, slots=True)
class Told:
    """A request and what people wrote in it, by place."""

    request: ChangeRequest
    notes: Mapping[str, str]
    currency: str
    steps: Sequence[ChangeRequestStep] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests a caller wants to see; None: all."""

    status: ChangeRequestStatus | None = None
    rep: str | None = None
    unit: str | None = None
    """With the units below it, in the tree of the version that a request is about."""
    version: int | None = None


def page_of_requests(
    session: Session, caller: Caller, plan_id: str, page: PageRequest, wanted: Wanted
) -> tuple[list[Told], str | None]:
    """Newest first, those that concern the caller. Raises PlanNotFound."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    requests = ChangeRequests(session, plan.id)
    rep = wanted.rep
    if caller.role == Role.REP:
        rep = caller.rep if rep in {None, caller.rep} else ""
    found, cursor = requests.page(
        page, _reach(session, caller, plan, wanted), status=wanted.status, rep=rep
    )
    notes = requests.notes(found)
    return [Told(each, notes[each.id], plan.currency) for each in found], cursor


def _reach(session: Session, caller: Caller, plan: Plan, wanted: Wanted) -> Reach:
    versions = ChangeRequests(session, plan.id).versions()
    chosen = [number for number in versions if wanted.version in {None, number}]
    reach: dict[int, frozenset[str] | None] = {}
    for number in chosen:
        stored = open_version(session, caller.workspace_id, plan.id, number)
        scope = Scope.of(caller, stored)
        seen = scope.units if caller.role == Role.MANAGER else None
        if wanted.unit is not None:
            below = scope.at_and_below(wanted.unit)
            seen = below if seen is None else seen & below
        reach[number] = seen
    return reach


def get_request(session: Session, caller: Caller, plan_id: str, request_id: str) -> Told:
    """With its steps. Raises PlanNotFound and ChangeRequestNotFound."""
    plan, request, _ = find(session, caller, plan_id, request_id)
    requests = ChangeRequests(session, plan.id)
    return Told(request, requests.notes([request])[request.id], plan.currency,
                requests.steps(request))  # fmt: skip


def find(
    session: Session, caller: Caller, plan_id: str, request_id: str, *, lock: bool = False
) -> tuple[Plan, ChangeRequest, Scope]:
    """A request that concerns the caller, and where the caller stands; others do not exist.

    `lock`: nobody else changes the plan, its versions or its requests until the transaction ends.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id, lock=lock)
    request = ChangeRequests(session, plan.id).get(request_id, lock=lock)
    scope = Scope.of(caller, open_version(session, caller.workspace_id, plan.id, request.version))
    if not scope.sees(request.rep, request.unit):
        raise not_found(request_id)
    return plan, request, scope
