"""The service as a process that can be killed, which shows how far it is with storing versions.

It is what `fairquota serve` runs. Processes are forked from one that has loaded everything, which
took nine tenths of the time of a start and is the same each time; nothing is opened before.
"""

import os
from collections.abc import MutableSequence
from enum import IntEnum
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import service.allocations.publishing.catching_up
import service.kit.server
import service.main
import service.webhooks.delivering  # noqa: F401 - loaded before processes are forked
from service.cli.serve import SLOW_TO_LOAD, run_service
from service.kit.db import CONNECTIONS

for _name in SLOW_TO_LOAD:
    import_module(_name)


class Stage(IntEnum):
    """How far a connection is with a version."""

    NOTHING = 0
    STORING = 1
    """Something of a version is written, in a transaction that is open."""
    COMMITTING = 2
    """The database is asked to commit it, and has not answered yet."""


PLACES = 2 * CONNECTIONS
"""A connection that was lost does not give its place back."""


def serve(port: int, folder: Path, settings: dict[str, str], stages: MutableSequence[int]) -> None:
    """Answer until killed; `settings` is the whole environment."""
    os.chdir(folder)
    with (folder / "service.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(settings)
    _show(stages)
    run_service(host=None, port=port)


def _show(stages: MutableSequence[int]) -> None:
    places = count()

    def mark(info: dict[Any, Any], stage: Stage) -> None:
        if "place" not in info:
            info["place"] = next(places) % PLACES
        stages[info["place"]] = stage

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def storing(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO chunk "):  # what storing a version begins with
            mark(connection.info, Stage.STORING)

    @sa.event.listens_for(sa.Engine, "commit")
    def committing(connection: sa.Connection) -> None:
        if "place" in connection.info and stages[connection.info["place"]]:
            mark(connection.info, Stage.COMMITTING)

    @sa.event.listens_for(sa.Pool, "invalidate")
    @sa.event.listens_for(sa.Pool, "checkin")
    def done(_connection: object, entry: sa.pool.ConnectionPoolEntry, *_: object) -> None:
        if "place" in entry.info:
            mark(entry.info, Stage.NOTHING)
