"""Queues inside this process, for those who would only undo each other's work side by side.

A queue holds neither a transaction nor a lock of the database. It is no protection: another process
has queues of its own, so what is stored is still checked against what others have stored.

Whoever waits keeps one of the server's threads. So only some may wait at once, in all queues
together, and each for some time only; everybody else is told to come again. Who finds a queue empty
has the turn at once, however many wait in others.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from service.kit.errors import Conflict, Unavailable

TRIES: Final = 50
"""Each of them fails only because something else was stored meanwhile, by another process too."""


class TooBusy(Conflict):
    """Others changed the plan again and again meanwhile."""


class QueueTooLong(Unavailable):
    """Too many others are changing the same just now."""


@dataclass(slots=True)
class _Queue:
    turn: Lock = field(default_factory=Lock)
    standing: int = 0
    """How many have come and not gone yet."""


class Queues:
    """By name; a name is known as long as somebody stands in its queue."""

    def __init__(self, places: int = 16, seconds: float = 30.0) -> None:
        """`places`: how many may wait at once, in all queues together; `seconds`: how long."""
        self._places, self._seconds = places, seconds
        self._queues: dict[str, _Queue] = {}
        self._waiting = 0
        self._knowing = Lock()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until nobody else has the turn, and have it. Raises QueueTooLong."""
        with self._knowing:
            queue = self._queues.setdefault(name, _Queue())
            if waits := queue.standing > 0:
                self._take_a_place()
            queue.standing += 1
        try:
            self._wait(queue, waits=waits)
            try:
                yield
            finally:
                queue.turn.release()
        finally:
            with self._knowing:
                queue.standing -= 1
                if not queue.standing:
                    del self._queues[name]

    def _take_a_place(self) -> None:
        if self._waiting >= self._places:
            raise QueueTooLong(
                f"{self._waiting} calls already wait for others to finish, and no more may. Nothing"
                " was changed; send it again in a few seconds."
            )
        self._waiting += 1

    def _wait(self, queue: _Queue, *, waits: bool) -> None:
        came = queue.turn.acquire(timeout=self._seconds)
        with self._knowing:
            self._waiting -= waits
        if not came:
            raise QueueTooLong(
                f"Others did not finish changing the same within {self._seconds:g} seconds. Nothing"
                " was changed; send it again in a few seconds."
            )

    def until_stored[Stored](self, name: str, attempt: Callable[[], Stored | None]) -> Stored:
        """What an attempt stores that nobody else comes before, who makes it answer None.

        Raises TooBusy and QueueTooLong.
        """
        with self.turn(name):
            for _ in range(TRIES):
                if (stored := attempt()) is not None:
                    return stored
        raise TooBusy("Others change the same again and again; send it once more.")

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._queues)


async def queues_of(request: Request) -> Queues:
    return cast("Queues", request.app.state.queues)


QueuesDep = Annotated[Queues, Depends(queues_of)]
