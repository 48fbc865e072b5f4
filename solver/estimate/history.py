"""Whose sales the history is, month by month, and the blocks of months it is compared in.

Whose: rows of a rep stay with the rep. Rows of a territory go, back to the first one, to those who
hold the territory in the first month of the plan, by their shares then: a holder takes over the
whole past, and former holders keep nothing of it.

Blocks: windows as long as the plan's period, counted back from its start: block 1 ends the month
before it. Rows dated at or after the start take no part, nor do rows older than ten years (or than
four blocks, where these are longer).

Months without any row of anybody are unknown, not zero. A history that stops two months before the
start thus leaves block 1 with ten known months. Nothing is scaled up: an index compares a rep with
typical sales of the same months, so unknown months fall out on both sides. A block of which less
than a quarter is known is not used. For one rep, months before the first row count as not there
yet; later months without a row are zeros, unless the rep has no row in the whole block: then the
block is unknown for that rep. Who was away, or new in the seat, is not measured by those months:
see `availability`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from solver.estimate.evidence import NOBODY, Evidence
from solver.estimate.ramp import productivity
from solver.problem import BoolArray, FloatArray, IntArray

HORIZON: Final = 120
"""Months of history that are read."""
ENOUGH: Final = 0.25
"""Part of a block that must be known, of the company and of the rep, for the block to count."""
YEAR: Final = 12

type Rows = tuple[IntArray, IntArray, FloatArray]
"""Rep, month and amount of each row."""


@dataclass(frozen=True, eq=False)
class Sales:
    """Sales of reps, one row an actual, sorted by month, rep and amount: sums over rows must not
    depend on the order in which the rows came in.
    """

    reps: int
    start: int
    rep: IntArray
    month: IntArray
    amount: FloatArray
    without_holder: float
    inherited: BoolArray
    """Whose history is, at least in part, that of territories, which others may have held then.
    Shape (n,)."""

    @classmethod
    def of(
        cls, start: int, rows: Rows, inherited: BoolArray, *, without_holder: float = 0.0
    ) -> Self:
        reps = len(inherited)
        rep, month, amount = rows
        key = (month - month.min(initial=start)) * reps + rep
        order = np.argsort(key)
        if np.any(key[order[1:]] == key[order[:-1]]):  # rows of one month and rep: by amount
            order = np.lexsort((amount, key))
        rows = (rep[order], month[order], amount[order])
        return cls(reps, start, *rows, without_holder, inherited)

    @cached_property
    def origin(self) -> int:
        """The oldest month with a row; the start where there is none."""
        return int(self.month[0]) if len(self.month) else self.start

    @cached_property
    def covered(self) -> BoolArray:
        """Which months from `origin` up to the start have a row of anybody."""
        return np.bincount(self.month - self.origin, minlength=self.start - self.origin) > 0

    @cached_property
    def by_month(self) -> FloatArray:
        """The company's sales in the months from `origin` up to the start."""
        months = self.start - self.origin
        return np.bincount(self.month - self.origin, self.amount, minlength=months)

    @cached_property
    def by_rep(self) -> FloatArray:
        return np.bincount(self.rep, self.amount, minlength=self.reps)

    @cached_property
    def first(self) -> IntArray:
        """Each rep's first month with a row; the start where there is none. Shape (n,)."""
        first = np.full(self.reps, self.start)
        first[self.rep[::-1]] = self.month[::-1]  # the earliest month is written last
        return first

    def between(self, first: int, end: int) -> tuple[IntArray, FloatArray]:
        """Reps and amounts of the rows with first <= month < end."""
        low, high = np.searchsorted(self.month, (first, end))
        return self.rep[low:high], self.amount[low:high]


def sales_of_reps(evidence: Evidence) -> Sales:
    """The history before the plan's start, every row hung on a rep; without `last_year`."""
    history, start = evidence.history, evidence.start
    oldest = start - max(HORIZON, 4 * evidence.length)
    past = (history.month < start) & (history.month >= oldest)
    own = np.flatnonzero(past & (history.territory == NOBODY))
    held = past & (history.rep == NOBODY)
    row, holding, unheld = _holders(evidence, np.flatnonzero(held))
    rep = np.concatenate((history.rep[own], evidence.holdings.rep[holding]))
    month = np.concatenate((history.month[own], history.month[row]))
    amount = history.actual[row] * evidence.holdings.share[holding]
    amount = np.concatenate((history.actual[own], amount))
    without_holder = float(np.sort(history.actual[unheld]).sum())
    inherited = np.zeros(len(evidence), np.bool_)
    inherited[evidence.holdings.rep[holding]] = True
    return Sales.of(start, (rep, month, amount), inherited, without_holder=without_holder)


def _holders(evidence: Evidence, rows: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Pairs (row of history, holding that takes it over), and the rows that nobody takes."""
    active = np.flatnonzero(evidence.holdings.at(evidence.start))
    active = active[np.argsort(evidence.holdings.territory[active], kind="stable")]
    territory = evidence.holdings.territory[active]
    wanted = evidence.history.territory[rows]
    low = np.searchsorted(territory, wanted, side="left")
    holders = np.searchsorted(territory, wanted, side="right") - low
    pairs = int(holders.sum())
    nth = np.arange(pairs) - np.repeat(np.cumsum(holders) - holders, holders)
    return np.repeat(rows, holders), active[np.repeat(low, holders) + nth], rows[holders == 0]


def with_last_year(evidence: Evidence, sales: Sales, ramp: float) -> Sales:
    """Add `last_year` of reps without any row, spread over the twelve months before the start.

    Of a rep who was hired within them, it is spread over the months from then on, along a ramp of
    so many months.
    """
    missing = np.ones(len(evidence), np.bool_)
    missing[sales.rep] = False
    reps = np.flatnonzero(missing & ~np.isnan(evidence.last_year))
    if not len(reps):
        return sales
    months = np.arange(sales.start - YEAR, sales.start)
    parts, covered = _parts_of_last_year(sales, months)
    new = evidence.hired[reps]
    here = ~(months + 1 <= new[:, None]) | ~(new < sales.start)[:, None]
    tenure = np.where((new < sales.start)[:, None], months - np.floor(new)[:, None], np.inf)
    even = np.where(here, productivity(tenure, ramp), 0.0)
    weight = parts * even
    weight = np.where(weight.any(axis=1, keepdims=True), weight, even)  # nobody sold then
    told = weight / weight.sum(axis=1, keepdims=True) * evidence.last_year[reps][:, None]
    row, column = np.nonzero(here & covered)
    rows = (
        np.concatenate((sales.rep, reps[row])),
        np.concatenate((sales.month, months[column])),
        np.concatenate((sales.amount, told[row, column])),
    )
    return Sales.of(sales.start, rows, sales.inherited, without_holder=sales.without_holder)


def _parts_of_last_year(sales: Sales, months: IntArray) -> tuple[FloatArray, BoolArray]:
    """The part of a year's sales that each of the months before the start carries, and which of
    them are known.

    The parts are those of the reps with history, so that everybody has the same season. A month
    nobody has a row for stays unknown and keeps its part (that of an average month) to itself.
    Where none of the twelve is known, all of them carry the same.
    """
    inside = months >= sales.origin
    covered, parts = np.zeros(YEAR, np.bool_), np.zeros(YEAR)
    covered[inside] = sales.covered[months[inside] - sales.origin]
    parts[inside] = np.maximum(sales.by_month[months[inside] - sales.origin], 0.0)
    if not covered.any():
        covered[:] = True
    if not parts.any():
        parts[:] = 1.0
    parts[~covered] = parts[covered].mean()
    return parts, covered
