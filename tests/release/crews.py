"""Two workers and their service: on one laptop, and as a fleet. Any of them can be killed."""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final, Protocol

from tests.commands import environment
from tests.release import watched
from tests.release.callers import MOST_SECONDS
from tests.release.running import Service, processes

SIZE: Final = 2


class Crew(Protocol):
    """Workers, and the service that they work for."""

    service: Service

    def workers(self) -> Sequence[int]:
        """The processes that live."""
        ...

    def start_again(self) -> None:
        """What was killed, unless somebody else does."""
        ...


@dataclass
class OnALaptop:
    """`fairquota serve` alone, which starts workers and replaces them."""

    service: Service

    def workers(self) -> Sequence[int]:
        return self.service.workers()

    def start_again(self) -> None:
        if not self.service.lives:
            self.service.start()


@dataclass
class Worker:
    """A process of `fairquota worker`, which is started from here."""

    service: Service
    process: ForkServerProcess | None = None
    _told: Connection | None = None

    def start(self) -> None:
        service = self.service
        settings = environment(FAIRQUOTA_DATABASE_URL=service.database_url, **service.settings)
        theirs, self._told = processes.Pipe(duplex=False)
        nobody, hearer = processes.Pipe(duplex=False)
        nobody.close()  # what it has counted is not asked for
        told = (theirs, hearer, service.folder, settings, service.stages)
        self.process = processes.Process(target=watched.work, args=told)
        self.process.start()
        theirs.close()
        hearer.close()

    @property
    def lives(self) -> bool:
        """Asked of the system: the process that forked it hears of its end a little later."""
        pid = None if self.process is None else self.process.pid
        return pid is not None and _state_of(pid) not in (None, "Z")


@dataclass
class Fleet:
    """`fairquota serve` without workers, and processes of `fairquota worker`."""

    service: Service
    members: Sequence[Worker] = field(init=False)

    def __post_init__(self) -> None:
        self.members = [Worker(self.service) for _ in range(SIZE)]

    def workers(self) -> Sequence[int]:
        return [
            own.process.pid
            for own in self.members
            if own.lives and own.process is not None and own.process.pid is not None
        ]

    def start_again(self) -> None:
        if not self.service.lives:
            self.service.start()
        for own in self.members:
            if not own.lives:
                own.start()


@contextmanager
def working(crew: Crew) -> Iterator[Crew]:
    crew.start_again()
    try:
        yield crew
    finally:
        workers = crew.workers()
        crew.service.kill()
        kill(*workers)


def kill(*pids: int) -> None:
    """As by kill -9, and until they have ended."""
    for pid in pids:
        with suppress(ProcessLookupError):  # it has ended as its service has
            os.kill(pid, signal.SIGKILL)
    for pid in pids:
        _wait_for(pid, "Z")


def freeze(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    _wait_for(pid, "T", "Z")


def _wait_for(pid: int, *states: str) -> None:
    """Until it is in one of these states, or gone."""
    pause = threading.Event()
    until = time.monotonic() + MOST_SECONDS
    while (state := _state_of(pid)) is not None and state not in states:
        assert time.monotonic() < until, f"{pid} is still in state {state}"
        pause.wait(0.001)


def _state_of(pid: int) -> str | None:
    try:
        told = (Path("/proc") / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return told.rpartition(")")[2].split()[0]
