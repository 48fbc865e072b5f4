"""The reps of several nodes side by side, and the levels at which they carry given sums.

What a node's reps carry rises with their common level x, each clipped to the own limits:

    F(x) = sum over the reps of clip(quota(x), low, high)

All nodes of one depth are solved at once, so that few large units and many small ones cost alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.problem import FloatArray, IntArray
from solver.response import LINEAR, Curve

_NEWTON_STEPS: Final = 40
_PATIENCE: Final = 8
"""Steps of a curved search that are Newton's alone; then every other one halves the bracket."""
_CURVED_STEPS: Final = 300
"""Enough for halving the widest bracket of floats, which no search has come near."""
_NOISE: Final = 16 * np.finfo(np.float64).eps
_FAR_OUT: Final = np.finfo(np.float64).max


@dataclass(frozen=True, eq=False)
class Teams:
    """The reps of k nodes; no node is empty. `low` and `high` are money."""

    anchor: FloatArray
    yardstick: FloatArray
    low: FloatArray
    high: FloatArray
    size: IntArray
    """(k,) how many reps each node has."""
    curve: Curve

    @cached_property
    def start(self) -> IntArray:
        return np.cumsum(self.size) - self.size

    def sums(self, values: FloatArray) -> FloatArray:
        return np.add.reduceat(values, self.start)

    def at(self, x: FloatArray) -> FloatArray:
        """What each rep carries when its node stands at level x (k,); x may be infinite."""
        return np.minimum(np.maximum(self.wanted(x), self.low), self.high)

    def wanted(self, x: FloatArray) -> FloatArray:
        """The same without the limits."""
        return self.curve.quota(self.anchor, self.yardstick, x.repeat(self.size))

    def first_break(self) -> FloatArray:
        """(k,) the level below which every rep of the node stands at its lower end."""
        return np.minimum.reduceat(self.level_of(self.low), self.start)

    def last_break(self) -> FloatArray:
        """(k,) the level above which every rep of the node stands at its upper end."""
        return np.maximum.reduceat(self.level_of(self.high), self.start)

    def level_of(self, quota: FloatArray) -> FloatArray:
        """The level at which each rep would carry this much."""
        return self.curve.distance(self.anchor, quota) / self.yardstick

    def some(self, wanted: IntArray) -> Teams:
        """The nodes at these places, in this order, with their reps."""
        if len(wanted) == len(self.size) and np.array_equal(wanted, np.arange(len(wanted))):
            return self
        size = self.size[wanted]
        begin = np.cumsum(size) - size
        rep = np.arange(size.sum()) + (self.start[wanted] - begin).repeat(size)
        anchor, yardstick = self.anchor[rep], self.yardstick[rep]
        return Teams(anchor, yardstick, self.low[rep], self.high[rep], size, self.curve)

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
        search = _straight_levels if self.curve is LINEAR else _curved_levels
        x = search(self.some(wanted), goal) if len(wanted) else goal
        x_low[inside_low] = x[: len(inside_low)]
        x_high[inside_high] = x[len(inside_low) :]
        one_sum = inside_low[minimum[inside_low] == maximum[inside_low]]
        x_high[one_sum] = x_low[one_sum]
        return x_low, np.maximum(x_high, x_low)


def _straight_levels(teams: Teams, goal: FloatArray) -> FloatArray:
    """Where quotas grow in line with the level.

    Newton's method on a monotone, piecewise linear function ends exactly once it stands on the
    right piece. A step that leaves the bracket of what is known so far would run in circles: such
    nodes, flat pieces above all, are looked up among their sorted breakpoints instead.
    """
    found = (goal - teams.sums(teams.anchor)) / teams.sums(teams.yardstick)
    going, astray = np.arange(len(goal)), [np.arange(0)]
    x, goals, moving = found, goal, teams
    below, above = np.full((2, len(goal)), [[-_FAR_OUT], [_FAR_OUT]])
    active, settled = np.ones(len(goal), np.bool_), np.zeros(len(goal), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):  # where nobody moves there is no slope
        for _ in range(_NEWTON_STEPS):
            miss, slope = _miss(moving, goals, x)
            short = miss > 0
            below, above = np.where(short, x, below), np.where(short, above, x)
            step = x + miss / slope
            settled |= np.abs(miss) <= _NOISE * goals
            inside = active & (step >= below) & (step <= above)
            x = np.where(inside, step, x)
            active = inside & ~settled
            if 2 * np.count_nonzero(active) <= len(active):  # the others are not worth their room
                found[going] = x
                astray.append(going[~(active | settled)])
                still = np.flatnonzero(active)
                if not len(still):
                    break
                going, goals, moving = going[still], goals[still], moving.some(still)
                x, below, above = x[still], below[still], above[still]
                active, settled = active[still], settled[still]
        else:
            found[going] = x
            astray.append(going[~settled])
    lost = np.concatenate(astray)
    if len(lost):
        found[lost] = _among_breakpoints(teams.some(lost), goal[lost])
    return found


def _miss(teams: Teams, goal: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(k,) what is missing to the goal at level x, and the slope there."""
    wanted = teams.wanted(x)
    quota = np.minimum(np.maximum(wanted, teams.low), teams.high)
    return goal - teams.sums(quota), teams.sums(teams.yardstick * (quota == wanted))


def _among_breakpoints(teams: Teams, goal: FloatArray) -> FloatArray:
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
        miss, _ = _miss(teams, goal, ends[middle])
        short, beyond = np.where(miss > 0, miss, short), np.where(miss > 0, beyond, miss)
        left, right = np.where(miss > 0, middle, left), np.where(miss > 0, right, middle)
    x: FloatArray = ends[left] + (ends[right] - ends[left]) * (short / (short - beyond))
    miss, slope = _miss(teams, goal, x)
    polish: FloatArray = np.divide(miss, slope, out=np.zeros_like(miss), where=slope > 0)
    return x + polish


def _curved_levels(teams: Teams, goal: FloatArray) -> FloatArray:
    """The same where quotas grow with an exponential of the level.

    Newton's method on the logarithm of what the reps carry who are free to move: that is nearly a
    line. It stays between two levels known to lie below and above; where it would leave them, or
    is slow, the middle of the two comes next.
    """
    below, above = teams.first_break(), teams.last_break()
    x = np.clip(np.zeros_like(goal), below, above)
    going, moving = np.arange(len(goal)), teams
    for turn in range(_CURVED_STEPS):
        here = x[going]
        miss, step, noise = _curved_miss(moving, goal[going], here)
        low = below[going] = np.where(miss > 0, here, below[going])
        high = above[going] = np.where(miss < 0, here, above[going])
        middle = low + (high - low) / 2
        trusted = (step > low) & (step < high) & (turn < _PATIENCE or turn % 2 == 0)
        x[going] = np.where(np.abs(miss) <= noise, here, np.where(trusted, step, middle))
        still = np.flatnonzero((x[going] > low) & (x[going] < high) & (x[going] != here))
        if not len(still):
            break
        going, moving = going[still], moving.some(still)
    return x


def _curved_miss(
    teams: Teams, goal: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(k,) what is missing to the goal at level x, where Newton would go, and what is noise.

    He goes nowhere (nan) where nobody is free to move or all of them together are too little.
    """
    wanted = teams.wanted(x)
    quota = np.clip(wanted, teams.low, teams.high)
    moves = quota == wanted
    free = teams.sums(np.where(moves, quota, 0.0))
    slope = teams.sums(np.where(moves, teams.curve.slope(teams.yardstick, quota), 0.0))
    carried = teams.sums(quota)
    miss = goal - carried
    possible = (slope > 0) & (miss > -free)
    ratio = np.divide(miss, free, out=np.full_like(miss, np.nan), where=possible)
    step = x + np.log1p(ratio) * np.divide(free, slope, out=np.ones_like(miss), where=possible)
    return miss, step, _NOISE * np.maximum(goal, carried) + 2 * slope * np.spacing(np.abs(x))
