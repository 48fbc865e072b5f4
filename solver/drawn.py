"""Figures counted in draws, and how far each may be from what endless draws would give.

Errors are standard errors: two figures in three lie within one of them, 19 in 20 within two. Draws
are independent of each other. Each formula is that of Kendall and Stuart, The Advanced Theory of
Statistics I (1977), chapter 10; for percentiles the error is half the width of the order statistics
that are one standard error of the share apart on either side, which asks for no density.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.problem import FloatArray


@dataclass(frozen=True, slots=True)
class Drawn:
    """A figure and its standard error, in the same unit."""

    value: float
    error: float


def error_of_share(share: FloatArray, draws: int) -> FloatArray:
    """sqrt(p (1 - p) / draws) of shares of any shape, with one draw more of either kind in p.

    So what never happened in 1,000 draws is not told to be impossible. nan stays nan.
    """
    likely = (share * draws + 1) / (draws + 2)
    return np.asarray(np.sqrt(likely * (1 - likely) / draws))


def drawn_share(share: float, draws: int) -> Drawn:
    """How often something happened."""
    return Drawn(share, float(error_of_share(np.array(share), draws)))


def drawn_mean(years: FloatArray) -> Drawn:
    """The mean of one figure a draw, (draws,)."""
    return Drawn(float(years.mean()), float(years.std() / np.sqrt(len(years))))


def drawn_deviation(years: FloatArray) -> Drawn:
    """Their standard deviation; its error is sqrt((m_4 - m_2^2) / (4 m_2 draws))."""
    square = (years - years.mean()) ** 2
    variance = float(square.mean())
    if variance == 0:
        return Drawn(0.0, 0.0)
    error = float(square.std() / (2 * np.sqrt(variance * len(years))))
    return Drawn(float(np.sqrt(variance)), error)


def drawn_percentiles(years: FloatArray, shares: tuple[float, ...]) -> tuple[Drawn, ...]:
    """What one figure a draw stays below in these shares (between 0 and 1) of all draws."""
    at = np.array(shares)
    away = np.sqrt(at * (1 - at) / len(years))
    ends = np.clip([at, at - away, at + away], 0, 1)
    value, low, high = np.quantile(years, ends.ravel()).reshape(ends.shape)
    pairs = zip(value.tolist(), ((high - low) / 2).tolist(), strict=True)
    return tuple(Drawn(middle, error) for middle, error in pairs)
