"""After the period: how far from their quotas people came out, and for whom it was further.

Attainment is compared by its logarithm, so that twice the quota and half of it are equally far.
Whoever sold less than 2 % of the quota counts as 2 %: nothing sold has no logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final, Self

import numpy as np

from solver.assess.association import CONFIDENCE, Comparison, Reason, correlation, difference
from solver.assess.inequality import Spread
from solver.assess.people import People
from solver.problem import FloatArray

FLOOR: Final = 0.02
LEAST: Final = 5
"""Groups of fewer reps get no verdict."""
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean of `n` values with its 95 % interval, which takes two values."""

    n: int
    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: FloatArray) -> Self:
        from scipy.special import stdtrit

        n = len(values)
        if n < 2:
            return cls(n, float(values[0]) if n else None)
        ordered = np.sort(values)
        mean, deviation = float(ordered.mean()), float(ordered.std(ddof=1))
        away = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * deviation / sqrt(n)
        return cls(n, mean, mean - away, mean + away)


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `n` reps, with the 95 % interval of Wilson (1927)."""

    n: int
    count: int
    share: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, count: int, n: int) -> Self:
        from scipy.special import ndtri

        if not n:
            return cls(0, 0, None)
        z, share = float(ndtri((1 + CONFIDENCE) / 2)), count / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        away = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return cls(n, count, share, min(share, middle - away), max(share, middle + away))


@dataclass(frozen=True, slots=True)
class Review:
    """What came of the quotas. Reps without sales told, or with a quota of 0, are left out."""

    n: int
    left_out: int
    floored: int
    """Who sold less than 2 % of the quota, and counts as 2 %."""
    attainment: Spread
    mean_abs_log: Mean
    """Mean of |ln attainment|: .10 is about 10 % away from the quota, to either side."""
    within_10: Share
    within_20: Share
    attaining: Share
    expected: float | None
    """The share that was expected to attain: mean probability, where everybody's is known."""
    comparisons: tuple[Comparison, ...]
    """Of ln attainment with what was so before the period, and of the best and the last fifth of
    the period before with all others."""

    def judged(self, comparisons: tuple[Comparison, ...]) -> Review:
        return replace(self, comparisons=comparisons)


def log_attainment(people: People) -> FloatArray:
    """(n,) ln(sales / quota), at least ln .02; nan where it is not known."""
    return np.log(np.maximum(people.attainment, FLOOR))


def review(people: People, traits: Sequence[str], *, seed: int) -> Review | None:
    """None where nobody's sales are known."""
    ratio = people.attainment
    known = ~np.isnan(ratio)
    if not known.any():
        return None
    n, log = int(known.sum()), log_attainment(people)
    near = np.abs(ratio[known] - 1)
    chance = people.probability[known]
    return Review(
        n=n,
        left_out=len(people) - n,
        floored=int(np.count_nonzero(ratio[known] < FLOOR)),
        attainment=Spread.of(ratio),
        mean_abs_log=Mean.of(np.abs(log[known])),
        within_10=Share.of(int(np.count_nonzero(near <= 0.1 + _ROUNDING)), n),
        within_20=Share.of(int(np.count_nonzero(near <= 0.2 + _ROUNDING)), n),
        attaining=Share.of(int(np.count_nonzero(attained(people))), n),
        expected=None if np.isnan(chance).any() else float(np.sort(chance).mean()),
        comparisons=(
            *(
                correlation("log_attainment", log, trait, getattr(people, trait), seed=seed)
                for trait in traits
            ),
            *_fifths(log, people.standing, seed),
        ),
    )


def attained(people: People) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(n,) who sold at least the quota; False where it is not known."""
    with np.errstate(invalid="ignore"):
        return np.asarray(people.attainment >= 1 - _ROUNDING, np.bool_)


def _fifths(log: FloatArray, standing: FloatArray, seed: int) -> list[Comparison]:
    """The best and the last fifth of the period before, each against everybody else.

    Reps at the edge of a fifth who did equally well belong to it together.
    """
    known = ~(np.isnan(log) | np.isnan(standing))
    values, order = log[known], np.sort(standing[known])
    fifth = len(order) // 5
    if fifth < LEAST:
        reason: Reason = "too_few" if len(order) else "unknown"
        return [
            Comparison("difference", "log_attainment", name, len(order), reason=reason)
            for name in ("top_fifth", "bottom_fifth")
        ]
    stood = standing[known]
    groups = {"top_fifth": stood >= order[-fifth], "bottom_fifth": stood <= order[fifth - 1]}
    return [
        difference("log_attainment", values, name, inside, seed=seed)
        for name, inside in groups.items()
    ]
