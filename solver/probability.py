"""How likely a quota is to be attained, when the uncertainty of the baseline is known.

Sales A of rep i are taken as log-normal with the baseline B as their mean:

    ln A_i = ln B_i - S_i^2 / 2 + m_i M + s_i e_i        S_i^2 = m_i^2 + s_i^2

M, the market, is one standard normal for everybody, e_i one of the rep's own. S is the `sigma` of
the rep: all of the uncertainty, the market's part included. m is the market's sigma, which is one
for the whole company. A rep who is surer than the market, S < m, moves with it by S and has
nothing of the own: a given sigma holds, and nobody can be surer than what all of them depend on
and yet depend on all of it.
"""

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
        chance = ndtr((np.log(baseline) - np.log(quota)) / sigma - sigma / 2)
    chance = np.where(quota <= 0, 1.0, chance)
    return np.where(np.isnan(sigma), np.nan, chance)


def quota_for_chance(chance: float, baseline: FloatArray, sigma: FloatArray) -> FloatArray:
    """The quota that is attained with this probability: B exp(-S^2 / 2 - Phi^-1(p) S), shape (n,).

    The inverse of `attainment_probability`: 0 for a chance of 1, infinite for a chance of 0 where
    anything is expected; nan where sigma is unknown.
    """
    from scipy.special import ndtri

    with np.errstate(divide="ignore", over="ignore", under="ignore"):
        away = np.exp(-(sigma**2) / 2 - ndtri(chance) * sigma)
    sold = baseline > 0  # nothing times infinity is no quota
    return np.where(sold, np.where(sold, baseline, 1.0) * away, np.where(np.isnan(sigma), away, 0))


def expected_excess(limit: FloatArray, baseline: FloatArray, sigma: FloatArray) -> FloatArray:
    """E[(sales - limit)+]: what is sold beyond a limit on average, shape (n,), minor units.

    B Phi(d + S) - limit Phi(d) with Phi(d) = P(sales >= limit), the partial expectation of a
    log-normal amount (Black and Scholes 1973, without interest). All of B for a limit of 0; nan
    where sigma is unknown.
    """
    from scipy.special import ndtr

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        away = (np.log(baseline) - np.log(limit)) / sigma - sigma / 2
        excess = np.maximum(baseline * ndtr(away + sigma) - limit * ndtr(away), 0.0)
    return np.where(np.isnan(sigma), np.nan, np.where(limit > 0, excess, baseline))


def market_part(sigma: FloatArray, market_sigma: float) -> FloatArray:
    """m: by how much each rep moves with the market, shape (n,); nan where sigma is unknown."""
    return np.minimum(sigma, market_sigma)


def own_part(sigma: FloatArray, market_sigma: float) -> FloatArray:
    """s: what is left of each sigma beside the market's part, shape (n,)."""
    common = market_part(sigma, market_sigma)
    return np.sqrt(sigma - common) * np.sqrt(sigma + common)


def chance_at(level: float) -> float:
    """P(sales >= quota) of everybody who stands at this level of `equal_probability`: Phi(-x)."""
    from scipy.special import ndtr

    return float(ndtr(-level))


def even_chance(baseline: FloatArray, sigma: FloatArray) -> FloatArray:
    """The quota that is attained with probability 1/2: the median B exp(-S^2 / 2), shape (n,)."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(baseline * np.exp(-(sigma**2) / 2))
