"""Windfalls: one deal that is more than a quarter of a rep's year counts as a quarter.

A row of history is taken for one deal only where nothing else explains its size. Rows are often
sums of a month or a quarter, and a strong season is no stroke of luck:

    year      twelve months counted back from the plan's start, nine at least with rows of the rep
    rest      what the rep sold in that year beside this row
    limit     the largest of  rest / 3                        then the deal is a quarter of the year
                              2 x the rep's largest other month of all
                              4 x what the season of the other reps makes of `rest` in that month
    counted   min(row, limit)

so that more sales never count for less. Of the 6,921 months of Iowa's 99 counties, which are sums
over many shops, none is set aside; of AdventureWorks' 463 months one is, which is four orders of
one month in truth (a false alarm).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.estimate.history import YEAR, Sales
from solver.problem import BoolArray, FloatArray, IntArray

QUARTER_OF_YEAR: Final = 0.25
MONTHS_WITH_ROWS: Final = 9
OWN_MONTHS: Final = 2.0
OTHERS_SEASON: Final = 4.0


@dataclass(frozen=True, slots=True)
class Windfall:
    """One deal that counts for less than it was, in the money of the evidence."""

    rep: int
    month: int
    amount: float
    counted: float


def set_windfalls_aside(sales: Sales) -> tuple[Sales, tuple[Windfall, ...]]:
    """The sales with windfalls cut to their limits, and what was cut, by rep and month."""
    row = _candidates(sales)
    limit = _limits(sales, row)
    cut = sales.amount[row] > limit
    row, limit = row[cut], limit[cut]
    if not len(row):
        return sales, ()
    found = sorted(
        zip(
            sales.rep[row].tolist(),
            sales.month[row].tolist(),
            sales.amount[row].tolist(),
            limit.tolist(),
            strict=True,
        )
    )
    amount = sales.amount.copy()
    amount[row] = limit
    return replace(sales, amount=amount), tuple(Windfall(*each) for each in found)


def _year(sales: Sales, month: IntArray) -> IntArray:
    """Which year before the start a month lies in; 0 is the last one."""
    return (sales.start - 1 - month) // YEAR


def _candidates(sales: Sales) -> IntArray:
    """Rows above a quarter of what the rep sold in that year, where enough months are known."""
    if not len(sales.month):
        return np.zeros(0, np.int64)
    year = sales.rep + sales.reps * _year(sales, sales.month)
    total = np.bincount(year, np.maximum(sales.amount, 0.0))
    large = np.flatnonzero(sales.amount > QUARTER_OF_YEAR * total[year])
    large = large[sales.amount[large] > 0]
    cell = _cell(sales, sales.rep, sales.month)
    fresh = np.concatenate(([True], cell[1:] != cell[:-1]))
    months = np.bincount(year[fresh], minlength=len(total))
    return np.asarray(large[months[year[large]] >= MONTHS_WITH_ROWS])


def _limits(sales: Sales, row: IntArray) -> FloatArray:
    """The most that each of these rows may count."""
    if not len(row):
        return np.zeros(0)
    cells, amount, _ = _cells(sales)
    rep, month = sales.rep[row], sales.month[row]
    first = sales.start - YEAR * (_year(sales, month) + 1)
    months = first[:, None] + np.arange(YEAR)
    own, seen = _look_up(sales, cells, amount, rep[:, None], months)
    here = months == month[:, None]
    positive = np.where(here, own - sales.amount[row][:, None], own).clip(0.0)
    rest = positive.sum(axis=1)
    inside = (months >= sales.origin) & (months < sales.start)
    company = np.where(inside, sales.by_month[np.where(inside, months - sales.origin, 0)], 0.0)
    others = np.maximum(company - own, 0.0)
    elsewhere = np.where(seen & ~here, others, 0.0).sum(axis=1)
    even = 1.0 / np.maximum((seen & ~here).sum(axis=1), 1)
    at = others[here]
    season = np.divide(at, elsewhere, out=even, where=elsewhere > 0)
    return np.asarray(
        np.maximum.reduce(
            (
                rest * QUARTER_OF_YEAR / (1 - QUARTER_OF_YEAR),
                OWN_MONTHS * _largest_other_month(sales, cells, amount, row),
                OTHERS_SEASON * rest * season,
            )
        )
    )


def _largest_other_month(
    sales: Sales, cells: IntArray, amount: FloatArray, row: IntArray
) -> FloatArray:
    """The most that the rep sold in any other month."""
    asked = np.zeros(sales.reps, np.bool_)
    asked[sales.rep[row]] = True
    theirs = asked[cells % sales.reps]  # few: sorting everybody's months would cost most of it all
    cells, amount = cells[theirs], amount[theirs]
    rep = cells % sales.reps
    order = np.lexsort((amount, rep))
    last = np.searchsorted(rep[order], sales.rep[row], side="right") - 1
    best = order[last]
    second = order[np.maximum(last - 1, 0)]
    second_best = np.where(rep[second] == sales.rep[row], amount[second], 0.0)
    own = _cell(sales, sales.rep[row], sales.month[row])
    return np.where(cells[best] == own, second_best, amount[best]).clip(0.0)


def _cell(sales: Sales, rep: IntArray, month: IntArray) -> IntArray:
    return (month - sales.origin) * sales.reps + rep


def _cells(sales: Sales) -> tuple[IntArray, FloatArray, BoolArray]:
    """The sorted cells of rep and month with rows, and what was sold in each."""
    cell = _cell(sales, sales.rep, sales.month)
    fresh = np.concatenate((np.ones(min(len(cell), 1), np.bool_), cell[1:] != cell[:-1]))
    return cell[fresh], np.add.reduceat(sales.amount, np.flatnonzero(fresh)), fresh


def _look_up(
    sales: Sales, cells: IntArray, amount: FloatArray, rep: IntArray, months: IntArray
) -> tuple[FloatArray, BoolArray]:
    """What these reps sold in these months, and whether there is a row."""
    wanted = _cell(sales, rep, months)
    at = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    seen = (cells[at] == wanted) & (months >= sales.origin) & (months < sales.start)
    return np.where(seen, amount[at], 0.0), seen
