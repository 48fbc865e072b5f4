"""Events over HTTP: propose, look, decide."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.allocations.versions.usecases.reading import QuotaNotFound
from service.kit.access import Permission, may, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep, SessionsDep
from service.kit.errors import PreconditionFailed, PreconditionRequired
from service.kit.etags import RequiredIfMatchDep, send_etag
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.pages import Page, PageDep
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.negotiations.events.domain.kinds import EventKind
from service.negotiations.events.domain.life import (
    EventIsDecided,
    EventNotFound,
    EventStatus,
    EveryMonthIsClosed,
    NothingChanges,
    NoVersionInForce,
    VersionHasNoMonths,
    VersionNotInForce,
)
from service.negotiations.events.schemas import (
    AcceptIn,
    ConsequenceOut,
    EventIn,
    EventOut,
    ReasonIn,
    SegmentsOut,
)
from service.negotiations.events.usecases import accepting, deciding, proposing, reading
from service.negotiations.events.usecases.steps import EventStep, decided_etag, event_etag
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.repository import Plans
from service.plans.router import NumberPath, PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/events", tags=["events"])
segments = APIRouter(prefix="/plans/{plan_id}/versions/{number}/segments", tags=["events"])

of_an_event = APIRouter(prefix="/{event_id}")

EventIdPath = Annotated[str, Path(description="evt_…")]


async def read_step(
    plan_id: PlanIdPath,
    event_id: EventIdPath,
    caller: CallerDep,
    expected: RequiredIfMatchDep,
    now: NowDep,
) -> EventStep:
    """Of whom has seen the event: what the address and the headers say of a step in its life."""
    return EventStep(caller=caller, plan_id=plan_id, event_id=event_id, now=now, expected=expected)


StepDep = Annotated[EventStep, Depends(read_step)]

_NO_OUTCOME = (
    NoVersionInForce,
    VersionNotInForce,
    VersionHasNoMonths,
    EveryMonthIsClosed,
    NothingChanges,
    VersionDamaged,
)
_FOUND = (PlanNotFound, EventNotFound)
_GUARDED = (PreconditionFailed, PreconditionRequired, EventIsDecided)


@router.post(
    "",
    status_code=201,
    responses=problems(PlanNotFound, ChangeNotCarried, *_NO_OUTCOME)
    | sends(201, ETAG, LOCATION)
    | {200: {"model": EventOut, "description": "With `dry_run`: what would come of it"}},
    dependencies=[Depends(needs(Permission.WRITE_EVENTS))],
)
def propose_event(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(EventIn)],
    response: Response,
    caller: CallerDep,
    sessions: SessionsDep,
    now: NowDep,
    dry_run: Annotated[
        bool, Query(description="Only see what would come of it: nothing is stored, 200")
    ] = False,
) -> EventOut:
    """Say what happens, from which day on. Nothing changes before the event is accepted."""
    found = proposing.propose(sessions, caller, plan_id, sent, now=now, store=not dry_run)
    if dry_run:
        response.status_code = 200
    else:
        send_etag(response, found.etag)
        response.headers["Location"] = f"/v1/plans/{plan_id}/events/{found.event.id}"
    shown = found.consequence if _may_see(caller) else None
    return EventOut.of(found.event, found.plan, shown, stored=not dry_run)


@router.get(
    "",
    responses=problems(PlanNotFound),
    dependencies=[Depends(needs(Permission.READ_INPUTS))],
)
def list_events(
    plan_id: PlanIdPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    status: Annotated[EventStatus | None, Query()] = None,
    kind: Annotated[EventKind | None, Query()] = None,
) -> Page[EventOut]:
    """The events of a plan, newest first; what each comes to has its own address."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    events, next_cursor = reading.page_of_events(session, plan, page, status=status, kind=kind)
    items = [EventOut.of(event, plan, None) for event in events]
    return Page(items=items, next_cursor=next_cursor)


@of_an_event.get(
    "",
    responses=problems(*_FOUND, VersionDamaged) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.READ_INPUTS))],
)
def get_event(
    plan_id: PlanIdPath,
    event_id: EventIdPath,
    *,
    response: Response,
    caller: CallerDep,
    session: ReadSessionDep,
    now: NowDep,
) -> EventOut:
    """One event with what comes of it: as it would be now, or as it was when it was accepted."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    event = reading.event_of(session, plan, event_id)
    send_etag(response, event_etag(session, plan, event))
    shown: dict[str, Any] | None = None
    if _may_see(caller):
        shown = reading.consequence(session, plan, event, now=now)
    return EventOut.of(event, plan, shown)


@of_an_event.get(
    "/preview",
    responses=problems(*_FOUND, EventIsDecided, ChangeNotCarried, *_NO_OUTCOME) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def preview_event(
    plan_id: PlanIdPath,
    event_id: EventIdPath,
    *,
    response: Response,
    caller: CallerDep,
    session: ReadSessionDep,
    now: NowDep,
    funding: Annotated[
        Literal["siblings", "parent", "reserve", "unfunded"],
        Query(description="Who carries what is left open; a new target is everybody's"),
    ] = "siblings",
) -> ConsequenceOut:
    """What would come of a proposed event if it were accepted with this funding."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    event = reading.event_of(session, plan, event_id)
    send_etag(response, event_etag(session, plan, event))
    return ConsequenceOut(**accepting.preview(session, plan, event, funding, now=now))


@of_an_event.post(
    "/accept",
    responses=problems(*_FOUND, *_GUARDED, ChangeNotCarried, EnvelopeNotKept, *_NO_OUTCOME)
    | sends(200, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def accept_event(
    body: Annotated[AcceptIn, json_body(AcceptIn)],
    step: StepDep,
    response: Response,
    sessions: SessionsDep,
) -> EventOut:
    """Make a new draft with what comes of a proposed event; several of them add up in one draft.

    `If-Match` is the ETag of the event, which changes with the version that it would change: so
    what is accepted is what was seen.
    """
    plan, event = accepting.accept(sessions, step, body.get("funding"))
    send_etag(response, decided_etag(event))
    response.headers["Location"] = f"/v1/plans/{step.plan_id}/versions/{event.accepted_in}"
    return EventOut.of(event, plan, event.consequence)


@of_an_event.post(
    "/reject",
    responses=problems(*_FOUND, *_GUARDED) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def reject_event(
    body: Annotated[ReasonIn, json_body(ReasonIn)],
    step: StepDep,
    response: Response,
    session: SessionDep,
) -> EventOut:
    """Refuse a proposed event."""
    plan, event = deciding.reject(session, step.saying(body.get("reason")))
    send_etag(response, decided_etag(event))
    return EventOut.of(event, plan, None)


@of_an_event.post(
    "/withdraw",
    responses=problems(*_FOUND, *_GUARDED) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.WRITE_EVENTS))],
)
def withdraw_event(step: StepDep, response: Response, session: SessionDep) -> EventOut:
    """Take a proposed event back."""
    plan, event = deciding.withdraw(session, step)
    send_etag(response, decided_etag(event))
    return EventOut.of(event, plan, None)


router.include_router(of_an_event)


@segments.get(
    "/{rep:path}",
    responses=problems(
        PlanNotFound, VersionNotFound, QuotaNotFound, VersionHasNoMonths, VersionDamaged
    ),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_segments(
    plan_id: PlanIdPath, number: NumberPath, rep: str, caller: CallerDep, session: ReadSessionDep
) -> SegmentsOut:
    """What a rep carries from when to when, and in which unit."""
    return SegmentsOut(**reading.segments(session, caller, plan_id, number, rep))


def _may_see(caller: CallerDep) -> bool:
    """Quotas of a draft are for those who may read its proof."""
    return may(caller, Permission.READ_PROOFS)
