"""What contradicts what among the rules of reps, units and the target: whole amounts, no solver.

From the bottom up every unit has an interval of sums that the rules below it allow. The first one
whose own rules miss that interval is the conflict: its rule against the frontier, the topmost rules
below that make the end of the interval. Kept alone these rules still contradict each other, and
dropping any one of them lets the others hold together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from solver.bounds import Bounds
from solver.conflict.names import End, Names, RepEnd
from solver.hierarchy import Hierarchy
from solver.infeasibility import Rule, Words
from solver.mending.relaxation import add_to_parents, sums_of_own_reps
from solver.problem import NOT_SET, UNLIMITED, BoolArray, IntArray

type Told = tuple[tuple[Rule, ...], Words]
"""A conflict, and what its sentence is made of."""


def conflict_of_the_tree(names: Names) -> Told | None:
    """The first contradiction from the bottom up, or None where there is none."""
    intervals = Intervals.of(names.hierarchy, names.bounds)
    torn = torn_reps(names.bounds)
    if not (torn.any() or intervals.torn.any()):
        return None
    if torn.any():
        conflict, words = _within_rep(names, int(np.flatnonzero(torn)[0]))
    else:
        level = next(level for level in names.hierarchy.levels() if intervals.torn[level].any())
        node = int(level[intervals.torn[level]][0])
        conflict, words = _within_node(names, intervals, node)
    more = int(torn.sum() + intervals.torn.sum()) - 1
    if more:
        places = "one more place" if more == 1 else f"{more:,} more places"
        words += (f" Rules contradict each other in {places}.",)
    return conflict, words


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """What the rules below each node allow its sum to be, its own rules left out. (m + 1,)

    A node that cannot meet its own rules passes on what is possible, so that every later
    contradiction is one of its own.
    """

    low: IntArray
    high: IntArray
    torn: BoolArray

    @classmethod
    def of(cls, hierarchy: Hierarchy, bounds: Bounds) -> Self:
        lowest, highest = bounds.lowest, bounds.highest
        ends = np.column_stack(
            (
                sums_of_own_reps(hierarchy, np.minimum(lowest, highest)),
                sums_of_own_reps(hierarchy, np.maximum(lowest, highest)),
            )
        )
        for level in list(hierarchy.levels())[:-1]:
            low, high = ends[level].T
            least = np.clip(bounds.unit_min[level], low, high)
            most = np.clip(bounds.unit_max[level], low, high)
            passed_on = np.column_stack((np.minimum(least, most), np.maximum(least, most)))
            add_to_parents(hierarchy, level, passed_on, ends)
        low, high = ends.T
        least, most = bounds.unit_min, bounds.unit_max
        return cls(low, high, torn=(least > most) | (low > most) | (high < least))


def torn_reps(bounds: Bounds) -> BoolArray:
    locked = bounds.fixed != NOT_SET
    outside = (bounds.fixed < bounds.floor) | (bounds.fixed > bounds.cap)
    return np.asarray((bounds.floor > bounds.cap) | (locked & outside))


def _within_rep(names: Names, k: int) -> Told:
    """A rep whose own floor, cap and lock contradict each other."""
    bounds, rep = names.bounds, names.rep(k)
    fixed, floor, cap = (int(column[k]) for column in (bounds.fixed, bounds.floor, bounds.cap))
    if fixed == NOT_SET:
        words = (f"Rep {rep} must carry at least ", floor, ", but can carry at most ", cap, ".")
        return (names.of_rep(k, "floor"), names.of_rep(k, "cap")), words
    kind: RepEnd = "floor" if fixed < floor else "cap"
    limit = floor if kind == "floor" else cap
    but = ", but must carry at least " if kind == "floor" else ", but can carry at most "
    words = (f"Rep {rep} is locked at ", fixed, but, limit, ".")
    return (names.of_rep(k, "fixed"), names.of_rep(k, kind)), words


def _within_node(names: Names, intervals: Intervals, node: int) -> Told:
    """A node whose own rules miss what the rules below it allow."""
    least, most = names.of_node(node, "min"), names.of_node(node, "max")
    low, high = int(intervals.low[node]), int(intervals.high[node])
    count = int(names.hierarchy.last[node] - names.hierarchy.first[node])
    if not count:
        return (least,), (*_subject(names, node, "min"), ", but has no reps.")
    if least.value > most.value:
        words = (*_subject(names, node, "min"), ", but may carry at most ", int(most.value), ".")
        return (least, most), words
    whose = "the" if node == 0 else "its"
    reps = f", but {whose} {count:,} reps " if count > 1 else f", but {whose} only rep "
    if high < least.value:
        rules = _cap_frontier(names, intervals, node)
        return (least, *rules), (
            *_subject(names, node, "min"),
            reps + "can carry at most ",
            high,
            ".",
        )
    rules = _floor_frontier(names, intervals, node, int(most.value))
    return (most, *rules), (*_subject(names, node, "max"), reps + "must carry at least ", low, ".")


def _subject(names: Names, node: int, end: End) -> Words:
    """Who has to carry how much."""
    amount = int(names.of_node(node, end).value)
    if node == 0:
        target = names.problem.target
        if target == amount:
            return ("The target is ", amount)
        return ("The target of ", target, " comes to ", amount, " with its over-assignment")
    must = {"min": "must carry at least ", "max": "may carry at most "}[end]
    if names.bounds.unit_target[node]:
        must = "must carry exactly "
    return (f"Unit {names.unit(node)} {must}", amount)


def _cap_frontier(names: Names, intervals: Intervals, node: int) -> list[Rule]:
    """The topmost rules below the node that together make the most it can carry."""
    limit, below = names.bounds.unit_max, intervals.high
    units, reps = _frontier(
        names.hierarchy, node, lambda unit: limit[unit] < UNLIMITED and limit[unit] <= below[unit]
    )
    return [names.holding_rep(k, "cap") for k in reps] + [names.of_node(u, "max") for u in units]


def _floor_frontier(names: Names, intervals: Intervals, node: int, limit: int) -> list[Rule]:
    """Of the topmost rules below that make the least it must carry, enough to pass the limit.

    The largest first: then dropping any one of them brings the others below the limit.
    """
    least, below = names.bounds.unit_min, intervals.low
    units, reps = _frontier(
        names.hierarchy, node, lambda unit: least[unit] > 0 and least[unit] >= below[unit]
    )
    rules = [names.holding_rep(k, "floor") for k in reps] + [names.of_node(u, "min") for u in units]
    rules.sort(key=lambda rule: -rule.value)
    taken: list[Rule] = []
    total: float = 0
    for rule in rules:
        if total > limit:
            break
        taken.append(rule)
        total += rule.value
    return taken


def _frontier(
    hierarchy: Hierarchy, node: int, rules: Callable[[int], bool]
) -> tuple[list[int], list[int]]:
    """Units below the node that satisfy `rules` and none above does, and the reps beside them.

    Units without reps are left out: what they carry is no rule's doing.
    """
    units: list[int] = []
    reps: list[int] = []
    waiting = [node]
    children: dict[int, list[int]] = {}
    for child in range(node + 1, hierarchy.nodes):
        children.setdefault(int(hierarchy.parent[child]), []).append(child)
    while waiting:
        above = waiting.pop()
        own = np.searchsorted(hierarchy.rep_node, (above, above + 1))
        reps += range(*map(int, own))
        for child in children.get(above, ()):
            if hierarchy.first[child] == hierarchy.last[child]:
                continue
            (units if rules(child) else waiting).append(child)
    return sorted(units), sorted(reps)
