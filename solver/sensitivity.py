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

from solver.hierarchy import Hierarchy, slice_sums
from solver.movement import money_noise
from solver.problem import BoolArray, FloatArray, IntArray
from solver.standing import FREE, LOWER, UPPER, Held, Moves, Standing

STILL: Final = 1e-7
"""A movement below this part of the largest one is none."""
_KEPT: Final = 1e-6
"""By how much of all that moves a sum may miss what it is held to."""
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


def direction(plan: Standing, moves: Moves) -> Direction | None:
    """How the plan moves with its limits; None where no direction keeps them, or none is found."""
    held = plan.held
    seen = {held.key}
    for _ in range(_ROUNDS):
        found = _follow(plan, moves, held)
        changed = _corrected(plan, moves, found)
        if changed.key == held.key:
            return found if _keeps(plan, moves, found) else None
        if changed.key in seen:
            return None
        held = changed
        seen.add(held.key)
    return None


def _follow(plan: Standing, moves: Moves, held: Held) -> Direction:
    """The movement in which exactly these are held."""
    h, c, yardstick = plan.hierarchy, plan.coupling, plan.scale.yardstick
    block = _blocks(h, held.node)
    of_rep = block[h.rep_node]
    weight = np.where(held.rep == FREE, yardstick, 0.0)
    total = np.bincount(of_rep, weight, h.nodes)
    upper, lower = held.rep == UPPER, held.rep == LOWER
    bound = np.select([upper, lower], [plan.upper(moves), moves.rep], 0.0)
    given = np.where(held.node, moves.node, 0.0)
    own = given - np.bincount(of_rep, bound, h.nodes)
    inner = np.flatnonzero(held.node)[1:]
    np.subtract.at(own, block[h.parent[inner]], given[inner])
    mu = np.zeros(len(c))
    if held.row.any():
        mu[held.row] = _row_prices(plan, moves, held, _Blocks(of_rep, weight, total, own, bound))
    push = c.pushes(mu)
    rest = own - np.bincount(of_rep, weight * push, h.nodes)
    level = np.divide(rest, total, out=np.full_like(rest, np.nan), where=total > 0)[block]
    wanted = yardstick * (level[h.rep_node] + push)
    return Direction(np.where(held.rep == FREE, wanted, bound), wanted, level, mu, held)


class _Blocks(NamedTuple):
    of_rep: IntArray
    weight: FloatArray
    """(n,) yardsticks of the free."""
    total: FloatArray
    """(m + 1,) their sums by block."""
    own: FloatArray
    """(m + 1,) how the sum of a block's free reps moves."""
    bound: FloatArray
    """(n,) how those who are not free move."""


def _row_prices(plan: Standing, moves: Moves, held: Held, blocks: _Blocks) -> FloatArray:
    """How the prices of the held rows move, so that their sums do what they are held to."""
    from scipy import sparse

    c = plan.coupling
    matrix = sparse.csr_array((c.coefficient, c.rep, c.start), shape=(len(c), c.reps))[held.row]
    shared, place = np.unique(blocks.of_rep, return_inverse=True)
    shape = (c.reps, len(shared))
    members = sparse.csr_array((blocks.weight, (np.arange(c.reps), place)), shape=shape)
    by_block = (matrix @ members).toarray()
    total = blocks.total[shared]
    mean = by_block / np.where(total > 0, total, 1.0)
    curvature = ((matrix * blocks.weight) @ matrix.T).toarray() - mean @ by_block.T
    goal = moves.row[held.row] - matrix @ blocks.bound - mean @ blocks.own[shared]
    size = np.sqrt(np.asarray((matrix**2 * plan.scale.yardstick).sum(axis=1)).ravel())
    scaled = curvature / np.outer(size, size)
    # Rows that say the same among the free: any prices with the right sum will do.
    prices: FloatArray = np.linalg.lstsq(scaled, goal / size, rcond=1e-10)[0] / size
    return prices


def _blocks(hierarchy: Hierarchy, head: BoolArray) -> IntArray:
    """(m + 1,) the nearest node, upwards, with a level of its own."""
    block = np.arange(hierarchy.nodes)
    for node in [*hierarchy.levels()][-2::-1]:
        block[node] = np.where(head[node], node, block[hierarchy.parent[node]])
    return block


def _corrected(plan: Standing, moves: Moves, found: Direction) -> Held:
    """Hold who would pass a limit, and let go who would leave it: the weakly held alone."""
    return Held(
        _corrected_reps(plan, moves, found),
        _corrected_nodes(plan, moves, found),
        _corrected_rows(plan, moves, found),
    )


def _corrected_reps(plan: Standing, moves: Moves, found: Direction) -> IntArray:
    state, small, upper = found.held.rep, found.small, plan.upper(moves)
    weak = (plan.pushed == 0) & ~(plan.at_cap & plan.at_floor)
    free = weak & (state == FREE)
    rises = free & (plan.at_cap | plan.at_top) & (found.quota > upper + small)
    falls = free & plan.at_floor & (found.quota < moves.rep - small)
    leaves = weak & (state == UPPER) & (found.wanted < upper - small)
    leaves |= weak & (state == LOWER) & (found.wanted > moves.rep + small)
    return np.select([rises, falls, leaves], [UPPER, LOWER, FREE], state)


def _corrected_nodes(plan: Standing, moves: Moves, found: Direction) -> BoolArray:
    h, b = plan.hierarchy, plan.bounds
    moved = slice_sums(found.quota, h.first, h.last)
    noise, small = money_noise(plan.node_sums), found.small
    full, empty = plan.node_sums >= b.unit_max - noise, plan.node_sums <= b.unit_min + noise
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
    c = plan.coupling
    moved, small = c.sums(found.quota), STILL * plan.row_sizes(found.quota)
    full = plan.row_sums >= c.max - plan.row_noise
    empty = plan.row_sums <= c.min + plan.row_noise
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
        np.all(np.abs(nodes[held.node]) <= _KEPT * max(1.0, size))
        and np.all((np.abs(rows) <= _KEPT * scale)[held.row])
    )
