"""Publishing over HTTP, and what is in force when."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.allocations.publishing import usecases
from service.allocations.publishing.schemas import (
    CourseOut,
    InForceOut,
    PublishedQuotaOut,
    PublishedVersionOut,
    PublishIn,
)
from service.allocations.publishing.usecases import Asked, NothingPublished
from service.allocations.versions.made import detail_of
from service.allocations.versions.quotas_router import MeasureQuery
from service.allocations.versions.repository import VersionDamaged
from service.allocations.versions.usecases.closing import ClosedMonthsDiffer
from service.kit.access import Permission, needs
from service.kit.auth import CallerDep
from service.kit.body import optional_json_body
from service.kit.clock import NowDep
from service.kit.db import ReadingSessionsDep, ReadSessionDep, SessionsDep
from service.kit.etags import send_etag
from service.kit.headers import ETAG, sends
from service.kit.pages import PageDep
from service.kit.parameters import DayParameter
from service.kit.problems import problems
from service.plans.domain import EffectiveTooEarly, PeriodIsOver, PlanNotFound
from service.plans.hindrances import HindrancesDep, VersionUnfinished
from service.plans.life_cycle_router import STEP_PROBLEMS, StepDep
from service.plans.router import PlanIdPath
from service.plans.usecases import version_etag

router = APIRouter(prefix="/plans/{plan_id}/published", tags=["published"])
last_step = APIRouter(prefix="/plans/{plan_id}/versions/{number}", tags=["versions"])


@last_step.post(
    "/publish",
    responses=STEP_PROBLEMS
    | problems(
        ClosedMonthsDiffer, EffectiveTooEarly, PeriodIsOver, VersionDamaged, VersionUnfinished
    )
    | sends(200, ETAG),
    dependencies=[Depends(needs(Permission.PUBLISH))],
)
def publish_version(
    body: Annotated[PublishIn, optional_json_body(PublishIn)],
    step: StepDep,
    *,
    response: Response,
    sessions: SessionsDep,
    reading: ReadingSessionsDep,
    hindrances: HindrancesDep,
) -> PublishedVersionOut:
    """Make an approved version the binding one; the one it replaces is superseded.

    Refused while others have not finished their part, such as units that are frozen in it.
    """
    done = usecases.publish(
        sessions,
        reading,
        step.saying(body.note),
        effective=body.effective,
        hindrances=hindrances,
    )
    version = done.version
    send_etag(response, version_etag(version))
    told = detail_of(done, step.now)
    return PublishedVersionOut(**told.model_dump(by_alias=True), head=version.hash)


@router.get(
    "",
    responses=problems(PlanNotFound, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def list_published(
    plan_id: PlanIdPath,
    *,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
    on: Annotated[
        DayParameter | None, Query(description="A day; left out: today", examples=["2027-05-15"])
    ] = None,
    rep: Annotated[str | None, Query(description="This rep alone", examples=["r1"])] = None,
    unit: Annotated[
        str | None, Query(description="This unit and all units below it", examples=["west"])
    ] = None,
    measure: MeasureQuery = None,
) -> InForceOut:
    """The quotas that are in force on a day, by rep; none outside the plan's period."""
    asked = Asked(plan_id, on or now.date(), unit, rep, measure)
    rows, next_cursor = usecases.in_force(session, caller, asked, page)
    return InForceOut(
        items=[PublishedQuotaOut.of(row) for row in rows],
        next_cursor=next_cursor,
        on=asked.day,
        why_empty=usecases.why_nothing_is_in_force(session, caller, asked),
    )


@router.get(
    "/{rep:path}",
    responses=problems(PlanNotFound, NothingPublished, VersionDamaged),
    dependencies=[Depends(needs(Permission.READ_QUOTAS))],
)
def get_published(
    plan_id: PlanIdPath, rep: str, caller: CallerDep, session: ReadSessionDep
) -> CourseOut:
    """Every quota of a rep that was or is to be in force, from which day to which."""
    course = usecases.course_of(session, caller, plan_id, rep)
    return CourseOut(rep=rep, items=[PublishedQuotaOut.of(row) for row in course])
