"""What a worker process does."""

import os
from functools import partial
from multiprocessing.connection import Connection
from threading import Timer
from time import monotonic
from typing import Final

import structlog
from anyio import from_thread, to_thread
from fastapi import FastAPI

from service.kit.memory import megabytes_in_use
from service.kit.metrics import Teller
from service.operations.carrying import Carrier, carrying
from service.operations.run import Run
from service.operations.runs import Runs

_EVERY: Final = 1.0
"""Seconds between two looks at itself."""
_TO_STOP: Final = 30.0
"""Seconds in which what nobody wants any more ends by itself."""

log = structlog.get_logger()


async def work(app: FastAPI, told: Connection, teller: Teller) -> None:
    """Carry out operations, one at a time, until `told` is closed, or this process has grown too
    large: then it begins nothing more.
    """
    async with carrying(app, at_once=1, may_begin=partial(has_room, app)) as carrier:
        carrier.wake()
        await to_thread.run_sync(_listen, app, told, carrier, teller)
        end_in_time()
    teller.tell()


def end_in_time(seconds: float = _TO_STOP) -> None:
    """This process is leaving. A thread that hangs, such as one that was refused memory in the
    middle of a linear programme, cannot be ended and would keep it.
    """
    timer = Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


def has_room(app: FastAPI) -> bool:
    """For something new. A process that was refused memory has too little left in one piece."""
    limit: int = app.state.settings.worker_memory
    return not app.state.out_of_memory and megabytes_in_use() <= limit


def _listen(app: FastAPI, told: Connection, carrier: Carrier, teller: Teller) -> None:
    runs: Runs = app.state.runs
    stopped: dict[Run, float] = {}
    while True:
        teller.tell()
        if told.poll(_EVERY):
            try:
                told.recv_bytes()
            except EOFError:
                return
            from_thread.run_sync(carrier.wake)
        elif not runs.under_way and not has_room(app):
            log.info("worker_too_large", megabytes=megabytes_in_use())
            return
        stopped = {run: stopped.get(run, monotonic()) for run in [*runs.under_way] if run.stopped}
        if any(monotonic() - since > _TO_STOP for since in stopped.values()):
            log.error("worker_does_not_stop", seconds=_TO_STOP)
            teller.tell()
            os._exit(1)  # a thread that hangs cannot be ended; others take this one's place
