"""The plain linear programme: the least possible largest stretch t*, found without the tree engine.

    minimise t   subject to   e_i <= t for every rep,   limits of reps, units and the company

It is the oracle of `solver.tree`: a leximin plan has the least largest stretch, so both numbers
must be the same. It never becomes a plan itself. An LP stops at a vertex, where the reps below t*
carry whatever the last pivot left them with, and equal reps are treated unequally.

Numbers: money never enters the programme. Columns are stretches over a typical stretch, rows of
units are money over the mean yardstick, so both lie near 1 and HiGHS's absolute tolerances mean
the same whatever the currency.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pulp

from solver import rules
from solver.bounds import Bounds
from solver.errors import LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import BoolArray, FloatArray, Problem
from solver.rules import InStretch, QuotaModel

_TOLERANCE: Final = 1e-10
"""The tightest that HiGHS offers."""
_BELIEVED: Final = 1e-9
"""How far a point may miss a limit, relative to what the limit sums, before it is refused."""
_NAME_LENGTH: Final = 60


def formulate(case: InStretch) -> QuotaModel:
    """Build the model; the calls are its table of contents."""
    model = declare_stretches(case)
    rules.largest_stretch_is_least(model, case)
    rules.rep_stretch(model, case)
    rules.rep_floor(model, case)
    rules.rep_cap(model, case)
    rules.rep_anchor(model, case)
    rules.unit_min(model, case)
    rules.unit_max(model, case)
    rules.unit_target(model, case)
    rules.target(model, case)
    return model


def declare_stretches(case: InStretch) -> QuotaModel:
    """The columns: t, and two per rep in one batch each."""
    lp = pulp.LpProblem("least_largest_stretch")
    return QuotaModel(
        lp=lp,
        largest=lp.add_variable("t"),
        above=lp.add_variable_matrix("above", case.rep, lowBound=0),
        below=lp.add_variable_matrix("below", case.rep, lowBound=0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class LargestStretch:
    """A largest stretch, and what it takes to read the same number off a plan."""

    value: float
    compared: BoolArray
    """(n,) the reps that it is taken over, in layout order."""
    scale: Scale
    """The anchors and yardsticks that stretch is measured by; no yardstick is zero."""

    def in_plan(self, quota: FloatArray) -> float:
        """The same for the unrounded quotas of a plan, (n,) in minor units in layout order."""
        stretch = (quota - self.scale.anchor) / self.scale.yardstick
        return float(stretch[self.compared].max())


def least_largest_stretch(
    hierarchy: Hierarchy, bounds: Bounds, anchor: FloatArray, yardstick: FloatArray
) -> LargestStretch:
    """t*: the largest stretch of anybody, in a plan where it is as small as the limits allow.

    `anchor` and `yardstick` (n,) are in minor units and in layout order; yardsticks may be zero.
    A rep without one carries at most the anchor, or the floor where that is higher, and has no
    stretch to be compared. Where the limits force more upon those reps, the largest stretch is one
    of theirs, measured by the mean yardstick. Raises `LinearProgramFailed` where HiGHS finds
    nothing that keeps every limit.
    """
    given, mean = Scale(anchor, yardstick), yardstick.mean()
    counted = (given.effective <= yardstick) | (mean == 0)
    scale = Scale(anchor, np.where(counted, given.effective, mean))
    case = in_stretch(hierarchy, bounds, scale, compared=counted, anchored=~counted)
    value = _solved(case)
    if value is None and not counted.all():
        case = in_stretch(hierarchy, bounds, scale, compared=~counted, anchored=counted & ~counted)
        value = _solved(case)
    if value is None:
        raise LinearProgramFailed("HiGHS finds no plan that keeps every limit")
    return LargestStretch(value, case.compared, scale)


def in_stretch(
    hierarchy: Hierarchy,
    bounds: Bounds,
    scale: Scale,
    *,
    compared: BoolArray,
    anchored: BoolArray,
    names: Names | None = None,
) -> InStretch:
    """Measure every limit in stretch; `scale` has no zero yardstick. Names default to numbers."""
    total, (anchor, yardstick) = float(bounds.total), (scale.anchor, scale.yardstick)
    typical = _typical_stretch(total, scale)
    lowest = bounds.lowest.astype(np.float64)
    highest = np.maximum(np.minimum(bounds.highest, total), lowest)  # nobody carries more than all
    node_min = bounds.unit_min.astype(np.float64)
    node_max = bounds.unit_max.astype(np.float64)
    one_sum = node_min == node_max
    node_min[(node_min <= 0) & ~one_sum] = -np.inf
    node_max[(node_max >= total) & ~one_sum] = np.inf
    anchors = slice_sums(anchor, hierarchy.first, hierarchy.last)
    unit_of_money = yardstick.mean() * typical
    names = names or Names.numbered(hierarchy)
    return InStretch(
        rep=names.rep,
        node=names.node,
        lowest=(lowest - anchor) / yardstick / typical,
        highest=(highest - anchor) / yardstick / typical,
        weight=yardstick / yardstick.mean(),
        typical=typical,
        compared=compared,
        anchored=anchored,
        first=hierarchy.first,
        last=hierarchy.last,
        node_min=(node_min - anchors) / unit_of_money,
        node_max=(node_max - anchors) / unit_of_money,
    )


def _typical_stretch(total: float, scale: Scale) -> float:
    """What everybody would stretch without limits, or a hundredth of all money where that is 0."""
    gap = abs(total - scale.anchor.sum())
    money = max(gap, 0.01 * max(total, np.abs(scale.anchor).sum()))
    return float(money / scale.yardstick.sum()) or 1.0


@dataclass(frozen=True, slots=True)
class Names:
    """What reps and nodes are called in the rows, in layout order."""

    rep: Sequence[str]
    node: Sequence[str]

    @classmethod
    def numbered(cls, hierarchy: Hierarchy) -> Names:
        return cls(_numbers(len(hierarchy.rep_row)), _numbers(hierarchy.nodes))

    @classmethod
    def of(cls, problem: Problem, hierarchy: Hierarchy) -> Names:
        """The ids, with whatever an LP file could misread replaced; numbered where that clashes."""
        reps = [problem.reps.ids[row] for row in hierarchy.rep_row.tolist()]
        units = [problem.units.ids[row] for row in hierarchy.unit_row.tolist()[1:]]
        return cls(_safe(reps), _safe(["company", *units]))


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _safe(ids: list[str]) -> list[str]:
    plain = [re.sub(r"[^A-Za-z0-9_.]", "_", key)[:_NAME_LENGTH] for key in ids]
    seen = Counter(plain)
    return [name if seen[name] == 1 else f"{name}.{number}" for number, name in enumerate(plain)]


def _solved(case: InStretch) -> float | None:
    """The least largest stretch of a case, or None where HiGHS says that there is no plan."""
    model = formulate(case)
    stats = model.lp.solve(
        pulp.HiGHS(
            msg=False,
            threads=1,
            primal_feasibility_tolerance=_TOLERANCE,
            dual_feasibility_tolerance=_TOLERANCE,
        )
    )
    if stats.status == pulp.LpSolveStatus.Infeasible:
        return None
    if stats.status != pulp.LpSolveStatus.Optimal:
        raise LinearProgramFailed(f"HiGHS gave up on the linear programme: {stats.status.name}")
    stretch = np.array([v.varValue for v in model.above]) - [v.varValue for v in model.below]
    _believe(case, stretch)
    return float(stretch[case.compared].max()) * case.typical


def _believe(case: InStretch, stretch: FloatArray) -> None:
    """Check a point against every limit ourselves: an "optimal" of a solver is only a claim."""
    carried = case.weight * stretch
    sums = slice_sums(carried, case.first, case.last)
    size = 1 + slice_sums(np.abs(carried), case.first, case.last)
    ceiling = np.where(case.anchored, np.maximum(case.lowest, 0), np.inf)
    highest = np.minimum(case.highest, ceiling)
    misses = {
        "a floor": np.max((case.lowest - stretch) / (1 + np.abs(case.lowest))),
        "a cap": np.max((stretch - highest) / (1 + np.abs(highest))),
        "the minimum of a unit": np.max((case.node_min - sums) / size),
        "the maximum of a unit": np.max((sums - case.node_max) / size),
    }
    if broken := [
        f"{rule} by {miss:.1e}" for rule, miss in misses.items() if not miss <= _BELIEVED
    ]:
        raise LinearProgramFailed(f"HiGHS calls a point optimal that misses {', '.join(broken)}")
