"""Two versions side by side over HTTP."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BeforeValidator

from service.allocations.diff import usecases
from service.allocations.diff.schemas import DiffOut
from service.allocations.versions.quotas_router import MeasureQuery
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.sight import SightDep
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadSessionDep
from service.kit.pages import PageDep
from service.kit.problems import problems
from service.plans.domain import MOST_VERSIONS, PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath, plain_digits
from service.roster.repository import SnapshotNotFound

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])

OtherPath = Annotated[
    int,
    BeforeValidator(plain_digits),
    Path(
        ge=1, le=MOST_VERSIONS, description="The version that it is compared with, of the same plan"
    ),
]


@router.get(
    "/{number}/diff/{other}",
    response_model=DiffOut,
    responses=problems(PlanNotFound, VersionNotFound, SnapshotNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_diff(
    plan_id: PlanIdPath,
    number: NumberPath,
    other: OtherPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    sight: SightDep,
    measure: MeasureQuery = None,
    months: Annotated[bool, Query(description="Tell what moved in each month as well")] = False,
) -> Response:
    """Who changed from one version to another, by how much and why. Either may be the later one."""
    asked = usecases.Compared(plan_id, number, other, measure, months)
    found = usecases.diff(session, caller, asked, sight, page)
    return Response(orjson.dumps(found), media_type="application/json")
