"""Expected sales of everybody from three years of months, against plain pandas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import tables
from benchmarks.answer import Answer
from benchmarks.contestants import ESTIMATES
from benchmarks.heats import Heat, by_contestant, cost, race
from benchmarks.histories import MONTHS, Histories
from benchmarks.instances import company
from benchmarks.notebook import Notebook
from benchmarks.race import Run

_OURS: Final = "estimate-given"
"""Whom contestants are compared with: nobody else learns."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one company, once."""

    reps: int
    seed: int
    rows: int
    """Of history."""
    contestant: str
    run: Run
    apart: float
    """The largest distance from our figure with the same parameters, relative to it; nan where
    there is no answer, or other parameters."""


def measure(
    notebook: Notebook,
    folder: Path,
    *,
    sizes: Sequence[int],
    contestants: Sequence[str],
    companies: int,
) -> list[Entry]:
    """Everybody on every company, taking turns."""
    names = [name for name in ESTIMATES if name in contestants]
    heats = (_heat(reps, seed, names) for reps in sizes for seed in range(companies))
    return race(notebook, folder, Entry, heats)


def _heat(reps: int, seed: int, names: Sequence[str]) -> Heat[Entry]:
    @cache
    def made() -> Histories:
        return Histories.of(company(reps, seed).problem.reps.baseline, seed)

    @cache
    def ours() -> Answer:
        return ESTIMATES[_OURS].solve(made())

    def entry(name: str, done: Run, answer: Answer | None) -> Entry:
        apart = np.nan
        if answer is not None and not ESTIMATES[name].learns:
            apart = float(np.abs(answer.quota / ours().quota - 1).max())
        return Entry(reps, seed, len(made().rep), name, done, apart)

    label = f"{reps:>9,} reps x {MONTHS} months, company {seed}"
    return Heat(f"estimate-{reps}-{seed}", label, names, made, entry)


def lines(entries: Sequence[Entry]) -> Iterable[str]:
    if not entries:
        return
    yield _TEXT
    yield from tables.head(
        "reps", "rows of history", "contestant", "CPU", "x ours", "peak memory",
        "of it before the estimate", "furthest figure from ours",
    )  # fmt: skip
    for reps in sorted({entry.reps for entry in entries}):
        of_size = [entry for entry in entries if entry.reps == reps]
        ours = [entry for entry in of_size if entry.contestant == _OURS]
        for name, mine in by_contestant(of_size, ESTIMATES):
            apart = [entry.apart for entry in mine if not np.isnan(entry.apart)]
            yield tables.row(
                f"{reps:,}",
                f"{max(entry.rows for entry in mine):,}",
                ESTIMATES[name].label,
                *cost(mine, ours),
                tables.size(max(apart)) if apart else "–",
            )
    yield ""


_TEXT: Final = """\
## Expected sales

Of reps with potentials and three years of months (`benchmarks/histories.py`), for a plan of a year.
**Learned** is the whole estimate: the ramp, how sales grow with potential, the weights of the own
past, the company's total by exponential smoothing, chances and reach. **Parameters given** leaves
the learning out, so that it can be compared: **pandas** computes the same figures with `groupby`
over the rows, without what these companies do not have (absences, windfalls, territories, unlikely
potentials) and without checking its input.
"""
