"""The migrations make exactly the tables that the code describes, can be taken back, and take
nothing from the release before, which works with them until its processes are replaced.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.db import Base, Database, open_database
from service.kit.migrations import Tables
from tests.later_release import tables_of_a_later_release
from tests.service.allocations.plans import a_plan
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
    assert migrations.upgrade(owners_url) is Tables.CURRENT


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


def test_a_migration_takes_nothing_from_the_release_before() -> None:
    """Nor does it want to be told something that the release before does not know."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        scripts = ScriptDirectory.from_config(migrations._config()).walk_revisions()
        before: dict[str, Any] = {}
        for script in reversed([*scripts]):
            script.module.upgrade()
            after = tables_in(connection)
            for table, columns in before.items():
                told = {name: after[table][name] for name in columns}
                assert told == columns, f"{script.revision} changes {table}"
                new = after[table].keys() - columns.keys()
                assert [name for name in new if after[table][name]["needed"]] == [], script.revision
            before = after
    assert "operation" in before
    engine.dispose()


def tables_in(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    return {
        table: {
            column["name"]: {
                "type": str(column["type"]),
                "nullable": column["nullable"],
                "needed": not column["nullable"] and column["default"] is None,
            }
            for column in inspector.get_columns(table)
        }
        for table in inspector.get_table_names()
    }


class TestTablesOfALaterRelease:
    @pytest.fixture(autouse=True)
    def later(self, client: TestClient, owners_url: str, tmp_path: Path) -> Iterator[None]:
        """While this service runs."""
        assert client.get("/readyz").status_code == 200
        with tables_of_a_later_release(owners_url, tmp_path):
            yield

    def test_are_worked_with(self, client: TestClient) -> None:
        answer = client.post(f"{a_plan(client)}/versions", json={})

        assert answer.status_code == 201
        assert client.get(f"{answer.headers['location']}/verify").json()["valid"]
        assert client.get("/readyz").status_code == 200

    def test_stay_as_they_are(self, owners_url: str) -> None:
        assert migrations.upgrade(owners_url) is Tables.NEWER
        assert migrations.upgrade(owners_url) is Tables.NEWER


def test_an_upgrade_lets_those_go_first_who_are_at_work(postgresql_url: str) -> None:
    """They hold some tables, and wait for others that the upgrade has taken already."""
    database = open_database(postgresql_url)
    with database.engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks WHERE relation = 'operation'::regclass AND NOT granted"
    )

    with ThreadPoolExecutor(1) as others, database.engine.begin() as at_work:
        at_work.exec_driver_sql("SELECT 1 FROM operation LIMIT 1")
        upgrade = others.submit(prepare, postgresql_url)
        with database.engine.connect() as watching:
            while not watching.scalar(waiting):
                assert not upgrade.done()
        for table in sa.inspect(at_work).get_table_names():
            at_work.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608 - a table's name
        at_work.rollback()
        upgrade.result()

    assert migrations.upgrade(postgresql_url) is Tables.CURRENT
    database.close()


def test_a_service_with_tables_of_an_earlier_release_is_not_ready(
    client: TestClient, database: Database
) -> None:
    with database.engine.begin() as connection:
        (newest,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        _set_revision(connection, "0001")
    try:
        refused = client.get("/readyz")
    finally:
        with database.engine.begin() as connection:
            _set_revision(connection, newest)

    assert refused.status_code == 503
    assert "run `fairquota db upgrade`" in refused.json()["detail"]


def _set_revision(connection: sa.Connection, revision: str) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :own"), {"own": revision})
