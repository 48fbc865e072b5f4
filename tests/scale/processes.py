"""What running processes have used, as Linux tells it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One that runs, and those that it has started."""

    pid: int

    @property
    def cpu(self) -> float:
        """Seconds until now, of all its threads."""
        return sum(self._ticks()[:2]) / os.sysconf("SC_CLK_TCK")

    @property
    def cpu_of_others(self) -> float:
        """Of those that it has started, whether they run or have ended."""
        ended = sum(self._ticks()[2:]) / os.sysconf("SC_CLK_TCK")
        return ended + sum(own.cpu + own.cpu_of_others for own in self.started())

    def started(self) -> Iterator["Process"]:
        for thread in Path(f"/proc/{self.pid}/task").glob("*/children"):
            yield from map(Process, map(int, thread.read_text().split()))

    def workers(self) -> list["Process"]:
        """Those that carry out operations."""
        return [own for own in self.started() if b"spawn_main" in own._path("cmdline").read_bytes()]

    @property
    def peak(self) -> float:
        """The most memory that it has held since `forget_peak`, in MB."""
        lines = self._path("status").read_text().splitlines()
        found = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
        return next(found, 0) / 1024

    def forget_peak(self) -> None:
        self._path("clear_refs").write_text("5")

    def _ticks(self) -> list[int]:
        """In user and system mode, its own and those of children that have ended."""
        fields = self._path("stat").read_text().rpartition(")")[2].split()
        return [int(own) for own in fields[11:15]]

    def _path(self, name: str) -> Path:
        return Path(f"/proc/{self.pid}/{name}")
