"""a trail of who did what that only grows, and an outbox of what happened

Expand step: new tables only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SEQUENCE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_audit_entry()
    _create_outbox_event()
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _create_audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("subject", sa.String(400), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_entry"),
        sa.UniqueConstraint("id", name="uq_audit_entry_id"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_audit_entry_workspace_id_workspace"
        ),
    )
    op.create_index(
        "ix_audit_entry_workspace_id_subject_sequence",
        "audit_entry",
        ["workspace_id", "subject", "sequence"],
    )


def _create_outbox_event() -> None:
    op.create_table(
        "outbox_event",
        sa.Column("sequence", SEQUENCE, nullable=False),
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("relayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name="pk_outbox_event"),
        sa.UniqueConstraint("id", name="uq_outbox_event_id"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_outbox_event_workspace_id_workspace"
        ),
    )
    unrelayed = sa.text("relayed_at IS NULL")
    op.create_index(
        "ix_outbox_event_waiting",
        "outbox_event",
        ["sequence"],
        sqlite_where=unrelayed,
        postgresql_where=unrelayed,
    )


def _guard_on_sqlite() -> None:
    """Rebuilding the table drops these: a migration that does so makes them again."""
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{event.lower()} BEFORE {event} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END"
        )


def _guard_on_postgresql() -> None:
    """By the function that guards versions."""
    op.execute(
        "CREATE TRIGGER audit_entry_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('the audit trail only grows')"
    )


def downgrade() -> None:
    op.drop_table("outbox_event")
    op.drop_table("audit_entry")
