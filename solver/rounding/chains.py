"""The shortest chain of swaps that brings rows across the tree nearer to their limits.

A swap moves an amount from one rep to another; here only what it does to the sums of the rows
counts, so swaps come by kinds. The search goes through vectors of sums, from the ones at hand:

    misses(sums) = max(low - sums, 0) + max(sums - high, 0)
    next swaps   = those that bring back a row that has become worse than it was at the start,
                   or at the start itself any row that misses a limit
    best first   = least missed in all, then fewest swaps, then cheapest
    the end      = less is missed in all than at the start

With disjoint rows that is breadth-first search for an augmenting path: a miss is handed on from row
to row until one has room for it. With rows that overlap or have coefficients it is a search with a
limited effort, for what it looks for is an integer programme.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from solver.coupled.coupling import Coupling
from solver.problem import BoolArray, FloatArray, IntArray
from solver.watch import Watch

EPSILON: Final = 1e-6
"""Misses below this part of a minor unit are noise."""
_BEAM: Final = 48
"""How many of the states that are worse than the start are kept from each step of the search."""
_OFFERS: Final = 64
"""How many chains of one step are offered at once."""
_FIRST_RATE: Final = 0.75
"""A chain is offered together with the best one if it does at least this part of its good."""
_LONGEST: Final = 8
"""A chain has at most so many swaps more than there are rows; handing a miss on takes one a row."""
_WIDTH: Final = 4_000_000
"""The most numbers that one step of the search may look at."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The k rows of a coupling over n reps, each divided by its largest coefficient.

    Sums are counted from those of a plan, which are taken exactly: differences are small, so floats
    count the last minor unit of them however large the amounts are.
    """

    origin: IntArray
    """(n,) that plan."""
    low: FloatArray
    high: FloatArray
    """(k,) what sums must lie between, with the room that `Coupling.misses` gives narrow rows."""
    size: FloatArray
    """(k,) the largest coefficient."""
    row: IntArray
    rep: IntArray
    coefficient: FloatArray
    """(e,) the entries, row by row."""
    entry: IntArray
    """(e,) the entries rep by rep, and"""
    start: IntArray
    """(n + 1,) where those of each rep start in `entry`."""

    @classmethod
    def of(cls, coupling: Coupling, origin: IntArray) -> Rows:
        size = np.zeros(len(coupling))
        np.maximum.at(size, coupling.row, np.abs(coupling.coefficient))
        size[size == 0] = 1  # a row that counts nobody
        between = (coupling.max - coupling.min).astype(np.float64)
        slack = np.where(coupling.whole, 0.0, np.maximum(size - between, 0) / 2)
        sums = coupling.exact_sums(origin)
        low, high = (
            np.array([float(end - done) for end, done in zip(ends.tolist(), sums, strict=True)])
            for ends in (coupling.min, coupling.max)
        )
        entry = np.lexsort((coupling.row, coupling.rep))
        return cls(
            origin=origin,
            low=(low - slack) / size,
            high=(high + slack) / size,
            size=size,
            row=coupling.row,
            rep=coupling.rep,
            coefficient=coupling.coefficient / size[coupling.row],
            entry=entry,
            start=np.searchsorted(coupling.rep[entry], np.arange(coupling.reps + 1)),
        )

    def __len__(self) -> int:
        return len(self.low)

    def tighten(self, misses: Sequence[Decimal]) -> None:
        """Aim further within the limits that the exact sums still miss, by so much."""
        for k, miss in enumerate(misses):
            further = 2 * (abs(float(miss)) / self.size[k] + EPSILON)
            self.low[k] += further if miss < 0 else 0
            self.high[k] -= further if miss > 0 else 0

    def sums(self, quota: IntArray | FloatArray) -> FloatArray:
        """(k,) counted from those of the origin."""
        change = quota - self.origin
        return np.bincount(self.row, self.coefficient * change[self.rep], len(self))

    def pushes(self, wanted: FloatArray) -> FloatArray:
        """(n,) how far one unit of each rep moves the rows in the direction `wanted` (k,)."""
        reps = len(self.start) - 1
        return np.bincount(self.rep, self.coefficient * wanted[self.row], reps)

    def of_reps(self, rep: IntArray) -> FloatArray:
        """(r, k) the coefficients of r reps in all rows."""
        count = self.start[rep + 1] - self.start[rep]
        nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        entry = self.entry[np.repeat(self.start[rep], count) + nth]
        full = np.zeros((len(rep), len(self)))
        full[np.repeat(np.arange(len(rep)), count), self.row[entry]] = self.coefficient[entry]
        return full

    def misses(self, sums: FloatArray) -> FloatArray:
        """(..., k) by how much each row lies outside its limits."""
        return np.maximum(self.low - sums, 0) + np.maximum(sums - self.high, 0)

    def missed(self, sums: FloatArray) -> FloatArray:
        """(...) by how much all rows together do, in whole `EPSILON`s."""
        return np.asarray(np.rint(self.misses(sums).sum(axis=-1) / EPSILON))


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """t kinds of swaps; each names the cheapest pair that can make one."""

    amount: IntArray
    loser: IntArray
    gainer: IntArray
    cost: IntArray
    """(t,)"""
    of_loser: IntArray
    of_gainer: IntArray
    """(t,) where in the next columns these stand."""
    coefficient: FloatArray
    """(r, k) of all reps that occur here."""
    least: FloatArray
    most: FloatArray
    """(r,) how far swaps may take each, all in all; infinite where others can stand in."""

    def __len__(self) -> int:
        return len(self.cost)

    def effect(self, kind: IntArray) -> FloatArray:
        """(t, k) what swaps of these kinds add to the sums of the rows."""
        gained, lost = self.of_gainer[kind], self.of_loser[kind]
        return self.amount[kind, None] * (self.coefficient[gained] - self.coefficient[lost])

    def effect_on(self, k: int) -> FloatArray:
        """(t,) what all of them add to the sum of row k."""
        column = self.coefficient[:, k]
        return self.amount * (column[self.of_gainer] - column[self.of_loser])

    def possible_after(self, chain: tuple[int, ...]) -> BoolArray:
        """(t,) whether both have room left for it after these swaps."""
        done, change = np.array(chain, dtype=np.int64), np.zeros(len(self.least))
        np.add.at(change, self.of_gainer[done], self.amount[done])
        np.subtract.at(change, self.of_loser[done], self.amount[done])
        possible = change[self.of_gainer] + self.amount <= self.most[self.of_gainer]
        possible &= change[self.of_loser] - self.amount >= self.least[self.of_loser]
        return np.asarray(possible)


@dataclass(slots=True)
class Effort:
    """What may still be spent, in steps of about 10 ns: no clock, so the same answer everywhere.

    Whoever waits for the answer is asked at every expense and may end all, but changes nothing.
    """

    left: float
    watch: Watch

    def spend(self, steps: float) -> None:
        """Raises `TimeIsUp` and `SolveStopped` as the watch wants it."""
        self.left -= steps
        self.watch.look()


class Offer(NamedTuple):
    """Chains that all lessen what is missed, the best first."""

    good: float
    """By at least so many `EPSILON`s."""
    chains: list[tuple[int, ...]]
    """Kinds of swaps; a kind may occur twice."""


class _State(NamedTuple):
    """Where a chain leads to; the order of the fields is the order of the search."""

    missed: float
    swaps: int
    cost: int
    number: int
    sums: FloatArray
    chain: tuple[int, ...]


def chains(
    kinds: Kinds, rows: Rows, sums: FloatArray, steps: int, effort: Effort
) -> Iterator[Offer]:
    """Chains that lessen what `sums` (k,) miss, those of fewest swaps first.

    The search takes at most so many `steps` and so much `effort`.
    """
    before = rows.misses(sums)
    missed = float(rows.missed(sums))
    waiting = [_State(missed, 0, 0, 0, sums, ())]
    seen: set[bytes] = set()
    for _ in range(steps):
        if not waiting or effort.left < 0:
            return
        state = heapq.heappop(waiting)
        if state.swaps >= len(rows) + _LONGEST:
            continue
        kind = _helpful(kinds, rows, state, before)
        effort.spend(5_000 + len(kinds) + len(kind) * (15 + 0.4 * len(rows)))
        after = state.sums + kinds.effect(kind)
        left, cost = rows.missed(after), state.cost + kinds.cost[kind]
        order = np.lexsort((cost, left))
        better, same, worse = np.split(order, np.searchsorted(left[order], (missed, missed + 0.5)))
        if len(better):
            good = _FIRST_RATE * (missed - left[better[0]])
            better = better[left[better] <= missed - good][:_OFFERS]
            found = [(*state.chain, k) for k in kind[better].tolist()]
            yield Offer(float(good), found)
        for k in np.append(same, worse[:_BEAM]):
            if (key := (np.rint(after[k] / EPSILON) + 0.0).tobytes()) not in seen:
                seen.add(key)
                chain = (*state.chain, int(kind[k]))
                rank = float(left[k]), len(chain), int(cost[k]), len(seen)
                heapq.heappush(waiting, _State(*rank, after[k], chain))


def _helpful(kinds: Kinds, rows: Rows, state: _State, before: FloatArray) -> IntArray:
    """The kinds that bring back the row that has become worse than `before` (k,), or any row."""
    misses = rows.misses(state.sums)
    worse = misses > before + EPSILON
    row = [int(np.argmax(misses * worse))]
    if not worse.any():
        row = np.flatnonzero(misses > EPSILON).tolist()
    helps = np.zeros(len(kinds), dtype=bool)
    for k in row:
        effect = kinds.effect_on(k)
        helps |= effect > 0 if state.sums[k] < rows.low[k] else effect < 0
    helps &= kinds.possible_after(state.chain)
    kind, most = np.flatnonzero(helps), max(1, _WIDTH // len(rows))
    if len(kind) > most:
        kind = np.sort(kind[np.argsort(kinds.cost[kind], kind="stable")[:most]])
    return kind
