"""PostgreSQL shows a transaction one workspace, also where a query forgets to filter."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.cli.database import warn_without_second_wall
from service.kit import migrations, row_security
from service.kit.auth import DEFAULT_WORKSPACE, Workspace, current_caller
from service.kit.db import (
    Base,
    Database,
    ReadSessionDep,
    lend_reading_sessions,
    lend_sessions,
    open_database,
    open_read_session,
    open_session,
)
from service.kit.keys import ApiKey, create_key
from service.kit.settings import Settings
from service.main import create_app
from service.plans.tables import Plan, PlanVersion
from tests.service.allocations.plans import a_plan, a_version
from tests.service.conftest import as_the_service, empty

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OTHER = "wsp_other"


@pytest.fixture
def owners_url(postgresql_url: str) -> str:
    """PostgreSQL alone has this wall."""
    empty(postgresql_url)
    return postgresql_url


@pytest.fixture
def service(app: FastAPI, client: TestClient, database: Database) -> Database:
    """The service's own connection; there are a solved plan and a plan of another workspace."""
    plan = a_plan(client)
    a_version(client, plan)
    with database.sessions.begin() as session:
        session.add(Workspace(id=OTHER, name="Somebody else", created_at=NOW))
        create_key(session, DEFAULT_WORKSPACE, "ours", "admin", now=NOW)
        session.flush()
        mine = session.scalars(sa.select(Plan)).one()
        session.add(
            Plan(
                id="plan_00000000000000000000000000",
                workspace_id=OTHER,
                name="Secret",
                currency="EUR",
                increment=1,
                period_start=mine.period_start,
                period_end=mine.period_end,
                created_at=NOW,
                updated_at=NOW,
            )
        )
    opened: Database = app.state.database
    return opened


def everything(session: Session) -> dict[str, int]:
    """How many rows of each table are seen, tables without any left out."""
    counts = {
        table.name: session.scalar(sa.select(sa.func.count()).select_from(table))
        for table in Base.metadata.sorted_tables
    }
    return {name: count for name, count in counts.items() if count}


def test_every_table_has_its_wall(database: Database) -> None:
    query = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
    with database.engine.connect() as connection:
        guarded = set(connection.exec_driver_sql(query).scalars())

    assert guarded == {table.name for table in Base.metadata.sorted_tables}


def test_nothing_beside_the_tables_looks_over_the_wall(database: Database) -> None:
    """A view sees what its owner sees, and so does a function that works for its owner."""
    kinds = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
    kinds += "AND relkind IN ('v', 'm', 'f')"
    works = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    with database.engine.connect() as connection:
        found = [connection.exec_driver_sql(query).scalars().all() for query in (kinds, works)]

    assert found == [[], []]


def test_without_a_workspace_nothing_is_seen_and_it_is_no_error(service: Database) -> None:
    with service.reading.begin() as session:
        assert everything(session) == {}


def test_a_backup_by_who_cannot_see_everything_fails_rather_than_being_empty(
    service: Database,
) -> None:
    """`pg_dump` begins with this setting."""
    with service.engine.connect() as connection:
        connection.exec_driver_sql("SET row_security = off")

        with pytest.raises(sa.exc.ProgrammingError, match="would be affected by row-level"):
            connection.exec_driver_sql("SELECT * FROM plan")


def test_in_another_workspace_nothing_of_this_one_is_seen(service: Database) -> None:
    with service.of(OTHER).reading.begin() as session:
        assert everything(session) == {"workspace": 1, "plan": 1}
    with service.of("wsp_unheard_of").reading.begin() as session:
        assert everything(session) == {}


def test_in_its_own_workspace_everything_is_seen(service: Database, database: Database) -> None:
    with service.of(DEFAULT_WORKSPACE).reading.begin() as session:
        seen = everything(session)
    with database.reading.begin() as session:
        stored = everything(session)

    assert seen == stored | {"workspace": 1, "plan": 1}
    assert seen["plan_version"] == 1
    assert seen["chunk"] > 1


def test_everywhere_shows_whose_keys_there_are_and_nothing_else(service: Database) -> None:
    with service.of(row_security.EVERYWHERE).reading.begin() as session:
        assert everything(session) == {"workspace": 2, "api_key": 1}


def test_the_workspace_ends_with_its_transaction(service: Database) -> None:
    """The next one may get the same connection from the pool."""
    with service.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(PlanVersion)) == 1
    for _ in range(20):
        with service.sessions.begin() as session:
            assert everything(session) == {}


def test_nothing_can_be_written_into_another_workspace(service: Database) -> None:
    with (
        pytest.raises(sa.exc.ProgrammingError, match="row-level security"),
        service.of(OTHER).sessions.begin() as session,
    ):
        create_key(session, DEFAULT_WORKSPACE, "stolen", "admin", now=NOW)
    with service.of(OTHER).sessions.begin() as session:
        session.execute(sa.update(Plan).values(name="changed"))
        session.execute(sa.delete(PlanVersion))
    with service.of(DEFAULT_WORKSPACE).reading.begin() as session:
        assert session.scalars(sa.select(Plan.name)).all() != ["changed"]
        assert everything(session)["plan_version"] == 1


@pytest.mark.usefixtures("service")
def test_a_route_that_forgets_to_filter_leaks_nothing(app: FastAPI, client: TestClient) -> None:
    def careless(session: ReadSessionDep) -> list[str]:
        return list(session.scalars(sa.select(Plan.name)))

    app.add_api_route("/careless", careless, dependencies=[Depends(current_caller)])
    app.add_api_route("/nobody", careless)

    assert client.get("/careless").json() == ["FY27"]
    assert client.get("/nobody").json() == []


def test_every_route_knows_the_caller_before_it_opens_a_session() -> None:
    app = create_app(Settings(database_url="sqlite:///nowhere.db"))
    sessions = {open_session, open_read_session, lend_sessions, lend_reading_sessions}
    asked = 0
    for context in iter_route_contexts(app.routes):
        route: Any = context
        if hasattr(route, "dependant"):
            calls = [dependant.call for dependant in _in_order(route.dependant)]
            opened = [place for place, call in enumerate(calls) if call in sessions]
            if opened:
                asked += 1
                assert calls.index(current_caller) < opened[0], context.path_format

    assert asked > 20


def _in_order(dependant: Dependant) -> Iterator[Dependant]:
    for needed in dependant.dependencies:
        yield from _in_order(needed)
        yield needed


def test_the_service_role_owns_nothing_and_can_drop_no_wall(service: Database) -> None:
    with service.engine.connect() as connection:
        assert not row_security.is_bypassed(connection)
        for forbidden in (
            "ALTER TABLE plan NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY one_workspace ON plan",
            "TRUNCATE chunk",
            "UPDATE alembic_version SET version_num = '0000'",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(sa.exc.ProgrammingError, match=r"must be owner|permission denied"):
                connection.exec_driver_sql(forbidden)
            connection.rollback()


def test_a_service_without_the_wall_says_so(
    owners_url: str, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_without_second_wall(Settings(database_url=owners_url))
    assert "sees all workspaces" in capsys.readouterr().err

    warn_without_second_wall(Settings(database_url=database_url))
    assert capsys.readouterr().err == ""


def test_a_superuser_sees_everything_and_is_told_apart(database: Database) -> None:
    with database.engine.connect() as connection:
        assert row_security.is_bypassed(connection)


class TestOwner:
    """Somebody who made the tables and is no superuser."""

    @pytest.fixture
    def url(self, postgresql_server: sa.URL, testrun_uid: str, worker_id: str) -> Iterator[str]:
        name = f"fairquota_{testrun_uid[:12]}_{worker_id}_owned"
        server = sa.create_engine(
            postgresql_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
        )
        with server.connect() as connection:
            connection.exec_driver_sql(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{name}'")
            connection.exec_driver_sql(f'CREATE DATABASE "{name}" OWNER "{name}"')
            yield as_the_service(
                postgresql_server.set(database=name).render_as_string(hide_password=False)
            )
            connection.exec_driver_sql(f'DROP DATABASE "{name}" WITH (FORCE)')
            connection.exec_driver_sql(f'DROP ROLE "{name}"')

    def test_is_held_back_as_well_but_for_migrations(self, url: str) -> None:
        migrations.upgrade(url, "0003")
        migrations.upgrade(url)  # whose backfills have to see all rows

        with closing(open_database(url)) as database:
            with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
                create_key(session, DEFAULT_WORKSPACE, "ours", "admin", now=NOW)
            with database.reading.begin() as session:
                assert everything(session) == {}
            with database.engine.begin() as connection:
                row_security.lower_walls(connection)
                assert connection.scalar(sa.select(sa.func.count()).select_from(ApiKey)) == 1
                row_security.raise_walls(connection)
            with database.reading.begin() as session:
                assert everything(session) == {}

    def test_a_table_without_workspace_and_plan_is_refused(self, url: str) -> None:
        migrations.upgrade(url)
        with closing(open_database(url)) as database, database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE secrets (id int)")
            with pytest.raises(row_security.TableWithoutWall, match="secrets"):
                row_security.raise_walls(connection)
