"""The smallest change of rules, in money, after which everything can hold.

Unit rules give way first, then the company's target, and reps' own rules only where they contradict
each other. Then a lock stays, for somebody wrote it on purpose and moving the floor or the cap to
it costs no more; without a lock the floor gives way, unless a higher cap spares a unit rule or the
target. A unit's target moves as one number, its minimum and its maximum each on their own.

Method: let f_v(y) be the least total change of the unit rules below and at node v if its reps carry
y together. It is convex and piecewise linear, and each slope is a whole number, at most as large as
the number of nested rules. So it is kept as beta_k, the largest y up to which the slope is at most
k. Siblings' beta_k add up (infimal convolution), and the distance to [L, U] gives
beta'_k = max(min(beta_(k+1), L), min(beta_k, U), beta_(k-1)). From the top down each node's y then
tells by how much its own rules must move. All amounts stay whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.bounds import Bounds
from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import NOT_SET, UNLIMITED, BoolArray, IntArray


def relaxed(hierarchy: Hierarchy, bounds: Bounds) -> Bounds:
    """The closest limits that can hold together; the same where nothing contradicts itself.

    Where even the sums of the limits pass `UNLIMITED`, they are treated as `UNLIMITED`.
    """
    locked = bounds.fixed != NOT_SET
    low = np.where(locked, bounds.fixed, np.minimum(bounds.floor, bounds.cap))
    high = np.where(locked, bounds.fixed, np.maximum(bounds.floor, bounds.cap))
    own = sums_of_own_reps(hierarchy, low), sums_of_own_reps(hierarchy, high)
    changes = _least_changes(hierarchy, bounds, *own)
    carried, by_own_reps = _shared_out(hierarchy, bounds.total, changes)
    unlocked = (bounds.floor > bounds.cap) & ~locked
    quota = low.copy()
    for node in np.unique(hierarchy.rep_node[unlocked]):
        team = slice(*np.searchsorted(hierarchy.rep_node, (node, node + 1)))
        quota[team] = _quotas(low[team], high[team], unlocked[team], int(by_own_reps[node]))
    torn = unlocked | locked
    return replace(
        bounds,
        floor=np.where(torn, np.minimum(bounds.floor, quota), bounds.floor),
        cap=np.where(torn, np.maximum(bounds.cap, quota), bounds.cap),
        unit_min=np.where(bounds.unit_target, carried, np.minimum(bounds.unit_min, carried)),
        unit_max=np.where(bounds.unit_target, carried, np.maximum(bounds.unit_max, carried)),
    )


def sums_of_own_reps(hierarchy: Hierarchy, values: IntArray) -> IntArray:
    """Sum over the reps that hang on each node itself. (m + 1,)"""
    nodes = np.arange(hierarchy.nodes)
    first = np.searchsorted(hierarchy.rep_node, nodes)
    last = np.searchsorted(hierarchy.rep_node, nodes, side="right")
    return exact_sums(values, first, last)


def add_to_parents(hierarchy: Hierarchy, level: IntArray, values: IntArray, sums: IntArray) -> None:
    """Add the rows `values` (nodes of one level, columns) to the rows `sums` of their parents.

    A sum beyond every possible amount becomes `UNLIMITED`.
    """
    parent = hierarchy.parent[level]  # never decreasing within a level of a depth-first layout
    first = np.append(0, np.flatnonzero(np.diff(parent)) + 1)
    added = np.add.reduceat(values, first, axis=0)
    rough = np.add.reduceat(values.astype(np.float64), first, axis=0)
    added = np.where(rough < UNLIMITED, added, UNLIMITED)  # integer sums wrap around silently
    above = parent[first]
    sums[above] = np.minimum(sums[above] + added, UNLIMITED)


def _nested_rules(hierarchy: Hierarchy, bounds: Bounds) -> int:
    """How many units with a rule of their own stand above each other at most."""
    ruled = ((bounds.unit_min > 0) | (bounds.unit_max < UNLIMITED)).astype(np.int64)
    ruled[0] = 0
    for level in reversed(list(hierarchy.levels())[:-1]):
        ruled[level] += ruled[hierarchy.parent[level]]
    return int(ruled.max())


@dataclass(frozen=True, slots=True, eq=False)
class _LeastChanges:
    """beta of every node, a column for each slope, the slope 0 in the middle.

    The outer columns are the ends of what the reps' own limits allow at all.
    """

    own_low: IntArray
    own_high: IntArray
    """(m + 1,) what the node's own reps can carry."""
    joint: IntArray
    """(m + 1, slopes) of its own reps and its sub-units together."""
    single: IntArray
    """(m + 1, slopes) with its own rules."""


def _least_changes(
    hierarchy: Hierarchy, bounds: Bounds, own_low: IntArray, own_high: IntArray
) -> _LeastChanges:
    middle = _nested_rules(hierarchy, bounds) + 1
    joint = np.empty((hierarchy.nodes, 2 * middle + 1), dtype=np.int64)
    joint[:, :middle] = own_low[:, None]
    joint[:, middle:] = own_high[:, None]
    single = joint.copy()
    # A minimum above its maximum costs the same everywhere between the two.
    lower = np.minimum(bounds.unit_min, bounds.unit_max)[:, None]
    upper = np.maximum(bounds.unit_min, bounds.unit_max)[:, None]
    for level in list(hierarchy.levels())[:-1]:
        beta = joint[level]
        bent = beta.copy()
        bent[:, 1:-1] = np.maximum(
            np.minimum(beta[:, 2:], lower[level]),
            np.maximum(np.minimum(beta[:, 1:-1], upper[level]), beta[:, :-2]),
        )
        single[level] = bent
        add_to_parents(hierarchy, level, bent, joint)
    return _LeastChanges(own_low, own_high, joint, single)


def _shared_out(
    hierarchy: Hierarchy, total: int, changes: _LeastChanges
) -> tuple[IntArray, IntArray]:
    """What every node carries at the least total change, and what of it its own reps carry."""
    joint, single = changes.joint, changes.single
    middle = joint.shape[1] // 2
    carried = np.empty(hierarchy.nodes, dtype=np.int64)
    carried[0] = np.clip(total, joint[0, 0], joint[0, -1])
    by_own_reps = changes.own_low.copy()
    slope = np.empty(hierarchy.nodes, dtype=np.int64)
    left = np.empty(hierarchy.nodes, dtype=np.int64)
    for node in range(hierarchy.nodes):  # parents stand before their children
        if node:
            parent = hierarchy.parent[node]
            start, end = single[node, slope[parent] - 1], single[node, slope[parent]]
            taken = min(left[parent], end - start)
            left[parent] -= taken
            carried[node] = start + taken
        slope[node] = max(int(np.searchsorted(joint[node], carried[node])), 1)
        left[node] = carried[node] - joint[node, slope[node] - 1]
        room = changes.own_high[node] - changes.own_low[node] if slope[node] >= middle else 0
        taken = min(left[node], room) if slope[node] == middle else room
        by_own_reps[node] += taken
        if slope[node] == middle:
            left[node] -= taken
    return carried, by_own_reps


def _quotas(low: IntArray, high: IntArray, torn: BoolArray, total: int) -> IntArray:
    """Quotas of siblings that add up to `total`; the torn ones are the last to rise."""
    quota = low.copy()
    left = max(total - sum(map(int, low)), 0)
    for rep in np.argsort(torn, kind="stable"):
        taken = min(left, int(high[rep] - low[rep]))
        quota[rep] += taken
        left -= taken
    return quota
