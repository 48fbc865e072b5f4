"""The engine for rules that cut across the organisation: two stages, because one is not enough.

    first   t* = the smallest possible largest stretch  max e_i     (`solver.formulation`, an LP)
    then    at t*, the least sum of (q_i - c_i)^2 / R_i             (`solver.squares`)

With such rules leximin, leximax and least squares are different plans, so the aim is named. The
first stage alone would not do: a linear programme stops at a vertex, where equal people are treated
unequally. The second alone would let one person carry far more than anybody has to. Together they
have one answer, which treats equals equally, does not depend on the order of rows, and where no row
binds is the leximin plan of `solver.tree`.

A rep without a yardstick carries the anchor, or the nearest own limit, as long as the rules can
hold so. Only where they cannot, the yardstick is taken to be a thousandth of the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from solver.bounds import Bounds
from solver.coupling import Coupling
from solver.duality import idle_reps
from solver.errors import LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, FloatArray
from solver.squares import KEPT, NOTHING, Limits, least_squares
from solver.tree import CommonLevels
from solver.watch import Watch

if TYPE_CHECKING:
    from solver.formulation import LargestStretch

ROOM: Final = 1e-11
"""By how much the second stage may pass t*, as a part of a typical stretch: t* is a float."""
FORCED: Final = 1e-3
"""Of the mean yardstick. A smaller part would cost the digits that cents need."""


@dataclass(frozen=True, slots=True, eq=False)
class Coupled:
    """The unrounded plan of both stages, and what proves it. Everything is in layout order.

        e_i = clip(level of i's node + sum over k of coefficient_ki price_k, a_i, min(b_i, t*))

    where a_i and b_i are the stretches of floor and cap. Levels are handed down as in the tree.
    """

    levels: CommonLevels
    price: FloatArray
    """(k,) of each row, in stretch per unit of coefficient: above 0 at its min, below 0 at its max.
    """
    largest: LargestStretch
    scale: Scale
    """The yardsticks that counted; none is zero."""

    @property
    def shown(self) -> CommonLevels:
        """The levels at which people really stand: nobody beyond the largest stretch."""
        return replace(self.levels, level=np.minimum(self.levels.level, self.largest.value))


def solve_coupled(
    hierarchy: Hierarchy, bounds: Bounds, scale: Scale, coupling: Coupling, watch: Watch
) -> Coupled | None:
    """The plan of both stages, or None where the rules cannot hold together.

    `scale` is in layout order, yardsticks may be zero. Raises `LinearProgramFailed` where a library
    finds no plan that passes our own check, `TimeIsUp` and `SolveStopped` as `watch` wants it.
    """
    from solver.formulation import least_largest_stretch  # PuLP is slow to import

    def first_stage(counted: Scale) -> LargestStretch | None:
        anchor, yardstick = counted.anchor, counted.yardstick
        return least_largest_stretch(hierarchy, bounds, anchor, yardstick, coupling, watch)

    used, largest = scale.complete, first_stage(scale)
    if largest is None and not scale.measured.all():
        least = FORCED * scale.yardstick.mean()
        used = Scale(scale.anchor, np.maximum(scale.yardstick, least))
        largest = first_stage(used)
    if largest is None:
        return None
    limits = _limits(bounds, used, largest.value)
    found = least_squares(hierarchy, limits, used, coupling, watch)
    _believe(hierarchy, limits, found.levels.quota)
    return Coupled(found.levels, found.price, largest, used)


def _limits(bounds: Bounds, scale: Scale, largest: float) -> Limits:
    """The limits of the second stage: nobody may pass the largest stretch, but who has to; and who
    has no yardstick stands still, as in the first stage.
    """
    room = ROOM * max(abs(largest), scale.typical(bounds.total))
    low = bounds.lowest.astype(np.float64)
    high = np.maximum(np.minimum(bounds.highest, scale.at(largest + room)), low)
    idle = idle_reps(scale.yardstick)
    anchored = np.clip(scale.anchor, low, np.maximum(np.minimum(bounds.highest, bounds.total), low))
    return Limits(
        low=np.where(idle, anchored, low),
        high=np.where(idle, anchored, high),
        node_min=bounds.unit_min.astype(np.float64),
        node_max=np.where(bounds.unit_max < UNLIMITED, bounds.unit_max, np.inf),
        total=float(bounds.total),
    )


def _believe(hierarchy: Hierarchy, limits: Limits, quota: FloatArray) -> None:
    """Check the plan against every limit ourselves; `least_squares` has checked its rows."""
    slack = NOTHING + KEPT * limits.total
    sums = slice_sums(quota, hierarchy.first, hierarchy.last)
    misses = {
        "a floor": limits.low - quota,
        "a cap": quota - limits.high,
        "the minimum of a unit": limits.node_min - sums,
        "the maximum of a unit": sums - limits.node_max,
    }
    broken = [rule for rule, miss in misses.items() if not miss.max() <= slack]
    if broken:
        raise LinearProgramFailed(f"the plan of least squares misses {', '.join(broken)}")
