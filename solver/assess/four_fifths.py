"""The four-fifths ratio of shares attaining, and why it says little about few people.

The rule of thumb (29 CFR 1607.4 D) compares the lowest share with the highest: below .8 is a sign
of adverse impact. It alarms in about half of all cases where two groups of ten do equally well,
so its own rate of false alarms stands beside it, with Fisher's exact test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, exp, sqrt
from typing import Final

import numpy as np

from solver.assess.association import CONFIDENCE
from solver.problem import FloatArray

RATIO: Final = 0.8
_EDGE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FourFifths:
    """Of the group with the lowest share attaining and the one with the highest."""

    lowest: str
    highest: str
    ratio: float
    """Lowest share over the highest."""
    low: float | None
    high: float | None
    """95 % interval by Katz et al. (1978) of these two groups; None where nobody attained in one"""
    p: float
    """Fisher's exact test, two-sided, times the number of pairs that could have been these two."""
    p_adjusted: float | None
    false_alarms: float
    """How often some ratio of these groups would be below .8 if all attained equally often."""

    @property
    def alarm(self) -> bool:
        return self.ratio < RATIO - _EDGE


def four_fifths(attaining: Mapping[str, tuple[int, int]]) -> FourFifths | None:
    """From (attaining, reps) of each group; None for fewer than two groups or nobody attaining."""
    if len(attaining) < 2 or not any(count for count, _ in attaining.values()):
        return None
    by_share = sorted(attaining, key=lambda group: attaining[group][0] / attaining[group][1])
    lowest, highest = by_share[0], by_share[-1]
    (a, n), (b, m) = attaining[lowest], attaining[highest]
    ratio = (a / n) / (b / m)
    low, high = _interval(ratio, (a, n), (b, m))
    pooled = sum(count for count, _ in attaining.values()) / sum(n for _, n in attaining.values())
    sizes = [n for _, n in attaining.values()]
    return FourFifths(
        lowest=lowest,
        highest=highest,
        ratio=ratio,
        low=low,
        high=high,
        p=min(1.0, _fisher(a, n, b, m) * comb(len(attaining), 2)),
        p_adjusted=None,
        false_alarms=false_alarms(sizes, pooled),
    )


def false_alarms(sizes: list[int], share: float) -> float:
    """P(lowest share < .8 x highest) where everybody attains with the same probability, exactly.

    Over each rate r that the highest group can have: all groups lie in [.8 r, r], less those cases
    in which all lie below r.
    """
    rates = np.unique(np.round(np.concatenate([np.arange(1, n + 1) / n for n in sizes]), 12))
    up_to, below = np.ones(len(rates)), np.ones(len(rates))
    nobody = 1.0
    for n in sizes:
        under = _at_most(np.ceil(RATIO * rates * n - _EDGE) - 1, n, share)
        up_to *= _at_most(np.floor(rates * n + _EDGE), n, share) - under
        below *= np.maximum(_at_most(np.ceil(rates * n - _EDGE) - 1, n, share) - under, 0.0)
        nobody *= (1 - share) ** n
    return float(np.clip(1 - nobody - (up_to - below).sum(), 0.0, 1.0))


def _at_most(count: FloatArray, n: int, share: float) -> FloatArray:
    """P of at most so many of n, binomial."""
    from scipy.special import bdtr

    return np.where(count < 0, 0.0, bdtr(np.maximum(count, 0.0), n, share))


def _fisher(a: int, n: int, b: int, m: int) -> float:
    from scipy.stats import fisher_exact

    return float(fisher_exact([[a, n - a], [b, m - b]]).pvalue)


def _interval(
    ratio: float, own: tuple[int, int], other: tuple[int, int]
) -> tuple[float | None, float | None]:
    from scipy.special import ndtri

    (a, n), (b, m) = own, other
    if not (a and b):
        return None, None
    away = float(ndtri((1 + CONFIDENCE) / 2)) * sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return ratio * exp(-away), ratio * exp(away)
