"""A worker that grows, hangs or does not look is not for ever."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.usecases import solving
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.metrics import Teller
from service.kit.settings import Settings
from service.operations import carrying, working
from service.operations.carrying import Carrier
from service.operations.repository import LEASE
from service.operations.run import Run
from service.operations.tables import Operation
from service.operations.workers import Workers
from tests.service.allocations.plans import a_plan
from tests.service.operations.following import begun, done, settle
from tests.service.operations.long_solves import long_solves

_MORE_THAN_A_PIPE_HOLDS = 20_000


def test_a_plan_that_needs_more_memory_than_there_is_ends_as_a_problem(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(solving, "solve_measures", too_large)
    plan = a_plan(client)
    assert working.has_room(app)

    told = done(client, begun(client, f"{plan}/versions"))

    assert (told["status"], told["tries"]) == (503, 1)
    assert told["problem"]["type"] == "/problems/needs-more-memory"
    assert not working.has_room(app)


def test_a_process_without_room_leaves_what_waits_to_others(
    client: TestClient, app: FastAPI, database: Database
) -> None:
    with long_solves() as gate:
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        row = {"token": "0" * 32, "claimed_until": utc_now() - timedelta(seconds=1)}
        with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            session.execute(sa.update(Operation).values(row))
    settle(client, app)
    carrier = Carrier(app, may_begin=lambda: False)

    assert client.portal is not None
    client.portal.call(carrier.take_over)

    told = client.get(operation).json()
    assert (told["done"], told["tries"]) == (False, 1)


def test_a_process_is_refused_more_memory_than_it_may_have_until_it_ends() -> None:
    program = """
from service.kit.memory import bound_memory, lift_bound, megabytes_in_use
bound_memory(256)
try:
    bytearray(1 << 30)
except MemoryError:
    print(megabytes_in_use() < 256)
lift_bound()
print(len(bytearray(1 << 30)) >> 30)
"""
    said = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["True", "1"]


def test_signs_of_life_go_on_when_the_clock_is_set_back(
    client: TestClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = utc_now()
    clock = {"wall": noon, "running": 100.0}
    monkeypatch.setattr(carrying, "monotonic", lambda: clock["running"])
    carrier = Carrier(app, lambda: clock["wall"])  # type: ignore[arg-type, return-value]
    with long_solves() as gate:
        begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        assert client.portal is not None
        client.portal.call(carrier.look_after)
        clock |= {"wall": noon - timedelta(hours=1), "running": 110.0}

        client.portal.call(carrier.look_after)

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            claimed_until = session.scalars(sa.select(Operation.claimed_until)).one()
    assert claimed_until == noon - timedelta(hours=1) + LEASE


class _Ended(BaseException):
    """The process."""


@contextmanager
def _a_pipe() -> Iterator[tuple[Connection, Connection]]:
    theirs, ours = Pipe(duplex=False)
    with theirs, ours:
        yield theirs, ours


def test_a_worker_whose_thread_hangs_after_it_was_cancelled_ends(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(code: int) -> None:
        raise _Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(working, "_EVERY", 0.0)
    monkeypatch.setattr(working, "_TO_STOP", 0.0)
    app.state.runs.under_way[Run(stopped=True)] = None
    try:
        with _a_pipe() as (told, _), _a_pipe() as (_, hearer), pytest.raises(_Ended):
            working._listen(app, told, Carrier(app), Teller(hearer))
    finally:
        app.state.runs.under_way.clear()


def test_a_worker_that_leaves_ends_whatever_hangs() -> None:
    program = """
from threading import Event, Thread
from service.operations.working import end_in_time
Thread(target=Event().wait).start()
end_in_time(0.1)
"""
    ended = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)  # noqa: S603
    assert ended.returncode == 1


def _never_looks(_settings: Settings, told: Connection, hearer: Connection) -> None:
    hearer.close()
    ended = select.poll()
    ended.register(told, 0)  # not what it is told, only that the other side has closed
    ended.poll()


def test_nobody_waits_for_a_worker_that_does_not_look() -> None:
    workers = Workers(1, _never_looks, Settings())

    for _ in range(_MORE_THAN_A_PIPE_HOLDS):
        workers.wake()

    workers.close()
