"""Whole money in the coarse table of part targets: blocks and targets exact where that is possible.

Every cell goes to the multiple of the increment below or above its exact value, so that the sums of
the blocks and all targets are kept. Targets of zeros and ones over two nested families always allow
that; three families may not (Causey, Cox & Ernst 1985). So it is an integer programme: the cells
nearest to the exact ones, then with room for one increment more, and if even that has no answer,
with as little missed of the targets as can be. The blocks' sums are exact in all of them, and what
is said of every answer is counted in whole numbers, whatever HiGHS says of it.

Cells are multiples of the increment unless blocks or targets are not: then some are multiples of
what divides them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np

from solver.problem import FloatArray, IntArray
from solver.spread.coarse import Coarse, matrix, with_slack
from solver.spread.errors import SpreadFailed
from solver.watch import Watch

_NODES: Final = 2_000
"""Of the search; a limit that is the same on every machine, unlike seconds."""
_SECONDS: Final = 20.0
_NOISE: Final = 1e-6
"""Of an increment: nearer to a multiple counts as that."""
_DEAR: Final = 1e4
"""What a step of a target costs, where a step of a cell costs up to 1."""


def whole_cells(
    coarse: Coarse, exact: FloatArray, increment: int, watch: Watch | None = None
) -> IntArray:
    """(b, c) whole cells near `exact` (b, c) whose blocks have exactly their sums.

    Targets are exact, too, where that is found possible; a target with decimals of a minor unit is
    met by either of the two next to it. Raises `SpreadFailed` where HiGHS finds no table at all.
    """
    programme = _Programme.of(coarse, exact, increment)
    seconds = min((watch or Watch()).seconds_left(), _SECONDS)
    for spare, missing in ((0, False), (increment, False), (0, True), (increment, True)):
        cells = programme.solved(spare, missing=missing, seconds=seconds)
        if cells is not None:
            return cells
    raise SpreadFailed("HiGHS finds no whole table of blocks")


@dataclass(frozen=True, slots=True, eq=False)
class _Programme:
    """The integer programme; cells are counted in steps above their low ends."""

    coarse: Coarse
    exact: FloatArray
    """(v,) of the possible cells, in minor units."""
    increment: int
    step: int
    rows: Any
    block: IntArray
    column: IntArray

    @classmethod
    def of(cls, coarse: Coarse, exact: FloatArray, increment: int) -> _Programme:
        rows, block, column = matrix(coarse)
        of_targets = (end for ends in coarse.ends for end in ends)
        step = math.gcd(increment, *coarse.sums.tolist(), *of_targets)
        return cls(coarse, exact[block, column], increment, step, rows, block, column)

    def solved(self, spare: int, *, missing: bool, seconds: float) -> IntArray | None:
        """Whole cells (b, c); None where there are none in these windows, or none is found."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        low, high = self._windows(spare)
        room = (high - low) // self.step
        least, most = self._left(low)
        rows, cost, top = self.rows, self._cost(low), room.astype(np.float64)
        if missing:
            size = len(self.coarse.targets)
            rows = with_slack(rows, len(self.coarse.sums), size)
            cost = np.append(cost, np.full(2 * size, _DEAR))
            top = np.append(top, np.full(2 * size, np.inf))
        found = milp(
            cost,
            integrality=np.ones(len(cost), dtype=np.int64),
            bounds=Bounds(0, top),
            constraints=LinearConstraint(rows, least, most),
            options={"node_limit": _NODES, "time_limit": max(seconds, 1.0)},
        )
        if found.x is None:
            return None
        steps = np.rint(found.x[: len(low)]).astype(np.int64)
        cells = np.zeros(self.coarse.seed.shape, dtype=np.int64)
        cells[self.block, self.column] = low + steps * self.step
        return cells if self._holds(cells, steps, room, missing=missing) else None

    def _windows(self, spare: int) -> tuple[IntArray, IntArray]:
        """One increment wide, around the exact cell; what is a multiple stays one."""
        in_steps = self.exact / self.increment
        near = np.rint(in_steps)
        settled = np.abs(in_steps - near) <= np.maximum(_NOISE, 1e-12 * in_steps)
        low = np.where(settled, near, np.floor(in_steps)).astype(np.int64) * self.increment
        high = np.where(settled, low, low + self.increment)
        if not spare:
            return low, high
        return np.maximum(low - spare, 0), high + spare

    def _left(self, low: IntArray) -> tuple[FloatArray, FloatArray]:
        """(b + m,) what sums still need above the low ends, in steps: at least and at most."""
        table = np.zeros(self.coarse.seed.shape, dtype=np.int64)
        table[self.block, self.column] = low
        blocks = (self.coarse.sums - table.sum(axis=1)) / self.step
        left = np.array(self.coarse.ends).reshape(-1, 2) - self.coarse.carried(table)[:, None]
        least, most = left.T / self.step
        return np.append(blocks, least), np.append(blocks, most)

    def _cost(self, low: IntArray) -> FloatArray:
        """By how much further from its exact value a step takes a cell, as a part of a step; ties
        go to the first cells.
        """
        above = np.clip((self.exact - low) / self.increment, 0, 1)
        first = 1e-6 * np.arange(len(above)) / max(len(above), 1)
        cost: FloatArray = 1 - 2 * above + first
        return cost

    def _holds(self, cells: IntArray, steps: IntArray, room: IntArray, *, missing: bool) -> bool:
        inside = bool(np.all((steps >= 0) & (steps <= room)))
        blocks = np.array_equal(cells.sum(axis=1), self.coarse.sums)
        return inside and blocks and (missing or not any(misses(self.coarse, cells)))


def misses(coarse: Coarse, cells: IntArray) -> tuple[int, ...]:
    """(m,) by how much targets are exceeded, in minor units; 0 where they are met."""
    told = zip(coarse.carried(cells).tolist(), coarse.targets, coarse.grain.tolist(), strict=True)
    return tuple(missed_by(carried, target, grain) for carried, target, grain in told)


def missed_by(carried: int, target: Fraction, grain: int = 1) -> int:
    """By how much a target is exceeded; 0 where it is met, or decimals of the grain are missing."""
    return 0 if abs(carried - target) < grain else int(carried - round(target))
