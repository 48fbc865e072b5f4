"""The trail of one workspace, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.audit import AuditEntry, page_of_entries
from service.kit.pages import PageRequest

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
    """Raises InvalidParameters for a foreign cursor."""
    query = sa.select(AuditEntry).filter_by(workspace_id=workspace_id)
    if asked.subject is not None:
        below = AuditEntry.subject.startswith(f"{asked.subject}/", autoescape=True)
        query = query.where(sa.or_(AuditEntry.subject == asked.subject, below))
    if asked.action is not None:
        query = query.filter_by(action=asked.action)
    if asked.actor is not None:
        query = query.filter_by(actor=asked.actor)
    return page_of_entries(session, workspace_id, query, page, listing=_LISTING, newest_first=True)
