"""The whole solver, step by step, in a process of its own: `python -m benchmarks.stages REPS SEED`.

The steps are those of `solver.solve.solve`, then what an answer reads off the allocation.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.instances import POLICY, company
from benchmarks.race import peak_memory, timed
from solver.bounds import bounds
from solver.conflict import diagnose
from solver.coupled.formulation import least_largest_stretch
from solver.hierarchy import lay_out
from solver.problem import Problem
from solver.rounding.on_the_tree import round_quotas
from solver.solve import solve
from solver.tree import equalise

_WITH_THE_LP: Final = 10_000
"""Up to here the linear programme of `engine: lp` takes its turn, too."""


@dataclass(frozen=True, slots=True)
class Stages:
    """CPU seconds of each step, and the memory of the process in MB."""

    steps: dict[str, float]
    solve: float
    """The same steps in one call of `solve`."""
    before: float
    """The most that the process held when the problem was there and nothing was solved."""
    peak: float
    """The most that it held until the answer with all its reasons was there."""
    lp: float | None
    """CPU seconds of the cross-check of `engine: lp`."""


def run(reps: int, seed: int) -> Stages:
    """Measure in a process of its own, so that its peak of memory is its own, too."""
    command = [sys.executable, "-m", "benchmarks.stages", str(reps), str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - as in race
    return Stages(**json.loads(done.stdout))


def measure(reps: int, seed: int) -> Stages:
    """Measure in this process."""
    instance = company(reps, seed)
    problem, hierarchy, limits = instance.problem, instance.hierarchy, instance.bounds
    anchor, yardstick = instance.scale.anchor, instance.scale.yardstick
    before = peak_memory()
    whole, _ = timed(lambda: solve(problem, POLICY))
    steps = _answer(problem)
    peak = peak_memory()
    quota = equalise(hierarchy, limits, anchor, yardstick).quota
    work: dict[str, Callable[[], object]] = {
        "lay out the organisation": lambda: lay_out(problem),
        "fold the limits": lambda: bounds(problem, POLICY, hierarchy),
        "look for conflicts": lambda: diagnose(problem, hierarchy, limits),
        "equalise (the engine)": lambda: equalise(hierarchy, limits, anchor, yardstick),
        "round": lambda: round_quotas(hierarchy, limits, quota, problem.increment),
    }
    lp = None
    if reps <= _WITH_THE_LP:
        lp, _ = timed(lambda: least_largest_stretch(hierarchy, limits, anchor, yardstick))
    return Stages(
        {name: timed(step)[0] for name, step in work.items()} | steps, whole, before, peak, lp
    )


def _answer(problem: Problem) -> dict[str, float]:
    """What an answer reads off the allocation; each part is worked out once and kept."""
    allocation = solve(problem, POLICY)
    parts: dict[str, Callable[[], object]] = {
        "certificate and its checks": lambda: allocation.checks,
        "explanations": lambda: allocation.explanation,
        "limiting rules": lambda: (allocation.binding, allocation.unit_binding),
        "summary of evenness": lambda: allocation.evenness,
    }
    times = {}
    for name, part in parts.items():
        start = time.process_time()
        part()
        times[name] = time.process_time() - start
    return times


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1]), int(sys.argv[2])))))
