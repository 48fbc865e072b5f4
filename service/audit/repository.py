"""The trail of one workspace, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.audit import AuditEntry
from service.kit.pages import PageRequest, cursor_after

_LISTING = "audit"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries; None: whatever it is."""

    subject: str | None = None
    """Also what lies below it: `plan_…` finds what was done to its versions."""
    action: str | None = None
    actor: str | None = None


def page_of_trail(
    session: Session, workspace_id: str, page: PageRequest, asked: Asked
) -> tuple[Sequence[AuditEntry], str | None]:
    """Raises InvalidParameters for a foreign cursor.

    A cursor is the id of an entry: its number would tell how much is done in other workspaces.
    """
    query = sa.select(AuditEntry).filter_by(workspace_id=workspace_id)
    if asked.subject is not None:
        below = AuditEntry.subject.startswith(f"{asked.subject}/", autoescape=True)
        query = query.where(sa.or_(AuditEntry.subject == asked.subject, below))
    if asked.action is not None:
        query = query.filter_by(action=asked.action)
    if asked.actor is not None:
        query = query.filter_by(actor=asked.actor)
    if (after := page.after(_LISTING, str)) is not None:
        last = sa.select(AuditEntry.sequence).filter_by(workspace_id=workspace_id, id=after)
        query = query.where(AuditEntry.sequence < last.scalar_subquery())
    newest_first = query.order_by(AuditEntry.sequence.desc()).limit(page.limit + 1)
    rows = session.scalars(newest_first).all()
    shown = rows[: page.limit]
    return shown, cursor_after(_LISTING, shown[-1].id) if len(rows) > page.limit else None
