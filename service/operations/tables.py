"""Where operations are kept."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime


class Operation(Base):
    """A request, who sent it, how far it has come, and what came of it.

    `token` names the try that may store something for it; it holds until `claimed_until` unless it
    is renewed. `action` and `subject` are those of the trail, stamped in the transaction that did
    it, None as long as nothing was done. What only carrying it out needs is null once it is done.

    One may consist of `parts`, operations with a `place` each that are carried out for the caller
    of the whole. Nobody claims the whole, it is done when they are. Its `headers` and the members
    of its `body` are those of all parts that have none of their own.
    """

    __tablename__ = "operation"
    __table_args__ = (
        sa.Index(
            "ix_operation_under_way",
            "workspace_id",
            "turn",
            "id",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        sa.Index(None, "parent_id", "place"),
        sa.Index(
            "ix_operation_parts_left",
            "parent_id",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
        ),
        sa.Index(
            "ix_operation_carried_out",
            "workspace_id",
            "claimed_until",
            sqlite_where=sa.text("token IS NOT NULL"),
            postgresql_where=sa.text("token IS NOT NULL"),
        ),
        sa.Index("ix_operation_parts_done", "parent_id", "cancelled", "done_at"),
        sa.Index(
            "ix_operation_parts_failed",
            "parent_id",
            "place",
            sqlite_where=sa.text("status >= 300"),
            postgresql_where=sa.text("status >= 300"),
        ),
        sa.Index(None, "workspace_id", "done_at"),
        sa.Index("uq_operation_token", "token", unique=True),
    )

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    caller_id: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(60))
    method: Mapped[str] = mapped_column(sa.String(10))
    path: Mapped[str] = mapped_column(sa.String(2000))
    query: Mapped[str] = mapped_column(sa.Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    turn: Mapped[int] = mapped_column(default=0, server_default="0")
    """The smaller one comes first, whatever began earlier."""

    parts: Mapped[int | None]
    begun_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its parts were begun (again); None: when it was started."""
    parent_id: Mapped[str | None] = mapped_column(sa.String(40))
    place: Mapped[int | None]
    about: Mapped[str | None] = mapped_column(sa.String(200))
    """What a part is about, such as the id of a plan."""

    caller: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    headers: Mapped[list[list[str]] | None] = mapped_column(sa.JSON(none_as_null=True))
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """Compressed by zlib, as `result` is."""

    token: Mapped[str | None] = mapped_column(sa.String(32))
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    stage: Mapped[str | None] = mapped_column(sa.String(40))
    steps: Mapped[int] = mapped_column(default=0)

    action: Mapped[str | None] = mapped_column(sa.String(60))
    subject: Mapped[str | None] = mapped_column(sa.String(400))
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled: Mapped[bool] = mapped_column(default=False)
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(sa.String(2000))
    etag: Mapped[str | None] = mapped_column(sa.String(200))
    result: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
