"""change requests with steps that stay, notes that can be erased, and what was agreed on a version

Expand step: new tables only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_UNDECIDED = sa.text("status IN ('countered', 'escalated', 'open')")


def upgrade() -> None:
    _create_renegotiation()
    _create_change_request()
    _create_step()
    _create_note()
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _create_renegotiation() -> None:
    op.create_table(
        "renegotiation",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", name="pk_renegotiation"),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_renegotiation_plan_id_plan", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_renegotiation_workspace_id_workspace"
        ),
    )
    op.create_index("ix_renegotiation_workspace_id", "renegotiation", ["workspace_id"])


def _create_change_request() -> None:
    op.create_table(
        "change_request",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rep", sa.String(128), nullable=False),
        sa.Column("unit", sa.String(128), nullable=True),
        sa.Column("lies_with", sa.String(128), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("proposed", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("funding", sa.String(20), nullable=True),
        sa.Column("effective", sa.String(7), nullable=True),
        sa.Column("resources", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("granted_in", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("requester", sa.String(200), nullable=False),
        sa.Column("requester_role", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_change_request"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_change_request_workspace_id_workspace"
        ),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["plan.id"], name="fk_change_request_plan_id_plan", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_change_request_workspace_id", "change_request", ["workspace_id"])
    op.create_index("ix_change_request_plan_id_id", "change_request", ["plan_id", "id"])
    op.create_index(
        "uq_change_request_undecided",
        "change_request",
        ["plan_id", "version", "rep"],
        unique=True,
        sqlite_where=_UNDECIDED,
        postgresql_where=_UNDECIDED,
    )


def _create_step() -> None:
    op.create_table(
        "change_request_step",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("side", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("lies_with", sa.String(128), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("funding", sa.String(20), nullable=True),
        sa.Column("effective", sa.String(7), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "number", name="pk_change_request_step"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_request.id"],
            name="fk_change_request_step_request_id_change_request",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name="fk_change_request_step_workspace_id_workspace",
        ),
    )
    op.create_index("ix_change_request_step_workspace_id", "change_request_step", ["workspace_id"])


def _create_note() -> None:
    op.create_table(
        "change_request_note",
        sa.Column("request_id", sa.String(40), nullable=False),
        sa.Column("place", sa.String(20), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "place", name="pk_change_request_note"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["change_request.id"],
            name="fk_change_request_note_request_id_change_request",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspace.id"],
            name="fk_change_request_note_workspace_id_workspace",
        ),
    )
    op.create_index("ix_change_request_note_workspace_id", "change_request_note", ["workspace_id"])


def _guard_on_sqlite() -> None:
    """A step goes only together with its request, when a plan of drafts is deleted."""
    op.execute(
        "CREATE TRIGGER change_request_step_no_update BEFORE UPDATE ON change_request_step "
        "BEGIN SELECT RAISE(ABORT, 'a step of a change request stays'); END"
    )
    op.execute(
        "CREATE TRIGGER change_request_step_no_delete BEFORE DELETE ON change_request_step "
        "WHEN EXISTS (SELECT 1 FROM change_request WHERE id = OLD.request_id) "
        "BEGIN SELECT RAISE(ABORT, 'a step of a change request stays'); END"
    )


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION change_request_step_stays() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN IF TG_OP = 'DELETE' AND NOT EXISTS "
        "(SELECT 1 FROM change_request WHERE id = OLD.request_id) THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'a step of a change request stays' "
        "USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER change_request_step_stays BEFORE UPDATE OR DELETE ON change_request_step "
        "FOR EACH ROW EXECUTE FUNCTION change_request_step_stays()"
    )


def downgrade() -> None:
    for table in ("change_request_note", "change_request_step", "change_request", "renegotiation"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION change_request_step_stays()")
