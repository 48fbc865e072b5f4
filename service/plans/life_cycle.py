"""What one can do with a version: hand it in, decide about it, publish it. The caller commits.

Every step takes the lock of the plan, so steps of one plan come one after the other; it is written
into the audit trail, and announced, in the transaction that takes it.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.audit import AuditEntry, page_of_entries, record, trail
from service.kit.errors import Fault, InvalidInput
from service.kit.money import from_minor, minor_digits
from service.kit.outbox import announce
from service.kit.pages import PageRequest
from service.plans.domain import (
    Action,
    Replaced,
    SecondPersonNeeded,
    VersionStatus,
    advance,
    effective_date,
    version_subject,
)
from service.plans.hindrances import Hindrance, refuse_unfinished
from service.plans.repository import Plans, PlanVersions
from service.plans.steps import VersionStep
from service.plans.tables import Plan, PlanVersion
from service.plans.usecases import version_etag

_ANNOUNCED = {
    Action.SUBMIT: "version.submitted",
    Action.APPROVE: "version.approved",
    Action.REJECT: "version.rejected",
    Action.WITHDRAW: "version.withdrawn",
    Action.PUBLISH: "version.published",
}


def submit(
    session: Session,
    step: VersionStep,
    *,
    deadline: datetime | None = None,
    hindrances: Sequence[Hindrance] = (),
) -> PlanVersion:
    """Hand a draft in for a decision, which is due by `deadline` if there is one.

    Raises VersionUnfinished with every hindrance.
    """
    if deadline is not None and deadline <= step.now:
        raise InvalidInput([Fault("/deadline", "must be later than now", deadline.isoformat())])
    _, version = find(session, step)
    advance(version.status, Action.SUBMIT)
    refuse_unfinished(session, version, hindrances)
    before = _advance(version, Action.SUBMIT)
    version.submitted_at, version.submitted_by = step.now, step.caller.name
    version.deadline = deadline
    due = {"deadline": deadline.isoformat() if deadline else None}
    return _taken(session, step, version, Action.SUBMIT, before=before, facts=due)


def approve(session: Session, step: VersionStep, *, four_eyes: bool) -> PlanVersion:
    """Agree that a submitted version may be published.

    Raises SecondPersonNeeded if `four_eyes` and the caller submitted it.
    """
    _, version = find(session, step)
    before = _advance(version, Action.APPROVE)
    if four_eyes and step.caller.acted_as(_submitter(session, step)):
        raise SecondPersonNeeded("You submitted this version, so somebody else has to approve it.")
    version.approved_at, version.approved_by = step.now, step.caller.name
    return _taken(session, step, version, Action.APPROVE, before=before)


def reject(session: Session, step: VersionStep) -> PlanVersion:
    """Give a version back to those who made it; the step's note says why."""
    _, version = find(session, step)
    before = _back_to_draft(version, Action.REJECT)
    return _taken(session, step, version, Action.REJECT, before=before)


def withdraw(session: Session, step: VersionStep) -> PlanVersion:
    """Take a version back that was handed in."""
    _, version = find(session, step)
    before = _back_to_draft(version, Action.WITHDRAW)
    return _taken(session, step, version, Action.WITHDRAW, before=before)


def publish(session: Session, step: VersionStep, *, effective: date | None = None) -> PlanVersion:
    """Make an approved version the binding one; the one it replaces is superseded.

    It is in force from `effective` on; left out, `effective_date` says from when. Raises what that
    does. Readers look at rows that `allocations.publishing` writes beside this.
    """
    plan, version = find(session, step)
    advance(version.status, Action.PUBLISH)
    replaced = PlanVersions(session).published(plan.id)
    since = (replaced and replaced.effective_from) or plan.period_start
    version.effective_from = effective_date(
        effective,
        (plan.period_start, plan.period_end),
        Replaced(replaced.number, since) if replaced else None,
        step.now.date(),
    )
    if replaced is not None:
        until = version.effective_from - timedelta(days=1)
        _supersede(session, step, replaced, since=since, until=until)
    before = _advance(version, Action.PUBLISH)
    version.published_at, version.published_by = step.now, step.caller.name
    told = {
        "parent_hash": version.parent_hash,
        "effective_from": version.effective_from.isoformat(),
        "supersedes": replaced.number if replaced else None,
        "currency": plan.currency,
        "assigned": from_minor(version.assigned, minor_digits(plan.currency)),
    }
    return _taken(session, step, version, Action.PUBLISH, before=before, facts=told)


def history(
    session: Session, workspace_id: str, plan_id: str, number: int, page: PageRequest
) -> tuple[list[AuditEntry], PlanVersion, str | None]:
    """Who did what with a version, the oldest first; the version; the cursor of the next page."""
    plan = Plans(session).get(workspace_id, plan_id)
    version = PlanVersions(session).get(plan.id, number)
    subject = version_subject(plan.id, number)
    entries, cursor = page_of_entries(
        session,
        workspace_id,
        trail(workspace_id, subject),
        page,
        listing=f"history of {subject}",
    )
    return list(entries), version, cursor


def find(session: Session, step: VersionStep) -> tuple[Plan, PlanVersion]:
    """The plan, locked, and the version in the state that the caller has seen.

    Raises PlanNotFound, VersionNotFound and PreconditionFailed.
    """
    plan = Plans(session).get(step.caller.workspace_id, step.plan_id, lock=True)
    version = PlanVersions(session).get(plan.id, step.number)
    step.expected.check(version_etag(version))
    return plan, version


def _advance(version: PlanVersion, action: Action) -> VersionStatus:
    """Answers the state before."""
    before, version.status = version.status, advance(version.status, action)
    return before


def _back_to_draft(version: PlanVersion, action: Action) -> VersionStatus:
    before = _advance(version, action)
    version.round += 1
    version.deadline = None
    version.submitted_at = version.submitted_by = None
    version.approved_at = version.approved_by = None
    return before


def _submitter(session: Session, step: VersionStep) -> str | None:
    """Who submitted the version last, by their id: two people may have one name."""
    submitted = trail(step.caller.workspace_id, version_subject(step.plan_id, step.number))
    newest = submitted.filter_by(action="version.submit").order_by(sa.desc(AuditEntry.sequence))
    entry = session.scalar(newest.limit(1))
    return entry.actor if entry else None


def _supersede(
    session: Session, step: VersionStep, replaced: PlanVersion, *, since: date, until: date
) -> None:
    """`since`: its first day, `until`: its last one, which lies before the first if it was replaced
    before it took effect.
    """
    before = _advance(replaced, Action.SUPERSEDE)
    replaced.superseded_at = step.now
    replaced.effective_from = since
    replaced.effective_to = until
    session.flush()  # first: at most one version of a plan is published at any moment
    record(
        session,
        step.caller,
        "version.supersede",
        version_subject(replaced.plan_id, replaced.number),
        now=step.now,
        before=before,
        after=replaced.status,
        facts={"hash": replaced.hash, "by": step.number, "effective_to": until.isoformat()},
    )


def _taken(
    session: Session,
    step: VersionStep,
    version: PlanVersion,
    action: Action,
    *,
    before: VersionStatus,
    facts: Mapping[str, Any] | None = None,
) -> PlanVersion:
    """Store a step with its trace, and announce it."""
    session.flush()
    told = {"hash": version.hash} | dict(facts or {})
    record(
        session,
        step.caller,
        f"version.{action}",
        version_subject(version.plan_id, version.number),
        now=step.now,
        before=before,
        after=version.status,
        reason=step.note,
        facts=told,
    )
    announce(
        session,
        step.caller.workspace_id,
        _ANNOUNCED[action],
        {"plan": version.plan_id, "number": version.number} | told,
        now=step.now,
    )
    return version
