"""operations that consist of others, and whose turn comes first

Expand step: new columns that may be left out, and another order of an index.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

NEW: dict[str, sa.types.TypeEngine[int] | sa.types.TypeEngine[str]] = {
    "parts": sa.Integer(),
    "parent_id": sa.String(40),
    "place": sa.Integer(),
    "about": sa.String(200),
}


def upgrade() -> None:
    first = sa.Column("turn", sa.Integer(), nullable=False, server_default="0")
    op.add_column("operation", first)
    for name, kind in NEW.items():
        op.add_column("operation", sa.Column(name, kind, nullable=True))
    _index(["workspace_id", "turn", "id"])
    op.create_index("ix_operation_parent_id_place", "operation", ["parent_id", "place"])


def downgrade() -> None:
    op.drop_index("ix_operation_parent_id_place", "operation")
    _index(["workspace_id", "claimed_until"])
    for name in [*reversed(NEW), "turn"]:
        op.drop_column("operation", name)


def _index(columns: list[str]) -> None:
    """Of what is under way."""
    op.drop_index("ix_operation_under_way", "operation")
    op.create_index(
        "ix_operation_under_way",
        "operation",
        columns,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
