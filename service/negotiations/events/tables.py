"""What is stored of events. Money in minor units."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime


class PlanEvent(Base):
    """Something that happens to people, seats or the target in the middle of a plan's period."""

    __tablename__ = "plan_event"
    __table_args__ = (sa.Index(None, "plan_id", "id"),)

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"))
    version: Mapped[int]
    """The version that was in force when it was proposed."""
    kind: Mapped[str] = mapped_column(sa.String(20))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    """What it says (`domain.kinds.Event`); no names of people."""
    effective: Mapped[date]
    closed_through: Mapped[str | None] = mapped_column(sa.String(7))
    """The month through which books are closed; None: only what has ended is."""
    person: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """The row of somebody hired. Personal: it is forgotten when the event is decided."""
    status: Mapped[str] = mapped_column(sa.String(20))
    funding: Mapped[str | None] = mapped_column(sa.String(20))
    accepted_in: Mapped[int | None]
    """The version that holds what came of it."""
    seats: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """Once accepted: who sits in which seat after it (`domain.seating.kept`)."""
    consequence: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """Once accepted: what came of it, as it was shown."""
    revision: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(sa.String(200))
    proposer: Mapped[str] = mapped_column(sa.String(200))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(sa.String(200))
