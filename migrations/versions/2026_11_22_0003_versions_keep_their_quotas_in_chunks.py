"""versions keep their quotas in chunks named by the hash of their content"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "chunk",
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("hash", sa.String(71), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "hash", name="pk_chunk"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_chunk_workspace_id_workspace"
        ),
    )


def downgrade() -> None:
    op.drop_table("chunk")
