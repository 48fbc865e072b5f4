"""The quotas as they stand before a change, and the limits that they were made within."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """n reps and m + 1 nodes in layout order, money in minor units.

    Who stands beyond a limit already (an import, an approved exception) may stay there, but is not
    pushed further beyond.
    """

    hierarchy: Hierarchy
    quota: IntArray
    """(n,)"""
    floor: IntArray
    cap: IntArray
    """(n,) as in `solver.bounds.Bounds`."""
    unit_min: IntArray
    unit_max: IntArray
    """(m + 1,)"""
    increment: int = 1

    @property
    def lowest(self) -> IntArray:
        return np.minimum(self.floor, self.quota)

    @property
    def highest(self) -> IntArray:
        return np.maximum(self.cap, self.quota)

    @property
    def sums(self) -> IntArray:
        """(m + 1,) what the reps below each node carry."""
        return exact_sums(self.quota, self.hierarchy.first, self.hierarchy.last)

    def below(self, node: int) -> slice:
        """The places of the reps of a node, those of its sub-units included."""
        return slice(int(self.hierarchy.first[node]), int(self.hierarchy.last[node]))

    def own(self, node: int) -> slice:
        """The places of the reps who hang on the node itself."""
        start, end = np.searchsorted(self.hierarchy.rep_node, [node, node + 1])
        return slice(int(start), int(end))

    def under(self, node: int) -> slice:
        """The node and all nodes below it, which stand side by side."""
        depth = self.hierarchy.depth
        above = np.flatnonzero(depth[node + 1 :] <= depth[node])
        return slice(node, node + 1 + int(above[0]) if len(above) else self.hierarchy.nodes)

    def cut_out(self, node: int, *, alone: bool, frozen: Collection[int] = ()) -> Standing:
        """One node as a company of its own that carries what it carries now.

        `alone`: only the reps who hang on it, without its sub-units. `frozen` nodes below it keep
        their sums, and the others their ranges.
        """
        h = self.hierarchy
        reps = self.own(node) if alone else self.below(node)
        nodes = slice(node, node + 1) if alone else self.under(node)
        parent = h.parent[nodes] - node
        parent[0] = -1
        last = np.array([reps.stop]) if alone else h.last[nodes]
        inside = Hierarchy(
            rep_row=np.arange(reps.stop - reps.start),
            rep_node=h.rep_node[reps] - node,
            unit_row=np.arange(nodes.stop - nodes.start) - 1,
            parent=parent,
            depth=h.depth[nodes] - h.depth[node],
            first=h.first[nodes] - reps.start,
            last=last - reps.start,
        )
        quota = self.quota[reps]
        sums = exact_sums(quota, inside.first, inside.last)
        least, most = np.minimum(self.unit_min[nodes], sums), np.maximum(self.unit_max[nodes], sums)
        held = [0, *(place - node for place in frozen)]
        least[held] = most[held] = sums[held]
        return Standing(
            inside, quota, self.floor[reps], self.cap[reps], least, most, self.increment
        )
