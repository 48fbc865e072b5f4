"""Rolling origins: past periods, what was known when each began, and what was then sold.

Windows are as long as the plan's period and counted back from its start; the month in which one
begins is its origin. What was known then is the evidence dated before the origin, and nothing of
the plan itself: no baseline, reach, forecast or target, and no amount that was set for its period
(`capacity`, `last_year`). Potential and FTE bear no date and are taken as they are today.

Who is scored: reps with sales rows in the window before the origin (whoever has none *joined*) and
in the second half of the window itself (whoever has none *left*), so that all methods have a last
period to go by and nobody is measured by months after leaving. A row of 0 is a row: who was there
and sold nothing is scored. Territory rows count for those who held the territory at the origin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final, Literal

import numpy as np

from solver.estimate.evidence import (
    ALWAYS,
    NOBODY,
    REP_COLUMNS,
    UNTIL_FURTHER_NOTICE,
    Absences,
    Evidence,
    Holdings,
    SalesHistory,
)
from solver.estimate.history import YEAR, Sales, sales_of_reps
from solver.problem import BoolArray, FloatArray, IntArray

PERIODS: Final = 4
"""Periods before an origin that simple methods and the fifths look at."""

type WhySkipped = Literal[
    "months_unknown", "period_before_unknown", "nobody_to_score", "nothing_sold"
]


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One past period, and what is needed to plan and to score it. Columns (s,) are of `ids`."""

    first: int
    end: int
    """Months; `end` is the first one after it."""
    ids: tuple[str, ...]
    """Who is scored."""
    rep: IntArray
    """(s,) their rows in the evidence that was taken apart."""
    row: IntArray
    """(s,) their rows in `known`."""
    known: Evidence
    """What was known at the origin, of everybody who was known then."""
    sold: FloatArray
    """(s,) money of the window; negative where more came back."""
    before: FloatArray
    """(p, s) money of up to four periods before, the last one first; nan without any row."""
    last_year: FloatArray
    """(s,) money of the twelve months before; nan where one of them is unknown."""
    joined: int
    left: int

    @property
    def total(self) -> float:
        return float(self.sold.sum())

    @property
    def last(self) -> FloatArray:
        """(s,) what was sold in the last period, at least 0."""
        last: FloatArray = self.before[0]
        return np.maximum(last, 0.0)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A window that cannot be scored."""

    first: int
    end: int
    why: WhySkipped


def windows(evidence: Evidence, most: int | None = None) -> Iterator[Window | Skipped]:
    """Windows before the plan, the newest first, at most `most`; reps must be in order of ids.

    The oldest one has a whole window of history before it. None where the history is too short.
    """
    past = evidence.history.month[evidence.history.month < evidence.start]
    if not len(past):
        return
    oldest, length = int(past.min()), evidence.length
    count = (evidence.start - oldest) // length - 1
    for back in range(1, (count if most is None else min(count, most)) + 1):
        yield _window(evidence, evidence.start - back * length)


def known_at(evidence: Evidence, origin: int) -> Evidence:
    """What of the evidence was known when month `origin` began, for a plan of the same length.

    The end of a holding that is dated later was not known then, nor were holdings to come.
    """
    unknown = np.full(len(evidence), np.nan)
    holdings = evidence.holdings
    last = np.where(holdings.last >= origin, UNTIL_FURTHER_NOTICE, holdings.last)
    return replace(
        evidence,
        start=origin,
        end=origin + evidence.length,
        baseline=unknown,
        reach=unknown,
        capacity=unknown,
        last_year=unknown,
        in_seat=np.ones(len(evidence)),
        hired=np.where(evidence.hired <= origin, evidence.hired, np.nan),
        holdings=_rows(replace(holdings, last=last), holdings.first <= origin),
        history=_rows(evidence.history, evidence.history.month < origin),
        absences=_rows(evidence.absences, evidence.absences.month < origin),
        forecast=None,
        target=None,
    )


def _window(evidence: Evidence, origin: int) -> Window | Skipped:
    length, end = evidence.length, origin + evidence.length
    known = known_at(evidence, origin)
    sales = _sales_until(evidence, known, end)
    if not _all_known(sales, origin, end):
        return Skipped(origin, end, "months_unknown")
    if not _all_known(sales, origin - length, origin):
        return Skipped(origin, end, "period_before_unknown")
    sold, there = _sums(sales, origin, end)
    last, before = _sums(sales, origin - length, origin)
    _, stayed = _sums(sales, origin + length // 2, end)
    scored = before & stayed
    if not scored.any():
        return Skipped(origin, end, "nobody_to_score")
    if not sold[scored].sum() > 0:
        return Skipped(origin, end, "nothing_sold")
    seen = np.zeros(len(evidence), np.bool_)
    seen[sales.between(sales.origin, origin)[0]] = True
    seen[known.holdings.rep[known.holdings.first != ALWAYS]] = True
    rep = np.flatnonzero(scored)
    return Window(
        first=origin,
        end=end,
        ids=tuple(evidence.rep_ids[row] for row in rep.tolist()),
        rep=rep,
        row=(np.cumsum(seen) - 1)[rep],
        known=only(known, seen),
        sold=sold[rep],
        before=np.array([last[rep], *_older(sales, rep, origin, length)]),
        last_year=_last_year(sales, rep, origin),
        joined=int(np.count_nonzero(there & ~before)),
        left=int(np.count_nonzero(before & ~stayed)),
    )


def _sales_until(evidence: Evidence, known: Evidence, end: int) -> Sales:
    """All sales before `end`, those of territories with whoever held them at the origin."""
    history = _rows(evidence.history, evidence.history.month < end)
    return sales_of_reps(replace(known, start=end, end=end + evidence.length, history=history))


def _all_known(sales: Sales, first: int, end: int) -> bool:
    """Whether anybody has a row in each of the months."""
    return first >= sales.origin and bool(
        sales.covered[first - sales.origin : end - sales.origin].all()
    )


def _sums(sales: Sales, first: int, end: int) -> tuple[FloatArray, BoolArray]:
    """(n,) what was sold in these months, and who has any row in them."""
    rep, amount = sales.between(first, end)
    total = np.bincount(rep, amount, minlength=sales.reps)
    return total, np.bincount(rep, minlength=sales.reps) > 0


def _older(sales: Sales, rep: IntArray, origin: int, length: int) -> Iterator[FloatArray]:
    """(s,) of each whole period before the last one that the history reaches back to."""
    for back in range(2, PERIODS + 1):
        first = origin - back * length
        if first < sales.origin:
            return
        total, there = _sums(sales, first, first + length)
        yield np.where(there, total, np.nan)[rep]


def _last_year(sales: Sales, rep: IntArray, origin: int) -> FloatArray:
    if not _all_known(sales, origin - YEAR, origin):
        return np.full(len(rep), np.nan)
    total, there = _sums(sales, origin - YEAR, origin)
    return np.where(there, total, np.nan)[rep]


def only(evidence: Evidence, kept: BoolArray) -> Evidence:
    """The evidence of these reps alone, as if nobody had heard of the others. `kept` is (n,)."""
    place = np.append(np.where(kept, np.cumsum(kept) - 1, NOBODY), NOBODY)
    history, holdings, absences = evidence.history, evidence.holdings, evidence.absences
    told = (history.rep == NOBODY) | np.append(kept, False)[history.rep]  # NOBODY is the last
    return replace(
        evidence,
        rep_ids=tuple(np.array(evidence.rep_ids, object)[kept].tolist()),
        holdings=_rows(replace(holdings, rep=place[holdings.rep]), kept[holdings.rep]),
        history=_rows(replace(history, rep=place[history.rep]), told),
        absences=_rows(replace(absences, rep=place[absences.rep]), kept[absences.rep]),
        **{name: getattr(evidence, name)[kept] for name in REP_COLUMNS},
    )


def _rows[Table: (SalesHistory, Holdings, Absences)](table: Table, kept: BoolArray) -> Table:
    return type(table)(
        **{column.name: getattr(table, column.name)[kept] for column in fields(table)}
    )
