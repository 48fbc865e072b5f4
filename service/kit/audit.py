"""Who did what when: a trail that only grows.

Every write of every feature records one entry in its own transaction, so that there is none without
the other. The database refuses to change or remove an entry (triggers in the migration), but for
what names somebody who is erased, which an entry after it says.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kit.auth import Caller
from service.kit.db import SEQUENCE, Base, UtcDateTime
from service.kit.forgetting import Forgotten, in_bulk
from service.kit.ids import new_id
from service.kit.pages import PageRequest, cursor_after
from service.kit.seals import Sealed, resealed
from service.kit.stamps import stamp

_OF_KEYS: Final = frozenset({"name", "person"})
"""What an entry about a key says of whose it is."""


class AuditEntry(Sealed, Base):
    """One thing that somebody did; `sequence` is the order in which it was done.

    What is changed under one lock is in the order of the lock, whatever the clocks of several
    servers say.
    """

    __tablename__ = "audit_entry"
    unsealed = frozenset({"sequence"})  # which the database gives
    __table_args__ = (sa.Index(None, "workspace_id", "subject", "sequence"),)

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.String(200))
    actor_name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20))
    action: Mapped[str] = mapped_column(sa.String(60))
    subject: Mapped[str] = mapped_column(sa.String(400))
    before: Mapped[str | None] = mapped_column(sa.Text)
    after: Mapped[str | None] = mapped_column(sa.Text)
    reason: Mapped[str | None] = mapped_column(sa.Text)
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)


def record(
    session: Session,
    caller: Caller,
    action: str,
    subject: str,
    *,
    now: datetime,
    before: str | None = None,
    after: str | None = None,
    reason: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry in the caller's workspace; it is stored if, and only if, `session` commits.

    `action` is a noun and a verb, such as `version.publish`; `subject` what it was done to, such as
    `plan_…/versions/3`. `before` and `after` are states or hashes, `reason` is what the caller
    gave, `facts` whatever else a reader has to know, as JSON.
    """
    session.add(
        AuditEntry(
            id=new_id("aud"),
            workspace_id=caller.workspace_id,
            at=now,
            actor=caller.id,
            actor_name=caller.name,
            role=caller.role.value,
            action=action,
            subject=subject,
            before=before,
            after=after,
            reason=reason,
            facts=dict(facts or {}),
        )
    )
    stamp(session, action, subject)


def trail(workspace_id: str, subject: str) -> sa.Select[AuditEntry]:
    """What was done to one subject; order by `AuditEntry.sequence`, the oldest first."""
    return sa.select(AuditEntry).filter_by(workspace_id=workspace_id, subject=subject)


def naming(
    session: Session, person: Forgotten, about_them: Collection[str]
) -> Sequence[dict[str, Any]]:
    """The entries that name a person, as `forget` takes them. `about_them`: subjects whose reasons
    are about the person.
    """
    about = sa.or_(
        AuditEntry.actor.in_(person.actors),
        AuditEntry.subject.in_([*person.actors, *about_them]),
        person.may_be_named_in(AuditEntry.reason),
    )
    query = sa.select(AuditEntry).filter_by(workspace_id=person.workspace_id).where(about)
    return [
        {"sequence": entry.sequence, **resealed(entry, changes)}
        for entry in session.scalars(query)
        if (changes := _without(entry, person, about_them))
    ]


def forget(session: Session, entries: Sequence[dict[str, Any]]) -> None:
    """Take the names out of these; a newer entry has to say so already."""
    in_bulk(session, AuditEntry, entries)


def _without(entry: AuditEntry, person: Forgotten, about_them: Collection[str]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if entry.actor in person.actors and entry.actor_name != entry.actor:
        changes["actor_name"] = entry.actor
    if entry.reason is not None and (
        entry.subject in about_them or person.is_named_in(entry.reason)
    ):
        changes["reason"] = None
    if entry.subject in person.actors and not entry.facts.keys().isdisjoint(_OF_KEYS):
        changes["facts"] = {name: own for name, own in entry.facts.items() if name not in _OF_KEYS}
    return changes


def deeds(session: Session, workspace_id: str, actors: Collection[str]) -> list[tuple[str, str]]:
    """Under which names these did something, and to what."""
    query = sa.select(AuditEntry.actor_name, AuditEntry.subject).filter_by(
        workspace_id=workspace_id
    )
    rows = session.execute(query.where(AuditEntry.actor.in_(actors)).distinct())
    return [(name, subject) for name, subject in rows]


def page_of_entries(
    session: Session,
    workspace_id: str,
    query: sa.Select[AuditEntry],
    page: PageRequest,
    *,
    listing: str,
    newest_first: bool = False,
) -> tuple[Sequence[AuditEntry], str | None]:
    """One page of entries of a workspace in the order in which they were done, and the cursor of
    the next. Raises InvalidParameters for a foreign cursor.

    A cursor is the id of an entry: its number would tell how much is done in other workspaces.
    """
    place = AuditEntry.sequence
    if (after := page.after(listing, str)) is not None:
        last = sa.select(place).filter_by(workspace_id=workspace_id, id=after).scalar_subquery()
        query = query.where(place < last if newest_first else place > last)
    ordered = query.order_by(place.desc() if newest_first else place).limit(page.limit + 1)
    rows = session.scalars(ordered).all()
    shown = rows[: page.limit]
    return shown, cursor_after(listing, shown[-1].id) if len(rows) > page.limit else None
