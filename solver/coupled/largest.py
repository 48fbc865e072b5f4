"""The smallest possible largest stretch t*: what it is, what proves it, and how much of it is known
before anything is searched.

Rules across the organisation can only make t* larger than it is without them, and mostly they do
not. Then the plan of `solver.tree` tells it, and its levels are the prices that prove it
(`duality`): the highest block of reps who move together cannot carry less than the minimum
of the unit above them asks, less what the units inside it carry that stand at their maxima. Or one
rule alone makes it: its own reps cannot carry less. `formulation` finds t* in other cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.coupled.duality import Comparison, Prices
from solver.errors import EnginesDisagree
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import BoolArray, FloatArray
from solver.tree import CommonLevels, blocks

_LOST_DIGITS: Final = 4 * np.finfo(np.float64).eps
"""What a quota and an anchor may each be off by, relative to themselves."""
_ROWS_ALONE: Final = 16
"""How many rows are tried one by one; the linear programme knows about all together."""
_WITHIN_REACH: Final = 1e-12
"""What a row may be out of reach by, as a part of what it sums."""
AGREEMENT: Final = 1e-9
"""How far the engines' largest stretches may lie apart, relative to a stretch of 1 or more."""


@dataclass(frozen=True, slots=True, eq=False)
class LargestStretch:
    """The smallest possible largest stretch, what proves it, and how a plan is compared with it."""

    value: float
    compared: BoolArray
    """(n,) the reps that it is taken over, in layout order."""
    scale: Scale
    """The anchors and yardsticks that it is measured by; no yardstick is zero."""
    node_price: FloatArray
    """(m + 1,) of each node's sum, in stretch per minor unit: above 0 where its minimum makes the
    largest stretch as large as it is, below 0 where its maximum does."""
    row_price: FloatArray
    """(k,) of each row's sum, alike. All prices are 0 where somebody's floor alone makes it."""
    tolerance: float = AGREEMENT
    """How far a plan of the tree engine may lie from it, relative to a stretch of 1 or more."""

    @classmethod
    def proven(
        cls,
        hierarchy: Hierarchy,
        coupling: Coupling | None,
        comparison: Comparison,
        value: float,
        prices: Prices,
    ) -> LargestStretch:
        """That of these prices, in whatever unit they are."""
        if value <= comparison.least:  # no sum makes it as large as it is
            prices = Prices(np.zeros_like(prices.node), np.zeros_like(prices.row))
        prices = prices.per_stretch(hierarchy, coupling, comparison, value)
        scale = Scale(comparison.anchor, comparison.yardstick)
        return cls(float(value), comparison.compared, scale, prices.node, prices.row)

    def confirm(self, quota: FloatArray) -> None:
        """Raise `EnginesDisagree` unless a leximin plan has it: (n,) unrounded, in layout order.

        Nobody may stretch further and somebody must stretch as far, but for the digits that a
        stretch lost when a large anchor was taken from a quota beside it.
        """
        stretch = (quota - self.scale.anchor) / self.scale.yardstick
        lost = _LOST_DIGITS * (np.abs(quota) + np.abs(self.scale.anchor)) / self.scale.yardstick
        room = (self.tolerance * max(1.0, abs(self.value)) + lost)[self.compared]
        further = stretch[self.compared] - self.value
        if not (np.all(further <= room) and np.any(further >= -room)):
            raise EnginesDisagree(
                f"the largest stretch can be {self.value!r} by the linear programme, "
                f"and is {self.in_plan(quota)!r} in the plan of the tree engine"
            )

    def in_plan(self, quota: FloatArray) -> float:
        """The largest stretch of a plan over the same reps by the same yardsticks."""
        stretch = (quota - self.scale.anchor) / self.scale.yardstick
        return float(stretch[self.compared].max())


def prices_of_the_tree(
    hierarchy: Hierarchy, coupling: Coupling, comparison: Comparison, plan: CommonLevels
) -> Prices:
    """What proves the largest stretch of a leximin plan: a price on the sum of the unit that heads
    the highest block, and the opposite one on the topmost units below that stand at their maxima.

    `plan` is that of `comparison`, without any row. Nothing is taken on trust: the prices prove
    what `Prices.bound` makes of them, whatever the plan.
    """
    stretch = (plan.quota - comparison.anchor) / comparison.yardstick
    furthest = int(np.argmax(np.where(comparison.compared, stretch, -np.inf)))
    head = blocks(hierarchy, plan.level)
    top = int(head[hierarchy.rep_node[furthest]])
    node = np.zeros(hierarchy.nodes)
    node[top] = 1.0
    above = hierarchy.parent
    heads = np.flatnonzero(head == np.arange(hierarchy.nodes))[1:]
    inside = heads[head[above[heads]] == top]
    node[inside[plan.level[inside] < plan.level[above[inside]]]] = -1.0
    return Prices(node, np.zeros(len(coupling)))


def prices_at_hand(
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling,
    comparison: Comparison,
    plan: CommonLevels,
) -> tuple[float, Prices]:
    """The largest stretch that follows from the tree alone or from one row and everybody's own
    limits, and the prices that prove it: t* is at least that.

    `plan` is the leximin plan without any row.
    """
    prices = prices_of_the_tree(hierarchy, coupling, comparison, plan)
    value = prices.shown(hierarchy, bounds, coupling, comparison)
    for _ in range(_ROWS_ALONE):
        row = _out_of_reach(coupling, comparison, value)
        if row is None:
            break
        alone = Prices(np.zeros(hierarchy.nodes), row)
        bound = alone.shown(hierarchy, bounds, coupling, comparison)
        if not bound > value:
            break
        value, prices = bound, alone
    return value, prices


def _out_of_reach(coupling: Coupling, comparison: Comparison, largest: float) -> FloatArray | None:
    """(k,) a price on the row that is furthest from what its reps can sum up to when nobody
    stretches beyond `largest`, as a part of what it sums; None where all are within reach.
    """
    low, high = comparison.low, comparison.anchor + comparison.beyond(largest)
    rep, size = coupling.rep, coupling.coefficient
    ends = (
        np.minimum(size * low[rep], size * high[rep]),
        np.maximum(size * low[rep], size * high[rep]),
    )
    least, most = (slice_sums(end, coupling.start[:-1], coupling.start[1:]) for end in ends)
    over, under = least - coupling.max, coupling.min - most
    scale = 1 + np.abs(least) + np.abs(most)
    miss = np.maximum(over, under) / scale
    furthest = int(np.argmax(miss))
    if not miss[furthest] > _WITHIN_REACH:
        return None
    price = np.zeros(len(coupling))
    price[furthest] = 1.0 if under[furthest] > over[furthest] else -1.0
    return price
