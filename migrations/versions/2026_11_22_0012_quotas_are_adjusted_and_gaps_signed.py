"""quotas are adjusted and gaps signed: who did it, and why

Expand step: new tables only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "quota_adjustment",
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("rep", sa.String(128), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("quota_before", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("funding", sa.String(20), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("released_in", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("reference", "rep", name="pk_quota_adjustment"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_quota_adjustment_plan_id_plan", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_quota_adjustment_workspace_id_workspace"
        ),
    )
    op.create_index("ix_quota_adjustment_workspace_id", "quota_adjustment", ["workspace_id"])
    op.create_index(
        "ix_quota_adjustment_plan_id_version", "quota_adjustment", ["plan_id", "version"]
    )
    op.create_table(
        "gap_signature",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.String(128), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", "unit", name="pk_gap_signature"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_gap_signature_plan_id_plan", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_gap_signature_workspace_id_workspace"
        ),
    )
    op.create_index("ix_gap_signature_workspace_id", "gap_signature", ["workspace_id"])


def downgrade() -> None:
    op.drop_table("gap_signature")
    op.drop_table("quota_adjustment")
