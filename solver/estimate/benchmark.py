"""What a typical rep with the same potential sells: the peer benchmark.

    weight_i   = potential_i;  without one: FTE_i x sum(potential) / sum(FTE) of those who have one;
                 where nobody has a potential above 0: FTE_i
    rate_m     = company's sales in month m / weights of the reps who had started by then
    typical_i  = weight_i x sum of rate_m over a block's known months since the rep's first row

A potential so small that the rep sold more than 50 times what it lets one expect is not believed:
it is raised to that 50th (`CLIP`). Without this a zero potential would wipe out real sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.estimate.evidence import Evidence
from solver.estimate.history import ENOUGH, Sales
from solver.problem import BoolArray, FloatArray, IntArray

BETA: Final = 1.0
"""Sales grow like potential ^ beta; 1 until it is learned."""
CLIP: Final = 0.02
"""Neither sales nor potential count as less than this part of what the other lets one expect."""


def potentials(evidence: Evidence) -> FloatArray:
    """Each rep's potential: the own one, else that of the territories held at the plan's start.

    nan where it is not known, which is also the case as soon as one held territory has none.
    """
    holdings = evidence.holdings
    held = np.flatnonzero(holdings.at(evidence.start))
    part = holdings.share[held] * evidence.territory_potential[holdings.territory[held]]
    order = np.lexsort((part, holdings.rep[held]))
    rep, part = holdings.rep[held][order], part[order]
    total = np.full(len(evidence), np.nan)
    total[rep] = 0.0
    total += np.bincount(rep, part, minlength=len(evidence))
    return np.where(np.isnan(evidence.potential), total, evidence.potential)


def benchmark_weights(potential: FloatArray, fte: FloatArray) -> FloatArray:
    """How the reps compare before their own sales are looked at. Shape (n,), >= 0."""
    known = ~np.isnan(potential)
    total = potential[known].sum()
    if not total > 0:
        return fte.copy()
    return np.where(known, potential, fte * (total / fte[known].sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """What typical reps sold per unit of benchmark weight, summed up from the oldest month on."""

    origin: int
    first: IntArray
    rate: FloatArray
    covered: IntArray
    """Running totals before each month from `origin` to the start. Shape (months + 1,)."""

    @classmethod
    def of(cls, sales: Sales, weights: FloatArray) -> Typical:
        started = np.bincount(sales.first - sales.origin, weights, sales.start - sales.origin + 1)
        present = np.cumsum(started)[: sales.start - sales.origin]
        rate = np.divide(
            sales.by_month, present, out=np.zeros_like(present), where=sales.covered & (present > 0)
        )
        return cls(
            sales.origin,
            sales.first,
            np.concatenate(([0.0], np.cumsum(rate))),
            np.concatenate(([0], np.cumsum(sales.covered))),
        )

    def between(self, first: int, end: int) -> tuple[FloatArray, BoolArray]:
        """Typical sales per unit of weight in first <= month < end, since each rep's first row,
        and whether enough of these months are known. Shapes (n,).
        """
        last = self.rate.size - 1
        high = min(end - self.origin, last)
        low = np.minimum(np.maximum(first, self.first) - self.origin, high).clip(0)
        enough = self.covered[high] - self.covered[low] >= ENOUGH * (end - first)
        return self.rate[high] - self.rate[low], enough


def believable(sales: Sales, weights: FloatArray) -> FloatArray:
    """Raise the weight of reps who sold far more than it lets one expect (see above).

    Expected of a rep here is the part of the company's sales since the rep's first row that the
    weight is of all weights: it stays defined where only reps of weight 0 sold anything.
    """
    so_far = np.concatenate(([0.0], np.cumsum(sales.by_month)))
    total = so_far[-1] - so_far[sales.first - sales.origin]
    asked = CLIP * sales.by_rep * weights.sum()
    least: FloatArray = np.divide(asked, total, out=np.zeros_like(asked), where=total > 0)
    return np.where(least > weights, least, weights)
