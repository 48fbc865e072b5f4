"""The exact engine for limits of reps and ranges of units: everybody at one common level.

At a common stretch x, rep i would carry clip(q_i(x), l_i, u_i): the level pushes everybody alike
and each one's own limits stop it. q_i(x) is c_i + R_i x, or any other `solver.response`. A unit
with a range may not follow: below the level x_L at which its reps together carry the minimum, and
above the level x_U at which they carry the maximum, it stays where it is. That pulls the ends of
its reps' intervals inwards, deepest units first:

    F_v(x) = sum over the reps of v of clip(q_i(x), l_i, u_i)
    l_i, u_i = clip(q_i(x_L), l_i, u_i), clip(q_i(x_U), l_i, u_i)
        with F_v(x_L) = min_v and F_v(x_U) = max_v

At the company min = max = the amount to assign, so both ends meet: these are the quotas. A clip of
a clip is a clip, so two numbers per rep are the whole state, and there is no second pass.

The plan is the only one that is leximin in the stretch e_i, the level at which q_i(e_i) is the
quota. Where that is (q_i - c_i) / R_i the plan is leximax, least weighted squares sum R_i e_i^2 and
the optimum of every separable convex effort cost as well.
Source: unit ranges over a tree and boxes with a fixed sum are the base polytope of a generalised
polymatroid (Fujishige 1980, lexicographically optimal base; Frank and Murota 2020, decreasing
minimization). `solver.certificate` proves it for each single answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from solver.bounds import Bounds
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray, IntArray
from solver.response import CURVES, Curve, Response
from solver.teams import Teams


@dataclass(frozen=True, slots=True, eq=False)
class CommonLevels:
    """The unrounded plan and the levels that make it."""

    quota: FloatArray
    """(n,) unrounded quotas in minor units, in layout order."""
    level: FloatArray
    """(m + 1,) the common stretch of each node: that of its parent, unless its range stops it."""


def equalise(
    hierarchy: Hierarchy,
    bounds: Bounds,
    anchor: FloatArray,
    yardstick: FloatArray,
    response: Response = "linear",
) -> CommonLevels:
    """The leximin plan of a feasible problem.

    `anchor` and `yardstick` (n,) are in layout order and as `solver.response` wants them, such as
    those of `Scale.laid_out`.
    Whether the limits can hold at all is `solver.conflict`'s question: here they must.
    """
    return equalise_within(
        hierarchy,
        low=bounds.lowest.astype(np.float64),
        high=bounds.highest.astype(np.float64),
        node_min=bounds.unit_min.astype(np.float64),
        node_max=bounds.unit_max.astype(np.float64),
        total=float(bounds.total),
        anchor=anchor,
        yardstick=yardstick,
        response=response,
    )


def equalise_within(
    hierarchy: Hierarchy,
    *,
    low: FloatArray,
    high: FloatArray,
    node_min: FloatArray,
    node_max: FloatArray,
    total: float,
    anchor: FloatArray,
    yardstick: FloatArray,
    response: Response = "linear",
) -> CommonLevels:
    """The same within limits that need not be whole: `low`, `high` (n,) and `node_min`, `node_max`
    (m + 1,), 0 or more, infinite where nothing limits. They must be able to hold; the company's
    own two are `total`.
    """
    return Ranges.of(hierarchy, node_min, node_max, total).equalise(
        low, high, anchor, yardstick, response=response
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Depth:
    """The k limited nodes of one depth that have reps, and the reps side by side."""

    node: IntArray
    rep: IntArray | slice
    size: IntArray
    """(k,) how many reps each node has."""
    least: FloatArray
    most: FloatArray
    """(k,) the range of each node."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """The ranges of a company's nodes, laid out for one solve after another."""

    hierarchy: Hierarchy
    out_of_reach: float
    """Stands for "no limit", and can never be mistaken for one."""
    depths: tuple[_Depth, ...]
    """The deepest first."""

    @classmethod
    def of(
        cls, hierarchy: Hierarchy, node_min: FloatArray, node_max: FloatArray, total: float
    ) -> Self:
        """See `equalise_within`."""
        out_of_reach = 2 * total + 1
        limited = (node_min > 0) | (node_max < total)
        limited[0] = True
        limited &= hierarchy.first < hierarchy.last
        depths = []
        for level in hierarchy.levels():
            node = level[limited[level]]
            if len(node):
                rep, size = _members(hierarchy, node)
                most = np.minimum(node_max[node], out_of_reach)
                depths.append(_Depth(node, rep, size, node_min[node], most))
        return cls(hierarchy, out_of_reach, tuple(depths))

    def equalise(
        self,
        low: FloatArray,
        high: FloatArray,
        anchor: FloatArray,
        yardstick: FloatArray,
        *,
        response: Response = "linear",
    ) -> CommonLevels:
        """See `equalise_within`."""
        curve = CURVES[response]
        low = low.copy()
        high = np.maximum(np.minimum(high, self.out_of_reach), low)
        rise = np.full(self.hierarchy.nodes, -np.inf)  # where the minimum lifts a node to
        stop = np.full(self.hierarchy.nodes, np.inf)  # where the maximum stops it
        for depth in self.depths:
            node, rep = depth.node, depth.rep
            teams = Teams(anchor[rep], yardstick[rep], low[rep], high[rep], depth.size, curve)
            x_low, x_high = teams.range_of_levels(depth.least, depth.most)
            low[rep], high[rep] = teams.at(x_low), teams.at(x_high)
            lost = x_low == np.inf
            rise[node] = np.where(lost, teams.last_break(), x_low) if lost.any() else x_low
            lost = x_high == -np.inf
            stop[node] = np.where(lost, teams.first_break(), x_high) if lost.any() else x_high
        rise[0], stop[0] = _where_the_company_ends(
            curve, low, anchor, yardstick, ends=(float(rise[0]), float(stop[0]))
        )
        return CommonLevels(low, _inherited(self.hierarchy, rise, stop))


def blocks(hierarchy: Hierarchy, level: FloatArray) -> IntArray:
    """(m + 1,) the highest node that each node has its level (m + 1,) from; 0 is the company.

    Reps of one block move together: what changes a limit inside it changes the stretch of all of
    them who stand at no limit of their own. A node that `equalise_within` lifted or stopped heads
    a block; it was lifted where its level is above its parent's.
    """
    head = np.arange(hierarchy.nodes)
    for node in [*hierarchy.levels()][-2::-1]:
        above = hierarchy.parent[node]
        head[node] = np.where(level[node] == level[above], head[above], node)
    return head


def _members(hierarchy: Hierarchy, node: IntArray) -> tuple[IntArray | slice, IntArray]:
    """The reps of disjoint nodes, side by side, and how many each node has."""
    first, last = hierarchy.first[node], hierarchy.last[node]
    size = last - first
    if np.array_equal(last[:-1], first[1:]):
        return slice(int(first[0]), int(last[-1])), size
    start = np.cumsum(size) - size
    return np.arange(size.sum()) + (first - start).repeat(size), size


def _where_the_company_ends(
    curve: Curve,
    quota: FloatArray,
    anchor: FloatArray,
    yardstick: FloatArray,
    *,
    ends: tuple[float, float],
) -> tuple[float, float]:
    """The one level of the company, as both ends. Where everybody is held, the mean stretch."""
    rise, stop = ends
    if np.isfinite(stop):
        return stop, stop
    if np.isfinite(rise):
        return rise, rise
    mean = float(curve.distance(anchor, quota).sum() / yardstick.sum())
    return mean, mean


def _inherited(hierarchy: Hierarchy, rise: FloatArray, stop: FloatArray) -> FloatArray:
    """Each node's own level: its parent's, lifted or stopped by its range."""
    level = stop.copy()
    for node in [*hierarchy.levels()][-2::-1]:  # from the top, the company is done
        above = level[hierarchy.parent[node]]
        level[node] = np.minimum(np.maximum(above, rise[node]), stop[node])
    return level
