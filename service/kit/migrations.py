"""Bringing a database to the newest tables, and knowing whether it is there.

Migrations only add (`tests/service/kit/test_migrations.py` looks): the release before goes on
working with the tables of this one, until its processes are replaced, and again where somebody has
to go back to it. So tables of a later release are no fault; tables of an earlier one are.
"""

from enum import Enum, auto
from functools import cache
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.kit import row_security
from service.kit.db import open_database
from service.kit.resources import migrations_folder

# Any number, the same in every process: upgrades wait for each other on PostgreSQL.
_UPGRADE_LOCK = 7_142_311
_NEWEST: Final = "head"

_LOCK_ALL: Final = """
DO $$ BEGIN
    SET LOCAL lock_timeout = '500ms';
    FOR attempt IN 1..60 LOOP
        BEGIN
            LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(random() / 5);
        END;
    END LOOP;
    RAISE lock_not_available;
END $$
"""


class Tables(Enum):
    """Of which release those of a database are."""

    OLDER = auto()
    """Or there are none; this release cannot work with them."""
    CURRENT = auto()
    NEWER = auto()


def upgrade(url: str, revision: str = _NEWEST, *, service_role: str | None = None) -> Tables:
    """Carry out the missing migrations in one transaction; nothing happens if there are none, or
    if the tables are NEWER, which is answered.

    On PostgreSQL every table then shows each transaction the rows of one workspace
    (`row_security`), and `service_role`, which has to exist, may work with them.
    """
    database = open_database(url, foreign_keys=False)
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
            found = tables_of(connection)
            if found is Tables.NEWER:  # only the later release knows who may do what with them
                return found
            if connection.dialect.name == "postgresql" and found is Tables.OLDER:
                _lock_all_tables(connection)
                row_security.lower_walls(connection)
            if found is Tables.OLDER or revision != _NEWEST:  # else it would load every feature
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
            if connection.dialect.name == "postgresql":
                row_security.raise_walls(connection)
                if service_role is not None:
                    row_security.grant(connection, service_role)
            return tables_of(connection)
    finally:
        database.close()


def _lock_all_tables(connection: sa.Connection) -> None:
    """Before any is changed: one after the other, they would be locked in another order than by the
    service that goes on working, and one of both would have to fail. Whoever holds a table and
    waits for another goes first: this lets go of all before PostgreSQL looks for a deadlock, which
    it does after a second. Raises DatabaseUnavailable after half a minute.
    """
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(map(quote, sa.inspect(connection).get_table_names()))
    if names:
        connection.exec_driver_sql(_LOCK_ALL.format(tables=names))


def tables_of(connection: sa.Connection) -> Tables:
    """Those of a later release were made by a migration that this one has never heard of."""
    found = set(MigrationContext.configure(connection).get_current_heads())
    newest, known = _revisions()
    if found == newest:
        return Tables.CURRENT
    return Tables.OLDER if found <= known else Tables.NEWER


@cache
def _revisions() -> tuple[frozenset[str], frozenset[str]]:
    """The newest, and all. What this code knows stays as it is, and whoever balances loads asks
    every second.
    """
    scripts = ScriptDirectory.from_config(_config())
    known = frozenset(script.revision for script in scripts.walk_revisions())
    return frozenset(scripts.get_heads()), known


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config
