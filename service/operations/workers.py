"""Processes beside the service that carry out operations, so that long work takes no time from
short answers: to Python two threads are one.

A worker is told that there may be something to do, and otherwise looks for itself. It ends when it
is told to, or when whoever started it is gone; one that has grown too large, or died, is replaced
when there is something to do.
"""

import os
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from threading import Lock, Thread
from time import monotonic
from typing import Final

import structlog

from service.kit.metrics import PROCESSES, listen
from service.kit.settings import Settings

type Work = Callable[[Settings, Connection, Connection], None]
"""What the process does; it ends when the first connection is closed, and tells over the second one
what it has counted."""

_SECONDS_TO_END: Final = 15.0

log = structlog.get_logger()


class Workers:
    """Those that this process has started."""

    def __init__(self, count: int, work: Work, settings: Settings) -> None:
        self._work, self._settings = work, settings
        self._places: list[tuple[BaseProcess, Connection] | None] = [None] * count
        self._starting = Lock()
        self._closed = False

    def wake(self) -> None:
        """There may be something to do."""
        with self._starting:
            if self._closed:
                return
            for number, place in enumerate(self._places):
                if place is None or not _nudged(*place):
                    self._places[number] = self._started()

    def _started(self) -> tuple[BaseProcess, Connection]:
        # a new interpreter: a copy of this one would have its locks and connections, held for ever
        context = get_context("spawn")
        theirs, ours = context.Pipe(duplex=False)
        hearer, teller = context.Pipe(duplex=False)
        told = (self._settings, theirs, teller)
        process = context.Process(target=self._work, args=told, name="worker")
        process.start()
        theirs.close()
        os.set_blocking(ours.fileno(), False)  # else one that hangs would have us wait in the end
        teller.close()
        PROCESSES.begin(process.pid or 0)
        args = (process.pid, hearer)
        Thread(target=listen, args=args, name="metrics", daemon=True).start()
        log.info("worker_started", pid=process.pid)
        return process, ours

    def close(self) -> None:
        """Let them leave what they are at to others, and wait until they have ended."""
        with self._starting:
            self._closed = True
        places = [place for place in self._places if place is not None]
        for _, ours in places:
            ours.close()
        until = monotonic() + _SECONDS_TO_END  # for all, whoever stops this has patience for one
        for process, _ in places:
            process.join(max(0.0, until - monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _nudged(process: BaseProcess, ours: Connection) -> bool:
    if process.is_alive():
        try:
            ours.send_bytes(b"look")
        except BlockingIOError:
            return True  # it has not looked for long, and was told thousands of times
        except OSError:
            pass  # it ends just now
        else:
            return True
    ours.close()
    process.join()
    if process.exitcode:
        PROCESSES.died()
    tell = log.warning if process.exitcode else log.info
    tell("worker_ended", pid=process.pid, exit_code=process.exitcode)
    return False
