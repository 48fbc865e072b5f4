"""From days to months: who is in the seat, and which part of which month somebody is away."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from service.roster.domain import NONE
from service.roster.domain.columns import Absences, FloatArray, IntArray
from solver.estimate import Absences as MonthsAway

_EPOCH: Final = date(1970, 1, 1).toordinal()
_EPOCH_MONTH: Final = 1970 * 12


def hired_in_months(hired: IntArray) -> FloatArray:
    """Days as months with fractions, `year * 12 + month - 1` and the part of it that has passed;
    nan where there is none. (n,)
    """
    month = _month(hired)
    passed = (hired - _first_day(month)) / (_first_day(month + 1) - _first_day(month))
    return np.where(hired == NONE, np.nan, month + passed)


def in_seat(hired: IntArray, absences: Absences, period: tuple[date, date] | None) -> FloatArray:
    """The part of the period's days from the first day in the seat on, less absences. (n,)"""
    if period is None:
        return np.ones(len(hired))
    first, end = period[0].toordinal(), period[1].toordinal() + 1
    since = np.where(hired == NONE, first, np.clip(hired, first, end))
    left, until = _ends(absences, end)
    away = np.minimum(until, end) - np.maximum(left, since[absences.rep])
    lost = np.bincount(absences.rep, away.clip(0) * absences.share, minlength=len(hired))
    return np.asarray(np.clip((end - since - lost) / (end - first), 0.0, 1.0))


def in_seat_by_month(hired: IntArray, absences: Absences, period: tuple[date, date]) -> FloatArray:
    """The same of each month of the period: (n, t), 0 … 1."""
    start = np.array([period[0].toordinal(), period[1].toordinal()])
    first, last = _month(start).tolist()
    months = np.arange(first, last + 1)
    begins, ends = _first_day(months), _first_day(months + 1)
    since = np.clip(hired[:, None], begins, ends)
    seated = (ends - since) / (ends - begins)
    since_then = np.maximum(absences.first, hired[absences.rep])
    away = months_away(replace(absences, first=since_then), first, last + 1)
    cell = away.rep * len(months) + away.month - first
    missed = np.bincount(cell, away.share, minlength=seated.size).reshape(seated.shape)
    return np.asarray(np.clip(seated - missed, 0.0, 1.0))


def months_away(absences: Absences, since: int, until: int) -> MonthsAway:
    """The absences by month, for since <= month < until."""
    first_day, end = int(_first_day(np.array([since]))[0]), int(_first_day(np.array([until]))[0])
    left, back = _ends(absences, end)
    left, back = np.maximum(left, first_day), np.minimum(back, end)
    inside = left < back
    rep, share, left, back = (
        absences.rep[inside], absences.share[inside], left[inside], back[inside],
    )  # fmt: skip
    first = _month(left)
    count = _month(back - 1) - first + 1
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    month = np.repeat(first, count) + nth
    begins, ends = _first_day(month), _first_day(month + 1)
    days = np.minimum(np.repeat(back, count), ends) - np.maximum(np.repeat(left, count), begins)
    return MonthsAway(
        np.repeat(rep, count), month, np.repeat(share, count) * days / (ends - begins)
    )


def _ends(absences: Absences, end: int) -> tuple[IntArray, IntArray]:
    """First day away, and first day back; `end` where nobody knows when."""
    return absences.first, np.where(absences.last == NONE, end, absences.last + 1)


def _month(day: IntArray) -> IntArray:
    """Months of proleptic ordinals, counted `year * 12 + month - 1`."""
    days = (day - _EPOCH).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64) + _EPOCH_MONTH


def _first_day(month: IntArray) -> IntArray:
    """Proleptic ordinals of the first days of months."""
    months = (month - _EPOCH_MONTH).astype("datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int64) + _EPOCH
