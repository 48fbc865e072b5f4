"""What is stored of plans.

The database itself refuses to change what a version says (triggers in the migration); only its
status and the moments of its life may change. Its seal covers these, too.
"""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime, by_value
from service.kit.seals import Sealed
from service.plans.domain import VersionStatus

HASH = sa.String(71)  # "sha256:" and 64 hexadecimal digits


class Plan(Base):
    """One planning cycle of one company; changes bump `revision`, which is its ETag."""

    __tablename__ = "plan"
    __table_args__ = (sa.Index(None, "workspace_id", "name"),)

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    currency: Mapped[str] = mapped_column(sa.String(3))
    increment: Mapped[int] = mapped_column(sa.BigInteger)  # minor units
    period_start: Mapped[date]
    period_end: Mapped[date]  # included
    inputs_hash: Mapped[str | None] = mapped_column(HASH)  # the working snapshot
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PlanVersion(Sealed, Base):
    """An immutable attempt at a plan; changing a plan means a new version."""

    __tablename__ = "plan_version"
    unsealed = frozenset({"manifest"})  # whose digest is `hash`
    __table_args__ = (
        sa.Index(
            "uq_plan_version_published",
            "plan_id",
            unique=True,
            sqlite_where=sa.text("status = 'published'"),
            postgresql_where=sa.text("status = 'published'"),
        ),
    )

    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[VersionStatus] = mapped_column(
        by_value(VersionStatus), default=VersionStatus.DRAFT
    )
    inputs_hash: Mapped[str] = mapped_column(HASH)
    hash: Mapped[str] = mapped_column(HASH)
    parent_hash: Mapped[str | None] = mapped_column(HASH)
    base_version: Mapped[int | None]
    policy: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    engine: Mapped[str] = mapped_column(sa.String(20))
    assigned: Mapped[int] = mapped_column(sa.BigInteger)  # minor units
    fairness: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    manifest: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    note: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(sa.String(200))
    round: Mapped[int] = mapped_column(default=1, server_default="1")
    """Which attempt at a review it is in; one more each time it comes back."""
    adjusted_into: Mapped[int | None]
    """The newest draft that adjusting it has made; None: nobody has adjusted it yet."""
    deadline: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submitted_by: Mapped[str | None] = mapped_column(sa.String(200))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(sa.String(200))
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_by: Mapped[str | None] = mapped_column(sa.String(200))
    effective_from: Mapped[date | None]
    effective_to: Mapped[date | None]  # included; None: until the plan's period ends
    superseded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def of_version() -> sa.ForeignKeyConstraint:
    """Of a table with rows of versions: `plan_id` and `version` name one, and go with it."""
    return sa.ForeignKeyConstraint(
        ["plan_id", "version"],
        ["plan_version.plan_id", "plan_version.number"],
        ondelete="CASCADE",
    )
