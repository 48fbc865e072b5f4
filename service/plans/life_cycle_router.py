"""The steps of a version over HTTP, but for the last one, which is in `allocations`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body, optional_json_body
from service.kit.clock import NowDep
from service.kit.db import SessionDep
from service.kit.errors import PreconditionFailed, PreconditionRequired
from service.kit.etags import RequiredIfMatchDep, send_etag
from service.kit.headers import ETAG, sends
from service.kit.problems import problems
from service.plans import life_cycle
from service.plans.domain import (
    PlanNotFound,
    SecondPersonNeeded,
    TransitionNotAllowed,
    VersionNotFound,
)
from service.plans.hindrances import SubmitHindrancesDep, VersionUnfinished
from service.plans.life_cycle_schemas import RejectIn, StepIn, SubmitIn
from service.plans.outcome import Outcome
from service.plans.repository import Plans
from service.plans.router import NumberPath, PlanIdPath
from service.plans.steps import VersionStep
from service.plans.tables import PlanVersion
from service.plans.usecases import version_etag
from service.plans.version_schemas import VersionDetailOut

router = APIRouter(prefix="/plans/{plan_id}/versions/{number}", tags=["versions"])

STEP_PROBLEMS = problems(
    PlanNotFound,
    VersionNotFound,
    TransitionNotAllowed,
    PreconditionFailed,
    PreconditionRequired,
)


async def read_step(
    plan_id: PlanIdPath,
    number: NumberPath,
    caller: CallerDep,
    expected: RequiredIfMatchDep,
    now: NowDep,
) -> VersionStep:
    """What the address and the headers say of a step of a version."""
    return VersionStep(caller=caller, plan_id=plan_id, number=number, expected=expected, now=now)


StepDep = Annotated[VersionStep, Depends(read_step)]


@router.post(
    "/submit",
    responses=STEP_PROBLEMS | problems(VersionUnfinished) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.SUBMIT))],
)
def submit_version(
    body: Annotated[SubmitIn, optional_json_body(SubmitIn)],
    step: StepDep,
    response: Response,
    session: SessionDep,
    hindrances: SubmitHindrancesDep,
) -> VersionDetailOut:
    """Hand a draft in for a decision, which may be due by a deadline.

    Refused while units are frozen in it and not signed.
    """
    version = life_cycle.submit(
        session, step.saying(body.note), deadline=body.deadline, hindrances=hindrances
    )
    return answer_version(session, response, step, version)


@router.post(
    "/approve",
    responses=STEP_PROBLEMS | problems(SecondPersonNeeded) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.APPROVE))],
)
def approve_version(
    body: Annotated[StepIn, optional_json_body(StepIn)],
    step: StepDep,
    request: Request,
    response: Response,
    session: SessionDep,
) -> VersionDetailOut:
    """Agree that a submitted version may be published."""
    four_eyes: bool = request.app.state.settings.four_eyes
    version = life_cycle.approve(session, step.saying(body.note), four_eyes=four_eyes)
    return answer_version(session, response, step, version)


@router.post(
    "/reject",
    responses=STEP_PROBLEMS | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.APPROVE))],
)
def reject_version(
    body: Annotated[RejectIn, json_body(RejectIn)],
    step: StepDep,
    response: Response,
    session: SessionDep,
) -> VersionDetailOut:
    """Give a submitted or approved version back, with the reason; it is a draft again."""
    version = life_cycle.reject(session, step.saying(body.reason))
    return answer_version(session, response, step, version)


@router.post(
    "/withdraw",
    responses=STEP_PROBLEMS | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.SUBMIT))],
)
def withdraw_version(
    body: Annotated[StepIn, optional_json_body(StepIn)],
    step: StepDep,
    response: Response,
    session: SessionDep,
) -> VersionDetailOut:
    """Take a submitted or approved version back; it is a draft again."""
    version = life_cycle.withdraw(session, step.saying(body.note))
    return answer_version(session, response, step, version)


def answer_version(
    session: Session, response: Response, step: VersionStep, version: PlanVersion
) -> VersionDetailOut:
    """The version as it is after a step."""
    workspace_id = step.caller.workspace_id
    plan = Plans(session).get(workspace_id, step.plan_id)
    send_etag(response, version_etag(version))
    outcome = Outcome.of(session, workspace_id, version)
    return VersionDetailOut.of_whole(version, outcome, plan.currency, now=step.now)
