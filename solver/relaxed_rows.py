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
from solver.coupling import Coupling, even_share
from solver.elastic import Elastic
from solver.errors import LinearProgramFailed
from solver.policy import COEFFICIENT_LIMIT
from solver.problem import AMOUNT_LIMIT, UNLIMITED, BoolArray, FloatArray
from solver.simplex import Limits, Point

_THE_LAST_TO_GIVE_WAY_FIRST: Final = ("group", "margin", "row", "parity")
_ROUGH: Final = 1e-3
"""What part of a minor unit a sum of quotas may be off by before it counts as the next one."""
_PLACES: Final = 4
"""Decimals of a relaxed tolerance: a hundredth of a per cent."""
_ATTEMPTS: Final = 4


def relaxed_rows(elastic: Elastic, bounds: Bounds, coupling: Coupling) -> Coupling:
    """The closest limits of rows that can hold with these bounds; unchanged where they can already.

    Limits move outwards to whole minor units, tolerances upwards to a hundredth of a per cent.
    Where even that would be beyond every limit that can be stated, the limit is lifted. Raises
    `LinearProgramFailed` where numbers differ so much that nothing found can be confirmed.
    """
    mended = coupling
    for place, kind in enumerate(_THE_LAST_TO_GIVE_WAY_FIRST):
        rows, later = _of_kinds(coupling, (kind,)), _THE_LAST_TO_GIVE_WAY_FIRST[place + 1 :]
        if rows.any():
            limits = _giving_way(elastic, bounds, mended, rows, _of_kinds(coupling, later))
            sums = elastic.sums_of_rows(_solved(elastic, limits, kind).value)
            mended = _wider(elastic, mended, rows, sums)
    for attempt in range(_ATTEMPTS):
        if elastic.holds(bounds, mended):
            return _for_whole_quotas(elastic, bounds, coupling, mended)
        mended = _looser(elastic, coupling, mended, 10**attempt)
    raise LinearProgramFailed("no change of rules is found that can be confirmed")


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
    return _wider(elastic, coupling, rows, elastic.sums_of_rows(point.value))


def _for_whole_quotas(
    elastic: Elastic, bounds: Bounds, before: Coupling, after: Coupling
) -> Coupling:
    """Rows that can hold, a few units wider where whole quotas would not fit between them.

    Rows whose reps overlap may touch where only fractions of minor units meet them.
    """
    near = elastic.opened(elastic.limits(bounds, after)).value
    carried = near[elastic.columns.carried]
    if np.all(np.abs(carried - np.rint(carried)) <= _ROUGH):
        return after
    sums = elastic.case.cells.row_sums(_whole(elastic, near))
    rows = ~_of_kinds(before, ("parity",))
    return _wider_tolerances(elastic, _wider_limits(elastic, before, rows, sums), sums)


def _whole(elastic: Elastic, value: FloatArray) -> FloatArray:
    """(c,) whole sums of the cells next to these, and so that every node's sum is next to its own.

    From the top down: what a node carries is whole, and of its cells and of the nodes right below
    as many are rounded up as that needs, those with the largest fractions. Limits are whole, so
    the next whole number of a sum that keeps them keeps them too.
    """
    columns, case = elastic.columns, elastic.case
    value = np.where(np.abs(value - np.rint(value)) <= _ROUGH, np.rint(value), value)
    whole = np.floor(value)
    whole[columns.total[0]] = np.rint(value[columns.total[0]])
    own = (
        np.searchsorted(case.cells.node, case.nodes),
        np.searchsorted(case.cells.node, case.nodes, side="right"),
    )
    below = [np.flatnonzero(case.above == node) for node in range(len(case.nodes))]
    for node, (first, last) in enumerate(zip(*own, strict=True)):
        parts = np.append(columns.carried[first:last], columns.total[below[node]])
        missing = int(whole[columns.total[node]] - whole[parts].sum())
        upwards = np.argsort(whole[parts] - value[parts], kind="stable")[: max(missing, 0)]
        whole[parts[upwards]] += 1
    return whole[columns.carried]


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


def _wider(elastic: Elastic, coupling: Coupling, rows: BoolArray, sums: FloatArray) -> Coupling:
    """Limits of rows of one kind, moved as far as these sums need."""
    if np.isnan(coupling.tolerance[rows]).any():
        return _wider_limits(elastic, coupling, rows, sums)
    return _wider_tolerances(elastic, coupling, sums)


def _wider_limits(
    elastic: Elastic, coupling: Coupling, rows: BoolArray, sums: FloatArray
) -> Coupling:
    rough = _rough(elastic)
    sums = np.clip(sums, -UNLIMITED, UNLIMITED)
    nearest = np.rint(sums)
    whole = np.abs(sums - nearest) <= rough
    down = np.where(whole, nearest, np.floor(sums)).astype(np.int64)
    up = np.where(whole, nearest, np.ceil(sums)).astype(np.int64)
    return _statable(
        replace(
            coupling,
            min=np.where(rows, np.minimum(coupling.min, down), coupling.min),
            max=np.where(rows, np.maximum(coupling.max, up), coupling.max),
        )
    )


def _wider_tolerances(elastic: Elastic, coupling: Coupling, sums: FloatArray) -> Coupling:
    tolerance = coupling.tolerance.copy()
    outside = np.maximum(sums - coupling.max, coupling.min - sums) > _rough(elastic)
    for k in np.flatnonzero(outside).tolist():
        share = even_share(coupling.even[k], elastic.case.total)
        needed = abs(sums[k] - share) / share if share else np.inf
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


def _looser(elastic: Elastic, before: Coupling, after: Coupling, more: int) -> Coupling:
    """The same change, but further: where the last digits of a sum were noise."""
    widened = replace(
        after,
        min=np.where(after.min < before.min, after.min - more, after.min),
        max=np.where(after.max > before.max, after.max + more, after.max),
        tolerance=np.where(
            after.tolerance > before.tolerance,
            np.round(after.tolerance + more * 10.0**-_PLACES, _PLACES),
            after.tolerance,
        ),
    )
    return _statable(widened.at(elastic.case.total))


def _rough(elastic: Elastic) -> FloatArray:
    """(k,) what the sum of a row may be off by."""
    cells = elastic.case.cells
    largest = np.ones(len(cells.start) - 1)
    row = np.repeat(np.arange(len(largest)), np.diff(cells.start))
    np.maximum.at(largest, row, np.abs(cells.coefficient))
    return _ROUGH * largest


def _statable(coupling: Coupling) -> Coupling:
    """A limit beyond every amount that can be stated is none, nor is a margin floor below 0."""
    lowest = np.where(_of_kinds(coupling, ("margin",)), 0, -AMOUNT_LIMIT)
    return replace(
        coupling,
        min=np.where(coupling.min < lowest, -UNLIMITED, coupling.min),
        max=np.where(coupling.max > AMOUNT_LIMIT, UNLIMITED, coupling.max),
    )
