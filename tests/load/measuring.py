"""One measurement: callers in processes of their own, and somebody who solves meanwhile."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np
import orjson

from tests.load.callers import Seen

_SYNCS = 300


@dataclass(frozen=True, slots=True)
class Beside:
    """A version that is solved again and again while others write."""

    name: str
    versions: str
    """The address of the versions of its plan."""
    body: object

    def solve(self, client: httpx2.Client) -> float:
        """How many seconds it took."""
        began = time.perf_counter()
        client.post(self.versions, json=self.body).raise_for_status()
        return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class BatchBeside:
    """Plans that the workers solve together again and again while others write."""

    name: str
    plans: Sequence[str]
    """Their ids."""

    def solve(self, client: httpx2.Client) -> float:
        """How many seconds all of them took."""
        began = time.perf_counter()
        begun = client.post("/v1/batches", json={"plans": self.plans}).raise_for_status()
        operation = begun.headers["location"]
        client.get(f"{operation}/events").raise_for_status()  # which ends when it is done
        assert client.get(operation).json()["progress"]["failed"] == 0
        return time.perf_counter() - began


type AnyBeside = Beside | BatchBeside


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    ping: Seen
    read: Seen
    writes: Seen | None
    cpu: float
    """CPU seconds of the service."""
    solved: list[float] = field(default_factory=list)
    """The seconds of each solve that was answered."""

    @property
    def all_seen(self) -> list[Seen]:
        return [self.ping, self.read, *([self.writes] if self.writes else [])]


@dataclass(frozen=True, slots=True)
class Desk:
    """Who measures one running service."""

    pid: int
    client: httpx2.Client
    connections: int
    """That write at once."""
    seconds: float

    def measure(self, writes: str | None = None, beside: AnyBeside | None = None) -> Measured:
        """With a kind of writes (`callers.KINDS`), or none."""
        groups = [("ping", 1), ("read", 1), *([(writes, self.connections)] if writes else [])]
        port = self.client.base_url.port or 80
        with _callers(port, groups) as callers, _solving(self.client, beside) as solved:
            cpu, began = _cpu(self.pid), time.perf_counter()
            for caller in callers:
                _tell(caller, f"{self.seconds}\n")
            ping, read, *written = [_hear(caller) for caller in callers]
            took, cpu = time.perf_counter() - began, _cpu(self.pid) - cpu
        return Measured(took, ping, read, written[0] if written else None, cpu, solved)

    def peak_of_memory(self) -> float:
        """Of the service until now, in MB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


@contextmanager
def _solving(client: httpx2.Client, beside: AnyBeside | None) -> Iterator[list[float]]:
    """One solve after the other; it is told how long each took."""
    solved: list[float] = []
    if beside is None:
        yield solved
        return
    stop = threading.Event()

    def solve_on() -> None:
        while not stop.is_set():
            solved.append(beside.solve(client))

    planner = threading.Thread(target=solve_on)
    planner.start()
    try:
        yield solved
    finally:
        stop.set()
        planner.join()


@contextmanager
def _callers(port: int, groups: Sequence[tuple[str, int]]) -> Iterator[list[subprocess.Popen[str]]]:
    """A process for each kind with so many connections, all of them ready."""
    module = [sys.executable, "-m", "tests.load.callers", str(port)]
    running = [
        subprocess.Popen(  # noqa: S603 - our own module
            [*module, kind, str(connections)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for kind, connections in groups
    ]
    try:
        for caller in running:
            assert _line(caller) == "ready\n", "a caller was refused; it said why above"
        yield running
    finally:
        for caller in running:
            caller.kill()
            caller.communicate()


def _line(caller: subprocess.Popen[str]) -> str:
    assert caller.stdout is not None
    return caller.stdout.readline()


def _tell(caller: subprocess.Popen[str], what: str) -> None:
    assert caller.stdin is not None
    caller.stdin.write(what)
    caller.stdin.flush()


def _hear(caller: subprocess.Popen[str]) -> Seen:
    return Seen(**orjson.loads(_line(caller)))


def disk(folder: Path) -> str:
    """How long the disk takes to keep one small write: nothing is acknowledged sooner."""
    took = []
    with (folder / "disk").open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            took.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(took, (50, 99))
    return f"the disk keeps 8 kB in {p50:.1f} ms (p99 {p99:.1f} ms)"


def _cpu(pid: int) -> float:
    """CPU seconds of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
