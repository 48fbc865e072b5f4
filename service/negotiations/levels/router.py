"""The units of a draft over HTTP: freeze, work inside, sign off, put together."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Response

from service.allocations.adjustments.domain import BeyondManagersLimit, OwnQuota
from service.allocations.adjustments.router import ManagerLimitDep
from service.allocations.caller import PatienceDep
from service.allocations.infeasible import Infeasible
from service.allocations.solving import NO_PLAN
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.made import answer_made
from service.allocations.versions.repository import VersionDamaged
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body, optional_json_body
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionDep, SessionsDep
from service.kit.errors import PreconditionFailed, PreconditionRequired
from service.kit.etags import RequiredIfMatchDep, send_etag
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.pages import PageDep
from service.kit.problems import problems
from service.negotiations.levels.bodies import AdjustIn, AssembleIn, FreezeIn, NoteIn, SolveIn
from service.negotiations.levels.domain.life import (
    FrameClosed,
    LaneNotAllowed,
    LanesInTheWay,
    NotInsideOwn,
    UnitNotFound,
)
from service.negotiations.levels.domain.together import RulesBrokenTogether, UnfinishedUnits
from service.negotiations.levels.schemas import LaneOut, UnitsOut, UnitState, UnitWorkOut
from service.negotiations.levels.usecases import assembling, freezing, reading, working
from service.negotiations.levels.usecases.frame import lane_etag
from service.negotiations.levels.usecases.steps import Stepped, UnitStep
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath
from service.plans.steps import VersionStep
from service.plans.version_schemas import VersionDetailOut

router = APIRouter(prefix="/plans/{plan_id}/versions/{number}", tags=["level by level"])
of_a_unit = APIRouter(prefix="/units/{unit:path}")

UnitPath = Annotated[str, Path(description="The caller's own id of a unit", examples=["west"])]


async def read_step(
    plan_id: PlanIdPath,
    number: NumberPath,
    unit: UnitPath,
    *,
    caller: CallerDep,
    expected: RequiredIfMatchDep,
    now: NowDep,
) -> UnitStep:
    """Of whom has seen the unit: what the address and the headers say of a step in it."""
    return UnitStep(
        caller=caller, plan_id=plan_id, number=number, unit=unit, now=now, expected=expected
    )


StepDep = Annotated[UnitStep, Depends(read_step)]

_FOUND = (PlanNotFound, VersionNotFound, VersionDamaged, UnitNotFound)
_STEP = (*_FOUND, FrameClosed, LaneNotAllowed)
_SEEN = (PreconditionFailed, PreconditionRequired)
_MAY_FREEZE = [Depends(needs(Permission.FREEZE))]
_MAY_READ = [Depends(needs(Permission.READ_QUOTAS))]
_MAY_WORK = [Depends(needs(Permission.WORK_UNIT))]


@router.get(
    "/units",
    responses=problems(PlanNotFound, VersionNotFound, VersionDamaged),
    dependencies=_MAY_READ,
)
def list_units(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
    status: Annotated[UnitState | None, Query()] = None,
) -> UnitsOut:
    """How every unit of a version stands: open, frozen or signed, with envelope and owner."""
    found = reading.units(session, caller, plan_id, number, page=page, now=now, status=status)
    return UnitsOut.of(found)


@of_a_unit.get("", responses=problems(*_FOUND, LaneNotAllowed), dependencies=_MAY_READ)
def get_unit(
    plan_id: PlanIdPath,
    number: NumberPath,
    unit: UnitPath,
    *,
    response: Response,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
) -> UnitWorkOut:
    """One frozen unit: its reps as they stand in its own work, and what was done there."""
    found = reading.unit_work(session, caller, plan_id, number, unit=unit, page=page, now=now)
    if found.status.lane is not None:
        send_etag(response, lane_etag(found.status.lane))
    return UnitWorkOut.of_work(found)


@of_a_unit.post(
    "/freeze",
    status_code=201,
    responses=problems(*_STEP, LanesInTheWay, NotInsideOwn) | sends(201, ETAG, LOCATION),
    dependencies=_MAY_FREEZE,
)
def freeze_unit(
    plan_id: PlanIdPath,
    number: NumberPath,
    unit: UnitPath,
    *,
    body: Annotated[FreezeIn, optional_json_body(FreezeIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> LaneOut:
    """Agree what a unit carries: from now on its owner works inside it, and nobody else does.

    The amount is what the version says that the unit carries. To agree on another one, set the
    unit's target in the inputs and solve again.
    """
    step = UnitStep(
        caller=caller, plan_id=plan_id, number=number, unit=unit, now=now, note=body.note
    )
    response.headers["Location"] = (
        f"/v1/plans/{plan_id}/versions/{number}/units/{quote(unit, safe='')}"
    )
    return _told(
        response,
        freezing.freeze(
            session,
            step,
            envelope=body.envelope,
            deadline=body.deadline,
            effective=body.effective,
        ),
    )


@of_a_unit.post(
    "/unfreeze",
    responses=problems(*_STEP, *_SEEN, LanesInTheWay, NotInsideOwn) | sends(200, ETAG),
    dependencies=_MAY_FREEZE,
)
def unfreeze_unit(
    step: StepDep,
    body: Annotated[NoteIn, optional_json_body(NoteIn)],
    response: Response,
    session: SessionDep,
) -> LaneOut:
    """Give a unit back; what was worked in it is dropped."""
    return _told(response, freezing.unfreeze(session, step.saying(body.note)))


@of_a_unit.post(
    "/solve",
    responses=problems(*_STEP, *_SEEN, BeyondManagersLimit, OwnQuota, Infeasible, *NO_PLAN)
    | sends(200, ETAG),
    dependencies=_MAY_WORK,
)
def solve_unit(
    step: StepDep,
    *,
    body: Annotated[SolveIn, optional_json_body(SolveIn)],
    response: Response,
    patience: PatienceDep,
    sessions: SessionsDep,
    limit: ManagerLimitDep,
) -> LaneOut:
    """Solve a unit's reps again: their sum is the envelope, and every lock is kept.

    Nothing outside the unit counts, and nobody outside it moves. Where nothing was asked and
    nobody adjusted, the answer is what the version says.
    """
    return _told(
        response,
        working.solve(
            sessions,
            step.saying(body.note),
            asks=body.asked,
            fairness=body.fairness,
            limit=limit,
            patience=patience,
        ),
    )


@of_a_unit.patch(
    "/quotas",
    responses=problems(*_STEP, *_SEEN, BeyondManagersLimit, OwnQuota, Infeasible, *NO_PLAN)
    | sends(200, ETAG),
    dependencies=_MAY_WORK,
)
def adjust_unit(
    step: StepDep,
    *,
    body: Annotated[AdjustIn, json_body(AdjustIn)],
    response: Response,
    sessions: SessionsDep,
    limit: ManagerLimitDep,
) -> LaneOut:
    """Move reps inside a unit, each with a reason; later solves keep them until they are released.

    What the adjustments do not balance themselves is carried by the other reps of the unit, each by
    the same part of the own quota. A manager may move a rep by at most 5 % of the quota in the
    version.
    """
    return _told(
        response,
        working.adjust(
            sessions,
            step.saying(body.note),
            asks=body.asked,
            released=body.release,
            limit=limit,
        ),
    )


@of_a_unit.post(
    "/sign-off",
    responses=problems(*_STEP, *_SEEN, LanesInTheWay) | sends(200, ETAG),
    dependencies=_MAY_WORK,
)
def sign_unit_off(
    step: StepDep,
    body: Annotated[NoteIn, optional_json_body(NoteIn)],
    response: Response,
    session: SessionDep,
) -> LaneOut:
    """The owner has finished; nothing moves in the unit any more."""
    return _told(response, freezing.sign_off(session, step.saying(body.note)))


@of_a_unit.post(
    "/reopen",
    responses=problems(*_STEP, *_SEEN, LanesInTheWay, NotInsideOwn) | sends(200, ETAG),
    dependencies=_MAY_FREEZE,
)
def reopen_unit(
    step: StepDep,
    body: Annotated[NoteIn, optional_json_body(NoteIn)],
    response: Response,
    session: SessionDep,
) -> LaneOut:
    """Have the owner go on working in a unit that was signed."""
    return _told(response, freezing.reopen(session, step.saying(body.note)))


router.include_router(of_a_unit)


@router.post(
    "/assemble",
    status_code=201,
    responses=problems(
        PlanNotFound,
        VersionNotFound,
        VersionDamaged,
        FrameClosed,
        UnfinishedUnits,
        LanesInTheWay,
        EnvelopeNotKept,
        RulesBrokenTogether,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def assemble_version(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    body: Annotated[AssembleIn, optional_json_body(AssembleIn)],
    response: Response,
    caller: CallerDep,
    sessions: SessionsDep,
    reading_sessions: ReadingSessionsDep,
    now: NowDep,
) -> VersionDetailOut:
    """Put the work of all signed units together in a new draft.

    Each unit is an amendment of this version: nobody outside it moves, and all other rows keep
    their bytes. Frozen units that are not signed have to be named in `exceptions`.
    """
    step = VersionStep(caller=caller, plan_id=plan_id, number=number, now=now, note=body.note)
    made = assembling.assemble(sessions, reading_sessions, step, body.exceptions)
    return answer_made(response, made, now)


def _told(response: Response, stepped: Stepped) -> LaneOut:
    send_etag(response, lane_etag(stepped.lane))
    return LaneOut.of(stepped.lane, stepped.digits)
