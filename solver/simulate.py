"""Sales drawn at random around a plan: what the formulas of `solver.risk` are held against.

Nothing is solved again: the quotas stand, and years are drawn. Every draw is one market and one
year of each rep, by the model of `solver.probability`. The draws depend on the seed, the number of
reps and their ids alone: reps are drawn in the order of the hierarchy, so the order of input rows
does not matter. With a pay curve each year pays out what the curve says of it; drawing is not
changed by that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.pay import PayCurve, attainment_of
from solver.probability import market_part, own_part
from solver.problem import FloatArray, IntArray
from solver.risk import LEAST_MARKET_SIGMA, PERCENTILES, Risk, Sales, TotalRisk
from solver.watch import Watch

_AT_ONCE: Final = 2**21
"""Entries of the largest array: 16 MB."""
_NEAR: Final = 2**18
"""Of those that several passes go over: 2 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class TargetPay:
    """What reps are paid for their quotas, and how it rises and falls with what they sell."""

    curve: PayCurve
    amount: FloatArray
    """(n,) for an attainment of 1, in minor units and the problem's row order; nan: not stated."""


@dataclass(frozen=True, slots=True, eq=False)
class PaidOut:
    """What was paid in all draws. Columns of reps are in the problem's row order."""

    mean: FloatArray
    """(n,) over target pay; nan where the sigma is unknown."""
    deviation: FloatArray
    """(n,) standard deviation over the draws, of the same."""
    total: FloatArray
    """(draws,) minor units, of all reps with a sigma whose amount is stated."""


@dataclass(frozen=True, slots=True, eq=False)
class Simulation:
    """What happened in all draws."""

    risk: Risk
    """The same figures as the formulas give; none is too skewed to be counted."""
    attained: FloatArray
    """(n,) the share of draws in which each rep attained, in the problem's row order; nan where the
    sigma is unknown."""
    share: FloatArray
    """(draws,) of the reps with a sigma who attained."""
    total: FloatArray
    """(t, draws) what was sold under each of `risk.totals` by reps with a sigma, minor units."""
    pay: PaidOut | None
    """None without a pay curve."""


_NOBODY_WATCHES: Final = Watch()


def simulate(
    allocation: Allocation,
    *,
    draws: int,
    seed: int,
    market_sigma: float = LEAST_MARKET_SIGMA,
    pay: TargetPay | None = None,
    watch: Watch = _NOBODY_WATCHES,
) -> Simulation | None:
    """Draw so many years of sales; None where no rep's sigma is known.

    A share of n draws has a standard error of sqrt(p (1 - p) / n); `solver.drawn` tells those of
    other figures. Takes memory for a few million amounts, whatever the number of reps, and for
    `draws` totals of each target. Raises `TimeIsUp` and `SolveStopped` as `watch` has it.
    """
    sales = Sales.of(allocation, market_sigma)
    known = np.flatnonzero(sales.known)
    if not len(known):
        return None
    row = allocation.hierarchy.rep_row[known]
    quota = sales.quota[known]
    till = None if pay is None else _Till.of(pay, quota, row, draws)
    attained = np.zeros(len(known))
    share = np.empty(draws)
    total = np.empty((len(sales.target), draws))
    first, last = np.searchsorted(known, (sales.first, sales.last)).tolist()
    for drawn, amounts in _years(sales, draws, seed):
        watch.look()
        reached = amounts >= quota
        attained += reached.sum(axis=0)
        share[drawn] = reached.mean(axis=1)
        for k, ends in enumerate(zip(first, last, strict=True)):
            total[k, drawn] = amounts[:, slice(*ends)].sum(axis=1)
        if till is not None:
            till.pay(drawn, amounts)
    rows = np.full(len(sales.baseline), np.nan)
    rows[row] = attained / draws
    paid = None if till is None else till.counted(row, len(rows))
    return Simulation(_risk(sales, share, total), rows, share, total, paid)


@dataclass(frozen=True, slots=True, eq=False)
class _Till:
    """Counts what is paid, block by block, to the reps whose sigma is known."""

    curve: PayCurve
    quota: FloatArray
    amount: FloatArray
    """0 where it is not stated."""
    sums: FloatArray
    """(2, reps) of what is paid over the target pay, and of its squares."""
    total: FloatArray

    @classmethod
    def of(cls, pay: TargetPay, quota: FloatArray, row: IntArray, draws: int) -> _Till:
        amount = np.nan_to_num(pay.amount[row])
        return cls(pay.curve, quota, amount, np.zeros((2, len(quota))), np.empty(draws))

    def pay(self, drawn: slice, amounts: FloatArray) -> None:
        """A few draws at a time: what stays near the processor takes half the time."""
        step = max(1, _NEAR // len(self.quota))
        for start in range(0, len(amounts), step):
            sold = amounts[start : start + step]
            years = slice(drawn.start + start, drawn.start + start + len(sold))
            paid = self.curve.at(attainment_of(sold, self.quota))
            self.sums[0] += paid.sum(axis=0)
            self.total[years] = (paid * self.amount).sum(axis=1)
            self.sums[1] += np.square(paid, out=paid).sum(axis=0)

    def counted(self, row: IntArray, reps: int) -> PaidOut:
        mean, square = self.sums / len(self.total)
        columns = np.full((2, reps), np.nan)
        columns[:, row] = mean, np.sqrt(np.maximum(square - mean**2, 0.0))
        return PaidOut(columns[0], columns[1], self.total)


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
