"""The tree engine against linear and quadratic programmes for the same company."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks import tables
from benchmarks.answer import TIME_LIMIT, Answer
from benchmarks.arrays import Arrays
from benchmarks.contestants import ENGINES
from benchmarks.heats import Heat, by_contestant, cost, race
from benchmarks.instances import company
from benchmarks.notebook import Notebook
from benchmarks.race import Run
from benchmarks.verdict import Verdict, judge
from solver.problem import IntArray

_MANY: Final = 50_000
"""From here on each contestant has one turn a company, and the slow ones have one company."""
_MOST: Final = 500_000
"""From here on the tree engine runs alone."""
_SLOW: Final = frozenset(ENGINES) - {"tree", "split", "split-no-presolve"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one company, once."""

    reps: int
    seed: int
    contestant: str
    run: Run
    verdict: Verdict | None
    """None where there is no answer."""
    tree: Verdict
    """That of the tree engine's plan of the same company."""

    @property
    def beyond(self) -> float | None:
        """By how much what this contestant makes small is larger than in the tree engine's plan."""
        if self.verdict is None:
            return None
        aim = ENGINES[self.contestant].aim
        own, others = getattr(self.verdict, aim), getattr(self.tree, aim)
        return float((own - others) / max(1.0, abs(others)))


def measure(
    notebook: Notebook,
    folder: Path,
    *,
    sizes: Sequence[int],
    contestants: Sequence[str],
    companies: int,
    turns: int,
) -> list[Entry]:
    """Everybody on every company, taking turns."""
    heats = (
        heat
        for reps in sizes
        for seed in range(companies)
        for heat in _heats(reps, seed, turns if reps < _MANY else 1, contestants)
    )
    return race(notebook, folder, Entry, heats)


def _takes_part(name: str, reps: int, seed: int) -> bool:
    return name == "tree" or reps < _MANY or (reps < _MOST and (name not in _SLOW or seed == 0))


def _heats(reps: int, seed: int, turns: int, contestants: Sequence[str]) -> Iterator[Heat[Entry]]:
    """The turns on one company, which is made when it is needed."""

    @cache
    def made() -> tuple[Arrays, IntArray, Answer]:
        instance = company(reps, seed)
        case = Arrays.of(instance)
        return case, instance.twins, ENGINES["tree"].solve(case)

    def entry(name: str, done: Run, answer: Answer | None) -> Entry:
        case, twins, ours = made()
        tree = judge(case, twins, ours, ours.quota)
        verdict = None if answer is None else judge(case, twins, answer, ours.quota)
        return Entry(reps, seed, name, done, verdict, tree)

    names = [name for name in ENGINES if name in contestants and _takes_part(name, reps, seed)]
    for turn in range(turns):
        yield Heat(
            f"engines-{reps}-{seed}-{turn}",
            f"{reps:>9,} reps, company {seed}",
            names,
            lambda: made()[0],
            entry,
        )


def lines(entries: Sequence[Entry]) -> Iterable[str]:
    if not entries:
        return
    yield _TEXT.format(limit=int(TIME_LIMIT))
    yield from tables.head(
        "reps", "contestant", "CPU", "x tree engine", "peak memory", "of it before the solve",
        "largest miss of a limit", "worst-off rep, against ours", "furthest quota from ours",
        "unequal twins",
    )  # fmt: skip
    for reps in sorted({entry.reps for entry in entries}):
        of_size = [entry for entry in entries if entry.reps == reps]
        tree = [entry for entry in of_size if entry.contestant == "tree"]
        for name, mine in by_contestant(of_size, ENGINES):
            yield _row(name, mine, tree)
    yield ""


def _row(name: str, mine: Sequence[Entry], tree: Sequence[Entry]) -> str:
    verdicts = [e.verdict for e in mine if e.verdict is not None]
    return tables.row(
        f"{mine[0].reps:,}",
        ENGINES[name].label,
        *cost(mine, tree),
        tables.size(max(v.violation for v in verdicts)) if verdicts else "–",
        tables.beyond(max((e.beyond or 0.0 for e in mine), key=abs)) if verdicts else "–",
        f"{statistics.median(v.apart for v in verdicts):.0%}" if verdicts else "–",
        f"{statistics.median(v.unequal for v in verdicts):.1%}" if verdicts else "–",
    )


_TEXT: Final = """\
## The engine against linear and quadratic programmes

Companies are synthetic (`benchmarks/instances.py`): log-normal baselines, trees of 4 to 6 levels,
35 % of the units held within 3 % of a feasible plan, half of the reps with a floor and a cap, 2 %
locked, about one in five one of two identical twins in the same team.

* **FairQuota's tree engine**: `solver.tree.equalise`, the whole leximin plan.
* **split LP**: `q = c + R (x + p - m)`, `p + m <= t`, minimise `0.9 n t + 0.1 sum (p + m)`, where x
  is the stretch that would be even. Limits of reps are bounds; arrays handed to HiGHS at once, dual
  simplex. **Without presolve** is the same with one option changed, which suits these companies.
* **natural LP**: `q - R t <= c`, minimise `t`: what one writes first. Once as arrays, and as PuLP
  and cvxpy take it.
* **least squares**: minimise `sum of R e^2`. On a plain organisation its only optimum is the
  leximin plan, so this is the general way to the same answer; the linear programmes stop at one
  number, how far the worst-off rep must go.

HiGHS and CBC run on one thread. A solver is told to stop after {limit} s; contestants slower than
the first three have one company of 100,000 reps instead of three. "Worst-off rep, against ours" is
what the contestant makes small (for the split LP the largest distance from x), less ours, over ours
where that is above 1. "Furthest quota from ours" is in shares of the mean quota: an LP has many
optima, and picks one.
"""
