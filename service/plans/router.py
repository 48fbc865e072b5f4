"""Plans over HTTP; their versions are solved and read in `allocations`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BeforeValidator

from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import json_body
from service.kit.clock import NowDep
from service.kit.db import ReadSessionDep, SessionDep
from service.kit.errors import PreconditionFailed
from service.kit.etags import IfMatchDep, send_etag
from service.kit.headers import ETAG, LOCATION, sends
from service.kit.pages import Page, PageDep
from service.kit.problems import problems
from service.plans import usecases
from service.plans.domain import (
    MOST_VERSIONS,
    CurrencyIsFixed,
    PlanIsPublished,
    PlanIsUnderReview,
    PlanNotFound,
)
from service.plans.repository import Plans
from service.plans.schemas import PlanIn, PlanOut, PlanPatch

router = APIRouter(prefix="/plans", tags=["plans"])


def plain_digits(text: str) -> str:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("must be a whole number")
    return text


PlanIdPath = Annotated[str, Path(description="plan_…")]
NumberPath = Annotated[int, BeforeValidator(plain_digits), Path(ge=1, le=MOST_VERSIONS)]


@router.post(
    "",
    status_code=201,
    responses=sends(201, ETAG, LOCATION),
    dependencies=[Depends(needs(Permission.WRITE_PLANS))],
)
def create_plan(
    body: Annotated[PlanIn, json_body(PlanIn)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    now: NowDep,
) -> PlanOut:
    """Start a planning cycle: its name, currency, rounding and period."""
    plan = usecases.create_plan(
        session,
        caller,
        name=body.name,
        currency=body.currency,
        increment=body.increment_minor(),
        period=(body.period.start, body.period.end),
        now=now,
    )
    send_etag(response, usecases.plan_etag(plan))
    response.headers["Location"] = f"/v1/plans/{plan.id}"
    return PlanOut.of(plan)


@router.get("", dependencies=[Depends(needs(Permission.READ_PLANS))])
def list_plans(caller: CallerDep, session: ReadSessionDep, page: PageDep) -> Page[PlanOut]:
    """All plans, newest first."""
    plans, next_cursor = Plans(session).page(caller.workspace_id, page)
    return Page(items=[PlanOut.of(plan) for plan in plans], next_cursor=next_cursor)


@router.get(
    "/{plan_id}",
    responses=problems(PlanNotFound) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.READ_PLANS))],
)
def get_plan(
    plan_id: PlanIdPath, response: Response, caller: CallerDep, session: ReadSessionDep
) -> PlanOut:
    """One plan."""
    plan = Plans(session).get(caller.workspace_id, plan_id)
    send_etag(response, usecases.plan_etag(plan))
    return PlanOut.of(plan)


@router.patch(
    "/{plan_id}",
    responses=problems(PlanNotFound, CurrencyIsFixed, PreconditionFailed) | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.WRITE_PLANS))],
)
def change_plan(
    plan_id: PlanIdPath,
    *,
    body: Annotated[PlanPatch, json_body(PlanPatch)],
    response: Response,
    caller: CallerDep,
    session: SessionDep,
    expected: IfMatchDep,
    now: NowDep,
) -> PlanOut:
    """Change a plan's name, rounding or period, and its currency while nothing is stored in it."""
    changes = usecases.PlanChanges(
        name=body.name,
        currency=body.currency,
        increment=body.increment,
        period_start=body.period.start,
        period_end=body.period.end,
    )
    plan = usecases.change_plan(session, caller, plan_id, changes, expected=expected, now=now)
    send_etag(response, usecases.plan_etag(plan))
    return PlanOut.of(plan)


@router.delete(
    "/{plan_id}",
    status_code=204,
    response_class=Response,
    responses=problems(PlanNotFound, PlanIsPublished, PlanIsUnderReview, PreconditionFailed),
    dependencies=[Depends(needs(Permission.WRITE_PLANS))],
)
def delete_plan(
    plan_id: PlanIdPath, caller: CallerDep, session: SessionDep, expected: IfMatchDep, now: NowDep
) -> None:
    """Delete a plan and its drafts; once a version was published, a plan stays.

    Versions that somebody has submitted are withdrawn or rejected first.
    """
    usecases.delete_plan(session, caller, plan_id, expected=expected, now=now)
