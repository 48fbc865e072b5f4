"""Where a plan with rules across the tree stands, and which of its limits hold it there.

In a coupled plan (`solver.coupled`) everybody is free to follow the level and the prices of the
rows, or held by the own cap, the own floor or the largest stretch t*. Reps, units and rows may also
stand at a limit without being pushed against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.prices.movement import money_noise
from solver.problem import BoolArray, FloatArray, IntArray
from solver.tree import CommonLevels

FREE: Final = 0
UPPER: Final = 1
LOWER: Final = -1
"""A rep follows the level, is held by the own cap or the largest stretch t*, or by the floor."""

_NEAR: Final = 1e-7
"""Stretches that differ by less than this part of a typical one are the same."""


class Moves(NamedTuple):
    """How limits move: (n,) of reps, (m + 1,) of nodes, (k,) of rows, and the largest stretch.

    Of the two ends of a range the one is meant that holds.
    """

    rep: FloatArray
    node: FloatArray
    row: FloatArray
    top: float


class Held(NamedTuple):
    """What is held: (n,) the state of each rep, (m + 1,) nodes with an own level, (k,) rows."""

    rep: IntArray
    node: BoolArray
    row: BoolArray

    @property
    def key(self) -> bytes:
        return b"".join(column.tobytes() for column in self)


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a coupled plan stands; all in the hierarchy's order, `scale` linear and complete."""

    hierarchy: Hierarchy
    bounds: Bounds
    levels: CommonLevels
    scale: Scale
    coupling: Coupling
    mu: FloatArray
    """(k,) in stretch per unit of coefficient: above 0 at a row's min, below 0 at its max."""
    top: float
    """The largest stretch t*."""

    @property
    def still(self) -> Moves:
        h = self.hierarchy
        return Moves(np.zeros(len(h.rep_row)), np.zeros(h.nodes), np.zeros(len(self.mu)), 0.0)

    @cached_property
    def stretch(self) -> float:
        """The size of a stretch in this plan."""
        stretch = np.abs(self.levels.quota - self.scale.anchor) / self.scale.yardstick
        mean = float(stretch @ self.scale.yardstick) / float(self.scale.yardstick.sum())
        return max(self.scale.typical(self.bounds.total), mean)

    @cached_property
    def noise(self) -> FloatArray:
        return money_noise(self.levels.quota) + _NEAR * self.scale.yardstick * self.stretch

    @cached_property
    def ceiling(self) -> FloatArray:
        """(n,) the quotas at the largest stretch."""
        return self.scale.at(self.top)

    @cached_property
    def pushed(self) -> FloatArray:
        """(n,) money by which level and prices push a rep beyond the limit; 0 for the free."""
        level = self.levels.level[self.hierarchy.rep_node]
        away = self.scale.at(level + self.coupling.pushes(self.mu)) - self.levels.quota
        return np.where(np.abs(away) > self.noise, away, 0.0)

    @cached_property
    def at_cap(self) -> BoolArray:
        return np.asarray(self.levels.quota >= self.bounds.highest - self.noise)

    @cached_property
    def at_floor(self) -> BoolArray:
        return np.asarray(self.levels.quota <= self.bounds.lowest + self.noise)

    @cached_property
    def at_top(self) -> BoolArray:
        return np.asarray(np.abs(self.levels.quota - self.ceiling) <= self.noise)

    def upper(self, moves: Moves) -> FloatArray:
        """(n,) how the upper end moves that each rep stands at: the lower of cap and t*, but no
        lower than the floor.
        """
        top = np.where(self.at_top, self.scale.yardstick * moves.top, np.inf)
        end = np.minimum(top, np.where(self.at_cap, moves.rep, np.inf))
        return np.where(self.at_floor, np.maximum(end, moves.rep), end)

    @cached_property
    def gap(self) -> FloatArray:
        """(m + 1,) a node's level less its parent's; 0 where they are the same."""
        level, above = self.levels.level, self.levels.level[np.maximum(self.hierarchy.parent, 0)]
        same = np.abs(level - above) <= _NEAR * np.maximum(np.abs(above), self.stretch)
        return np.where(same, 0.0, level - above)

    @cached_property
    def node_sums(self) -> FloatArray:
        return slice_sums(self.levels.quota, self.hierarchy.first, self.hierarchy.last)

    @cached_property
    def row_sums(self) -> FloatArray:
        return self.coupling.sums(self.levels.quota)

    @cached_property
    def row_noise(self) -> FloatArray:
        return money_noise(self.row_sizes(self.levels.quota))

    def row_sizes(self, money: FloatArray) -> FloatArray:
        """(k,) what moves in each row without regard to signs."""
        c = self.coupling
        each = np.abs(c.coefficient * money[c.rep])
        return slice_sums(each, c.start[:-1], c.start[1:])

    @cached_property
    def node_full(self) -> BoolArray:
        """(m + 1,) whether the node's sum stands at its maximum."""
        return np.asarray(self.node_sums >= self.bounds.unit_max - money_noise(self.node_sums))

    @cached_property
    def node_empty(self) -> BoolArray:
        """(m + 1,) the same of its minimum."""
        return np.asarray(self.node_sums <= self.bounds.unit_min + money_noise(self.node_sums))

    @cached_property
    def row_full(self) -> BoolArray:
        """(k,) whether the row's sum stands at its max."""
        return np.asarray(self.row_sums >= self.coupling.max - self.row_noise)

    @cached_property
    def row_empty(self) -> BoolArray:
        """(k,) the same of its min."""
        return np.asarray(self.row_sums <= self.coupling.min + self.row_noise)

    @cached_property
    def weak(self) -> BoolArray:
        """(n,) reps who are neither pushed against a limit nor unable to move."""
        return np.asarray((self.pushed == 0) & ~(self.at_cap & self.at_floor))

    @cached_property
    def firm(self) -> bool:
        """Whether every sum that stands at a limit, and could leave it, is pushed against it."""
        h, moving = self.hierarchy, self.held.rep == FREE
        inside = slice_sums(moving.astype(np.float64), h.first, h.last) > 0
        nodes = inside & ~self.held.node & (self.node_full | self.node_empty)
        rows = ~self.held.row & (self.row_full | self.row_empty)
        return not (nodes.any() or rows.any())

    @cached_property
    def held(self) -> Held:
        """What is held for sure: pushed against the limit, or unable to move."""
        pinned = self.at_cap & self.at_floor
        rep = np.select([pinned | (self.pushed > 0), self.pushed < 0], [UPPER, LOWER], FREE)
        node = self.gap != 0
        node[0] = True
        c = self.coupling
        size = slice_sums(np.abs(c.coefficient), c.start[:-1], c.start[1:])
        mean = size / np.maximum(np.diff(c.start), 1)
        return Held(rep, node, np.abs(self.mu) * mean > _NEAR * self.stretch)
