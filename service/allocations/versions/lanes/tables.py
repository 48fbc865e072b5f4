"""What is stored of lanes: where each stands, and who did what in it. Money in minor units.

What a lane's reps carry stands in a chunk (`versions.tables.Chunk`) that `work` names. Nobody's
work in one lane writes a row that another lane's work reads or writes.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.allocations.versions.lanes.domain.lane import LaneStatus
from service.kit.db import Base, UtcDateTime, by_value
from service.plans.tables import HASH, of_version


class UnitLane(Base):
    """One unit of one draft, worked on by its owner; `revision` is its own ETag."""

    __tablename__ = "unit_lane"
    __table_args__ = (of_version(),)

    plan_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    status: Mapped[LaneStatus] = mapped_column(by_value(LaneStatus))
    envelope: Mapped[int] = mapped_column(sa.BigInteger)
    work: Mapped[str] = mapped_column(HASH)
    revision: Mapped[int]
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    frozen_by: Mapped[str] = mapped_column(sa.String(200))
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_by: Mapped[str | None] = mapped_column(sa.String(200))


class LaneStep(Base):
    """Who did what in a lane, and why: what people wrote stands beside the work, never in it."""

    __tablename__ = "unit_lane_step"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["plan_id", "version", "unit"],
            ["unit_lane.plan_id", "unit_lane.version", "unit_lane.unit"],
            ondelete="CASCADE",
        ),
    )

    plan_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """That the step led to."""
    action: Mapped[str] = mapped_column(sa.String(20))
    work: Mapped[str] = mapped_column(HASH)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(sa.String(200))
    note: Mapped[str | None] = mapped_column(sa.Text)
    adjustments: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)
    """`rep`, `quota` in minor units, `reason`."""
