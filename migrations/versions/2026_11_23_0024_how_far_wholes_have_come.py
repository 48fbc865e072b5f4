"""how many parts of an operation are done and failed, however many there are, and since when

Indexes, and a column that the previous release leaves empty, which is read as `started_at`.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("operation", sa.Column("begun_at", sa.DateTime(timezone=True)))
    op.create_index("ix_operation_parts_done", "operation", ["parent_id", "cancelled", "done_at"])
    op.create_index(
        "ix_operation_parts_failed",
        "operation",
        ["parent_id", "place"],
        sqlite_where=sa.text("status >= 300"),
        postgresql_where=sa.text("status >= 300"),
    )


def downgrade() -> None:
    op.drop_index("ix_operation_parts_failed", "operation")
    op.drop_index("ix_operation_parts_done", "operation")
    op.drop_column("operation", "begun_at")
