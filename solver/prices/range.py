"""For how much money a price holds: how far everything is from where it changes its part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from solver.hierarchy import slice_sums
from solver.prices.sensitivity import STILL, Direction
from solver.prices.standing import FREE, UPPER, Moves, Standing
from solver.problem import UNLIMITED, FloatArray


def price_range(plan: Standing, moves: Moves, found: Direction) -> float:
    """For how much the direction holds: until somebody meets a limit, or is let go by one."""
    ends = [np.inf]
    for room, rate, least in _distances(plan, moves, found):
        closing = rate > least
        ends.append(float(np.min(room[closing] / rate[closing], initial=np.inf)))
    return max(min(ends), 0.0)


def _distances(
    plan: Standing, moves: Moves, found: Direction
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray | float]]:
    """How far everything is from where it changes its part, how fast that shrinks, and what counts
    as not at all.
    """
    h, b, c, quota = plan.hierarchy, plan.bounds, plan.coupling, plan.levels.quota
    small = found.small
    state, top = found.held.rep, plan.scale.yardstick * moves.top
    free = state == FREE
    cap = np.where(b.highest >= UNLIMITED, np.inf, b.highest)
    yield np.where(free & ~plan.at_cap, cap - quota, np.inf), found.quota - moves.rep, small
    yield np.where(free & ~plan.at_top, plan.ceiling - quota, np.inf), found.quota - top, small
    yield np.where(~plan.at_floor, quota - b.lowest, np.inf), -found.quota, small
    # Whoever stands at t* may meet the own cap, and whoever stands at the cap may be met by t*.
    yield np.where(plan.at_top & ~plan.at_cap & ~free, cap - quota, np.inf), top, small
    yield np.where(state == UPPER, plan.ceiling - quota, np.inf), found.quota - top, small
    yield np.where(moves.rep < 0, quota, np.inf), -moves.rep, small
    pushed = np.where(plan.pushed != 0, np.abs(plan.pushed), np.inf)
    yield pushed, np.sign(plan.pushed) * (found.quota - found.wanted), small
    moved = slice_sums(found.quota, h.first, h.last)
    loose = ~found.held.node
    most = np.where(b.unit_max >= UNLIMITED, np.inf, b.unit_max)
    yield np.where(loose, most - plan.node_sums, np.inf), moved - moves.node, small
    yield np.where(loose, plan.node_sums - b.unit_min, np.inf), moves.node - moved, small
    rise = found.level - found.level[np.maximum(h.parent, 0)]
    apart = np.where(plan.gap != 0, np.abs(plan.gap), np.inf)
    slight = STILL * np.nanmax(np.abs(found.level), initial=0.0)
    yield apart, -np.sign(plan.gap) * rise, slight
    rows, still = c.sums(found.quota), STILL * plan.row_sizes(found.quota)
    loose = ~found.held.row
    most = np.where(c.max >= UNLIMITED, np.inf, c.max)
    least = np.where(c.min <= -UNLIMITED, -np.inf, c.min)
    yield np.where(loose, most - plan.row_sums, np.inf), rows - moves.row, still
    yield np.where(loose, plan.row_sums - least, np.inf), moves.row - rows, still
    priced = np.where(plan.held.row, np.abs(plan.mu), np.inf)
    yield priced, -np.sign(plan.mu) * found.mu, STILL * np.abs(found.mu).max(initial=0.0)
