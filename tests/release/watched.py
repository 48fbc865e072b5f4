"""The service, and its workers, as processes that can be killed, and that show how far they are
with storing versions.

They do what `fairquota serve` and a process of `fairquota worker` do. They are forked from one that
has loaded everything, which took nine tenths of the time of a start and is the same each time;
nothing is opened before.
"""

import os
from collections.abc import Collection, MutableSequence
from enum import IntEnum
from functools import partial
from importlib import import_module
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import service.allocations.publishing.catching_up
import service.kit.server
import service.main
import service.operations.working
import service.webhooks.delivering  # noqa: F401 - loaded before processes are forked
from service.cli.serve import SLOW_TO_LOAD, run_service
from service.cli.worker import work as carry_out_operations
from service.kit.db import CONNECTIONS
from service.kit.settings import Settings

for _name in SLOW_TO_LOAD:
    import_module(_name)


class Stage(IntEnum):
    """How far a connection is with a version."""

    NOTHING = 0
    STORING = 1
    """Something of a version is written, in a transaction that is open."""
    COMMITTING = 2
    """The database is asked to commit it, and has not answered yet."""


PLACES = 8 * CONNECTIONS
"""For all processes of a service; a connection that was lost does not give its place back."""


def serve(port: int, folder: Path, settings: dict[str, str], stages: MutableSequence[int]) -> None:
    """Answer until killed; `settings` is the whole environment."""
    _move(folder, settings)
    _show(stages)
    vars(import_module("service.cli.serve"))["work"] = partial(_work, stages)
    run_service(host=None, port=port)


def work(
    told: Connection,
    hearer: Connection,
    folder: Path,
    settings: dict[str, str],
    stages: MutableSequence[int],
) -> None:
    """Carry out operations until killed, or until `told` is closed."""
    _move(folder, settings)
    _work(stages, Settings(), told, hearer)


def _move(folder: Path, settings: dict[str, str]) -> None:
    os.chdir(folder)
    with (folder / "service.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(settings)


def _work(
    stages: MutableSequence[int], settings: Settings, told: Connection, hearer: Connection
) -> None:
    _show(stages)
    carry_out_operations(settings, told, hearer)


def _show(stages: MutableSequence[int]) -> None:
    """Each connection has a place; there stand its process and the stage, see `stage_of`."""
    pid = os.getpid()
    places = count(pid * CONNECTIONS)

    def mark(info: dict[Any, Any], stage: Stage) -> None:
        if "place" not in info:
            info["place"] = next(places) % PLACES
        stages[info["place"]] = pid << 2 | stage

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def storing(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO chunk "):  # what storing a version begins with
            mark(connection.info, Stage.STORING)

    @sa.event.listens_for(sa.Engine, "commit")
    def committing(connection: sa.Connection) -> None:
        if "place" in connection.info and stages[connection.info["place"]] & 3:
            mark(connection.info, Stage.COMMITTING)

    @sa.event.listens_for(sa.Pool, "invalidate")
    @sa.event.listens_for(sa.Pool, "checkin")
    def done(_connection: object, entry: sa.pool.ConnectionPoolEntry, *_: object) -> None:
        if "place" in entry.info:
            mark(entry.info, Stage.NOTHING)


def stage_of(stages: MutableSequence[int], pids: Collection[int]) -> Stage:
    """How far the one of these processes is that is furthest."""
    return Stage(max((own & 3 for own in stages[:] if own >> 2 in pids), default=0))
