"""What is stored of published quotas: one row for a rep, a measure and a version."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base


class PublishedQuota(Base):
    """A quota as a published version has it, and the days on which it is in force.

    The database refuses to change or remove one (triggers in the migration), but for the day on
    which it ends. It has no foreign keys, for a published version can never be removed either.
    """

    __tablename__ = "published_quota"
    __table_args__ = (sa.Index(None, "plan_id", "rep"),)

    plan_id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    measure: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    rep: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.String(40))
    unit: Mapped[str | None] = mapped_column(sa.String(128))
    quota: Mapped[int] = mapped_column(sa.BigInteger)  # minor units, or whole things
    digits: Mapped[int]
    """Minor digits of the currency; 0 where things are counted."""
    currency: Mapped[str | None] = mapped_column(sa.String(3))
    counted_in: Mapped[str | None] = mapped_column(sa.Text)
    months: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
    """The quota by month, in the same units; None where the version has no months."""
    effective_from: Mapped[date]
    effective_to: Mapped[date | None]  # included; None: until the plan's period ends
    version_hash: Mapped[str] = mapped_column(sa.String(71))
