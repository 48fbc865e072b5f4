"""Change requests over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.orm import Session

from service.allocations.caller import PatienceDep
from service.allocations.infeasible import Infeasible
from service.allocations.solving import NO_PLAN
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body, optional_json_body
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionDep, SessionsDep
from service.kit.errors import InvalidInput, PreconditionFailed
from service.kit.etags import IfMatchDep, send_etag
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.pages import Page, PageDep
from service.kit.parameters import DayParameter
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.kit.queues import QueuesDep, QueueTooLong, TooBusy
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
    ChangeRequestStatus,
    NothingAbove,
    NotTheDecider,
    NotTheRequester,
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
from service.negotiations.change_requests.usecases.granting import Doors, Grant
from service.negotiations.change_requests.usecases.turn import RequestStep, request_etag
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.repository import Plans
from service.plans.router import PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/change-requests", tags=["change requests"])

of_a_request = APIRouter(prefix="/{request_id}")

RequestIdPath = Annotated[str, Path(description="chg_…")]


async def read_step(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    caller: CallerDep,
    expected: IfMatchDep,
    now: NowDep,
) -> RequestStep:
    """What the address and the headers say of a step in a request."""
    return RequestStep(
        caller=caller, plan_id=plan_id, request_id=request_id, now=now, expected=expected
    )


StepDep = Annotated[RequestStep, Depends(read_step)]


async def open_doors(reading: ReadingSessionsDep, writing: SessionsDep, queues: QueuesDep) -> Doors:
    return Doors(reading, writing, queues)


DoorsDep = Annotated[Doors, Depends(open_doors)]

_FOUND = (PlanNotFound, ChangeRequestNotFound, VersionDamaged)
_TURN = (*_FOUND, PreconditionFailed, ChangeRequestIsDecided)
_GRANT = (InvalidInput, ChangeNotCarried, VersionDoesNotCount, NotTheDecider, NotTheFunder)
_MAY_READ = [Depends(needs(Permission.READ_CHANGES))]
_MAY_ASK = [Depends(needs(Permission.REQUEST_CHANGE))]
_MAY_DECIDE = [Depends(needs(Permission.DECIDE_CHANGE))]


async def _days(request: Request) -> int:
    settings: Settings = request.app.state.settings
    return settings.change_request_days


@router.post(
    "",
    status_code=201,
    responses=problems(
        PlanNotFound, VersionDamaged, InvalidInput, VersionDoesNotCount, AlreadyRequested
    )
    | sends(201, ETAG, LOCATION),
    dependencies=_MAY_ASK,
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
    response.headers["Location"] = f"/v1/plans/{plan_id}/change-requests/{request.id}"
    return _told(
        response,
        session,
        RequestStep(caller=caller, plan_id=plan_id, request_id=request.id, now=now),
    )


@router.get(
    "",
    responses=problems(PlanNotFound, VersionDamaged),
    dependencies=_MAY_READ,
)
def list_change_requests(
    plan_id: PlanIdPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
    status: Annotated[ChangeRequestStatus | None, Query()] = None,
    rep: Annotated[str | None, Query(description="About this rep alone", examples=["r1"])] = None,
    unit: Annotated[
        str | None, Query(description="This unit and all units below it", examples=["west"])
    ] = None,
    version: Annotated[
        int | None, Query(ge=1, description="About this version alone", examples=[1])
    ] = None,
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
        int | None,
        Query(ge=1, description="Left out: the newest that any request is about", examples=[1]),
    ] = None,
) -> StatisticsOut:
    """Who asks and what is granted, by tenure, rank of the quota and peer groups.

    Counts and rates with intervals, no verdict; nobody is to be found in them.
    """
    counted = counting.count(session, caller, plan_id, version)
    return StatisticsOut.of(counted)


@of_a_request.get("", responses=problems(*_FOUND) | sends(200, ETAG), dependencies=_MAY_READ)
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
    return _told(
        response,
        session,
        RequestStep(caller=caller, plan_id=plan_id, request_id=request_id, now=now),
    )


@of_a_request.get(
    "/preview",
    responses=problems(*_FOUND, InvalidInput, VersionDoesNotCount, ChangeRequestIsDecided),
    dependencies=_MAY_READ,
)
def preview_change_request(
    plan_id: PlanIdPath,
    request_id: RequestIdPath,
    *,
    caller: CallerDep,
    patience: PatienceDep,
    reading_sessions: ReadingSessionsDep,
    now: NowDep,
    funding: Annotated[
        Funding | None, Query(description="Left out: the first that can, and all others beside")
    ] = None,
    amount: Annotated[
        str | None, Query(description="Left out: what is asked for", examples=["285000"])
    ] = None,
    effective: Annotated[
        DayParameter | None,
        Query(description="The first day of the first month that changes", examples=["2027-04-01"]),
    ] = None,
) -> PreviewOut:
    """Who would carry it, and what it would do to them and to who asked; nothing is stored."""
    step, grant = (
        RequestStep(caller=caller, plan_id=plan_id, request_id=request_id, now=now),
        Grant(amount, funding, effective),
    )
    return PreviewOut.of(previewing.preview(reading_sessions, step, grant, patience))


@of_a_request.post(
    "/counter", responses=problems(*_TURN, *_GRANT) | sends(200, ETAG), dependencies=_MAY_DECIDE
)
def counter_change_request(
    step: StepDep,
    *,
    body: Annotated[CounterIn, json_body(CounterIn)],
    response: Response,
    doors: DoorsDep,
) -> ChangeRequestWithStepsOut:
    """Offer a part of what is asked for; who asked may accept it."""
    grant = Grant(body.amount, body.funding, body.effective)
    granting.counter(doors, step.saying(body.note), grant)
    with doors.reading.begin() as session:
        return _told(response, session, step)


@of_a_request.post(
    "/accept",
    responses=problems(
        *_TURN,
        *_GRANT,
        granting.CounterHasChanged,
        granting.CounterCannotBeCarried,
        TooBusy,
        QueueTooLong,
        correcting.SolveWouldUndo,
        EnvelopeNotKept,
        Infeasible,
        *NO_PLAN,
    )
    | sends(200, ETAG),
    dependencies=_MAY_ASK,
)
def accept_change_request(
    step: StepDep,
    *,
    body: Annotated[GrantIn, optional_json_body(GrantIn)],
    response: Response,
    patience: PatienceDep,
    doors: DoorsDep,
) -> AcceptedOut:
    """Grant it, in a new draft version; or, by who asked, accept the counter as it stands.

    Everything that is granted about one version adds up in one draft.
    """
    step, follows = step.saying(body.note), None
    grant = Grant(body.amount, body.funding, body.effective, body.resources)
    if body.correct is None:
        request = granting.accept(doors, step, grant)
    else:
        correction = as_sent({**body.correct})
        done = correcting.accept_corrected(doors, step, grant, correction, patience)
        request, follows = done.request, done.inputs_follow
    send_etag(response, request_etag(request))
    with doors.reading.begin() as session:
        plan = Plans(session).get(step.caller.workspace_id, step.plan_id)
    return AcceptedOut.of(request, plan.currency, inputs_follow=follows)


@of_a_request.post(
    "/reject",
    responses=problems(*_TURN, NotTheDecider) | sends(200, ETAG),
    dependencies=_MAY_DECIDE,
)
def reject_change_request(
    step: StepDep,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    session: SessionDep,
) -> ChangeRequestWithStepsOut:
    """Leave the quota as it is."""
    deciding.reject(session, step.saying(body.note))
    return _told(response, session, step)


@of_a_request.post(
    "/escalate",
    responses=problems(*_TURN, NotTheDecider, NothingAbove) | sends(200, ETAG),
    dependencies=_MAY_DECIDE,
)
def escalate_change_request(
    step: StepDep,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    session: SessionDep,
) -> ChangeRequestWithStepsOut:
    """Hand it to whoever answers for the unit above."""
    deciding.escalate(session, step.saying(body.note))
    return _told(response, session, step)


@of_a_request.post(
    "/withdraw",
    responses=problems(*_TURN, NotTheRequester) | sends(200, ETAG),
    dependencies=_MAY_ASK,
)
def withdraw_change_request(
    step: StepDep,
    body: Annotated[AnswerIn, optional_json_body(AnswerIn)],
    response: Response,
    session: SessionDep,
) -> ChangeRequestWithStepsOut:
    """Take back what one has asked for."""
    deciding.withdraw(session, step.saying(body.note))
    return _told(response, session, step)


@of_a_request.delete(
    "/notes",
    status_code=204,
    response_class=Response,
    responses=problems(*_FOUND),
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
    deciding.forget_notes(
        session, RequestStep(caller=caller, plan_id=plan_id, request_id=request_id, now=now)
    )


router.include_router(of_a_request)


def _told(response: Response, session: Session, step: RequestStep) -> ChangeRequestWithStepsOut:
    """The request as it stands, with its steps."""
    told = reading.get_request(session, step.caller, step.plan_id, step.request_id)
    send_etag(response, request_etag(told.request))
    return ChangeRequestWithStepsOut.of(told, now=step.now)
