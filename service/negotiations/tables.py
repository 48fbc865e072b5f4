"""What is stored of renegotiations: which draft gathers what was agreed on a version."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.db import Base


class Renegotiation(Base):
    """Of one version: the draft that holds everything that has been agreed on it so far."""

    __tablename__ = "renegotiation"

    plan_id: Mapped[str] = mapped_column(
        sa.ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    head: Mapped[int]
