"""workspaces hold API keys and plans, and a plan has versions that nobody can change

The default workspace is made here: local mode and the first key live in it.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Status, published_at and superseded_at are the life of a version; these are what it says.
CONTENT = (
    "plan_id, number, inputs_hash, hash, parent_hash, base_version, policy, engine, assigned, "
    "fairness, manifest, note, created_at, created_by"
)


def upgrade() -> None:
    workspace = op.create_table(
        "workspace",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workspace"),
    )
    op.bulk_insert(
        workspace,
        [
            {
                "id": "wsp_default",
                "name": "Default",
                "created_at": datetime(2026, 11, 22, tzinfo=UTC),
            }
        ],
    )
    _create_api_key()
    _create_plan()
    _create_plan_version()
    if op.get_bind().dialect.name == "sqlite":
        _guard_versions_on_sqlite()
    else:
        _guard_versions_on_postgresql()


def _create_api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_api_key_workspace_id_workspace"
        ),
        sa.UniqueConstraint("sha256", name="uq_api_key_sha256"),
    )
    op.create_index("ix_api_key_workspace_id", "api_key", ["workspace_id"])


def _create_plan() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("increment", sa.BigInteger(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("inputs_hash", sa.String(71), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspace.id"], name="fk_plan_workspace_id_workspace"
        ),
    )
    op.create_index("ix_plan_workspace_id", "plan", ["workspace_id"])


def _create_plan_version() -> None:
    op.create_table(
        "plan_version",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("inputs_hash", sa.String(71), nullable=False),
        sa.Column("hash", sa.String(71), nullable=False),
        sa.Column("parent_hash", sa.String(71), nullable=True),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("engine", sa.String(20), nullable=False),
        sa.Column("assigned", sa.BigInteger(), nullable=False),
        sa.Column("fairness", sa.JSON(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", "number", name="pk_plan_version"),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name="fk_plan_version_plan_id_plan"),
    )
    published = sa.text("status = 'published'")
    op.create_index(
        "uq_plan_version_published",
        "plan_version",
        ["plan_id"],
        unique=True,
        sqlite_where=published,
        postgresql_where=published,
    )


def _guard_versions_on_sqlite() -> None:
    """Rebuilding the table drops these: a migration that does so makes them again."""
    op.execute(
        f"CREATE TRIGGER plan_version_says_the_same BEFORE UPDATE OF {CONTENT} ON plan_version "
        "BEGIN SELECT RAISE(ABORT, 'a plan version is immutable'); END"
    )
    op.execute(
        "CREATE TRIGGER plan_version_stays BEFORE DELETE ON plan_version "
        "WHEN OLD.status <> 'draft' "
        "BEGIN SELECT RAISE(ABORT, 'a version that was published stays'); END"
    )


def _guard_versions_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER plan_version_says_the_same BEFORE UPDATE OF {CONTENT} ON plan_version "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change('a plan version is immutable')"
    )
    op.execute(
        "CREATE TRIGGER plan_version_stays BEFORE DELETE ON plan_version "
        "FOR EACH ROW WHEN (OLD.status <> 'draft') "
        "EXECUTE FUNCTION refuse_change('a version that was published stays')"
    )


def downgrade() -> None:
    for table in ("plan_version", "plan", "api_key", "workspace"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
