"""What the company's own history teaches: how potential, and the own past, tell the next period.

    beta    sales_i ~ Poisson(exposure_i x potential_i ^ beta), by statsmodels, with the dispersion
            of the data; shrunk to N(1, .5^2) by its standard error
    rho     older r on newer r, shrunk to .95
    w       r of a block on r of the ages before it (one step ahead, all reps and blocks pooled):
            Huber's loss, a ridge towards the prior weights, w >= 0, sum <= 1, w1 <= .70, by
            scipy.optimize.nnls
    theta   whether reps below what their potential allows then gained on the others

Strength 20 means: the prior counts like a measurement of each weight with a standard error of
1 / sqrt(20) = .22 times the noise of one r. The cap of .70 on the last period keeps a single good
year from becoming the whole of next year's expectation (the ratchet). It does so from four blocks
on: with fewer the older ages follow the newest one, which then counts w1 + rho w3 or more. (Where
they follow the age before them instead, Iowa's years have 5 % more error, its quarters 1.5 %.)

The one-step history is short or long; below `LEAST_PAIRS` the prior weights stand.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.estimate.availability import Presence
from solver.estimate.benchmark import present_weight
from solver.estimate.credibility import RHO, Weights, by_age
from solver.estimate.history import Sales
from solver.estimate.reach import THETA
from solver.problem import BoolArray, FloatArray, IntArray

BETA: Final = 1.0
BETA_SD: Final = 0.5
"""Sales grow like potential ^ beta; what is known of beta before the company's own history."""
LARGEST_BETA: Final = 2.0
STRENGTH: Final = 20.0
RATCHET_CAP: Final = 0.70
LEAST_REPS: Final = 10
"""Reps with potential and sales from which beta is learned."""
LEAST_PAIRS: Final = 10
"""Pairs of a block and the ones before it from which weights are learned."""
LEAST_PAIRS_OF_TEST: Final = 30
ORIGINS: Final = 12
"""The newest blocks that are predicted; older ones only explain."""
ONE_SIDED_5_PERCENT: Final = 1.645
_HUBER: Final = 1.345
MAD: Final = 1.4826


@dataclass(frozen=True, slots=True)
class Learned[T]:
    """A parameter, and from how many observations it was learned; 0: it is the prior."""

    value: T
    observations: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """One-step history: what each block said of the next. Columns of shape (p,)."""

    rep: IntArray
    ages: FloatArray
    """(p, 3) r of the ages before the block, as the estimate would have seen them then."""
    outcome: FloatArray
    """r of the block itself."""

    def __len__(self) -> int:
        return len(self.rep)

    @classmethod
    def of(cls, blocks: FloatArray, rho: float) -> Pairs:
        """From log indices of shape (blocks, n), newest first, nan where unknown."""
        known = ~np.isnan(blocks)
        rep, ages, outcome = [np.zeros(0, np.int64)], [np.zeros((0, 3))], [np.zeros(0)]
        for b in range(min(ORIGINS, len(blocks) - 1)):
            rows = np.flatnonzero(known[b] & known[b + 1 :].any(axis=0))
            rep.append(rows)
            ages.append(by_age(blocks[b + 1 :, rows], rho))
            outcome.append(blocks[b, rows])
        return cls(np.concatenate(rep), np.concatenate(ages), np.concatenate(outcome))

    def of_reps(self, chosen: BoolArray) -> Pairs:
        """Those of the chosen reps, shape (n,)."""
        rows = chosen[self.rep]
        return Pairs(self.rep[rows], self.ages[rows], self.outcome[rows])


def learn_beta(sales: Sales, there: Presence, potential: FloatArray) -> Learned[float]:
    """How sales grow with potential (see above); the prior, 1, where too few reps tell."""
    sold = np.maximum(sales.by_rep, 0.0)
    exposure = _exposure(sales, there)
    use = (potential > 0) & (exposure > 0)  # nan is not above 0
    if np.count_nonzero(use & (sold > 0)) < LEAST_REPS:
        return Learned(BETA)
    size = np.log(potential[use])
    size -= size.mean()
    if size.std() < 1e-6:
        return Learned(BETA)
    found = _poisson_slope(sold[use] / sold[use].mean(), size, exposure[use])
    if found is None:
        return Learned(BETA)
    slope, error = found
    trust = BETA_SD**2 / (BETA_SD**2 + error**2)
    beta = float(np.clip(trust * slope + (1 - trust) * BETA, 0.0, LARGEST_BETA))
    return Learned(beta, int(np.count_nonzero(use)))


def _exposure(sales: Sales, there: Presence) -> FloatArray:
    """What the average rep present sold while each rep was there. Shape (n,)."""
    months = sales.start - sales.origin
    heads = present_weight(sales, there, np.ones(sales.reps))
    mean = np.divide(sales.by_month, heads, out=np.zeros(months), where=heads > 0)
    so_far = np.concatenate(([0.0], np.cumsum(mean)))
    whole = so_far[-1] - so_far[there.first - sales.origin]
    missing = mean[there.month - sales.origin] * there.missing
    return np.asarray(whole - np.bincount(there.rep, missing, minlength=sales.reps))


def _poisson_slope(
    sold: FloatArray, size: FloatArray, exposure: FloatArray
) -> tuple[float, float] | None:
    """Slope of log sales on `size` and its standard error; None where the fit fails."""
    from statsmodels.genmod.families import Poisson  # takes seconds to import
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    # Once for the process and for good: a filter that comes and goes is everybody's, and other
    # requests run beside this one.
    warnings.simplefilter("ignore", PerfectSeparationWarning)
    design = np.column_stack((np.ones_like(size), size))
    try:
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            model = GLM(sold, design, family=Poisson(), offset=np.log(exposure / exposure.mean()))
            fit = model.fit(scale="X2", maxiter=50)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    if np.abs(fit.mu - sold).max() < _PERFECT:
        return None
    slope, error = float(fit.params[1]), float(fit.bse[1])
    return (slope, error) if fit.converged and np.isfinite([slope, error]).all() else None


_PERFECT: Final = 1e-8
"""Sales that a fit tells to this part of their mean leave no errors to tell its own by."""


def learn_rho(blocks: FloatArray) -> Learned[float]:
    """How much of a newer r the block before it had, pooled; between 0 and 1."""
    newer, older = blocks[:-1][: ORIGINS + 1], blocks[1:][: ORIGINS + 1]
    both = ~np.isnan(newer) & ~np.isnan(older)
    x, y = newer[both], older[both]
    if len(x) < LEAST_PAIRS or not x.any():
        return Learned(RHO)
    scale = _scale(y - RHO * x, x)
    square = float(x @ x)
    ridge = STRENGTH * scale**2
    rho = (float(x @ y) + ridge * RHO) / (square + ridge)
    return Learned(float(np.clip(rho, 0.0, 1.0)), len(x))


def learn_weights(pairs: Pairs, prior: Weights) -> Learned[Weights]:
    """The weights of the three ages (see above); the prior where the history is too short."""
    ages, outcome = pairs.ages, pairs.outcome
    if len(pairs) < LEAST_PAIRS or not ages.any():
        return Learned(prior)
    start = np.array(prior)
    noise = _scale(outcome - ages @ start, ages)
    found = _fitted(ages, outcome, np.ones(len(pairs)), noise, start)
    noise = _scale(outcome - ages @ found, ages)
    for _ in range(_ROUNDS):  # Huber's loss by weights that are found again each time
        before = found
        residual = np.abs(outcome - ages @ found)
        trust = np.minimum(1.0, _HUBER * noise / np.maximum(residual, _HUBER * noise))
        found = _fitted(ages, outcome, trust, noise, start)
        if np.abs(found - before).max() < _SETTLED:
            break
    first, second, third = found.tolist()
    return Learned((first, second, third), len(pairs))


_ROUNDS: Final = 50
_SETTLED: Final = 1e-10


def _scale(residual: FloatArray, size: FloatArray) -> float:
    """Robust noise of one r; a perfect fit leaves a little, so that the prior decides ties."""
    spread = MAD * float(np.median(np.abs(residual)))
    return max(spread, 1e-4 * float(np.sqrt(np.mean(size**2))))


def _fitted(
    ages: FloatArray, outcome: FloatArray, trust: FloatArray, noise: float, prior: FloatArray
) -> FloatArray:
    """Least squares with a ridge to the prior, under w >= 0, sum <= 1 and the ratchet cap."""
    ridge = STRENGTH * noise**2
    square = ages.T @ (ages * trust[:, None]) + ridge * np.eye(3)
    right = ages.T @ (trust * outcome) + ridge * prior
    found = _on_simplex(square, right, 1.0)
    if found[0] > RATCHET_CAP:  # the problem is convex: then its optimum lies on the cap
        others = _on_simplex(
            square[1:, 1:], right[1:] - RATCHET_CAP * square[1:, 0], 1 - RATCHET_CAP
        )
        found = np.concatenate(([RATCHET_CAP], others))
    return found


def _on_simplex(square: FloatArray, right: FloatArray, total: float) -> FloatArray:
    """Minimum of w'Sw / 2 - r'w over w >= 0, sum w <= total, as a problem for NNLS."""
    from scipy.optimize import nnls

    square, right = square / square.max(), right / square.max()
    root = np.linalg.cholesky(square).T
    count = len(right)
    rows = np.zeros((count + 1, count + 1))
    rows[:count, :count] = root
    rows[count] = _FIRM  # w1 + w2 + w3 + slack = total
    found = nnls(rows, np.append(np.linalg.solve(root.T, right), _FIRM * total))[0][:count]
    return np.asarray(found * min(1.0, total / max(float(found.sum()), 1e-300)))


_FIRM: Final = 1e4
"""The weight of the row that keeps the sum; the rest of its error is scaled away."""


@dataclass(frozen=True, slots=True)
class HeadroomTest:
    """Whether reps below what their potential allows gain on the others later."""

    theta: float
    observations: int = 0
    """0: not tested, there is too little history."""
    t: float | None = None


def headroom_effect(pairs: Pairs, residual: FloatArray, top: float | None) -> HeadroomTest:
    """One-sided test of one-step residuals on headroom, the rows of one rep taken together.

    Headroom is (ln top - r^)+, r^ being what was expected then: outcome - residual.
    """
    if top is None or len(pairs) < LEAST_PAIRS_OF_TEST:
        return HeadroomTest(THETA)
    room = np.maximum(np.log(top) - (pairs.outcome - residual), 0.0)
    room -= room.mean()
    square = float(room @ room)
    if square < 1e-9 * len(pairs):
        return HeadroomTest(THETA)
    slope = float(room @ residual) / square
    left = residual - residual.mean() - slope * room
    of_reps = np.bincount(pairs.rep, room * left)
    error = float(np.sqrt(of_reps @ of_reps)) / square
    t = slope / error if error > 0 else 0.0
    return HeadroomTest(THETA if t > ONE_SIDED_5_PERCENT else 0.0, len(pairs), t)
