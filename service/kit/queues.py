"""Queues inside this process, for those who would only undo each other's work side by side.

A queue holds neither a transaction nor a lock of the database. It is no protection: another process
has queues of its own, so what is stored is still checked against what others have stored.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated, Final, cast

from fastapi import Depends, Request

from service.kit.errors import Conflict

TRIES: Final = 50
"""Each of them fails only because something else was stored meanwhile, by another process too."""


class TooBusy(Conflict):
    """Others changed the plan again and again meanwhile."""


@dataclass(slots=True)
class _Queue:
    turn: Lock = field(default_factory=Lock)
    standing: int = 0
    """How many have come and not gone yet."""


class Queues:
    """By name; a name is known as long as somebody stands in its queue."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._knowing = Lock()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until nobody else has the turn, and have it."""
        with self._knowing:
            queue = self._queues.setdefault(name, _Queue())
            queue.standing += 1
        try:
            with queue.turn:
                yield
        finally:
            with self._knowing:
                queue.standing -= 1
                if not queue.standing:
                    del self._queues[name]

    def until_stored[Stored](self, name: str, attempt: Callable[[], Stored | None]) -> Stored:
        """What an attempt stores that nobody else comes before, who makes it answer None.

        Raises TooBusy.
        """
        with self.turn(name):
            for _ in range(TRIES):
                if (stored := attempt()) is not None:
                    return stored
        raise TooBusy("Others change the same again and again; send it once more.")

    def __len__(self) -> int:
        """How many names are known."""
        return len(self._queues)


def queues_of(request: Request) -> Queues:
    return cast("Queues", request.app.state.queues)


QueuesDep = Annotated[Queues, Depends(queues_of)]
