"""The smallest change of rules across the tree after which they can hold with the tree.

Units, reps and the target stay as they are. Parities give way first, then the caller's own rows,
then margin floors, groups last: so first the least total change of groups is sought with all
others left out, then, with the groups as changed, the least change of margin floors, and so on.
Changes count in the money that a limit is stated in; a parity's in its tolerance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

import numpy as np

from solver.bounds import Bounds
from solver.conflict.elastic import Elastic
from solver.conflict.equations import Limits
from solver.conflict.simplex import Point
from solver.coupled.coupling import Coupling, even_share
from solver.errors import LinearProgramFailed
from solver.policy import COEFFICIENT_LIMIT
from solver.problem import AMOUNT_LIMIT, UNLIMITED, BoolArray, FloatArray, IntArray

_THE_LAST_TO_GIVE_WAY_FIRST: Final = ("group", "margin", "row", "parity")
_ROUGH: Final = 1e-3
"""What part of a minor unit a sum may be off by before it counts as the next one."""
_MANY: Final = 10
_ROOM: Final = 1e-3
_UNITS: Final = 10
"""More rows than this move on by this part of their way, at most by these units; so do wide ones.
"""
_WITHOUT_ROOM: Final = 1e3
"""The cost of a unit of room that rounding lacks; a unit of a rule that gives way costs 1."""
_PLACES: Final = 4
"""Decimals of a relaxed tolerance: a hundredth of a per cent."""


def relaxed_rows(elastic: Elastic, bounds: Bounds, coupling: Coupling) -> Coupling:
    """The closest limits of rows that can hold with these bounds; unchanged where they can already.

    Limits move outwards to whole minor units, tolerances upwards to a hundredth of a per cent.
    Where even that would be beyond every limit that can be stated, the limit is lifted. Raises
    `LinearProgramFailed` where numbers differ so much that nothing found can be confirmed.
    """
    mended, value = coupling, np.zeros(elastic.columns.count)
    for place, kind in enumerate(_THE_LAST_TO_GIVE_WAY_FIRST):
        rows, later = _of_kinds(coupling, (kind,)), _THE_LAST_TO_GIVE_WAY_FIRST[place + 1 :]
        if rows.any():
            limits = _giving_way(elastic, bounds, mended, rows, _of_kinds(coupling, later))
            value = _solved(elastic, limits, kind).value
            mended = _wider(elastic, mended, rows, *_about_whole(elastic, value))
    found = _for_whole_quotas(elastic, bounds, coupling, value)
    needed = _changes(coupling, mended)
    if not np.any(_changes(coupling, found) & ~needed):
        return found
    return _with_fewer_changes(elastic, bounds, coupling, mended, found)


def _changes(before: Coupling, after: Coupling) -> BoolArray:
    """(k, 2) which rows have another minimum, and which another maximum; of a parity's both."""
    opened = (before.tolerance != after.tolerance) & ~np.isnan(before.tolerance)
    ends = np.column_stack((before.min != after.min, before.max != after.max))
    return np.where(np.isnan(before.tolerance)[:, None], ends, opened[:, None])


def _with_fewer_changes(
    elastic: Elastic, bounds: Bounds, coupling: Coupling, mended: Coupling, found: Coupling
) -> Coupling:
    """The same where whole quotas make no rule give way that fractions need not, if there are such.

    A cheapest point lies at the edge of limits that need not move, and whole quotas beside it miss
    them by a part of a unit; so a point is sought that leaves them room to be rounded.
    """
    try:
        limits, cost = _room_to_round(elastic, bounds, coupling, mended)
        other = _for_whole_quotas(elastic, bounds, coupling, elastic.solve(limits, cost).value)
    except LinearProgramFailed:
        return found
    fewer = np.sum(_changes(coupling, other)) < np.sum(_changes(coupling, found))
    return other if fewer else found


def _room_to_round(
    elastic: Elastic, bounds: Bounds, coupling: Coupling, mended: Coupling
) -> tuple[Limits, FloatArray]:
    """Limits with room for rounding where no rule gave way, and what it costs to do without it.

    Each cell is rounded by less than a unit. Rules that gave way may do so by a few units more
    where the others have no room else.
    """
    columns, count = elastic.columns, np.diff(elastic.case.cells.start)
    limits, cost = elastic.limits(bounds, mended), np.zeros(columns.count)
    room = np.ceil(coupling.largest_coefficient * count).astype(np.int64)
    gave_way = _changes(coupling, mended)
    between = np.where(gave_way.any(axis=1), UNLIMITED, (mended.max - mended.min) // 2)
    inwards = np.where(gave_way, 0, np.minimum(room, between)[:, None])
    for block, bound, way in ((columns.under, limits.low, 0), (columns.over, limits.high, 1)):
        stated = np.abs(bound[columns.sum]) < UNLIMITED
        bound[columns.sum] += np.where(stated, (1 - 2 * way) * inwards[:, way], 0)
        limits.high[block] = np.where(gave_way[:, way], _UNITS * room, inwards[:, way])
        cost[block] = np.where(gave_way[:, way], 1.0, _WITHOUT_ROOM)
    limits.high[columns.spread] = UNLIMITED
    return limits, cost


def least_breach(elastic: Elastic, limits: Limits, k: int, end: Literal["min", "max"]) -> Coupling:
    """The rows with one end of row k, or its parity, as wide as it must be for these limits.

    `limits` say nothing of that rule. Raises `LinearProgramFailed` where it may be ever so wide.
    """
    columns, coupling = elastic.columns, elastic.case.coupling
    rows = np.array([name == coupling.name[k] for name in coupling.name])
    if np.isnan(coupling.tolerance[k]):
        cost = np.zeros(columns.count)
        cost[columns.sum[k]] = 1.0 if end == "max" else -1.0
        point = elastic.solve(limits, cost)
    else:
        limits.low[columns.sum[rows]] = coupling.min[rows]
        limits.high[columns.sum[rows]] = coupling.max[rows]
        _open(elastic, limits, rows)
        point = _solved(elastic, limits, "parity")
    return _wider(elastic, coupling, rows, *_about_whole(elastic, point.value))


def _for_whole_quotas(
    elastic: Elastic, bounds: Bounds, coupling: Coupling, value: FloatArray
) -> Coupling:
    """Rows as wide as whole quotas next to these columns need, which prove that all can hold.

    Rows whose reps overlap may touch where only fractions of minor units meet them; then whole
    quotas need a few units more.
    """
    carried = _whole(elastic, bounds, value)
    sums = _with_room(elastic, coupling, *elastic.whole_sums(carried))
    mended = _wider_limits(coupling, ~_of_kinds(coupling, ("parity",)), *sums)
    mended = _wider_tolerances(elastic, mended, *sums)
    if not elastic.keeps(bounds, mended, carried):
        raise LinearProgramFailed("no change of rules is found that can be confirmed")
    return mended


def _with_room(
    elastic: Elastic, coupling: Coupling, down: IntArray, up: IntArray
) -> tuple[IntArray, IntArray]:
    """The sums of the rows as far as they miss limits, a little further where else hardly any plan
    would be left to be found.

    That is where many rows move, of which each holds others to their last unit; and where a row
    counts one rep by very much more than another, so that the last digits of that rep's quota would
    decide who of the others may carry anything. They move on by a thousandth of their way, at most
    by some minor units of each rep, all counted like the one that the row counts most by.
    """
    short = np.maximum(coupling.min - down, 0), np.maximum(up - coupling.max, 0)
    many = np.count_nonzero(short[0] + short[1]) > _MANY
    units = _UNITS * coupling.largest_coefficient * np.diff(coupling.start)
    most = np.where(elastic.case.wide | many, np.ceil(units), 0.0)
    room = [np.minimum(most, _ROOM * way).astype(np.int64) for way in short]
    zero = np.where(_of_kinds(coupling, ("row",)), -UNLIMITED, np.minimum(down, 0))
    return np.maximum(down - room[0], zero), up + room[1]


def _whole(elastic: Elastic, bounds: Bounds, value: FloatArray) -> IntArray:
    """(c,) whole sums of the cells next to these, and so that every node's sum is next to its own.

    From the top down: what a node carries is whole, and of its cells and of the nodes right below
    as many are rounded up as that needs, those with the largest fractions. Limits are whole, so
    the next whole number of a sum that keeps them keeps them too.
    """
    columns, case = elastic.columns, elastic.case
    limits = elastic.limits(bounds, case.coupling)
    whole = np.zeros(columns.count, dtype=np.int64)
    whole[columns.total[0]] = bounds.total
    below = np.argsort(case.above, kind="stable")
    for v, node in enumerate(case.nodes.tolist()):
        own = slice(*np.searchsorted(case.cells.node, (node, node + 1)))
        under = below[slice(*np.searchsorted(case.above[below], (v, v + 1)))]
        parts = np.append(columns.carried[own], columns.total[under])
        whole[parts] = _rounded(
            value[parts], limits.low[parts], limits.high[parts], int(whole[columns.total[v]])
        )
    return whole[columns.carried]


def _rounded(value: FloatArray, low: IntArray, high: IntArray, total: int) -> IntArray:
    """Whole numbers next to these that sum to the total, as far as their limits let them."""
    value = np.where(np.abs(value - np.rint(value)) <= _ROUGH, np.rint(value), value)
    whole = np.clip(np.floor(value).astype(np.int64), low, high)
    while missing := total - int(whole.sum()):
        way = 1 if missing > 0 else -1
        room = high - whole if way > 0 else whole - low
        some = np.flatnonzero(room > 0)
        if not len(some):
            break
        some = some[np.argsort(way * (whole - value)[some], kind="stable")][: abs(missing)]
        whole[some] += way * np.minimum(room[some], max(abs(missing) // len(some), 1))
    return whole


def _of_kinds(coupling: Coupling, kinds: tuple[str, ...]) -> BoolArray:
    return np.array([name.partition(":")[0] in kinds for name in coupling.name], dtype=bool)


def _giving_way(
    elastic: Elastic, bounds: Bounds, coupling: Coupling, rows: BoolArray, left_out: BoolArray
) -> Limits:
    columns = elastic.columns
    limits = elastic.limits(bounds, coupling)
    # A minimum above its maximum costs the same everywhere between the two.
    limits.low[columns.sum] = np.minimum(coupling.min, coupling.max)
    limits.high[columns.sum] = np.maximum(coupling.min, coupling.max)
    limits.low[columns.sum[left_out]] = -UNLIMITED
    limits.high[columns.sum[left_out]] = UNLIMITED
    _open(elastic, limits, rows)
    return limits


def _open(elastic: Elastic, limits: Limits, rows: BoolArray) -> None:
    """Let these rows give way."""
    columns = elastic.columns
    for block in (columns.under[rows], columns.over[rows], columns.spread):
        limits.high[block] = UNLIMITED


def _solved(elastic: Elastic, limits: Limits, kind: str) -> Point:
    columns = elastic.columns
    cost = np.zeros(columns.count)
    paid = (columns.spread,) if kind == "parity" else (columns.under, columns.over)
    for block in paid:
        cost[block] = 1.0
    return elastic.solve(limits, cost)


def _wider(
    elastic: Elastic, coupling: Coupling, rows: BoolArray, down: IntArray, up: IntArray
) -> Coupling:
    """Limits of rows of one kind, moved as far as their sums need, which lie between these."""
    if np.isnan(coupling.tolerance[rows]).any():
        return _wider_limits(coupling, rows, down, up)
    return _wider_tolerances(elastic, coupling, down, up)


def _wider_limits(coupling: Coupling, rows: BoolArray, down: IntArray, up: IntArray) -> Coupling:
    return _statable(
        replace(
            coupling,
            min=np.where(rows, np.minimum(coupling.min, down), coupling.min),
            max=np.where(rows, np.maximum(coupling.max, up), coupling.max),
        )
    )


def _wider_tolerances(
    elastic: Elastic, coupling: Coupling, down: IntArray, up: IntArray
) -> Coupling:
    tolerance = coupling.tolerance.copy()
    parity = ~np.isnan(tolerance)
    for k in np.flatnonzero(parity & ((up > coupling.max) | (down < coupling.min))).tolist():
        share = even_share(coupling.even[k], elastic.case.total)
        missed = max(int(up[k]) - share, share - int(down[k]))
        needed = missed / share if share else np.inf
        if needed > COEFFICIENT_LIMIT:
            needed = np.inf
        same = [row for row, name in enumerate(coupling.name) if name == coupling.name[k]]
        tolerance[same] = max(float(tolerance[k]), _upwards(needed))
    return replace(coupling, tolerance=tolerance).at(elastic.case.total)


def _upwards(tolerance: float) -> float:
    """The next tolerance with few decimals."""
    if np.isinf(tolerance):
        return tolerance
    steps = float(np.ceil(round(tolerance * 10**_PLACES, 6)))
    return round(steps / 10**_PLACES, _PLACES)


def _about_whole(elastic: Elastic, value: FloatArray) -> tuple[IntArray, IntArray]:
    """(k,) twice: the whole numbers that the sums of the rows lie between, but for noise."""
    sums = np.clip(elastic.sums_of_rows(value), -UNLIMITED, UNLIMITED)
    nearest = np.rint(sums)
    whole = np.abs(sums - nearest) <= _ROUGH
    down, up = np.where(whole, nearest, np.floor(sums)), np.where(whole, nearest, np.ceil(sums))
    return down.astype(np.int64), up.astype(np.int64)


def _statable(coupling: Coupling) -> Coupling:
    """A limit beyond every amount that can be stated is none, nor is a margin floor below 0."""
    lowest = np.where(_of_kinds(coupling, ("margin",)), 0, -AMOUNT_LIMIT)
    return replace(
        coupling,
        min=np.where(coupling.min < lowest, -UNLIMITED, coupling.min),
        max=np.where(coupling.max > AMOUNT_LIMIT, UNLIMITED, coupling.max),
    )
