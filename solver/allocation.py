"""The answer: quotas, what holds each of them, and the terms that explain them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from solver.binding import NodeRules, RowRules, node_rules, rep_binding, unit_binding
from solver.bounds import Bounds
from solver.certificate import AcrossTheTree, Certificate, Checks, check
from solver.coupled.coupling import Coupling
from solver.coupled.two_stages import ROOM, Coupled
from solver.fairness import Evenness, Scale, evenness, growth
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.infeasibility import Relaxation
from solver.policy import Policy
from solver.prices.coupled import CoupledPrices
from solver.prices.on_the_tree import Prices
from solver.prices.standing import Standing
from solver.probability import attainment_probability
from solver.problem import BoolArray, FloatArray, IntArray, Problem
from solver.tree import CommonLevels

if TYPE_CHECKING:
    from solver.spread.parts import PartPlan


class Explanation(NamedTuple):
    """Why quotas are what they are: anchor + stretch + rounding = quota, exactly.

    Columns of reps (n,) in the problem's row order, in minor units.
    """

    anchor: IntArray
    stretch: IntArray
    rounding: IntArray


@dataclass(frozen=True, eq=False)
class Allocation:
    """One solved problem. Arrays of reps (n,) and of units (m,) are in the problem's row order."""

    problem: Problem
    policy: Policy
    engine: Literal["tree", "lp"]
    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale
    levels: CommonLevels
    rounded: IntArray
    """(n,) the quotas in minor units, in layout order."""
    coupling: Coupling | None = None
    coupled: Coupled | None = None
    """The rows across the tree, and the prices that prove the plan; None on the tree engine."""
    relaxed: tuple[Relaxation, ...] = ()
    """Rules that gave way because they could not all hold (`on_infeasible: relax`)."""
    gap: IntArray | None = None
    """(m + 1,) what nobody carries, by node (`on_infeasible: gap`); `bounds` are less by it."""
    told: PartPlan | None = None
    """What quotas carry of lines and months, where targets are of parts of the business."""

    @property
    def assigned(self) -> int:
        """The sum of all quotas: the target with its over-assignment, to the last minor unit."""
        return self.bounds.total

    @property
    def common_stretch(self) -> float:
        """The stretch of everybody whom no rule holds away from it."""
        return float(self.levels.level[0])

    @cached_property
    def quota(self) -> IntArray:
        return self._of_reps(self.rounded)

    @cached_property
    def unrounded(self) -> FloatArray:
        return self._of_reps(self.levels.quota)

    @cached_property
    def floor(self) -> IntArray:
        """The limits that held in the end; both are the locked amount where there is a lock."""
        return self._of_reps(self.bounds.lowest)

    @cached_property
    def cap(self) -> IntArray:
        return self._of_reps(self.bounds.highest)

    @cached_property
    def stretch(self) -> FloatArray:
        """Of the unrounded plan: (quota - anchor) / yardstick, unless the response is another."""
        return self.scale.complete.stretch(self.unrounded)

    @cached_property
    def growth(self) -> FloatArray:
        """Quota over baseline, less one; nan where nothing is expected."""
        return growth(self.quota.astype(float), self.problem.reps.baseline)

    @cached_property
    def company_growth(self) -> float:
        """The company's quotas over its baselines, less one; nan where nothing is expected."""
        baseline = self.problem.reps.baseline[self.hierarchy.rep_row].sum(keepdims=True)
        return float(growth(np.array([float(self.rounded.sum())]), baseline)[0])

    @cached_property
    def attainment_probability(self) -> FloatArray:
        """(n,) nan where the rep's sigma is unknown."""
        reps = self.problem.reps
        return attainment_probability(self.quota.astype(float), reps.baseline, reps.sigma)

    @cached_property
    def unit_quota(self) -> IntArray:
        sums = exact_sums(self.rounded, self.hierarchy.first, self.hierarchy.last)
        return self._of_units(sums)

    @cached_property
    def unit_growth(self) -> FloatArray:
        """The same for each unit."""
        baseline = self.problem.reps.baseline[self.hierarchy.rep_row]
        sums = slice_sums(baseline, self.hierarchy.first, self.hierarchy.last)
        return growth(self.unit_quota.astype(float), self._of_units(sums))

    @cached_property
    def unit_min(self) -> IntArray:
        return self._of_units(self.bounds.unit_min)

    @cached_property
    def unit_max(self) -> IntArray:
        return self._of_units(self.bounds.unit_max)

    @cached_property
    def evenness(self) -> Evenness:
        return self.evenness_among(np.ones(len(self.quota), dtype=np.bool_))

    def evenness_among(self, chosen: BoolArray) -> Evenness:
        """How even it is among some reps; `chosen` (n,) by row, somebody at least."""
        baseline, quota = self.problem.reps.baseline[chosen], self.quota[chosen].astype(float)
        common, typical = self.common_stretch, self._typical_stretch
        return evenness(quota, baseline, self.stretch[chosen], common, typical)

    @cached_property
    def explanation(self) -> Explanation:
        """The terms that each quota is made of; the first two are rounded to minor units."""
        anchor = np.rint(self.scale.anchor).astype(np.int64)
        unrounded = np.rint(self.unrounded).astype(np.int64)
        return Explanation(anchor, unrounded - anchor, self.quota - unrounded)

    @cached_property
    def binding(self) -> list[tuple[str, ...]]:
        """What holds each rep away from the common stretch, the nearest rule first."""
        row = self.hierarchy.rep_row
        scale = self.scale.laid_out(row)
        rows = None
        if self.coupling is not None and self.coupled is not None:
            rows = RowRules.of(self.coupling, self.coupled.price)
        names = rep_binding(
            self.hierarchy, self.bounds, self.levels, scale, self._node_rules, rows=rows
        )
        return _by_row(names, row)

    @cached_property
    def unit_binding(self) -> list[tuple[str, ...]]:
        """What holds each unit's level away from the company's, the nearest rule first."""
        names = unit_binding(self.levels, self._node_rules, self._typical_stretch)
        return _by_row(names[1:], self.hierarchy.unit_row[1:])

    @cached_property
    def _node_rules(self) -> list[NodeRules]:
        h, b, unit_ids = self.hierarchy, self.bounds, self.problem.units.ids
        return node_rules(h, b, self.levels, unit_ids, self._typical_stretch)

    @cached_property
    def _typical_stretch(self) -> float:
        return self.scale.typical(self.assigned)

    @cached_property
    def prices(self) -> Prices | CoupledPrices | None:
        """What one more unit of money costs whom; None where rules cut across the tree and somebody
        has no yardstick to be moved by.
        """
        h, b = self.hierarchy, self.bounds
        if self.coupled is None or self.coupling is None:
            return Prices(h, b, self.levels, self.scale.laid_out(h.rep_row))
        if not np.all(self.scale.yardstick > 0):
            return None
        found, first = self.coupled, self.coupled.largest
        plan = Standing(h, b, found.levels, found.scale, self.coupling, found.price, first.value)
        return CoupledPrices(plan, first.node_price, first.row_price)

    @cached_property
    def certificate(self) -> Certificate:
        """The proof of this plan, reps and units in layout order."""
        h, b = self.hierarchy, self.bounds
        scale, levels = self.scale.laid_out(h.rep_row), self.levels
        if self.coupled is not None:
            scale, levels = self.coupled.scale, self.coupled.levels
        return Certificate(
            total=self.assigned,
            increment=self.problem.increment,
            company_level=float(levels.level[0]),
            parent=h.parent[1:] - 1,
            unit_min=b.unit_min[1:],
            unit_max=b.unit_max[1:],
            unit_level=levels.level[1:],
            unit=h.rep_node - 1,
            floor=b.lowest,
            cap=b.highest,
            anchor=scale.anchor,
            yardstick=scale.yardstick,
            unrounded=levels.quota,
            quota=self.rounded,
            response=scale.response,
            across=self._across,
        )

    @property
    def _across(self) -> AcrossTheTree | None:
        """What proves a plan with rules across the tree."""
        if self.coupling is None or self.coupled is None:
            return None
        coupled, largest = self.coupled, self.coupled.largest
        room = ROOM * max(abs(largest.value), coupled.scale.typical(self.assigned))
        return AcrossTheTree(
            coupling=self.coupling,
            row_level=coupled.price,
            largest=largest.value + room,
            node_price=largest.node_price,
            row_price=largest.row_price,
        )

    @cached_property
    def checks(self) -> Checks:
        return check(self.certificate)

    def _of_reps[Column: (IntArray, FloatArray)](self, laid_out: Column) -> Column:
        """A column of reps from layout order to the problem's row order."""
        rows = np.empty_like(laid_out)
        rows[self.hierarchy.rep_row] = laid_out
        return rows

    def _of_units[Column: (IntArray, FloatArray)](self, laid_out: Column) -> Column:
        """A column of nodes to the rows of the units, without the company."""
        rows = np.empty(len(laid_out) - 1, dtype=laid_out.dtype)
        rows[self.hierarchy.unit_row[1:]] = laid_out[1:]
        return rows


def _by_row[Value](laid_out: Sequence[Value], row: IntArray) -> list[Value]:
    """Values in layout order put into the rows they belong to."""
    rows = list(laid_out)
    for value, place in zip(laid_out, row.tolist(), strict=True):
        rows[place] = value
    return rows
