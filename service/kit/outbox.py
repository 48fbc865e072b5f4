"""What happened, for whoever is told of it outside: announced in the transaction that did it.

Features announce and never call upwards. `webhooks` relays what is announced; an announcement that
was committed is relayed at least once, one whose transaction failed never.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kit.db import SEQUENCE, Base, UtcDateTime
from service.kit.ids import new_id


class OutboxEvent(Base):
    """Something that happened; its id is the same at every attempt to tell of it.

    Of two announcements the one that was committed later may have the smaller `sequence`, so nobody
    may read on from the last number seen: `relayed_at` says what is done.
    """

    __tablename__ = "outbox_event"
    __table_args__ = (
        sa.Index(
            "ix_outbox_event_waiting",
            "sequence",
            sqlite_where=sa.text("relayed_at IS NULL"),
            postgresql_where=sa.text("relayed_at IS NULL"),
        ),
    )

    sequence: Mapped[int] = mapped_column(SEQUENCE, primary_key=True)
    id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(sa.String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    relayed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def announce(
    session: Session, workspace_id: str, kind: str, payload: Mapping[str, Any], *, now: datetime
) -> None:
    """Say that something happened; it is told if, and only if, `session` commits.

    `kind` is a noun and what became of it, such as `version.published`; `payload` is JSON, money in
    it as answers tell it.
    """
    session.add(
        OutboxEvent(
            id=new_id("msg"),
            workspace_id=workspace_id,
            at=now,
            kind=kind,
            payload=dict(payload),
        )
    )


def waiting(
    session: Session, workspace_id: str, *, limit: int, lock: bool = False
) -> Sequence[OutboxEvent]:
    """The oldest announcements of a workspace that nobody has relayed yet.

    `lock=True`: others who want to relay them wait, and then find those that are left.
    """
    query = sa.select(OutboxEvent).filter_by(workspace_id=workspace_id, relayed_at=None)
    query = query.order_by(OutboxEvent.sequence).limit(limit)
    return session.scalars(query.with_for_update() if lock else query).all()
