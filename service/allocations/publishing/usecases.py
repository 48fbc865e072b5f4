"""Publish a version with rows for its readers, and read what is in force when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import structlog
from sqlalchemy.orm import Session, sessionmaker

from service.allocations.publishing.repository import (
    PublishedQuotas,
    project,
    version_in_force,
)
from service.allocations.publishing.tables import PublishedQuota
from service.allocations.versions.repository import Chunks, StoredVersion
from service.allocations.versions.usecases.closing import refuse_other_closed_months
from service.allocations.versions.usecases.reading import units_wanted, unknown
from service.allocations.versions.usecases.storing import Made
from service.allocations.versions.usecases.visible import sight_of
from service.kit.auth import Caller
from service.kit.errors import NotFound
from service.kit.pages import PageRequest
from service.plans import life_cycle
from service.plans.domain import Action, advance
from service.plans.hindrances import Hindrance, refuse_unfinished
from service.plans.repository import Plans, PlanVersions
from service.plans.steps import VersionStep
from service.plans.tables import Plan, PlanVersion
from service.plans.usecases import version_etag

log = structlog.get_logger()


class NothingPublished(NotFound):
    """Nothing is published for this rep."""


def publish(
    sessions: sessionmaker[Session],
    reading: sessionmaker[Session],
    step: VersionStep,
    *,
    effective: date | None = None,
    hindrances: Sequence[Hindrance] = (),
) -> Made:
    """Make an approved version the binding one, and write its rows.

    What it says never changes, so it is read before anybody has to wait for the plan's lock. Then
    its head hash is logged, where nobody who can write the database can change it.
    Raises what `life_cycle.publish` does, ClosedMonthsDiffer, VersionDamaged and VersionUnfinished.
    """
    workspace_id = step.caller.workspace_id
    with reading.begin() as session:
        plan = Plans(session).get(workspace_id, step.plan_id)
        version = PlanVersions(session).get(plan.id, step.number)
        step.expected.check(version_etag(version))
        advance(version.status, Action.PUBLISH)
        seen = PlanVersions(session).published(plan.id)
        refuse_other_closed_months(session, plan, version, effective, step.now.date())
        rows = list(project(StoredVersion(version, Chunks(session, workspace_id))))
    with sessions.begin() as session:
        plan = Plans(session).get(workspace_id, step.plan_id, lock=True)
        replaced = PlanVersions(session).published(plan.id)
        version = PlanVersions(session).get(plan.id, step.number)
        if (seen and seen.number) != (replaced and replaced.number):  # published meanwhile
            refuse_other_closed_months(session, plan, version, effective, step.now.date())
        refuse_unfinished(session, version, hindrances)
        version = life_cycle.publish(session, step, effective=effective)
        quotas = PublishedQuotas(session, workspace_id)
        quotas.add(version, rows)
        if replaced is not None:
            quotas.end(replaced)
        done = Made.of(session, plan, version)
    log.info("version_published", plan=plan.id, number=version.number, hash=version.hash)
    return done


@dataclass(frozen=True, slots=True)
class Asked:
    """Which quotas somebody wants to see: a plan's, on a day; the rest may be left out."""

    plan_id: str
    day: date
    unit: str | None = None
    rep: str | None = None
    measure: str | None = None


def in_force(
    session: Session, caller: Caller, asked: Asked, page: PageRequest
) -> tuple[Sequence[PublishedQuota], str | None]:
    """The quotas in force on a day, by rep, as far as the caller sees that version.

    Outside the plan's period and before anything is published there are none. Raises PlanNotFound,
    and InvalidParameters for a unit or measure that the version does not have.
    """
    plan = Plans(session).get(caller.workspace_id, asked.plan_id)
    version = _in_force_on(session, plan, asked.day)
    if version is None or (sight := sight_of(session, caller, version)) is None:
        return [], None
    stored = StoredVersion(version, Chunks(session, caller.workspace_id))
    measure = asked.measure or stored.measures[0]
    if measure not in stored.measures:
        raise unknown("measure", f"names none of {', '.join(stored.measures)}")
    units = units_wanted(stored, sight, asked.unit)
    rep = asked.rep
    if sight.rep is not None:
        if rep not in (None, sight.rep):
            return [], None
        rep, units = sight.rep, None
    return PublishedQuotas(session, caller.workspace_id).page(
        version,
        measure,
        page,
        listing=f"{measure} of {version.hash} {sight.name} {asked.unit} {rep}",
        units=units,
        rep=rep,
    )


def why_nothing_is_in_force(session: Session, caller: Caller, asked: Asked) -> str | None:
    """In words, and which day to ask for instead; None where a version is in force that day."""
    plan = Plans(session).get(caller.workspace_id, asked.plan_id)
    if _in_force_on(session, plan, asked.day) is not None:
        return None
    start, end = plan.period_start, plan.period_end
    if not start <= asked.day <= end:
        return (
            f"{asked.day} is not in the plan's period, which goes from {start} to {end}. Ask for "
            f"one of its days: ?on={start}."
        )
    versions = PlanVersions(session).ever_in_force(plan.id)
    if not versions:
        return "No version of the plan has been published."
    return (
        f"No version is in force on {asked.day}; the first one is from "
        f"{versions[0].effective_from} on: ?on={versions[0].effective_from}."
    )


def _in_force_on(session: Session, plan: Plan, day: date) -> PlanVersion | None:
    within = plan.period_start <= day <= plan.period_end
    return version_in_force(session, plan.id, day) if within else None


def course_of(session: Session, caller: Caller, plan_id: str, rep: str) -> list[PublishedQuota]:
    """Every quota of a rep that was or is to be in force, in the order of days.

    Each as far as the caller sees the version that it is of. Raises PlanNotFound and
    NothingPublished.
    """
    plan = Plans(session).get(caller.workspace_id, plan_id)
    found = PublishedQuotas(session, caller.workspace_id).of_rep(plan.id, rep)
    versions = PlanVersions(session)
    sights = {
        number: sight_of(session, caller, versions.get(plan.id, number))
        for number in dict.fromkeys(row.version for row in found)
    }
    seen = [
        row
        for row in found
        if (sight := sights[row.version]) and sight.sees_rep({"rep": row.rep, "unit": row.unit})
    ]
    if not seen:
        raise NothingPublished(f"Nothing is published for rep {rep[:128]} in this plan.")
    return seen
