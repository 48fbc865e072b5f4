"""The fairness report and the cohort audit of a version over HTTP. Both store nothing."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Response

from service.allocations.fairness_report import usecases
from service.allocations.fairness_report.schemas import (
    CohortAuditIn,
    CohortAuditOut,
    FairnessIn,
    FairnessReportOut,
)
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.sight import look_at_version
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.db import ReadSessionDep
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/versions/{number}/fairness", tags=["versions"])

_MISSING = problems(PlanNotFound, VersionNotFound, VersionDamaged)


@router.get(
    "",
    response_model=FairnessReportOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_FAIRNESS)), Depends(look_at_version)],
)
def get_fairness(
    plan_id: PlanIdPath, number: NumberPath, caller: CallerDep, session: ReadSessionDep
) -> Response:
    """How even a version is, and whether it is harder for some, before its period."""
    return _json(usecases.report(session, (caller.workspace_id, plan_id, number)))


@router.post(
    "",
    response_model=FairnessReportOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_FAIRNESS)), Depends(look_at_version)],
)
def review_fairness(
    plan_id: PlanIdPath,
    number: NumberPath,
    body: Annotated[FairnessIn, json_body(FairnessIn)],
    caller: CallerDep,
    session: ReadSessionDep,
) -> Response:
    """The same with the sales of the period: how far from their quotas people came out."""
    actuals = [row.model_dump() for row in body.actuals]
    return _json(usecases.report(session, (caller.workspace_id, plan_id, number), actuals))


@router.post(
    "/cohorts",
    response_model=CohortAuditOut,
    responses=_MISSING,
    dependencies=[Depends(needs(Permission.READ_FAIRNESS)), Depends(look_at_version)],
)
def audit_cohorts(
    plan_id: PlanIdPath,
    number: NumberPath,
    body: Annotated[CohortAuditIn, json_body(CohortAuditIn)],
    caller: CallerDep,
    session: ReadSessionDep,
) -> Response:
    """Compare groups that the auditor names. Their attributes are kept nowhere."""
    sent = body.model_dump()
    place = caller.workspace_id, plan_id, number
    found = usecases.cohort_audit(session, place, sent["cohorts"], sent["bands"], sent["actuals"])
    return _json(found)


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
