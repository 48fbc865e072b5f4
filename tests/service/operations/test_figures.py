"""What Prometheus is told of operations; each on both databases."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.ids import new_id
from service.operations.carrying import Carrier
from service.operations.repository import LEASE, UNCLAIMED
from service.operations.tables import Operation
from tests.service.allocations.plans import a_plan
from tests.service.operations.following import begun, done, settle
from tests.service.operations.long_solves import Gate, long_solves
from tests.service.scraped import Scrape

ANOTHER = "a" * 32, "b" * 32
"""Tokens of processes that are not here."""
TOO_MUCH = {"policy": {"groups": [{"id": "g", "reps": ["ann"], "min": 400}]}}


@pytest.fixture(autouse=True)
def _looks_only_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_until_it_stops(carrier: Carrier) -> None:
        await carrier._woken.wait()

    monkeypatch.setattr(Carrier, "work", only_until_it_stops)


@pytest.fixture
def gate() -> Iterator[Gate]:
    with long_solves() as gate:
        yield gate


def scrape(client: TestClient) -> Scrape:
    return Scrape(client.get("/metrics").text)


def change(client: TestClient, what: Callable[[], object], name: str, **labels: str) -> float:
    """By how much it has grown meanwhile."""
    before = scrape(client).sum(name, **labels)
    what()
    return scrape(client).sum(name, **labels) - before


def left(database: Database, workspace_id: str = DEFAULT_WORKSPACE, **values: Any) -> None:
    """An operation as a process has left it."""
    row = Operation(
        id=new_id("op"),
        workspace_id=workspace_id,
        caller_id="local",
        kind="solve_version",
        method="POST",
        path="/v1/plans/plan_1/versions",
        query="",
        started_at=utc_now(),
        claimed_until=UNCLAIMED,
    )
    for name, value in values.items():
        setattr(row, name, value)
    with database.of(workspace_id).sessions.begin() as session:
        session.add(row)


def test_those_that_wait_are_counted_in_all_workspaces_and_those_under_way_beside_them(
    client: TestClient, database: Database
) -> None:
    now = utc_now()
    with database.of("wsp_other").sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=now))
    left(database)
    left(database, "wsp_other", started_at=now - timedelta(hours=1))
    left(database, kind="backtest", claimed_until=now + LEASE)  # tried once more, later
    left(database, token=ANOTHER[0], claimed_until=now - LEASE)  # its process died
    long_ago = now - timedelta(hours=2)
    left(database, token=ANOTHER[1], claimed_until=now + LEASE, started_at=long_ago)
    left(database, done_at=now)
    left(database, parts=3, kind="create_batch")

    told = scrape(client)

    assert told.sum("fairquota_operations_waiting", kind="solve_version") == 3
    assert told.sum("fairquota_operations_waiting") == 4
    assert told.sum("fairquota_operations_under_way") == 1
    assert 3600 <= told.sum("fairquota_operations_oldest_waiting_seconds") < 7200


def test_an_empty_queue_is_nothing_and_not_unknown(client: TestClient) -> None:
    told = scrape(client)

    for name in ("waiting", "under_way", "oldest_waiting_seconds"):
        assert f"fairquota_operations_{name}" in told.names
        assert told.sum(f"fairquota_operations_{name}") == 0


class TestThoseThatEnd:
    ENDED = "fairquota_operations_ended_total"

    def test_are_counted_by_what_came_of_them(self, client: TestClient, app: FastAPI) -> None:
        path = f"{a_plan(client)}/versions"

        def solve() -> None:
            for body in ({}, {}, TOO_MUCH):
                done(client, begun(client, path, body))
            settle(client, app)

        before = scrape(client)
        solve()
        after = scrape(client)

        def more(**labels: str) -> float:
            return after.sum(self.ENDED, **labels) - before.sum(self.ENDED, **labels)

        assert more(kind="solve_version", outcome="stored", problem="") == 2
        assert more(kind="solve_version", outcome="failed", problem="infeasible") == 1
        assert more() == 3
        solves = "fairquota_solves_total"
        assert after.sum(solves, outcome="infeasible") == 1 + before.sum(
            solves, outcome="infeasible"
        )

    def test_are_counted_once_where_they_are_cancelled(
        self, client: TestClient, app: FastAPI, gate: Gate
    ) -> None:
        def cancel() -> None:
            operation = begun(client, f"{a_plan(client)}/versions")
            gate.reached.wait()
            for _ in range(2):
                assert client.post(f"{operation}/cancel").status_code == 200
            (run,) = app.state.runs.under_way
            run.stopped = True
            settle(client, app)

        assert change(client, cancel, self.ENDED, outcome="cancelled") == 1

    def test_are_all_parts_of_a_batch_that_is_cancelled(self, client: TestClient) -> None:
        plans = [a_plan(client).removeprefix("/v1/plans/") for _ in range(3)]

        def cancel() -> None:
            batch = client.post("/v1/batches", json={"plans": plans}).headers["location"]
            client.post(f"{batch}/cancel")

        assert change(client, cancel, self.ENDED, outcome="cancelled") == 3


class TestThoseTakenOver:
    RECOVERED = "fairquota_operations_recovered_total"

    def test_from_a_process_that_gave_no_sign_of_life_are_counted(
        self, client: TestClient, app: FastAPI, database: Database, gate: Gate
    ) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            session.execute(sa.update(Operation).values(claimed_until=utc_now() - LEASE))

        def take_over() -> None:
            assert client.portal is not None
            client.portal.call(Carrier(app).take_over)

        assert change(client, take_over, self.RECOVERED, kind="solve_version") == 1
        gate.opened.set()
        assert done(client, operation)["tries"] == 2

    def test_are_not_those_that_nobody_had_begun(self, client: TestClient, app: FastAPI) -> None:
        plan = a_plan(client).removeprefix("/v1/plans/")

        def take_over() -> None:
            batch = client.post("/v1/batches", json={"plans": [plan]}).headers["location"]
            assert client.portal is not None
            client.portal.call(Carrier(app).take_over)
            done(client, batch)

        assert change(client, take_over, self.RECOVERED) == 0
