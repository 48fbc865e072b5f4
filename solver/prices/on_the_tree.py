"""What one more unit of money costs whom: exact one-sided derivatives of the unrounded plan.

One more unit to assign goes to those who stand lowest and can still carry more. A limit that gives
way by one unit is an exchange: the reps it holds back move by one unit, and those who stand
farthest on the other side of them make it good:

    max or cap    inside: the lowest who can carry more      around: the highest who can carry less
    min or floor  inside: the highest who can carry less     around: the lowest who can carry more

It changes the plan only where inside and around stand at different stretches. Money leaves a unit
unless its sum stands at its end there, so "around" reaches as far up as the first unit that cannot
let it through. At a point where "one more" and "one less" differ, both are right: each is asked of
its own direction (`movement`).

The plan minimises a separable convex cost on the base polytope of a tree of ranges, where a plan is
best as soon as no exchange between two reps improves it (`solver.tree` has the source). Everything
is O(n + m) a price, and O((n + m) depth) for the prices of all units and reps together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.prices.movement import Direction, Shift, directions, money_noise
from solver.problem import UNLIMITED, FloatArray, IntArray
from solver.tree import CommonLevels

_NEGLIGIBLE: Final = 1e-9
"""A change smaller than this part of the largest one is noise."""


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What one more unit of money in a limit changes, in the order of the hierarchy."""

    change: FloatArray
    """(n,) money of each rep per unit of money; adds up to 1 for the target, else to 0."""
    inside: float
    """Change of the stretch of those whom the limit holds, per minor unit; nan for the target."""
    around: float
    """The same of everyone else who moves."""
    range: float
    """For how many minor units it stays so: until the next rep or unit meets a limit."""


@dataclass(frozen=True, eq=False)
class Prices:
    """The prices of a plan on the tree; `scale` and limits are in the hierarchy's order."""

    hierarchy: Hierarchy
    bounds: Bounds
    levels: CommonLevels
    scale: Scale

    @cached_property
    def target(self) -> Price | None:
        """One more unit to assign; None where nobody can carry it (see `grows`), or where nothing
        tells who would: under equal_probability, if only reps can whose quotas are nothing.
        """
        more = self._up.shift(0)
        if more is None:
            return None
        limit = min(more.range, self._room(more.change))
        return Price(more.change, np.nan, more.rate, limit)

    @property
    def grows(self) -> bool:
        """Whether anybody can carry more than now."""
        return bool(np.isfinite(self._up.inside[0][0]))

    @cached_property
    def unit_side(self) -> IntArray:
        """(m + 1,) 1 where raising the node's maximum changes the plan, -1 where lowering its
        minimum does, else 0; 0 for the company, whose price is the target's.
        """
        through = np.maximum(self.hierarchy.parent, 0)
        raised = self._up.full & self._up.apart(self._up.inside[0], self._less[0][through])
        lowered = self._down.full & self._down.apart(self._down.inside[0], self._more[0][through])
        side = raised.astype(np.int64) - lowered
        side[0] = 0
        return side

    @cached_property
    def unit_price(self) -> FloatArray:
        """(m + 1,) change of everyone else's stretch where the end of the node's range that binds
        gives way by one minor unit; 0 where none binds, nan where nothing tells (see `target`).
        """
        return self._around(self.unit_side, np.maximum(self.hierarchy.parent, 0))

    @cached_property
    def unit_apart(self) -> FloatArray:
        """(m + 1,) how far the stretches inside and around stand apart where a range binds, else
        0: the larger, the more even the plan gets when it gives way.
        """
        through = np.maximum(self.hierarchy.parent, 0)
        raised = self._up.inside[0] + self._less[0][through]
        lowered = self._down.inside[0] + self._more[0][through]
        apart = np.select([self.unit_side > 0, self.unit_side < 0], [raised, lowered], 0.0)
        return np.asarray(-apart)

    @cached_property
    def rep_side(self) -> IntArray:
        """(n,) 1 where raising a rep's cap changes the plan, -1 where lowering the floor does,
        else 0. A lock does either; a floor of 0 cannot be lowered.
        """
        b, node, quota = self.bounds, self.hierarchy.rep_node, self.levels.quota
        noise = money_noise(quota)
        capped = (b.highest - quota <= noise) & self._up.apart(self._up.stand, self._less[0][node])
        lifted = (quota - b.lowest <= noise) & self._down.apart(
            self._down.stand, self._more[0][node]
        )
        return capped.astype(np.int64) - (lifted & (b.lowest > 0))

    @cached_property
    def rep_price(self) -> FloatArray:
        """(n,) the same as `unit_price` for each rep's own cap, floor or lock."""
        return self._around(self.rep_side, self.hierarchy.rep_node)

    def unit(self, node: int) -> Price | None:
        """The binding end of the node's range gives way by one unit; None where none binds."""
        side = int(self.unit_side[node])
        inside = self._towards(side).shift(node) if side else None
        if inside is None:
            return None
        return self._exchange(inside, side, int(self.hierarchy.parent[node]), node=node)

    def rep(self, k: int) -> Price | None:
        """The binding limit of the k-th rep gives way by one unit; None where none binds."""
        side = int(self.rep_side[k])
        if not side:
            return None
        change = np.zeros(len(self.levels.quota))
        change[k] = side
        room = np.inf if side > 0 else float(self.bounds.lowest[k])
        own = self._towards(side)
        inside = Shift(change, float(own.stand[k]), side / float(own.pace[k]), room)
        return self._exchange(inside, side, int(self.hierarchy.rep_node[k]), rep=k)

    def _exchange(
        self, inside: Shift, side: int, through: int, *, node: int = 0, rep: int | None = None
    ) -> Price | None:
        """What moves inside, and the opposite around it, where the money passes through a node."""
        own, others = self._towards(side), self._towards(-side)
        path = others.path(through, own.full)
        around = others.shift(int(path[-1]), path)
        if around is None:
            return None
        change = inside.change + around.change
        meeting = -(inside.first + around.first) / (abs(inside.rate) + abs(around.rate))
        limit = min(inside.range, around.range, meeting, self._room(change, node, rep))
        return Price(change, inside.rate, around.rate, limit)

    def _room(self, change: FloatArray, node: int = 0, rep: int | None = None) -> float:
        """How often the change fits until somebody meets a limit, but for this node and rep."""
        h, b, quota = self.hierarchy, self.bounds, self.levels.quota
        moved = slice_sums(change, h.first, h.last)
        moved[[0, node]] = 0.0
        others = change.copy()
        if rep is not None:
            others[rep] = 0.0
        sums = slice_sums(quota, h.first, h.last)
        return min(
            _fits(others, quota, b.lowest, b.highest), _fits(moved, sums, b.unit_min, b.unit_max)
        )

    def _around(self, side: IntArray, through: IntArray) -> FloatArray:
        """The change of stretch around limits that money passes when they give way."""
        slope = np.where(side > 0, -self._less[1][through], self._more[1][through])
        told = np.where(np.abs(slope) >= self._up.least, slope, np.nan)
        return np.divide(1.0, told, out=np.zeros_like(slope), where=side != 0)

    @cached_property
    def _directions(self) -> tuple[Direction, Direction]:
        return directions(self.hierarchy, self.bounds, self.levels, self.scale)

    @property
    def _up(self) -> Direction:
        return self._directions[0]

    @property
    def _down(self) -> Direction:
        return self._directions[1]

    def _towards(self, side: int) -> Direction:
        return self._up if side > 0 else self._down

    @cached_property
    def _less(self) -> tuple[FloatArray, FloatArray]:
        """Who carries less when one unit comes into each node."""
        return self._down.way_out(self._up.full)

    @cached_property
    def _more(self) -> tuple[FloatArray, FloatArray]:
        """Who carries more when one unit is taken out of each node."""
        return self._up.way_out(self._down.full)


def _fits(change: FloatArray, amount: FloatArray, low: IntArray, high: IntArray) -> float:
    """How often the change can be added until an amount reaches one of its limits."""
    noise = _NEGLIGIBLE * float(np.abs(change).max(initial=0.0))
    most = np.where(high >= UNLIMITED, np.inf, high)
    times = [np.inf]
    for room, step in ((most - amount, change), (amount - low, -change)):
        moving = step > noise
        times.append(float(np.min(room[moving] / step[moving], initial=np.inf)))
    return max(min(times), 0.0)
