"""Quotas over time: year to quarters, quarters to months, months to pieces of weeks.

Each step is a table of reps times parts, rounded under control (`solver.spread.whole`): a rep's
parts add up to the rep's amount to the last minor unit, and the company's parts lie within one
increment of what they come to exactly. Units add up of themselves. 500 over four even quarters is
125 each, and 42, 42 and 41 a month: printed digits always add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.spread.calendar import Calendar
from solver.spread.season import QUARTER, Season
from solver.spread.whole import round_with_free_columns


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Quotas by time, in minor units; rows are reps."""

    quarters: IntArray
    """(n, ceil(t / 3)) quarters from the first month on."""
    months: IntArray
    """(n, t)"""


def spread_over_time(quota: IntArray, season: Season, increment: int = 1) -> Periods:
    """Quarters and months of `quota` (n,), >= 0, in multiples of the increment where they can be.

    Ties between reps go by position, so give them in the order of ids. A quota that is no multiple
    carries what is odd in one of its months. Raises `InvalidProblem`.
    """
    reps, months = season.shares.shape
    if quota.shape != (reps,):
        reason = f"has shape {quota.shape}, but the season is of {reps} reps"
        raise InvalidProblem([Fault("", None, "quota", reason)])
    total = int(quota.sum())
    parts = len(season.company)
    starts = np.arange(0, months, QUARTER)
    of_quarter: FloatArray = np.add.reduceat(season.shares, starts, axis=1)
    of_company: list[Fraction] = [total * part for part in season.company]
    if parts == months:
        of_company = [sum(of_company[k : k + QUARTER], Fraction(0)) for k in starts.tolist()]
    quarters = round_with_free_columns(quota[:, None] * of_quarter, quota, increment, of_company)
    by_month = np.empty((reps, months), dtype=np.int64)
    for place, start in enumerate(starts.tolist()):
        own = slice(start, min(start + QUARTER, months))
        shares = season.shares[:, own]
        columns: list[Fraction] = []
        if parts == months:
            inside = season.company[own]
            whole = int(quarters[:, place].sum())
            columns = [whole * part / sum(inside) for part in inside] if any(inside) else []
        by_month[:, own] = _shared(quarters[:, place], shares, increment, columns)
    return Periods(quarters, by_month)


def weeks_of(months: IntArray, period: Calendar, increment: int = 1) -> IntArray:
    """(n, p) what each piece of a week carries of `months` (n, t), by working days.

    Pieces of one month add up to it; the pieces of a week that crosses from one month into the next
    make the week (`Calendar.piece_week`). A month without working days goes by its pieces alike.
    """
    pieces = np.empty((len(months), len(period.piece_month)), dtype=np.int64)
    for month in range(months.shape[1]):
        own = np.flatnonzero(period.piece_month == month)
        days = period.piece_days[own].astype(float)
        weights = days if days.any() else np.ones(len(own))
        pieces[:, own] = _shared(months[:, month], np.tile(weights, (len(months), 1)), increment)
    return pieces


def _shared(
    amount: IntArray, weights: FloatArray, increment: int, columns: list[Fraction] | None = None
) -> IntArray:
    """`amount` (n,) in proportion to `weights` (n, k), whole."""
    total = weights.sum(axis=1)
    # Nothing falls into a quarter of weight 0, so it does not matter how that is shared out.
    shares = weights / np.where(total > 0, total, 1.0)[:, None]
    return round_with_free_columns(amount[:, None] * shares, amount, increment, columns or ())
