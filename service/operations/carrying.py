"""What every process of the service does for operations, besides answering requests.

* It gives signs of life for those that it carries out, and ends those that were cancelled or that
  another process has taken over.
* It carries out those whose process gives no sign of life any more: the same request again, made by
  this service for the same caller. What was stored before is not done again.
"""

import asyncio
import secrets
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import anyio
import sqlalchemy as sa
import structlog
from anyio import to_thread
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.types import Scope

from service.kit import stamps
from service.kit.auth import KNOWN_CALLER, Caller, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database, told_sessions
from service.kit.errors import AppError
from service.kit.row_security import EVERYWHERE
from service.operations.domain import (
    MOST_TRIES,
    OperationDamaged,
    OperationGivenUp,
    ResultNotKept,
)
from service.operations.outlasting import Exchange, carry_out
from service.operations.repository import LEASE, Operations
from service.operations.run import Held, Run
from service.operations.runs import Runs
from service.operations.tables import Operation

_TICK: Final = 0.5
"""Seconds between two looks at what this process carries out."""
_RENEWED_EVERY: Final = LEASE / 6
_LOOK_EVERY: Final = 2.0
"""Seconds between two looks for what nobody carries out; see `_SHARE`."""
_SHARE: Final = 10  # with many workspaces looking takes long; it takes a tenth of the time at most
_AT_ONCE: Final = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that was left alone and is this process's now, and its request."""

    held: Held
    caller: Caller
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(
        cls, database: Database, operation: Operation, caller: dict[str, Any], token: str
    ) -> "Left":
        """`token` claims it for `caller`."""
        return cls(
            Held(database, operation.id, operation.workspace_id, token),
            Caller.of_told(caller),
            operation.method,
            operation.path,
            operation.query,
            tuple((name, value) for name, value in operation.headers or ()),
            zlib.decompress(operation.body or zlib.compress(b"")),
        )

    def scope(self, app: FastAPI, run: Run) -> Scope:
        """Of the request as it came, but for what said who the caller is."""
        state: dict[str, Any] = {"run": run, KNOWN_CALLER: self.caller}
        stamps.put(told_sessions(state), run)
        length = ("content-length", str(len(self.body)))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in (*self.headers, length)
            ],
            "client": None,
            "server": None,
            "state": state,
            "app": app,
        }


class Carrier:
    """Of one process. `at_once`: what was left by others waits while it carries out as many."""

    def __init__(
        self, app: FastAPI, clock: Callable[[], datetime] = utc_now, at_once: int = _AT_ONCE
    ) -> None:
        self.app = app
        self.clock = clock
        self.at_once = at_once
        self._renewed: dict[str, tuple[datetime, str | None]] = {}
        self._woken = anyio.Event()
        self._stopping = False
        self._last = ""
        """The workspace that had the last turn."""

    @property
    def _runs(self) -> Runs:
        runs: Runs = self.app.state.runs
        return runs

    async def work(self) -> None:
        """Until it is told to stop."""
        look_at = anyio.current_time() + _TICK
        while True:
            with anyio.move_on_after(_TICK):
                await self._woken.wait()
                self._woken, look_at = anyio.Event(), anyio.current_time()
            if self._stopping:
                return
            try:
                await self.look_after()
                if anyio.current_time() >= look_at:
                    began = anyio.current_time()
                    await self.take_over()
                    ended = anyio.current_time()
                    look_at = ended + max(_LOOK_EVERY, _SHARE * (ended - began))
            except Exception:  # the database is away, or a fault: without signs of life all is lost
                log.exception("operations_failed")  # look again later

    def wake(self) -> None:
        """Look now for what nobody carries out; called in the event loop."""
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
        now = self.clock()
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
                if last is None or now - last[0] >= _RENEWED_EVERY or last[1] != run.stage:
                    with database.sessions.begin() as session:
                        operations = Operations(session, workspace_id)
                        operations.renew(held.token, run.stage, run.steps, now)
                    self._renewed[held.token] = now, run.stage
        return ending

    async def take_over(self) -> None:
        """Begin to carry out what was left alone, or wake the workers whose business it is."""
        if (workers := self._runs.workers) is not None:
            if await to_thread.run_sync(self._is_something_left, limiter=self._runs.threads):
                workers.wake()
        elif (free := self.at_once - len(self._runs.under_way)) > 0:
            own = partial(self._claim, free)
            for left in await to_thread.run_sync(own, limiter=self._runs.threads):
                self._begin(left)

    def _is_something_left(self) -> bool:
        return any(self._left_alone(limit=1))

    def _left_alone(self, limit: int) -> Iterator[tuple[Database, str, str]]:
        """The workspaces' databases, their ids and those of operations in them. That which had the
        last turn comes last.
        """
        database: Database = self.app.state.database
        with database.of(EVERYWHERE).reading.begin() as session:
            workspaces = session.scalars(sa.select(Workspace.id)).all()
        for workspace_id in sorted(workspaces, key=lambda own: (own <= self._last, own)):
            own = database.of(workspace_id)
            with own.reading.begin() as session:  # most of the time there is nothing to write
                ids = Operations(session, workspace_id).left_alone(self.clock(), limit)
            for operation_id in ids:
                yield own, workspace_id, operation_id

    def _claim(self, limit: int) -> list[Left]:
        claimed: list[Left] = []
        for own, workspace_id, operation_id in self._left_alone(limit):
            left = self._claim_one(own, workspace_id, operation_id, self.clock())
            if left is not None:
                claimed.append(left)
                self._last = workspace_id
            if len(claimed) == limit:
                break
        return claimed

    def _claim_one(
        self, own: Database, workspace_id: str, operation_id: str, now: datetime
    ) -> Left | None:
        """None where somebody else was quicker, or it is not done again."""
        try:
            with own.sessions.begin() as session:
                operation = Operations(session, workspace_id).lock_left_alone(operation_id, now)
                if operation is None:
                    return None
                if (problem := _why_not(operation)) is None:
                    return _claimed(own, session, operation, now)
        except (sa.exc.SQLAlchemyError, AppError):
            raise
        except Exception:  # what is stored of it cannot be read: it must not keep others waiting
            log.exception("operation_damaged", operation=operation_id)
            problem = OperationDamaged(
                "What was kept of the request cannot be read, so it is not carried out (again). "
                "Send it again, unless `stored` says what it has done."
            )
        with own.sessions.begin() as session:
            Operations(session, workspace_id).end(operation_id, problem, now)
        log.warning("operation_ended", operation=operation_id, reason=problem.title())
        return None

    def _begin(self, left: Left) -> None:
        run = Run(held=left.held)
        exchange = Exchange.again(run, left.body)
        log.info("operation_taken_over", operation=left.held.id)
        task = asyncio.create_task(carry_out(self.app, left.scope(self.app, run), exchange))
        self._runs.begin(run, task)
        task.add_done_callback(lambda _: self.wake())


def _why_not(operation: Operation) -> AppError | None:
    """Why it is not carried out (again), if it is not."""
    if operation.action is not None:
        return ResultNotKept.of(operation.action, operation.subject)
    if operation.tries >= MOST_TRIES:
        return OperationGivenUp(
            f"It was tried {operation.tries} times, and each time the process ended before it "
            "was done. Nothing was stored."
        )
    return None


def _claimed(database: Database, session: Session, operation: Operation, now: datetime) -> Left:
    operation.token = token = secrets.token_hex(16)
    operation.claimed_until = now + LEASE
    operation.tries += 1
    operation.stage, operation.steps = None, 0
    whole = operation
    if operation.parent_id is not None:
        whole = session.get_one(Operation, operation.parent_id)
    return Left.of(database, operation, whole.caller or {}, token)


@asynccontextmanager
async def carrying(app: FastAPI, at_once: int = _AT_ONCE) -> AsyncIterator[Carrier]:
    """Do this while the app answers. What is still under way in the end is left to the next
    process.
    """
    carrier = Carrier(app, at_once=at_once)
    runs: Runs = app.state.runs
    runs.carrier = carrier
    working = asyncio.create_task(carrier.work())
    try:
        yield carrier
    finally:
        carrier.stop()  # not cancelled: what it claims just now would have nobody
        await working
        await runs.leave()
