"""A database that is full, that takes no writes, or that goes away, and what callers are told.

The faults are the database's own: SQLite is not given another page, transactions are made such as
cannot write, PostgreSQL ends a connection. `tests/service/release` does it to real servers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from service.kit.db import Database
from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.callers import Callers

PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


@contextmanager
def at_each(engine: sa.Engine, event: str, do: Any) -> Iterator[None]:
    sa.event.listen(engine, event, do)
    try:
        yield
    finally:
        sa.event.remove(engine, event, do)


@contextmanager
def full(engine: sa.Engine) -> Iterator[None]:
    """A SQLite file that cannot grow by a single page."""
    most = {"pages": 1}  # is raised to what there is

    def limit(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={most['pages']}")

    with at_each(engine, "checkout", limit):
        yield
        most["pages"] = 2**31
        with engine.connect():
            pass  # the pool has one connection, as one caller needs no more


@contextmanager
def read_only(engine: sa.Engine) -> Iterator[None]:
    """Transactions that cannot write, whatever the service asks for."""
    forbid = {"sqlite": "PRAGMA query_only=ON", "postgresql": "SET TRANSACTION READ ONLY"}

    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(forbid[engine.dialect.name])

    with at_each(engine, "begin", begin):
        yield


@contextmanager
def connecting_read_only(engine: sa.Engine) -> Iterator[None]:
    """As to a file that may not be written, or to a server that was told so."""

    def connect(_dialect: object, _entry: object, place: list[Any], how: dict[str, Any]) -> None:
        if engine.dialect.name == "sqlite":
            place[0] = f"file:{place[0]}?mode=ro"
            how["uri"] = True
        else:
            how["options"] = "-c default_transaction_read_only=on"

    engine.dispose()
    with at_each(engine, "do_connect", connect):
        yield


def large() -> dict[str, Any]:
    """Inputs for which a file has to grow."""
    notes = {f"note {i}": f"{i * 7919 % 10007}" * 30 for i in range(40)}
    inputs = four_reps()
    return inputs | {"reps": [rep | {"attributes": notes} for rep in inputs["reps"]]}


def is_told(refused: Response, what: str) -> None:
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "/problems/database-unavailable"
    assert what in refused.json()["detail"]


@pytest.fixture
def engine(app: FastAPI) -> sa.Engine:
    database: Database = app.state.database
    return database.engine


@pytest.mark.parametrize("owners_url", ["sqlite"], indirect=True)
class TestFull:
    def test_nothing_is_stored_and_all_goes_on_when_there_is_room(
        self, client: TestClient, engine: sa.Engine
    ) -> None:
        plan = a_plan(client)
        before = client.get(f"{plan}/inputs").json()
        with full(engine), capture_logs() as logs:
            refused = client.put(f"{plan}/inputs", json=large())
            still = client.get(f"{plan}/inputs").json()
        again = client.put(f"{plan}/inputs", json=large())

        is_told(refused, "has no room left")
        assert still == before
        assert again.status_code == 200
        told = [entry for entry in logs if entry["event"] == "database_refused"]
        assert [entry["reason"] for entry in told] == ["SQLITE_FULL"]

    def test_a_key_may_be_sent_again_when_there_is_room(
        self, client: TestClient, engine: sa.Engine
    ) -> None:
        plan = a_plan(client)
        key = {"Idempotency-Key": "k-1"}
        with full(engine):
            refused = client.put(f"{plan}/inputs", json=large(), headers=key)
        again = client.put(f"{plan}/inputs", json=large(), headers=key)

        is_told(refused, "has no room left")
        assert (again.status_code, "idempotent-replayed" in again.headers) == (200, False)


class TestReadOnly:
    def test_reading_goes_on_and_writing_when_it_may(
        self, client: TestClient, engine: sa.Engine
    ) -> None:
        plan = a_plan(client)
        with read_only(engine):
            refused = [
                client.post("/v1/plans", json=PLAN),
                client.post(f"{plan}/versions", json={}),
                client.post("/v1/plans", json=PLAN, headers={"Idempotency-Key": "k-1"}),
            ]
            read = [client.get(path) for path in (plan, f"{plan}/inputs", "/readyz")]
        written = client.post("/v1/plans", json=PLAN, headers={"Idempotency-Key": "k-1"})

        for answer in refused:
            is_told(answer, "takes no writes")
        assert {answer.status_code for answer in read} == {200}
        assert written.status_code == 201
        assert len(client.get("/v1/plans").json()["items"]) == 2

    def test_connections_of_that_time_do_not_stay_so(
        self, client: TestClient, engine: sa.Engine
    ) -> None:
        """Nobody has to start the service again."""
        with connecting_read_only(engine):
            refused = client.post("/v1/plans", json=PLAN)
        written = client.post("/v1/plans", json=PLAN)

        is_told(refused, "takes no writes")
        assert written.status_code == 201

    def test_keys_go_on_opening(self, callers: Callers) -> None:
        reader = callers("hr")
        database: Database = callers.app.state.database
        with read_only(database.engine):
            assert reader.get("/v1/plans").status_code == 200


@pytest.mark.parametrize("owners_url", ["postgresql"], indirect=True)
class TestGoneInTheMiddle:
    def test_a_version_that_was_not_read_to_its_end_is_not_called_broken(
        self, client: TestClient, engine: sa.Engine, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        version = f"{plan}/versions/1"
        ended: list[int] = []

        def end(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
            if "FROM chunk" in statement and not ended:
                ended.append(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]
                with database.engine.connect() as other:
                    other.execute(sa.func.pg_terminate_backend(ended[0]).select())

        with at_each(engine, "before_cursor_execute", end):
            refused = client.get(f"{version}/verify")
        again = client.get(f"{version}/verify")

        assert ended
        is_told(refused, "connection to the database was lost")
        assert (again.status_code, again.json()["valid"]) == (200, True)
