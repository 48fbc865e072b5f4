"""Which limits keep people from carrying more, and whether they show that nobody can."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.allocation import Allocation
from solver.hierarchy import exact_sums
from solver.problem import IntArray


def nobody_can_carry_more(allocation: Allocation) -> bool:
    """True only where that is certain, by whole amounts and without a solver.

    So it is where the company itself has a gap, which is the least one possible; and where limits
    that are reached (maxima of units, and of rows that count each quota once; caps) count every rep
    exactly once, for their sum is then all that can be assigned. A parity's limits grow with the
    total and show nothing.
    """
    if allocation.gap is not None and allocation.gap[0] > 0:
        return True
    free = allocation.rounded < allocation.bounds.highest
    uncounted = np.ones_like(free)
    nodes = (reps for _, reps in _full_units(allocation))
    rows = (reps for k, reps in _full_rows(allocation) if _is_a_sum(allocation, k))
    for reps in sorted((*nodes, *rows), key=len, reverse=True):
        if uncounted[reps].all() and free[reps].any():
            uncounted[reps] = False
    return not np.any(uncounted & free)


def holding(allocation: Allocation, node: int) -> list[tuple[str, int]]:
    """The limits that are reached among the reps at and below a node, those of most reps first, and
    how many of these reps each holds; their own limits are counted together, as `cap`.
    """
    h, coupling, own = allocation.hierarchy, allocation.coupling, "cap"
    full = allocation.rounded >= allocation.bounds.highest
    found = [(own, np.flatnonzero(full))]
    for v, reps in _full_units(allocation):
        end = "target" if allocation.bounds.unit_target[v] else "max"
        found.append((f"unit:{allocation.problem.units.ids[h.unit_row[v]]}:{end}", reps))
    if coupling is not None:
        found += [(coupling.side(k, "max"), reps) for k, reps in _full_rows(allocation)]
    counted = [
        (name, int(np.count_nonzero((h.first[node] <= reps) & (reps < h.last[node]))))
        for name, reps in found
    ]
    return sorted((pair for pair in counted if pair[1]), key=lambda pair: (-pair[1], pair[0]))


def _full_units(allocation: Allocation) -> Iterator[tuple[int, IntArray]]:
    """The nodes whose maximum is reached, without help of a gap, and their reps."""
    h, quota, gap = allocation.hierarchy, allocation.rounded, allocation.gap
    full = exact_sums(quota, h.first, h.last) >= allocation.bounds.unit_max
    below = np.zeros(h.nodes, dtype=np.int64) if gap is None else gap.copy()
    for node in range(h.nodes - 1, 0, -1):
        below[h.parent[node]] += below[node]
    for node in (np.flatnonzero(full[1:] & (below[1:] == 0)) + 1).tolist():
        yield node, np.arange(h.first[node], h.last[node])


def _full_rows(allocation: Allocation) -> Iterator[tuple[int, IntArray]]:
    """The rows whose maximum is reached, and the reps who cannot carry more for it."""
    coupling = allocation.coupling
    if coupling is None:
        return
    for k, total in enumerate(coupling.exact_sums(allocation.rounded)):
        if total >= int(coupling.max[k]):
            entries = slice(coupling.start[k], coupling.start[k + 1])
            yield k, coupling.rep[entries][coupling.coefficient[entries] > 0]


def _is_a_sum(allocation: Allocation, k: int) -> bool:
    coupling = allocation.coupling
    return coupling is not None and bool(coupling.whole[k] and np.isnan(coupling.tolerance[k]))
