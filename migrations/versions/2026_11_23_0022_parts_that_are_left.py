"""whether parts of an operation are left, without looking at those that are done

An index, which the previous release keeps as it writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_index(
        "ix_operation_parts_left",
        "operation",
        ["parent_id"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_operation_parts_left", "operation")
