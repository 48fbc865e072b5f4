"""The first three cumulants of totals, and the shapes that have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from solver.probability import own_part
from solver.problem import BoolArray, FloatArray
from solver.risk.sales import Sales, markets
from solver.risk.shape import Shape

TOO_SKEWED: Final = 1.25
"""The third cumulant of the others' own parts, over the cube of the deviation that is left."""
_NORMAL: Final = 1e-9
"""A u below this makes no difference to a normal distribution that floats could tell."""


@dataclass(frozen=True, eq=False)
class Moments:
    """What the shapes of all totals (t,) are made from, by markets (k,) where it depends on them.

    The first rep of each is the one who adds most to its skewness, unless there is no other.
    """

    weight: FloatArray
    """(k,) of the markets."""
    growth: FloatArray
    """(k,) by which part they move whoever moves with all of the market."""
    away: FloatArray
    """(t, k) by how much they move the expected total."""
    variance: FloatArray
    third: FloatArray
    """(t,) of the own parts of all reps but the first, before the market moves them."""
    several: BoolArray
    """(t,) whether these are more than one."""
    first: FloatArray
    first_own: FloatArray
    """(t,) baseline and own sigma of the first rep."""

    @classmethod
    def of(cls, sales: Sales) -> Self:
        sigma = np.where(sales.known, sales.sigma, 0.0)
        own = own_part(sigma, sales.market_sigma)
        market, weight = markets(min(sales.market_sigma, float(sigma.max())))
        swing = np.expm1(own**2)
        variance, third = sales.baseline**2 * swing, sales.baseline**3 * swing**2 * (swing + 3)
        ends = [*zip(sales.first.tolist(), sales.last.tolist(), strict=True)]
        first = np.array([_first(third, *of) for of in ends])
        there = first >= 0
        others = [*zip(ends, first.tolist(), strict=True)]
        return cls(
            weight=weight,
            growth=np.expm1(sales.market_sigma * market - sales.market_sigma**2 / 2),
            away=_moved(sales, sigma, market),
            variance=np.array([_others(variance, *of) for of in others]),
            third=np.array([_others(third, *of) for of in others]),
            several=sales.last - sales.first > 2,
            first=np.where(there, sales.baseline[first], 0.0),
            first_own=np.where(there, own[first], 0.0),
        )

    @property
    def deviation(self) -> FloatArray:
        """(t,) the standard deviation of each total."""
        own = self.variance + self.first**2 * np.expm1(self.first_own**2)
        return np.sqrt(self._mean(self.away**2) + own * self._mean((1 + self.growth) ** 2))

    @property
    def told(self) -> BoolArray:
        """(t,) whether the shape of what is left of each total is near enough."""
        away = self.away - self.first[:, None] * self.growth
        left = self._mean(away**2) + self.variance * self._mean((1 + self.growth) ** 2)
        third = self.third * self._mean((1 + self.growth) ** 3)
        return ~(self.several & ~(third <= TOO_SKEWED * left**1.5))

    def shape(self, expected: FloatArray) -> Shape:
        """The totals by what the first rep sells: the market moves that as well."""
        year, weight = markets(0.0)
        more = self.first[:, None] * np.expm1(
            self.first_own[:, None] * year - self.first_own[:, None] ** 2 / 2
        )
        away, growth, up = self.away, self.growth, 1 + self.growth
        left, skew = self.variance[:, None] * up**2, self.third[:, None] * up**3
        variance = _powers(
            more, self._mean(away**2 + left), 2 * self._mean(away * growth), self._mean(growth**2)
        )
        third = _powers(
            more,
            self._mean(away**3 + 3 * away * left + skew),
            3 * self._mean((away**2 + left) * growth),
            3 * self._mean(away * growth**2),
            self._mean(growth**3),
        )
        deviation = np.sqrt(np.maximum(variance, 0.0))
        skewness = np.divide(third, deviation**3, out=np.zeros_like(third), where=deviation != 0)
        u = np.maximum(2 * np.sinh(np.arcsinh(skewness / 2) / 3), _NORMAL)
        return Shape(weight, expected[:, None] + more, deviation, u)

    def _mean(self, column: FloatArray) -> FloatArray:
        """Over the markets, which are the last axis."""
        return np.asarray(column @ self.weight)


def _first(third: FloatArray, first: int, last: int) -> int:
    """The rep who adds most to the skewness; -1 where there are not two to compare."""
    return first + int(third[first:last].argmax()) if last - first > 1 else -1


def _others(column: FloatArray, ends: tuple[int, int], first: int) -> float:
    """The sum of a column over all but the first, whose own may be larger by any measure."""
    start, end = ends
    if first < 0:
        return float(column[start:end].sum())
    return float(column[start:first].sum() + column[first + 1 : end].sum())


def _powers(value: FloatArray, *coefficient: FloatArray | float) -> FloatArray:
    """(t, e) the polynomial with these coefficients (t,), the constant one first."""
    total = np.zeros_like(value)
    for size in reversed(coefficient):
        total = total * value + np.asarray(size).reshape(-1, 1)
    return total


def _moved(sales: Sales, sigma: FloatArray, market: FloatArray) -> FloatArray:
    """(t, k) by how much each market moves the expected totals."""
    surer = sigma < sales.market_sigma
    common = sales.market_sigma * market - sales.market_sigma**2 / 2
    away = sales.sums(np.where(surer, 0.0, sales.baseline))[:, None] * np.expm1(common)
    if surer.any():
        amount = np.where(surer, sales.baseline, 0.0)
        for k, where in enumerate(market.tolist()):
            away[:, k] += sales.sums(amount * np.expm1(sigma * where - sigma**2 / 2))
    return away
