"""What a worker process does."""

import resource
from multiprocessing.connection import Connection
from typing import Final

import structlog
from anyio import from_thread, to_thread
from fastapi import FastAPI

from service.kit.metrics import Teller
from service.kit.settings import Settings
from service.operations.carrying import Carrier, carrying

_EVERY: Final = 1.0
"""Seconds between two looks at how large it has become."""
_KILOBYTES: Final = 1024

log = structlog.get_logger()


async def work(app: FastAPI, told: Connection, teller: Teller) -> None:
    """Carry out operations, one at a time, until `told` is closed, or this process has grown too
    large and has nothing to do.
    """
    async with carrying(app, at_once=1) as carrier:
        carrier.wake()
        await to_thread.run_sync(_listen, app, told, carrier, teller)
    teller.tell()


def _listen(app: FastAPI, told: Connection, carrier: Carrier, teller: Teller) -> None:
    settings: Settings = app.state.settings
    while True:
        teller.tell()
        if told.poll(_EVERY):
            try:
                told.recv_bytes()
            except EOFError:
                return
            from_thread.run_sync(carrier.wake)
        elif _megabytes() > settings.worker_memory and not app.state.runs.under_way:
            log.info("worker_too_large", megabytes=_megabytes())
            return


def _megabytes() -> int:
    """At most, since this process began."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KILOBYTES
