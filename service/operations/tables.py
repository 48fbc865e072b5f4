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
    """

    __tablename__ = "operation"
    __table_args__ = (
        sa.Index(
            "ix_operation_under_way",
            "workspace_id",
            "claimed_until",
            sqlite_where=sa.text("done_at IS NULL"),
            postgresql_where=sa.text("done_at IS NULL"),
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

    caller: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    headers: Mapped[list[list[str]] | None] = mapped_column(sa.JSON(none_as_null=True))
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """Compressed by zlib, as `result` is."""

    token: Mapped[str | None] = mapped_column(sa.String(32))
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int]
    stage: Mapped[str | None] = mapped_column(sa.String(40))
    steps: Mapped[int]

    action: Mapped[str | None] = mapped_column(sa.String(60))
    subject: Mapped[str | None] = mapped_column(sa.String(400))
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled: Mapped[bool]
    status: Mapped[int | None]
    location: Mapped[str | None] = mapped_column(sa.String(2000))
    etag: Mapped[str | None] = mapped_column(sa.String(200))
    result: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
