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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pulp

from solver import rules
from solver.bounds import Bounds
from solver.errors import EnginesDisagree, LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import BoolArray, FloatArray, Problem
from solver.rules import InStretch, QuotaModel

HIGHS: Final[Mapping[str, Any]] = {
    "msg": False,
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,  # the tightest that HiGHS offers
    "dual_feasibility_tolerance": 1e-10,
}
"""How HiGHS is run: silently, and the same on every machine."""
_BELIEVED: Final = 1e-9
"""How far a point may miss a limit, relative to what the limit sums, before it is refused."""
_AGREEMENT: Final = 1e-9
"""How far the engines' largest stretches may lie apart, relative to a stretch of 1 or more."""
_LOST_DIGITS: Final = 4 * np.finfo(np.float64).eps
"""What a quota and an anchor may each be off by, relative to themselves."""
_COARSEST: Final = 1e-6
"""The smallest coefficient of a rep in a sum; HiGHS would read 1e-9 as nothing."""
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
    """The least largest stretch, and what it takes to compare a plan with it."""

    value: float
    compared: BoolArray
    """(n,) the reps that it is taken over, in layout order."""
    scale: Scale
    """The anchors and yardsticks that it is measured by; no yardstick is zero."""
    tolerance: float
    """How far a plan of the tree engine may lie from it, relative to a stretch of 1 or more."""

    def confirm(self, quota: FloatArray) -> None:
        """Raise `EnginesDisagree` unless a leximin plan has it: (n,) unrounded, in layout order.

        Nobody may stretch further and somebody must stretch as far, but for the digits that a
        stretch lost when a large anchor was taken from a quota beside it.
        """
        stretch = (quota - self.scale.anchor) / self.scale.yardstick
        lost = _LOST_DIGITS * (np.abs(quota) + np.abs(self.scale.anchor)) / self.scale.yardstick
        room = (self.tolerance * max(1.0, abs(self.value)) + lost)[self.compared]
        further = stretch[self.compared] - self.value
        if not (np.all(further <= room) and np.any(further >= -room)):
            raise EnginesDisagree(
                f"the largest stretch can be {self.value!r} by the linear programme, "
                f"and is {self.in_plan(quota)!r} in the plan of the tree engine"
            )

    def in_plan(self, quota: FloatArray) -> float:
        """The largest stretch of a plan over the same reps by the same yardsticks."""
        stretch = (quota - self.scale.anchor) / self.scale.yardstick
        return float(stretch[self.compared].max())


def least_largest_stretch(
    hierarchy: Hierarchy, bounds: Bounds, anchor: FloatArray, yardstick: FloatArray
) -> LargestStretch:
    """t*: the largest stretch of anybody, in a plan where it is as small as the limits allow.

    `anchor` and `yardstick` (n,) are in minor units and in layout order; yardsticks may be zero.
    A rep without one carries at most the anchor, or the floor where that is higher, and has no
    stretch to be compared. Where the limits force more upon those reps, the largest stretch is one
    of theirs, measured by the mean yardstick of the others. Raises `LinearProgramFailed` where
    HiGHS finds nothing that keeps every limit.
    """
    effective = Scale(anchor, yardstick).effective
    counted = effective <= yardstick
    counted |= not counted.any()  # nobody has a yardstick: all are measured alike
    scale = Scale(anchor, np.where(counted, effective, effective[counted].mean()))
    # The tree engine gives those without a yardstick a negligible one. What they carry by it is
    # missing elsewhere, and is felt most by whoever has the smallest yardstick.
    unmodelled = effective[~counted].sum() / scale.yardstick.min()
    compared, anchored = counted, ~counted
    value = _solved(in_stretch(hierarchy, bounds, scale, compared=compared, anchored=anchored))
    if value is None and not counted.all():
        compared, anchored = ~counted, np.zeros_like(counted)
        value = _solved(in_stretch(hierarchy, bounds, scale, compared=compared, anchored=anchored))
    if value is None:
        raise LinearProgramFailed("HiGHS finds no plan that keeps every limit")
    return LargestStretch(value, compared, scale, _AGREEMENT + float(unmodelled))


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
    mean = yardstick.mean()
    unit = np.maximum(yardstick, _COARSEST * mean)
    names = names or Names.numbered(hierarchy)
    return InStretch(
        rep=names.rep,
        node=names.node,
        lowest=(lowest - anchor) / (unit * typical),
        highest=(highest - anchor) / (unit * typical),
        weight=unit / mean,
        pace=yardstick / unit,
        typical=typical,
        compared=compared,
        anchored=anchored,
        first=hierarchy.first,
        last=hierarchy.last,
        node_min=(node_min - anchors) / (mean * typical),
        node_max=(node_max - anchors) / (mean * typical),
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
        """The ids, with whatever an LP file could misread replaced; numbered where they clash."""
        reps = [problem.reps.ids[row] for row in hierarchy.rep_row.tolist()]
        units = [problem.units.ids[row] for row in hierarchy.unit_row.tolist()[1:]]
        return cls(_safe(reps), _safe(["company", *units]))


def _numbers(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def _safe(ids: list[str]) -> list[str]:
    plain = [re.sub(r"[^A-Za-z0-9_.]", "_", key)[:_NAME_LENGTH] for key in ids]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}.{number}" for number, name in enumerate(plain)]


def _solved(case: InStretch) -> float | None:
    """The least largest stretch of a case, or None where HiGHS says that there is no plan."""
    model = formulate(case)
    stats = model.lp.solve(pulp.HiGHS(**HIGHS))
    if stats.status == pulp.LpSolveStatus.Infeasible:
        return None
    if stats.status != pulp.LpSolveStatus.Optimal:
        raise LinearProgramFailed(f"HiGHS gave up on the linear programme: {stats.status.name}")
    largest = float(model.largest.varValue or 0.0)
    beyond = _values(model.above) - _values(model.below)
    _believe(case, largest, beyond)
    return largest * case.typical


def _values(columns: list[pulp.LpVariable]) -> FloatArray:
    return np.array([column.varValue for column in columns], dtype=np.float64)


def _believe(case: InStretch, largest: float, beyond: FloatArray) -> None:
    """Check a point against every limit ourselves: an "optimal" of a solver is only a claim."""
    carried = case.weight * beyond
    sums = slice_sums(carried, case.first, case.last)
    size = 1 + slice_sums(np.abs(carried), case.first, case.last)
    highest = np.where(case.anchored, np.maximum(case.lowest, 0), case.highest)
    level = case.pace * largest
    misses = {
        "the largest stretch": ((beyond - level) / (1 + np.abs(level)))[case.compared],
        "a floor": (case.lowest - beyond) / (1 + np.abs(case.lowest)),
        "a cap": (beyond - highest) / (1 + np.abs(highest)),
        "the minimum of a unit": (case.node_min - sums) / size,
        "the maximum of a unit": (sums - case.node_max) / size,
    }
    broken = [rule for rule, miss in misses.items() if not miss.max() <= _BELIEVED]
    if broken:
        raise LinearProgramFailed(f"HiGHS calls a point optimal that misses {', '.join(broken)}")
