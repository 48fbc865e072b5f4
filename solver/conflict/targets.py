"""Which amounts can be assigned under rules that can hold, the target left out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from solver.bounds import Bounds
from solver.conflict.tree import Intervals
from solver.coupled.coupling import Coupling
from solver.errors import LinearProgramFailed
from solver.hierarchy import Hierarchy
from solver.problem import AMOUNT_LIMIT, UNLIMITED
from solver.watch import Watch

if TYPE_CHECKING:
    from solver.conflict.elastic import Elastic

_ROUGH: Final = 1e-3
"""What part of a minor unit an amount may be off by."""


def feasible_target(
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling | None = None,
    watch: Watch | None = None,
) -> tuple[int, int | None]:
    """The least and the most that can be assigned under rules that can hold, target left out.

    Amounts to assign, with over-assignment, in minor units; None where there is no limit. What is
    even for a parity moves with the amount.
    """
    intervals = Intervals.of(hierarchy, bounds)
    least, most = int(intervals.low[0]), int(intervals.high[0])
    if coupling is not None and len(coupling):
        amounts = _Amounts.of(hierarchy, bounds, coupling, watch)
        least, most = amounts.last(least), amounts.last(min(most, AMOUNT_LIMIT))
        most = UNLIMITED if most == AMOUNT_LIMIT else most
    return least, None if most >= UNLIMITED else most


@dataclass(frozen=True, slots=True, eq=False)
class _Amounts:
    """Which amounts can be assigned under rules across the tree."""

    bounds: Bounds
    coupling: Coupling
    elastic: Elastic

    @classmethod
    def of(
        cls, hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling, watch: Watch | None
    ) -> Self:
        from solver.conflict.elastic import (
            Elastic,  # PuLP is slow to import, and most rules need none
        )

        return cls(bounds, coupling, Elastic.of(hierarchy, bounds, coupling, watch))

    def last(self, outside: int) -> int:
        """The last amount that can be assigned on the way from the target to `outside`.

        What is even for a parity is a line over the amount, but for rounding: the linear programme
        says about where the last amount is, and whole amounts around it are tried.
        """
        start, way = self.bounds.total, 1 if outside > self.bounds.total else -1
        if start == outside:
            return outside
        if not len(self.elastic.case.parity_rows):
            found = self._by_prices(outside)
            if found is not None:
                return found
        if self._holds(outside):
            return outside
        near, end = (way * (amount - start) for amount in (self._about(way), outside))
        return start + way * _last(lambda far: self._holds(start + way * far), near, end)

    def _by_prices(self, outside: int) -> int | None:
        """The same where prices prove that nothing beyond is possible; None where they do not."""
        column, total = self.elastic.columns.total[0], self.bounds.total
        way = 1 if outside > total else -1
        limits = self.elastic.limits(self.bounds, self.coupling)
        limits.low[column], limits.high[column] = min(total, outside), max(total, outside)
        cost = np.zeros(self.elastic.columns.count)
        cost[column] = -way
        point = self.elastic.solve(limits, cost)
        bound = self.elastic.bound(limits, cost, point)
        if bound is None:
            return None
        last = -way * math.ceil(bound.least)
        return last if way * (last - point.value[column]) <= _ROUGH else None

    def _about(self, way: int) -> int:
        """The least or the most amount by the linear programme, to a unit or two."""
        columns = self.elastic.columns
        limits = self.elastic.limits(self._restated(self.bounds.total), self.coupling)
        limits.low[columns.total[0]], limits.high[columns.total[0]] = 0, UNLIMITED
        self.elastic.follow_what_is_assigned(limits)
        cost = np.zeros(columns.count)
        cost[columns.total[0]] = -way
        try:
            found = self.elastic.solve(limits, cost)
        except LinearProgramFailed:  # no end to it, but for the rounding of limits
            return self.bounds.total
        return round(float(found.value[columns.total[0]]))

    def _holds(self, total: int) -> bool:
        return self.elastic.surely_holds(self._restated(total), self.coupling.at(total))

    def _restated(self, total: int) -> Bounds:
        unit_min, unit_max = self.bounds.unit_min.copy(), self.bounds.unit_max.copy()
        unit_min[0] = unit_max[0] = total
        return replace(self.bounds, unit_min=unit_min, unit_max=unit_max)


def _last(holds: Callable[[int], bool], near: int, outside: int) -> int:
    """The last number that holds, from 0, which does, to `outside`, which does not.

    It is about `near`: steps from there double until it is passed, then the middle is tried.
    """
    inside, step = 0, 1
    near = min(max(near, 0), outside)
    if near == 0 or (near < outside and holds(near)):
        inside = near
        while (near := inside + step) < outside and holds(near):
            inside, step = near, 2 * step
        outside = min(near, outside)
    else:
        outside = near
        while (near := outside - step) > inside and not holds(near):
            outside, step = near, 2 * step
        inside = max(near, inside)
    while outside - inside > 1:
        middle = (inside + outside) // 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside
