"""How far a batch is: a bar on a terminal, lines that a program can read in a log."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import typer

from service.cli.batch.calling import Document
from service.cli.batch.following import Shows
from service.cli.failure import Failure

if TYPE_CHECKING:
    from rich.progress import Progress

_WINDOW: Final = 30.0
"""Seconds over which plans are counted to say how many are done in one."""
_SHORTEST: Final = 1.0
_LINE_EVERY: Final = 5.0
_SILENT_FOR: Final = 2.0
"""Seconds; a shorter silence is not worth a word."""


class Pace:
    """How many plans are done in a second, as somebody who looks on sees it."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, finished: int, now: float) -> None:
        """`now` in seconds."""
        self._seen.append((now, finished))
        while len(self._seen) > 2 and self._seen[1][0] < now - _WINDOW:
            self._seen.popleft()

    @property
    def per_second(self) -> float | None:
        """None as long as nothing was seen to be done, for a second at least."""
        (begun, before), (ended, after) = self._seen[0], self._seen[-1]
        long_enough = ended - begun >= _SHORTEST
        return (after - before) / (ended - begun) if after > before and long_enough else None

    def end(self, left: int, now: datetime) -> datetime | None:
        """When the rest is done if it goes on like this; None where nobody can say."""
        if self.per_second is None or not left:
            return None
        return now + timedelta(seconds=left / self.per_second)


@contextmanager
def progress_shown() -> Iterator[Shows]:
    """On stderr."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = BarColumn(bar_width=20), TextColumn("{task.description}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)


class _Bar:
    """One line that is gone when it is done."""

    def __init__(self, progress: "Progress") -> None:
        self._progress, self._pace = progress, Pace()
        self._task = progress.add_task("", total=None)
        self._said = ""
        self._is_away = False

    def state(self, told: Document) -> None:
        counts = told["progress"]
        finished, total = counts["finished"], counts["total"]
        self._is_away = False
        self._pace.see(finished, time.monotonic())
        self._said = f"{finished:,} of {total:,} plans"
        if counts["failed"]:
            self._said += f", [red]{counts['failed']:,} failed[/]"
        end = self._pace.end(total - finished, datetime.now(UTC))
        if end is not None:
            self._said += f", {_rate(self._pace.per_second)}, done about {_clock(end)}"
        self._progress.update(self._task, completed=finished, total=total, description=self._said)

    def away(self, why: Failure, seconds: float) -> None:
        if seconds < _SILENT_FOR:
            return
        if not self._is_away:
            self._is_away = True
            said = f"{why} Trying again."
            self._progress.console.print(said, markup=False, highlight=False)
        said = f"{self._said} [yellow]no answer for {seconds:.0f} s, trying again[/]"
        self._progress.update(self._task, description=said.strip())


class Lines:
    """`finished=40 total=150 failed=1 per_second=2.1 expected_end=…`, now and then."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._next = 0.0
        self._is_away = False

    def state(self, told: Document) -> None:
        counts, now = told["progress"], time.monotonic()
        self._is_away = False
        self._pace.see(counts["finished"], now)
        if now < self._next and not told["done"]:
            return
        self._next = now + _LINE_EVERY
        line = {name: counts[name] for name in ("finished", "total", "failed")}
        end = self._pace.end(line["total"] - line["finished"], datetime.now(UTC))
        if end is not None:
            line |= {
                "per_second": f"{self._pace.per_second:.3g}",
                "expected_end": end.isoformat(timespec="seconds"),
            }
        typer.echo(" ".join(f"{name}={value}" for name, value in line.items()), err=True)

    def away(self, why: Failure, seconds: float) -> None:
        if seconds >= _SILENT_FOR and not self._is_away:
            self._is_away = True
            typer.echo(f"note: {why} Trying again.", err=True)


def _rate(per_second: float | None) -> str:
    """Per second, minute or hour, whichever is one at least."""
    rate = per_second or 0.0
    for name, seconds in (("second", 1), ("minute", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:.3g} a {name}"
    return f"{rate * 3600:.3g} an hour"


def _clock(moment: datetime) -> str:
    """As the clock on the wall has it, with the day unless it is today."""
    local = moment.astimezone()
    same_day = local.date() == datetime.now(UTC).astimezone().date()
    return f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M}"
