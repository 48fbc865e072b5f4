"""Which part of each month everybody carries, before rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Final

import numpy as np

from solver.estimate.ramp import productivity
from solver.problem import FloatArray, IntArray
from solver.proration.tables import NOT_NEW, REASONS, Absences, Tenures, sums
from solver.spread.calendar import YEAR, Calendar

_NOTHING: Final = 1e-12
"""Part of a month that is noise of sums."""


def parts_of_months(
    seats: int, period: Calendar, tenures: Tenures, absences: Absences
) -> tuple[IntArray, IntArray, FloatArray]:
    """Seat, holder or reason, and the part (e, t) of each month; those of a seat add up to 1."""
    columns = [getattr(tenures, of.name) for of in fields(tenures)]
    t = Tenures(*(column[np.lexsort(columns)] for column in columns))  # sums in one order always
    held, there = _in_seat(period, t, absences)
    ramp = productivity(period.start + np.arange(len(period)) - t.hired[:, None].astype(float))
    ramp[t.hired == NOT_NEW] = 1.0
    off, away, new = (
        sums(lost, t.seat, seats) for lost in (held, held - there, there * (1 - ramp))
    )
    who, row = np.unique(np.stack((t.seat, t.holder)), axis=1, return_inverse=True)
    seat = np.concatenate((who[0], np.repeat(np.arange(seats), len(REASONS))))
    holder = np.concatenate((who[1], np.tile(np.array(REASONS), seats)))
    nobody = np.stack((1 - off, away, new), axis=1).reshape(-1, len(period))
    part = np.concatenate((sums(there * ramp, row, who.shape[1]), nobody))
    part[part < _NOTHING] = 0.0
    order = np.lexsort((holder, holder < 0, seat))
    return seat[order], holder[order], part[order]


def _in_seat(
    period: Calendar, tenures: Tenures, absences: Absences
) -> tuple[FloatArray, FloatArray]:
    """(r, t) the part of each month in which the seat is held, and in which the holder works."""
    edge, weight = weights_of_days(period)
    start = first_of(period.start)
    first = np.clip(tenures.first - start, 0, edge[-1])
    after = np.clip(tenures.last + 1 - start, first, edge[-1])
    held = weight_between(weight, edge, first, after)
    there = held.copy()
    people = np.unique(absences.holder)
    rows = zip(_rows_of(tenures.holder, people), _rows_of(absences.holder, people), strict=True)
    for own, leave in rows:
        present = weight * (1 - _away(absences, leave, start, len(weight)))
        there[own] = weight_between(present, edge, first[own], after[own])
    of_month = tenures.share[:, None] / weight_between(weight, edge, edge[:1], edge[-1:])
    return of_month * held, of_month * tenures.fte[:, None] * there


def weights_of_days(period: Calendar) -> tuple[IntArray, FloatArray]:
    """(t + 1,) the places of months in days, and (d,) what each day counts: 1 where it is worked,
    or where its month has no day that is.
    """
    starts = [first_of(period.start + k) for k in range(len(period) + 1)]
    edge = np.array(starts) - starts[0]
    idle = np.repeat(period.days == 0, np.diff(edge))
    return edge, (period.worked | idle).astype(float)


def first_of(month: int) -> int:
    """The first day of a month, as an ordinal."""
    return date(month // YEAR, month % YEAR + 1, 1).toordinal()


def weight_between(
    weight: FloatArray, edge: IntArray, first: IntArray, after: IntArray
) -> FloatArray:
    """(r, t) the weight of days first <= day < after that lie in each month."""
    so_far = np.concatenate(([0.0], np.cumsum(weight)))
    low, high = edge[:-1], edge[1:]
    starts, ends = np.clip(first[:, None], low, high), np.clip(after[:, None], low, high)
    return np.asarray(so_far[ends] - so_far[starts])


def _rows_of(holder: IntArray, people: IntArray) -> Iterator[IntArray]:
    """The rows of each of these people."""
    order = np.argsort(holder, kind="stable")
    low = np.searchsorted(holder[order], people, side="left").tolist()
    high = np.searchsorted(holder[order], people, side="right").tolist()
    for first, after in zip(low, high, strict=True):
        yield order[first:after]


def _away(absences: Absences, rows: IntArray, start: int, days: int) -> FloatArray:
    """(days,) the part of each day that these absences of one person take."""
    columns = (absences.first[rows] - start, absences.last[rows] + 1 - start, absences.share[rows])
    away = np.zeros(days)
    for first, after, share in sorted(zip(*(of.tolist() for of in columns), strict=True)):
        away[max(first, 0) : max(after, 0)] += share
    return np.minimum(away, 1.0)
