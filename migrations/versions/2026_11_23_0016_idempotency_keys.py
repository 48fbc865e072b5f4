"""keys of requests that may be sent again, and their answers

Expand step: a new table only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("caller", sa.String(200), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(60), nullable=True),
        sa.Column("subject", sa.String(400), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "caller", "key", name="pk_idempotency_key"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_idempotency_key_workspace_id_workspace"
        ),
    )
    op.create_index(
        "ix_idempotency_key_workspace_id_claimed_at",
        "idempotency_key",
        ["workspace_id", "claimed_at"],
    )
    op.create_index("uq_idempotency_key_token", "idempotency_key", ["token"], unique=True)


def downgrade() -> None:
    op.drop_table("idempotency_key")
