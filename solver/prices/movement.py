"""Who carries more, and who less, when money moves in a plan on the tree: one direction at a time.

Money that comes goes to those who stand lowest and can carry more, money that is taken comes from
those who stand highest and can carry less, each in proportion to what a step of the level is worth
to them: the own yardstick, or another slope of `solver.response`. Reps at a limit and units whose
sum stands at the end of its range do not move beyond it, but move back; so up and down are two
tables of the same kind. In a table of reps who move down everything is counted with its sign
turned: always those who `start` at the smallest number move first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from solver.bounds import Bounds
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import BoolArray, FloatArray, IntArray
from solver.tree import CommonLevels

_SAME: Final = 1e-9
_PART: Final = 1e-9
_LEAST: Final = 1e-6


def money_noise(amount: FloatArray) -> FloatArray:
    """What an amount in minor units may be off by and still stand at a limit."""
    return np.maximum(_PART * np.abs(amount), _LEAST)


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """One unit of money that comes to (or is taken from) those who move first."""

    change: FloatArray
    """(n,) adds up to 1, or to -1 where money is taken."""
    first: float
    """Where they start, signed like `Direction.start`."""
    rate: float
    """Change of their stretch."""
    range: float
    """For how much money nobody joins them."""


@dataclass(frozen=True, eq=False)
class Direction:
    """The reps who can move one way, n reps and m + 1 nodes in the order of the hierarchy."""

    hierarchy: Hierarchy
    sign: Literal[1, -1]
    """1: they carry more; -1: less."""
    stand: FloatArray
    """(n,) sign x the stretch at which each rep stands."""
    able: BoolArray
    """(n,) who can move this way."""
    pace: FloatArray
    """(n,) money per stretch of whoever moves, > 0."""
    full: BoolArray
    """(m + 1,) nodes whose sum cannot move this way; the company's never does by itself."""
    typical: float
    """`Scale.typical`: what starts are compared by."""
    least: float
    """The smallest sum of paces that says anything."""

    @cached_property
    def start(self) -> FloatArray:
        """(n,) where each rep begins to move; inf for those who cannot."""
        return np.where(self.able, self.stand, np.inf)

    @cached_property
    def slope(self) -> FloatArray:
        """(n,) money per stretch; 0 for those who cannot move."""
        return np.where(self.able, self.pace, 0.0)

    @cached_property
    def inside(self) -> tuple[FloatArray, FloatArray]:
        """(m + 1,) where the first of each node's reps start, and their slopes together.

        The node's own range is left out of account, those of the units below it are not.
        """
        h = self.hierarchy
        levels = [(level, h.parent[level]) for level in h.levels()][:-1]
        first = np.full(h.nodes, np.inf)
        np.minimum.at(first, h.rep_node, self.start)
        for level, above in levels:
            np.minimum.at(first, above, np.where(self.full[level], np.inf, first[level]))
        moving = self._at_once(self.start, first[h.rep_node])
        slope = np.bincount(h.rep_node, np.where(moving, self.slope, 0.0), h.nodes)
        for level, above in levels:
            moving = ~self.full[level] & self._at_once(first[level], first[above])
            np.add.at(slope, above, np.where(moving, slope[level], 0.0))
        return first, slope

    def way_out(self, held: BoolArray) -> tuple[FloatArray, FloatArray]:
        """(m + 1,) the same for whoever moves when money enters or leaves at each node.

        `held` nodes cannot move the other way, so the money must be made good inside. What passes
        through a node that is full has made room in it, so that its reps can move too.
        """
        first, slope = (column.copy() for column in self.inside)
        room = np.full_like(first, np.inf), np.zeros_like(slope)
        going = np.flatnonzero(~held)
        at = going
        while len(going):
            inner = self._together(self._inside(at), _at(room, going))
            for column, freed in zip(room, inner, strict=True):
                column[going] = np.where(self.full[at], freed, column[going])
            at = self.hierarchy.parent[at]
            first[going], slope[going] = self._together(self._inside(at), _at(room, going))
            going, at = going[~held[at]], at[~held[at]]
        return first, slope

    def shift(self, top: int, path: IntArray | None = None) -> Shift | None:
        """Who moves within a node by how much; nodes on the path have room.

        None where nobody can, or where nothing tells in which proportion.
        """
        h = self.hierarchy
        open_ = ~self.full
        open_[top if path is None else path] = True
        reached = np.zeros(h.nodes, dtype=np.bool_)
        reached[top] = True
        for level in [*h.levels()][-2::-1]:
            reached[level] |= open_[level] & reached[h.parent[level]]
        start = np.where(reached[h.rep_node], self.start, np.inf)
        first = float(start.min())
        if first == np.inf:
            return None
        moving = self._at_once(start, np.full_like(start, first))
        slope = np.where(moving, self.slope, 0.0)
        total = float(slope.sum())
        if total < self.least:
            return None
        later = float(np.min(start, where=~moving, initial=np.inf)) - first
        return Shift(self.sign * slope / total, first, self.sign / total, later * total)

    def path(self, node: int, held: BoolArray) -> IntArray:
        """The nodes that money passes through from this one on; the last makes it good."""
        passed = []
        for at in self.hierarchy.ancestors(node):
            passed.append(at)
            if held[at]:
                break
        return np.array(passed)

    def apart(self, inside: FloatArray, around: FloatArray) -> BoolArray:
        """Whether an exchange between reps that start here brings stretches closer together.

        One of both starts is of this direction and one of the other: their sum is the distance.
        """
        return np.asarray(inside + around < -self._tolerance(inside))

    def _at_once(self, start: FloatArray, first: FloatArray) -> BoolArray:
        return np.asarray(start <= first + self._tolerance(first))

    def _tolerance(self, start: FloatArray) -> FloatArray:
        size = np.where(np.isfinite(start), np.abs(start), 0.0)
        return np.asarray(_SAME * np.maximum(size, self.typical))

    def _inside(self, node: IntArray) -> tuple[FloatArray, FloatArray]:
        return _at(self.inside, node)

    def _together(
        self, one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        first = np.minimum(one[0], other[0])
        slopes = [
            np.where(self._at_once(start, first), slope, 0.0) for start, slope in (one, other)
        ]
        return first, slopes[0] + slopes[1]


def _at(columns: tuple[FloatArray, FloatArray], places: IntArray) -> tuple[FloatArray, FloatArray]:
    return columns[0][places], columns[1][places]


def directions(
    hierarchy: Hierarchy, bounds: Bounds, levels: CommonLevels, scale: Scale
) -> tuple[Direction, Direction]:
    """Who can carry more and who can carry less; `scale` is in the hierarchy's order."""
    quota, noise = levels.quota, money_noise(levels.quota)
    level = levels.level[hierarchy.rep_node]
    # A free rep stands at the level itself: with next to no yardstick the own ratio is all noise.
    wanted = scale.at(level)
    free = np.abs(wanted - quota) <= noise
    stretch = np.where(free, level, scale.stretch(quota))
    linear = scale.response == "linear"
    # A quota next to nothing has next to no slope either, and that is noise.
    pace = scale.yardstick if linear else scale.yardstick * np.where(free, wanted, quota)
    least = 0.0 if linear else _LEAST
    sums = slice_sums(quota, hierarchy.first, hierarchy.last)
    typical = scale.typical(bounds.total)

    def towards(sign: Literal[1, -1], room: FloatArray, node_room: FloatArray) -> Direction:
        full = node_room <= money_noise(sums)
        full[0] = True
        able = room > noise
        return Direction(hierarchy, sign, sign * stretch, able, pace, full, typical, least)

    return (
        towards(1, bounds.highest - quota, bounds.unit_max - sums),
        towards(-1, quota - bounds.lowest, sums - bounds.unit_min),
    )
