"""Reps times products times months: reps first against one large programme."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import tables
from benchmarks.answer import Answer
from benchmarks.cells import Cells
from benchmarks.contestants import SPREADS
from benchmarks.heats import Heat, by_contestant, cost, race
from benchmarks.instances import company
from benchmarks.notebook import Notebook
from benchmarks.race import Run

_OURS: Final = "spread-unrounded"
"""Whom contestants are compared with: nobody else rounds."""
_UNTOUCHED: Final = 1e-6
"""A cell that moved by less than this part of itself did not move."""


@dataclass(frozen=True, slots=True)
class TableVerdict:
    """One plan with its table, measured; money relative to all money."""

    violation: float
    """The largest miss of a limit or sum."""
    furthest: float
    """The largest distance of a rep's stretch from the even level."""
    untouched: float
    """The share of the cells that are what the seed says."""
    hardest: float
    """The largest change of a cell, relative to the cell."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one company, once."""

    reps: int
    seed: int
    contestant: str
    run: Run
    verdict: TableVerdict | None
    """None where there is no answer."""


def measure(
    notebook: Notebook,
    folder: Path,
    *,
    sizes: Sequence[int],
    contestants: Sequence[str],
    companies: int,
) -> list[Entry]:
    """Both on every company, taking turns."""
    names = [name for name in SPREADS if name in contestants]
    heats = (_heat(reps, seed, names) for reps in sizes for seed in range(companies))
    return race(notebook, folder, Entry, heats)


def _heat(reps: int, seed: int, names: Sequence[str]) -> Heat[Entry]:
    @cache
    def made() -> Cells:
        return Cells.of(company(reps, seed), seed)

    def entry(name: str, done: Run, answer: Answer | None) -> Entry:
        return Entry(reps, seed, name, done, None if answer is None else judge(made(), answer))

    label = f"{reps:>9,} reps x 60, company {seed}"
    return Heat(f"spread-{reps}-{seed}", label, names, made, entry)


def judge(case: Cells, answer: Answer) -> TableVerdict:
    """Measure a table."""
    bounds, scale, h = case.company.bounds, case.company.scale, case.company.hierarchy
    cells, quota = answer.cells, answer.quota
    ends = np.cumsum(np.append(0, quota))
    sums = ends[h.last] - ends[h.first]
    misses = (
        np.where(case.some, case.low - cells, cells),
        np.where(case.some, cells - case.high, 0.0),
        bounds.lowest - quota,
        quota - bounds.highest,
        bounds.unit_min - sums,
        sums - bounds.unit_max,
        np.abs(cells.sum(axis=1) - quota),
        np.abs(cells.sum(axis=0) - case.columns),
    )
    change = np.abs(cells - case.seed)[case.some] / case.seed[case.some]
    stretch = (quota - scale.anchor) / scale.yardstick
    return TableVerdict(
        violation=max(0.0, *(float(miss.max()) for miss in misses)) / bounds.total,
        furthest=float(np.abs(stretch - case.company.even_level).max()),
        untouched=float(np.mean(change < _UNTOUCHED)),
        hardest=float(change.max()),
    )


def lines(entries: Sequence[Entry]) -> Iterable[str]:
    if not entries:
        return
    yield _TEXT
    yield from tables.head(
        "reps", "contestant", "CPU", "x ours", "peak memory", "of it before the solve",
        "largest miss of a limit or sum", "worst rep from the even level", "cells untouched",
        "largest change of a cell",
    )  # fmt: skip
    for reps in sorted({entry.reps for entry in entries}):
        of_size = [entry for entry in entries if entry.reps == reps]
        ours = [entry for entry in of_size if entry.contestant == _OURS]
        for name, mine in by_contestant(of_size, SPREADS):
            yield _row(name, mine, ours)
    yield ""


def _row(name: str, mine: Sequence[Entry], ours: Sequence[Entry]) -> str:
    verdicts = [entry.verdict for entry in mine if entry.verdict is not None]

    def middle(measured: Callable[[TableVerdict], float], form: str) -> str:
        return format(statistics.median(map(measured, verdicts)), form) if verdicts else "–"

    return tables.row(
        f"{mine[0].reps:,}",
        SPREADS[name].label,
        *cost(mine, ours),
        tables.size(max(v.violation for v in verdicts)) if verdicts else "–",
        middle(lambda v: v.furthest, ".6f"),
        middle(lambda v: v.untouched, ".0%"),
        middle(lambda v: v.hardest, ".1%"),
    )


_TEXT: Final = """\
## Reps times products times months

The same companies with a table of 60 columns, five products in twelve months
(`benchmarks/cells.py`): a rep sells three to five of the products, the company wants up to 15 %
more or less of every column than the reps' own mixes and seasons come to, and every cell keeps
within 30 % of these. **Reps first** is the tree engine, then the table nearest to the seed, both
rounded to whole minor units with exact sums; **before rounding** is the same without that, and whom
the programme is compared with, for it does not round either. The programme has all cells at once:
it aims at the same worst rep, then at the least money moved from the seed. The largest misses are
those of the worst case.
"""
