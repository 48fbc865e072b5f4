"""The others of a unit carry a change: each by the same part of the own quota, inside limits.

It is the problem of `solver.tree` once more, with the quota as it was for anchor and yardstick:

    quota_i(x) = clip(quota_i + quota_i x, floor_i, cap_i)      the level x is the relative change

for those who carry; whoever is changed, and whoever is held (a lock), stands at one amount. The
unit keeps its sum, and its sub-units their ranges. Changes are rounded as quotas are: they are
multiples of the increment, but for what those cannot add up to, so that a quota that was none
before (an odd lock, an import) does not have to become one. Who carries 0 carries nothing until
nobody else of the unit can carry more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from solver.amend.standing import Standing
from solver.bounds import Bounds
from solver.errors import SolverError
from solver.fairness import Scale
from solver.hierarchy import exact_sums
from solver.problem import NOT_SET, UNLIMITED, BoolArray, IntArray
from solver.rounding.on_the_tree import round_quotas
from solver.tree import equalise

type Kind = Literal["floor", "cap", "held", "min", "max"]


@dataclass(frozen=True, slots=True)
class Stop:
    """A limit that is reached before the change is carried."""

    kind: Kind
    """The first three are a rep's: `held` is one who is changed, or locked; the others a unit's."""
    place: int
    """Of the rep, or the node."""
    limit: int


class CannotCarry(SolverError):
    """Those who should carry the change cannot carry all of it."""

    def __init__(self, could: Mapping[int, int], stops: tuple[Stop, ...]) -> None:
        super().__init__("the change cannot be carried inside the limits")
        self.could = could
        """The quotas that could be carried instead: the same part of every change that was wanted,
        the largest possible one."""
        self.stops = stops
        """What stops it, in layout order; empty where there is nobody who could carry it."""


def carried(
    plan: Standing,
    node: int,
    wanted: Mapping[int, int],
    *,
    alone: bool = False,
    held: Collection[int] = (),
    frozen: Collection[int] = (),
) -> IntArray:
    """(n,) the quotas once these reps have the `wanted` ones and the others below `node` carry it.

    `alone`: those who hang on the node itself, without its sub-units. `held` reps carry nothing,
    `frozen` sub-units keep their sums. All wanted quotas are of reps below the node. Raises
    `CannotCarry`.
    """
    reps = plan.own(node) if alone else plan.below(node)
    inside = plan.cut_out(node, alone=alone, frozen=frozen)
    case = _Case.of(
        inside,
        {place - reps.start: quota for place, quota in wanted.items()},
        [place - reps.start for place in held],
    )
    if not case.holds:
        could = case.at_most().items()
        raise CannotCarry(
            {place + reps.start: quota for place, quota in could},
            tuple(_outside(stop, reps.start, node) for stop in case.stops()),
        )
    quota = plan.quota.copy()
    quota[reps] = case.solved()
    return quota


def _outside(stop: Stop, rep: int, node: int) -> Stop:
    return replace(stop, place=stop.place + (node if stop.kind in ("min", "max") else rep))


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A unit cut out of its company, whom is changed in it, and the limits of everybody."""

    plan: Standing
    wanted: Mapping[int, int]
    carriers: BoolArray
    low: IntArray
    high: IntArray

    @classmethod
    def of(cls, plan: Standing, wanted: Mapping[int, int], held: Collection[int]) -> _Case:
        carriers = np.ones(len(plan.quota), dtype=np.bool_)
        carriers[[*wanted, *held]] = False
        fixed = plan.quota.copy()
        fixed[[*wanted]] = [*wanted.values()]
        total = int(plan.sums[0])
        # Nobody can carry more than all; that keeps sums small.
        highest = np.minimum(plan.highest, total)
        low = np.where(carriers, plan.lowest, fixed)
        return cls(plan, wanted, carriers, low, np.where(carriers, highest, fixed))

    @property
    def holds(self) -> bool:
        least, most = self._within()
        return all(low <= high for low, high in zip(least, most, strict=True))

    def _within(self) -> tuple[list[int], list[int]]:
        """What the reps below each node carry at least and at most, inside its range and those
        below it; nothing fits where the least is above the most.
        """
        least, most = (self._of_own_reps(ends) for ends in (self.low, self.high))
        parent = self.plan.hierarchy.parent.tolist()
        ranges = zip(self.plan.unit_min.tolist(), self.plan.unit_max.tolist(), strict=True)
        for node, (low, high) in reversed([*enumerate(ranges)]):
            least[node], most[node] = max(least[node], low), min(most[node], high)
            if node:
                least[parent[node]] += least[node]
                most[parent[node]] += most[node]
        return least, most

    def _of_own_reps(self, ends: IntArray) -> list[int]:
        """Plain numbers, which no sum of them is too large for."""
        h = self.plan.hierarchy
        count = np.bincount(h.rep_node, minlength=h.nodes)
        sums: list[int] = exact_sums(ends, h.first, h.first + count).tolist()
        return sums

    def at_most(self) -> dict[int, int]:
        """The wanted quotas that could be had: the same part of each change."""
        before = {place: int(self.plan.quota[place]) for place in self.wanted}
        change = {place: quota - before[place] for place, quota in self.wanted.items()}
        whole = max(map(abs, change.values()))
        held = np.flatnonzero(~self.carriers).tolist()

        def quotas(part: int) -> dict[int, int]:
            moves = {
                place: part * abs(own) // whole * (1 if own > 0 else -1)
                for place, own in change.items()
            }
            return {place: before[place] + move for place, move in moves.items()}

        good, bad = 0, whole
        while bad - good > 1:
            middle = (good + bad) // 2
            fits = _Case.of(self.plan, quotas(middle), held).holds
            good, bad = (middle, bad) if fits else (good, middle)
        return quotas(good)

    def stops(self) -> Iterator[Stop]:
        """The limits that make the change impossible, where somebody could carry anything."""
        if not self.carriers.any():
            return
        least, most = self._within()
        node = next(v for v in reversed(range(len(least))) if least[v] > most[v])
        short = most[node] < int(self.plan.unit_min[node])
        if node and short:
            yield Stop("min", node, int(self.plan.unit_min[node]))
        elif node:
            yield Stop("max", node, int(self.plan.unit_max[node]))
        yield from self._ends_of(node, most if short else least, upwards=short)

    def _ends_of(self, node: int, within: Sequence[int], *, upwards: bool) -> Iterator[Stop]:
        """What keeps the parts of a node from carrying more, or less; `within`: their ends."""
        own, ends = self.plan.own(node), self.high if upwards else self.low
        kind: Kind = "cap" if upwards else "floor"
        for place in range(own.start, own.stop):
            yield Stop(kind if self.carriers[place] else "held", place, int(ends[place]))
        limits = self.plan.unit_max if upwards else self.plan.unit_min
        for child in (np.flatnonzero(self.plan.hierarchy.parent[1:] == node) + 1).tolist():
            if within[child] == limits[child]:
                yield Stop("max" if upwards else "min", child, int(limits[child]))
            else:
                yield from self._ends_of(child, within, upwards=upwards)

    def solved(self) -> IntArray:
        """The quotas of everybody in the unit."""
        plan, h = self.plan, self.plan.hierarchy
        before = plan.quota.astype(np.float64)
        yardstick = np.ones_like(before)
        if self.carriers.any():
            own = before[self.carriers]
            yardstick[self.carriers] = Scale(own, own).effective
        levels = equalise(h, self._bounds(np.zeros_like(plan.quota)), before, yardstick)
        # What a quota lacks to the next increment is lent for as long as it is rounded.
        lent = np.where(self.carriers, -plan.quota % plan.increment, 0)
        rounded = round_quotas(h, self._bounds(lent), levels.quota + lent, plan.increment)
        return rounded - lent

    def _bounds(self, lent: IntArray) -> Bounds:
        plan = self.plan
        sums = exact_sums(lent, plan.hierarchy.first, plan.hierarchy.last)
        return Bounds(
            floor=self.low + lent,
            cap=self.high + lent,
            fixed=np.full_like(lent, NOT_SET),
            unit_min=plan.unit_min + sums,
            unit_max=np.minimum(plan.unit_max + sums, UNLIMITED),
            unit_target=plan.unit_min == plan.unit_max,
        )
