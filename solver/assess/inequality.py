"""How unevenly a figure is spread over the reps: quantiles, Gini, Jain, Theil.

They measure everybody there is, so they have no interval: nobody was left out by chance. Every
index is free of the currency: it is the same for values and for twice the values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from solver.fairness import gini, theil
from solver.problem import FloatArray, IntArray

type NoIndex = Literal["unknown", "negative", "all_zero"]


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of `n` reps from the lowest to the highest; None where nobody's is known."""

    n: int
    min: float | None = None
    low_quarter: float | None = None
    median: float | None = None
    high_quarter: float | None = None
    max: float | None = None
    mean: float | None = None
    deviation: float | None = None
    """Standard deviation over everybody: divided by n."""

    @classmethod
    def of(cls, values: FloatArray) -> Self:
        """Of a column (n,); nan is not known."""
        known = np.sort(values[~np.isnan(values)])  # sorted: no row order moves the last bit
        if not len(known):
            return cls(0)
        least, low, middle, high, most = np.quantile(known, (0, 0.25, 0.5, 0.75, 1)).tolist()
        mean, deviation = float(known.mean()), float(known.std())
        return cls(len(known), least, low, middle, high, most, mean, deviation)


@dataclass(frozen=True, slots=True)
class Inequality:
    """Indices of `n` values, None where undefined; `reason` says why."""

    n: int
    gini: float | None = None
    """Half the mean difference over the mean: 0 where all are equal, towards 1 where one has all"""
    jain: float | None = None
    """(sum x)^2 / (n sum x^2): 1 where all are equal, 1/n where one has all (Jain et al. 1984)"""
    theil: float | None = None
    """Theil's T: mean of x/mu ln(x/mu)"""
    between: float | None = None
    """The part of `theil` that is left if everybody had the mean of the own unit."""
    within: float | None = None
    """The other part: between + within = theil."""
    reason: NoIndex | None = None


def inequality(values: FloatArray, unit: IntArray) -> Inequality:
    """Of a column (n,), nan is not known; `unit` (n,) says who belongs together."""
    known = ~np.isnan(values)
    order = np.lexsort((values[known], unit[known]))
    x = values[known][order]
    n = len(x)
    if not n:
        return Inequality(0, reason="unknown")
    if x.min() < 0:
        return Inequality(n, reason="negative")
    if not x.max() > 0:
        return Inequality(n, reason="all_zero")
    x = x / x.max()  # squares of tiny amounts would vanish
    ascending = np.sort(x)
    between, within = _theil_parts(x, np.unique(unit[known][order], return_inverse=True)[1])
    return Inequality(
        n,
        gini=gini(ascending),
        jain=min(1.0, float(ascending.sum() ** 2 / (n * (ascending**2).sum()))),
        theil=theil(ascending),
        between=between,
        within=within,
    )


def _theil_parts(x: FloatArray, unit: IntArray) -> tuple[float, float]:
    """Theil 1967: shares of the units times the logarithms of how far they lie off, and the same
    inside them. `unit` counts from 0.
    """
    total, members = np.bincount(unit, x), np.bincount(unit)
    share = total / total.sum()
    mean = np.where(total > 0, total / members, 1.0)
    between = float((share * np.log(np.where(share > 0, mean / x.mean(), 1.0))).sum())
    ratio = np.where(x > 0, x / mean[unit], 1.0)
    within = float((x * np.log(ratio)).sum() / x.sum())
    return max(0.0, between), max(0.0, within)
