"""The dual function of least squares under rows: what the tree makes of any prices of the rows.

At given prices mu of the rows the rest is a problem of the tree: completing the square moves each
rep's anchor to c_i + R_i sum_k g_ki mu_k, and `solver.tree` answers that exactly. The dual function
of the prices is concave and piecewise quadratic. Its gradient is what the rows miss, and its
curvature is known in closed form, because free reps who move together share one fixed sum:

    d(G q) / d(mu) = G (D - sum over blocks b of R_b R_b' / sum of R_b) G',  D = diag(R of the free)

Source: dual of a separable convex quadratic programme (Facchinei and Pang 2003, chapter 8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.coupled.coupling import Coupling
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray
from solver.tree import CommonLevels, Ranges, blocks

KEPT: Final = 1e-10
"""What a row may miss a limit by, as a part of all the money that it sums."""
NOTHING: Final = 1e-6
"""The same in minor units: quotas will be whole ones."""
_SMALL: Final = 1_000_000
"""Rows times reps up to which G is quicker as an array of numpy than as a sparse one."""
_LOOSE: Final = 10
"""How much further within a limit a row with a price may lie."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits in minor units and in layout order, not necessarily whole: n reps, m + 1 nodes."""

    low: FloatArray
    high: FloatArray
    node_min: FloatArray
    node_max: FloatArray
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The plan of the tree at some prices."""

    price: FloatArray
    anchor: FloatArray
    """(n,) the anchors that the prices move."""
    levels: CommonLevels
    sums: FloatArray
    """(k,) of the rows."""
    gradient: FloatArray
    """(k,) what each row misses: the limit that it is held to, less its sum; 0 where it holds."""


@dataclass(frozen=True, eq=False)
class DualFunction:
    """That of one problem; see the module's first lines."""

    hierarchy: Hierarchy
    limits: Limits
    scale: Scale
    coupling: Coupling

    @cached_property
    def matrix(self):  # type: ignore[no-untyped-def]  # scipy's sparse arrays have no useful type
        """G as a sparse array, (k, n)."""
        from scipy import sparse  # slow to import, and only coupled plans need it

        c = self.coupling
        return sparse.csr_array((c.coefficient, c.rep, c.start), shape=(len(c), c.reps))

    @cached_property
    def dense(self) -> FloatArray:
        """The same as an array of numpy."""
        c = self.coupling
        flat = np.bincount(c.row * c.reps + c.rep, c.coefficient, len(c) * c.reps)
        return flat.reshape(len(c), c.reps)

    @cached_property
    def least(self) -> FloatArray:
        least = self.coupling.min.astype(np.float64)
        return np.where(self.coupling.min <= -UNLIMITED, -np.inf, least)

    @cached_property
    def most(self) -> FloatArray:
        most = self.coupling.max.astype(np.float64)
        return np.where(self.coupling.max >= UNLIMITED, np.inf, most)

    @cached_property
    def one_sum(self) -> BoolArray:
        return np.asarray(self.least == self.most)

    @cached_property
    def full_curvature(self) -> FloatArray:
        """(k,) of each row alone if everybody were free and no sum fixed."""
        c = self.coupling
        each = c.coefficient**2 * self.scale.yardstick[c.rep]
        return slice_sums(each, c.start[:-1], c.start[1:])

    @cached_property
    def typical(self) -> float:
        return self.scale.typical(int(self.limits.total))

    @cached_property
    def ranges(self) -> Ranges:
        limits = self.limits
        return Ranges.of(self.hierarchy, limits.node_min, limits.node_max, limits.total)

    def at(self, price: FloatArray) -> Point:
        """The plan at these prices."""
        limits, yardstick = self.limits, self.scale.yardstick
        anchor = self.scale.anchor + yardstick * self.coupling.pushes(price)
        levels = self.ranges.equalise(limits.low, limits.high, anchor, yardstick)
        return self.told(price, anchor, levels)

    def told(self, price: FloatArray, anchor: FloatArray, levels: CommonLevels) -> Point:
        """What the rows say to the plan of these prices."""
        sums = self.coupling.sums(levels.quota)
        held_to = np.where(price > 0, self.least, self.most)
        nearest = np.clip(sums, self.least, self.most)
        limit = np.where(self.one_sum | (price == 0), nearest, held_to)
        return Point(price, anchor, levels, sums, limit - sums)

    def settled(self, point: Point, nothing: float = NOTHING, part: float = KEPT) -> bool:
        """Whether all rows hold, and those with a price stand at their limits.

        `nothing`: what quotas may be off by in any case, in minor units. `part`: what a row may
        miss its limits by beside that, as a part of all the money that it sums.
        """
        money = row_sizes(self.coupling, point.levels.quota)
        noise = nothing * self.coupling.largest_coefficient
        outside = np.clip(point.sums, self.least, self.most) - point.sums
        return bool(
            np.all(np.abs(outside) <= noise + part * money)
            and np.all(np.abs(point.gradient) <= noise + _LOOSE * part * money)
        )

    def curvature(self, point: Point, rows: IntArray) -> FloatArray:
        """How the sums of these rows answer to their prices."""
        c, level = self.coupling, point.levels.level
        wanted = point.anchor + self.scale.yardstick * level[self.hierarchy.rep_node]
        free = (wanted > self.limits.low) & (wanted < self.limits.high)
        weight = np.where(free, self.scale.yardstick, 0.0)
        block = blocks(self.hierarchy, level)[self.hierarchy.rep_node]
        headed = np.bincount(block, minlength=self.hierarchy.nodes) > 0
        place = (np.cumsum(headed) - 1)[block]
        total = np.bincount(place, weight)

        row, rep, size = c.row, c.rep, c.coefficient
        if len(rows) < len(c):
            number = np.full(len(c), -1)
            number[rows] = np.arange(len(rows))
            heard = number[row] >= 0
            row, rep, size = number[row[heard]], rep[heard], size[heard]
        cell = row * len(total) + place[rep]
        by_cell = np.bincount(cell, size * weight[rep], len(rows) * len(total))
        by_block = by_cell.reshape(len(rows), -1)
        by_all = by_block / np.where(total > 0, total, 1.0)
        return np.asarray(self._if_no_sum_is_fixed(weight, rows) - by_all @ by_block.T)

    def _if_no_sum_is_fixed(self, weight: FloatArray, rows: IntArray) -> FloatArray:
        """G diag(weight) G' of these rows."""
        if len(self.coupling) * self.coupling.reps <= _SMALL:
            heard = self.dense[rows]
            return np.asarray((heard * weight) @ heard.T)
        heard = self.matrix[rows]
        return np.asarray((heard.multiply(weight).tocsr() @ heard.T).toarray())

    def slope(self, point: Point, direction: FloatArray) -> Callable[[FloatArray], float]:
        """How fast the dual function rises this way, from the sums (k,) of a plan on the way."""
        upwards = np.where(point.price != 0, point.price > 0, direction > 0)
        limit = np.where(self.one_sum | upwards, self.least, self.most)
        limit = np.where(direction != 0, limit, 0.0)
        return lambda sums: float(np.where(direction != 0, limit - sums, 0.0) @ direction)


def row_sizes(coupling: Coupling, quota: FloatArray) -> FloatArray:
    """(k,) what the rows sum when nothing cancels, in minor units."""
    each = np.abs(coupling.coefficient) * quota[coupling.rep]
    return slice_sums(each, coupling.start[:-1], coupling.start[1:])
