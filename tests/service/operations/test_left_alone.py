"""Operations whose process dies, stops or falls behind; each on both databases."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from service.allocations.versions.usecases import solving
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.errors import DatabaseUnavailable
from service.kit.idempotency import LEASE as KEY_LEASE
from service.kit.idempotency import IdempotencyKey
from service.kit.problems import problem_response
from service.operations import outlasting, runs
from service.operations.carrying import Carrier
from service.operations.domain import MOST_TRIES
from service.operations.repository import LEASE, Operations
from service.operations.tables import Operation
from tests.service.allocations.plans import a_plan
from tests.service.callers import Callers
from tests.service.conftest import LOOPBACK
from tests.service.operations.following import AT_ONCE, begun, done, settle
from tests.service.operations.long_solves import Gate, long_solves

ANOTHER = "0" * 32
"""The token of a process that is not here."""


@pytest.fixture(autouse=True)
def _looks_only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_until_it_stops(carrier: Carrier) -> None:
        await carrier._woken.wait()

    monkeypatch.setattr(Carrier, "work", only_until_it_stops)


@pytest.fixture
def gate() -> Iterator[Gate]:
    with long_solves() as gate:
        yield gate


def set_row(database: Database, **values: Any) -> None:
    """As if a process had left the only operation so."""
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        session.execute(sa.update(Operation).values(values))


def look(client: TestClient, app: FastAPI, what: Callable[[Carrier], Any]) -> None:
    """Another process looks; it answers requests in the event loop of this one."""
    assert client.portal is not None
    client.portal.call(what, Carrier(app))


def versions(client: TestClient, plan: str) -> int:
    return len(client.get(f"{plan}/versions").json()["items"])


class TestAProcessThatFellBehind:
    """It goes on, but gave no sign of life for too long."""

    def test_loses_the_operation_to_another_one_and_stores_nothing(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        plan = a_plan(client)
        operation = begun(client, f"{plan}/versions", {"note": "once"})
        gate.reached.wait()
        set_row(database, claimed_until=utc_now() - timedelta(seconds=1))

        look(client, app, Carrier.take_over)
        gate.opened.set()

        told = done(client, operation)
        assert (told["status"], told["tries"]) == (201, 2)
        assert told["result"]["note"] == "once"
        assert versions(client, plan) == 1

    def test_is_followed_in_the_log_by_the_id_of_the_request(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        cannot_hold = {"policy": {"groups": [{"id": "g", "reps": ["ann"], "min": 400}]}}
        path = f"{a_plan(client)}/versions"
        accepted = client.post(path, json=cannot_hold, headers=AT_ONCE)
        gate.reached.wait()
        set_row(database, claimed_until=utc_now() - timedelta(seconds=1))

        look(client, app, Carrier.take_over)
        gate.opened.set()

        told = done(client, accepted.headers["location"])
        assert (told["status"], told["tries"]) == (422, 2)
        assert told["problem"]["request_id"] == accepted.headers["x-request-id"]

    def test_is_told_to_stop(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        (run,) = app.state.runs.under_way
        set_row(database, token=ANOTHER, claimed_until=utc_now() + LEASE)

        look(client, app, Carrier.look_after)

        assert run.stopped

    def test_keeps_what_it_gives_signs_of_life_for(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        set_row(database, claimed_until=utc_now() - timedelta(seconds=1))

        look(client, app, Carrier.look_after)
        look(client, app, Carrier.take_over)
        gate.opened.set()

        assert done(client, operation)["tries"] == 1


def test_a_process_that_dies_before_the_202_was_kept_leaves_one_operation_for_the_key(
    client: TestClient, database: Database, gate: Gate
) -> None:
    plan, key = a_plan(client), {"Idempotency-Key": "k-1"}
    operation = begun(client, f"{plan}/versions", **key)
    gate.reached.wait()
    with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
        forgotten = {"status": None, "headers": None, "body": None}
        long_ago = {"claimed_at": utc_now() - KEY_LEASE}
        session.execute(sa.update(IdempotencyKey).values(forgotten | long_ago))

    again = client.post(f"{plan}/versions", json={}, headers=AT_ONCE | key)

    gate.opened.set()
    done(client, operation)
    assert again.status_code == 409
    assert again.json()["type"] == "/problems/answer-not-kept"
    assert operation == f"/v1/operations/{again.json()['subject']}"
    assert versions(client, plan) == 1


def test_a_service_that_stops_leaves_what_is_under_way_to_the_next(
    app: FastAPI, gate: Gate
) -> None:
    with TestClient(app, base_url=LOOPBACK) as client:
        plan = a_plan(client)
        operation = begun(client, f"{plan}/versions")
        gate.reached.wait()
    assert app.state.runs.under_way == {}
    app.state.runs.leaving = False  # the next one has runs of its own
    gate.opened.set()

    with TestClient(app, base_url=LOOPBACK) as client:
        look(client, app, Carrier.take_over)
        told = done(client, operation)
        assert (told["status"], told["tries"]) == (201, 1)
        assert versions(client, plan) == 1


class TestAProcessThatDied:
    """Its operations are like those whose rows nobody renews."""

    @pytest.fixture
    def left(self, client: TestClient, database: Database, gate: Gate) -> str:
        """The path of the plan. The one operation is the next to be taken over."""
        plan = a_plan(client)
        begun(client, f"{plan}/versions")
        gate.reached.wait()
        set_row(database, token=ANOTHER, claimed_until=utc_now())
        return plan

    @pytest.fixture
    def operation(self, client: TestClient, left: str) -> str:
        del left
        (own,) = client.get("/v1/operations").json()["items"]
        return f"/v1/operations/{own['id']}"

    def test_after_it_stored_something_is_told_of_and_nothing_done_again(
        self, client: TestClient, app: FastAPI, database: Database, left: str, operation: str
    ) -> None:
        set_row(database, action="version.solve", subject="plan_1/versions/7")

        look(client, app, Carrier.take_over)

        told = client.get(operation).json()
        assert (told["done"], told["tries"]) == (True, 1)
        assert told["stored"] == {"action": "version.solve", "subject": "plan_1/versions/7"}
        assert told["problem"]["type"] == "/problems/result-not-kept"
        assert "plan_1/versions/7" in told["problem"]["detail"]
        assert versions(client, left) == 0

    def test_so_many_times_is_given_up(
        self, client: TestClient, app: FastAPI, database: Database, left: str, operation: str
    ) -> None:
        set_row(database, tries=MOST_TRIES)

        look(client, app, Carrier.take_over)

        told = client.get(operation).json()
        assert told["problem"]["type"] == "/problems/operation-given-up"
        assert (told["done"], told["status"], told["stored"]) == (True, 409, None)
        assert versions(client, left) == 0

    def test_has_its_operation_cancelled_for_good(
        self, client: TestClient, app: FastAPI, left: str, operation: str
    ) -> None:
        told = client.post(f"{operation}/cancel").json()

        look(client, app, Carrier.take_over)

        assert (told["done"], told["cancelled"], told["tries"]) == (True, True, 1)
        assert client.get(operation).json() == told
        assert versions(client, left) == 0

    @pytest.mark.parametrize(
        "damage", [{"caller": {"role": "nobody"}}, {"body": b"x"}, {"headers": [1]}]
    )
    def test_may_leave_what_cannot_be_read_which_keeps_nobody_waiting(
        self, client: TestClient, app: FastAPI, database: Database, operation: str, damage: Any
    ) -> None:
        set_row(database, **damage)

        look(client, app, Carrier.take_over)

        told = client.get(operation).json()
        assert told["problem"]["type"] == "/problems/operation-damaged"
        assert (told["done"], told["status"], told["stored"]) == (True, 409, None)


class TestADatabaseThatWasAway:
    def test_lets_the_operation_be_tried_once_more(
        self,
        client: TestClient,
        app: FastAPI,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        plan = a_plan(client)
        with monkeypatch.context() as patched:
            patched.setattr(solving, "solve_measures", _the_database_is_away)
            operation = begun(client, f"{plan}/versions")
            settle(client, app)
        told = client.get(operation).json()
        assert (told["done"], told["tries"]) == (False, 1)

        set_row(database, claimed_until=utc_now())
        look(client, app, Carrier.take_over)

        told = done(client, operation)
        assert (told["status"], told["tries"]) == (201, 2)
        assert versions(client, plan) == 1

    def test_for_ever_is_what_became_of_it(
        self,
        client: TestClient,
        app: FastAPI,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(solving, "solve_measures", _the_database_is_away)
        operation = begun(client, f"{a_plan(client)}/versions")
        for _ in range(MOST_TRIES - 1):
            settle(client, app)
            set_row(database, claimed_until=utc_now())
            look(client, app, Carrier.take_over)

        told = done(client, operation)

        assert (told["status"], told["tries"]) == (503, MOST_TRIES)
        assert told["problem"]["type"] == "/problems/database-unavailable"

    def test_after_all_was_stored_is_no_failure_of_what_was_stored(
        self, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The commit came through, and that it did was not heard."""
        plan = a_plan(client)
        solve = solving.solve_version

        def not_heard_of(*what: Any, **more: Any) -> None:
            solve(*what, **more)
            raise DatabaseUnavailable("The connection was lost.")

        with monkeypatch.context() as patched:
            patched.setattr(solving, "solve_version", not_heard_of)
            operation = begun(client, f"{plan}/versions")
            settle(client, app)

        told = client.get(operation).json()
        assert (told["done"], told["tries"]) == (True, 1)
        assert told["stored"]["action"] == "version.solve"
        assert told["problem"]["type"] == "/problems/result-not-kept"
        assert told["stored"]["subject"] in told["problem"]["detail"]
        assert versions(client, plan) == 1

    def test_while_a_commit_comes_through_has_it_waited_for(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        """Its connection was lost, and the database still works at it."""
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        (held,) = (run.held for run in app.state.runs.under_way)
        away = problem_response(Request({"type": "http", "path": "/", "headers": [], "state": {}}),
                                DatabaseUnavailable("The connection was lost."))  # fmt: skip
        finishing = threading.Thread(target=runs._finish, args=(held, away))

        with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            operations = Operations(session, DEFAULT_WORKSPACE)
            operations.stamp(held.token, "version.solve", "plan_1/versions/7")
            finishing.start()
            _wait_until_somebody_waits(database)
        finishing.join()

        told = client.get(operation).json()
        assert (told["done"], told["problem"]["type"]) == (True, "/problems/result-not-kept")

    def test_is_told_of_the_end_when_it_is_back(
        self, client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        finish, tried = Operations.finish, []

        def away_at_first(*what: Any) -> bool:
            tried.append(what)
            if len(tried) == 1:
                raise DatabaseUnavailable("It is away.")
            return finish(*what)

        monkeypatch.setattr(Operations, "finish", away_at_first)
        monkeypatch.setattr(runs, "PAUSES", (0.0,))
        operation = begun(client, f"{a_plan(client)}/versions")
        settle(client, app)

        told = client.get(operation).json()
        assert (told["done"], told["status"], told["tries"]) == (True, 201, 1)
        assert told["result"]["number"] == 1


def _wait_until_somebody_waits(database: Database) -> None:
    """For a lock of PostgreSQL; on SQLite all who write wait for each other anyway."""
    if database.engine.dialect.name == "sqlite":
        return
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    pause = threading.Event()
    for _ in range(3000):
        with database.engine.connect() as connection:
            if connection.scalar(waits):
                return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


def _the_database_is_away(*_: object) -> None:
    raise DatabaseUnavailable("It is away.")


def test_what_is_carried_out_again_is_done_for_the_same_caller(
    callers: Callers, database: Database, gate: Gate
) -> None:
    """Whose key may have been revoked since: it was theirs when they asked."""
    admin, planner = callers("admin"), callers("planner", person="ann@example.com")
    plan = a_plan(planner)
    operation = begun(planner, f"{plan}/versions")
    gate.reached.wait()
    key = admin.get(operation).json()["started_by"]
    assert admin.delete(f"/v1/keys/{key}").status_code == 204
    set_row(database, token=ANOTHER, claimed_until=utc_now())

    callers.portal.call(Carrier(callers.app).take_over)
    gate.opened.set()

    told = done(admin, operation)
    assert (told["status"], told["tries"]) == (201, 2)
    (entry,) = admin.get("/v1/audit", params={"action": "version.solve"}).json()["items"]
    assert entry["actor"] == key


def test_what_has_stored_something_is_answered_and_no_operation(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Patience ends while the answer is written: nobody may find it undone and do it again."""
    plan = a_plan(client)
    ended: list[object] = []

    carry_out = outlasting.carry_out

    async def asked_before_it_answers(app: Any, scope: Any, exchange: Any) -> None:
        async def late(scope: Any, receive: Any, send: Any) -> None:
            async def answer(message: Any) -> None:
                if message["type"] == "http.response.start" and exchange.asked is not None:
                    ended.append(await exchange.become_an_operation())
                await send(message)

            await app(scope, receive, answer)

        await carry_out(late, scope, exchange)

    monkeypatch.setattr(outlasting, "carry_out", asked_before_it_answers)

    answer = client.post(f"{plan}/versions", json={})

    assert (answer.status_code, ended) == (201, [None])
    assert client.get("/v1/operations").json()["items"] == []
