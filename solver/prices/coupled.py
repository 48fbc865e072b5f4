"""What one more unit of money costs whom where rules cut across the tree.

The plan is the least sum of (q - c)^2 / R at the smallest possible largest stretch t*
(`solver.coupled`). A limit that gives way by one unit moves t* by its price in the linear programme
of the first stage, and the rest of the plan as `sensitivity` says.

The price of a limit in a linear programme is a lower bound of what one more unit of it does to t*,
and a direction that keeps every limit is an upper one: where both meet, both are right. Where no
such direction is found, the answer is None and never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.coupled.coupling import even_share
from solver.prices.linkage import Linkage
from solver.prices.of_units import levels_around
from solver.prices.on_the_tree import Price
from solver.prices.range import price_range
from solver.prices.sensitivity import direction
from solver.prices.standing import Moves, Standing
from solver.problem import BoolArray, FloatArray, IntArray
from solver.watch import Watch

_NOISE: Final = 1e-9
MOST_WORK: Final = 2_000_000
"""Reps times prices of units, where each takes a solve of its own; more are not looked for."""


@dataclass(frozen=True, eq=False)
class CoupledPrices:
    """The prices of a plan with rows across the tree, in the hierarchy's order."""

    plan: Standing
    node_rise: FloatArray
    """(m + 1,) change of t* per unit of money in the end of a node's range that holds."""
    row_rise: FloatArray
    """(k,) the same of the rows."""

    @cached_property
    def _linkage(self) -> Linkage:
        return Linkage(self.plan, self.plan.held)

    @cached_property
    def target(self) -> Price | None:
        """One more unit to assign; None where nobody can carry it, or no price is found.

        What is even moves with it: so do the limits of every parity.
        """
        still = self.plan.still
        still.node[0] = 1.0
        still.row[:] = self._parity_moves()
        top = float(self.node_rise[0] + self.row_rise @ still.row)
        return self._price(still._replace(top=top), 0)

    @cached_property
    def unit_side(self) -> IntArray:
        """(m + 1,) 1 where the node is held at its maximum, -1 at its minimum, else 0.

        A sum that is given is held at the end that the first stage pushes against, if it does.
        """
        side = _sides(self.node_rise, self.plan.gap)
        side[0] = 0
        return side

    @cached_property
    def unit_price(self) -> FloatArray:
        """`unit_prices`, however long they take."""
        return self.unit_prices(Watch())

    def unit_prices(self, watch: Watch) -> FloatArray:
        """(m + 1,) change of everyone else's stretch where the end of the node's range that holds
        gives way by one minor unit; 0 where none holds, nan where none is found, or where it would
        take too long to look for all of them. Raises `TimeIsUp` and `SolveStopped` as `watch` wants
        it, now and then.
        """
        plan, side = self.plan, self.unit_side
        price = np.where(side == 0, 0.0, np.nan)
        node = np.flatnonzero((side != 0) & plan.held.node)
        top, above = side[node] * self.node_rise[node], plan.hierarchy.parent[node]
        level = levels_around(self._linkage, node, side[node], top, watch)
        beyond = ~np.isnan(level) & (plan.levels.level[above] > plan.top)
        price[node] = np.where(beyond, top, level)
        unclear = np.flatnonzero(np.isnan(price)).tolist()
        if len(unclear) * len(plan.levels.quota) <= MOST_WORK:
            for v in unclear:
                watch.look()
                price[v] = self._price_alone(v)
        return price

    def _price_alone(self, node: int) -> float:
        moves = self._node_moves(node)
        found = direction(self._linkage, moves)
        return np.nan if found is None else self._stretch_of(found.level, moves, self._above(node))

    def unit(self, node: int) -> Price | None:
        """The binding end of the node's range gives way by one unit; None where none binds."""
        if not self.unit_side[node]:
            return None
        return self._price(self._node_moves(node), self._above(node), node)

    def _node_moves(self, node: int) -> Moves:
        side, still = int(self.unit_side[node]), self.plan.still
        still.node[node] = side
        return still._replace(top=side * float(self.node_rise[node]))

    def _above(self, node: int) -> int:
        return int(self.plan.hierarchy.parent[node])

    @cached_property
    def row_side(self) -> IntArray:
        """(k,) 1 where a row is held at its max, -1 at its min, else 0."""
        return _sides(self.row_rise, np.where(self.plan.held.row, self.plan.mu, 0.0))

    def row(self, k: int) -> Price | None:
        """The binding end of a row gives way by one unit; None where none binds."""
        side = int(self.row_side[k])
        if not side:
            return None
        still = self.plan.still
        still.row[k] = side
        return self._price(still._replace(top=side * float(self.row_rise[k])), 0)

    @cached_property
    def rep_side(self) -> IntArray:
        """(n,) 1 where a rep is held at the own cap, -1 at the own floor, else 0; a floor of 0
        cannot be lowered.
        """
        plan = self.plan
        side = _sides(-self._pulls, -plan.pushed)
        side = np.where((side > 0) & ~plan.at_cap, 0, side)
        return np.where((side < 0) & ~(plan.at_floor & (plan.bounds.lowest > 0)), 0, side)

    def rep(self, k: int) -> Price | None:
        """The binding limit of the k-th rep gives way by one unit; None where none binds."""
        plan, side = self.plan, int(self.rep_side[k])
        if not side or (side > 0 and plan.at_top[k] and self._pulls[k] > 0):
            return None  # in the second case cap and t* are one limit
        still = plan.still
        still.rep[k] = side
        top = min(-side * float(self._pulls[k]), 0.0)
        if side < 0 and self._forcing[k]:
            top -= self._spare / float(plan.scale.yardstick[k])
        return self._price(still._replace(top=top), int(plan.hierarchy.rep_node[k]))

    @cached_property
    def _pulls(self) -> FloatArray:
        """(n,) what the prices of the linear programme say to each rep: above 0 it would have the
        rep carry all that cap and t* allow, below 0 no more than the floor.
        """
        h, pulls = self.plan.hierarchy, self.node_rise.copy()
        for level in [*h.levels()][-2::-1]:
            pulls[level] += pulls[h.parent[level]]
        return pulls[h.rep_node] + self.plan.coupling.pushes(self.row_rise)

    @cached_property
    def _forcing(self) -> BoolArray:
        """(n,) the rep whose floor alone makes the largest stretch as large as it is."""
        forced = self.plan.at_floor & self.plan.at_top
        alone = np.count_nonzero(forced) == 1
        return forced if alone else np.zeros_like(forced)

    @cached_property
    def _spare(self) -> float:
        """The part of t* that floors make, and not those who carry more for the rules' sake."""
        plan, pulls = self.plan, self._pulls
        rising = plan.at_top & ~plan.at_floor & (pulls > 0)
        return max(0.0, 1.0 - float(pulls[rising] @ plan.scale.yardstick[rising]))

    def _parity_moves(self) -> FloatArray:
        """(k,) how the end of each parity that is nearer to its sum moves with the total."""
        c, total = self.plan.coupling, self.plan.bounds.total
        spread = np.nan_to_num(c.tolerance, posinf=0.0)
        nearer_max = c.max - self.plan.row_sums < self.plan.row_sums - c.min
        share = [0.0 if not even_share(line, total) > 0 else float(line[1]) for line in c.even]
        along = np.where(nearer_max, 1 + spread, np.maximum(1 - spread, 0.0))
        return np.asarray(along * np.array(share))

    def _price(self, moves: Moves, around: int, node: int | None = None) -> Price | None:
        found = direction(self._linkage, moves)
        if found is None:
            return None
        level = self._stretch_of(found.level, moves, around)
        inside = np.nan if node is None else self._stretch_of(found.level, moves, node)
        return Price(found.quota, inside, level, price_range(self.plan, moves, found))

    def _stretch_of(self, level: FloatArray, moves: Moves, node: int) -> float:
        """How the stretch of a node's free reps moves; that of t* where it holds them all."""
        above = self.plan.levels.level[node] > self.plan.top
        return float(moves.top if above or np.isnan(level[node]) else level[node])


def _sides(rise: FloatArray, lifted: FloatArray) -> IntArray:
    """The end that holds: 1 for a maximum, which would lower t* if it rose (`rise` < 0) or lets the
    plan be no more even; -1 for a minimum.
    """
    told = np.abs(rise) > _NOISE * np.abs(rise).max(initial=0.0)
    return -np.sign(np.where(told, rise, lifted)).astype(np.int64)
