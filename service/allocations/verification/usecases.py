"""Check everything that is stored for ever: of a plan, of a workspace, of the whole database.

    version     its bytes, its row, its history and its numbers (`versions.usecases.verifying`)
    plan        all its versions, numbered without a gap, the trail of who did what with them, and
                what readers of published quotas are told
    workspace   all its plans and trails, and what is stored under a hash and used by no version
    database    all workspaces, and rows that belong to none

Nothing is mended, and what cannot be read is named like what has been changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import batched

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.allocations.publishing.repository import PublishedQuotas, project
from service.allocations.versions.repository import Chunks, StoredVersion, VersionDamaged
from service.allocations.versions.usecases.verifying import (
    UNREADABLE,
    SharedRows,
    Verification,
    in_short,
    verify,
)
from service.kit.audit import AuditEntry
from service.kit.auth import Workspace
from service.kit.db import Base
from service.plans.domain import EVER_PUBLISHED
from service.plans.repository import Plans
from service.plans.tables import Plan, PlanVersion
from service.roster.repository import SnapshotDamaged, Snapshots

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PlanVerification:
    """What was found of each version by its number, and of what lies around them."""

    versions: dict[int, Verification]
    checks: dict[str, bool]
    """numbers: no version is missing. trail: nobody has changed who did what. published: readers
    of published quotas are told what their versions say.
    """
    faults: tuple[str, ...]
    """Of the checks; versions have their own."""

    @property
    def valid(self) -> bool:
        return all(self.checks.values()) and all(one.valid for one in self.versions.values())


@dataclass(frozen=True, slots=True)
class WorkspaceVerification:
    """What was found of each plan by its id, and of the rest of a workspace."""

    plans: dict[str, PlanVerification] = field(default_factory=dict)
    faults: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.faults and all(plan.valid for plan in self.plans.values())


def verify_plan(session: Session, workspace_id: str, plan_id: str) -> PlanVerification:
    """Raises PlanNotFound."""
    plan = Plans(session).get(workspace_id, plan_id)
    beside, shared = beside_versions(session, workspace_id, plan), SharedRows()
    return PlanVerification(
        {n: verify(session, workspace_id, plan.id, n, shared) for n in _numbers(session, plan)},
        {name: not faults for name, faults in beside.items()},
        tuple(fault for faults in beside.values() for fault in faults),
    )


def beside_versions(session: Session, workspace_id: str, plan: Plan) -> dict[str, list[str]]:
    """What does not hold of a plan besides its versions, by the names of the checks."""
    numbers = _numbers(session, plan)
    gone = sorted({*range(1, max(numbers, default=0) + 1)} - {*numbers})
    own = AuditEntry.subject.startswith(f"{plan.id}/", autoescape=True)
    trail = _altered(session, sa.or_(AuditEntry.subject == plan.id, own))
    published = _told_otherwise(session, workspace_id, plan)
    return {
        "numbers": [f"version {number} is missing" for number in gone],
        "trail": [*_as_far_as_readable("the trail", trail)],
        "published": [*_as_far_as_readable("what is published", published)],
    }


def verify_workspace(session: Session, workspace_id: str) -> WorkspaceVerification:
    query = sa.select(Plan.id).filter_by(workspace_id=workspace_id).order_by(Plan.id)
    plans = {
        plan_id: verify_plan(session, workspace_id, plan_id)
        for plan_id in session.scalars(query).all()
    }
    told = {fault for plan in plans.values() for fault in plan.faults}
    beside = beside_plans(session, workspace_id)
    return WorkspaceVerification(plans, tuple(fault for fault in beside if fault not in told))


def beside_plans(session: Session, workspace_id: str) -> Iterator[str]:
    """What does not hold of the trail, and of all that is stored under a hash."""
    parts = {
        "the trail": _altered(session, AuditEntry.workspace_id == workspace_id),
        "the list of inputs": _damaged_inputs(Snapshots(session, workspace_id)),
        "the list of chunks": _damaged_chunks(Chunks(session, workspace_id)),
    }
    for what, found in parts.items():
        yield from _as_far_as_readable(what, found)


def strays(session: Session) -> list[str]:
    """Rows that belong to no workspace or plan, and so are met by no other check.

    On PostgreSQL only a role that sees all workspaces can find them.
    """
    workspaces, plans = sa.select(Workspace.id), sa.select(Plan.id)
    found = []
    for table in Base.metadata.sorted_tables:
        outside = [
            table.c[name].not_in(known)
            for name, known in (("workspace_id", workspaces), ("plan_id", plans))
            if name in table.c
        ]
        count = sa.select(sa.func.count()).select_from(table).where(sa.or_(sa.false(), *outside))
        if lost := session.scalar(count):
            found.append(f"{table.name}: {lost} row(s) of no workspace or plan")
    return found


def _numbers(session: Session, plan: Plan) -> Sequence[int]:
    query = sa.select(PlanVersion.number).filter_by(plan_id=plan.id)
    return session.scalars(query.order_by(PlanVersion.number)).all()


def _as_far_as_readable(what: str, found: Iterator[str]) -> Iterator[str]:
    try:
        yield from found
    except UNREADABLE as reason:
        yield f"{what} cannot be read: {in_short(reason)}"


def _damaged_inputs(snapshots: Snapshots) -> Iterator[str]:
    for key in snapshots.hashes():
        try:
            snapshots.get(key, sealed=True)
        except SnapshotDamaged:
            yield f"the inputs {key} are damaged"


def _damaged_chunks(chunks: Chunks) -> Iterator[str]:
    for some in batched(chunks.hashes(), _AT_ONCE):
        whole = chunks.get(some, sealed=True)
        yield from (f"chunk {key} is damaged" for key in some if key not in whole)


def _told_otherwise(session: Session, workspace_id: str, plan: Plan) -> Iterator[str]:
    """The published quotas that are not those of their version."""
    rows, chunks = PublishedQuotas(session, workspace_id), Chunks(session, workspace_id)
    query = sa.select(PlanVersion).filter_by(plan_id=plan.id)
    dated = PlanVersion.effective_from.is_not(None)  # versions of before had no days and rows
    ever = session.scalars(query.where(PlanVersion.status.in_(EVER_PUBLISHED), dated)).all()
    for number in sorted({*rows.versions(plan.id)} - {version.number for version in ever}):
        yield f"quotas of version {number} are told as published, which it never was"
    for version in ever:
        try:
            others = list(rows.differing(version, project(StoredVersion(version, chunks))))
        except VersionDamaged as reason:
            yield f"whether its quotas are those published cannot be told: {reason}"
            continue
        yield from (
            f"version {version.number}: the published quota of {rep} is not what the version says"
            for rep in others
        )


def _altered(session: Session, where: sa.ColumnElement[bool]) -> Iterator[str]:
    """The entries of the trail that are not what was written."""
    query = sa.select(AuditEntry).where(where).order_by(AuditEntry.sequence)
    for entry in session.scalars(query):
        if not entry.is_intact:
            yield f"entry {entry.id} of the trail, on {entry.subject}, is not what was written"
