"""Simulations over HTTP: of a body, and of a stored version. Both store nothing."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Response

from service.allocations.caller import PatienceDep
from service.allocations.infeasible import Infeasible
from service.allocations.simulation import usecases
from service.allocations.simulation.schemas import SimulationAsked, SimulationBody, SimulationOut
from service.allocations.simulation.usecases import NothingToDraw
from service.allocations.solving import NO_PLAN, SolveTookTooLong
from service.allocations.versions.repository import VersionDamaged
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.db import ReadingSessionsDep
from service.kit.errors import InvalidInput
from service.kit.patient_body import Sent, patient_body
from service.kit.problems import problems
from service.plans.domain import PlanNotFound, VersionNotFound
from service.plans.policy import PolicyBody
from service.plans.router import NumberPath, PlanIdPath

router = APIRouter()


@router.post(
    "/allocations/simulation",
    tags=["allocations"],
    response_model=SimulationOut,
    responses=problems(Infeasible, NothingToDraw, *NO_PLAN),
    dependencies=[Depends(needs(Permission.ALLOCATE))],
)
def simulate_allocation(
    sent: Annotated[Sent, patient_body(SimulationBody, policy=PolicyBody)], patience: PatienceDep
) -> Response:
    """Split a target, draw years of sales around the quotas, and count; nothing is stored.

    Every figure stands beside the formula's, with its standard error. The same seed gives the same
    answer.
    """
    return _json(usecases.simulate_once(sent, patience))


@router.post(
    "/plans/{plan_id}/versions/{number}/simulation",
    tags=["versions"],
    response_model=SimulationOut,
    responses=problems(
        PlanNotFound,
        VersionNotFound,
        InvalidInput,
        NothingToDraw,
        VersionDamaged,
        SolveTookTooLong,
    ),
    dependencies=[Depends(needs(Permission.READ_PROOFS))],
)
def simulate_version(
    plan_id: PlanIdPath,
    number: NumberPath,
    *,
    sent: Annotated[Sent, patient_body(SimulationAsked)],
    caller: CallerDep,
    patience: PatienceDep,
    sessions: ReadingSessionsDep,
) -> Response:
    """Draw years of sales around the quotas of a version as they are stored."""
    place = caller.workspace_id, plan_id, number
    return _json(usecases.simulate_version(sessions, place, sent, patience))


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
