"""What is stored of the facts: snapshots under the hash of their content, people beside them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base
from service.kit.seals import Sealed


class InputsSnapshot(Sealed, Base):
    """One immutable state of a plan's facts; equal facts are stored once per workspace."""

    __tablename__ = "inputs_snapshot"

    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(sa.String(71), primary_key=True)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)  # zlib


class PersonalData(Base):
    """What identifies people, kept out of everything that is hashed, so that it can be erased.

    `kind` is `rep` (key: the rep's id) or `owner` (key: the unit's id, name: who owns it).
    """

    __tablename__ = "personal_data"

    plan_id: Mapped[str] = mapped_column(
        sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    name: Mapped[str | None] = mapped_column(sa.Text)
    attributes: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON(none_as_null=True))
