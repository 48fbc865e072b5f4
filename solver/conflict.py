"""Why rules cannot all hold, said so that somebody can mend it; and what is possible instead.

From the bottom up every unit has an interval of sums that the rules below it allow. The first one
whose own rules miss that interval is the conflict: its rule against the frontier, the topmost rules
below that make the end of the interval. Kept alone these rules still contradict each other, and
dropping any one of them lets the others hold together. Whole amounts, no solver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from solver.bounds import Bounds
from solver.hierarchy import Hierarchy
from solver.infeasibility import Infeasibility, Relaxation, Rule
from solver.problem import NOT_SET, UNLIMITED, BoolArray, IntArray, Problem
from solver.relaxation import add_to_parents, relaxed, sums_of_own_reps


def diagnose(problem: Problem, hierarchy: Hierarchy, bounds: Bounds) -> Infeasibility | None:
    """The first contradiction from the bottom up and how to mend all of them; None if feasible."""
    intervals = _intervals(hierarchy, bounds)
    torn = _torn_reps(bounds)
    if not (torn.any() or intervals.torn.any()):
        return None
    names = _Names(problem, hierarchy, bounds)
    if torn.any():
        conflict, words = _within_rep(names, int(np.flatnonzero(torn)[0]))
    else:
        level = next(level for level in hierarchy.levels() if intervals.torn[level].any())
        node = int(level[intervals.torn[level]][0])
        conflict, words = _within_node(names, intervals, node)
    more = int(torn.sum() + intervals.torn.sum()) - 1
    if more:
        places = "one more place" if more == 1 else f"{more:,} more places"
        words += (f" Rules contradict each other in {places}.",)
    mended = relaxed(hierarchy, bounds)
    least, most = feasible_target(hierarchy, mended)
    return Infeasibility(conflict, _changes(names, mended), least, most, words)


def feasible_target(hierarchy: Hierarchy, bounds: Bounds) -> tuple[int, int | None]:
    """The least and the most that can be assigned under rules that can hold, target left out.

    Amounts to assign, with over-assignment, in minor units; None where there is no limit.
    """
    intervals = _intervals(hierarchy, bounds)
    most = int(intervals.high[0])
    return int(intervals.low[0]), None if most >= UNLIMITED else most


@dataclass(frozen=True, slots=True, eq=False)
class _Intervals:
    """What the rules below each node allow its sum to be, its own rules left out. (m + 1,)

    A node that cannot meet its own rules passes on what is possible, so that every later
    contradiction is one of its own.
    """

    low: IntArray
    high: IntArray
    torn: BoolArray


def _intervals(hierarchy: Hierarchy, bounds: Bounds) -> _Intervals:
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
    return _Intervals(low, high, torn=(least > most) | (low > most) | (high < least))


def _torn_reps(bounds: Bounds) -> BoolArray:
    locked = bounds.fixed != NOT_SET
    outside = (bounds.fixed < bounds.floor) | (bounds.fixed > bounds.cap)
    return np.asarray((bounds.floor > bounds.cap) | (locked & outside))


@dataclass(frozen=True, slots=True, eq=False)
class _Names:
    """The rules by name, and the limits that they set."""

    problem: Problem
    hierarchy: Hierarchy
    bounds: Bounds

    def rep(self, k: int) -> str:
        return self.problem.reps.ids[int(self.hierarchy.rep_row[k])]

    def unit(self, node: int) -> str:
        return self.problem.units.ids[int(self.hierarchy.unit_row[node])]

    def of_rep(self, k: int, kind: str) -> Rule:
        return Rule(f"rep:{self.rep(k)}:{kind}", int(getattr(self.bounds, kind)[k]))

    def holding_rep(self, k: int, end: str) -> Rule:
        """The rule that makes this end (`floor` or `cap`) of the rep's interval."""
        return self.of_rep(k, end if self.bounds.fixed[k] == NOT_SET else "fixed")

    def of_node(self, node: int, end: str) -> Rule:
        """The rule that makes this end (`min` or `max`) of the node's own range."""
        limit = self.bounds.unit_min if end == "min" else self.bounds.unit_max
        if node == 0:
            return Rule("target", int(limit[0]))
        kind = "target" if self.bounds.unit_target[node] else end
        return Rule(f"unit:{self.unit(node)}:{kind}", int(limit[node]))


def _within_rep(names: _Names, k: int) -> tuple[tuple[Rule, ...], tuple[str | int, ...]]:
    """A rep whose own floor, cap and lock contradict each other."""
    bounds, rep = names.bounds, names.rep(k)
    fixed, floor, cap = (int(column[k]) for column in (bounds.fixed, bounds.floor, bounds.cap))
    if fixed == NOT_SET:
        words = (f"Rep {rep} must carry at least ", floor, ", but can carry at most ", cap, ".")
        return (names.of_rep(k, "floor"), names.of_rep(k, "cap")), words
    kind, limit = ("floor", floor) if fixed < floor else ("cap", cap)
    but = ", but must carry at least " if kind == "floor" else ", but can carry at most "
    words = (f"Rep {rep} is locked at ", fixed, but, limit, ".")
    return (names.of_rep(k, "fixed"), names.of_rep(k, kind)), words


def _within_node(
    names: _Names, intervals: _Intervals, node: int
) -> tuple[tuple[Rule, ...], tuple[str | int, ...]]:
    """A node whose own rules miss what the rules below it allow."""
    least, most = names.of_node(node, "min"), names.of_node(node, "max")
    low, high = int(intervals.low[node]), int(intervals.high[node])
    count = int(names.hierarchy.last[node] - names.hierarchy.first[node])
    if not count:
        return (least,), (*_subject(names, node, "min"), ", but has no reps.")
    if least.value > most.value:
        words = (*_subject(names, node, "min"), ", but may carry at most ", most.value, ".")
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
    rules = _floor_frontier(names, intervals, node, most.value)
    return (most, *rules), (*_subject(names, node, "max"), reps + "must carry at least ", low, ".")


def _subject(names: _Names, node: int, end: str) -> tuple[str | int, ...]:
    """Who has to carry how much."""
    amount = names.of_node(node, end).value
    if node == 0:
        target = names.problem.target
        if target == amount:
            return ("The target is ", amount)
        return ("The target of ", target, " comes to ", amount, " with its over-assignment")
    must = {"min": "must carry at least ", "max": "may carry at most "}[end]
    if names.bounds.unit_target[node]:
        must = "must carry exactly "
    return (f"Unit {names.unit(node)} {must}", amount)


def _cap_frontier(names: _Names, intervals: _Intervals, node: int) -> list[Rule]:
    """The topmost rules below the node that together make the most it can carry."""
    limit, below = names.bounds.unit_max, intervals.high
    units, reps = _frontier(
        names.hierarchy, node, lambda unit: limit[unit] < UNLIMITED and limit[unit] <= below[unit]
    )
    return [names.holding_rep(k, "cap") for k in reps] + [names.of_node(u, "max") for u in units]


def _floor_frontier(names: _Names, intervals: _Intervals, node: int, limit: int) -> list[Rule]:
    """Of the topmost rules below that make the least it must carry, enough to pass the limit.

    The largest first: then dropping any one of them brings the others below the limit.
    """
    least, below = names.bounds.unit_min, intervals.low
    units, reps = _frontier(
        names.hierarchy, node, lambda unit: least[unit] > 0 and least[unit] >= below[unit]
    )
    rules = [names.holding_rep(k, "floor") for k in reps] + [names.of_node(u, "min") for u in units]
    rules.sort(key=lambda rule: -rule.value)
    taken, total = [], 0
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


def _changes(names: _Names, mended: Bounds) -> tuple[Relaxation, ...]:
    """The rules whose values differ: the target, units, reps, each in layout order."""
    bounds, after = names.bounds, _Names(names.problem, names.hierarchy, mended)
    changes: list[tuple[Rule, Rule]] = []
    moved = (bounds.unit_min != mended.unit_min) | (bounds.unit_max != mended.unit_max)
    for node in map(int, np.flatnonzero(moved)):
        changes += [
            (names.of_node(node, end), after.of_node(node, end))
            for end in (("min",) if bounds.unit_target[node] else ("min", "max"))
        ]
    for k in map(int, np.flatnonzero(_torn_reps(bounds))):
        changes += [(names.of_rep(k, end), after.of_rep(k, end)) for end in ("floor", "cap")]
    return tuple(
        Relaxation(before.name, before.value, after.value)
        for before, after in changes
        if before.value != after.value
    )
