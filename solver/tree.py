"""The exact engine for limits of reps and ranges of units: everybody at one common level.

At a common stretch x, rep i would carry clip(c_i + R_i x, l_i, u_i): the level pushes everybody
alike and each one's own limits stop it. A unit with a range may not follow: below the level x_L at
which its reps together carry the minimum, and above the level x_U at which they carry the maximum,
it stays where it is. That pulls the ends of its reps' intervals inwards, deepest units first:

    F_v(x) = sum over the reps of v of clip(c_i + R_i x, l_i, u_i)
    l_i, u_i = clip(c_i + R_i x_L, l_i, u_i), clip(c_i + R_i x_U, l_i, u_i)
        with F_v(x_L) = min_v and F_v(x_U) = max_v

At the company min = max = the amount to assign, so both ends meet: these are the quotas. A clip of
a clip is a clip, so two numbers per rep are the whole state, and there is no second pass.

The plan is the only one that is leximin in the stretch e_i = (q_i - c_i) / R_i; it is leximax,
least weighted squares sum R_i e_i^2 and the optimum of every separable convex effort cost as well.
Source: unit ranges over a tree and boxes with a fixed sum are the base polytope of a generalised
polymatroid (Fujishige 1980, lexicographically optimal base; Frank and Murota 2020, decreasing
minimization). `solver.certificate` proves it for each single answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solver.bounds import Bounds
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray, IntArray

_NEWTON_STEPS = 40
_NOISE = 16 * np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True, eq=False)
class CommonLevels:
    """The unrounded plan and the levels that make it."""

    quota: FloatArray
    """(n,) unrounded quotas in minor units, in layout order."""
    level: FloatArray
    """(m + 1,) the common stretch of each node: that of its parent, unless its range stops it."""


def equalise(
    hierarchy: Hierarchy, bounds: Bounds, anchor: FloatArray, yardstick: FloatArray
) -> CommonLevels:
    """The leximin plan of a feasible problem.

    `anchor` and `yardstick` (n,) are in minor units and in layout order; yardsticks are positive.
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
) -> CommonLevels:
    """The same within limits that need not be whole: `low`, `high` (n,) and `node_min`, `node_max`
    (m + 1,), 0 or more, infinite where nothing limits. They must be able to hold; the company's
    own two are `total`.
    """
    out_of_reach = 2 * total + 1  # stands for "no limit" and can never be mistaken for one
    low = low.copy()
    high = np.maximum(np.minimum(high, out_of_reach), low)
    rise = np.full(hierarchy.nodes, -np.inf)  # where the minimum lifts the level of a node to
    stop = np.full(hierarchy.nodes, np.inf)  # where the maximum stops it
    for level in hierarchy.levels():
        limited = (node_min[level] > 0) | (node_max[level] < total) | (level == 0)
        node = level[limited & (hierarchy.first[level] < hierarchy.last[level])]
        if len(node):
            rep, size = _members(hierarchy, node)
            teams = _Teams(anchor[rep], yardstick[rep], low[rep], high[rep], size)
            x_low, x_high = teams.range_of_levels(
                node_min[node], np.minimum(node_max[node], out_of_reach)
            )
            low[rep], high[rep] = teams.at(x_low), teams.at(x_high)
            rise[node] = np.where(x_low == np.inf, teams.last_break(), x_low)
            stop[node] = np.where(x_high == -np.inf, teams.first_break(), x_high)
    rise[0], stop[0] = _where_the_company_ends(low, anchor, yardstick, rise[0], stop[0])
    return CommonLevels(low, _inherited(hierarchy, rise, stop))


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
    quota: FloatArray, anchor: FloatArray, yardstick: FloatArray, rise: float, stop: float
) -> tuple[float, float]:
    """The one level of the company, as both ends. Where everybody is held, the mean stretch."""
    if np.isfinite(stop):
        return stop, stop
    if np.isfinite(rise):
        return rise, rise
    mean = float((quota - anchor).sum() / yardstick.sum())
    return mean, mean


def _inherited(hierarchy: Hierarchy, rise: FloatArray, stop: FloatArray) -> FloatArray:
    """Each node's own level: its parent's, lifted or stopped by its range."""
    level = stop.copy()
    for node in [*hierarchy.levels()][-2::-1]:  # from the top, the company is done
        above = level[hierarchy.parent[node]]
        level[node] = np.minimum(np.maximum(above, rise[node]), stop[node])
    return level


@dataclass(frozen=True, eq=False)
class _Teams:
    """The reps of k nodes side by side; no node is empty. `low` and `high` are money."""

    anchor: FloatArray
    yardstick: FloatArray
    low: FloatArray
    high: FloatArray
    size: IntArray
    """(k,) how many reps each node has."""

    @cached_property
    def start(self) -> IntArray:
        return np.cumsum(self.size) - self.size

    def sums(self, values: FloatArray) -> FloatArray:
        return np.add.reduceat(values, self.start)

    def at(self, x: FloatArray) -> FloatArray:
        """What each rep carries when its node stands at level x (k,); x may be infinite."""
        return np.clip(self.anchor + self.yardstick * x.repeat(self.size), self.low, self.high)

    def first_break(self) -> FloatArray:
        """(k,) the level below which every rep of the node stands at its lower end."""
        return np.minimum.reduceat((self.low - self.anchor) / self.yardstick, self.start)

    def last_break(self) -> FloatArray:
        """(k,) the level above which every rep of the node stands at its upper end."""
        return np.maximum.reduceat((self.high - self.anchor) / self.yardstick, self.start)

    def some(self, wanted: IntArray) -> _Teams:
        """The nodes at these places, in this order, with their reps."""
        if np.array_equal(wanted, np.arange(len(self.size))):
            return self
        size = self.size[wanted]
        begin = np.cumsum(size) - size
        rep = np.arange(size.sum()) + (self.start[wanted] - begin).repeat(size)
        return _Teams(self.anchor[rep], self.yardstick[rep], self.low[rep], self.high[rep], size)

    def range_of_levels(
        self, minimum: FloatArray, maximum: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The levels x_L <= x_U (k,) at which each node carries its minimum and its maximum.

        Infinite where the reps' own limits keep the range anyway.
        """
        least, most = self.sums(self.low), self.sums(self.high)
        x_low = np.where(minimum <= least, -np.inf, np.inf)
        x_high = np.where(maximum >= most, np.inf, -np.inf)
        inside_low = np.flatnonzero((minimum > least) & (minimum < most))
        inside_high = np.flatnonzero((maximum > least) & (maximum < most) & (minimum < maximum))
        wanted = np.concatenate((inside_low, inside_high))
        goal = np.concatenate((minimum[inside_low], maximum[inside_high]))
        x = _common_levels(self.some(wanted), goal) if len(wanted) else goal
        x_low[inside_low] = x[: len(inside_low)]
        x_high[inside_high] = x[len(inside_low) :]
        one_sum = inside_low[minimum[inside_low] == maximum[inside_low]]
        x_high[one_sum] = x_low[one_sum]
        return x_low, np.maximum(x_high, x_low)


def _common_levels(teams: _Teams, goal: FloatArray) -> FloatArray:
    """The level at which each node's reps carry its goal, which lies strictly within reach.

    Newton's method on a monotone, piecewise linear function ends exactly once it stands on the
    right piece. A step that leaves the bracket of what is known so far would run in circles: such
    nodes, flat pieces above all, are looked up among their sorted breakpoints instead.
    """
    x = (goal - teams.sums(teams.anchor)) / teams.sums(teams.yardstick)
    below, above = np.full(len(goal), -np.inf), np.full(len(goal), np.inf)
    going, moving = np.arange(len(goal)), teams
    astray = [going[:0]]
    for _ in range(_NEWTON_STEPS):
        here = x[going]
        miss, slope, noise = _miss(moving, goal[going], here)
        below[going] = np.where(miss > 0, here, below[going])
        above[going] = np.where(miss < 0, here, above[going])
        step = here + np.divide(miss, slope, out=np.full_like(miss, np.nan), where=slope > 0)
        inside = (step >= below[going]) & (step <= above[going])
        settled = np.abs(miss) <= noise
        x[going] = np.where(inside, step, here)
        astray.append(going[~settled & ~inside])
        still = np.flatnonzero(~settled & inside)
        if not len(still):
            break
        going, moving = going[still], moving.some(still)
    else:
        astray.append(going)
    lost = np.concatenate(astray)
    if len(lost):
        x[lost] = _among_breakpoints(teams.some(lost), goal[lost])
    return x


def _miss(
    teams: _Teams, goal: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(k,) what is missing to the goal at level x, the slope there, and what is mere noise."""
    wanted = teams.anchor + teams.yardstick * x.repeat(teams.size)
    quota = np.clip(wanted, teams.low, teams.high)
    slope = teams.sums(np.where(quota == wanted, teams.yardstick, 0.0))
    carried = teams.sums(quota)
    return goal - carried, slope, _NOISE * np.maximum(goal, carried)


def _among_breakpoints(teams: _Teams, goal: FloatArray) -> FloatArray:
    """The same level between two neighbours among the sorted ends of all intervals.

    Every candidate is evaluated afresh. Running sums over the ends would be one pass, but they
    cancel to nothing where the yardsticks of a node differ by twelve orders of magnitude.
    """
    node = np.arange(len(goal)).repeat(teams.size)
    ends = np.concatenate((teams.low, teams.high)) - np.tile(teams.anchor, 2)
    ends /= np.tile(teams.yardstick, 2)
    ends = ends[np.lexsort((ends, np.tile(node, 2)))]
    left, right = 2 * teams.start, 2 * (teams.start + teams.size) - 1
    short, beyond = goal - teams.sums(teams.low), goal - teams.sums(teams.high)
    while np.any(right - left > 1):
        middle = (left + right) // 2
        miss, _, _ = _miss(teams, goal, ends[middle])
        short, beyond = np.where(miss > 0, miss, short), np.where(miss > 0, beyond, miss)
        left, right = np.where(miss > 0, middle, left), np.where(miss > 0, right, middle)
    x: FloatArray = ends[left] + (ends[right] - ends[left]) * (short / (short - beyond))
    miss, slope, _ = _miss(teams, goal, x)
    polish: FloatArray = np.divide(miss, slope, out=np.zeros_like(miss), where=slope > 0)
    return x + polish
