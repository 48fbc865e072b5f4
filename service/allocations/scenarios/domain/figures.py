"""What a plan comes to, in measures that plans of all policies share.

Each policy measures stretch by its own anchor and yardstick, so the stretches of two policies do
not compare: 0.2 may be a fifth of the headroom, of expected sales or of the potential. What
compares is

    pull        (quota - baseline) / reach of every rep, whatever the policy made even; the largest
                one is what the plan asks of whom it asks most. Reps without reach have none
    gini        of quota / baseline: how unevenly growth is spread
    attaining   the part of the reps that is expected to attain, where their sigmas are known
    gap         money that nobody carries
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

import numpy as np

from service.allocations.assemble import Case
from service.allocations.figures import common, fairness
from service.allocations.risk import market_of, risk_facts
from solver.allocation import Allocation
from solver.problem import FloatArray

type Row = dict[str, Any]

_PLACES: Final = 9


@dataclass(frozen=True, slots=True)
class Growth:
    """Quota over baseline, less one, of the reps who have a baseline; None where nobody has."""

    least: float | None
    median: float | None
    largest: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one solved plan, money in minor units."""

    target: int
    assigned: int
    gap: int
    common: Row
    fairness: Row
    growth: Growth
    largest_pull: float | None
    without_reach: int
    """Reps who have no pull."""
    attaining: float | None
    reaching: float | None
    """The chance that the company reaches its target."""


def figures(case: Case, plan: Allocation) -> Figures:
    reps = case.problem.reps
    has_reach = reps.reach > 0
    pull = (plan.quota[has_reach] - reps.baseline[has_reach]) / reps.reach[has_reach]
    grown = plan.growth[np.isfinite(plan.growth)]
    risk = risk_facts(plan, market_of(case.estimate))
    company = next((row for row in risk["totals"] if row["unit"] is None), None) if risk else None
    return Figures(
        target=case.problem.target,
        assigned=plan.assigned,
        gap=0 if plan.gap is None else int(plan.gap.sum()),
        common=common(plan, case.terms.digits),
        fairness=fairness(plan, case.terms.digits),
        growth=Growth(*(_of(grown, of) for of in (np.min, np.median, np.max))),
        largest_pull=_of(pull, np.max),
        without_reach=int(np.count_nonzero(~has_reach)),
        attaining=risk["attaining"] if risk else None,
        reaching=company["reaching"] if company else None,
    )


def _of(column: FloatArray, summary: Any) -> float | None:
    found = float(summary(column)) if len(column) else float("nan")
    return round(found, _PLACES) + 0.0 if isfinite(found) else None
