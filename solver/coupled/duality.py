"""Why nobody's largest stretch can be smaller: a bound that follows from prices, without a solver.

Take any price pi_v of each node's sum and lambda_k of each row across the organisation. Together
they price the money of rep i at

    rho_i = sum of pi_v over the nodes v above i + sum over k of lambda_k coefficient_ki

A plan with the largest stretch t keeps every limit, so its money is worth at least what the limits
are worth: the minimum where the price is above 0, the maximum where it is below 0. And it is worth
at most what the reps can carry at t:

    sum_v pi_v (min_v or max_v) + sum_k lambda_k (min_k or max_k)
        <= H(t) = sum_i rho_i (min(u_i, c_i + R_i t) where rho_i > 0, else l_i)

H never falls as t rises, so no plan has a t below the one at which both sides are equal. Nor has
any a t below t_0, the largest stretch of anybody's floor. That is weak duality of the linear
programme for t*, in a form that does not ask how large the prices are. It holds whatever the prices
are, and with those of `formulation` the bound is t* itself.

Prices are above 0 where a minimum makes t* as large as it is, below 0 where a maximum does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, BoolArray, FloatArray

_NEGLIGIBLE: Final = 2e-12
"""A yardstick up to this part of the mean is none; `Scale.effective` puts half of it for none."""
_SAME: Final = 1e-12
"""Stretches are the same up to this, relative to themselves."""
_BLURRED: Final = 1e-3
"""What rounding may do to a bound that is worth more than the safe one, relative to itself."""
_NOISE: Final = 16 * np.finfo(np.float64).eps
"""What a sum of prices times money may be off by, relative to its terms."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Whose stretch counts, by what it is measured, and what each rep can carry. All (n,)."""

    anchor: FloatArray
    yardstick: FloatArray
    """Positive; those of reps who are not compared only say how large they are."""
    low: FloatArray
    high: FloatArray
    """Limits in minor units, whatever the stretch."""
    compared: BoolArray

    @classmethod
    def of(cls, bounds: Bounds, scale: Scale) -> Self:
        """Everybody is compared; a missing yardstick is the mean of the others."""
        idle, yardstick = idle_reps(scale.yardstick), scale.effective
        low = bounds.lowest.astype(np.float64)
        high = np.maximum(np.minimum(bounds.highest, float(bounds.total)), low)
        yardstick = np.where(idle, yardstick[~idle].mean(), yardstick)
        return cls(scale.anchor, yardstick, low, high, np.ones(len(low), dtype=np.bool_))

    @classmethod
    def pinned(cls, bounds: Bounds, scale: Scale) -> Self:
        """Who has no yardstick carries the anchor, or the own limit that is nearest to it."""
        everybody, idle = cls.of(bounds, scale), idle_reps(scale.yardstick)
        at = np.clip(everybody.anchor, everybody.low, everybody.high)
        return replace(
            everybody,
            # Who is held counts from there: no large numbers that cancel later.
            anchor=np.where(idle, at, everybody.anchor),
            low=np.where(idle, at, everybody.low),
            high=np.where(idle, at, everybody.high),
            compared=~idle,
        )

    @classmethod
    def anchored(cls, bounds: Bounds, scale: Scale) -> Self:
        """Who has no yardstick carries the anchor at most, or the floor where that is higher."""
        return replace(cls.pinned(bounds, scale), low=cls.of(bounds, scale).low)

    @classmethod
    def of_the_idle(cls, bounds: Bounds, scale: Scale) -> Self:
        """Only those without a yardstick are compared, by the mean yardstick of the others."""
        return replace(cls.of(bounds, scale), compared=idle_reps(scale.yardstick))

    @property
    def least(self) -> float:
        """t_0, below which somebody's floor does not let the largest stretch fall."""
        return float(((self.low - self.anchor) / self.yardstick)[self.compared].max())

    def beyond(self, largest: float) -> FloatArray:
        """(n,) the most above the anchor that each rep carries when nobody stretches further."""
        room = self.high - self.anchor
        reached = np.maximum(self.yardstick * largest, self.low - self.anchor)
        return np.where(self.compared, np.minimum(room, reached), room)


def idle_reps(yardstick: FloatArray) -> BoolArray:
    """(n,) who has no yardstick to be compared by; nobody where nobody has one."""
    idle: BoolArray = yardstick <= _NEGLIGIBLE * np.sort(yardstick).mean()
    return idle & ~idle.all()


def lower_bound(
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling | None,
    scale: Scale,
    *,
    node_price: FloatArray,
    row_price: FloatArray,
) -> float:
    """What the largest stretch is at least, by any prices (m + 1,) and (k,) in any common unit.

    `scale` is in layout order and linear. Reps without a yardstick are held as in
    `Comparison.pinned`. Infinite where the prices prove that there is no plan at all, at any
    stretch. Rounding is on the safe side.
    """
    comparison = Comparison.pinned(bounds, scale)
    prices = Prices(node_price, row_price)
    return prices.bound(hierarchy, bounds, coupling, comparison)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Of the sum of each node (m + 1,) and of each row (k,), all in one unit per minor unit."""

    node: FloatArray
    row: FloatArray

    @classmethod
    def of_the_target(cls, hierarchy: Hierarchy, coupling: Coupling | None) -> Self:
        """Only the amount to assign has a price."""
        node = np.zeros(hierarchy.nodes)
        node[0] = 1.0
        return cls(node, np.zeros(len(coupling or ())))

    def of_reps(self, hierarchy: Hierarchy, coupling: Coupling | None) -> FloatArray:
        """(n,) rho_i: what the money of each rep is worth."""
        price = _inherited(hierarchy, self.node)[hierarchy.rep_node]
        return price if coupling is None else price + coupling.pushes(self.row)

    def shown(
        self,
        hierarchy: Hierarchy,
        bounds: Bounds,
        coupling: Coupling | None,
        comparison: Comparison,
    ) -> float:
        """The stretch that these prices show to be the least, for a search to go on from.

        That is what they say but for rounding. Where they cancel, what they say is rounding and
        nothing else, and the safe bound counts.
        """
        exact = self.bound(hierarchy, bounds, coupling, comparison, safe=False)
        safe = self.bound(hierarchy, bounds, coupling, comparison)
        return exact if exact - safe <= _BLURRED * abs(exact) else safe

    def bound(
        self,
        hierarchy: Hierarchy,
        bounds: Bounds,
        coupling: Coupling | None,
        comparison: Comparison,
        *,
        safe: bool = True,
    ) -> float:
        """See `lower_bound`; for any comparison.

        Not `safe`, it is what it is but for rounding, and not that less all that rounding can do.
        """
        if not (np.isfinite(self.node).all() and np.isfinite(self.row).all()):
            return comparison.least
        total, anchor = float(bounds.total), comparison.anchor
        limit = np.where(self.node > 0, bounds.unit_min, np.minimum(bounds.unit_max, total))
        anchors = slice_sums(anchor, hierarchy.first, hierarchy.last)
        worth = _product(self.node, limit - anchors)
        noise = _product(np.abs(self.node), np.abs(limit) + np.abs(anchors))
        used = self
        if coupling is not None:
            limit = np.where(self.row > 0, coupling.min, coupling.max).astype(np.float64)
            used = replace(self, row=np.where(np.abs(limit) < UNLIMITED, self.row, 0.0))
            anchors = coupling.sums(anchor)
            worth += _product(used.row, limit - anchors)
            noise += _product(np.abs(used.row), np.abs(limit) + np.abs(anchors))
        price, doubt = used.of_reps(hierarchy, coupling), _sizes(used, hierarchy, coupling)
        most = _Worth(comparison, price)
        about = most.reaches(worth)
        if about < np.inf and not safe:
            return about
        beyond = np.abs(comparison.beyond(about))
        carried = np.maximum(np.abs(comparison.low - anchor), beyond)
        noise += _product(doubt, carried + np.abs(anchor))
        return most.reaches(worth - _NOISE * noise)

    def per_stretch(
        self,
        hierarchy: Hierarchy,
        coupling: Coupling | None,
        comparison: Comparison,
        largest: float,
    ) -> Self:
        """The same prices in stretch per minor unit, as a change of a limit moves t*."""
        price = self.of_reps(hierarchy, coupling)
        rising = (price > 0) & comparison.compared
        room = (comparison.high - comparison.anchor) / comparison.yardstick
        rising &= room >= largest - _SAME * abs(largest)
        slope = float((price * comparison.yardstick)[rising].sum())
        return replace(self, node=self.node / slope, row=self.row / slope) if slope > 0 else self


def _sizes(prices: Prices, hierarchy: Hierarchy, coupling: Coupling | None) -> FloatArray:
    """(n,) the sum of the sizes of all prices that make each rho_i, which may cancel."""
    sizes = _inherited(hierarchy, np.abs(prices.node))[hierarchy.rep_node]
    if coupling is None:
        return sizes
    size = np.abs(coupling.coefficient * prices.row[coupling.row])
    return sizes + np.bincount(coupling.rep, size, coupling.reps)


def _inherited(hierarchy: Hierarchy, price: FloatArray) -> FloatArray:
    """(m + 1,) each node's price and those of all nodes above it, summed."""
    summed = price.astype(np.float64)
    for level in [*hierarchy.levels()][-2::-1]:
        summed[level] += summed[hierarchy.parent[level]]
    return summed


class _Worth:
    """H(t), counted from the anchors."""

    def __init__(self, comparison: Comparison, price: FloatArray) -> None:
        anchor, self.least = comparison.anchor, comparison.least
        self.held = _product(np.minimum(price, 0), comparison.low - anchor)
        carries = (price > 0) & ~comparison.compared
        self.held += _product(price[carries], (comparison.high - anchor)[carries])
        rising = (price > 0) & comparison.compared
        self.price, self.yardstick = price[rising], comparison.yardstick[rising]
        self.room = (comparison.high - anchor)[rising]
        self.ends = self.room / self.yardstick
        self.stops = np.append(self.least, np.sort(self.ends[self.ends > self.least]))

    def at(self, t: float) -> float:
        return self.held + _product(self.price, np.minimum(self.room, self.yardstick * t))

    def reaches(self, goal: float) -> float:
        """The least t at which H(t) is the goal; infinite where no t is large enough."""
        below, above = 0, len(self.stops) - 1
        if self.at(self.least) >= goal:
            return self.least
        if self.at(float(self.stops[above])) < goal:
            return np.inf
        while above - below > 1:
            middle = (below + above) // 2
            if self.at(float(self.stops[middle])) < goal:
                below = middle
            else:
                above = middle
        left = float(self.stops[below])
        slope = float((self.price * self.yardstick)[self.ends > left].sum())
        if not slope > 0:  # numbers that are none, or products too small for one
            return left
        return min(left + (goal - self.at(left)) / slope, float(self.stops[above]))


def _product(price: FloatArray, money: FloatArray) -> float:
    """The sum of the products, added up in the same order on every machine, as `@` is not."""
    return float((price * money).sum())
