"""Which amounts can be assigned under rules that can hold, the target left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from solver.bounds import Bounds
from solver.conflict.tree import Intervals
from solver.coupling import Coupling
from solver.hierarchy import Hierarchy
from solver.problem import AMOUNT_LIMIT, UNLIMITED
from solver.watch import Watch


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
        holds = _possible(hierarchy, bounds, coupling, watch or Watch())
        least = _last(holds, bounds.total, least)
        most = _last(holds, bounds.total, min(most, AMOUNT_LIMIT))
        most = UNLIMITED if most == AMOUNT_LIMIT else most
    return least, None if most >= UNLIMITED else most


def _possible(
    hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling, watch: Watch
) -> Callable[[int], bool]:
    """Whether an amount can be assigned."""
    from solver.elastic import Elastic  # PuLP is slow to import, and most rules need none

    elastic = Elastic.of(hierarchy, bounds, coupling, watch)

    def possible(total: int) -> bool:
        unit_min, unit_max = bounds.unit_min.copy(), bounds.unit_max.copy()
        unit_min[0] = unit_max[0] = total
        asked = replace(bounds, unit_min=unit_min, unit_max=unit_max)
        return elastic.holds(asked, coupling.at(total))

    return possible


def _last(holds: Callable[[int], bool], inside: int, outside: int) -> int:
    """The last amount that holds on the way from one that does to one that may."""
    if inside == outside or holds(outside):
        return outside
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if holds(middle):
            inside = middle
        else:
            outside = middle
    return inside
