"""rows that nobody may change say what they were when they were written

Expand step: the column is nullable, for rows of before, and so that the running release can still
write.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = ("plan_version", "inputs_snapshot", "chunk", "audit_entry")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("seal", sa.String(71), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "seal")
