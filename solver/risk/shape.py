"""The distribution of totals that are shifted log-normal, once something else is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.problem import FloatArray

PERCENTILES: Final = (0.1, 0.5, 0.9)
_HALVINGS: Final = 60
"""Of the range that a percentile is looked for in: all digits that a float has."""


@dataclass(frozen=True, eq=False)
class Shape:
    """Totals (t, e) in the years e of their first reps, each shifted log-normal: mean + sd (exp(w Z
    - w^2 / 2) - 1) / u.

    u, the coefficient of variation above the shift, has the skewness u^3 + 3 u, and w^2 = ln(1 +
    u^2). As u falls to 0 this becomes normal.
    """

    weight: FloatArray
    """(e,)"""
    mean: FloatArray
    deviation: FloatArray
    u: FloatArray

    def above(self, amount: FloatArray) -> FloatArray:
        """P(total >= amount), for amounts (…, t)."""
        from scipy.special import ndtr

        width, sure = self._width, self.deviation == 0
        away = (amount[..., None] - self.mean) * self.u / np.where(sure, 1.0, self.deviation)
        chance = ndtr(-(np.log1p(np.maximum(away, -1.0)) / width + width / 2))
        chance = np.where(sure, self.mean >= amount[..., None], chance)
        return np.where(amount <= 0, 1.0, chance @ self.weight)

    def percentiles(self) -> FloatArray:
        """(3, t) what totals stay below with the probabilities of `PERCENTILES`; never below 0."""
        from scipy.special import ndtri

        share = np.array(PERCENTILES)[:, None]
        away = np.expm1(self._width * ndtri(share)[..., None] - self._width**2 / 2) / self.u
        each = np.maximum(self.mean + self.deviation * away, 0.0)
        low, high = each.min(axis=-1), each.max(axis=-1)
        for _ in range(_HALVINGS):
            middle = low + (high - low) / 2
            below = self.above(middle) > 1 - share
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return high

    @cached_property
    def _width(self) -> FloatArray:
        return np.sqrt(np.log1p(self.u**2))
