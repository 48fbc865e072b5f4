"""The organisation laid out depth first, so that the reps of every unit stand side by side.

Sums over units then are sums over slices, and the layout depends on ids alone: the order in which
reps and units were listed changes nothing, not even the last bit of a sum.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from solver.problem import COMPANY, DEPTH_LIMIT, UNLIMITED, FloatArray, IntArray, Problem


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """n reps and m + 1 nodes in depth-first order; node 0 is the company, the others are units.

    A node's own reps come first, then those of its sub-units, each by id.
    """

    rep_row: IntArray
    """(n,) row in `Problem.reps` of the rep that stands k-th here."""
    rep_node: IntArray
    """(n,) node that the k-th rep hangs on, never decreasing."""
    unit_row: IntArray
    """(m + 1,) row of the node in `Problem.units`; `COMPANY` for node 0."""
    parent: IntArray
    """(m + 1,) node above; -1 for the company. A parent comes before its children."""
    depth: IntArray
    """(m + 1,) 0 for the company."""
    first: IntArray
    last: IntArray
    """(m + 1,) the node's reps, those of its sub-units included, are first <= k < last."""

    @property
    def nodes(self) -> int:
        return len(self.parent)

    def levels(self) -> Iterator[IntArray]:
        """The nodes of each depth, the deepest first, each in layout order."""
        return reversed(self._by_depth)

    @cached_property
    def _by_depth(self) -> list[IntArray]:
        ends = np.cumsum(np.bincount(self.depth))
        return np.split(np.argsort(self.depth, kind="stable"), ends[:-1])

    def ancestors(self, node: int) -> Iterator[int]:
        """The node itself, its parent, and so on up to the company."""
        while node >= 0:
            yield node
            node = int(self.parent[node])


def lay_out(problem: Problem) -> Hierarchy:
    """The depth-first layout of a problem's organisation."""
    reps, units = problem.reps, problem.units
    unit_row, parent = _depth_first(units.ids, units.parent)
    node_of_unit = np.empty(len(units) + 1, dtype=np.int64)
    node_of_unit[unit_row] = np.arange(len(unit_row))  # row -1, the company, is the last entry
    node = node_of_unit[reps.unit]
    rep_row = np.lexsort((_ranks(reps.ids), node))
    return _arranged(rep_row, node[rep_row], unit_row, parent)


def as_laid_out(unit: IntArray, parent: IntArray) -> Hierarchy | None:
    """The layout of reps and units that claim to stand in layout order; None where they do not.

    `unit` (n,) is the row of each rep's unit and `parent` (m,) that of each unit's parent,
    `COMPANY` for the company itself. Never raises, whatever the numbers.
    """
    open_units = [COMPANY]
    for row, above in enumerate(parent.tolist()):
        while open_units and open_units[-1] != above:
            open_units.pop()
        if not 0 < len(open_units) <= DEPTH_LIMIT:
            return None
        open_units.append(row)
    if not np.all((unit >= COMPANY) & (unit < len(parent))) or np.any(unit[1:] < unit[:-1]):
        return None
    rows = np.arange(len(parent) + 1) + COMPANY
    return _arranged(np.arange(len(unit)), unit - COMPANY, rows, np.append(COMPANY, parent + 1))


def _arranged(
    rep_row: IntArray, rep_node: IntArray, unit_row: IntArray, parent: IntArray
) -> Hierarchy:
    """What follows from reps and nodes in layout order."""
    above = parent.tolist()  # plain numbers: a million look-ups in an array take their time
    depth, size = [0] * len(above), [1] * len(above)
    for child in range(1, len(above)):
        depth[child] = depth[above[child]] + 1
    for child in range(len(above) - 1, 0, -1):
        size[above[child]] += size[child]
    before = np.append(0, np.cumsum(np.bincount(rep_node, minlength=len(above))))
    nodes = np.arange(len(above))
    return Hierarchy(
        rep_row=rep_row,
        rep_node=rep_node,
        unit_row=unit_row,
        parent=parent,
        depth=np.array(depth, dtype=np.int64),
        first=before[nodes],
        last=before[nodes + np.array(size)],
    )


def _depth_first(ids: Sequence[str], parent: IntArray) -> tuple[IntArray, IntArray]:
    """Rows of the units in depth-first order (the company first), and each one's parent node.

    Generation by generation instead of unit by unit: 0 stands for the company, r + 1 for row r.
    """
    above = np.append(0, parent + 1)
    child = 1 + np.lexsort((_ranks(ids), parent))  # family by family, each by id
    born = np.searchsorted(above[child], np.arange(len(above) + 1))  # where each family begins
    generations = [np.zeros(1, dtype=np.int64)]
    while len(generations[-1]):
        family = generations[-1]
        count = born[family + 1] - born[family]
        skipped = born[family] - (np.cumsum(count) - count)
        generations.append(child[np.arange(count.sum()) + skipped.repeat(count)])
    size = np.ones(len(above), dtype=np.int64)
    for members in generations[:0:-1]:
        np.add.at(size, above[members], size[members])
    node = np.zeros(len(above), dtype=np.int64)
    for members in generations[1:-1]:
        elder = np.cumsum(size[members]) - size[members]
        family = above[members]
        eldest = np.flatnonzero(np.diff(family, prepend=-1))
        before_family = elder[eldest].repeat(np.diff(eldest, append=len(family)))
        node[members] = node[family] + 1 + elder - before_family
    rows = np.empty(len(above), dtype=np.int64)
    rows[node] = np.arange(len(above)) + COMPANY
    return rows, np.append(COMPANY, node[above[rows[1:] + 1]])


def _ranks(ids: Sequence[str]) -> IntArray:
    """The place of each id among all ids in code point order, which no locale can change."""
    if all(map(operator.lt, ids, islice(ids, 1, None))):  # as they often come
        return np.arange(len(ids))
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)] = np.arange(
        len(ids)
    )
    return ranks


def slice_sums(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    """Sum of values[first:last] for each pair; 0 for an empty slice."""
    sums: FloatArray = _slice_sums(values, first, last)
    return sums


def exact_sums(values: IntArray, first: IntArray, last: IntArray) -> IntArray:
    """The same in integers. A sum beyond every possible amount is answered as `UNLIMITED`."""
    sums: IntArray = _slice_sums(values, first, last)
    # Integer sums wrap around silently; the float sum, off by a few units at most, tells when.
    size = values.astype(np.float64)
    if float(np.abs(size).sum()) < UNLIMITED:
        return sums
    return np.where(np.abs(slice_sums(size, first, last)) < UNLIMITED, sums, UNLIMITED)


def _slice_sums[N: np.float64 | np.int64](
    values: np.ndarray[tuple[int, ...], np.dtype[N]], first: IntArray, last: IntArray
) -> np.ndarray[tuple[int, ...], np.dtype[N]]:
    # Written out where NumPy has append and column_stack: on small plans these take most of it.
    padded = np.zeros(len(values) + 1, dtype=values.dtype)  # reduceat needs every start inside,
    padded[:-1] = values
    pairs = np.empty(2 * len(first), dtype=np.int64)
    pairs[::2], pairs[1::2] = first, last
    sums = np.add.reduceat(padded, pairs)[::2]
    sums[first >= last] = 0  # and misreads empty slices
    return sums
