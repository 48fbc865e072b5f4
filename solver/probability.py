"""How likely a quota is to be attained, when the uncertainty of the baseline is known."""

from __future__ import annotations

import numpy as np

from solver.problem import FloatArray


def attainment_probability(
    quota: FloatArray, baseline: FloatArray, sigma: FloatArray
) -> FloatArray:
    """P(sales >= quota) for log-normal sales whose mean is the baseline, shape (n,).

    P = Phi((ln(B / q) - S^2 / 2) / S), docs: `allocation.md` section 4. `sigma` is S, the log
    standard deviation; where it is unknown (nan) so is the answer. A quota of 0 is always
    attained, any other never by a rep who is expected to sell nothing.
    """
    from scipy.special import ndtr  # SciPy takes long to import, and few plans have a sigma

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        margin = np.log(baseline) - np.log(quota)
        chance = ndtr((margin - sigma**2 / 2) / sigma)
    chance = np.where(quota <= 0, 1.0, chance)
    return np.where(np.isnan(sigma), np.nan, chance)


def chance_at(level: float) -> float:
    """P(sales >= quota) of everybody who stands at this level of `equal_probability`: Phi(-x)."""
    from scipy.special import ndtr

    return float(ndtr(-level))


def even_chance(baseline: FloatArray, sigma: FloatArray) -> FloatArray:
    """The quota that is attained with probability 1/2: the median B exp(-S^2 / 2), shape (n,)."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(baseline * np.exp(-(sigma**2) / 2))
