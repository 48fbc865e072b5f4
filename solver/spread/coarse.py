"""The coarse table of part targets: blocks of reps, times lines of business and spans of months.

A block is a set of reps whom no target tells apart and who sell the same lines. Its sum is what its
reps carry; every target is the sum of some blocks times some columns. The table nearest to the seed
s, in the sense of sum x ln(x / s), has one multiplier for each target:

    x_bc = Q_b s_bc e^(g_bc) / sum over c of s_bc e^(g_bc)      g_bc = sum of m_j of its targets

which keeps the blocks' sums whatever the multipliers are. They are those at which

    F(m) = sum over b of Q_b ln(sum over c of s_bc e^(g_bc)) - sum over j of m_j T_j

is least: F is convex and its slope is what targets are missed by, so Newton's method finds them
(the dual of Csiszar's I-projection, 1975). Where F has no least value no such table exists
(`coarse_cuts.py` says why).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from math import ceil, floor
from typing import Any, Final

import numpy as np

from solver.problem import BoolArray, FloatArray, IntArray

_CLOSE: Final = 1e-11
"""Targets missed by this part of all money are met: rounding cannot see it."""
_FINEST: Final = 1e-16
_STEPS: Final = 100
_HALVINGS: Final = 40
_RIDGE: Final = 1e-12
_LEAP: Final = 10.0
"""The most that a multiplier changes in one step: e to this is 22,000."""


@dataclass(frozen=True, eq=False)
class Coarse:
    """What the table must keep; b blocks, c columns, m targets; money in minor units."""

    seed: FloatArray
    """(b, c) >= 0; what is zero stays zero."""
    sums: IntArray
    """(b,) what each block carries."""
    targets: tuple[Fraction, ...]
    """(m,) with their over-assignment."""
    grain: IntArray
    """(m,) a target between two multiples of its grain is met by all that lies between them."""
    of_blocks: BoolArray
    """(m, b) and (m, c): which blocks and which columns each target counts."""
    of_columns: BoolArray

    def of_first(self, count: int) -> Coarse:
        """The same table with the first targets only."""
        return replace(
            self,
            targets=self.targets[:count],
            grain=self.grain[:count],
            of_blocks=self.of_blocks[:count],
            of_columns=self.of_columns[:count],
        )

    @cached_property
    def total(self) -> int:
        return int(self.sums.sum())

    @cached_property
    def wanted(self) -> FloatArray:
        """(m,)"""
        return np.array([float(target) for target in self.targets])

    @cached_property
    def ends(self) -> tuple[tuple[int, int], ...]:
        """(m,) the least and the most that meet each target in whole money."""
        pairs = zip(self.targets, self.grain.tolist(), strict=True)
        return tuple((floor(t / grain) * grain, ceil(t / grain) * grain) for t, grain in pairs)

    @cached_property
    def possible(self) -> BoolArray:
        """(b, c) the cells that may carry something."""
        return (self.seed > 0) & (self.sums > 0)[:, None]

    def carried(self, cells: FloatArray | IntArray) -> Any:
        """(m,) what the targets come to in a table."""
        return (self.of_blocks * (cells @ self.of_columns.T).T).sum(axis=1)

    @cached_property
    def members(self) -> list[tuple[IntArray, IntArray]]:
        """Blocks that the same targets count, and these targets."""
        kinds, place = np.unique(self.of_blocks, axis=1, return_inverse=True)
        return [
            (np.flatnonzero(place == kind), np.flatnonzero(kinds[:, kind]))
            for kind in range(kinds.shape[1])
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The table nearest to the seed."""

    cells: FloatArray
    """(b, c)"""
    missed: float
    """The most that a target is missed by."""
    close: bool
    multipliers: FloatArray
    """(m,) where there is no such table they have no end: what they tend to proves it."""


def nearest(coarse: Coarse) -> Nearest:
    """The table, as close to its targets as it can be brought; blocks' sums are always kept."""
    dual = _Dual.of(coarse)
    point = dual.at(np.zeros(len(coarse.targets)))
    least = point.missed
    for _ in range(_STEPS):
        if point.missed <= _FINEST:
            break
        before = point.missed
        point = dual.forward(point, dual.newton(point), least)
        if before <= _CLOSE and point.missed > before / 2:
            break  # what is left is noise
        least = min(least, point.missed)
    cells = point.cells * max(coarse.total, 1)
    missed = point.missed * coarse.total
    return Nearest(cells, missed, point.missed <= _CLOSE, point.m)


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """What multipliers (m,) make of the table; money is in parts of the total."""

    m: FloatArray
    cells: FloatArray
    parts: FloatArray
    """(b, m) what each block brings to each target."""
    slope: FloatArray
    """(m,) by how much targets are exceeded."""

    @property
    def missed(self) -> float:
        return float(np.abs(self.slope).max(initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Dual:
    coarse: Coarse
    log_seed: FloatArray
    sums: FloatArray
    wanted: FloatArray

    @classmethod
    def of(cls, coarse: Coarse) -> _Dual:
        """Cells that a target of 0 counts carry nothing; no finite multiplier says so."""
        nothing = np.array([target == 0 for target in coarse.targets], np.bool_)
        barred = coarse.of_blocks[nothing].T.astype(np.int64) @ coarse.of_columns[nothing] > 0
        possible = coarse.possible & ~barred
        stuck = ~possible.any(axis=1, keepdims=True)
        possible = np.where(stuck, coarse.possible, possible)
        log_seed = np.full(coarse.seed.shape, -np.inf)
        np.log(coarse.seed, out=log_seed, where=possible)
        total = max(coarse.total, 1)
        return cls(coarse, log_seed, coarse.sums / total, coarse.wanted / total)

    def at(self, m: FloatArray) -> _Point:
        coarse = self.coarse
        grown = self.log_seed + (coarse.of_blocks.T * m) @ coarse.of_columns
        top = grown.max(axis=1, keepdims=True, initial=-np.inf)
        cells = np.exp(grown - np.where(np.isfinite(top), top, 0.0))
        whole = cells.sum(axis=1)
        cells *= np.divide(self.sums, whole, out=np.zeros_like(whole), where=whole > 0)[:, None]
        parts = (cells @ coarse.of_columns.T) * coarse.of_blocks.T
        return _Point(m, cells, parts, parts.sum(axis=0) - self.wanted)

    def newton(self, point: _Point) -> FloatArray:
        """The step to the least value of the parabola that F is near here, but no leap.

        Where nearly everything or nothing is in a target F is flat, and the parabola says nothing
        of what is far away.
        """
        size = len(point.m)
        curve = np.zeros((size, size))
        for blocks, targets in self.coarse.members:
            columns = point.cells[blocks].sum(axis=0)
            of = self.coarse.of_columns[targets]
            parts = point.parts[np.ix_(blocks, targets)]
            sums = self.sums[blocks][:, None]
            alone = np.divide(parts, sums, out=np.zeros_like(parts), where=sums > 0)
            curve[np.ix_(targets, targets)] += (of * columns) @ of.T - parts.T @ alone
        curve[np.diag_indices(size)] += _RIDGE * np.diag(curve).max(initial=_FINEST)
        step = np.linalg.solve(curve, -point.slope)
        return np.asarray(step * min(1.0, _LEAP / np.abs(step).max(initial=_LEAP)))

    def forward(self, point: _Point, step: FloatArray, least: float) -> _Point:
        """The step, if it halves the least that was ever missed or F still falls at its end; else
        as much of it as brings F to its lowest along it.
        """
        tried = self.at(point.m + step)
        if tried.missed <= least / 2 or tried.slope @ step <= 0:
            return tried
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            size = (low + high) / 2
            tried = self.at(point.m + size * step)
            low, high = (size, high) if tried.slope @ step < 0 else (low, size)
        return tried


def matrix(coarse: Coarse) -> tuple[Any, IntArray, IntArray]:
    """(b + m, cells) which sums each possible cell counts in; its block and its column."""
    from scipy import sparse

    block, column = np.nonzero(coarse.possible)
    cell = np.arange(len(block))
    rows, cells = [block], [cell]
    for place in range(len(coarse.targets)):
        own = coarse.of_blocks[place][block] & coarse.of_columns[place][column]
        cells.append(np.flatnonzero(own))
        rows.append(np.full(len(cells[-1]), len(coarse.sums) + place))
    row, of = np.concatenate(rows), np.concatenate(cells)
    shape = len(coarse.sums) + len(coarse.targets), len(block)
    return sparse.csr_array((np.ones(len(row)), (row, of)), shape), block, column


def with_slack(rows: Any, blocks: int, targets: int) -> Any:
    """The same with two columns for each target: what is missing, and what is too much."""
    from scipy import sparse

    place = np.arange(targets)
    slack = sparse.csr_array(
        (np.ones(targets), (blocks + place, place)), (blocks + targets, targets)
    )
    return sparse.hstack((rows, slack, -slack), format="csr")
