"""webhooks have two secrets for a while, can be disabled, and give deliveries up

Expand step: columns that may be empty, as they are in all rows of before.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("webhook", sa.Column("previous_secret", sa.String(100), nullable=True))
    op.add_column("webhook", sa.Column("previous_until", _MOMENT, nullable=True))
    op.add_column("webhook", sa.Column("disabled_at", _MOMENT, nullable=True))
    op.add_column("webhook", sa.Column("disabled_because", sa.String(20), nullable=True))
    op.add_column("webhook_delivery", sa.Column("given_up_at", _MOMENT, nullable=True))
    op.add_column("webhook_delivery", sa.Column("last_attempt_at", _MOMENT, nullable=True))
    op.add_column("webhook_delivery", sa.Column("last_status", sa.Integer(), nullable=True))
    op.add_column("webhook_delivery", sa.Column("last_excerpt", sa.Text(), nullable=True))


def downgrade() -> None:
    for name in ("given_up_at", "last_attempt_at", "last_status", "last_excerpt"):
        op.drop_column("webhook_delivery", name)
    for name in ("previous_secret", "previous_until", "disabled_at", "disabled_because"):
        op.drop_column("webhook", name)
