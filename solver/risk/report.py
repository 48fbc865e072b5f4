"""The risk of a plan, figure by figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.probability import market_part, own_part
from solver.risk.moments import Moments
from solver.risk.sales import LEAST_MARKET_SIGMA, Sales, markets

_AT_ONCE: Final = 1_000_000
"""Entries of the largest array: 8 MB."""


@dataclass(frozen=True, slots=True)
class TotalRisk:
    """One target and what is sold under it, in minor units. Above all this is about sales: quotas
    do not come into it.

    Figures are None where some rep below has no sigma, and what follows from the shape of the
    distribution also where several reps decide it whose sales swing too widely (`TOO_SKEWED`).
    """

    node: int
    """Of the hierarchy; 0 is the company."""
    target: int
    """Before over-assignment."""
    reps: int
    known: int
    """How many of them have a sigma."""
    expected: float
    """The sum of the baselines."""
    variation: float | None
    """Standard deviation over expected; None also where nothing is expected."""
    reaching: float | None
    """P(sales >= target)."""
    percentiles: tuple[float, float, float] | None
    """What is sold at least with probability .9, .5 and .1: the percentiles 10, 50 and 90."""


@dataclass(frozen=True, slots=True)
class Risk:
    """What the uncertainty of sales does to one plan."""

    market_sigma: float
    reps: int
    known: int
    """How many have a sigma; the next two rest on them alone."""
    attaining: float
    """Their expected share that attains its quota: the mean of P(sales >= quota)."""
    attaining_deviation: float
    """The standard deviation of that share. Whom one market moves attain or miss together."""
    totals: tuple[TotalRisk, ...]
    """The company's and one for each unit with a target, parents first."""


def risk(allocation: Allocation, market_sigma: float = LEAST_MARKET_SIGMA) -> Risk | None:
    """The risk of a plan; None where no rep's sigma is known.

    `market_sigma` (above 0) is the log standard deviation that is common to everybody's sales.
    Nothing is solved; the time is that of 200 passes over the reps.
    """
    sales = Sales.of(allocation, market_sigma)
    known = int(np.count_nonzero(sales.known))
    if not known:
        return None
    chance = allocation.attainment_probability[allocation.hierarchy.rep_row][sales.known]
    return Risk(
        market_sigma=market_sigma,
        reps=len(sales.baseline),
        known=known,
        attaining=float(chance.mean()),
        attaining_deviation=_deviation_of_share(sales),
        totals=tuple(_totals(sales)),
    )


def _deviation_of_share(sales: Sales) -> float:
    """Given the market, reps attain or miss each for themselves."""
    from scipy.special import ndtr

    known = sales.known
    sigma, quota = sales.sigma[known], sales.quota[known]
    common = market_part(sigma, sales.market_sigma)[:, None]
    own = own_part(sigma, sales.market_sigma)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        ahead = np.log(sales.baseline[known]) - np.log(quota) - sigma**2 / 2
    ahead = np.where(quota > 0, ahead, np.inf)[:, None]
    market, weight = markets(0.0)
    mean, left = np.empty_like(market), np.empty_like(market)
    step = max(1, _AT_ONCE // len(sigma))
    for start in range(0, len(market), step):
        part = slice(start, start + step)
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = ndtr((ahead + common * market[part]) / own)
        chance[np.isnan(chance)] = 1.0  # no own part, and sales are the quota itself
        mean[part] = chance.mean(axis=0)
        left[part] = (chance * (1 - chance)).sum(axis=0)
    spread = weight @ (mean - weight @ mean) ** 2 + (weight @ left) / len(sigma) ** 2
    return float(np.sqrt(spread))


def _totals(sales: Sales) -> list[TotalRisk]:
    known = sales.sums(sales.known.astype(np.float64)).astype(np.int64)
    expected = sales.sums(sales.baseline)
    with np.errstate(all="ignore"):  # what is too large for a number is not told
        moments = Moments.of(sales)
        variation = np.where(expected > 0, moments.deviation / expected, np.nan)
        shape = moments.shape(expected)
        reaching = shape.above(sales.target.astype(np.float64))
        percentiles = shape.percentiles()
    rows = zip(
        sales.node.tolist(), sales.target.tolist(), (sales.last - sales.first).tolist(),
        known.tolist(), expected.tolist(), variation.tolist(), moments.told.tolist(),
        reaching.tolist(), percentiles.T.tolist(), strict=True,
    )  # fmt: skip
    return [
        TotalRisk(
            node=node,
            target=target,
            reps=reps,
            known=sure,
            expected=mean,
            variation=_finite(swing) if sure == reps else None,
            reaching=_finite(chance) if sure == reps and tells else None,
            percentiles=_all_finite(ends) if sure == reps and tells else None,
        )
        for node, target, reps, sure, mean, swing, tells, chance, ends in rows
    ]


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _all_finite(values: list[float]) -> tuple[float, float, float] | None:
    low, middle, high = values
    return (low, middle, high) if np.isfinite(values).all() else None
