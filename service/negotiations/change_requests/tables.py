"""What is stored of change requests: their state, their steps, and what people wrote beside them.

Money in minor units.
"""

from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime
from service.negotiations.change_requests.domain.life import UNDECIDED

_UNDECIDED: Final = sa.text(
    "status IN (%s)" % ", ".join(f"'{status}'" for status in sorted(UNDECIDED))  # noqa: UP031 -- SQL
)


class ChangeRequest(Base):
    """Somebody asks to have a rep's quota changed; at most one undecided one per quota."""

    __tablename__ = "change_request"
    __table_args__ = (
        sa.Index(
            "uq_change_request_undecided",
            "plan_id",
            "version",
            "rep",
            unique=True,
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        ),
        sa.Index(None, "plan_id", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"))
    version: Mapped[int]
    rep: Mapped[str] = mapped_column(sa.String(128))
    unit: Mapped[str | None] = mapped_column(sa.String(128))
    """The rep's own in that version; None: the company."""
    lies_with: Mapped[str | None] = mapped_column(sa.String(128))
    """The unit whose owner decides; None: the company."""
    status: Mapped[str] = mapped_column(sa.String(20))
    quota: Mapped[int] = mapped_column(sa.BigInteger)
    """As the version has it."""
    proposed: Mapped[int] = mapped_column(sa.BigInteger)
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)
    deadline: Mapped[date]
    amount: Mapped[int | None] = mapped_column(sa.BigInteger)
    """Countered or granted, and so are the next two."""
    funding: Mapped[str | None] = mapped_column(sa.String(20))
    effective: Mapped[str | None] = mapped_column(sa.String(7))
    resources: Mapped[list[str] | None] = mapped_column(sa.JSON(none_as_null=True))
    granted_in: Mapped[int | None]
    """The version that grants it; None also where resources were granted instead of money."""
    requested_by: Mapped[str] = mapped_column(sa.String(200))
    requester: Mapped[str] = mapped_column(sa.String(200))
    requester_role: Mapped[str] = mapped_column(sa.String(20))
    revision: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ChangeRequestStep(Base):
    """One thing that was done with a request; the database refuses to change it."""

    __tablename__ = "change_request_step"

    request_id: Mapped[str] = mapped_column(
        sa.ForeignKey("change_request.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str] = mapped_column(sa.String(20))
    status: Mapped[str] = mapped_column(sa.String(20))
    """After it."""
    side: Mapped[str] = mapped_column(sa.String(20))
    actor: Mapped[str] = mapped_column(sa.String(200))
    actor_name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20))
    lies_with: Mapped[str | None] = mapped_column(sa.String(128))
    amount: Mapped[int | None] = mapped_column(sa.BigInteger)
    funding: Mapped[str | None] = mapped_column(sa.String(20))
    effective: Mapped[str | None] = mapped_column(sa.String(7))


class ChangeRequestNote(Base):
    """Free text about a person, which can be erased; `place` is where it belongs.

    `request`, `evidence/0`, `step/2`.
    """

    __tablename__ = "change_request_note"

    request_id: Mapped[str] = mapped_column(
        sa.ForeignKey("change_request.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
