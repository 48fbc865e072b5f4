"""The one page of a version over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from service.allocations.summary import usecases
from service.allocations.summary.schemas import SummaryOut
from service.allocations.versions.quotas_router import MeasureQuery
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.sight import SightDep
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath
from service.plans.standing_target import NewTargetDep
from service.roster.repository import SnapshotNotFound

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])


@router.get(
    "/{number}/summary",
    responses=problems(PlanNotFound, VersionNotFound, SnapshotNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_SUMMARY))],
)
def get_summary(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    sight: SightDep,
    now: NowDep,
    new_target: NewTargetDep,
    measure: MeasureQuery = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many movers each way")] = 5,
) -> SummaryOut:
    """A version on one page: what it comes to, per head, by unit, and against last year."""
    place = caller.workspace_id, plan_id, number
    asked = usecases.Asked(measure, limit, new_target)
    found = usecases.summary(session, place, sight, asked)
    return SummaryOut.of(found, now)
