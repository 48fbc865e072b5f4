"""The trail of one workspace, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, sessionmaker

from service.kit.audit import AuditEntry, page_of_entries
from service.kit.pages import PageRequest

AT_ONCE = 1000
"""Entries of a file that are read in one transaction."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries; None: whatever it is."""

    subject: str | None = None
    """Also what lies below it: `plan_…` finds what was done to its versions."""
    action: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """The first moment after it."""


def page_of_trail(
    session: Session, workspace_id: str, page: PageRequest, asked: Asked
) -> tuple[Sequence[AuditEntry], str | None]:
    """Raises InvalidParameters for a foreign cursor."""
    query = _chosen(workspace_id, asked)
    listing = f"audit of {workspace_id}"
    return page_of_entries(session, workspace_id, query, page, listing=listing, newest_first=True)


def whole_trail(
    reading: sessionmaker[Session], workspace_id: str, asked: Asked
) -> Iterator[Sequence[AuditEntry]]:
    """Everything that is asked for, some at a time: nobody who reads slowly keeps a transaction
    open. What is done meanwhile is newer than the first entry, so it is not in it.
    """
    query = _chosen(workspace_id, asked).order_by(AuditEntry.sequence.desc()).limit(AT_ONCE)
    before: sa.ColumnElement[bool] = sa.true()
    while True:
        with reading.begin() as session:
            some = session.scalars(query.where(before)).all()
        yield some
        if len(some) < AT_ONCE:
            return
        before = AuditEntry.sequence < some[-1].sequence


def _chosen(workspace_id: str, asked: Asked) -> sa.Select[AuditEntry]:
    query = sa.select(AuditEntry).filter_by(workspace_id=workspace_id)
    if asked.subject is not None:
        below = AuditEntry.subject.startswith(f"{asked.subject}/", autoescape=True)
        query = query.where(sa.or_(AuditEntry.subject == asked.subject, below))
    if asked.action is not None:
        query = query.filter_by(action=asked.action)
    if asked.actor is not None:
        query = query.filter_by(actor=asked.actor)
    if asked.since is not None:
        query = query.where(AuditEntry.at >= asked.since)
    if asked.until is not None:
        query = query.where(AuditEntry.at < asked.until)
    return query
