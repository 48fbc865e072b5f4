"""How uncertain sales are, by the errors that the same estimate would have made before.

    s_i^2     = (sum of rep i's squared one-step errors + 4 pooled^2) / (their number + 4)
    market^2  = (sum of the total's squared one-step errors + 4 x .05^2) / (their number + 4)
    sigma_i^2 = market^2 + s_i^2

Errors are in logs: of a rep's r for s_i, of the company's total by the rule of the last twelve
months for the market, which is at least .05. With fewer than ten errors of reps nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.estimate.company import Series
from solver.estimate.learning import LEAST_PAIRS, Pairs
from solver.problem import BoolArray, FloatArray

LEAST_MARKET: Final = 0.05
PRIOR_ERRORS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Uncertainty:
    sigma: FloatArray
    """Log standard deviation of each rep's sales around the baseline, (n,); nan: not known."""
    pooled: float | None
    """Root mean square of all one-step errors of reps; None where there are too few."""
    market: float
    market_errors: int


def uncertainty(
    pairs: Pairs, residual: FloatArray, has_history: BoolArray, series: Series, length: int
) -> Uncertainty:
    """Of reps with history; `residual` (p,) are the one-step errors of `pairs`."""
    errors = series.one_step_errors(length)
    market = _credible(float(errors @ errors), len(errors), LEAST_MARKET**2)
    market = max(LEAST_MARKET, float(np.sqrt(market)))
    unknown = np.full(len(has_history), np.nan)
    if len(pairs) < LEAST_PAIRS:
        return Uncertainty(unknown, None, market, len(errors))
    pooled = float(np.mean(residual**2))
    own = np.bincount(pairs.rep, residual**2, minlength=len(has_history))
    count = np.bincount(pairs.rep, minlength=len(has_history))
    square = (own + PRIOR_ERRORS * pooled) / (count + PRIOR_ERRORS)
    sigma = np.where(has_history, np.sqrt(market**2 + square), np.nan)
    return Uncertainty(sigma, float(np.sqrt(pooled)), market, len(errors))


def _credible(squares: float, count: int, prior: float) -> float:
    return (squares + PRIOR_ERRORS * prior) / (count + PRIOR_ERRORS)
