"""The engine for rules that cut across the organisation: two stages, because one is not enough.

    first   t* = the smallest possible largest stretch  max e_i     (`largest`)
    then    at t*, the least sum of (q_i - c_i)^2 / R_i             (`squares`)

Mostly no rule makes t* larger than the tree alone does, or one rule alone does: then t* is proven
at hand, and a plan of the second stage that keeps it is the answer. Else `formulation` finds
t* by linear programmes.

With such rules leximin, leximax and least squares are different plans, so the aim is named. The
first stage alone would not do: a linear programme stops at a vertex, where equal people are treated
unequally. The second alone would let one person carry far more than anybody has to. Together they
have one answer, which treats equals equally, does not depend on the order of rows, and where no row
binds is the leximin plan of `solver.tree`.

A rep without a yardstick carries the anchor, or the nearest own limit, as long as the rules can
hold so. Only where they cannot, the yardstick is taken to be a thousandth of the mean.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.coupled.dual_function import KEPT, NOTHING, Limits, row_sizes
from solver.coupled.duality import Comparison, Prices, idle_reps
from solver.coupled.largest import LargestStretch, prices_at_hand
from solver.coupled.squares import least_squares, squares_at_hand
from solver.errors import LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, FloatArray
from solver.tree import CommonLevels, equalise
from solver.watch import Watch

ROOM: Final = 1e-11
"""By how much the second stage may pass t*, as a part of a typical stretch: t* is a float."""
_HAIRS: Final = (0.0, 1e-10, 1e-9)
"""By how much t* is taken to be larger where it leaves no plan, alike."""
_DIGITS: Final = 1e-13
"""What sums may miss a limit by that is kept as exactly as floats can, as a part of all money."""
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
    used = scale.complete
    plan = equalise(hierarchy, bounds, used.anchor, used.yardstick)
    comparison = Comparison.pinned(bounds, used)
    proven, known = prices_at_hand(hierarchy, bounds, coupling, comparison, plan)
    if proven < np.inf:
        largest = LargestStretch.proven(hierarchy, coupling, comparison, proven, known)
        found = _at_hand(hierarchy, bounds, used, coupling, watch, plan=plan, largest=largest)
        if found is not None:
            return found

    from solver.coupled.formulation import least_largest_stretch  # PuLP is slow to import

    def first_stage(counted: Scale, known: Prices | None = None) -> LargestStretch | None:
        anchor, yardstick = counted.anchor, counted.yardstick
        return least_largest_stretch(hierarchy, bounds, anchor, yardstick, coupling, watch, known)

    least = first_stage(used, known)
    if least is None and not scale.measured.all():
        forced = np.maximum(scale.yardstick, FORCED * scale.yardstick.mean())
        used = Scale(scale.anchor, forced)
        least = first_stage(used)
    if least is None:
        return None
    return _second_stage(hierarchy, bounds, used, coupling, watch, largest=least)


def _second_stage(
    hierarchy: Hierarchy,
    bounds: Bounds,
    scale: Scale,
    coupling: Coupling,
    watch: Watch,
    *,
    largest: LargestStretch,
) -> Coupled:
    """The least squares at t*. A linear programme tells that only up to its tolerance, and a hair
    too small it leaves no plan that keeps everything to the last digit.
    """
    size = max(abs(largest.value), scale.typical(bounds.total))

    def tried(hair: float, *, exactly: bool) -> Coupled:
        least = replace(largest, value=largest.value + hair * size)
        limits = _limits(bounds, scale, least.value)
        found = least_squares(hierarchy, limits, scale, coupling, watch)
        if broken := _broken(hierarchy, limits, coupling, found.levels.quota, exactly=exactly):
            raise LinearProgramFailed(f"the plan of least squares misses {', '.join(broken)}")
        return Coupled(found.levels, found.price, least, scale)

    for hair in _HAIRS:
        with suppress(LinearProgramFailed):
            return tried(hair, exactly=True)
    return tried(_HAIRS[-1], exactly=False)


def _at_hand(
    hierarchy: Hierarchy,
    bounds: Bounds,
    scale: Scale,
    coupling: Coupling,
    watch: Watch,
    *,
    plan: CommonLevels,
    largest: LargestStretch,
) -> Coupled | None:
    """The plan where nobody has to stretch further than is proven already; None where somebody has
    to, or where a few steps do not find it. `plan` is that without rows.
    """
    limits = _limits(bounds, scale, largest.value)
    if _broken(hierarchy, limits, None, plan.quota):
        return None
    found = squares_at_hand(hierarchy, limits, scale, coupling, watch, plan=plan)
    if found is None or _broken(hierarchy, limits, coupling, found.levels.quota, exactly=True):
        return None
    return Coupled(found.levels, found.price, largest, scale)


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


def _broken(
    hierarchy: Hierarchy,
    limits: Limits,
    coupling: Coupling | None,
    quota: FloatArray,
    *,
    exactly: bool = False,
) -> list[str]:
    """What a plan misses by more than a search may leave; `exactly`, by more than floats must."""
    part = _DIGITS if exactly else KEPT
    slack = NOTHING + part * limits.total
    sums = slice_sums(quota, hierarchy.first, hierarchy.last)
    misses = {
        "a floor": limits.low - quota - slack,
        "a cap": quota - limits.high - slack,
        "the minimum of a unit": limits.node_min - sums - slack,
        "the maximum of a unit": sums - limits.node_max - slack,
    }
    if coupling is not None:
        sums, size = coupling.sums(quota), coupling.largest_coefficient
        room = NOTHING * size + part * row_sizes(coupling, quota)
        misses["the minimum of a rule across the tree"] = coupling.min - sums - room
        misses["the maximum of a rule across the tree"] = sums - coupling.max - room
    return [rule for rule, miss in misses.items() if not miss.max() <= 0]
