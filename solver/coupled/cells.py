"""Reps whom no sum tells apart, taken together: the columns of a linear programme about sums.

Two reps are in one cell when the nearest unit above them that has a limit is the same, and every
row across the organisation gives them the same coefficient. Then all sums that a limit is about
contain either both or neither, times the same number: only what the cell carries together matters,
anything between the sums of its reps' floors and caps, and a company of 100,000 reps with a group
and a few thousand limited units has a few thousand cells. Nothing is approximated. Where every rep
has a coefficient of the own, every rep is a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Cells:
    """c cells of the n reps below m + 1 nodes, under k rows; by node, then by first rep."""

    of_rep: IntArray
    """(n,) the cell of each rep."""
    node: IntArray
    """(c,) the nearest limited node above, never decreasing."""
    limited: BoolArray
    """(m + 1,) the nodes that have a limit; the company always has one."""
    first: IntArray
    last: IntArray
    """(m + 1,) the cells below a limited node are first <= c < last."""
    low: IntArray
    high: IntArray
    """(c,) sums of the reps' floors and caps; `UNLIMITED` where they pass every amount."""
    start: IntArray
    """(k + 1,) the entries of row k are start[k] <= e < start[k + 1]."""
    cell: IntArray
    """(e,) the cell of an entry, ascending within a row."""
    coefficient: FloatArray
    """(e,) what the row counts each unit of money of the cell by."""

    def __len__(self) -> int:
        return len(self.node)

    @cached_property
    def count(self) -> IntArray:
        """(c,) how many reps each cell has, at least 1."""
        return np.bincount(self.of_rep, minlength=len(self))

    @cached_property
    def by_cell(self) -> IntArray:
        """(n,) the reps cell by cell, in layout order within each."""
        return np.argsort(self.of_rep, kind="stable")

    @cached_property
    def begin(self) -> IntArray:
        """(c,) where the reps of each cell begin in `by_cell`."""
        return np.cumsum(self.count) - self.count

    def sums(self, values: FloatArray) -> FloatArray:
        """(c,) the sums of (n,) values over the reps of each cell."""
        return np.add.reduceat(values[self.by_cell], self.begin)

    def node_sums(self, carried: FloatArray) -> FloatArray:
        """(m + 1,) the sums of (c,) values over the cells below each limited node."""
        return slice_sums(carried, self.first, self.last)

    def row_sums(self, carried: FloatArray) -> FloatArray:
        """(k,) the sums of (c,) values times the coefficients of each row."""
        return slice_sums(self.coefficient * carried[self.cell], self.start[:-1], self.start[1:])


def cells(hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling | None = None) -> Cells:
    """The cells of a company; without `coupling` those of its tree alone."""
    limited = (bounds.unit_min > 0) | (bounds.unit_max < UNLIMITED)
    limited[0] = True
    nearest = nearest_limited(hierarchy, limited)[hierarchy.rep_node]
    label = nearest if coupling is None else told_apart(nearest, coupling)
    _, member, of_rep, count = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((member, nearest[member]))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    of_rep, member, count = place[of_rep], member[order], count[order]
    reps = np.argsort(of_rep, kind="stable")
    last = np.cumsum(count)
    begin = last - count
    node = nearest[member]
    below = np.arange(hierarchy.nodes) + _subtree_sizes(hierarchy)
    start, cell, coefficient = _rows(of_rep, member, coupling)
    return Cells(
        of_rep=of_rep,
        node=node,
        limited=limited,
        first=np.searchsorted(node, np.arange(hierarchy.nodes)),
        last=np.searchsorted(node, below),
        low=exact_sums(bounds.lowest[reps], begin, last),
        high=exact_sums(bounds.highest[reps], begin, last),
        start=start,
        cell=cell,
        coefficient=coefficient,
    )


def nearest_limited(hierarchy: Hierarchy, limited: BoolArray) -> IntArray:
    """(m + 1,) each node itself where it is limited, else the nearest such node above."""
    nearest = np.where(limited, np.arange(hierarchy.nodes), -1)
    for level in [*hierarchy.levels()][-2::-1]:  # from the top, the company is its own
        above = nearest[hierarchy.parent[level]]
        nearest[level] = np.where(limited[level], level, above)
    return nearest


def _subtree_sizes(hierarchy: Hierarchy) -> IntArray:
    """(m + 1,) how many nodes stand below each, itself included: they follow it in the layout."""
    size = np.ones(hierarchy.nodes, dtype=np.int64)
    for level in [*hierarchy.levels()][:-1]:
        np.add.at(size, hierarchy.parent[level], size[level])
    return size


def told_apart(label: IntArray, coupling: Coupling) -> IntArray:
    """(n,) labels that differ where the given ones do, or any row's coefficients do.

    Row by row the reps in it leave their class, together with those who share their coefficient.
    """
    label = label.copy()
    values, size = np.unique(coupling.coefficient, return_inverse=True)
    fresh = int(label.max()) + 1
    for k in range(len(coupling)):
        entries = slice(int(coupling.start[k]), int(coupling.start[k + 1]))
        rep = coupling.rep[entries]
        classes, label[rep] = np.unique(
            label[rep] * len(values) + size[entries], return_inverse=True
        )
        label[rep] += fresh
        fresh += len(classes)
    return label


def _rows(
    of_rep: IntArray, member: IntArray, coupling: Coupling | None
) -> tuple[IntArray, IntArray, FloatArray]:
    """The rows over cells: each cell enters where its first rep does, with the same coefficient."""
    if coupling is None:
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)
    entry = np.flatnonzero(member[of_rep[coupling.rep]] == coupling.rep)
    row, cell = coupling.row[entry], of_rep[coupling.rep[entry]]
    entry = entry[np.lexsort((cell, row))]
    start = np.searchsorted(coupling.row[entry], np.arange(len(coupling) + 1))
    return start, of_rep[coupling.rep[entry]], coupling.coefficient[entry]
