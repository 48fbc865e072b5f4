"""Who adjusted which quota, and why.

Beside the chain of versions: a version says that a quota was adjusted and by which decision; people
and their reasons stand here, where they can be read, and erased.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base, UtcDateTime


class QuotaAdjustment(Base):
    """One rep's part of a decision, `reference`; amounts in minor units."""

    __tablename__ = "quota_adjustment"
    __table_args__ = (sa.Index(None, "plan_id", "version"),)

    reference: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    rep: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    plan_id: Mapped[str] = mapped_column(sa.ForeignKey("plan.id", ondelete="CASCADE"))
    version: Mapped[int]  # that it made
    quota_before: Mapped[int] = mapped_column(sa.BigInteger)
    quota: Mapped[int] = mapped_column(sa.BigInteger)
    funding: Mapped[str | None] = mapped_column(sa.String(20))
    reason: Mapped[str] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(sa.String(200))
    released_in: Mapped[int | None]  # the version without the lock
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    released_by: Mapped[str | None] = mapped_column(sa.String(200))


class GapSignature(Base):
    """Whoever answers for it has seen what nobody carries of a version: a gap of a unit, or of the
    company (an empty name).
    """

    __tablename__ = "gap_signature"

    plan_id: Mapped[str] = mapped_column(
        sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)  # minor units
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_by: Mapped[str] = mapped_column(sa.String(200))
