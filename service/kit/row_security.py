"""The second wall between workspaces: PostgreSQL shows a transaction the rows of one workspace.

    row of a table                    is seen by transactions in
    with `workspace_id`               that workspace
    with `plan_id` alone              the plan's workspace
    of `workspace` and `api_key`      their workspace, or `EVERYWHERE`

The first wall is that every query filters by the caller's workspace. This one holds where a query
forgets to: without a workspace nothing is seen and nothing can be written, and it is no error.
`kit.db` says in each transaction which workspace it works in (`Database.of`). `EVERYWHERE` is for
what has to be known before a workspace is: whose key it is, and which workspaces there are.

Superusers and roles with BYPASSRLS see everything, whatever stands here, so the service connects
as another role (`FAIRQUOTA_SERVICE_ROLE`). The owner of the tables is held back, too, except while
`kit.migrations` changes them. SQLite has no such rules: there the first wall stands alone.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

import sqlalchemy as sa

SETTING: Final = "fairquota.workspace"
EVERYWHERE: Final = "*"
POLICY: Final = "one_workspace"

_OUTSIDE: Final = frozenset({"alembic_version"})  # says which migrations were carried out
_SEEN_EVERYWHERE: Final = {"workspace": "id", "api_key": "workspace_id"}
# The sub-select is evaluated once for a query, the bare function for every row.
_HERE: Final = f"(SELECT NULLIF(current_setting('{SETTING}', true), ''))"


class TableWithoutWall(Exception):
    """A table says neither which workspace nor which plan its rows belong to."""


def enter(
    connection: sa.Connection, workspace_id: str | None, more: Mapping[str, str] | None = None
) -> None:
    """From now on the transaction works in this workspace, until it ends; PostgreSQL only. `more`:
    other settings that hold as long; each statement is a way to the database and back.
    """
    settings = {**({SETTING: workspace_id} if workspace_id else {}), **(more or {})}
    each = ", ".join("set_config(%s, %s, true)" for _ in settings)
    values = tuple(chain.from_iterable(settings.items()))
    connection.exec_driver_sql(f"SELECT {each}", values)


def is_bypassed(connection: sa.Connection) -> bool:
    """Does the role that is connected see all workspaces whatever it says?"""
    query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    return bool(connection.exec_driver_sql(query).scalar())


def raise_walls(connection: sa.Connection) -> None:
    """Put up what is missing, so that no table can be forgotten. Raises TableWithoutWall."""
    query = (
        "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
        "WHERE c.relnamespace = current_schema()::regnamespace "
        "AND c.relforcerowsecurity AND p.polname = %s"
    )
    guarded = set(connection.exec_driver_sql(query, (POLICY,)).scalars())
    for table, rule in _rules(connection):
        if table not in guarded:
            for statement in (
                f'DROP POLICY IF EXISTS {POLICY} ON "{table}"',
                f'CREATE POLICY {POLICY} ON "{table}" USING ({rule}) WITH CHECK ({rule})',
                f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
                f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
            ):
                connection.exec_driver_sql(statement)


def lower_walls(connection: sa.Connection) -> None:
    """Let the owner of the tables see all rows, as a migration must; others stay held back."""
    forced = connection.exec_driver_sql(
        "SELECT relname FROM pg_class "
        "WHERE relnamespace = current_schema()::regnamespace AND relforcerowsecurity"
    ).all()
    for (table,) in forced:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')


def grant(connection: sa.Connection, role: str) -> None:
    """Let a role work with the rows, and do nothing else: it owns no table and can drop no wall."""
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(connection.exec_driver_sql("SELECT current_schema()").scalar_one())
    for right in (
        f"USAGE ON SCHEMA {schema}",
        f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}",
        f"USAGE ON ALL SEQUENCES IN SCHEMA {schema}",
    ):
        connection.exec_driver_sql(f"GRANT {right} TO {quote(role)}")
    connection.exec_driver_sql(
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quote(role)}"
    )


def _rules(connection: sa.Connection) -> Iterator[tuple[str, str]]:
    """Every table and when one of its rows may be seen and written."""
    inspector = sa.inspect(connection)
    for table in inspector.get_table_names():
        columns = {column["name"] for column in inspector.get_columns(table)}
        if table in _OUTSIDE:
            continue
        if table in _SEEN_EVERYWHERE:
            yield table, f"{_HERE} IN ({_SEEN_EVERYWHERE[table]}, '{EVERYWHERE}')"
        elif "workspace_id" in columns:
            yield table, f"workspace_id = {_HERE}"
        elif "plan_id" in columns:
            # the policy of `plan` holds inside as well
            yield table, f'EXISTS (SELECT FROM plan WHERE plan.id = "{table}".plan_id)'
        else:
            raise TableWithoutWall(
                f"{table} has neither workspace_id nor plan_id: rows of one workspace could be "
                "seen from another."
            )
