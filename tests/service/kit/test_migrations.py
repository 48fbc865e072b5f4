"""The migrations make exactly the tables that the code describes, and can be taken back."""

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from service.kit import migrations
from service.kit.db import Base, open_database
from tests.service.conftest import prepare


def test_migrations_equal_the_tables(owners_url: str) -> None:
    database = open_database(owners_url)
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_an_upgraded_database_is_current_and_upgrading_again_does_nothing(
    owners_url: str,
) -> None:
    migrations.upgrade(owners_url)

    database = open_database(owners_url)
    with database.reading.begin() as session:
        assert migrations.is_current(session.connection())
    database.close()


def test_every_migration_can_be_taken_back(owners_url: str) -> None:
    database = open_database(owners_url, foreign_keys=False)
    with database.engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(config, "head")
    database.close()
    prepare(owners_url)  # for the tests that follow


def test_the_history_is_one_line() -> None:
    assert len(ScriptDirectory.from_config(migrations._config()).get_heads()) == 1
