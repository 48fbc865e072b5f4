"""requests that outlast their answer

Expand step: a new table only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "operation",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("caller_id", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("method", sa.String(10), nullable=False),
        sa.Column("path", sa.String(2000), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("caller", sa.JSON(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("token", sa.String(32), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(40), nullable=True),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(60), nullable=True),
        sa.Column("subject", sa.String(400), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.String(2000), nullable=True),
        sa.Column("etag", sa.String(200), nullable=True),
        sa.Column("result", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_operation"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_operation_workspace_id_workspace"
        ),
    )
    op.create_index(
        "ix_operation_under_way",
        "operation",
        ["workspace_id", "claimed_until"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("ix_operation_workspace_id_done_at", "operation", ["workspace_id", "done_at"])
    op.create_index("uq_operation_token", "operation", ["token"], unique=True)


def downgrade() -> None:
    op.drop_table("operation")
