"""Quotas people can read: controlled rounding on the tree, with every exact sum kept.

Source: largest remainder from the top down, after Cox & Ernst (1982). Units are nested, so the
matrix of their sums is totally unimodular: whole limits that hold for the unrounded quotas also
hold for some plan in whole minor units. It is found by giving every rep and unit a range that its
own parts can fill, from the bottom up, and then sharing each sum out from the top down.

Each rep and unit has three ranges, one inside the other:

* hard:    the limits themselves;
* window:  up to one increment around the unrounded quota; where a bound holds a rep, that bound;
* nice:    the values of the window that a whole number of increments leads to.

A sum is shared out in nice values as far as it can be; what is left of it (an odd target, odd
locks, caps in the way) goes to as few children as possible inside their windows. The windows always
suffice while the noise in the unrounded quotas is far less than one minor unit; beyond (amounts of
about 1e14 minor units) sums and limits still hold exactly and windows may be missed by that noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray
from solver.rounding.repair import Rounded, mend
from solver.watch import Watch

SLACK: Final = 1e-6
"""Differences below this part of an increment do not count."""
NOISE: Final = 1e-14
"""What an unrounded quota may be off by, as a part of itself."""


def round_quotas(
    hierarchy: Hierarchy,
    bounds: Bounds,
    exact: FloatArray,
    increment: int,
    coupling: Coupling | None = None,
    *,
    watch: Watch | None = None,
) -> IntArray:
    """Whole quotas (n,) in minor units for the unrounded `exact` (n,), in layout order.

    * The company and every unit whose minimum is its maximum are met to the last minor unit; every
      other unit stays in its range, and every rep between `lowest` and `highest`.
    * A quota lies between low = max(exact rounded down to the increment, floor) and
      min(low + increment, cap). A rep held by a bound gets exactly the bound.
    * It is a multiple of the increment, unless a bound holds it, no multiple lies between those
      two, or it carries what multiples cannot add up to: one rep a unit where one can carry it.
    * Remainders that differ by less than 1e-6 of an increment go by layout order, which is by id:
      the first ones get the extra increment.

    Every row of `coupling` is kept exactly as well (`repair`). Where no plan in these
    windows does that, quotas may end one increment outside, or a few minor units, at most 999; or
    as far as `exact` itself misses rows: some times its noise, which is nothing unless amounts are
    huge. Raises `RoundingFailed` if none does, and `TimeIsUp` and `SolveStopped` as `watch` wants.

    `exact` must keep all limits, and rows, up to such noise; contradicting limits are
    `conflict.diagnose`'s.
    """

    def on_the_tree(near: FloatArray, step: int) -> Rounded:
        return _on_the_tree(hierarchy, bounds, near, step)

    if coupling is None or len(coupling) == 0:
        return on_the_tree(exact, increment).quota
    return mend(
        hierarchy,
        bounds,
        coupling,
        exact=exact,
        increment=increment,
        on_the_tree=on_the_tree,
        watch=watch or Watch(),
    )


def _on_the_tree(
    hierarchy: Hierarchy, bounds: Bounds, exact: FloatArray, increment: int
) -> Rounded:
    """Whole quotas that keep the limits of reps and units, and the windows of the reps."""
    generations = _generations(hierarchy)
    ranges = _rep_ranges(hierarchy, bounds, exact, increment)
    for generation in reversed(generations):
        _add_up(generation, ranges, bounds, increment)
    base, remainder = _at_or_below(ranges, increment)
    whole = np.empty(len(base), dtype=np.int64)
    whole[len(exact)] = bounds.total
    for generation in generations:
        ranked = generation.ranked(remainder)
        whole[ranked.children] = _share_out(ranked, whole, base, ranges, increment)
    return Rounded(*(column[: len(exact)] for column in (whole, ranges.low, ranges.high)))


@dataclass(frozen=True, slots=True, eq=False)
class _Generation:
    """All children of the nodes of one depth. Places are those of `_Ranges`."""

    parents: IntArray
    """(p,) places of the nodes that have children."""
    children: IntArray
    """(c,) places of their children side by side, own reps first."""
    first: IntArray
    last: IntArray
    """(p,) the parent's children are children[first:last]."""

    def of(self, per_parent: IntArray) -> IntArray:
        """A value of each parent, at each of its children."""
        return np.repeat(per_parent, self.last - self.first)

    def sums(self, per_child: IntArray) -> IntArray:
        return exact_sums(per_child, self.first, self.last)

    def ranked(self, remainder: IntArray) -> _Generation:
        """The same with the largest remainder first in each family, else as they stand."""
        family = self.of(np.arange(len(self.parents))) << 24
        order = np.argsort(family - remainder[self.children], kind="stable")
        return _Generation(self.parents, self.children[order], self.first, self.last)

    def backwards(self) -> _Generation:
        size = len(self.children)
        return _Generation(
            self.parents[::-1], self.children[::-1], size - self.last[::-1], size - self.first[::-1]
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Ranges:
    """Of n reps and then m + 1 nodes, each in layout order; the nodes are filled in bottom up."""

    exact: FloatArray
    hard_low: IntArray
    hard_high: IntArray
    low: IntArray
    high: IntArray
    nice_low: IntArray
    nice_high: IntArray
    odd: BoolArray
    """No nice value in the window, so nothing is lost when it carries an odd amount."""


def _generations(hierarchy: Hierarchy) -> list[_Generation]:
    """The families of each depth, the company's first."""

    def build() -> Iterator[_Generation]:
        reps = len(hierarchy.rep_node)
        parent = np.append(hierarchy.rep_node, hierarchy.parent[1:])
        place = np.append(np.arange(reps), reps + np.arange(1, hierarchy.nodes))
        order = np.lexsort((parent, hierarchy.depth[parent]))
        parent, place = parent[order], place[order]
        depth = hierarchy.depth[parent]
        ends = np.append(np.flatnonzero(np.diff(depth)) + 1, len(depth))
        for start, end in zip(np.append(0, ends[:-1]), ends, strict=True):
            family = parent[start:end]
            first = np.append(0, np.flatnonzero(np.diff(family)) + 1)
            last = np.append(first[1:], len(family))
            yield _Generation(reps + family[first], place[start:end], first, last)

    return list(build())


def _rep_ranges(hierarchy: Hierarchy, bounds: Bounds, exact: FloatArray, increment: int) -> _Ranges:
    """The ranges of the reps, and room for those of the nodes."""
    total = bounds.total
    noise = np.clip(NOISE * exact, SLACK, SLACK * increment)
    lowest, highest = bounds.lowest, bounds.highest
    cap = np.minimum(highest, total)  # nobody can carry more than all; keeps sums small
    down = np.floor((exact + noise) / increment).astype(np.int64)
    low = np.clip(down * increment, lowest, cap)
    high = np.minimum(low + min(increment, total), cap)
    bound = np.where(exact - lowest <= highest - exact, lowest, highest)
    held = np.abs(exact - bound) <= SLACK
    low, high = np.where(held, bound, low), np.where(held, bound, high)
    nice_low = -(-low // increment) * increment
    nice_high = high // increment * increment
    # Increments so coarse that sums of them overflow are only ever rounded down to.
    nice = (nice_low <= nice_high) & ((nice_low <= exact) | (increment < UNLIMITED // len(exact)))
    nice &= low < high
    point = np.clip(np.rint(exact).astype(np.int64), low, high)
    nodes = np.zeros(hierarchy.nodes, dtype=np.int64)
    return _Ranges(
        exact=np.append(exact, slice_sums(exact, hierarchy.first, hierarchy.last)),
        hard_low=np.append(lowest, nodes),
        hard_high=np.append(cap, nodes),
        low=np.append(low, nodes),
        high=np.append(high, nodes),
        nice_low=np.append(np.where(nice, nice_low, point), nodes),
        nice_high=np.append(np.where(nice, nice_high, point), nodes),
        odd=np.append(~nice & (low < high), nodes.astype(bool)),
    )


def _add_up(generation: _Generation, ranges: _Ranges, bounds: Bounds, increment: int) -> None:
    """Fill in the ranges of the parents from those of their children and their own limits."""
    place, children = generation.parents, generation.children
    node = place - len(bounds.fixed)
    least, most = bounds.unit_min[node], np.minimum(bounds.unit_max[node], bounds.total)
    near = np.rint(ranges.exact[place]).astype(np.int64)

    hard_low = np.maximum(least, generation.sums(ranges.hard_low[children]))
    hard_high = np.minimum(most, generation.sums(ranges.hard_high[children]))
    low = np.maximum(least, generation.sums(ranges.low[children]))
    high = np.minimum(most, generation.sums(ranges.high[children]))
    missed = low > high  # by noise in huge amounts
    low = np.where(missed, np.clip(near, hard_low, hard_high), low)
    high = np.where(missed, low, high)

    nice_low = generation.sums(ranges.nice_low[children])
    nice_low += -(np.minimum(nice_low - low, 0) // increment) * increment
    nice_high = np.minimum(high, generation.sums(ranges.nice_high[children]))
    nice_high = nice_low + (nice_high - nice_low) // increment * increment
    odd = nice_low > nice_high
    near = np.clip(near, low, high)

    ranges.hard_low[place], ranges.hard_high[place] = hard_low, hard_high
    ranges.low[place], ranges.high[place] = low, high
    ranges.nice_low[place] = np.where(odd, near, nice_low)
    ranges.nice_high[place] = np.where(odd, near, nice_high)
    ranges.odd[place] = odd & (low < high)


def _at_or_below(ranges: _Ranges, increment: int) -> tuple[IntArray, IntArray]:
    """The nice value at or below each exact one, or the lowest; and the remainder in `SLACK`s."""
    above = (ranges.exact - ranges.nice_low) / increment
    most = (ranges.nice_high - ranges.nice_low) // increment
    steps = np.clip(np.floor(above + SLACK), 0, most).astype(np.int64)
    remainder = np.rint(np.clip(above - steps, -2, 2) / SLACK).astype(np.int64)
    return ranges.nice_low + steps * increment, remainder


def _share_out(
    ranked: _Generation, whole: IntArray, base: IntArray, ranges: _Ranges, increment: int
) -> IntArray:
    """Values of the children that add up to their parents' `whole` ones."""
    children = ranked.children
    values = base[children]
    left = whole[ranked.parents] - ranked.sums(values)
    up = (ranges.nice_high[children] - values) // increment
    down = (values - ranges.nice_low[children]) // increment
    given = _in_turn(ranked, up, np.maximum(left, 0) // increment)
    taken = _in_turn(ranked.backwards(), down[::-1], np.maximum(-left, 0)[::-1] // increment)[::-1]
    values += (given - taken) * increment

    left = whole[ranked.parents] - ranked.sums(values)
    if left.any():
        left = left - _to_one_child(ranked, values, left, ranges, served=given + taken > 0)
        for parent in np.flatnonzero(left):
            family = slice(ranked.first[parent], ranked.last[parent])
            _to_few_children(values[family], int(left[parent]), ranges, children[family])
    return values


def _in_turn(ranked: _Generation, room: IntArray, need: IntArray) -> IntArray:
    """How many of the `need` increments each child gets: first one each, then what still fits."""
    given = _from_the_first(ranked, np.minimum(room, 1), need)
    if (need := need - ranked.sums(given)).any():
        given += _from_the_first(ranked, room - given, need)
    return given


def _from_the_first(ranked: _Generation, room: IntArray, need: IntArray) -> IntArray:
    before = np.cumsum(room) - room
    before -= ranked.of(before[ranked.first])
    return np.clip(ranked.of(need) - before, 0, room)


def _to_one_child(
    ranked: _Generation, values: IntArray, left: IntArray, ranges: _Ranges, served: BoolArray
) -> IntArray:
    """Give what is left of a parent to one child whose window has room; answers what was given.

    One without a nice value goes first, then the next by remainder, last who got an increment.
    """
    children, size = ranked.children, len(ranked.children)
    wanted = ranked.of(left)
    fits = (ranges.low[children] <= values + wanted) & (values + wanted <= ranges.high[children])
    turn = np.arange(size)
    turn = np.where(wanted > 0, turn, size - 1 - turn)  # the last gives back first
    turn += size * np.where(ranges.odd[children], 0, 1 + served)
    best = np.minimum.reduceat(np.where(fits, turn, 3 * size), ranked.first)
    given = np.where(best < 3 * size, left, 0)
    chosen = best % size
    chosen = np.where(left > 0, chosen, size - 1 - chosen)[given != 0]
    values[chosen] += given[given != 0]
    return given


def _to_few_children(values: IntArray, left: int, ranges: _Ranges, children: IntArray) -> None:
    """Spread what no single child can take: the most room first, windows before hard limits."""
    for low, high in ((ranges.low, ranges.high), (ranges.hard_low, ranges.hard_high)):
        room = high[children] - values if left > 0 else values - low[children]
        held = ranges.low[children] == ranges.high[children]
        by_turn = np.arange(len(room)) * (1 if left > 0 else -1)  # the last gives back first
        for child in np.lexsort((by_turn, -room, held)):
            step = min(abs(left), max(int(room[child]), 0))
            values[child] += step if left > 0 else -step
            left -= step if left > 0 else -step
            if left == 0:
                return
