"""The measurements as one page of Markdown: on which machine, by which command, what came out."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.contestants import CONTESTANTS, TIME_LIMIT
from benchmarks.race import Run
from benchmarks.request import Breakdown
from benchmarks.stages import Stages
from benchmarks.verdict import Verdict

_LIBRARIES: Final = ("numpy", "highspy", "pulp", "fastapi", "pydantic", "orjson")
_AGREE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Entry:
    """One contestant on one company, once."""

    reps: int
    seed: int
    contestant: str
    run: Run
    verdict: Verdict | None
    """None where the time limit came first."""
    tree: Verdict
    """That of the tree engine's plan of the same company."""

    @property
    def finds_the_least(self) -> bool | None:
        """Whether what this contestant makes small is as small as in the tree engine's plan."""
        if self.verdict is None:
            return None
        split = self.contestant.startswith("split")
        own = self.verdict.furthest if split else self.verdict.largest
        others = self.tree.furthest if split else self.tree.largest
        return abs(own - others) <= _AGREE * max(1.0, abs(others))


def page(
    command: str,
    entries: Sequence[Entry],
    stages: Mapping[int, Stages],
    requests: Mapping[str, Breakdown],
) -> str:
    """The whole of docs/benchmarks.md."""
    parts = [_HEAD.format(command=command, machine=machine(), limit=int(TIME_LIMIT))]
    parts += [*_race(entries), *_stages(stages), *_requests(requests)]
    return "\n".join(parts) + "\n"


_HEAD: Final = """\
# Benchmarks

Written by `{command}`; do not edit. Compare ratios, which stand within one run, not times.

{machine}

Companies are synthetic (`benchmarks/instances.py`): log-normal baselines, trees of 4 to 6 levels,
35 % of the units held within 3 % of a feasible plan, half of the reps with a floor and a cap, 2 %
locked, about one in five one of two identical twins in the same team. Times are CPU seconds of all
threads, HiGHS on one. Every run is a process of its own that is handed arrays; building a model and
reading its answer count, loading a library does not. Contestants take turns, company by company;
ratios are taken on the same company, and everything shown is a median.

* **FairQuota's tree engine**: `solver.tree.equalise`. It finds the whole leximin plan; the others
  stop at one number, how far the worst-off rep must go.
* **split LP**: `q = c + R (x + p - m)`, `p + m <= t`, minimise `0.9 n t + 0.1 sum (p + m)`, where x
  is the stretch that would be even. Limits of reps are bounds; arrays handed to HiGHS at once, dual
  simplex. Compared with the tree engine's plan by the largest distance from x.
* **split LP without presolve**: the same with one option changed, which suits these companies. It
  is the strongest linear programme that we found.
* **natural LP**: `q - R t <= c`, minimise `t`, written with PuLP's ordinary operators. Compared by
  the largest stretch; stopped after {limit} s.
"""


def machine() -> str:
    """Kind of machine and versions, in one paragraph."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":")[1].strip() if names else model
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{os.cpu_count()} cores of {model}, {platform.system()}; "
        f"Python {platform.python_version()}, {libraries}."
    )


def _race(entries: Sequence[Entry]) -> Iterable[str]:
    yield "## The engine against linear programmes\n"
    yield from _table_head(
        "reps", "contestant", "CPU", "x tree engine", "peak memory", "of it before the solve",
        "largest miss of a limit", "as small as the tree engine's", "unequal twins",
    )  # fmt: skip
    for reps in sorted({entry.reps for entry in entries}):
        for name in CONTESTANTS:
            of_name = [e for e in entries if (e.reps, e.contestant) == (reps, name)]
            if of_name:
                yield _race_row(reps, name, of_name, entries)
    yield ""


def _race_row(reps: int, name: str, mine: Sequence[Entry], entries: Sequence[Entry]) -> str:
    times = [e.run.cpu for e in mine if e.run.cpu is not None]
    verdicts = [e.verdict for e in mine if e.verdict is not None]
    memory = [
        f"{statistics.median(of_run):.0f} MB"
        for of_run in zip(*((e.run.peak, e.run.before) for e in mine), strict=True)
    ]
    if not times:
        stopped = f"> {TIME_LIMIT:.0f} s"
        return _row(f"{reps:,}", CONTESTANTS[name].label, stopped, "–", *memory, *["–"] * 3)
    ratios = [
        statistics.median(_cpu(mine, seed)) / statistics.median(tree)
        for seed in sorted({e.seed for e in mine})
        if (tree := _cpu([e for e in entries if e.reps == reps and e.contestant == "tree"], seed))
        and _cpu(mine, seed)
    ]
    found = [e.finds_the_least for e in mine]
    return _row(
        f"{reps:,}",
        CONTESTANTS[name].label,
        seconds(statistics.median(times)),
        "1" if name == "tree" else _spread(ratios),
        *memory,
        f"{max(v.violation for v in verdicts):.0e}",
        f"{found.count(True)} of {len(found)}",
        f"{statistics.median(v.unequal for v in verdicts):.1%}",
    )


def _cpu(entries: Iterable[Entry], seed: int) -> list[float]:
    return [e.run.cpu for e in entries if e.seed == seed and e.run.cpu is not None]


def _spread(ratios: Sequence[float]) -> str:
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return f"**{middle:,.1f}** ({low:,.1f} to {high:,.1f})"


def _stages(stages: Mapping[int, Stages]) -> Iterable[str]:
    yield "## The whole solver\n"
    yield (
        "`solver.solve.solve` from a problem to an allocation (the first five steps), then what an "
        "answer reads off it.\n"
    )
    yield from _table_head("step", *(f"{reps:,} reps" for reps in stages))
    for step in next(iter(stages.values())).steps:
        yield _row(step, *(seconds(of.steps[step]) for of in stages.values()))
    yield _row("**`solve` in one call**", *(seconds(of.solve) for of in stages.values()))
    lps = ("–" if of.lp is None else seconds(of.lp) for of in stages.values())
    yield _row("cross-check of `engine: lp`, on top", *lps)
    yield _row(
        "memory with the problem, before", *(f"{of.before:.0f} MB" for of in stages.values())
    )
    yield _row("peak memory, reasons included", *(f"{of.peak:.0f} MB" for of in stages.values()))
    yield ""


def _requests(requests: Mapping[str, Breakdown]) -> Iterable[str]:
    yield "## One request\n"
    yield (
        "`POST /v1/allocations` from the body's bytes to the answer's, through the whole app "
        "without a socket; below it the steps, called one by one.\n"
    )
    yield from _table_head("step", *requests)
    of_all = requests.values()
    yield _row("body", *(f"{of.asked / 1e6:.1f} MB" for of in of_all))
    yield _row("answer", *(f"{of.answered / 1e6:.1f} MB" for of in of_all))
    yield _row("**the whole request**", *(seconds(of.whole) for of in of_all))
    for step in next(iter(of_all)).steps:
        yield _row(step, *(seconds(of.steps[step]) for of in of_all))
    yield _row(
        "`json.loads` and `json.dumps` of the same", *(seconds(of.json_only) for of in of_all)
    )
    yield _row("whole request over that", *(f"**{of.whole / of.json_only:.1f}**" for of in of_all))
    yield _row("`orjson` of the same", *(seconds(of.orjson_only) for of in of_all))


def seconds(value: float) -> str:
    """Three significant digits, in s or ms."""
    if value < 1:
        return f"{1e3 * value:.3g} ms"
    return f"{value:.3g} s" if value < 100 else f"{value:.0f} s"


def _table_head(*names: str) -> Iterable[str]:
    yield _row(*names)
    yield _row(*["---"] * len(names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
