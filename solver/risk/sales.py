"""The sales that a plan counts on, and the markets that integrals run over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.hierarchy import slice_sums
from solver.problem import NOT_SET, BoolArray, FloatArray, IntArray

LEAST_MARKET_SIGMA: Final = 0.05
"""Nobody knows a whole market better than to 5 % a year: the least that is estimated, and what is
taken where nothing is known of it."""
_STEP: Final = 0.1
_FAR: Final = 10.0
"""Standard deviations of the market beyond which nothing happens,"""
_STEEP: Final = 15.0
"""and the largest sigma whose third moment is a number."""
_WILDEST: Final = 1e100
"""A sigma beyond this has no square that would be a number, and its chances are the same."""


@dataclass(frozen=True, eq=False)
class Sales:
    """The reps of a plan in the order of its hierarchy, shape (n,), and the targets (t,) over them:
    reps first[k] <= i < last[k] sell for target k.
    """

    baseline: FloatArray
    sigma: FloatArray
    """nan where unknown."""
    quota: FloatArray
    market_sigma: float
    node: IntArray
    target: IntArray
    first: IntArray
    last: IntArray

    @classmethod
    def of(cls, allocation: Allocation, market_sigma: float) -> Sales:
        """Raises `ValueError` for a sigma of the market that is none."""
        if not 0 < market_sigma < np.inf:
            raise ValueError(f"the sigma of the market must be above 0, is {market_sigma}")
        h, problem = allocation.hierarchy, allocation.problem
        target = np.append(problem.units.target, problem.target)[h.unit_row]
        node = np.flatnonzero(target != NOT_SET)
        return cls(
            baseline=problem.reps.baseline[h.rep_row],
            sigma=np.minimum(problem.reps.sigma[h.rep_row], _WILDEST),
            quota=allocation.rounded.astype(np.float64),
            market_sigma=market_sigma,
            node=node,
            target=target[node],
            first=h.first[node],
            last=h.last[node],
        )

    @property
    def known(self) -> BoolArray:
        """(n,) whose sigma is known."""
        return ~np.isnan(self.sigma)

    def sums(self, column: FloatArray) -> FloatArray:
        """(t,) the sums of a column of reps under each target."""
        return slice_sums(column, self.first, self.last)


def markets(steepest: float) -> tuple[FloatArray, FloatArray]:
    """Markets M (k,) and their weights, for integrals of up to exp(3 M steepest)."""
    market = np.arange(-_FAR, _FAR + 3 * min(steepest, _STEEP) + _STEP / 2, _STEP)
    weight = np.exp(-(market**2) / 2)
    return market, weight / weight.sum()
