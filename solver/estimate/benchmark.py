"""What a typical rep with the same potential sells: the peer benchmark.

    weight_i   = potential_i ^ beta;  without one: FTE_i x sum(weight) / sum(FTE) of those who have
                 one; where nobody has a potential above 0: FTE_i
    rate_m     = company's sales in month m / weights of the reps who were there
    typical_i  = weight_i x sum over a block's known months of rate_m x the rep's presence

Presence is 1 from the first month that counts on, less absences and the ramp (`availability`).

A potential so small that the rep sold more than 50 times what it lets one expect is not believed:
it is raised to that 50th (`CLIP`). Without this a zero potential would wipe out real sales.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.estimate.availability import Presence
from solver.estimate.evidence import Evidence
from solver.estimate.history import ENOUGH, Sales
from solver.problem import BoolArray, FloatArray, IntArray

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


def benchmark_weights(potential: FloatArray, fte: FloatArray, beta: float) -> FloatArray:
    """How the reps compare before their own sales are looked at. Shape (n,), >= 0.

    Their unit is that of the potentials, whatever beta is: only proportions matter.
    """
    known = ~np.isnan(potential)
    if not potential[known].sum() > 0:
        return fte.copy()
    mean = float(potential[known].mean())
    weight = potential if beta == 1 else mean * (potential / mean) ** beta
    return np.where(known, weight, fte * (weight[known].sum() / fte[known].sum()))


@dataclass(frozen=True, slots=True, eq=False)
class Typical:
    """What typical reps sold per unit of benchmark weight, summed up from the oldest month on."""

    origin: int
    there: Presence
    rate: FloatArray
    """Of each month from `origin` to the start."""
    known: BoolArray
    so_far: FloatArray
    known_so_far: IntArray
    """Running totals of both before each month. Shape (months + 1,)."""

    @classmethod
    def of(cls, sales: Sales, there: Presence, weights: FloatArray) -> Typical:
        present = present_weight(sales, there, weights)
        rate = np.divide(
            sales.by_month, present, out=np.zeros_like(present), where=sales.covered & (present > 0)
        )
        return cls(
            sales.origin,
            there,
            rate,
            sales.covered,
            np.concatenate(([0.0], np.cumsum(rate))),
            np.concatenate(([0], np.cumsum(sales.covered))),
        )

    def between(self, first: int, end: int) -> tuple[FloatArray, BoolArray]:
        """Typical sales per unit of weight in first <= month < end, as far as each rep was there,
        and whether enough of these months are known. Shapes (n,).
        """
        start = self.there.first
        high = min(end - self.origin, len(self.rate))
        low = np.minimum(np.maximum(first, start) - self.origin, high).clip(0)
        typical = self.so_far[high] - self.so_far[low]
        months = (self.known_so_far[high] - self.known_so_far[low]).astype(np.float64)
        rep, month, missing = self.there.between(first, end)
        at = month - self.origin
        typical = typical - np.bincount(rep, self.rate[at] * missing, minlength=len(start))
        months -= np.bincount(rep, self.known[at] * missing, minlength=len(start))
        return typical, months >= ENOUGH * (end - first) - _ROUNDING


_ROUNDING: Final = 1e-9
"""Parts of months that add up to a quarter of a block do so to this precision."""


def present_weight(sales: Sales, there: Presence, weights: FloatArray) -> FloatArray:
    """The weights of the reps who were there, by month from `sales.origin` to the start."""
    months = sales.start - sales.origin
    started = np.cumsum(np.bincount(there.first - sales.origin, weights, months + 1))[:months]
    missing = np.bincount(
        there.month - sales.origin, weights[there.rep] * there.missing, minlength=months
    )
    present = started - missing
    return np.where(present > _ROUNDING * started, present, 0.0)


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
