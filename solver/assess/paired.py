"""How sure a mean difference between two methods is, by drawing whole reps anew.

Windows of one rep are not independent, so that reps are drawn with all their windows (a cluster
bootstrap: Cameron, Gelbach & Miller, Review of Economics and Statistics 90, 2008). It does not
know of luck that all reps share, such as one year's crisis.

Of few reps such an interval is too narrow: in simulated companies it held the truth in 82 % of
cases with 5 reps, 89 % with 10, 92 % with 17. So it is widened around the mean by what Student's t
with as many degrees of freedom has over the normal distribution, and by sqrt(n / (n - 1)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from solver.assess.association import CONFIDENCE
from solver.assess.review import LEAST
from solver.problem import FloatArray, IntArray

DRAWS: Final = 2_000
_CELLS: Final = 2_000_000


def intervals[Key](
    differences: Mapping[Key, tuple[IntArray, FloatArray]], *, seed: int
) -> dict[Key, tuple[float, float]]:
    """95 % intervals of mean differences; of `LEAST` reps at least, others are left out.

    `differences`: the rep and the figure of each row, by whatever is compared. The same draws
    serve all of them. Percentiles of sums over numbers of rows, widened (see above).
    """
    enough = {key: found for key, found in differences.items() if len(np.unique(found[0])) >= LEAST}
    if not enough:
        return {}
    reps = np.unique(np.concatenate([rep for rep, _ in enough.values()]))
    columns = np.column_stack(
        [column for rep, figure in enough.values() for column in _by_rep(reps, rep, figure)]
    )
    drawn = np.concatenate([*_drawn_anew(columns, seed)])
    ends = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))
    answer = {}
    for key, total, count in zip(enough, drawn[:, ::2].T, drawn[:, 1::2].T, strict=True):
        low, high = np.percentile(total[count > 0] / count[count > 0], ends)
        rep, figure = enough[key]
        mean, wider = float(figure.mean()), _widening(len(np.unique(rep)))
        answer[key] = (mean - wider * (mean - float(low)), mean + wider * (float(high) - mean))
    return answer


def _widening(reps: int) -> float:
    from scipy.special import ndtri
    from scipy.stats import t

    end = (1 + CONFIDENCE) / 2
    return float(t.ppf(end, reps - 1) / ndtri(end) * np.sqrt(reps / (reps - 1)))


def _by_rep(reps: IntArray, rep: IntArray, figure: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The sum and the number of the figures of each of `reps`."""
    place = np.searchsorted(reps, rep)
    number = np.bincount(place, minlength=len(reps)).astype(np.float64)
    return np.bincount(place, figure, minlength=len(reps)), number


def _drawn_anew(columns: FloatArray, seed: int) -> Iterator[FloatArray]:
    """(draws, k) in parts: sums of the columns (reps, k) over reps drawn with replacement."""
    rng = np.random.default_rng(seed)
    reps, left = len(columns), DRAWS
    while left:
        size = min(left, max(1, _CELLS // reps))
        chosen = rng.integers(reps, size=(size, reps)) + reps * np.arange(size)[:, None]
        times = np.bincount(chosen.ravel(), minlength=size * reps).reshape(size, reps)
        yield times @ columns
        left -= size
