"""Bringing a database to the newest tables, and knowing whether it is there."""

from functools import cache

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


def upgrade(url: str, revision: str = "head", *, service_role: str | None = None) -> None:
    """Carry out the missing migrations in one transaction; nothing happens if there are none.

    On PostgreSQL every table then shows each transaction the rows of one workspace
    (`row_security`), and `service_role`, which has to exist, may work with them.
    """
    database = open_database(url, foreign_keys=False)
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
                if not is_current(connection):
                    row_security.lower_walls(connection)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            if connection.dialect.name == "postgresql":
                row_security.raise_walls(connection)
                if service_role is not None:
                    row_security.grant(connection, service_role)
    finally:
        database.close()


def is_current(connection: sa.Connection) -> bool:
    """Does the database have exactly the tables that this code knows?"""
    return set(MigrationContext.configure(connection).get_current_heads()) == _newest()


@cache
def _newest() -> frozenset[str]:
    """What this code knows stays as it is, and whoever balances loads asks every second."""
    return frozenset(ScriptDirectory.from_config(_config()).get_heads())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    return config
