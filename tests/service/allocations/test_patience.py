"""How long a caller waits: the clock of a solve, and what hanging up does to it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from service.allocations.caller import PatienceDep
from service.allocations.patience import Patience
from service.kit.settings import Settings
from service.main import create_app
from solver.errors import SolveStopped, TimeIsUp


class TestPatience:
    def test_the_clock_starts_with_the_solve(self) -> None:
        patience = Patience(seconds=0.05)
        time.sleep(0.06)

        watch = patience.watch()
        watch.look()
        time.sleep(0.06)

        with pytest.raises(TimeIsUp):
            watch.look()

    def test_whoever_waits_can_stop_it(self) -> None:
        watch = Patience(stopped=lambda: True).watch()

        with pytest.raises(SolveStopped):
            watch.look()


@contextmanager
def served(app: FastAPI) -> Iterator[socket.socket]:
    """A connection to a real server, with all our middlewares."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with socket.create_connection(listener.getsockname(), timeout=10) as connection:
                yield connection
        finally:
            server.should_exit = True
            thread.join()


def test_a_caller_who_hangs_up_stops_the_solve(tmp_path: Path) -> None:
    """The solver looks from threads of its own, as a library's callbacks do."""
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'none.db'}"))
    begun, ended = threading.Event(), threading.Event()
    ends: list[str] = []

    @app.get("/solve")
    def solve(patience: PatienceDep) -> None:
        watch = patience.watch()

        def look_until_it_ends() -> None:
            begun.set()
            try:
                while True:
                    watch.look()
                    time.sleep(0.01)
            except SolveStopped as end:
                ends.append(str(end))
            ended.set()

        thread = threading.Thread(target=look_until_it_ends)
        thread.start()
        thread.join()

    with served(app) as connection:
        connection.sendall(b"GET /solve HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert begun.wait(10)
        connection.close()
        assert ended.wait(10)

    assert ends == ["the solve was stopped on request"]
