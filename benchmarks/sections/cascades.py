"""A plain cascade of a target by past sales, against the library on PyPI that is made for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

from benchmarks import tables
from benchmarks.answer import Answer
from benchmarks.contestants import CASCADES
from benchmarks.heats import Heat, by_contestant, cost, race
from benchmarks.notebook import Notebook
from benchmarks.race import Run
from benchmarks.table import TASKS, Task, table
from benchmarks.verdict import CascadeVerdict, judge_cascade

_MANY: Final = 50_000
"""From here on one table of each task is enough."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one table."""

    reps: int
    task: str
    seed: int
    contestant: str
    run: Run
    verdict: CascadeVerdict | None
    """None where there is no answer."""


def measure(
    notebook: Notebook,
    folder: Path,
    *,
    sizes: Sequence[int],
    contestants: Sequence[str],
    companies: int,
) -> list[Entry]:
    """Both on every table, taking turns."""
    names = [name for name in CASCADES if name in contestants]
    heats = (
        _heat(reps, task, seed, names)
        for reps in sizes
        for task in TASKS
        for seed in range(companies if reps < _MANY else 1)
    )
    return race(notebook, folder, Entry, heats)


def _heat(reps: int, task: Task, seed: int, names: Sequence[str]) -> Heat[Entry]:
    made = cache(partial(table, reps, task, seed))

    def entry(name: str, done: Run, answer: Answer | None) -> Entry:
        verdict = None if answer is None else judge_cascade(made(), answer)
        return Entry(reps, task, seed, name, done, verdict)

    label = f"{reps:>9,} people, {task}"
    return Heat(f"cascades-{reps}-{task}-{seed}", label, names, made, entry)


def lines(entries: Sequence[Entry]) -> Iterable[str]:
    if not entries:
        return
    yield _TEXT
    yield from tables.head(
        "people", "cascade", "contestant", "CPU", "x ours", "peak memory", "of it before",
        "sum of quotas off the target", "in whole cents", "a unit off its people",
        "a set quota off", "quota over sales of the others", "unequal twins",
    )  # fmt: skip
    for reps in sorted({entry.reps for entry in entries}):
        for task in TASKS:
            of_case = [e for e in entries if (e.reps, e.task) == (reps, task)]
            ours = [e for e in of_case if e.contestant == "cascade"]
            for name, mine in by_contestant(of_case, CASCADES):
                yield _row(name, mine, ours)
    yield ""
    yield _OTHERWISE


def _row(name: str, mine: Sequence[Entry], ours: Sequence[Entry]) -> str:
    cells = [
        f"{mine[0].reps:,}",
        mine[0].task,
        CASCADES[name].label,
        *cost(mine, ours),
    ]
    verdicts = [e.verdict for e in mine if e.verdict is not None]
    if not verdicts:
        return tables.row(*cells, *["–"] * 6)
    return tables.row(
        *cells,
        _cents(max(v.off_target for v in verdicts)),
        _cents(max(v.off_when_paid for v in verdicts)),
        _cents(max(v.off_units for v in verdicts)),
        _cents(max(v.off_pins for v in verdicts)) if mine[0].task == "pinned" else "–",
        f"{min(v.least for v in verdicts):.3f} to {max(v.most for v in verdicts):.3f}",
        f"{max(v.unequal for v in verdicts):.1%}",
    )


def _cents(amount: float) -> str:
    return "0" if amount == 0 else f"{amount:.0e} cents" if amount < 0.5 else f"{amount:.0f} cents"


_TEXT: Final = """\
## A plain cascade, against b2b-revenue-forecasting

The Python library b2b-revenue-forecasting cascades a target down an organisation by past sales. The
task is the example of its own README, with more people: Global, Region, RVP, Director,
Manager, IC, four quarters of attainment, 100,000.00 per person to spread. **plain**: in proportion
to what was sold. **hedged**: 5 % more at each of five levels. **pinned**: the quotas of one person
in fifty are set beforehand, within 20 % of an even one. Both begin with the same table in memory
and tell everybody's quota and every unit's sum. FairQuota runs as equal growth, and its time
includes the rounding to whole cents. "In whole cents" rounds each quota to a cent and adds up
again. "Quota over sales" is of those whose quota is not set, relative to the company's.
"""

_OTHERWISE: Final = """\
Without hedges and pins both give the same plan, but for the cents. Where they differ:

* **Pins.** The library takes what a pin changes from the team mates of that person, so everybody
  else keeps their quota; FairQuota spreads it over the whole company, or over a unit that has a
  target of its own. Where pins exceed what the manager has, the library warns, gives the team mates
  0, and the children sum above the parent. FairQuota takes it from everybody it may be taken from,
  and where that is not enough, refuses and says what to change.
* **Hedges.** The library keeps two figures for everybody, before and after the hedges above, and
  hedges multiply level by level. In FairQuota a unit with a target of its own may exceed it by a
  factor, and factors do not multiply on the way down; here the company's is 1.05 to the power of 5,
  which gives everybody the same quota.
* **What the library does and this version of FairQuota does not:** blends of several metrics with
  weights, gates that leave people out, many products and quarters in one call, moves of money
  between two people cell by cell, pipeline coverage, bias of managers' forecasts.
* **What FairQuota does and the library does not:** floors, caps and capacities of people, ranges of
  units, rules across the organisation, whole cents that add up, a named reason for every limit, and
  a proof that nothing can be evened out further.
"""
