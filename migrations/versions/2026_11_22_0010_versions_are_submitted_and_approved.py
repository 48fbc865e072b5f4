"""versions are submitted and approved before they are published

Expand step: columns that may be empty, or that the database fills, so that the release before can
still make versions.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("round", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(200), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(200), nullable=True),
        sa.Column("published_by", sa.String(200), nullable=True),
    ]


def upgrade() -> None:
    for column in _columns():
        op.add_column("plan_version", column)


def downgrade() -> None:
    """A version under review becomes a draft, which is all that the release before knows.

    Seals cover these columns, so they go with them.
    """
    op.execute("UPDATE plan_version SET status = 'draft' WHERE status IN ('submitted', 'approved')")
    op.execute("UPDATE plan_version SET seal = NULL")
    for column in reversed(_columns()):
        op.drop_column("plan_version", column.name)
