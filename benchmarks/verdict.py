"""What an answer is worth: does it keep the limits, is its worst rep right, are equals equal?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.answer import Answer
from benchmarks.arrays import Arrays
from benchmarks.table import Table
from solver.hierarchy import slice_sums
from solver.problem import FloatArray, IntArray

_SAME: Final = 1e-6
"""Quotas closer than this, relative to their size, count as equal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One plan, measured."""

    violation: float
    """The largest miss of any limit or sum, relative to the target."""
    across: float
    """The largest miss of a row, relative to the money that it sums."""
    largest: float
    """The largest stretch."""
    furthest: float
    """The largest distance of a stretch from the even level."""
    told: float
    """t* as the contestant tells it; nan where it does not."""
    apart: float
    """The largest difference of a quota from ours, relative to the mean quota."""
    unequal: float
    """The share of identical pairs who get different quotas."""


def judge(case: Arrays, twins: IntArray, answer: Answer, ours: FloatArray) -> Verdict:
    """Measure a plan; `twins` (t, 2) are places in the layout, `ours` (n,) our own quotas."""
    h, b, scale, quota = case.hierarchy, case.bounds, case.scale, answer.quota
    sums = slice_sums(quota, h.first, h.last)
    misses = b.lowest - quota, quota - b.highest, b.unit_min - sums, sums - b.unit_max
    stretch = (quota - scale.anchor) / scale.yardstick
    return Verdict(
        violation=max(0.0, *(float(miss.max()) for miss in misses)) / b.total,
        across=_across(case, quota),
        largest=float(stretch.max()),
        furthest=float(np.abs(stretch - case.even_level).max()),
        told=answer.largest,
        apart=float(np.abs(quota - ours).max() / ours.mean()),
        unequal=unequal(quota, twins),
    )


def _across(case: Arrays, quota: FloatArray) -> float:
    rows = case.rows
    if not len(rows):
        return 0.0
    ends = rows.start[:-1], rows.start[1:]
    sums = slice_sums(rows.coefficient * quota[rows.rep], *ends)
    size = slice_sums(np.abs(rows.coefficient * quota[rows.rep]), *ends)
    return max(0.0, float((np.maximum(rows.min - sums, sums - rows.max) / size).max()))


def unequal(quota: FloatArray, twins: IntArray) -> float:
    """The share of pairs who get different quotas."""
    one, other = quota[twins.T]
    return float(np.mean(np.abs(one - other) > _SAME * one)) if len(one) else 0.0


@dataclass(frozen=True, slots=True)
class CascadeVerdict:
    """One cascade, measured; money in minor units."""

    off_target: float
    """How far the quotas' sum is from what was to be assigned."""
    off_when_paid: float
    """The same when every quota is rounded to a cent on its own, as a letter would say it."""
    off_units: float
    """The largest distance of a unit's figure from the sum of the quotas below it."""
    off_pins: float
    """The largest distance of a quota that was set beforehand from what it was set to."""
    least: float
    most: float
    """Quota over last year's sales of those whose quota was not set, relative to the company's."""
    unequal: float


def judge_cascade(case: Table, answer: Answer) -> CascadeVerdict:
    """Measure a cascade."""
    quota, total = answer.quota, case.total
    free = np.setdiff1d(np.arange(len(quota)), case.pinned)
    growth = (quota / case.sold.sum(axis=1))[free] * (case.sold.sum() / total)
    sums = np.zeros(len(case.units))
    for level in case.path[:, 1:-1].T:
        np.add.at(sums, np.searchsorted(case.units, level), quota)
    return CascadeVerdict(
        off_target=abs(float(quota.sum()) - round(total)),
        off_when_paid=abs(int(np.rint(quota).astype(np.int64).sum()) - round(total)),
        off_units=float(np.abs(sums - answer.units).max()),
        off_pins=float(np.abs(quota[case.pinned] - case.pin).max(initial=0.0)),
        least=float(growth.min()),
        most=float(growth.max()),
        unequal=unequal(quota, case.twins),
    )
