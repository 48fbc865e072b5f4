"""Controlled rounding: whole tables whose rows and columns add up to the last minor unit.

Source: Causey, Cox & Ernst (1985), as a transport problem. Row and column sums make a totally
unimodular matrix, so where rows and columns are whole, some whole table keeps both with every cell
next to its unrounded value. It is found in two steps: each row by largest remainder, then columns
that got too much hand increments to columns that got too little, inside rows, along shortest
alternating paths.

A cell stays in a window that is one increment wide at most, around its unrounded value and inside
its own limits. So a cell that is zero stays zero, and a cell that is a multiple stays what it is.
Cells are multiples of the increment, but for what multiples cannot add up to: odd sums, odd limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from solver.errors import RoundingFailed
from solver.problem import BoolArray, FloatArray, IntArray
from solver.rounding.on_the_tree import NOISE, SLACK

_ONE: Final = round(1 / SLACK)
"""The rank of a whole increment."""
_SUM_NOISE: Final = 1e-13
"""What the sum of a column may be off by, as a part of itself."""


def round_with_free_columns(
    exact: FloatArray, rows: IntArray, increment: int = 1, columns: Sequence[Fraction] = ()
) -> IntArray:
    """(n, k) whole cells near `exact` with sums `rows` (n,), and columns near those of `exact`.

    Every cell and every column's sum lies less than one increment from its exact value; a column
    that comes to a whole number of increments keeps it. `columns` are the exact sums where the
    caller knows them better than floats do.

    Columns are rounded along with the cells by a row of what each lacks to the next increment. Of
    columns alike the first ones get more: 42, 42 and 41.
    """
    if not len(rows):
        return np.zeros(exact.shape, dtype=np.int64)
    sums, lacks = _columns_above(exact, increment, columns)
    lacking = int(sums.sum() - rows.sum())
    if lacking < 0:  # by noise in huge amounts
        first = np.argsort(lacks, kind="stable")[: -(lacking // increment)]
        sums[first] += increment
        lacks[first] += increment
        lacking = int(sums.sum() - rows.sum())
    last_first = 2 * SLACK * increment * np.arange(len(lacks))  # columns that are alike
    lacks = np.where(lacks > 0, lacks + last_first, 0.0)
    with_lacks = np.vstack((lacks, exact))
    return round_table(with_lacks, np.append(lacking, rows), sums, increment)[1:]


def _columns_above(
    exact: FloatArray, increment: int, columns: Sequence[Fraction]
) -> tuple[IntArray, FloatArray]:
    """(k,) the next multiple at or above each column's sum, and what the sum lacks to it."""
    if columns:
        above = [-(-each // increment) * increment for each in columns]
        lacks = [float(up - each) for up, each in zip(above, columns, strict=True)]
        return np.array(above, dtype=np.int64), np.array(lacks)
    whole = np.floor(exact / increment)
    rest = (exact / increment - whole).sum(axis=0)  # apart, for it would be lost in huge sums
    count = whole.astype(np.int64).sum(axis=0)
    noise = np.clip(_SUM_NOISE * (count + rest), SLACK, 0.25)
    up = np.ceil(rest - noise)
    return (count + up.astype(np.int64)) * increment, np.maximum(up - rest, 0.0) * increment


def round_table(
    exact: FloatArray,
    rows: IntArray,
    columns: IntArray,
    increment: int = 1,
    *,
    low: IntArray | None = None,
    high: IntArray | None = None,
) -> IntArray:
    """(n, k) whole cells near `exact` (n, k) with sums `rows` (n,) and `columns` (k,), exactly.

    All in minor units. Every cell lies less than one increment from its exact value and between
    `low` and `high` (n, k), where these are given. `exact` must have these sums and limits itself,
    up to noise. Where amounts are so huge that noise is minor units, cells may end one increment
    further. Ties go to the first rows and columns. Raises `RoundingFailed` where `exact` does not
    add up.
    """
    for spare in (0, increment):
        windows = _Windows.of(exact, increment, low, high, spare=spare)
        cells = windows.filled(rows)
        _directly(cells, columns, windows)
        for step in dict.fromkeys((increment, 1)):
            _along_paths(cells, columns, windows, step)
        if _has_sums(cells, rows, columns):
            return cells
    raise RoundingFailed("the table that is to be rounded has other sums than its margins")


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """What each cell may become. All shapes are (n, k)."""

    exact: FloatArray
    increment: int
    low: IntArray
    high: IntArray

    @classmethod
    def of(
        cls,
        exact: FloatArray,
        increment: int,
        least: IntArray | None = None,
        most: IntArray | None = None,
        *,
        spare: int = 0,
    ) -> _Windows:
        """One increment wide, and wider by `spare` on both sides where cells are not zero."""
        noise = np.clip(NOISE * np.abs(exact), SLACK, SLACK * increment)
        low = np.floor((exact + noise) / increment).astype(np.int64) * increment
        high = np.where(exact - low > noise, low + increment, low)
        if spare:
            low, high = np.maximum(low - spare, 0), np.where(high > 0, high + spare, 0)
        if least is not None:
            low, high = np.maximum(low, least), np.maximum(high, least)
        if most is not None:
            low, high = np.minimum(low, most), np.minimum(high, most)
        return cls(exact, increment, low, high)

    def filled(self, rows: IntArray) -> IntArray:
        """The low ends, and what they leave of each row in order of the remainders."""
        cells = self.low.copy()
        left = rows - cells.sum(axis=1)
        if not left.any():
            return cells
        order = _largest_first(_ranks(self.exact - cells, self.increment))
        room = np.take_along_axis(self.high - cells, order, axis=1)
        full = np.where(room == self.increment, room, 0)
        given = _from_the_first(full, left // self.increment * self.increment)
        given += _from_the_first(room - given, left - given.sum(axis=1))
        back = np.empty_like(given)
        np.put_along_axis(back, order, given, axis=1)
        return cells + back


def _ranks(short: FloatArray, increment: int) -> IntArray:
    """By how much cells fall short of their exact values, so that noise tells nobody apart."""
    return np.rint(short / (SLACK * increment)).astype(np.int64)


def _largest_first(ranks: IntArray) -> IntArray:
    """(n, k) the places of each row, the largest rank first and equal ones as they stand.

    Sorting numbers that carry their place is several times faster than sorting places.
    """
    bits = ranks.shape[1].bit_length()
    keys: IntArray = (-ranks << bits) + np.arange(ranks.shape[1])
    keys.sort(axis=1)
    keys &= (1 << bits) - 1
    return keys


def _from_the_first(room: IntArray, need: IntArray) -> IntArray:
    before = np.cumsum(room, axis=1) - room
    return np.clip(need[:, None] - before, 0, room)


def _directly(cells: IntArray, columns: IntArray, windows: _Windows) -> None:
    """Move increments from columns with too much to columns with too little, many rows at once.

    Between two columns those rows move whose cells come nearest to their exact values thereby.
    """
    step, bits = windows.increment, len(cells).bit_length()
    over = cells.sum(axis=0) - columns
    if not (over >= step).any():
        return
    short, gives, takes = (
        np.ascontiguousarray(each.T)
        for each in (
            _ranks(windows.exact - cells, step),
            cells - windows.low >= step,
            windows.high - cells >= step,
        )
    )
    for giver in np.flatnonzero(over >= step).tolist():
        for taker in np.flatnonzero(over <= -step).tolist():
            count = int(min(over[giver], -over[taker])) // step
            rows = np.flatnonzero(gives[giver] & takes[taker])
            if count == 0 or not len(rows):
                continue
            keys = (short[giver][rows] - short[taker][rows] << bits) + rows
            keys.sort()
            chosen = keys[:count] & ((1 << bits) - 1)
            for column, change in ((giver, -step), (taker, step)):
                cells[chosen, column] += change
                over[column] += change * len(chosen)
            # Windows are one increment wide: who moved is done.
            gives[giver, chosen] = takes[taker, chosen] = False
            takes[giver, chosen] = gives[taker, chosen] = True
            short[giver, chosen] += _ONE
            short[taker, chosen] -= _ONE


def _along_paths(cells: IntArray, columns: IntArray, windows: _Windows, step: int) -> None:
    """The same in steps of at least `step`, through as few other columns as possible.

    What is left after the direct moves is little, so one path at a time is quick enough.
    """
    over = cells.sum(axis=0) - columns
    for giver in np.flatnonzero(over >= step).tolist():
        while over[giver] >= step:
            gives = cells - windows.low >= step
            takes = windows.high - cells >= step
            path = _shortest(gives, takes, giver, over <= -step)
            if not path:
                break
            taker = path[-1][2]
            room = [
                min(cells[i, a] - windows.low[i, a], windows.high[i, b] - cells[i, b])
                for i, a, b in path
            ]
            amount = min(*room, over[giver], -over[taker]) // step * step
            for i, a, b in path:
                cells[i, a] -= amount
                cells[i, b] += amount
            over[giver] -= amount
            over[taker] += amount


def _shortest(
    gives: BoolArray, takes: BoolArray, start: int, ends: BoolArray
) -> list[tuple[int, int, int]]:
    """Row, from and to of each move from column `start` to one of `ends`; empty if there is none.

    On a shortest path no row moves twice, for it could have moved at once.
    """
    came: dict[int, tuple[int, int]] = {start: (-1, -1)}
    queue = [start]
    for column in queue:
        rows = np.flatnonzero(gives[:, column])
        reach = takes[rows]
        for other in np.flatnonzero(reach.any(axis=0)).tolist():
            if other in came:
                continue
            came[other] = (int(rows[np.argmax(reach[:, other])]), column)
            if ends[other]:
                return _walked(came, other)
            queue.append(other)
    return []


def _walked(came: dict[int, tuple[int, int]], end: int) -> list[tuple[int, int, int]]:
    moves = []
    row, before = came[end]
    while before >= 0:
        moves.append((row, before, end))
        end = before
        row, before = came[end]
    return moves[::-1]


def _has_sums(cells: IntArray, rows: IntArray, columns: IntArray) -> bool:
    of_rows, of_columns = cells.sum(axis=1), cells.sum(axis=0)
    return np.array_equal(of_rows, rows) and np.array_equal(of_columns, columns)
