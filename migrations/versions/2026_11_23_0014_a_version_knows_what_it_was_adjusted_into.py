"""a version knows what it was adjusted into

Expand step: a column that may be empty, as it is in all rows of before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("plan_version", sa.Column("adjusted_into", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("plan_version", "adjusted_into")
