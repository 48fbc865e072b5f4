"""The parts that holders carry as whole money, month by month."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.proration.parts import parts_of_months
from solver.proration.tables import (
    Absences,
    Proration,
    Tenures,
    sums,
    wrong_absences,
    wrong_tenures,
)
from solver.rounding.on_the_tree import NOISE, SLACK
from solver.spread.calendar import Calendar


def prorate(
    months: IntArray,
    period: Calendar,
    tenures: Tenures,
    absences: Absences | None = None,
    *,
    increment: int = 1,
    closed: int = 0,
    settled: Proration | None = None,
) -> Proration:
    """The parts of `months` (n, t), minor units by seat, that each holder carries.

    `closed` months from the first on keep the rows of `settled`, which has to carry the same there.
    Neither the order of tenures nor that of absences matters. Raises `InvalidProblem` with every
    fault.
    """
    absences = absences or Absences.none()
    faults = [
        *wrong_tenures(tenures, len(months)),
        *wrong_absences(absences),
        *_wrong_months(months, period, increment),
        *_unsettled(months, closed, settled),
    ]
    if faults:
        raise InvalidProblem(faults)
    seat, holder, part = parts_of_months(len(months), period, tenures, absences)
    quota, exact = np.zeros(part.shape, np.int64), months[seat] * part
    if settled is not None:
        seat, holder, quota, exact = _with_settled(seat, holder, exact, settled, closed)
    for month in range(closed, months.shape[1]):
        owed = (exact[:, :month] - quota[:, :month]).sum(axis=1)
        quota[:, month] = _rounded(exact[:, month], months[:, month], seat, owed, increment)
    used = quota.any(axis=1) | exact.any(axis=1)
    return Proration(seat[used], holder[used], quota[used], exact[used])


def _wrong_months(months: IntArray, period: Calendar, increment: int) -> Iterator[Fault]:
    if months.ndim != 2 or months.shape[1] != len(period):
        reason = f"have shape {months.shape}, but the period has {len(period)} months"
        yield Fault("", None, "months", reason)
    for row in np.flatnonzero((months < 0).any(axis=-1)).tolist():
        yield Fault("months", row, "quota", "must be 0 or more in every month")
    if increment < 1:
        yield Fault("", None, "increment", f"is {increment}; must be 1 minor unit or more")


def _unsettled(months: IntArray, closed: int, settled: Proration | None) -> Iterator[Fault]:
    """Why the closed months cannot be what they were settled to be."""
    count = months.shape[-1]
    if not 0 <= closed <= count:
        yield Fault("", None, "closed", f"is {closed}; the period has {count} months")
    elif closed and settled is None:
        yield Fault("", None, "settled", "must say who carries the closed months")
    elif closed and settled is not None:
        if settled.quota.shape[1] != count or settled.seat.max(initial=-1) >= len(months):
            yield Fault("", None, "settled", "is of another period, or of seats that are not there")
            return
        before = sums(settled.quota, settled.seat, len(months))[:, :closed]
        for row in np.flatnonzero((before != months[:, :closed]).any(axis=1)).tolist():
            yield Fault("months", row, "quota", "differs from what was settled in a closed month")


def _with_settled(
    seat: IntArray, holder: IntArray, exact: FloatArray, settled: Proration, closed: int
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """The rows of both; closed months are those of `settled`, the others are to be rounded yet."""
    both = [(seat, holder), (settled.seat, settled.holder)]
    named = np.concatenate([np.stack((s, h < 0, h)) for s, h in both], axis=1)
    key, row = np.unique(named, axis=1, return_inverse=True)
    now, then = row[: len(seat)], row[len(seat) :]
    joined = np.zeros((key.shape[1], exact.shape[1]))
    quota = np.zeros(joined.shape, np.int64)
    joined[now, closed:] = exact[:, closed:]
    joined[then, :closed] = settled.exact[:, :closed]
    quota[then, :closed] = settled.quota[:, :closed]
    return key[0], key[2], quota, joined


def _rounded(
    exact: FloatArray, total: IntArray, seat: IntArray, owed: FloatArray, increment: int
) -> IntArray:
    """(e,) whole amounts near `exact` that come to `total` (n,) in each seat.

    Odd increments go to whom most is owed from the months before, this one's remainder included.
    """
    noise = np.clip(NOISE * exact, SLACK, SLACK * increment)
    whole = np.floor((exact + noise) / increment).astype(np.int64) * increment
    open_ = exact - whole > noise
    rank = np.rint((exact - whole + owed) / (SLACK * increment))
    order = np.lexsort((-rank, ~open_, seat))
    nth = np.arange(len(seat)) - np.searchsorted(seat, seat)  # of its seat, in this order
    left = total - _of_seats(whole, seat, len(total))
    given = np.clip(left[seat] - nth * increment, 0, increment)
    whole[order] += np.where(open_[order], given, 0)
    left = total - _of_seats(whole, seat, len(total))  # by noise in huge amounts
    for row in np.flatnonzero(left).tolist():
        own = np.flatnonzero(seat == row)
        whole[own[exact[own].argmax()]] += left[row]
    return whole


def _of_seats(amounts: IntArray, seat: IntArray, seats: int) -> IntArray:
    return sums(amounts[:, None], seat, seats)[:, 0]
