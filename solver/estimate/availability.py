"""Who was there in which month: months away are left out of the comparison, not counted as zeros.

    present_im = (1 - absent_im) x ramp_im      for months since the rep started, else 0

A rep starts with the first row of the own history, or with the day of hiring where that lies
before it; sales before that day were made all the same, so then the rows count. Whoever sells
into a territory whose history was taken over inherits the presence of those who held it in
that month: by the shares of the territories held now.

A person who is new in the seat sells less at first (`ramp`). Months of the ramp count by
their part, also where enough of a block must be known: somebody hired less than half a year before
a yearly plan is not judged by the first months. Who takes over a
territory's history does not start from nothing, and has no ramp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.estimate.evidence import Evidence
from solver.estimate.history import Sales
from solver.estimate.ramp import productivity
from solver.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """When the reps were there, as exceptions from being there: (a,) rows sorted by month, rep."""

    first: IntArray
    """The first month in which each rep counts. Shape (n,)."""
    rep: IntArray
    month: IntArray
    missing: FloatArray
    """Part of that month that does not count, above 0 and at most 1."""

    def between(self, first: int, end: int) -> tuple[IntArray, IntArray, FloatArray]:
        """Reps, months and missing parts of the exceptions with first <= month < end."""
        low, high = np.searchsorted(self.month, (first, end))
        return self.rep[low:high], self.month[low:high], self.missing[low:high]


def beginning(evidence: Evidence, sales: Sales) -> tuple[BoolArray, IntArray]:
    """Whose first month is that of hiring, and the month of hiring of everybody. Shapes (n,).

    The start stands for an unknown month and for a later one. Who sold before it, or took a
    territory's history over, began otherwise.
    """
    hired = np.where(np.isnan(evidence.hired), np.inf, evidence.hired)
    month = np.floor(np.minimum(hired, sales.start)).astype(np.int64)
    return ~sales.inherited & (month <= sales.first), month


def presence(evidence: Evidence, sales: Sales, ramp: float) -> Presence:
    """Presence of all reps in the months of `sales`; `ramp` is its length in months, 0: none."""
    known, month = beginning(evidence, sales)
    first = np.where(known, np.maximum(month, sales.origin), sales.first)
    new = np.flatnonzero(known & (month < sales.start))
    parts = [_absent(evidence, sales), _new(new, month[new], evidence.hired[new], ramp)]
    rep, when, missing = _joined(len(evidence), parts)
    inside = (when >= first[rep]) & (when < sales.start) & (missing > 0)
    return Presence(first, rep[inside], when[inside], missing[inside])


def ramp_of_period(evidence: Evidence, sales: Sales, ramp: float) -> FloatArray:
    """What the new sell in the period, over what they would without a ramp. Shape (n,), 0 … 1.

    The mean over the months in which they are in the seat; 1 where no day of hiring is known.
    """
    new, tenure = _tenure_of_new(evidence, sales, ramp)
    seated = tenure >= 0
    total = np.where(seated, productivity(tenure, ramp), 0.0).sum(axis=1)
    part = np.ones(len(evidence))
    part[new] = np.where(seated.any(axis=1), total / np.maximum(seated.sum(axis=1), 1), 1.0)
    return part


def ramp_by_month(evidence: Evidence, sales: Sales, ramp: float) -> FloatArray:
    """The same month by month: (n, t), 0 before the one of hiring, 1 where none is known."""
    new, tenure = _tenure_of_new(evidence, sales, ramp)
    part = np.ones((len(evidence), evidence.length))
    part[new] = np.where(tenure >= 0, productivity(tenure, ramp), 0.0)
    return part


def _tenure_of_new(evidence: Evidence, sales: Sales, ramp: float) -> tuple[IntArray, FloatArray]:
    """Who has a ramp in the period, and the months of it counted from that of hiring: (k, t)."""
    months = np.arange(evidence.start, evidence.end, dtype=np.float64)
    recent = evidence.hired > evidence.start - ramp - 1
    rows_before = sales.first < np.minimum(np.floor(evidence.hired), sales.start)
    new = np.flatnonzero(~sales.inherited & recent & ~rows_before)
    return new, months - np.floor(evidence.hired[new])[:, None]


type _Parts = tuple[IntArray, IntArray, FloatArray]
"""Rep, month and missing part."""


def _new(reps: IntArray, month: IntArray, hired: FloatArray, ramp: float) -> _Parts:
    """What the first months of new people miss: the days before, and the ramp."""
    tenure = np.arange(max(1, np.ceil(ramp)), dtype=np.int64)
    missing = np.tile(1 - productivity(tenure.astype(np.float64), ramp), (len(reps), 1))
    missing[:, 0] = 1 - (1 - missing[:, 0]) * (1 - (hired - month))
    when = month[:, None] + tenure
    return np.repeat(reps, len(tenure)), when.ravel(), missing.ravel()


def _absent(evidence: Evidence, sales: Sales) -> _Parts:
    """Absences before the start: the own ones, and those of who held territories then."""
    absences, start = evidence.absences, evidence.start
    past = (absences.month < start) & (absences.month >= sales.origin)
    away = (absences.rep[past], absences.month[past], absences.share[past])
    rep, month, missing = _added_up(len(evidence), away)
    own = ~sales.inherited[rep]
    others = _taken_over(evidence, sales.inherited, (rep, month, missing))
    return (
        np.concatenate((rep[own], others[0])),
        np.concatenate((month[own], others[1])),
        np.concatenate((missing[own], others[2])),
    )


def _taken_over(evidence: Evidence, inherited: BoolArray, away: _Parts) -> _Parts:
    """Absences of those who held, at that time, the territories that the inherited now hold."""
    holdings = evidence.holdings
    now = np.flatnonzero(holdings.at(evidence.start) & inherited[holdings.rep])
    rep, month, missing = away
    row, holding = _pairs(rep, holdings.rep)
    held = (holdings.first[holding] <= month[row]) & (month[row] <= holdings.last[holding])
    row, holding = row[held], holding[held]
    lost = missing[row] * holdings.share[holding]
    by, heir = _pairs(holdings.territory[holding], holdings.territory[now])
    heir = now[heir]
    all_shares = np.bincount(holdings.rep[now], holdings.share[now], minlength=len(evidence))
    part = lost[by] * holdings.share[heir] / all_shares[holdings.rep[heir]]
    return holdings.rep[heir], month[row[by]], part


def _pairs(wanted: IntArray, keys: IntArray) -> tuple[IntArray, IntArray]:
    """All (i, j) with wanted[i] == keys[j]."""
    order = np.argsort(keys, kind="stable")
    low = np.searchsorted(keys[order], wanted, side="left")
    count = np.searchsorted(keys[order], wanted, side="right") - low
    nth = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(np.arange(len(wanted)), count), order[np.repeat(low, count) + nth]


def _joined(reps: int, parts: list[_Parts]) -> _Parts:
    """What is left after all kinds of missing: they multiply, for each takes a part of the rest."""
    added = [_added_up(reps, part) for part in parts]
    rep, month, missing = (np.concatenate(column) for column in zip(*added, strict=True))
    order = np.lexsort((missing, rep, month))
    rep, month, missing = rep[order], month[order], missing[order]
    fresh = _fresh(reps, rep, month)
    kept = np.multiply.reduceat(1 - missing, np.flatnonzero(fresh)) if len(rep) else missing
    return rep[fresh], month[fresh], 1 - kept


def _added_up(reps: int, parts: _Parts) -> _Parts:
    """One row for each rep and month, the parts of which add up to 1 at most."""
    rep, month, missing = parts
    order = np.lexsort((missing, rep, month))
    rep, month, missing = rep[order], month[order], missing[order]
    fresh = _fresh(reps, rep, month)
    total = np.add.reduceat(missing, np.flatnonzero(fresh)) if len(rep) else missing
    return rep[fresh], month[fresh], np.minimum(total, 1.0)


def _fresh(reps: int, rep: IntArray, month: IntArray) -> BoolArray:
    """Where a new rep or month begins, in rows sorted by both."""
    key = month * reps + rep
    return np.concatenate((np.ones(min(len(key), 1), np.bool_), key[1:] != key[:-1]))
