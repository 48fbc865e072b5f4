"""published quotas are rows with the days on which they are in force

Expand step: columns that may be empty, and a new table. What was published before is in force from
the first day of its plan's period.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

FIXED = (
    "plan_id, version, measure, rep, workspace_id, unit, quota, digits, currency, counted_in, "
    "months, effective_from, version_hash"
)


def upgrade() -> None:
    for name in ("effective_from", "effective_to"):
        op.add_column("plan_version", sa.Column(name, sa.Date(), nullable=True))
    op.execute(
        "UPDATE plan_version SET seal = NULL, effective_from = "
        "(SELECT period_start FROM plan WHERE plan.id = plan_version.plan_id) "
        "WHERE status = 'published'"
    )
    _create_published_quota()
    if op.get_bind().dialect.name == "sqlite":
        _guard_on_sqlite()
    else:
        _guard_on_postgresql()


def _create_published_quota() -> None:
    op.create_table(
        "published_quota",
        sa.Column("plan_id", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("measure", sa.String(128), nullable=False),
        sa.Column("rep", sa.String(128), nullable=False),
        sa.Column("workspace_id", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(128), nullable=True),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=True),
        sa.Column("counted_in", sa.Text(), nullable=True),
        sa.Column("months", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("version_hash", sa.String(71), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "version", "measure", "rep", name="pk_published_quota"),
    )
    op.create_index("ix_published_quota_plan_id_rep", "published_quota", ["plan_id", "rep"])


def _guard_on_sqlite() -> None:
    """Rebuilding the table drops these: a migration that does so makes them again."""
    for name, event in (("says_the_same", f"UPDATE OF {FIXED}"), ("stays", "DELETE")):
        op.execute(
            f"CREATE TRIGGER published_quota_{name} BEFORE {event} ON published_quota "
            "BEGIN SELECT RAISE(ABORT, 'a published quota stays as it is'); END"
        )


def _guard_on_postgresql() -> None:
    """By the function that guards versions."""
    for name, event in (
        ("says_the_same", f"UPDATE OF {FIXED}"),
        ("stays", "DELETE OR TRUNCATE"),
    ):
        op.execute(
            f"CREATE TRIGGER published_quota_{name} BEFORE {event} ON published_quota "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a published quota stays as it is')"
        )


def downgrade() -> None:
    """Seals cover the days, so they go with them."""
    op.drop_table("published_quota")
    op.execute("UPDATE plan_version SET seal = NULL")
    for name in ("effective_to", "effective_from"):
        op.drop_column("plan_version", name)
