"""Adjusted quotas over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from service.allocations.adjustments import usecases
from service.allocations.adjustments.domain import BeyondManagersLimit, NotAdjustable, OwnQuota
from service.allocations.adjustments.schemas import AdjustmentOut, AdjustmentsIn, AdjustmentsOut
from service.allocations.caller import PatienceDep
from service.allocations.infeasible import Infeasible
from service.allocations.solving import NO_PLAN
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.made import answer_made
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.sight import SightDep
from service.allocations.versions.usecases.amending import ChangeNotCarried
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionsDep
from service.kit.errors import PreconditionFailed, PreconditionRequired
from service.kit.etags import RequiredIfMatchDep
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath
from service.plans.version_schemas import VersionDetailOut

router = APIRouter(prefix="/plans/{plan_id}/versions/{number}", tags=["versions"])

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)


async def manager_limit(request: Request) -> float:
    """How far a manager may move a quota."""
    limit: float = request.app.state.settings.manager_limit
    return limit


ManagerLimitDep = Annotated[float, Depends(manager_limit)]


@router.patch(
    "/quotas",
    status_code=201,
    responses=_MISSING
    | problems(
        NotAdjustable,
        BeyondManagersLimit,
        OwnQuota,
        ChangeNotCarried,
        EnvelopeNotKept,
        Infeasible,
        PreconditionFailed,
        PreconditionRequired,
        *NO_PLAN,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.ADJUST))],
)
def adjust_quotas(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    sent: Annotated[Sent, patient_body(AdjustmentsIn)],
    response: Response,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    expected: RequiredIfMatchDep,
    now: NowDep,
    limit: ManagerLimitDep,
) -> VersionDetailOut:
    """Adjust quotas into a new draft, which keeps them until they are released."""
    made = usecases.adjust(
        sessions,
        caller,
        (plan_id, number),
        sent,
        expected=expected,
        now=now,
        limit=limit,
        patience=patience,
    )
    return answer_made(response, made, now)


@router.delete(
    "/locks/{rep:path}",
    status_code=201,
    responses=_MISSING
    | problems(
        NotAdjustable,
        BeyondManagersLimit,
        OwnQuota,
        EnvelopeNotKept,
        Infeasible,
        PreconditionFailed,
        PreconditionRequired,
        *NO_PLAN,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.ADJUST))],
)
def release_lock(
    plan_id: PlanIdPath,
    number: NumberPath,
    rep: str,
    *,
    response: Response,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    expected: RequiredIfMatchDep,
    now: NowDep,
    limit: ManagerLimitDep,
) -> VersionDetailOut:
    """Release the lock of one rep into a new draft, as `release` of an adjustment does."""
    made = usecases.adjust(
        sessions,
        caller,
        (plan_id, number),
        Sent({"release": [rep]}),
        expected=expected,
        now=now,
        limit=limit,
        patience=patience,
    )
    return answer_made(response, made, now)


@router.get("/adjustments", responses=_MISSING, dependencies=[Depends(needs(Permission.ADJUST))])
def list_adjustments(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    sight: SightDep,
) -> AdjustmentsOut:
    """Who adjusted what on the way to this version, why, and what is still locked."""
    rows, digits = usecases.list_adjustments(session, caller.workspace_id, plan_id, number, sight)
    return AdjustmentsOut(
        items=[AdjustmentOut.of(own.row, digits, locked=own.locked) for own in rows]
    )
