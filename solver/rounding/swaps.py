"""Swaps between reps: which are possible on the tree, which is cheapest, and making them.

One rep gives an amount and another takes it. Both stay in their windows, and every unit that holds
one of the two and not the other stays in its range. So that 100,000 reps need no look at all pairs:

* reps between whom no unit could ever be full or empty are in one *pool*;
* reps whom all rows count by the same coefficients are *alike*;
* of the reps of one pool who are alike only the cheapest is looked at, and from each pool it is
  handed up to the pool above as long as the unit in between has room for the amount.

The cost of a swap is by how much both quotas move away from the unrounded ones, in increments; odd
amounts cost more than any such move. Ties go by layout order, which is by id: the first ones gain,
the last ones lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt
from typing import Final, NamedTuple

import numpy as np

from solver.bounds import Bounds
from solver.coupled.cells import nearest_limited, told_apart
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import BoolArray, FloatArray, IntArray
from solver.rounding.chains import Effort, Kinds, Rows

_SLACK: Final = 1e-6
"""Costs are counted in this part of an increment."""
_ODD: Final = 4_000_000
"""The cost of one more odd quota: more than any swap within two increments."""
_OFFSET: Final = 1 << 24
"""Larger than any cost."""
_NOBODY: Final = np.iinfo(np.int64).max
_ALIKE: Final = 256
"""Coefficients are graded where reps would fall into more classes than this."""
_NUMBERS: Final = 4_000_000
"""The most numbers to look at in one step."""


class _Offers(NamedTuple):
    """The cheapest reps of each pool, one of those who are alike; sorted by pool."""

    pool: IntArray
    alike: IntArray
    price: IntArray
    """Cost, then turn."""
    rep: IntArray

    def best(self, value: FloatArray, most: int) -> _Offers:
        """So many of each pool at most, those of the highest value (n,) first."""
        number = _numbers(self.pool)
        if np.all(number < most):
            return self
        order = np.lexsort((self.price, -value[self.rep], self.pool))
        kept = np.sort(order[number < most])
        return _Offers(*(column[kept] for column in self))


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A plan of n whole quotas under repair. Only the first three columns change, in place."""

    quota: IntArray
    unit_sum: IntArray
    """(m + 1,) of the nodes that are pools."""
    row_sum: FloatArray
    """(k,)"""
    low: IntArray
    high: IntArray
    """(n,) the windows."""
    exact: FloatArray
    increment: int
    room: int
    """By how much windows are open only because `exact` is noisy."""
    bounds: Bounds
    rows: Rows
    pool: IntArray
    """(n,) the lowest node above that could be full or empty; the company always is."""
    above: IntArray
    """(m + 1,) the same of the node above each."""
    alike: IntArray
    """(n,) equal for reps whom all rows count alike."""
    cell: IntArray
    """(n,) the reps by pool, and those who are alike side by side."""
    first: IntArray
    """(c,) where each such cell starts."""

    @classmethod
    def of(
        cls,
        hierarchy: Hierarchy,
        bounds: Bounds,
        coupling: Coupling,
        *,
        quota: IntArray,
        low: IntArray,
        high: IntArray,
        exact: FloatArray,
        increment: int,
        room: int,
    ) -> Draft:
        first, last = hierarchy.first, hierarchy.last
        stops = exact_sums(low, first, last) < bounds.unit_min
        stops |= exact_sums(high, first, last) > bounds.unit_max
        stops[0] = True
        nodes = nearest_limited(hierarchy, stops)
        pool, alike = nodes[hierarchy.rep_node], _alike(coupling)
        cell = np.lexsort((alike, pool))
        rows = Rows.of(coupling, origin=quota)
        return cls(
            quota=quota.copy(),
            unit_sum=exact_sums(quota, first, last),
            row_sum=rows.sums(quota),
            low=low,
            high=high,
            exact=exact,
            increment=increment,
            room=room,
            bounds=bounds,
            rows=rows,
            pool=pool,
            above=np.append(0, nodes[hierarchy.parent[1:]]),
            alike=alike,
            cell=cell,
            first=np.flatnonzero(_fresh(pool[cell]) | _fresh(alike[cell])),
        )

    def kinds(self, amounts: Sequence[int], wanted: FloatArray, most: int) -> Kinds:
        """The possible kinds of swaps, found among that many pairs of reps of each amount at most.

        `wanted` (k,) tells which way rows ought to move: reps who move them so are taken first.
        """
        push = self.rows.pushes(wanted)
        most = min(most, max(1000, 2 * _NUMBERS // len(wanted)))
        found = [self._cheapest_pairs(amount, push, most) for amount in amounts]
        loser, gainer, cost = (np.concatenate(column) for column in zip(*found, strict=True))
        reps, place = np.unique(np.concatenate((loser, gainer)), return_inverse=True)
        once = np.bincount(self.alike)[self.alike[reps]] == 1
        return Kinds(
            amount=np.repeat(np.array(amounts), [len(pairs[0]) for pairs in found]),
            loser=loser,
            gainer=gainer,
            cost=cost,
            of_loser=place[: len(loser)],
            of_gainer=place[len(loser) :],
            coefficient=self.rows.of_reps(reps),
            least=np.where(once, self.low[reps] - self.quota[reps], -np.inf),
            most=np.where(once, self.high[reps] - self.quota[reps], np.inf),
        )

    def _cheapest_pairs(
        self, amount: int, push: FloatArray, most: int
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Loser, gainer and cost of each kind."""
        turn = np.arange(len(self.quota))
        gains = self._offers(amount, turn).best(push, isqrt(most))
        loses = self._offers(-amount, turn[::-1]).best(-push, isqrt(most))
        gain, lose = _pairs(gains, loses, most)
        cost = gains.price[gain] // len(turn) + loses.price[lose] // len(turn) - 2 * _OFFSET
        kind = loses.alike[lose] * len(turn) + gains.alike[gain]
        order = np.lexsort((loses.price[lose], gains.price[gain], cost, kind))
        order = order[_fresh(kind[order])]
        return loses.rep[lose[order]], gains.rep[gain[order]], cost[order]

    def make(self, kinds: Kinds, chain: tuple[int, ...], good: float, effort: Effort) -> bool:
        """Make the swaps of a chain as often as each time is as `good`; whether any was made."""
        effect = kinds.effect(np.array(chain)).sum(axis=0, keepdims=True)
        if not self._worth(effect, good):
            return False
        effort.spend(len(chain) * (20_000 + 10 * len(self.quota)))
        made = self._in_bulk(kinds, chain, good) or self._once(kinds, chain)
        if made:
            self.row_sum[:] = self.rows.sums(self.quota)
        return made

    def _worth(self, effect: FloatArray, good: float) -> int:
        """How many of these effects (t, k), one after another, help most and are worth it."""
        missed = self.rows.missed(self.row_sum + np.cumsum(effect, axis=0))
        worth = missed <= self.rows.missed(self.row_sum) - good * np.arange(1, len(effect) + 1)
        return int(np.argmin(np.where(worth, missed, np.inf))) + 1 if worth.any() else 0

    def _costs(self, change: int) -> IntArray:
        """(n,) of changing one quota, in `_SLACK`s; `_NOBODY` where the window is in the way."""
        after = self.quota + change
        further = np.abs(after - self.exact) - np.abs(self.quota - self.exact)
        cost = np.rint(further / max(self.increment, self.room) / _SLACK).astype(np.int64)
        cost += _ODD * (self._odd(after).astype(np.int64) - self._odd(self.quota))
        return np.where((self.low <= after) & (after <= self.high), cost, _NOBODY)

    def _odd(self, quota: IntArray) -> BoolArray:
        odd: BoolArray = quota % self.increment != 0
        odd &= (quota != self.bounds.lowest) & (quota != self.bounds.highest)
        return odd

    def _offers(self, change: int, turn: IntArray) -> _Offers:
        cost = self._costs(change)
        price = np.where(cost < _NOBODY, (cost + _OFFSET) * len(turn) + turn, _NOBODY)
        best = np.minimum.reduceat(price[self.cell], self.first)
        rep = self.cell[self.first[best < _NOBODY]]
        pool, alike, best = self.pool[rep], self.alike[rep], best[best < _NOBODY]
        passes: BoolArray = self.unit_sum + change <= self.bounds.unit_max
        passes &= self.unit_sum + change >= self.bounds.unit_min
        passes[0] = False  # nothing is above the company
        found = [(pool, alike, best)]
        while (up := passes[pool]).any():
            pool, alike, best = self.above[pool[up]], alike[up], best[up]
            found.append((pool, alike, best))
        pool, alike, best = (np.concatenate(column) for column in zip(*found, strict=True))
        if len(found) > 1:
            order = np.lexsort((best, alike, pool))
            order = order[_fresh(pool[order]) | _fresh(alike[order])]
            pool, alike, best = pool[order], alike[order], best[order]
        return _Offers(pool, alike, best, turn[best % len(turn)])

    def _in_bulk(self, kinds: Kinds, chain: tuple[int, ...], good: float) -> bool:
        """Within pools, where nothing but windows is in the way of making it many times over."""
        busy = np.zeros(len(self.quota), dtype=bool)
        swaps: list[tuple[int, IntArray, IntArray]] = []
        for kind in chain:
            amount = int(kinds.amount[kind])
            gain, lose = self._costs(amount), self._costs(-amount)
            loses = (self.alike == self.alike[kinds.loser[kind]]) & (lose < _NOBODY) & ~busy
            gains = (self.alike == self.alike[kinds.gainer[kind]]) & (gain < _NOBODY) & ~busy
            loser, gainer = self._matched(loses, gains, lose, gain)
            busy[loser] = busy[gainer] = True
            swaps.append((amount, loser, gainer))
        times = min(*(len(loser) for _, loser, _ in swaps), max(1, _NUMBERS // len(self.rows)))
        effect = np.zeros((times, len(self.rows)))
        for amount, loser, gainer in swaps:
            added = self.rows.of_reps(gainer[:times]) - self.rows.of_reps(loser[:times])
            effect += amount * added
        times = self._worth(effect, good)
        for amount, loser, gainer in swaps:
            self.quota[loser[:times]] -= amount
            self.quota[gainer[:times]] += amount
        return times > 0

    def _matched(
        self, loses: BoolArray, gains: BoolArray, lose: IntArray, gain: IntArray
    ) -> tuple[IntArray, IntArray]:
        """The cheapest losers of each pool with its cheapest gainers; cheap pairs first."""
        loser, gainer = np.flatnonzero(loses), np.flatnonzero(gains)
        loser = loser[np.lexsort((-loser, lose[loser], self.pool[loser]))]
        gainer = gainer[np.lexsort((gainer, gain[gainer], self.pool[gainer]))]
        place, other = (
            self.pool[rep] * len(self.pool) + _numbers(self.pool[rep]) for rep in (loser, gainer)
        )
        _, first, second = np.intersect1d(place, other, assume_unique=True, return_indices=True)
        loser, gainer = loser[first], gainer[second]
        order = np.lexsort((gainer, lose[loser] + gain[gainer]))
        return loser[order], gainer[order]

    def _once(self, kinds: Kinds, chain: tuple[int, ...]) -> bool:
        """Between pools, by the cheapest pair of each kind; all of the chain or nothing."""
        quota, unit_sum = self.quota.copy(), self.unit_sum.copy()
        for kind in chain:
            amount = int(kinds.amount[kind])
            loser, gainer = int(kinds.loser[kind]), int(kinds.gainer[kind])
            quota[loser] -= amount
            quota[gainer] += amount
            unit_sum[self._pools_above(loser)] -= amount
            unit_sum[self._pools_above(gainer)] += amount
        bounds = self.bounds
        kept = np.all((self.low <= quota) & (quota <= self.high))
        kept &= np.all((bounds.unit_min <= unit_sum) & (unit_sum <= bounds.unit_max))
        if kept:
            self.quota[:], self.unit_sum[:] = quota, unit_sum
        return bool(kept)

    def _pools_above(self, rep: int) -> list[int]:
        """The rep's own first, the company's last."""
        pools = [int(self.pool[rep])]
        while pools[-1]:
            pools.append(int(self.above[pools[-1]]))
        return pools


def _pairs(gains: _Offers, loses: _Offers, most: int) -> tuple[IntArray, IntArray]:
    """Pairs of the same pool who are not alike; only those of some pools if there are too many."""
    start = np.searchsorted(loses.pool, gains.pool)
    count = np.searchsorted(loses.pool, gains.pool, side="right") - start
    if count.sum() > most:
        pools, place = np.unique(gains.pool, return_inverse=True)
        mixed = np.argsort(pools * 2654435761 % (1 << 32), kind="stable")  # the company stays first
        so_far = np.cumsum(np.bincount(place, count)[mixed])
        kept = np.isin(place, mixed[: max(1, int(np.searchsorted(so_far, most)))])
        count = np.where(kept, count, 0)
    gain = np.repeat(np.arange(len(count)), count)
    lose = start[gain] + np.arange(len(gain)) - np.repeat(np.cumsum(count) - count, count)
    differ = gains.alike[gain] != loses.alike[lose]
    return gain[differ], lose[differ]


def _fresh(values: IntArray) -> BoolArray:
    """Whether each value differs from the one before it."""
    return np.append(True, np.diff(values) != 0)[: len(values)]


def _numbers(pool: IntArray) -> IntArray:
    """0, 1, 2 … within each run of equal pools."""
    fresh = _fresh(pool)
    number: IntArray = np.arange(len(pool)) - np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
    return number


def _alike(coupling: Coupling) -> IntArray:
    """(n,) classes of reps whom all rows count by the same coefficients.

    Where these are too many, rows with coefficients tell apart only so many grades of them, by
    rank: the swap that is looked at then stands for similar ones.
    """
    nobody = np.zeros(coupling.reps, dtype=np.int64)
    alike = np.unique(told_apart(nobody, coupling), return_inverse=True)[1]
    weighted = np.flatnonzero(~coupling.whole).tolist()
    if alike.max() < _ALIKE or not weighted:
        return alike
    grades = max(2, int(_ALIKE ** (1 / len(weighted))))
    graded = coupling.coefficient.copy()
    for k in weighted:
        entries = slice(int(coupling.start[k]), int(coupling.start[k + 1]))
        size = coupling.coefficient[entries]
        rank = np.searchsorted(np.sort(size), size)
        graded[entries] = 1 + rank * grades // len(size)
    classes = told_apart(nobody, replace(coupling, coefficient=graded))
    return np.unique(classes, return_inverse=True)[1]
