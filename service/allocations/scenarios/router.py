"""Policies side by side over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from service.allocations.caller import PatienceDep
from service.allocations.scenarios import usecases
from service.allocations.scenarios.schemas import ScenariosIn, ScenariosOut
from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.repository import VersionDamaged
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.clock import NowDep
from service.kit.db import SessionsDep
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.plans.domain import PlanNotFound
from service.plans.inputs import InputsMissing
from service.plans.router import PlanIdPath

router = APIRouter(prefix="/plans/{plan_id}/scenarios", tags=["versions"])


@router.post(
    "",
    responses=problems(PlanNotFound, InputsMissing, VersionDamaged, EnvelopeNotKept),
    dependencies=[Depends(needs(Permission.SOLVE))],
)
def compare_scenarios(
    plan_id: PlanIdPath,
    *,
    sent: Annotated[Sent, patient_body(ScenariosIn)],
    caller: CallerDep,
    patience: PatienceDep,
    sessions: SessionsDep,
    now: NowDep,
) -> ScenariosOut:
    """Solve the plan's working inputs under many policies, and say which of them no other beats.

    Each scenario has the time of one solve, and all of them that of four; who does not come to a
    plan in it is told as unsolved. Nothing is stored without `store`.
    """
    question = usecases.Question(sent.document, sent.faults)
    found = usecases.compare(sessions, caller, plan_id, question, now=now, patience=patience)
    return ScenariosOut.of(found)
