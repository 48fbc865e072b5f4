"""What every process of the service does for operations, besides answering requests.

* It gives signs of life for those that it carries out, and ends those that were cancelled or that
  another process has taken over.
* It carries out those whose process gives no sign of life any more: the same request again, made by
  this service for the same caller. What was stored before is not done again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from os import getpid
from time import monotonic
from typing import Final

import anyio
import structlog
from anyio import to_thread
from fastapi import FastAPI

from service.kit import tracing
from service.kit.clock import utc_now
from service.kit.settings import Settings
from service.operations.claiming import Left, Turns
from service.operations.outlasting import Exchange, carry_out
from service.operations.repository import LEASE, Operations
from service.operations.run import Run
from service.operations.runs import Runs

_TICK: Final = 0.5
"""Seconds between two looks at what this process carries out."""
_RENEWED_EVERY: Final = LEASE.total_seconds() / 6
_LOOK_EVERY: Final = 2.0
"""Seconds between two looks for what nobody carries out; see `_SHARE`."""
_SHARE: Final = 10  # with many workspaces looking takes long; it takes a tenth of the time at most
_AT_ONCE: Final = 2

log = structlog.get_logger()


def _always() -> bool:
    return True


class Carrier:
    """Of one process. `at_once`: what was left by others waits while it carries out as many, and as
    long as it `may_begin` nothing.
    """

    def __init__(
        self,
        app: FastAPI,
        clock: Callable[[], datetime] = utc_now,
        at_once: int = _AT_ONCE,
        may_begin: Callable[[], bool] = _always,
    ) -> None:
        self.app = app
        self.clock = clock
        self.at_once = at_once
        self.may_begin = may_begin
        self._renewed: dict[str, tuple[float, str | None]] = {}
        settings: Settings = app.state.settings
        self._turns = Turns(app.state.database, clock, settings.workspace_at_once)
        self._woken = anyio.Event()
        self._everywhere = True
        """Whether something may be left where this process has found nothing yet."""
        self._stopping = False

    @property
    def _runs(self) -> Runs:
        runs: Runs = self.app.state.runs
        return runs

    async def work(self) -> None:
        """Until it is told to stop."""
        look_at = anyio.current_time() + _TICK
        while True:
            woken = False
            with anyio.move_on_after(_TICK):
                await self._woken.wait()
                self._woken, woken = anyio.Event(), True
            if self._stopping:
                return
            began = anyio.current_time()
            everywhere = self._everywhere or began >= look_at
            try:
                await self.look_after()
                if woken or everywhere:
                    await self.take_over(everywhere=everywhere)
                if everywhere:
                    ended = anyio.current_time()
                    look_at = ended + max(_LOOK_EVERY, _SHARE * (ended - began))
            except Exception:  # the database is away, or a fault: without signs of life all is lost
                log.exception("operations_failed")  # look again later

    def wake(self) -> None:
        """Look now for what nobody carries out; called in the event loop."""
        self._everywhere = True
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopping = True
        self._woken.set()

    async def look_after(self) -> None:
        """Give signs of life for what is under way, and end what is to end."""
        by_token = {run.held.token: run for run in self._runs.under_way if run.held is not None}
        if by_token:
            own = partial(self._look_after, by_token)
            for token in await to_thread.run_sync(own, limiter=self._runs.threads):
                by_token[token].stopped = True

    def _look_after(self, by_token: dict[str, Run]) -> set[str]:
        now, running = self.clock(), monotonic()  # a clock that is set back must not stop signs
        held_in = defaultdict(list)
        for run in by_token.values():
            if run.held is not None:
                held_in[run.held.workspace_id].append((run.held, run))
        ending: set[str] = set()
        self._renewed = {own: self._renewed[own] for own in by_token if own in self._renewed}
        for runs in held_in.values():
            tokens = [held.token for held, _ in runs]
            database, workspace_id = runs[0][0].database, runs[0][0].workspace_id
            with database.reading.begin() as session:
                ending |= Operations(session, workspace_id).asked_to_end(tokens)
            for held, run in runs:
                last = self._renewed.get(held.token)
                if last is None or running - last[0] >= _RENEWED_EVERY or last[1] != run.stage:
                    with database.sessions.begin() as session:
                        operations = Operations(session, workspace_id)
                        operations.renew(held.token, run.stage, run.steps, now)
                    self._renewed[held.token] = running, run.stage
        return ending

    async def take_over(self, *, everywhere: bool = True) -> None:
        """Begin to carry out what was left alone, or wake the workers whose business it is. Not
        `everywhere`: where this process has found something before.
        """
        if (workers := self._runs.workers) is not None:
            self._everywhere = False
            if await to_thread.run_sync(self._turns.is_something_left, limiter=self._runs.threads):
                workers.wake()
        elif (free := self.at_once - len(self._runs.under_way)) > 0 and self.may_begin():
            self._everywhere = False
            own = partial(self._turns.claim, free, everywhere=everywhere)
            for left in await to_thread.run_sync(own, limiter=self._runs.threads):
                self._begin(left)

    def _begin(self, left: Left) -> None:
        run = Run(held=left.held)
        task = asyncio.create_task(carry_out_again(self.app, left, run))
        self._runs.begin(run, task)
        task.add_done_callback(lambda _: self._woken.set())


async def carry_out_again(app: FastAPI, left: Left, run: Run) -> None:
    """Its log lines and spans lead to the request that began it."""
    known = {"operation": left.held.id, "request_id": left.headers.get("x-request-id")}
    with (
        structlog.contextvars.bound_contextvars(**known),
        tracing.linked(f"operation {left.kind}", left.headers, operation=left.held.id) as trace,
    ):
        log.info("operation_taken_over" if left.is_recovered else "operation_begun", pid=getpid())
        exchange = Exchange.again(run, left.body)
        await carry_out(app, left.scope(app, run, trace), exchange)


@asynccontextmanager
async def carrying(
    app: FastAPI, at_once: int = _AT_ONCE, may_begin: Callable[[], bool] = _always
) -> AsyncIterator[Carrier]:
    """Do this while the app answers. What is still under way in the end is left to the next
    process.
    """
    carrier = Carrier(app, at_once=at_once, may_begin=may_begin)
    runs: Runs = app.state.runs
    runs.carrier = carrier
    working = asyncio.create_task(carrier.work())
    try:
        yield carrier
    finally:
        carrier.stop()  # not cancelled: what it claims just now would have nobody
        await working
        await runs.leave()
