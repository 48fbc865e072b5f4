"""`fairquota db verify`: check everything that is stored for ever."""

from __future__ import annotations

import sqlalchemy as sa
import typer

from service.allocations.verification.usecases import (
    PlanVerification,
    WorkspaceVerification,
    strays,
    verify_workspace,
)
from service.cli.database import in_words, opened, read_settings
from service.cli.failure import Failure
from service.cli.output import Table, show
from service.kit.auth import Workspace
from service.kit.db import Database
from service.kit.row_security import EVERYWHERE, is_bypassed

NOT_VALID = 1


def verify_database() -> None:
    """Print a line for each plan; raises Failure with exit code 1 if anything does not hold."""
    settings = read_settings()
    with opened(settings) as database, in_words(settings):
        found = {name: _of_workspace(database, name) for name in _workspaces(database)}
        lost = _strays(database)
    rows = [
        (workspace, plan, len(checked.versions), "holds" if checked.valid else "FAILS")
        for workspace, own in found.items()
        for plan, checked in own.plans.items()
    ]
    show(Table("plans", ("workspace", "plan", "versions", "result"), rows))
    faults = [fault for own in found.values() for fault in _faults(own)]
    if faults or lost:
        raise Failure("\n  ".join(["What is stored does not hold:", *faults, *lost]), NOT_VALID)


def _workspaces(database: Database) -> list[str]:
    with database.of(EVERYWHERE).reading.begin() as session:
        return list(session.scalars(sa.select(Workspace.id).order_by(Workspace.id)))


def _of_workspace(database: Database, workspace_id: str) -> WorkspaceVerification:
    with database.of(workspace_id).reading.begin() as session:
        return verify_workspace(session, workspace_id)


def _strays(database: Database) -> list[str]:
    with database.reading.begin() as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql" and not is_bypassed(connection):
            typer.echo(
                "Rows of no workspace cannot be seen by this database role; a superuser sees them.",
                err=True,
            )
            return []
        return strays(session)


def _faults(own: WorkspaceVerification) -> list[str]:
    return [
        *own.faults,
        *(f"{name}: {fault}" for name, plan in own.plans.items() for fault in _of_plan(plan)),
    ]


def _of_plan(plan: PlanVerification) -> list[str]:
    versions = (
        f"version {number}: {fault}"
        for number, version in plan.versions.items()
        for fault in version.faults
    )
    return [*plan.faults, *versions]
