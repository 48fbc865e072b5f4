"""Sales drawn at random around a plan: what the formulas of `solver.risk` are held against.

Nothing is solved again: the quotas stand, and years are drawn. Every draw is one market and one
year of each rep, by the model of `solver.probability`. The draws depend on the seed, the number of
reps and their ids alone: reps are drawn in the order of the hierarchy, so the order of input rows
does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.probability import market_part, own_part
from solver.problem import FloatArray
from solver.risk import LEAST_MARKET_SIGMA, PERCENTILES, Risk, Sales, TotalRisk

_AT_ONCE: Final = 2**21
"""Entries of the largest array: 16 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What happened in all draws."""

    risk: Risk
    """The same figures as the formulas give; none is too skewed to be counted."""
    attained: FloatArray
    """(n,) the share of draws in which each rep attained, in the problem's row order; nan where the
    sigma is unknown."""


def simulate(
    allocation: Allocation,
    *,
    draws: int,
    seed: int,
    market_sigma: float = LEAST_MARKET_SIGMA,
) -> Simulation | None:
    """Draw so many years of sales; None where no rep's sigma is known.

    A share of n draws has a standard error of sqrt(p (1 - p) / n). Takes memory for a few million
    amounts, whatever the number of reps, and for `draws` totals of each target.
    """
    sales = Sales.of(allocation, market_sigma)
    known = np.flatnonzero(sales.known)
    if not len(known):
        return None
    attained = np.zeros(len(known))
    share = np.empty(draws)
    total = np.empty((len(sales.target), draws))
    first, last = np.searchsorted(known, (sales.first, sales.last)).tolist()
    for drawn, amounts in _years(sales, draws, seed):
        reached = amounts >= sales.quota[known]
        attained += reached.sum(axis=0)
        share[drawn] = reached.mean(axis=1)
        for k, ends in enumerate(zip(first, last, strict=True)):
            total[k, drawn] = amounts[:, slice(*ends)].sum(axis=1)
    rows = np.full(len(sales.baseline), np.nan)
    rows[allocation.hierarchy.rep_row[known]] = attained / draws
    return Simulation(_risk(sales, share, total), rows)


def _years(sales: Sales, draws: int, seed: int) -> Iterator[tuple[slice, FloatArray]]:
    """Blocks of draws, (draws in the block, reps whose sigma is known)."""
    known = sales.known
    sigma, baseline = sales.sigma[known], sales.baseline[known]
    common, own = market_part(sigma, sales.market_sigma), own_part(sigma, sales.market_sigma)
    # One stream for markets and one for reps: how draws are cut into blocks changes nothing.
    markets, years = np.random.default_rng(seed).spawn(2)
    step = max(1, _AT_ONCE // len(sigma))
    for start in range(0, draws, step):
        drawn = slice(start, min(start + step, draws))
        amounts = years.standard_normal((drawn.stop - drawn.start, len(sigma)))
        amounts *= own
        amounts += markets.standard_normal((drawn.stop - drawn.start, 1)) * common
        amounts -= sigma**2 / 2
        np.exp(amounts, out=amounts)
        amounts *= baseline
        yield drawn, amounts


def _risk(sales: Sales, share: FloatArray, total: FloatArray) -> Risk:
    known = sales.sums(sales.known.astype(np.float64)).astype(np.int64).tolist()
    expected = sales.sums(sales.baseline).tolist()
    reps = (sales.last - sales.first).tolist()
    columns = sales.node.tolist(), sales.target.tolist(), reps, known, expected
    return Risk(
        market_sigma=sales.market_sigma,
        reps=len(sales.baseline),
        known=int(np.count_nonzero(sales.known)),
        attaining=float(share.mean()),
        attaining_deviation=float(share.std()),
        totals=tuple(
            _counted(TotalRisk(*row, None, None, None), total[k])
            for k, row in enumerate(zip(*columns, strict=True))
        ),
    )


def _counted(nothing: TotalRisk, total: FloatArray) -> TotalRisk:
    """The same with what was counted, where everybody's sigma is known."""
    if nothing.known < nothing.reps:
        return nothing
    low, middle, high = np.quantile(total, PERCENTILES).tolist()
    variation = float(total.std() / nothing.expected) if nothing.expected > 0 else None
    return TotalRisk(
        node=nothing.node,
        target=nothing.target,
        reps=nothing.reps,
        known=nothing.known,
        expected=nothing.expected,
        variation=variation,
        reaching=float((total >= nothing.target).mean()),
        percentiles=(low, middle, high),
    )
