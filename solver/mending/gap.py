"""`on_infeasible: gap`: what nobody can carry is booked as a gap, and people's limits stay.

A gap belongs to a node and counts there, and above it, as if it were carried: the quotas below a
node and the gaps at and below it keep the node's range together. Gaps arise at units with a minimum
or a target that is above what those below can carry, else at the company. In all they are as small
as the limits allow; and where one will do at several places it stands at the topmost of them, so
that no unit misses its own minimum by more than it must.

What a gap cannot mend stays a conflict: floors above a maximum, a rep whose own limits contradict
each other, minima of units above a maximum over them, and whatever a group, a margin floor or a row
demands at least, for that is demanded of certain people and not of a node. Maxima of groups and
rows are kept. A parity is kept too, around the even share of what people carry: of the quotas, and
not of the target.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from solver.bounds import Bounds
from solver.conflict.tree import torn_reps
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy
from solver.mending.relaxation import add_to_parents, sums_of_own_reps
from solver.problem import UNLIMITED, FloatArray, IntArray
from solver.watch import Watch

if TYPE_CHECKING:
    from solver.conflict.elastic import Elastic

_ROUGH: Final = 1e-3
"""What part of a minor unit a gap may be off by before it counts as the next one."""
_MORE: Final = (0, 1, 2, 4, 8)
"""Minor units added to the least gap where whole amounts do not fit in it."""


def gaps(
    hierarchy: Hierarchy,
    bounds: Bounds,
    coupling: Coupling | None = None,
    watch: Watch | None = None,
) -> tuple[Bounds, IntArray]:
    """The limits of what people carry, and the gap of each node, (m + 1,) in minor units.

    Ranges of nodes, the target with them, are less by the gaps at and below; a coupling is to be
    restated for the new total, `coupling.at(limits.total)`. Where no gaps of whole minor units mend
    everything none is booked and the limits are as they came: `solver.conflict.diagnose` names the
    conflict. Raises `LinearProgramFailed`, `TimeIsUp` and `SolveStopped` as `diagnose` does.
    """
    nothing = bounds, np.zeros(hierarchy.nodes, dtype=np.int64)
    gap = _gaps_of_the_tree(hierarchy, bounds)
    if gap is None:
        return nothing
    if coupling is not None and len(coupling):
        if np.any(coupling.min > coupling.max):
            return nothing
        from solver.conflict.elastic import Elastic  # PuLP is slow to import, and rarely used

        elastic = Elastic.of(hierarchy, bounds, coupling, watch)
        if not _holds(elastic, hierarchy, bounds, coupling, gap):
            gap = _gaps_across(elastic, hierarchy, bounds, coupling)
            if gap is None:
                return nothing
    return lowered(hierarchy, bounds, gap), gap


def lowered(hierarchy: Hierarchy, bounds: Bounds, gap: IntArray) -> Bounds:
    """The limits that are left for people once gaps are booked."""
    below = _with_all_below(hierarchy, gap)
    limited = bounds.unit_max < UNLIMITED
    return replace(
        bounds,
        unit_min=np.maximum(bounds.unit_min - below, 0),
        unit_max=np.where(limited, bounds.unit_max - below, bounds.unit_max),
    )


def _with_all_below(hierarchy: Hierarchy, values: IntArray) -> IntArray:
    """(m + 1,) the sum of each node's value and those of all nodes below."""
    sums = values.copy()[:, None]
    for level in list(hierarchy.levels())[:-1]:
        add_to_parents(hierarchy, level, sums[level], sums)
    return sums[:, 0]


def _gaps_of_the_tree(hierarchy: Hierarchy, bounds: Bounds) -> IntArray | None:
    """The least gap of every node, or None where gaps mend nothing. Whole amounts, no solver."""
    if torn_reps(bounds).any():
        return None
    ends = np.column_stack(
        (sums_of_own_reps(hierarchy, bounds.lowest), sums_of_own_reps(hierarchy, bounds.highest))
    )
    gap = np.zeros(hierarchy.nodes, dtype=np.int64)
    for level in hierarchy.levels():
        low, high = ends[level].T
        least, most = bounds.unit_min[level], bounds.unit_max[level]
        if np.any(np.maximum(low, least) > most):
            return None
        gap[level] = np.maximum(least - high, 0)
        passed_on = np.column_stack((np.maximum(low, least), np.clip(high, least, most)))
        if level[0]:
            add_to_parents(hierarchy, level, passed_on, ends)
    return gap


def _holds(
    elastic: Elastic, hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling, gap: IntArray
) -> bool:
    """Whether people can carry what these gaps leave, rows and all."""
    left = lowered(hierarchy, bounds, gap)
    return elastic.holds(left, coupling.at(left.total))


def _gaps_across(
    elastic: Elastic, hierarchy: Hierarchy, bounds: Bounds, coupling: Coupling
) -> IntArray | None:
    """The least gaps of the nodes under rows across the tree, by linear programming."""
    columns, nodes = elastic.columns, elastic.case.nodes
    limits = elastic.limits(bounds, coupling)
    elastic.follow_what_is_assigned(limits)
    limits.high[columns.gap] = np.where(bounds.unit_min[nodes] > 0, UNLIMITED, 0)
    limits.low[columns.assigned] = 0
    cost = np.zeros(len(limits.low))
    cost[columns.gap] = 1.0
    if elastic.contradiction(limits):
        return None
    point = elastic.solve(limits, cost)
    least = int(np.ceil(point.value[columns.gap].sum() - _ROUGH))
    cost[columns.gap] = hierarchy.depth[nodes]
    for more in _MORE:
        left = bounds.total - least - more
        limits.low[columns.assigned] = limits.high[columns.assigned] = left
        if left < limits.low[columns.carried].sum():
            break
        if elastic.contradiction(limits):
            continue
        gap = np.zeros(hierarchy.nodes)
        gap[nodes] = elastic.solve(limits, cost).value[columns.gap]
        whole = _whole(hierarchy, gap, least + more)
        if _holds(elastic, hierarchy, bounds, coupling, whole):
            return whole
    return None


def _whole(hierarchy: Hierarchy, gap: FloatArray, total: int) -> IntArray:
    """Whole gaps that leave no unit more than these do, and `total` in all if that is enough."""
    below = gap.copy()
    for node in range(hierarchy.nodes - 1, 0, -1):
        below[hierarchy.parent[node]] += below[node]
    wanted = np.ceil(below - _ROUGH).astype(np.int64)
    wanted[0] = total
    whole, under = np.zeros((2, hierarchy.nodes), dtype=np.int64)
    for node in range(hierarchy.nodes - 1, -1, -1):
        whole[node] = max(wanted[node] - under[node], 0)
        if node:
            under[hierarchy.parent[node]] += whole[node] + under[node]
    return whole
