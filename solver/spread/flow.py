"""Whether a table can have given sums at all: a flow from rows over cells to columns.

What rows have to carry above the lowest values of their cells flows to what columns still need; a
cell lets through what lies between its limits. All of it arrives, or the least cut says which rows
carry too much (Gale 1957; Ford & Fulkerson). Everything is in whole minor units, so the answer is
exact. scipy counts flows in 32 bits, hence the rounds of `_fill`: first the upper digits.

Where all of it arrives, the same flow tells the cells that have no choice but a limit: those at one
through which no circle of cells with room leads (strong components of what is left of the network).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from solver.problem import BoolArray, IntArray
from solver.spread.errors import CannotSpread, Cut

_BITS: Final = 30
"""Of an amount that scipy can add up."""


@dataclass(frozen=True, slots=True, eq=False)
class Feasible:
    """One table with the wanted sums, in minor units, and what every such table has in common."""

    cells: IntArray
    """(n, k)"""
    forced: BoolArray
    """(n, k) the cells that stand at one of their limits in all of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Margins:
    """What a table in minor units must keep."""

    rows: IntArray
    columns: IntArray
    """(n,) and (k,) its sums; both add up to the same."""
    low: IntArray
    high: IntArray
    """(n, k) limits of its cells."""

    def cut(self, chosen: BoolArray, full: BoolArray) -> Cut:
        """The inequality about the `chosen` rows (n,) and `full` columns (k,)."""
        outside = int(self.high[np.ix_(chosen, ~full)].sum())
        inside = int(self.columns[full].sum()) - int(self.low[np.ix_(~chosen, full)].sum())
        return Cut(chosen, full, carried=int(self.rows[chosen].sum()), most=outside + inside)


def feasible(margins: Margins) -> Feasible:
    """A table that keeps the margins. Raises `CannotSpread` with a cut where there is none."""
    low = margins.low
    supply, need = margins.rows - low.sum(axis=1), margins.columns - low.sum(axis=0)
    if np.any(supply < 0):
        raise CannotSpread(margins.cut(supply >= 0, np.ones(len(need), dtype=bool)))
    if np.any(need < 0):
        raise CannotSpread(margins.cut(np.zeros(len(supply), dtype=bool), need < 0))
    network = _Network.of(supply, need, margins.high - low)
    flow, n = network.filled(), len(supply)
    if flow[network.of_supply].sum() < supply.sum():
        reached = network.reached(flow)
        raise CannotSpread(margins.cut(reached[:n], reached[n:]))
    row, column = network.tail[network.of_cell], network.head[network.of_cell] - n
    cells = low.copy()
    cells[row, column] += flow[network.of_cell]
    group = network.groups(flow)
    forced = np.ones(cells.shape, dtype=bool)
    forced[row, column] = group[row] != group[n + column]
    return Feasible(cells, forced)


@dataclass(frozen=True, slots=True, eq=False)
class _Network:
    """Nodes are the n rows, the k columns, the source and the sink."""

    nodes: int
    tail: IntArray
    head: IntArray
    capacity: IntArray
    """(e,) edges: those of cells with room, then one into each row, then one out of each column."""
    of_cell: slice
    of_supply: slice

    @classmethod
    def of(cls, supply: IntArray, need: IntArray, room: IntArray) -> _Network:
        n, k = room.shape
        row, column = np.nonzero(room)
        cells = len(row)
        source, sink = np.full(n, n + k), np.full(k, n + k + 1)
        return cls(
            nodes=n + k + 2,
            tail=np.concatenate((row, source, n + np.arange(k))),
            head=np.concatenate((n + column, np.arange(n), sink)),
            capacity=np.concatenate((room[row, column], supply, need)),
            of_cell=slice(cells),
            of_supply=slice(cells, cells + n),
        )

    def filled(self) -> IntArray:
        """(e,) the largest flow: first in steps of the highest digits, then ever finer.

        Once no step of 2^s fits, less than 2^s per edge is missing; so the next step may be as
        fine as lets scipy add that up.
        """
        flow = np.zeros_like(self.capacity)
        digits = int(self.capacity[self.of_supply].sum()).bit_length()
        finer = _BITS - len(flow).bit_length()
        shift = max(digits - _BITS, 0)
        while True:
            flow += self._more(flow, shift) << shift
            if shift == 0:
                return flow
            shift = max(shift - finer, 0)

    def _more(self, flow: IntArray, shift: int) -> IntArray:
        """(e,) what can flow on top, in steps of 2^shift; below 0 where flow is taken back."""
        from scipy import sparse
        from scipy.sparse.csgraph import maximum_flow

        most = 2**_BITS
        room = np.minimum((self.capacity - flow) >> shift, most)
        back = np.minimum(flow >> shift, most)
        tail, head = np.append(self.tail, self.head), np.append(self.head, self.tail)
        shape = self.nodes, self.nodes
        graph = sparse.csr_array((np.append(room, back).astype(np.int32), (tail, head)), shape)
        found: Any = maximum_flow(graph, self.nodes - 2, self.nodes - 1).flow
        return np.asarray(found[self.tail, self.head]).ravel().astype(np.int64)

    def reached(self, flow: IntArray) -> BoolArray:
        """(n + k,) the rows and columns that more could still flow to."""
        from scipy.sparse.csgraph import breadth_first_order

        graph = self._left(flow, slice(None))
        order = breadth_first_order(graph, self.nodes - 2, return_predecessors=False)
        found = np.zeros(self.nodes, dtype=bool)
        found[order] = True
        return found[:-2]

    def groups(self, flow: IntArray) -> IntArray:
        """(nodes,) rows and columns of one number can pass money around in a circle."""
        from scipy.sparse.csgraph import connected_components

        graph = self._left(flow, self.of_cell)
        return np.asarray(connected_components(graph, connection="strong")[1])

    def _left(self, flow: IntArray, edges: slice) -> Any:
        """The network of what can still flow over these edges, either way."""
        from scipy import sparse

        tail, head = self.tail[edges], self.head[edges]
        on, back = flow[edges] < self.capacity[edges], flow[edges] > 0
        ends = np.append(tail[on], head[back]), np.append(head[on], tail[back])
        return sparse.csr_array((np.ones(len(ends[0])), ends), (self.nodes, self.nodes))
