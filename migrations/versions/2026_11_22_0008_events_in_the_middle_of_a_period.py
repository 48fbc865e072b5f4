"""events in the middle of a period, and who sits in which seat after them

Expand step: a new table only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "plan_event",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("closed_through", sa.String(7), nullable=True),
        sa.Column("person", sa.JSON(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("funding", sa.String(20), nullable=True),
        sa.Column("accepted_in", sa.Integer(), nullable=True),
        sa.Column("seats", sa.JSON(), nullable=True),
        sa.Column("consequence", sa.JSON(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("proposer", sa.String(200), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_plan_event"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_plan_event_plan_id_plan", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_plan_event_workspace_id_workspace"
        ),
    )
    op.create_index("ix_plan_event_workspace_id", "plan_event", ["workspace_id"])
    op.create_index("ix_plan_event_plan_id_id", "plan_event", ["plan_id", "id"])


def downgrade() -> None:
    op.drop_table("plan_event")
