"""Quotas over time: year to quarters, quarters to months, months to pieces of weeks.

Each step is a table of reps times parts, rounded under control (`whole`): a rep's
parts add up to the rep's amount to the last minor unit, and the company's parts lie within one
increment of what they come to exactly. Units add up of themselves. 500 over four even quarters is
125 each, and 42, 42 and 41 a month: printed digits always add up.

Where the company's parts are given and somebody is away, the parts come first: others carry more of
the months in which somebody is away, as the nearest table with these sums has it
(`table`). Where no table has them, for nobody is there in a month, each quota goes by
the own season.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.spread.calendar import Calendar
from solver.spread.errors import CannotSpread, SpreadFailed
from solver.spread.season import QUARTER, Season, by_quarter, even, given
from solver.spread.table import spread
from solver.spread.whole import round_with_free_columns


@dataclass(frozen=True, slots=True, eq=False)
class Periods:
    """Quotas by time, in minor units; rows are reps."""

    quarters: IntArray
    """(n, ceil(t / 3)) quarters from the first month on."""
    months: IntArray
    """(n, t)"""
    as_given: bool = True
    """Whether the company's given parts hold: each to less than one increment."""


def spread_over_time(quota: IntArray, season: Season, increment: int = 1) -> Periods:
    """Quarters and months of `quota` (n,), >= 0, in multiples of the increment where they can be.

    Ties between reps go by position, so give them in the order of ids. A quota that is no multiple
    carries what is odd in one of its months. Raises `InvalidProblem`.
    """
    if quota.shape != (reps := len(season.shares),):
        reason = f"has shape {quota.shape}, but the season is of {reps} reps"
        raise InvalidProblem([Fault("", None, "quota", reason)])
    if season.away and season.company:
        return _around_absences(quota, season, increment)
    return _by_rows(quota, season, increment)


def _by_rows(quota: IntArray, season: Season, increment: int) -> Periods:
    """Each quota by its own row of the season, the company's sums near theirs."""
    months = season.shares.shape[1]
    total = int(quota.sum())
    of_company: list[Fraction] = [total * part for part in season.company]
    if len(of_company) == months:
        starts = range(0, months, QUARTER)
        of_company = [sum(of_company[k : k + QUARTER], Fraction(0)) for k in starts]
    exact = quota[:, None] * by_quarter(season.shares)
    quarters = round_with_free_columns(exact, quota, increment, of_company)
    return Periods(quarters, _months_of(quarters, season, increment))


def _months_of(quarters: IntArray, season: Season, increment: int) -> IntArray:
    """(n, t) the months of `quarters`."""
    reps, months = season.shares.shape
    found = np.empty((reps, months), dtype=np.int64)
    for place in range(quarters.shape[1]):
        own = slice(place * QUARTER, min((place + 1) * QUARTER, months))
        columns: list[Fraction] = []
        if len(season.company) == months:
            inside = season.company[own]
            whole = int(quarters[:, place].sum())
            columns = [whole * part / sum(inside) for part in inside] if any(inside) else []
        found[:, own] = _shared(quarters[:, place], season.shares[:, own], increment, columns)
    return found


def _around_absences(quota: IntArray, season: Season, increment: int) -> Periods:
    """Rows that add up to the quotas, columns to the company's parts, zeros where nobody is."""
    months = season.shares.shape[1]
    whole = np.array([int(quota.sum())])
    company = _by_rows(whole, given(even(1, months), season.company), increment)
    of_months = len(season.company) == months
    seed = season.shares if of_months else by_quarter(season.shares)
    sums = (company.months if of_months else company.quarters)[0]
    cells = _table(seed, quota, sums, increment)
    if cells is None:
        alone = _by_rows(quota, replace(season, company=()), increment)
        return replace(alone, as_given=False)
    if not of_months:
        return Periods(cells, _months_of(cells, season, increment))
    starts = np.arange(0, months, QUARTER)
    return Periods(np.add.reduceat(cells, starts, axis=1), cells)


def _table(seed: FloatArray, rows: IntArray, columns: IntArray, increment: int) -> IntArray | None:
    """The whole table nearest to `seed`; None where there is none."""
    if np.any((columns > 0) & ~seed.any(axis=0)):  # nobody is there; the flow would find it as well
        return None
    try:
        return spread(seed, rows, columns, increment=increment).cells
    except (CannotSpread, SpreadFailed):
        return None


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
