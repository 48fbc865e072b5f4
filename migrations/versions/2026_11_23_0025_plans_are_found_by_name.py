"""plans are found by name, among however many

An index, which the previous release keeps as it writes.
"""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_index("ix_plan_workspace_id_name", "plan", ["workspace_id", "name"])


def downgrade() -> None:
    op.drop_index("ix_plan_workspace_id_name", "plan")
