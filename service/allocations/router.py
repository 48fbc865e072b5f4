"""One-shot allocations over HTTP: facts and policy in, quotas out, nothing stored."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Response

from service.allocations import usecases
from service.allocations.caller import PatienceDep
from service.allocations.infeasible import Infeasible
from service.allocations.schemas import AllocationBody, AllocationOut, CheckOut
from service.allocations.solving import NO_PLAN
from service.kit.access import Permission, needs
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.plans.policy import PolicyBody

router = APIRouter(prefix="/allocations", tags=["allocations"])

SentBody = Annotated[Sent, patient_body(AllocationBody, policy=PolicyBody)]


@router.post(
    "",
    response_model=AllocationOut,
    responses=problems(Infeasible, *NO_PLAN),
    dependencies=[Depends(needs(Permission.ALLOCATE))],
)
def allocate(sent: SentBody, patience: PatienceDep) -> Response:
    """Split a target into fair quotas in one call; nothing is stored.

    Rules that cannot all hold are answered with the smallest set that conflicts and the smallest
    change that mends it.
    """
    return Response(usecases.allocate_once(sent, patience), media_type="application/json")


@router.post(
    "/check",
    response_model=CheckOut,
    responses=problems(*NO_PLAN),
    dependencies=[Depends(needs(Permission.ALLOCATE))],
)
def check(sent: SentBody, patience: PatienceDep) -> Response:
    """Validate facts and policy, and say whether the rules can all hold, without solving."""
    said = orjson.dumps(usecases.check_once(sent, patience))
    return Response(said, media_type="application/json")
