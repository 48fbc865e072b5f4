"""The operations that this process carries out."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import anyio
import orjson
import sqlalchemy as sa
import structlog
from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import Response

from service.kit.clock import utc_now
from service.kit.errors import AppError, DatabaseUnavailable
from service.kit.problems import MEDIA_TYPE as PROBLEM
from service.kit.queues import QueueTooLong, TooBusy
from service.operations.domain import MOST_FOLLOW, ResultNotKept, TooManyFollow
from service.operations.repository import Ending, Operations
from service.operations.run import Held, Run
from service.operations.workers import Workers

_AT_ONCE: Final = 4
"""Threads that write down how operations stand, beside those that carry requests out: else all of
these could wait for a writer who needs one of them to end."""

PAUSES: Final = (1.0, 5.0, 15.0)
"""Seconds until a database is asked again that did not take what came of an operation."""
_PASSING: Final = frozenset(
    error.type_path() for error in (DatabaseUnavailable, QueueTooLong, TooBusy)
)

log = structlog.get_logger()


class Wakes(Protocol):
    """Looks for what nobody carries out."""

    def wake(self) -> None:
        """In the event loop."""
        ...


class Runs:
    """The operations that this process carries out."""

    def __init__(self) -> None:
        self.under_way: dict[Run, asyncio.Task[None]] = {}
        self.threads = CapacityLimiter(_AT_ONCE)
        self.leaving = False
        """The service stops: what is not done is left to the next process."""
        self.workers: Workers | None = None
        """Who carries out what outlasts its answer, if not this process."""
        self.carrier: Wakes | None = None
        self._following = 0

    @contextmanager
    def following(self) -> Iterator[None]:
        """Somebody is told how an operation goes on."""
        self._following += 1
        try:
            yield
        finally:
            self._following -= 1

    def check_following(self) -> None:
        """Raises TooManyFollow."""
        if self._following >= MOST_FOLLOW:
            raise TooManyFollow(
                f"{MOST_FOLLOW} callers follow operations already; read yours now and then instead."
            )

    def begin(self, run: Run, task: asyncio.Task[None]) -> None:
        """This process carries it out from now on."""
        self.under_way[run] = task
        task.add_done_callback(lambda _: self.under_way.pop(run))

    def wake(self) -> None:
        """There is something to carry out; called in a thread of a request."""
        if self.workers is not None:
            self.workers.wake()
        elif self.carrier is not None:
            from_thread.run_sync(self.carrier.wake)

    async def finish(self, run: Run, held: Held, answer: Response) -> None:
        """Keep what it was answered, or leave it to others where it was told to stop. A database
        that is away is asked again.
        """
        left = (self.leaving or run.handed_over) and answer.status_code >= 300
        own = partial(_release if left else _finish, held, answer)
        for pause in (*PAUSES, None):
            try:
                await to_thread.run_sync(own, limiter=self.threads)
                break
            except (sa.exc.SQLAlchemyError, AppError):
                log.exception("operation_not_finished", operation=held.id)
            if pause is None or self.leaving:
                break  # once its time is over, another process sees what was done and finishes it
            await anyio.sleep(pause)
        if left and run.handed_over and self.workers is not None:
            self.workers.wake()

    async def leave(self) -> None:
        """End what is under way, and wait until it has ended."""
        self.leaving = True
        for run in self.under_way:
            run.stopped = True
        if self.under_way:
            await asyncio.wait(self.under_way.values())


def _finish(held: Held, answer: Response) -> None:
    ending, now = _ending(answer), utc_now()
    with held.database.sessions.begin() as session:
        operations = Operations(session, held.workspace_id)
        if not _may_pass(answer):
            said = _finished(operations, held, ending, now)
        elif (stored := operations.stored(held.token)) is not None:
            # the commit came through, and that it did was not heard
            operations.end(held.id, ResultNotKept.of(*stored), now)
            said = "operation_result_lost"
        elif operations.put_off(held.token, now):
            said = "operation_put_off"
        else:
            said = _finished(operations, held, ending, now)
    log.info(said, operation=held.id, status=ending.status)


def _finished(operations: Operations, held: Held, ending: Ending, now: datetime) -> str:
    return "operation_finished" if operations.finish(held.token, ending, now) else "operation_lost"


def _release(held: Held, _answer: Response) -> None:
    with held.database.sessions.begin() as session:
        Operations(session, held.workspace_id).release(held.token)
    log.info("operation_left_to_others", operation=held.id)


def _may_pass(answer: Response) -> bool:
    """Whether it failed for a reason that another try may not have: the database was away, or
    others were at the same.
    """
    if answer.status_code not in (409, 503) or not answer.body:
        return False
    return orjson.loads(answer.body).get("type") in _PASSING


def _ending(answer: Response) -> Ending:
    """What is kept of an answer: no secret, and nothing but JSON."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    kept = kind in ("application/json", PROBLEM) and (
        answer.headers.get("cache-control") != "no-store"
    )
    return Ending(
        answer.status_code,
        answer.headers.get("location"),
        answer.headers.get("etag"),
        bytes(answer.body) if kept else None,
    )
