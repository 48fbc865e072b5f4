"""keys say whose they are, so that one person with two of them is one person

Expand step: a column that may be empty, as it is in all keys of before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("api_key", sa.Column("person", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("api_key", "person")
