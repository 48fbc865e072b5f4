"""units of a draft are frozen, worked on by their owners, signed off and put together

Expand step: new tables only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "unit_lane",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(128), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("envelope", sa.BigInteger(), nullable=False),
        sa.Column("work", sa.String(71), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by", sa.String(200), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "version", "unit", name="pk_unit_lane"),
        _of_version("unit_lane"),
        _of_workspace("unit_lane"),
    )
    op.create_table(
        "unit_lane_step",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("work", sa.String(71), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("adjustments", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", "unit", "revision", name="pk_unit_lane_step"),
        sa.ForeignKeyConstraint(
            ["plan_id", "version", "unit"],
            ["unit_lane.plan_id", "unit_lane.version", "unit_lane.unit"],
            name="fk_unit_lane_step_plan_id_unit_lane",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "unit_lane_assembly",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "version", name="pk_unit_lane_assembly"),
        _of_version("unit_lane_assembly"),
        _of_workspace("unit_lane_assembly"),
    )


def _of_version(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["plan_id", "version"],
        ["plan_version.plan_id", "plan_version.number"],
        name=f"fk_{table}_plan_id_plan_version",
        ondelete="CASCADE",
    )


def _of_workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id"], ["workspace.id"], name=f"fk_{table}_workspace_id_workspace"
    )


def downgrade() -> None:
    op.drop_table("unit_lane_assembly")
    op.drop_table("unit_lane_step")
    op.drop_table("unit_lane")
