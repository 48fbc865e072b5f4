"""How a plan with rules across the tree moves when its limits do: the derivative in one direction.

A coupled plan has the form (`solver.coupled`)

    e_i = clip(level of i's block + sum over k of g_ki mu_k, a_i, min(b_i, t*))

in stretch e_i = (q_i - c_i) / R_i, where a_i and b_i are the stretches of floor and cap. When
limits move, those who stand at one move with it, and the others follow their level and the prices
mu, so that every sum stays what it is held to. The sum of a block gives its level; that leaves one
equation for each row that binds. Reps, units and rows who stand at a limit without being pushed
against it are let go at first, and held where they would pass it: the result keeps every limit, so
it is the derivative in this direction also where the opposite one has another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from solver.hierarchy import slice_sums
from solver.prices.linkage import KEPT, Linkage
from solver.prices.standing import FREE, LOWER, UPPER, Held, Moves, Standing
from solver.problem import BoolArray, FloatArray, IntArray

STILL: Final = 1e-7
"""A movement below this part of the largest one is none."""
_ROUNDS: Final = 40


class Direction(NamedTuple):
    """How the plan moves per unit."""

    quota: FloatArray
    """(n,)"""
    wanted: FloatArray
    """(n,) what quotas would do without own limits; nan in blocks where nobody is free."""
    level: FloatArray
    """(m + 1,) nan in such blocks."""
    mu: FloatArray
    """(k,)"""
    held: Held

    @property
    def small(self) -> float:
        """Money that counts as not moving."""
        return STILL * float(np.abs(self.quota).max(initial=0.0))


def direction(first: Linkage, moves: Moves) -> Direction | None:
    """How a plan moves with its limits; None where no direction keeps them, or none is found.

    `first`: what hangs together while exactly that is held which is held for sure.
    """
    plan, linkage = first.plan, first
    seen = {linkage.held.key}
    for _ in range(_ROUNDS):
        found = _follow(linkage, moves)
        changed = _corrected(plan, moves, found)
        if changed.key == linkage.held.key:
            return found if _keeps(plan, moves, found) else None
        if changed.key in seen:
            return None
        linkage = Linkage(plan, changed)
        seen.add(changed.key)
    return None


def _follow(linkage: Linkage, moves: Moves) -> Direction:
    """The movement in which exactly these are held."""
    plan, held = linkage.plan, linkage.held
    bound = linkage.bound(moves)
    asked = linkage.asked(moves, bound)
    mu = np.zeros(len(plan.coupling))
    mu[held.row] = linkage.prices(moves.row[held.row] - linkage.rows @ bound, asked)
    level = linkage.levels(asked, mu[held.row])
    pull = level[plan.hierarchy.rep_node] + plan.coupling.pushes(mu)
    wanted = plan.scale.yardstick * pull
    return Direction(np.where(held.rep == FREE, wanted, bound), wanted, level, mu, held)


def _corrected(plan: Standing, moves: Moves, found: Direction) -> Held:
    """Hold who would pass a limit, and let go who would leave it: the weakly held alone."""
    return Held(
        _corrected_reps(plan, moves, found),
        _corrected_nodes(plan, moves, found),
        _corrected_rows(plan, moves, found),
    )


def _corrected_reps(plan: Standing, moves: Moves, found: Direction) -> IntArray:
    state, small, upper, weak = found.held.rep, found.small, plan.upper(moves), plan.weak
    free = weak & (state == FREE)
    rises = free & (plan.at_cap | plan.at_top) & (found.quota > upper + small)
    falls = free & plan.at_floor & (found.quota < moves.rep - small)
    leaves = weak & (state == UPPER) & (found.wanted < upper - small)
    leaves |= weak & (state == LOWER) & (found.wanted > moves.rep + small)
    return np.select([rises, falls, leaves], [UPPER, LOWER, FREE], state)


def _corrected_nodes(plan: Standing, moves: Moves, found: Direction) -> BoolArray:
    h, full, empty = plan.hierarchy, plan.node_full, plan.node_empty
    moved, small = slice_sums(found.quota, h.first, h.last), found.small
    head, weak = found.held.node, plan.gap == 0
    weak[0] = False
    passes = weak & ~head
    passes &= (full & (moved > moves.node + small)) | (empty & (moved < moves.node - small))
    rise = found.level - found.level[np.maximum(h.parent, 0)]
    slight = STILL * np.nanmax(np.abs(found.level), initial=0.0)
    leaves = weak & head & ~(full & empty)
    leaves &= (full & (rise > slight)) | (empty & (rise < -slight))
    return np.asarray((head | passes) & ~leaves)


def _corrected_rows(plan: Standing, moves: Moves, found: Direction) -> BoolArray:
    full, empty = plan.row_full, plan.row_empty
    moved, small = plan.coupling.sums(found.quota), STILL * plan.row_sizes(found.quota)
    weak, held = ~plan.held.row, found.held.row
    passes = weak & ~held
    passes &= (full & (moved > moves.row + small)) | (empty & (moved < moves.row - small))
    leaves = weak & held & ~(full & empty)
    leaves &= (full & (found.mu > 0)) | (empty & (found.mu < 0))
    return np.asarray((held | passes) & ~leaves)


def _keeps(plan: Standing, moves: Moves, found: Direction) -> bool:
    """Whether all sums do what they are held to; they cannot where nobody is left to move."""
    h, held = plan.hierarchy, found.held
    size = float(np.abs(found.quota).max(initial=0.0)) + float(np.abs(moves.node).max())
    nodes = slice_sums(found.quota, h.first, h.last) - moves.node
    rows = plan.coupling.sums(found.quota) - moves.row
    scale = 1.0 + plan.row_sizes(found.quota) + np.abs(moves.row)
    return bool(
        np.all(np.abs(nodes[held.node]) <= KEPT * max(1.0, size))
        and np.all((np.abs(rows) <= KEPT * scale)[held.row])
    )
