"""The check of a whole plan over HTTP; that of one version stands with the versions."""

from fastapi import APIRouter, Depends

from service.allocations.verification.schemas import PlanVerificationOut
from service.allocations.verification.usecases import verify_plan
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadSessionDep
from service.kit.problems import problems
from service.plans.domain import PlanNotFound
from service.plans.router import PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/verify", tags=["versions"])


@router.get(
    "",
    responses=problems(PlanNotFound),
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def check_plan(
    plan_id: PlanIdPath, caller: CallerDep, session: ReadSessionDep
) -> PlanVerificationOut:
    """Check a plan again: all its versions, that none is missing, and the trail of who did what."""
    found = verify_plan(session, caller.workspace_id, plan_id)
    versions = [
        {"number": number, "valid": one.valid, "checks": one.checks, "faults": one.faults}
        for number, one in found.versions.items()
    ]
    return PlanVerificationOut.model_validate(
        {
            "valid": found.valid,
            "checks": {"versions": all(one["valid"] for one in versions)} | found.checks,
            "versions": versions,
            "faults": found.faults,
        }
    )
