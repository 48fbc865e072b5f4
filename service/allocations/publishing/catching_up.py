"""Rows for versions that were published by a release that wrote none."""

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from service.allocations.publishing.repository import Projection, PublishedQuotas, project
from service.allocations.publishing.tables import PublishedQuota
from service.allocations.versions.repository import Chunks, StoredVersion, VersionDamaged
from service.kit.auth import Workspace
from service.kit.db import Database
from service.kit.row_security import EVERYWHERE
from service.plans.domain import EVER_PUBLISHED, VersionStatus
from service.plans.repository import Plans, PlanVersions
from service.plans.tables import Plan, PlanVersion

log = structlog.get_logger()


def catch_up(database: Database) -> int:
    """Write the missing rows of published versions in all workspaces; how many had none.

    Such a version is in force from the first day of its plan's period; those that were superseded
    before versions had days stay without. One that is damaged is logged and left as it is.
    """
    with database.of(EVERYWHERE).reading.begin() as session:
        workspaces = session.scalars(sa.select(Workspace.id).order_by(Workspace.id)).all()
    return sum(_catch_up_in(database.of(one), one) for one in workspaces)


def _catch_up_in(database: Database, workspace_id: str) -> int:
    with database.reading.begin() as session:
        missing = session.execute(_published_without_rows(workspace_id)).all()
    for plan_id, number in missing:
        try:
            with database.reading.begin() as session:
                rows = _rows_of(session, workspace_id, plan_id, number)
        except VersionDamaged:
            log.exception("version_without_rows", plan=plan_id, number=number)
            continue
        with database.sessions.begin() as session:
            plan = Plans(session).get(workspace_id, plan_id, lock=True)
            version = PlanVersions(session).get(plan_id, number)
            if not _has_rows(session, version):  # another process may have been quicker
                version.effective_from = version.effective_from or plan.period_start
                session.flush()
                quotas = PublishedQuotas(session, workspace_id)
                quotas.add(version, rows)
                quotas.end(version)
    return len(missing)


def _published_without_rows(workspace_id: str) -> sa.Select[str, int]:
    rows = sa.exists().where(
        PublishedQuota.plan_id == PlanVersion.plan_id,
        PublishedQuota.version == PlanVersion.number,
    )
    return (
        sa.select(PlanVersion.plan_id, PlanVersion.number)
        .join(Plan, Plan.id == PlanVersion.plan_id)
        .where(
            Plan.workspace_id == workspace_id,
            PlanVersion.status.in_(EVER_PUBLISHED),
            PlanVersion.effective_from.is_not(None)
            | (PlanVersion.status == VersionStatus.PUBLISHED),
            ~rows,
        )
        .order_by(PlanVersion.plan_id)
    )


def _has_rows(session: Session, version: PlanVersion) -> bool:
    rows = sa.select(PublishedQuota.rep).filter_by(plan_id=version.plan_id, version=version.number)
    return session.scalar(rows.limit(1)) is not None


def _rows_of(session: Session, workspace_id: str, plan_id: str, number: int) -> list[Projection]:
    version = PlanVersions(session).get(plan_id, number)
    return list(project(StoredVersion(version, Chunks(session, workspace_id))))
