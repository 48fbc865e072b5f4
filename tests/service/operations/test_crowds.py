"""Many operations at once: everybody is told where to look, and everything else goes on."""

import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.simulation import usecases
from service.kit.db import SOLVERS, Database
from service.operations.runs import Runs
from tests.service.allocations.plans import a_plan, four_reps
from tests.service.operations.following import AT_ONCE, begun, done, settle
from tests.service.operations.long_solves import Gate, long_solves
from tests.service.steps import at_once

THREADS = 40
"""That carry requests out."""


@pytest.fixture
def gate() -> Iterator[Gate]:
    with long_solves() as gate:
        yield gate


def test_all_are_told_where_to_look_though_only_some_solve_at_once(
    client: TestClient, app: FastAPI, gate: Gate
) -> None:
    """Nobody's patience begins only when it is their turn."""
    plan = a_plan(client)

    operations = [begun(client, f"{plan}/versions") for _ in range(SOLVERS + 4)]

    assert client.get("/healthz").status_code == 200
    for operation in operations[2:]:
        client.post(f"{operation}/cancel").raise_for_status()
    gate.opened.set()
    settle(client, app)
    assert [done(client, own)["status"] for own in operations[:2]] == [201, 201]
    assert len(client.get(f"{plan}/versions").json()["items"]) == 2


@pytest.mark.usefixtures("gate")
def test_those_who_wait_for_a_writer_keep_no_thread_from_others(
    client: TestClient, app: FastAPI, database: Database
) -> None:
    """A writer of SQLite needs one of them to end."""
    plan = a_plan(client)

    def ask(_: int) -> int:
        return client.post(f"{plan}/versions", json={}, headers=AT_ONCE).status_code

    writing = database.sessions()
    writing.execute(sa.text("SELECT 1"))  # on SQLite it has the lock of writers from here
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.extend(at_once(ask, range(THREADS + 4))))
    asking.start()
    if database.engine.dialect.name == "sqlite":
        _wait_until_all_ask(app.state.runs)

    read = client.get(plan).status_code

    writing.close()
    asking.join()
    assert (read, answers) == (200, [202] * (THREADS + 4))
    for own in client.get("/v1/operations", params={"limit": 100}).json()["items"]:
        client.post(f"/v1/operations/{own['id']}/cancel").raise_for_status()
    settle(client, app)


def _wait_until_all_ask(runs: Runs) -> None:
    pause = threading.Event()  # nothing tells how many threads are taken; looking is cheap
    for _ in range(3000):
        threads = runs.threads.statistics()
        if threads.borrowed_tokens + threads.tasks_waiting == THREADS + 4:
            return
        pause.wait(0.01)
    raise AssertionError("not all have asked")


def test_calls_without_a_plan_keep_no_thread_from_others(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A simulation of a body needs no session, and takes its turn all the same."""
    going_on = threading.Semaphore(0)
    begun_at_once: list[object] = []
    plan = a_plan(client)

    def simulate(*given: object) -> dict[str, str]:
        begun_at_once.append(given)
        going_on.acquire()
        return {}

    monkeypatch.setattr(usecases, "simulate_once", simulate)
    for _ in range(THREADS + 4):
        begun(client, "/v1/allocations/simulation", four_reps())

    read = client.get(plan).status_code

    assert (read, len(begun_at_once) <= SOLVERS) == (200, True)
    for _ in range(THREADS + 4):
        going_on.release()
    settle(client, app)
