"""Plans made by hand over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from service.allocations.caller import PatienceDep
from service.allocations.imports import usecases
from service.allocations.imports.body import SentPlan, sent_plan
from service.allocations.imports.schemas import ImportedVersionOut, RepairIn, import_out
from service.allocations.infeasible import Infeasible
from service.allocations.solving import NO_PLAN
from service.allocations.versions.domain.deciding.closed_of_measure import ClosedMonthsNotKept
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.made import answer_made, detail_of
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.sight import look_at_version
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import SessionsDep
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.inputs import InputsMissing
from service.plans.router import NumberPath, PlanIdPath
from service.plans.version_schemas import VersionDetailOut
from service.roster.files import FileFaults

router = APIRouter(prefix="/plans/{plan_id}/versions", tags=["versions"])


@router.post(
    "/import",
    status_code=201,
    responses=problems(
        PlanNotFound,
        InputsMissing,
        VersionDamaged,
        EnvelopeNotKept,
        ClosedMonthsNotKept,
        Infeasible,
        FileFaults,
        *NO_PLAN,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def import_version(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[SentPlan, sent_plan()],
    response: Response,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    now: NowDep,
) -> ImportedVersionOut:
    """Take a plan made by hand, the planner's own spreadsheet, as a new version, a draft.

    It is audited, compared with the even plan of the same inputs and policy, and never trusted:
    limits and sums that it does not keep are findings, told here and by the version.
    """
    found = usecases.import_plan(
        sessions, caller, plan_id, sent.source, sent.options, now=now, patience=patience
    )
    version = answer_made(response, found.made, now)
    repaired = None if found.repaired is None else detail_of(found.repaired, now)
    told = import_out(found, sent.sheet.repaired if sent.sheet else (), repaired)
    return ImportedVersionOut(**version.model_dump(by_alias=True), imported=told)


@router.post(
    "/{number}/repair",
    status_code=201,
    responses=problems(
        PlanNotFound,
        VersionNotFound,
        VersionDamaged,
        usecases.NothingToRepair,
        EnvelopeNotKept,
        ClosedMonthsNotKept,
        Infeasible,
        *NO_PLAN,
    )
    | sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.SOLVE)), Depends(look_at_version)],
)
def repair_version(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    body: Annotated[RepairIn, json_body(RepairIn)],
    response: Response,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    now: NowDep,
) -> VersionDetailOut:
    """Make another draft that keeps every limit and every sum again, with the smallest change:
    the least in all, and evenly spread.
    """
    made = usecases.repair_version(
        sessions, caller, plan_id, number, note=body.note, now=now, patience=patience
    )
    return answer_made(response, made, now)
