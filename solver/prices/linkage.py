"""How a coupled plan hangs together while exactly these limits are held.

The free reps of a block share one level, and each row that is held has one price. Both follow from
what the sums of blocks and rows are asked to do: the sum of a block gives its level, which leaves
one equation for each row. The equations are the same for every limit that moves; only what is asked
of the sums differs, so they are solved once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from solver.hierarchy import Hierarchy
from solver.prices.standing import FREE, LOWER, UPPER, Held, Moves, Standing
from solver.problem import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from scipy import sparse

KEPT: Final = 1e-6
"""By how much of all that moves a sum may miss what it is held to."""
_SAME: Final = 1e-10
"""Rows that differ by less than this part of the largest difference say the same of the free."""


@dataclass(frozen=True, eq=False)
class Linkage:
    """n reps, m + 1 nodes, of which those with an own level are the blocks, and h held rows."""

    plan: Standing
    held: Held

    @cached_property
    def block(self) -> IntArray:
        """(m + 1,) the nearest node, upwards, with a level of its own."""
        return _blocks(self.plan.hierarchy, self.held.node)

    @cached_property
    def total(self) -> FloatArray:
        """(m + 1,) the yardsticks of each block's free reps together."""
        return self._by_block(self.weight)

    @cached_property
    def weight(self) -> FloatArray:
        """(n,) the yardsticks of the free; 0 for all others."""
        return np.where(self.held.rep == FREE, self.plan.scale.yardstick, 0.0)

    def bound(self, moves: Moves) -> FloatArray:
        """(n,) how those move who are not free: with their limits."""
        ends = [self.plan.upper(moves), moves.rep]
        return np.select([self.held.rep == UPPER, self.held.rep == LOWER], ends, 0.0)

    def asked(self, moves: Moves, bound: FloatArray) -> FloatArray:
        """(m + 1,) how the sum of each block's free reps has to move."""
        given = np.where(self.held.node, moves.node, 0.0)
        inner = np.flatnonzero(self.held.node)[1:]
        asked = given - self._by_block(bound)
        np.subtract.at(asked, self.block[self.plan.hierarchy.parent[inner]], given[inner])
        return asked

    def prices(self, sums: FloatArray, asked: FloatArray) -> FloatArray:
        """(h, …) how the prices of the held rows move, so that the sums of the free do what they
        have to: `sums` (h, …) those of rows, `asked` (m + 1, …) those of blocks.
        """
        return np.asarray(self._inverse @ (sums - self._mean @ asked))

    def levels(self, asked: FloatArray, prices: FloatArray) -> FloatArray:
        """(m + 1, …) how the level of each node moves; nan where nobody in its block is free."""
        rest = asked - self._load.T @ prices
        total = self.total.reshape(-1, *[1] * (rest.ndim - 1))
        level = np.divide(rest, total, out=np.full_like(rest, np.nan), where=total > 0)
        return np.asarray(level[self.block])

    def missed(self, sums: FloatArray, asked: FloatArray, prices: FloatArray) -> FloatArray:
        """(h, …) by how much the sums of rows miss what they have to do: rows may contradict."""
        return np.asarray(sums - self._mean @ asked - self._apart @ prices)

    @cached_property
    def rows(self) -> sparse.csr_array:
        """(h, n) the coefficients of the held rows."""
        from scipy import sparse  # slow to import, and only coupled plans need it

        c = self.plan.coupling
        shape = (len(c), c.reps)
        return sparse.csr_array((c.coefficient, c.rep, c.start), shape=shape)[self.held.row]

    @cached_property
    def _load(self) -> sparse.csr_array:
        """(h, m + 1) coefficient x yardstick of the free, by block."""
        from scipy import sparse

        h = self.plan.hierarchy
        shape = (len(self.weight), h.nodes)
        of_rep = np.arange(len(self.weight)), self.block[h.rep_node]
        return self.rows @ sparse.csr_array((self.weight, of_rep), shape=shape)

    @cached_property
    def _mean(self) -> sparse.csr_array:
        """(h, m + 1) the mean coefficient of each block's free reps."""
        from scipy import sparse

        return self._load @ sparse.diags_array(1.0 / np.where(self.total > 0, self.total, 1.0))

    @cached_property
    def _apart(self) -> FloatArray:
        """(h, h) how the sums of rows move with their prices, while blocks keep theirs."""
        apart = (self.rows * self.weight) @ self.rows.T - self._mean @ self._load.T
        return np.asarray(apart.toarray())

    @cached_property
    def _inverse(self) -> FloatArray:
        """(h, h) how prices move with what the sums of rows still have to do.

        Where rows say the same of the free, any prices with the right sum will do: the smallest.
        """
        size = np.sqrt((self.rows**2) @ self.plan.scale.yardstick)
        value, vector = np.linalg.eigh(self._apart / np.outer(size, size))
        told = value > _SAME * value.max(initial=0.0)
        scaled = vector[:, told] / size[:, None]
        return np.asarray((scaled / value[told]) @ scaled.T)

    def _by_block(self, money: FloatArray) -> FloatArray:
        h = self.plan.hierarchy
        return np.bincount(self.block[h.rep_node], money, h.nodes)


def _blocks(hierarchy: Hierarchy, head: BoolArray) -> IntArray:
    block = np.arange(hierarchy.nodes)
    for node in [*hierarchy.levels()][-2::-1]:
        block[node] = np.where(head[node], node, block[hierarchy.parent[node]])
    return block
