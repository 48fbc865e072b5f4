"""One company at a trial of the largest stretch, in the units of the linear programme.

Nobody may stretch further than the trial t, so cell c carries at most

    U_c(t) = sum over its reps of min(u_i, c_i + R_i t)

Columns are stretches of cells over a typical stretch, sums are money over about the yardsticks in
them. So everything lies near 1, whatever the currency and however large a unit is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from solver.bounds import Bounds
from solver.coupled.cells import Cells, cells
from solver.coupled.coupling import Coupling
from solver.coupled.duality import Comparison, Prices
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, FloatArray, IntArray, Problem

_BELIEVED: Final = 1e-9
"""How far a point may miss a limit, relative to what the limit sums, before it is refused."""
_COARSEST: Final = 1e-6
"""The smallest weight of a cell beside the mean; HiGHS would read 1e-12 as nothing."""
_LOST: Final = 1e-11
"""A coefficient below this part of its row is nearly one that HiGHS would read as nothing."""
_NAME_LENGTH: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class InStretch:
    """c cells, l limited nodes (0 is the company) and k rows; everything in units near 1."""

    names: Names
    kind: Sequence[str]
    """(k,) what each row is: group, parity, margin or row."""
    low: FloatArray
    high: FloatArray
    """(c,) how far a cell's floors, and what it can carry at the trial, lie above its anchors."""
    weight: FloatArray
    """(c,) w_c: the money that one unit of the cell's stretch is."""
    home: IntArray
    """(c,) the limited node that a cell hangs on, never decreasing."""
    above: IntArray
    """(l,) the next limited node above; -1 for the company."""
    node_weight: FloatArray
    """(l,) W_v: the money that one unit of the node's sum is."""
    node_min: FloatArray
    node_max: FloatArray
    """(l,) limits of the node's sum above its anchors; infinite where none."""
    start: IntArray
    cell: IntArray
    share: FloatArray
    """(k + 1,), (e,), (e,) the cells of row k, and coefficient_kc w_c / S_k of each."""
    row_min: FloatArray
    row_max: FloatArray
    """(k,) limits of the row's sum above its anchors, over S_k; infinite where none."""

    def rows_of(self, kind: str) -> IntArray:
        """The rows that are of this kind."""
        return np.array([k for k, of in enumerate(self.kind) if of == kind], dtype=np.int64)

    def misses(self, stretch: FloatArray) -> list[str]:
        """The limits that a point misses, by our own sums: (c,) stretches of the cells."""
        first, last = self._slices
        carried = self.weight * stretch
        sums = slice_sums(carried, first, last) / self.node_weight
        size = 1 + slice_sums(np.abs(carried), first, last) / self.node_weight
        parts = self.share * stretch[self.cell]
        row_sums = slice_sums(parts, self.start[:-1], self.start[1:])
        row_size = 1 + slice_sums(np.abs(parts), self.start[:-1], self.start[1:])
        found = {
            "a floor": (self.low - stretch) / (1 + np.abs(self.low)),
            "a cap or the largest stretch": (stretch - self.high) / (1 + np.abs(self.high)),
            "the minimum of a unit": (self.node_min - sums) / size,
            "the maximum of a unit": (sums - self.node_max) / size,
            "the minimum of a rule across the tree": (self.row_min - row_sums) / row_size,
            "the maximum of a rule across the tree": (row_sums - self.row_max) / row_size,
        }
        return [
            limit for limit, miss in found.items() if not miss.max(initial=-np.inf) <= _BELIEVED
        ]

    @property
    def _slices(self) -> tuple[IntArray, IntArray]:
        """The cells below each limited node are first <= c < last."""
        nodes = np.arange(len(self.above))
        size = np.ones(len(nodes), dtype=np.int64)
        for node in nodes[:0:-1].tolist():
            size[self.above[node]] += size[node]
        return np.searchsorted(self.home, nodes), np.searchsorted(self.home, nodes + size)


@dataclass(frozen=True, slots=True)
class Names:
    """What cells, limited nodes and rows are called in an LP file."""

    cell: Sequence[str]
    node: Sequence[str]
    row: Sequence[str]

    @classmethod
    def numbered(cls, groups: Cells) -> Names:
        return cls(
            [str(number) for number in range(len(groups))],
            [str(node) for node in np.flatnonzero(groups.limited)],
            [f"row_{number}" for number in range(len(groups.start) - 1)],
        )

    @classmethod
    def of(
        cls, problem: Problem, hierarchy: Hierarchy, groups: Cells, coupling: Coupling | None
    ) -> Names:
        """The ids, with whatever an LP file could misread replaced; numbered where they clash.

        A cell is called after its first rep.
        """
        first = hierarchy.rep_row[groups.by_cell[groups.begin]]
        reps = [problem.reps.ids[row] for row in first.tolist()]
        nodes = hierarchy.unit_row[np.flatnonzero(groups.limited)].tolist()
        units = ["company", *(f"unit_{problem.units.ids[row]}" for row in nodes[1:])]
        rows = [] if coupling is None else [*zip(coupling.name, coupling.peers, strict=True)]
        sums = _safe([*units, *(f"{name}:{peers}" if peers else name for name, peers in rows)])
        return cls(_safe(reps), sums[: len(units)], sums[len(units) :])


def _safe(ids: list[str]) -> list[str]:
    plain = [re.sub(r"[^A-Za-z0-9_.]", "_", key)[:_NAME_LENGTH] for key in ids]
    if len(set(plain)) == len(plain):
        return plain
    return [f"{name}.{number}" for number, name in enumerate(plain)]


@dataclass(frozen=True, eq=False)
class Trials:
    """Everything about a company that stays the same from trial to trial."""

    hierarchy: Hierarchy
    bounds: Bounds
    coupling: Coupling | None
    comparison: Comparison
    cells: Cells

    @classmethod
    def of(
        cls,
        hierarchy: Hierarchy,
        bounds: Bounds,
        coupling: Coupling | None,
        comparison: Comparison,
    ) -> Self:
        return cls(hierarchy, bounds, coupling, comparison, cells(hierarchy, bounds, coupling))

    def case(self, trial: float, names: Names | None = None) -> InStretch:
        """Every limit at a trial. Names default to numbers."""
        names = names or Names.numbered(self.cells)
        below = self.cells.sums(self.comparison.low - self.comparison.anchor)
        node_min, node_max = self._node_limits()
        row_min, row_max = self._row_limits()
        rows = () if self.coupling is None else self.coupling.name
        return InStretch(
            names=names,
            kind=[name.partition(":")[0] for name in rows],
            low=below / self.unit,
            high=self.most(trial),
            weight=self.weight,
            home=np.searchsorted(self.nodes, self.cells.node),
            above=self._above(),
            node_weight=self.node_weight,
            node_min=node_min,
            node_max=node_max,
            start=self.cells.start,
            cell=self.cells.cell,
            share=self._shares / np.repeat(self.row_size, np.diff(self.cells.start)),
            row_min=row_min,
            row_max=row_max,
        )

    def most(self, trial: float) -> FloatArray:
        """(c,) what each cell can carry beyond its anchors at a trial, in units of its column."""
        return self.cells.sums(self.comparison.beyond(trial)) / self.unit

    def prices(self, equation: FloatArray) -> Prices:
        """Of money, from those of the equations of the l nodes and k rows."""
        nodes, above = self.nodes, self._above()
        price = equation[: len(nodes)] / self.node_weight
        node = np.zeros(self.hierarchy.nodes)
        node[nodes] = price
        node[nodes[1:]] -= price[above[1:]]  # an equation's price holds for all that lies below
        return Prices(node, equation[len(nodes) :] / self.row_size)

    @cached_property
    def typical(self) -> float:
        """What all would stretch without limits, or what a hundredth of all money is worth."""
        total, anchor = float(self.bounds.total), self.comparison.anchor
        money = max(abs(total - anchor.sum()), 0.01 * max(total, np.abs(anchor).sum()))
        return float(money / self.comparison.yardstick.sum()) or 1.0

    @cached_property
    def nodes(self) -> IntArray:
        """(l,) the limited nodes in layout order."""
        return np.flatnonzero(self.cells.limited)

    @cached_property
    def weight(self) -> FloatArray:
        """(c,) the yardsticks of each cell over those of the mean cell."""
        yardsticks = self.cells.sums(self.comparison.yardstick)
        return np.maximum(yardsticks / yardsticks.mean(), _COARSEST)

    @cached_property
    def money(self) -> float:
        """What a unit of weight is in minor units: a typical stretch of the mean cell."""
        return float(self.typical * self.comparison.yardstick.sum() / len(self.cells))

    @cached_property
    def unit(self) -> FloatArray:
        """(c,) what one unit of a cell's column is in minor units."""
        return self.weight * self.money

    @cached_property
    def node_weight(self) -> FloatArray:
        """(l,) the weight of all cells below; never less than that of the mean cell."""
        return np.maximum(self.cells.node_sums(self.weight)[self.nodes], 1.0)

    @cached_property
    def _shares(self) -> FloatArray:
        """(e,) coefficient_kc w_c"""
        return self.cells.coefficient * self.weight[self.cells.cell]

    @cached_property
    def row_size(self) -> FloatArray:
        """(k,) S_k: the sizes of what the row's columns count by, summed. Where the smallest would
        be lost in the sum it is the largest of them, which leaves HiGHS a few digits more.
        """
        size, start = np.abs(self._shares), self.cells.start
        row = np.repeat(np.arange(len(start) - 1), np.diff(start))
        summed, largest = slice_sums(size, start[:-1], start[1:]), np.zeros(len(start) - 1)
        np.maximum.at(largest, row, size)
        lost = np.bincount(row, size < _LOST * summed[row], len(start) - 1) > 0
        return np.where(summed > 0, np.where(lost, largest, summed), 1.0)

    def _above(self) -> IntArray:
        place = np.cumsum(self.cells.limited) - 1
        nearest = np.arange(self.hierarchy.nodes)
        for level in [*self.hierarchy.levels()][-2::-1]:  # from the top, the company is its own
            above = nearest[self.hierarchy.parent[level]]
            nearest[level] = np.where(self.cells.limited[level], level, above)
        return np.append(-1, place[nearest[self.hierarchy.parent[self.nodes[1:]]]])

    def _node_limits(self) -> tuple[FloatArray, FloatArray]:
        least, most = self.bounds.unit_min[self.nodes], self.bounds.unit_max[self.nodes]
        first, last = self.hierarchy.first[self.nodes], self.hierarchy.last[self.nodes]
        anchors = slice_sums(self.comparison.anchor, first, last)
        size = self.node_weight * self.money
        low = np.where(least > 0, (least - anchors) / size, -np.inf)
        high = np.where(most < UNLIMITED, (most - anchors) / size, np.inf)
        low[0] = high[0] = (self.bounds.total - anchors[0]) / size[0]
        return low, high

    def _row_limits(self) -> tuple[FloatArray, FloatArray]:
        if self.coupling is None:
            return np.empty(0), np.empty(0)
        least, most = self.coupling.min, self.coupling.max
        anchors, size = self.coupling.sums(self.comparison.anchor), self.row_size * self.money
        low = np.where(least > -UNLIMITED, (least - anchors) / size, -np.inf)
        high = np.where(most < UNLIMITED, (most - anchors) / size, np.inf)
        return low, high
