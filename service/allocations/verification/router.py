"""The check of a whole plan, and replays, over HTTP; one version is checked in `versions`."""

from fastapi import APIRouter, Depends

from service.allocations.caller import PatienceDep
from service.allocations.solving import NO_PLAN
from service.allocations.verification.schemas import PlanVerificationOut, ReplayOut
from service.allocations.verification.usecases import verify_plan
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.replaying import OtherEngine, replay
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.router import NumberPath, PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}", tags=["versions"])


@router.get(
    "/verify",
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


@router.post(
    "/versions/{number}/replay",
    responses=problems(PlanNotFound, VersionNotFound, VersionDamaged, OtherEngine, *NO_PLAN),
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def replay_version(
    plan_id: PlanIdPath,
    number: NumberPath,
    caller: CallerDep,
    patience: PatienceDep,
    sessions: ReadingSessionsDep,
) -> ReplayOut:
    """Solve a version's inputs and policy again and compare every byte; nothing is stored.

    Of an amended version the plan as it was solved is compared: its ledger is checked by `verify`.
    """
    found = replay(sessions, caller.workspace_id, plan_id, number, patience=patience)
    return ReplayOut(same=found.same, differences=list(found.differences))
