"""Contestants who take turns on cases, and what each of them cost: what all races here share."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from benchmarks import tables
from benchmarks.answer import Answer
from benchmarks.notebook import Notebook
from benchmarks.race import Run, run


class Ran(Protocol):
    """One contestant on one case, once."""

    @property
    def contestant(self) -> str: ...

    @property
    def seed(self) -> int:
        """Of the case, among those of its size: ratios are taken case by case."""
        ...

    @property
    def run(self) -> Run: ...


@dataclass(frozen=True, slots=True)
class Heat[Entry: Ran]:
    """One turn of everybody on one case."""

    key: str
    """What it is noted under."""
    label: str
    """What is told of it while it runs."""
    names: Sequence[str]
    """Who takes part, in order."""
    case: Callable[[], Any]
    """What everybody is handed; asked for when somebody needs it."""
    entry: Callable[[str, Run, Answer | None], Entry]
    """Judges what a contestant did."""


def race[Entry: Ran](
    notebook: Notebook, folder: Path, kind: type[Entry], heats: Iterable[Heat[Entry]]
) -> list[Entry]:
    """Everybody in all heats; entries are of this `kind`."""

    def turn(heat: Heat[Entry], name: str) -> Entry:
        done, answer = run(name, heat.case(), folder)
        print(f"{heat.label}: {name}: {done}", file=sys.stderr)
        return heat.entry(name, done, answer)

    return [
        notebook.noted(f"{heat.key}-{name}", kind, partial(turn, heat, name))
        for heat in heats
        for name in heat.names
    ]


def by_contestant[Entry: Ran](
    entries: Sequence[Entry], names: Iterable[str]
) -> Iterator[tuple[str, list[Entry]]]:
    """Who was there, in the order of `names`, with the own entries."""
    for name in names:
        if mine := [entry for entry in entries if entry.contestant == name]:
            yield name, mine


def cost(mine: Sequence[Ran], ours: Sequence[Ran]) -> list[str]:
    """CPU, ratio to `ours`, peak memory and memory before."""
    times = [entry.run.cpu for entry in mine if entry.run.cpu is not None]
    memory = [
        tables.megabytes(entry.run.peak for entry in mine),
        tables.megabytes(entry.run.before for entry in mine),
    ]
    if not times:
        return [", ".join(sorted({entry.run.failure for entry in mine})), "–", *memory]
    ratios = [
        statistics.median(own) / statistics.median(base)
        for seed in sorted({entry.seed for entry in mine})
        if (own := _cpu(mine, seed)) and (base := _cpu(ours, seed))
    ]
    failed = len(mine) - len(times)
    cpu = tables.seconds(statistics.median(times)) + (f", {failed} failed" if failed else "")
    itself = bool(ours) and mine[0].contestant == ours[0].contestant
    return [cpu, "1" if itself else tables.times(ratios), *memory]


def _cpu(runs: Sequence[Ran], seed: int) -> list[float]:
    return [entry.run.cpu for entry in runs if entry.seed == seed and entry.run.cpu is not None]
