"""Rules that cut across the organisation: both stages, and the second one alone."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import tables
from benchmarks.answer import Answer
from benchmarks.arrays import Arrays
from benchmarks.contestants import COUPLED
from benchmarks.crossing import KINDS, Kind, rows_across
from benchmarks.heats import Heat, by_contestant, cost, race
from benchmarks.instances import company
from benchmarks.notebook import Notebook
from benchmarks.race import Run
from benchmarks.verdict import Verdict, judge
from solver.problem import FloatArray, IntArray

_MANY: Final = 50_000
"""From here on each number of rows has one kind of rule instead of three."""
_FEW: Final = 5_000
TURNS: Final = 5
"""Below so many reps a run is a few milliseconds: everybody has so many turns on each case."""
_OURS: Final = {"coupled": "coupled", "coupled-cvxpy": "coupled"}
"""Whom a contestant is compared with; the others begin with the second stage."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one company with rows, once."""

    reps: int
    rows: int
    kind: Kind
    contestant: str
    run: Run
    verdict: Verdict | None
    """None where there is no answer."""
    largest: float
    """Our t*, nan where we have no answer."""

    @property
    def seed(self) -> int:
        return KINDS.index(self.kind)

    @property
    def beyond(self) -> float | None:
        """By how much the contestant's largest stretch, as it tells it, is above ours."""
        if self.verdict is None or np.isnan(self.verdict.told):
            return None
        return (self.verdict.told - self.largest) / max(1.0, abs(self.largest))


def measure(
    notebook: Notebook,
    folder: Path,
    *,
    sizes: Sequence[int],
    counts: Sequence[int],
    contestants: Sequence[str],
) -> list[Entry]:
    """Everybody on every company and number of rows, taking turns."""
    names = [name for name in COUPLED if name in contestants]
    heats = (
        heat
        for reps in sizes
        for place, count in enumerate(counts)
        for seed, kind in enumerate(KINDS)
        if reps < _MANY or seed == place % len(KINDS)
        for heat in _heats(reps, count, kind, names)
    )
    return race(notebook, folder, Entry, heats)


def _heats(reps: int, count: int, kind: Kind, names: Sequence[str]) -> Iterator[Heat[Entry]]:
    """The turns on one company with rows, which is made when it is needed."""

    @cache
    def made() -> tuple[Arrays, IntArray, FloatArray]:
        seed = KINDS.index(kind)
        instance = company(reps, seed)
        case = replace(Arrays.of(instance), rows=rows_across(instance, kind, count, seed))
        try:
            ours = COUPLED["coupled"].solve(case)
        except Exception as reason:  # noqa: BLE001 - the page says so; the peers run all the same
            print(f"FairQuota: {reason!r}", file=sys.stderr)
            return replace(case, largest=np.inf), instance.twins, np.full(reps, np.nan)
        return replace(case, largest=ours.largest), instance.twins, ours.quota

    def entry(name: str, done: Run, answer: Answer | None) -> Entry:
        case, twins, ours = made()
        verdict = None if answer is None else judge(case, twins, answer, ours)
        return Entry(reps, count, kind, name, done, verdict, case.largest)

    for turn in range(TURNS if reps < _FEW else 1):
        yield Heat(
            f"across-{reps}-{count}-{kind}-{turn}",
            f"{reps:>9,} reps, {count} {kind}",
            names,
            lambda: made()[0],
            entry,
        )


def lines(entries: Sequence[Entry]) -> Iterable[str]:
    if not entries:
        return
    yield _TEXT
    yield from tables.head(
        "reps", "rows", "contestant", "CPU", "x ours", "peak memory", "of it before the solve",
        "largest miss of a limit", "of a row", "t*, against ours", "furthest quota from ours",
        "unequal twins",
    )  # fmt: skip
    for reps, count in sorted({(entry.reps, entry.rows) for entry in entries}):
        of_case = [entry for entry in entries if (entry.reps, entry.rows) == (reps, count)]
        for name, mine in by_contestant(of_case, COUPLED):
            our_name = _OURS.get(name, "squares")
            yield _row(name, mine, [e for e in of_case if e.contestant == our_name])
    yield ""


def _row(name: str, mine: Sequence[Entry], ours: Sequence[Entry]) -> str:
    verdicts = [e.verdict for e in mine if e.verdict is not None]
    told = [e.beyond for e in mine if e.beyond is not None]
    return tables.row(
        f"{mine[0].reps:,}",
        str(mine[0].rows),
        COUPLED[name].label,
        *cost(mine, ours),
        tables.size(max(v.violation for v in verdicts)) if verdicts else "–",
        tables.size(max(v.across for v in verdicts)) if verdicts else "–",
        tables.beyond(max(told, key=abs)) if told else "–",
        tables.size(max(v.apart for v in verdicts)) if verdicts else "–",
        f"{statistics.median(v.unequal for v in verdicts):.1%}" if verdicts else "–",
    )


_TEXT: Final = """\
## Rules that cut across the organisation

The same companies with rows that no unit has (`benchmarks/crossing.py`): overlay teams; peer
groups; sums with coefficients between 0.1 and 0.6, such as margins; and teams of which one needs so
much that it decides how far the worst-off rep must go. There is one company of each of these four
kinds for every number of rows (of 100,000 reps one kind by turns). Everybody has five turns on each
case below 5,000 reps, where a run is over in milliseconds. Every row is broken by the plan without
it. The plan has two stages: the smallest possible largest stretch t*, then the least squares at t*.
**Second stage** is that one alone, with t* given to both. cvxpy is handed sparse arrays and columns
near 1, not one constraint per rep. The largest misses and distances are those of the worst case.
"""
