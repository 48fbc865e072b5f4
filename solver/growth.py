"""Whether limits that are reached show that no more can be assigned."""

from __future__ import annotations

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
    for reps in sorted(_full(allocation), key=len, reverse=True):
        if uncounted[reps].all() and free[reps].any():
            uncounted[reps] = False
    return not np.any(uncounted & free)


def _full(allocation: Allocation) -> list[IntArray]:
    """The reps of each limit of a sum of quotas that is reached, in the hierarchy's order."""
    h, quota, coupling = allocation.hierarchy, allocation.rounded, allocation.coupling
    carried = exact_sums(quota, h.first, h.last)
    nodes = np.flatnonzero(carried >= allocation.bounds.unit_max)
    full = [np.arange(h.first[node], h.last[node]) for node in nodes.tolist() if node]
    if coupling is not None:
        sums = coupling.exact_sums(quota)
        full += [
            coupling.members(k)
            for k in np.flatnonzero(coupling.whole & np.isnan(coupling.tolerance)).tolist()
            if sums[k] >= int(coupling.max[k])
        ]
    return full
