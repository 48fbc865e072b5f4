"""Is one figure of the reps higher where another one is? Two questions, one way to test them.

    correlation   Spearman's rho of two figures: Pearson's r of their ranks
    difference    the mean of some reps less the mean of the others: Pearson's r with who they are

The test of both asks how often chance alone, dealing the figures out to the reps anew, makes an r
at least as far from 0. All deals are tried where they are few, else a seeded sample of them that
counts the real one (Phipson & Smyth 2010), so that p is never too small. Beyond `DEALT` reps
Student's t stands in, but for groups of up to `FEW` among them: there one rep far off weighs too
much for t, and the members are drawn. Whoever asks several questions corrects p by Holm (1979).

Not being shown is not being absent: `detectable` is the smallest effect that a test with so many
reps finds in four of five cases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import batched, combinations, permutations
from math import atanh, comb, factorial, sqrt, tanh
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from solver.problem import BoolArray, FloatArray, IntArray

ALPHA: Final = 0.05
"""How often a report or an audit may find something where there is nothing."""
POWER: Final = 0.8
CONFIDENCE: Final = 0.95
DEALS: Final = 9_999
"""Deals that are drawn where all of them are too many."""
DEALT: Final = 400
"""Up to so many reps are dealt anew; beyond, r is as good as Student's t."""
FEW: Final = 200
"""Members of a group that are drawn instead, however many reps there are."""
_ALL: Final = 20_000
"""Up to so many deals, all are tried."""
_TIE: Final = 1e-7
"""Figures that differ by less than this part of themselves are the same one."""
_NOISE: Final = 1e-12
_CELLS: Final = 2_000_000

type Kind = Literal["correlation", "difference"]
type Reason = Literal["unknown", "too_few", "all_equal", "all_alike"]
"""Why nothing was tested: nobody's figures are known, too few are, everybody's measured figure is
the same, or the other one is."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One question put to the reps. All that is undefined is None, and `reason` says why."""

    kind: Kind
    measure: str
    """The figure that is compared."""
    against: str
    """The other figure, or the group that is compared with everybody else who is compared."""
    n: int
    inside: int | None = None
    """Reps of the group, of the `n`; None for a correlation."""
    effect: float | None = None
    """Spearman's rho, or the difference of the means."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the effect."""
    p: float | None = None
    """Two-sided, uncorrected."""
    p_adjusted: float | None = None
    """By Holm over all comparisons of the same answer."""
    detectable: float | None = None
    """The smallest effect, in absolute value, found in 80 % of cases by one test at 5 %."""
    reason: Reason | None = None

    def shown(self, alpha: float = ALPHA) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= alpha


def correlation(
    measure: str, values: FloatArray, against: str, other: FloatArray, *, seed: int
) -> Comparison:
    """Spearman's rho of two columns (n,), of the reps who have both; nan is not known."""
    known = ~(np.isnan(values) | np.isnan(other))
    n = int(known.sum())
    asked = Comparison("correlation", measure, against, n, detectable=detectable_rho(n))
    x, y = ranks(values[known]), ranks(other[known])
    if reason := _why_not(n, x, y, least=5):
        return replace(asked, reason=reason)
    rho = _pearson(x, y)
    low, high = _interval_of_rho(rho, n)
    return replace(asked, effect=rho, low=low, high=high, p=permutation_p(x, y, seed=seed))


def difference(
    measure: str, values: FloatArray, against: str, inside: BoolArray, *, seed: int
) -> Comparison:
    """Mean of `values` (n,) inside less the mean outside; no value may be nan."""
    n, count = len(values), int(inside.sum())
    asked = Comparison("difference", measure, against, n, inside=count)
    if reason := _why_not(min(count, n - count), ranks(values), inside.astype(float), least=2):
        return replace(asked, reason=reason)
    own, others = values[inside], values[~inside]
    effect = float(own.mean() - others.mean())
    low, high = _welch(own, others, effect)
    return replace(
        asked,
        effect=effect,
        low=low,
        high=high,
        p=permutation_p(values, inside.astype(float), seed=seed),
        detectable=_detectable_difference(own, others),
    )


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjusted p of all that were tested: Holm, Scandinavian Journal of Statistics 6, 1979."""
    tested = sorted((value, place) for place, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    largest = 0.0
    for done, (value, place) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - done) * value))
        adjusted[place] = largest
    return adjusted


def judged(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same with `p_adjusted`: together they are one family."""
    adjusted = holm([comparison.p for comparison in comparisons])
    return tuple(
        replace(comparison, p_adjusted=value)
        for comparison, value in zip(comparisons, adjusted, strict=True)
    )


def detectable_rho(n: int) -> float | None:
    """The smallest |rho| that n reps show in 80 % of cases at 5 %; None where no rho can be shown.

    By Fisher's z: tanh((1.96 + 0.84) / sqrt(n - 3)), which is .59 for 20 reps. Up to four reps not
    even a perfect order is rarer than 5 %.
    """
    if n < 4 or 2 / factorial(min(n, 20)) > ALPHA:
        return None
    return tanh(_both_quantiles() / sqrt(n - 3))


def ranks(values: FloatArray) -> FloatArray:
    """Average ranks (n,); figures that differ by noise alone share theirs."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    size = np.maximum(np.abs(ascending), np.median(np.abs(values)) if len(values) else 0.0)
    step = np.zeros(len(values), np.int64)
    step[1:] = np.cumsum(np.diff(ascending) > _TIE * size[1:])
    sharing = np.bincount(step)
    found = np.empty(len(values))
    found[order] = (np.cumsum(sharing) - (sharing - 1) / 2)[step]
    return found


def permutation_p(x: FloatArray, y: FloatArray, *, seed: int) -> float:
    """How often |r| is as large if `y` is dealt out to `x` anew. Both (n,), neither constant."""
    a, b = _standard(x), _standard(y)
    least = abs(float(a @ b)) - _NOISE
    if (every := _every_deal(y)) is not None:
        deals = as_large = 0
        for orders in every:
            deals += len(orders)
            as_large += int(np.count_nonzero(np.abs(b[orders] @ a) >= least))
        return as_large / deals
    rng, n = np.random.default_rng(seed), len(x)
    if (members := _few_members(y)) is not None:
        count = len(members)
        of_members = abs(float(a[members].sum())) - _NOISE
        return _sampled(lambda rows: a[_drawn(rng, rows, count, n)].sum(axis=1), of_members, count)
    if n > DEALT:
        return _student_p(float(a @ b), n)
    return _sampled(lambda rows: rng.permuted(np.tile(b, (rows, 1)), axis=1) @ a, least, n)


def _sampled(deal: Callable[[int], FloatArray], least: float, width: int) -> float:
    """The share of deals, the real one among them, whose statistic is at least as far from 0.

    `deal` makes the statistics of so many deals at once, each out of `width` figures.
    """
    as_large, left = 1, DEALS
    while left:
        rows = min(left, max(1, _CELLS // width))
        as_large += int(np.count_nonzero(np.abs(deal(rows)) >= least))
        left -= rows
    return as_large / (DEALS + 1)


def _few_members(y: FloatArray) -> IntArray | None:
    """Of many reps in two groups the smaller one, if it is small: its sum says what r says."""
    lower = y == y.min()
    if len(y) <= DEALT or np.any(y[~lower] != y.max()):
        return None
    few = min(np.flatnonzero(lower), np.flatnonzero(~lower), key=len)
    return few if len(few) <= FEW else None


def _drawn(rng: np.random.Generator, rows: int, members: int, n: int) -> NDArray[np.int32]:
    """So many members out of n in each row, every choice equally likely. Whoever is drawn twice is
    drawn again; that prefers nobody. Only rows with somebody drawn twice are sorted again, and
    short numbers sort quicker: together three times as quick.
    """
    found = np.sort(rng.integers(0, n, (rows, members)).astype(np.int32), axis=1)
    open_rows, drawn = np.arange(rows), found
    while True:
        again = drawn[:, 1:] == drawn[:, :-1]
        twice = again.any(axis=1)
        if not twice.any():
            return found
        open_rows, drawn, again = open_rows[twice], drawn[twice], again[twice]
        drawn[:, 1:][again] = rng.integers(0, n, np.count_nonzero(again))
        drawn.sort(axis=1)
        found[open_rows] = drawn


def _every_deal(y: FloatArray) -> Iterator[IntArray] | None:
    """Orders of y that make every different deal equally often, some at a time; None: too many."""
    n = len(y)
    if n > DEALT:
        return None
    first, second = np.flatnonzero(y == y.min()), np.flatnonzero(y > y.min())
    if len(np.unique(y)) == 2 and comb(n, len(second)) <= _ALL:
        return _deals_of_two(first, second)
    if factorial(min(n, 20)) <= _ALL:
        return iter([np.array(list(permutations(range(n))))])
    return None


def _deals_of_two(first: IntArray, second: IntArray) -> Iterator[IntArray]:
    n = len(first) + len(second)
    for places in batched(combinations(range(n), len(second)), 2_000):
        chosen = np.array(places)
        orders = np.full((len(chosen), n), first[0])
        np.put_along_axis(orders, chosen, second[0], axis=1)
        yield orders


def _student_p(r: float, n: int) -> float:
    from scipy.special import stdtr

    r = min(abs(r), 1 - _NOISE)
    return float(2 * stdtr(n - 2, -r * sqrt((n - 2) / (1 - r * r))))


def _standard(x: FloatArray) -> FloatArray:
    away = x - x.mean()
    return np.asarray(away / np.linalg.norm(away), np.float64)


def _pearson(x: FloatArray, y: FloatArray) -> float:
    return round(float(_standard(x) @ _standard(y)), 12)  # a perfect order is 1, to the last bit


def _interval_of_rho(rho: float, n: int) -> tuple[float, float]:
    """By Fisher's z with the variance of Bonett & Wright, Psychometrika 65, 2000.

    A perfect order has no z: it counts as half way to the next one, which swaps two neighbours.
    """
    most = 1 - 6 / (n * (n * n - 1))
    z = atanh(float(np.clip(rho, -most, most)))
    away = _quantile((1 + CONFIDENCE) / 2) * sqrt((1 + rho * rho / 2) / (n - 3))
    low, high = tanh(z - away), tanh(z + away)
    return min(low, rho), max(high, rho)


def _welch(own: FloatArray, others: FloatArray, effect: float) -> tuple[float | None, float | None]:
    """Interval of a difference of means, Welch 1947; none where neither side varies."""
    from scipy.special import stdtrit

    parts = [float(side.var(ddof=1)) / len(side) for side in (own, others)]
    variance = sum(parts)
    if not variance > 0:
        return None, None
    pairs = zip(parts, (own, others), strict=True)
    freedom = variance**2 / sum(part**2 / (len(side) - 1) for part, side in pairs)
    away = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * sqrt(variance)
    return effect - away, effect + away


def _detectable_difference(own: FloatArray, others: FloatArray) -> float:
    """As if both sides varied alike, by the normal distribution."""
    n, m = len(own), len(others)
    squares = sum(float(((side - side.mean()) ** 2).sum()) for side in (own, others))
    return _both_quantiles() * sqrt(squares / max(n + m - 2, 1) * (1 / n + 1 / m))


def _why_not(n: int, x: FloatArray, y: FloatArray, *, least: int) -> Reason | None:
    if n == 0:
        return "unknown"
    if n < least:
        return "too_few"
    if np.ptp(x) == 0:
        return "all_equal"
    return "all_alike" if np.ptp(y) == 0 else None


def _both_quantiles() -> float:
    return _quantile(1 - ALPHA / 2) + _quantile(POWER)


def _quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))
