"""Who holds which seat when, who is away, and which part of its months each carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

import numpy as np

from solver.errors import Fault
from solver.problem import BoolArray, FloatArray, IntArray

VACANT: Final = -1
"""In place of a holder: nobody is in the seat,"""
AWAY: Final = -2
"""the holder is away or works a part of the time,"""
RAMP: Final = -3
"""the holder is new and sells less yet."""
NOT_NEW: Final = -1
_SAME: Final = 1e-6
"""What shares of a seat may come to above 1: they are decimals."""
REASONS: Final = (VACANT, AWAY, RAMP)


@dataclass(frozen=True, slots=True, eq=False)
class Tenures:
    """Who holds which seat from when to when; columns (r,) in any order. Days are ordinals of
    `datetime.date`, both included, and may lie outside the period.
    """

    seat: IntArray
    """Row of the seat."""
    holder: IntArray
    """Number of the person, 0 or more; the same in every call."""
    first: IntArray
    last: IntArray
    share: FloatArray
    """Part of the seat, above 0; those of one seat come to 1 at most on every day."""
    fte: FloatArray
    """Part of the working time, above 0 and at most 1."""
    hired: IntArray
    """Month (`year * 12 + month - 1`) from which on the holder is new; NOT_NEW: has no ramp."""


@dataclass(frozen=True, slots=True, eq=False)
class Absences:
    """When holders are away; columns (a,). What overlaps comes to the whole of the time at most."""

    holder: IntArray
    first: IntArray
    last: IntArray
    share: FloatArray
    """Part of the working time, 0 to 1."""

    @classmethod
    def none(cls) -> Self:
        nothing = np.zeros(0, np.int64)
        return cls(nothing, nothing, nothing, np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Proration:
    """Who carries which part of each month. Rows (e,) by seat, then holder, reasons last."""

    seat: IntArray
    holder: IntArray
    """The holder, or why nobody carries it: VACANT, AWAY, RAMP."""
    quota: IntArray
    """(e, t) minor units; the rows of a seat add up to what it carries."""
    exact: FloatArray
    """(e, t) the same before it was rounded."""

    def of_holders(self, count: int) -> IntArray:
        """(count, t) what each holder carries in all seats together."""
        people = self.holder >= 0
        return sums(self.quota[people], self.holder[people], count)

    def uncovered(self, seats: int, reason: int) -> IntArray:
        """(seats, t) what nobody carries for this reason."""
        rows = self.holder == reason
        return sums(self.quota[rows], self.seat[rows], seats)


def sums[Column: (IntArray, FloatArray)](rows: Column, group: IntArray, count: int) -> Column:
    """(count, t) rows of the same group added up, in their order."""
    found = np.zeros((count, rows.shape[1]), rows.dtype)
    np.add.at(found, group, rows)
    return found


def wrong_tenures(tenures: Tenures, seats: int) -> Iterator[Fault]:
    """What is wrong with them, all of it."""
    found = [*_wrong_rows(tenures, seats)]
    yield from found or _held_twice(tenures)


def _wrong_rows(tenures: Tenures, seats: int) -> Iterator[Fault]:
    yield from _wrong("seat", (tenures.seat >= 0) & (tenures.seat < seats), "names no seat")
    yield from _wrong("holder", tenures.holder >= 0, "must be 0 or more")
    yield from _wrong("last", tenures.first <= tenures.last, "lies before the first day")
    for name in ("share", "fte"):
        column = getattr(tenures, name)
        yield from _wrong(name, (column > 0) & (column <= 1), "must be above 0, and 1 at most")
    known = (tenures.first >= 1) & (tenures.first <= date.max.toordinal())
    yield from _wrong("first", known, "is no day")


def wrong_absences(absences: Absences) -> Iterator[Fault]:
    inside = (absences.share >= 0) & (absences.share <= 1)
    for name, right, reason in (
        ("last", absences.first <= absences.last, "lies before the first day"),
        ("share", inside, "must lie between 0 and 1"),
    ):
        yield from _wrong(name, right, reason, table="absences")


def _wrong(name: str, right: BoolArray, reason: str, table: str = "tenures") -> Iterator[Fault]:
    for row in np.flatnonzero(~right).tolist():
        yield Fault(table, row, name, reason)


def _held_twice(tenures: Tenures) -> Iterator[Fault]:
    """The first day of each row on which its seat is held by more than one whole holder."""
    count = len(tenures.seat)
    seat, row = np.tile(tenures.seat, 2), np.tile(np.arange(count), 2)
    day = np.concatenate((tenures.first, tenures.last + 1))
    change = np.concatenate((tenures.share, -tenures.share))
    order = np.lexsort((row, change > 0, day, seat))  # who leaves goes before who comes
    so_far = np.cumsum(change[order])
    for place in np.flatnonzero((so_far > 1 + _SAME) & (change[order] > 0)).tolist():
        of, when = int(row[order][place]), int(day[order][place])
        reason = f"brings seat {tenures.seat[of]} to {so_far[place]:g} holders on "
        yield Fault("tenures", of, "share", reason + f"{date.fromordinal(when)}; 1 is the most")
