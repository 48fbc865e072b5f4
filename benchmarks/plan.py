"""A whole plan in a process of its own, step by step: `python -m benchmarks.plan REPS SEED`.

From three years of history to everything that the page of a plan shows. Each step is done once, as
for somebody who asks for one plan; libraries are loaded before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Final

import numpy as np

from benchmarks.contestants import ESTIMATES
from benchmarks.histories import Histories
from benchmarks.instances import POLICY, company
from benchmarks.race import peak_memory
from service.allocations.figures import impact_of
from solver.allocation import Allocation
from solver.assess import People, assess
from solver.estimate import Estimate, Evidence, estimate
from solver.problem import FloatArray, Problem, Reps
from solver.risk import risk
from solver.solve import solve
from solver.spread.calendar import working_calendar
from solver.spread.past import season_of
from solver.spread.periods import Periods, spread_over_time

COUNTRY: Final = "CN"
DIGITS: Final = 2
_MORE_LIBRARIES: Final = ("holidays", "scipy.stats", "scipy.special")


@dataclass(frozen=True, slots=True)
class Plan:
    """CPU seconds of each step, and the memory of the process in MB."""

    steps: dict[str, float]
    rows: int
    """Of history."""
    before: float
    """The most that the process held when the history was there."""
    peak: float


def run(reps: int, seed: int) -> Plan:
    """Measure in a process of its own, so that its peak of memory is its own, too."""
    command = [sys.executable, "-m", "benchmarks.plan", str(reps), str(seed)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603 - as in race
    return Plan(**json.loads(done.stdout))


def measure(reps: int, seed: int) -> Plan:
    """Measure in this process."""
    for library in (*ESTIMATES["estimate"].libraries, *_MORE_LIBRARIES):
        import_module(library)
    problem = company(reps, seed).problem
    history = Histories.of(problem.reps.baseline, seed)
    before = peak_memory()
    steps: dict[str, float] = {}

    def timed[Result](step: str, work: Callable[[], Result]) -> Result:
        start = time.process_time()
        result = work()
        steps[step] = time.process_time() - start
        return result

    evidence = timed("check the facts", lambda: history.evidence(forecast=None))
    found = timed("estimate", lambda: estimate(evidence))
    plan = timed("solve and round", lambda: solve(_with(problem, found), POLICY))
    timed("spread over the months", lambda: _months(evidence, plan))
    timed("certificate and its checks", lambda: plan.checks)
    timed("explanations, limiting rules", lambda: (plan.explanation, plan.binding))
    timed("prices", lambda: impact_of(plan, DIGITS))
    timed("risk", lambda: risk(plan, found.parameters.market_sigma))
    timed("fairness report", lambda: assess(_people(plan, found, history)))
    return Plan(steps, len(history.rep), before, peak_memory())


def _with(problem: Problem, found: Estimate) -> Problem:
    """The same plan on what was estimated; limits and target stay."""
    facts = problem.reps
    reps = Reps.of(
        facts.ids,
        unit=facts.unit,
        baseline=found.baseline,
        reach=found.reach,
        min=facts.min,
        max=facts.max,
        fixed=facts.fixed,
        sigma=found.sigma,
    )
    return replace(problem, reps=reps)


def _months(evidence: Evidence, plan: Allocation) -> Periods:
    calendar = working_calendar(COUNTRY, evidence.start, evidence.end)
    return spread_over_time(plan.quota, season_of(evidence, calendar))


def _people(plan: Allocation, found: Estimate, history: Histories) -> People:
    reps = plan.problem.reps
    return People.of(
        reps.ids,
        unit=reps.unit,
        quota=plan.quota,
        baseline=reps.baseline,
        stretch=plan.stretch,
        probability=plan.attainment_probability,
        potential=history.potential,
        size=_last_year(found),
        tenure=-history.hired.astype(float),
        standing=found.index[:, 0],
    )


def _last_year(found: Estimate) -> FloatArray:
    return np.asarray(found.sold[:, 0])


if __name__ == "__main__":
    print(json.dumps(asdict(measure(int(sys.argv[1]), int(sys.argv[2])))))
