"""Waiting for a batch, whatever becomes of the service meanwhile."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Protocol

from service.cli.batch.calling import NOT_DONE, Away, Document, Refused, Service
from service.cli.failure import Failure

_PATIENCE: Final = 600.0
"""Seconds without an answer until a command gives up; the batch does not."""
_STANDSTILL: Final = 60.0
"""Seconds in which no plan was done; a shorter time needs no explanation."""


class Shows(Protocol):
    """Whoever tells the person at the keyboard."""

    def state(self, told: Document) -> None:
        """How far the batch is, as the service has it."""

    def away(self, why: Failure, seconds: float) -> None:
        """The service has not answered for so long."""

    def note(self, said: str) -> None:
        """Something that is said once."""


class Outage:
    """How long the service has not answered."""

    def __init__(self, shows: Shows, patience: float = _PATIENCE) -> None:
        self._shows, self._patience = shows, patience
        self._since: float | None = None

    def over(self) -> None:
        self._since = None

    def wait(self, why: Away) -> None:
        """Until it may be asked again. Raises Failure where that has lasted too long."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        seconds = now - self._since
        if seconds > self._patience:
            raise Failure(f"{why} There was no answer for {seconds:.0f} s.", NOT_DONE) from why
        self._shows.away(why, seconds)
        time.sleep(why.seconds)

    def outlast[Answer](self, ask: Callable[[], Answer]) -> Answer:
        """What `ask` answers in the end. Raises Failure."""
        while True:
            try:
                answer = ask()
            except Away as why:
                self.wait(why)
            else:
                self.over()
                return answer


class _Standstill:
    """How long no plan was done, which one who waits cannot tell from a batch that is stuck."""

    def __init__(self, shows: Shows, now: Callable[[], float]) -> None:
        self._shows, self._now = shows, now
        self._finished: int | None = None
        self._since = 0.0
        self._is_told = False

    def state(self, told: Document) -> None:
        now, finished = self._now(), told["progress"]["finished"]
        if finished != self._finished:
            self._finished, self._since = finished, now
        elif now - self._since >= _STANDSTILL and not self._is_told:
            self._is_told = True
            self._shows.note(
                f"no plan was done for {now - self._since:.0f} s: they are large, all workers are "
                "busy with something else, or none runs (`fairquota worker`, or FAIRQUOTA_WORKERS "
                f"of `fairquota serve`). To end it:  fairquota batch cancel {told['id']}"
            )


def follow(
    service: Service,
    batch_id: str,
    shows: Shows,
    outage: Outage,
    now: Callable[[], float] = time.monotonic,
) -> Document:
    """The batch once it is done. Raises Failure."""
    standstill = _Standstill(shows, now)
    while True:
        try:
            for told in _states(service, batch_id):
                outage.over()
                shows.state(told)
                if told["done"]:
                    return told
                standstill.state(told)
        except Away as why:
            outage.wait(why)


def _states(service: Service, batch_id: str) -> Iterator[Document]:
    """One at least, where it answers: whoever may not listen looks now and then. Where there is no
    news it is looked at again, for its pace and end. Raises Away where the stream ends before the
    batch.
    """
    yield service.get("batches", batch_id)
    for told in service.events("operations", batch_id, "events"):
        yield service.get("batches", batch_id) if told is None else told
    raise Away(f"{service.url} tells no more.")


def once(
    service: Service, path: Sequence[str], key: str, outage: Outage, body: Document | None = None
) -> str:
    """The id of the operation that a POST has begun, whatever becomes of its answers: it is sent
    with the same Idempotency-Key until there is one. Raises Failure.
    """
    try:
        told = outage.outlast(partial(service.post, *path, body=body, idempotency_key=key))
    except Refused as refusal:
        if (begun := refusal.begun) is None:
            raise
        return begun
    return str(told["id"])
