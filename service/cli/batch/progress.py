"""How far a batch is: a bar on a terminal, lines that a program can read in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import typer

from service.cli.batch.calling import Document
from service.cli.batch.following import Shows
from service.cli.failure import Failure

if TYPE_CHECKING:
    from rich.progress import Progress

_TOLD: Final = ("finished", "total", "failed", "per_second", "expected_end")
_LINE_EVERY: Final = 5.0
_SILENT_FOR: Final = 2.0
"""Seconds; a shorter silence is not worth a word."""


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
        self._progress = progress
        self._task = progress.add_task("", total=None)
        self._said = ""
        self._is_away = False

    def state(self, told: Document) -> None:
        counts = told["progress"]
        finished, total = counts["finished"], counts["total"]
        self._is_away = False
        said = [f"{finished:,} of {total:,} plans"]
        if counts["failed"]:
            said.append(f"[red]{counts['failed']:,} failed[/]")
        if counts["per_second"] is not None:
            said.append(_rate(counts["per_second"]))
        if told["expected_end"] is not None:
            said.append(f"done about {_clock(datetime.fromisoformat(told['expected_end']))}")
        self._said = ", ".join(said)
        self._progress.update(self._task, completed=finished, total=total, description=self._said)

    def away(self, why: Failure, seconds: float) -> None:
        if seconds < _SILENT_FOR:
            return
        if not self._is_away:
            self._is_away = True
            self.note(f"{why} Trying again.")
        said = f"{self._said} [yellow]no answer for {seconds:.0f} s, trying again[/]"
        self._progress.update(self._task, description=said.strip())

    def note(self, said: str) -> None:
        self._progress.console.print(f"note: {said}", markup=False, highlight=False)


class Lines:
    """`finished=40 total=150 failed=1 per_second=3.7 expected_end=…`, now and then."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next = 0.0
        self._is_away = False

    def state(self, told: Document) -> None:
        self._is_away = False
        if self._now() < self._next and not told["done"]:
            return
        self._next = self._now() + _LINE_EVERY
        known = told["progress"] | {"expected_end": told["expected_end"]}
        line = (f"{name}={known[name]}" for name in _TOLD if known[name] is not None)
        typer.echo(" ".join(line), err=True)

    def away(self, why: Failure, seconds: float) -> None:
        if seconds >= _SILENT_FOR and not self._is_away:
            self._is_away = True
            self.note(f"{why} Trying again.")

    def note(self, said: str) -> None:
        typer.echo(f"note: {said}", err=True)


def _rate(rate: float) -> str:
    """Of so many in a second: in a minute or an hour where that is less than one."""
    for name, seconds in (("second", 1), ("minute", 60)):
        if rate * seconds >= 1:
            return f"{rate * seconds:.3g} a {name}"
    return f"{rate * 3600:.3g} an hour"


def _clock(moment: datetime) -> str:
    """As the clock on the wall has it, with the day unless it is today."""
    local = moment.astimezone()
    same_day = local.date() == datetime.now(UTC).astimezone().date()
    return f"{local:%H:%M:%S}" if same_day else f"{local:%Y-%m-%d %H:%M}"
