"""inputs are stored as snapshots under their hash, personal data beside them

Expand step: new tables only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "inputs_snapshot",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("hash", sa.String(71), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "hash", name="pk_inputs_snapshot"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_inputs_snapshot_workspace_id_workspace"
        ),
    )
    op.create_table(
        "personal_data",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("attributes", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "kind", "key", name="pk_personal_data"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_personal_data_plan_id_plan", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_personal_data_workspace_id_workspace"
        ),
    )
    op.create_index("ix_personal_data_workspace_id", "personal_data", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("personal_data")
    op.drop_table("inputs_snapshot")
