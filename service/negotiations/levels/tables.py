"""What is stored of versions that put lanes together."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime
from service.plans.tables import of_version


class LaneAssembly(Base):
    """Which version put the lanes of a frame together, and whom it did not wait for."""

    __tablename__ = "unit_lane_assembly"
    __table_args__ = (of_version(),)

    plan_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"))
    frame: Mapped[int]
    units: Mapped[list[str]] = mapped_column(sa.JSON)
    exceptions: Mapped[list[str]] = mapped_column(sa.JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str] = mapped_column(sa.String(200))
    note: Mapped[str | None] = mapped_column(sa.Text)
