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

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from solver.bounds import Bounds
from solver.coupling import Coupling
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.movement import money_noise
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray
from solver.tree import CommonLevels

FREE: Final = 0
UPPER: Final = 1
LOWER: Final = -1
"""A rep follows the level, is held by the own cap or the largest stretch t*, or by the floor."""

_NEAR: Final = 1e-7
"""Stretches that differ by less than this part of a typical one are the same."""
_STILL: Final = 1e-7
"""A movement below this part of the largest one is none."""
_KEPT: Final = 1e-6
"""By how much of all that moves a sum may miss what it is held to."""
_ROUNDS: Final = 40


class Moves(NamedTuple):
    """How limits move: (n,) of reps, (m + 1,) of nodes, (k,) of rows, and the largest stretch.

    Of the two ends of a range the one is meant that holds.
    """

    rep: FloatArray
    node: FloatArray
    row: FloatArray
    top: float


class Held(NamedTuple):
    """What is held: (n,) the state of each rep, (m + 1,) nodes with an own level, (k,) rows."""

    rep: IntArray
    node: BoolArray
    row: BoolArray

    @property
    def key(self) -> bytes:
        return b"".join(column.tobytes() for column in self)


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


@dataclass(frozen=True, eq=False)
class Standing:
    """Where a coupled plan stands; all in the hierarchy's order, `scale` linear and complete."""

    hierarchy: Hierarchy
    bounds: Bounds
    levels: CommonLevels
    scale: Scale
    coupling: Coupling
    mu: FloatArray
    """(k,) in stretch per unit of coefficient: above 0 at a row's min, below 0 at its max."""
    top: float
    """The largest stretch t*."""

    @property
    def still(self) -> Moves:
        h = self.hierarchy
        return Moves(np.zeros(len(h.rep_row)), np.zeros(h.nodes), np.zeros(len(self.mu)), 0.0)

    @cached_property
    def stretch(self) -> float:
        """The size of a stretch in this plan."""
        stretch = np.abs(self.levels.quota - self.scale.anchor) / self.scale.yardstick
        mean = float(stretch @ self.scale.yardstick) / float(self.scale.yardstick.sum())
        return max(self.scale.typical(self.bounds.total), mean)

    @cached_property
    def noise(self) -> FloatArray:
        return money_noise(self.levels.quota) + _NEAR * self.scale.yardstick * self.stretch

    @cached_property
    def ceiling(self) -> FloatArray:
        """(n,) the quotas at the largest stretch."""
        return self.scale.at(self.top)

    @cached_property
    def pushed(self) -> FloatArray:
        """(n,) money by which level and prices push a rep beyond the limit; 0 for the free."""
        level = self.levels.level[self.hierarchy.rep_node]
        away = self.scale.at(level + self.coupling.pushes(self.mu)) - self.levels.quota
        return np.where(np.abs(away) > self.noise, away, 0.0)

    @cached_property
    def at_cap(self) -> BoolArray:
        return np.asarray(self.levels.quota >= self.bounds.highest - self.noise)

    @cached_property
    def at_floor(self) -> BoolArray:
        return np.asarray(self.levels.quota <= self.bounds.lowest + self.noise)

    @cached_property
    def at_top(self) -> BoolArray:
        return np.asarray(np.abs(self.levels.quota - self.ceiling) <= self.noise)

    def upper(self, moves: Moves) -> FloatArray:
        """(n,) how the upper end moves that each rep stands at: the lower of cap and t*, but no
        lower than the floor.
        """
        top = np.where(self.at_top, self.scale.yardstick * moves.top, np.inf)
        end = np.minimum(top, np.where(self.at_cap, moves.rep, np.inf))
        return np.where(self.at_floor, np.maximum(end, moves.rep), end)

    @cached_property
    def gap(self) -> FloatArray:
        """(m + 1,) a node's level less its parent's; 0 where they are the same."""
        level, above = self.levels.level, self.levels.level[np.maximum(self.hierarchy.parent, 0)]
        same = np.abs(level - above) <= _NEAR * np.maximum(np.abs(above), self.stretch)
        return np.where(same, 0.0, level - above)

    @cached_property
    def node_sums(self) -> FloatArray:
        return slice_sums(self.levels.quota, self.hierarchy.first, self.hierarchy.last)

    @cached_property
    def row_sums(self) -> FloatArray:
        return self.coupling.sums(self.levels.quota)

    @cached_property
    def row_noise(self) -> FloatArray:
        return money_noise(self.row_sizes(self.levels.quota))

    def row_sizes(self, money: FloatArray) -> FloatArray:
        """(k,) what moves in each row without regard to signs."""
        c = self.coupling
        each = np.abs(c.coefficient * money[c.rep])
        return slice_sums(each, c.start[:-1], c.start[1:])

    @cached_property
    def held(self) -> Held:
        """What is held for sure: pushed against the limit, or unable to move."""
        pinned = self.at_cap & self.at_floor
        rep = np.select([pinned | (self.pushed > 0), self.pushed < 0], [UPPER, LOWER], FREE)
        node = self.gap != 0
        node[0] = True
        c = self.coupling
        size = slice_sums(np.abs(c.coefficient), c.start[:-1], c.start[1:])
        mean = size / np.maximum(np.diff(c.start), 1)
        return Held(rep, node, np.abs(self.mu) * mean > _NEAR * self.stretch)


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
    state, small, upper = found.held.rep, _small(found.quota), plan.upper(moves)
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
    noise, small = money_noise(plan.node_sums), _small(found.quota)
    full, empty = plan.node_sums >= b.unit_max - noise, plan.node_sums <= b.unit_min + noise
    head, weak = found.held.node, plan.gap == 0
    weak[0] = False
    passes = weak & ~head
    passes &= (full & (moved > moves.node + small)) | (empty & (moved < moves.node - small))
    rise = found.level - found.level[np.maximum(h.parent, 0)]
    slight = _STILL * np.nanmax(np.abs(found.level), initial=0.0)
    leaves = weak & head & ~(full & empty)
    leaves &= (full & (rise > slight)) | (empty & (rise < -slight))
    return np.asarray((head | passes) & ~leaves)


def _corrected_rows(plan: Standing, moves: Moves, found: Direction) -> BoolArray:
    c = plan.coupling
    moved, small = c.sums(found.quota), _STILL * plan.row_sizes(found.quota)
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


def _small(moved: FloatArray) -> float:
    return _STILL * float(np.abs(moved).max(initial=0.0))


def reach(plan: Standing, moves: Moves, found: Direction) -> float:
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
    small = _small(found.quota)
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
    slight = _STILL * np.nanmax(np.abs(found.level), initial=0.0)
    yield apart, -np.sign(plan.gap) * rise, slight
    rows, still = c.sums(found.quota), _STILL * plan.row_sizes(found.quota)
    loose = ~found.held.row
    most = np.where(c.max >= UNLIMITED, np.inf, c.max)
    least = np.where(c.min <= -UNLIMITED, -np.inf, c.min)
    yield np.where(loose, most - plan.row_sums, np.inf), rows - moves.row, still
    yield np.where(loose, plan.row_sums - least, np.inf), moves.row - rows, still
    priced = np.where(plan.held.row, np.abs(plan.mu), np.inf)
    yield priced, -np.sign(plan.mu) * found.mu, _STILL * np.abs(found.mu).max(initial=0.0)
