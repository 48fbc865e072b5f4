"""API keys have a unit or a rep, expire, are rotated and revoked, and know when they were used

Expand step: new columns that may be empty; a key of before has none of them.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

NEW: dict[str, sa.types.TypeEngine[Any]] = {
    "unit": sa.String(128),
    "rep": sa.String(128),
    "previous_sha256": sa.String(64),
    "previous_until": sa.DateTime(timezone=True),
    "expires_at": sa.DateTime(timezone=True),
    "revoked_at": sa.DateTime(timezone=True),
    "last_used_at": sa.DateTime(timezone=True),
}


def upgrade() -> None:
    for name, kind in NEW.items():
        op.add_column("api_key", sa.Column(name, kind, nullable=True))
    op.create_index("uq_api_key_previous_sha256", "api_key", ["previous_sha256"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_api_key_previous_sha256", "api_key")
    for name in reversed(NEW):
        op.drop_column("api_key", name)
