"""Change requests over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from service.allocations.infeasible import Infeasible
from service.allocations.patience import PatienceDep
from service.allocations.solving import NO_PLAN
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body, optional_json_body
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionDep, SessionsDep
from service.kit.errors import InvalidInput, PreconditionFailed
from service.kit.etags import IfMatch, IfMatchDep, send_etag
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.kit.settings import Settings
from service.negotiations.change_requests.domain.asking import (
    AlreadyRequested,
    VersionDoesNotCount,
)
from service.negotiations.change_requests.domain.correction import as_sent
from service.negotiations.change_requests.domain.evidence import day_of
from service.negotiations.change_requests.domain.funding import Funding, NotTheFunder
from service.negotiations.change_requests.domain.life import (
    ChangeRequestIsDecided,
    ChangeRequestNotFound,
    NothingAbove,
    NotTheDecider,
    NotTheRequester,
    Status,
)
from service.negotiations.change_requests.preview_schemas import PreviewOut
from service.negotiations.change_requests.schemas import (
    AcceptedOut,
    AnswerIn,
    ChangeRequestIn,
    ChangeRequestOut,
    ChangeRequestWithStepsOut,
    CounterIn,
    GrantIn,
)
from service.negotiations.change_requests.statistics_schemas import StatisticsOut
from service.negotiations.change_requests.usecases import (
    correcting,
    counting,
    deciding,
    filing,
    granting,
    previewing,
    reading,
)
from service.negotiations.change_requests.usecases.turn import request_etag
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.repository import Plans
from service.plans.router import PlanIdPath
from service.roster.body import Sent, patient_body

router = APIRouter(prefix="/plans/{plan_id}/change-requests", tags=["change requests"])

RequestIdPath = Annotated[str, Path(description="chg_…")]

_MISSING = problems(PlanNotFound, ChangeRequestNotFound, VersionDamaged)
_TURN = (
    PlanNotFound,
    ChangeRequestNotFound,
    VersionDamaged,
    PreconditionFailed,
    ChangeRequestIsDecided,
)
_GRANT = (InvalidInput, ChangeNotCarried, VersionDoesNotCount, NotTheDecider, NotTheFunder)


def _days(request: Request) -> int:
    settings: Settings = request.app.state.settings
    return settings.change_request_days


@router.post(
    "",
    status_code=201,
    responses=problems(
        PlanNotFound, VersionDamaged, InvalidInput, VersionDoesNotCount, AlreadyRequested
    ),
    dependencies=[Depends(needs(Permission.REQUEST_CHANGE))],
)
def file_change_request(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(ChangeRequestIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    days: Annotated[int, Depends(_days)],
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """Ask for another quota, with evidence."""
    body = sent.document
    ask = filing.Ask(
        version=body.get("version"),
        rep=body.get("rep"),
        proposed=body.get("proposed"),
        evidence=body.get("evidence") or (),
        note=body.get("note"),
        deadline=day_of(body.get("deadline")),
        faults=sent.faults,
    )
    request = filing.file_request(session, caller, plan_id, ask, now=now, days=days)
    send_etag(response, request_etag(request))
    response.headers["Location"] = f"/v1/plans/{plan_id}/change-requests/{request.id}"
    told = reading.get_request(session, caller, plan_id, request.id)
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.get(
    "",
    responses=problems(PlanNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_CHANGES))],
)
def list_change_requests(
    plan_id: PlanIdPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
    status: Annotated[Status | None, Query()] = None,
    rep: Annotated[str | None, Query(description="About this rep alone")] = None,
    unit: Annotated[str | None, Query(description="This unit and all units below it")] = None,
    version: Annotated[int | None, Query(ge=1, description="About this version alone")] = None,
) -> Page[ChangeRequestOut]:
    """The change requests of a plan that concern the caller, newest first."""
    wanted = reading.Wanted(status, rep, unit, version)
    found, next_cursor = reading.page_of_requests(session, caller, plan_id, page, wanted)
    items = [ChangeRequestOut.of(told, now=now) for told in found]
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/statistics",
    responses=problems(PlanNotFound, VersionNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.COUNT_CHANGES))],
)
def count_change_requests(
    plan_id: PlanIdPath,
    caller: CallerDep,
    session: ReadSessionDep,
    version: Annotated[
        int | None, Query(ge=1, description="Left out: the newest that any request is about")
    ] = None,
) -> StatisticsOut:
    """Who asks and what is granted, by tenure, rank of the quota and peer groups.

    Counts and rates with intervals, no verdict; nobody is to be found in them.
    """
    counted = counting.count(session, caller.workspace_id, plan_id, version)
    return StatisticsOut.of(counted)


@router.get(
    "/{request_id}",
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_CHANGES))],
)
def get_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    response: Response,
    caller: CallerDep,
    session: ReadSessionDep,
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """One change request, with everything that was done with it."""
    told = reading.get_request(session, caller, plan_id, request_id)
    send_etag(response, request_etag(told.request))
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.get(
    "/{request_id}/preview",
    responses=problems(
        PlanNotFound,
        ChangeRequestNotFound,
        VersionDamaged,
        InvalidInput,
        VersionDoesNotCount,
        ChangeRequestIsDecided,
    ),
    dependencies=[Depends(needs(Permission.READ_CHANGES))],
)
def preview_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    caller: CallerDep,
    reading_sessions: ReadingSessionsDep,
    now: NowDep,
    patience: PatienceDep,
    funding: Annotated[
        Funding | None, Query(description="Left out: the first that can, and all others beside")
    ] = None,
    amount: Annotated[
        str | None, Query(description="Left out: what is asked for", examples=["285000"])
    ] = None,
    effective: Annotated[
        date | None, Query(description="The first day of the first month that changes")
    ] = None,
) -> PreviewOut:
    """Who would carry it, and what it would do to them and to who asked; nothing is stored."""
    grant = granting.Grant(amount, funding, effective)
    call = granting.Call(caller, (plan_id, request_id), grant, IfMatch(), now)
    return PreviewOut.of(previewing.preview(reading_sessions, call, patience))


@router.post(
    "/{request_id}/counter",
    responses=problems(*_TURN, *_GRANT),
    dependencies=[Depends(needs(Permission.DECIDE_CHANGE))],
)
def counter_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    body: Annotated[CounterIn, json_body(CounterIn)],
    response: Response,
    caller: CallerDep,
    reading_sessions: ReadingSessionsDep,
    sessions: SessionsDep,
    expected: IfMatchDep,
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """Offer a part of what is asked for; who asked may accept it."""
    grant = granting.Grant(body.amount, body.funding, body.effective, note=body.note)
    call = granting.Call(caller, (plan_id, request_id), grant, expected, now)
    request = granting.counter(granting.Doors(reading_sessions, sessions), call)
    send_etag(response, request_etag(request))
    with reading_sessions.begin() as session:
        told = reading.get_request(session, caller, plan_id, request_id)
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.post(
    "/{request_id}/accept",
    responses=problems(
        *_TURN,
        *_GRANT,
        granting.CounterHasChanged,
        granting.CounterCannotBeCarried,
        granting.TooBusy,
        correcting.SolveWouldUndo,
        Infeasible,
        *NO_PLAN,
    ),
    dependencies=[Depends(needs(Permission.REQUEST_CHANGE))],
)
def accept_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    body: Annotated[GrantIn, optional_json_body(GrantIn)],
    response: Response,
    caller: CallerDep,
    reading_sessions: ReadingSessionsDep,
    sessions: SessionsDep,
    expected: IfMatchDep,
    now: NowDep,
    patience: PatienceDep,
) -> AcceptedOut:
    """Grant it, in a new draft version; or, by who asked, accept the counter as it stands.

    Everything that is granted about one version adds up in one draft.
    """
    grant = granting.Grant(body.amount, body.funding, body.effective, body.resources, body.note)
    call = granting.Call(caller, (plan_id, request_id), grant, expected, now)
    doors, follows = granting.Doors(reading_sessions, sessions), None
    if body.correct is None:
        request = granting.accept(doors, call)
    else:
        done = correcting.accept_corrected(doors, call, as_sent({**body.correct}), patience)
        request, follows = done.request, done.inputs_follow
    send_etag(response, request_etag(request))
    with reading_sessions.begin() as session:
        plan = Plans(session).get(caller.workspace_id, plan_id)
    return AcceptedOut.of(request, plan.currency, inputs_follow=follows)


@router.post(
    "/{request_id}/reject",
    responses=problems(*_TURN, NotTheDecider),
    dependencies=[Depends(needs(Permission.DECIDE_CHANGE))],
)
def reject_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    expected: IfMatchDep,
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """Leave the quota as it is."""
    place = (plan_id, request_id)
    request = deciding.reject(session, caller, place, expected=expected, note=body.note, now=now)
    send_etag(response, request_etag(request))
    told = reading.get_request(session, caller, plan_id, request_id)
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.post(
    "/{request_id}/escalate",
    responses=problems(*_TURN, NotTheDecider, NothingAbove),
    dependencies=[Depends(needs(Permission.DECIDE_CHANGE))],
)
def escalate_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    expected: IfMatchDep,
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """Hand it to whoever answers for the unit above."""
    place = (plan_id, request_id)
    request = deciding.escalate(session, caller, place, expected=expected, note=body.note, now=now)
    send_etag(response, request_etag(request))
    told = reading.get_request(session, caller, plan_id, request_id)
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.post(
    "/{request_id}/withdraw",
    responses=problems(*_TURN, NotTheRequester),
    dependencies=[Depends(needs(Permission.REQUEST_CHANGE))],
)
def withdraw_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    expected: IfMatchDep,
    now: NowDep,
) -> ChangeRequestWithStepsOut:
    """Take back what one has asked for."""
    place = (plan_id, request_id)
    request = deciding.withdraw(session, caller, place, expected=expected, note=body.note, now=now)
    send_etag(response, request_etag(request))
    told = reading.get_request(session, caller, plan_id, request_id)
    return ChangeRequestWithStepsOut.of(told, now=now)


@router.delete(
    "/{request_id}/notes",
    status_code=204,
    response_class=Response,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.WRITE_PLANS))],
)
def forget_notes(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> None:
    """Erase what people wrote in a request; steps and evidence stay."""
    deciding.forget_notes(session, caller, (plan_id, request_id), now=now)
