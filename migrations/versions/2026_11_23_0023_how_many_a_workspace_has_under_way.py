"""how many operations of a workspace are carried out, without looking at those that wait

An index, which the previous release keeps as it writes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_index(
        "ix_operation_carried_out",
        "operation",
        ["workspace_id", "claimed_until"],
        sqlite_where=sa.text("token IS NOT NULL"),
        postgresql_where=sa.text("token IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_operation_carried_out", "operation")
