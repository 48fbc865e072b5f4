"""An unrounded plan moved a little inside its rules, so that whole quotas have room around it.

A plan of least squares stands where many rules meet. Whole quotas around such a corner keep some of
them and miss others by a few minor units, and swaps end where every swap mends one rule and breaks
another. A little further inside, the quotas of plain rounding keep all:

    while some row has less room than asked for, or some unit none:
        move everybody whom it counts and who can move, in proportion to the coefficient,
        past the point where it has that room, by half of the way to it

Rows whose limits lie close together get half of what lies between them. Reps whom all rules count
alike move alike, so this is also kinder to equals than swaps are.

Source: the relaxation method for linear inequalities (Agmon 1954; Motzkin and Schoenberg 1954).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.problem import FloatArray, IntArray
from solver.rounding.chains import Effort, Rows

_NEAR_ENOUGH: Final = 1e-3
"""The part of a minor unit that nobody waits for."""
_PAST: Final = 1.5
"""Times the way to where a rule has its room: fewer turns where rules pull against each other."""
_TURNS: Final = 2_000
"""Around all rules; mostly some hundreds are enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Corner:
    """What n quotas must stay between, counted from the whole parts of an unrounded plan."""

    hierarchy: Hierarchy
    origin: IntArray
    """(n,) those whole parts."""
    part: FloatArray
    """(n,) the rest of the plan, from 0 to 1."""
    rows: Rows
    start: IntArray
    """(k + 1,) the entries of row k are start[k] <= e < start[k + 1]."""
    low: FloatArray
    high: FloatArray
    """(n,) floors and caps."""
    node_low: FloatArray
    node_high: FloatArray
    """(m + 1,) the ranges of units."""

    @classmethod
    def of(
        cls, hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling, exact: FloatArray
    ) -> Self:
        origin = np.floor(exact).astype(np.int64)
        sums = exact_sums(origin, hierarchy.first, hierarchy.last)
        return cls(
            hierarchy=hierarchy,
            origin=origin,
            part=exact - origin,
            rows=Rows.of(coupling, origin),
            start=coupling.start,
            low=(bounds.lowest - origin).astype(np.float64),
            high=(bounds.highest - origin).astype(np.float64),
            node_low=(bounds.unit_min - sums).astype(np.float64),
            node_high=(bounds.unit_max - sums).astype(np.float64),
        )

    def inside(self, room: float, near: FloatArray, effort: Effort) -> FloatArray | None:
        """(n,) quotas counted from `origin`, near those that are given, where every row has so many
        minor units of room; None where none are found.

        Raises `TimeIsUp` and `SolveStopped` as the effort's watch wants it.
        """
        moved = np.clip(near, self.low, self.high)
        half = np.minimum(room, (self.rows.high - self.rows.low) / 2)
        low, high = self.rows.low + half, self.rows.high - half
        for _ in range(_TURNS):
            rows, nodes = self._missed(moved, low, high)
            if not (len(rows) or len(nodes)):
                return moved
            for k in rows:
                entries = slice(self.start[k], self.start[k + 1])
                reps, size = self.rows.rep[entries], self.rows.coefficient[entries]
                moved[reps] = self._moved(moved[reps], reps, size, low[k], high[k])
            for v in nodes:
                reps = np.arange(self.hierarchy.first[v], self.hierarchy.last[v])
                size, ends = np.ones(len(reps)), (self.node_low[v], self.node_high[v])
                moved[reps] = self._moved(moved[reps], reps, size, *ends)
            effort.spend(len(moved) + len(self.rows.row) + 3_000 * (len(rows) + len(nodes)))
            if effort.left < 0:
                break
        return None

    def _missed(
        self, moved: FloatArray, low: FloatArray, high: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """The rows, and the nodes, that lie outside these limits and can be moved."""
        rows, tree = self.rows, self.hierarchy
        sums = np.bincount(rows.row, rows.coefficient * moved[rows.rep], len(rows))
        outside = np.maximum(low - sums, sums - high) > _NEAR_ENOUGH
        sums = slice_sums(moved, tree.first, tree.last)
        above = np.maximum(self.node_low - sums, sums - self.node_high) > _NEAR_ENOUGH
        return np.flatnonzero(outside), np.flatnonzero(above)

    def _moved(
        self, here: FloatArray, reps: IntArray, size: FloatArray, low: float, high: float
    ) -> FloatArray:
        """Where the reps of one rule go who stand `here` (r,)."""
        total = float((size * here).sum())
        way = _PAST * (max(low - total, 0.0) + min(high - total, 0.0))
        able = np.where(size * way > 0, here < self.high[reps], here > self.low[reps])
        pull = size * able
        weight = float((pull * pull).sum())
        if weight == 0:
            return here
        return np.asarray(np.clip(here + way / weight * pull, self.low[reps], self.high[reps]))
