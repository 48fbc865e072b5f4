"""The second stage of a coupled plan: the least squares of stretch within limits and rows.

    minimise   sum over i of (q_i - c_i)^2 / R_i
    subject to limits of reps and units,   min_k <= sum over i of g_ki q_i <= max_k

At given prices mu of the rows the rest is a problem of the tree: completing the square moves each
rep's anchor to c_i + R_i sum_k g_ki mu_k, and `solver.tree` answers that exactly. So the search is
over k prices only. The dual function is concave and piecewise quadratic; its gradient is what the
rows miss, and its curvature is known in closed form, because free reps who move together share one
fixed sum:

    d(G q) / d(mu) = G (D - sum over blocks b of R_b R_b' / sum of R_b) G',  D = diag(R of the free)

A Newton step on the rows that bind and a search along it end after a few solves of the tree. Where
they do not (about as many rows as reps), Clarabel finds prices and the same search finishes them.
Equal reps have equal anchors, hence equal quotas to the last bit.

Source: dual of a separable convex quadratic programme, semismooth Newton with a line search (Qi and
Sun 1993; Facchinei and Pang 2003, chapter 8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from solver.coupling import Coupling
from solver.errors import LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, slice_sums
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray
from solver.tree import CommonLevels, Ranges, blocks
from solver.watch import Watch

KEPT: Final = 1e-10
"""What a row may miss a limit by, as a part of all the money that it sums."""
NOTHING: Final = 1e-6
"""The same in minor units: quotas will be whole ones."""
TIGHT: Final = 1e-9
"""How far within a limit a row with a price may lie; the same part."""
_STEPS: Final = 60
_STRICTLY: Final = 1e-8
_ENOUGH: Final = 12
"""`NOTHING` counts after so many steps; before, this part of a minor unit."""
_FURTHEST: Final = 1e5
"""How far prices may push anybody, in stretches that matter: further out digits are lost."""
_TRIES: Final = 60
_FEW_STEPS: Final = 8
_FEW_TRIES: Final = 6
"""Of a search that is worth a try."""
_LEAST_CURVATURE: Final = 1e-12
"""Added to the curvature, as a part of what it is when everybody is free: rows may say the same."""
_FEW_ROWS: Final = 64
"""Up to so many rows all of them are heard in every step."""
_TURNS: Final = 8
_OVERSHOT: Final = 1e-2
"""A whole Newton step may pass the best point of its way by this part of the slope it began at."""
_NOISE: Final = 1e-7
"""Prices below this part of the largest one are an interior point's way to say 0."""
_FLAT: Final = 1e-10
"""Below this part a row has nobody left who could move."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits in minor units and in layout order, not necessarily whole: n reps, m + 1 nodes."""

    low: FloatArray
    high: FloatArray
    node_min: FloatArray
    node_max: FloatArray
    total: float


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """The unrounded plan and the prices that prove it the least."""

    levels: CommonLevels
    price: FloatArray
    """(k,) mu in stretch per unit of coefficient: above 0 at a row's min, below 0 at its max."""


def least_squares(
    hierarchy: Hierarchy, limits: Limits, scale: Scale, coupling: Coupling, watch: Watch
) -> LeastSquares:
    """The plan of least squares. `scale` is in layout order, without a zero yardstick.

    Limits and rows must be able to hold together. Raises `LinearProgramFailed` where no plan comes
    out that keeps them, `TimeIsUp` and `SolveStopped` as `watch` wants it.
    """
    dual = _Dual(hierarchy, limits, scale, coupling)
    found = _search(dual, dual.at(np.zeros(len(coupling))), watch)
    if not dual.settled(found):
        found = _search(dual, dual.at(_prices_by_clarabel(dual, watch)), watch)
    if not dual.settled(found):
        raise LinearProgramFailed("no plan of least squares was found that keeps every limit")
    return LeastSquares(found.levels, found.price)


def squares_at_hand(
    hierarchy: Hierarchy,
    limits: Limits,
    scale: Scale,
    coupling: Coupling,
    watch: Watch,
    *,
    plan: CommonLevels,
) -> LeastSquares | None:
    """The same where a few steps from the `plan` without rows find it, else None: limits and rows
    need not hold together.
    """
    dual = _Dual(hierarchy, limits, scale, coupling)
    first = dual.told(np.zeros(len(coupling)), scale.anchor, plan)
    found = _search(dual, first, watch, steps=_FEW_STEPS, tries=_FEW_TRIES)
    return LeastSquares(found.levels, found.price) if dual.settled(found) else None


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    """The plan of the tree at some prices."""

    price: FloatArray
    anchor: FloatArray
    """(n,) the anchors that the prices move."""
    levels: CommonLevels
    sums: FloatArray
    """(k,) of the rows."""
    gradient: FloatArray
    """(k,) what each row misses: the limit that it is held to, less its sum; 0 where it holds."""


@dataclass(frozen=True, eq=False)
class _Dual:
    """The dual function of one problem; see the module's first lines."""

    hierarchy: Hierarchy
    limits: Limits
    scale: Scale
    coupling: Coupling

    @cached_property
    def matrix(self):  # type: ignore[no-untyped-def]  # scipy's sparse arrays have no useful type
        """G as a sparse array, (k, n)."""
        from scipy import sparse  # slow to import, and only coupled plans need it

        c = self.coupling
        return sparse.csr_array((c.coefficient, c.rep, c.start), shape=(len(c), c.reps))

    @cached_property
    def transposed(self):  # type: ignore[no-untyped-def]
        """The same turned, (n, k)."""
        return self.matrix.T.tocsr()

    @cached_property
    def least(self) -> FloatArray:
        least = self.coupling.min.astype(np.float64)
        return np.where(self.coupling.min <= -UNLIMITED, -np.inf, least)

    @cached_property
    def most(self) -> FloatArray:
        most = self.coupling.max.astype(np.float64)
        return np.where(self.coupling.max >= UNLIMITED, np.inf, most)

    @cached_property
    def one_sum(self) -> BoolArray:
        return np.asarray(self.least == self.most)

    @cached_property
    def full_curvature(self) -> FloatArray:
        """(k,) of each row alone if everybody were free and no sum fixed."""
        c = self.coupling
        each = c.coefficient**2 * self.scale.yardstick[c.rep]
        return slice_sums(each, c.start[:-1], c.start[1:])

    @cached_property
    def typical(self) -> float:
        return self.scale.typical(int(self.limits.total))

    @cached_property
    def ranges(self) -> Ranges:
        limits = self.limits
        return Ranges.of(self.hierarchy, limits.node_min, limits.node_max, limits.total)

    def at(self, price: FloatArray, near: _Point | None = None) -> _Point:
        """The plan at these prices. `near` is one of similar prices; with it, this is quicker."""
        limits, yardstick = self.limits, self.scale.yardstick
        anchor = self.scale.anchor + yardstick * self.coupling.pushes(price)
        guess = None if near is None else near.levels.level
        levels = self.ranges.equalise(limits.low, limits.high, anchor, yardstick, near=guess)
        return self.told(price, anchor, levels)

    def told(self, price: FloatArray, anchor: FloatArray, levels: CommonLevels) -> _Point:
        """What the rows say to the plan of these prices."""
        sums = self.coupling.sums(levels.quota)
        held_to = np.where(price > 0, self.least, self.most)
        nearest = np.clip(sums, self.least, self.most)
        limit = np.where(self.one_sum | (price == 0), nearest, held_to)
        return _Point(price, anchor, levels, sums, limit - sums)

    def settled(self, point: _Point, nothing: float = NOTHING) -> bool:
        """Whether all rows hold, and those with a price stand at their limits.

        `nothing`: what quotas may be off by in any case, in minor units.
        """
        money = slice_sums(
            np.abs(self.coupling.coefficient) * point.levels.quota[self.coupling.rep],
            self.coupling.start[:-1],
            self.coupling.start[1:],
        )
        within = (point.gradient * point.price < 0) & ~self.one_sum
        noise = nothing * self.coupling.largest_coefficient
        room = noise + np.where(within, TIGHT, KEPT) * money
        return bool(np.all(np.abs(point.gradient) <= room))

    def curvature(self, point: _Point, rows: IntArray) -> FloatArray:
        """How the sums of these rows answer to their prices."""
        from scipy import sparse

        c, level = self.coupling, point.levels.level
        wanted = point.anchor + self.scale.yardstick * level[self.hierarchy.rep_node]
        free = (wanted > self.limits.low) & (wanted < self.limits.high)
        weight = np.where(free, self.scale.yardstick, 0.0)
        block = blocks(self.hierarchy, level)[self.hierarchy.rep_node]
        headed = np.bincount(block, minlength=self.hierarchy.nodes) > 0
        place = (np.cumsum(headed) - 1)[block]
        total = np.bincount(place, weight)

        row, rep, size = c.row, c.rep, c.coefficient
        if len(rows) < len(c):
            number = np.full(len(c), -1)
            number[rows] = np.arange(len(rows))
            heard = number[row] >= 0
            row, rep, size = number[row[heard]], rep[heard], size[heard]
        weighed = size * weight[rep]
        start = np.searchsorted(row, np.arange(len(rows) + 1))
        cell = row * len(total) + place[rep]
        by_block = np.bincount(cell, weighed, len(rows) * len(total)).reshape(len(rows), -1)
        matrix = sparse.csr_array((weighed, rep, start), (len(rows), c.reps))
        moved: FloatArray = (matrix @ self.transposed).toarray()[:, rows]
        by_all = by_block / np.where(total > 0, total, 1.0)
        moved -= by_all @ by_block.T
        return moved

    def slope(self, point: _Point, direction: FloatArray) -> Callable[[FloatArray], float]:
        """How fast the dual function rises this way, from the sums (k,) of a plan on the way."""
        upwards = np.where(point.price != 0, point.price > 0, direction > 0)
        limit = np.where(self.one_sum | upwards, self.least, self.most)
        limit = np.where(direction != 0, limit, 0.0)
        return lambda sums: float(np.where(direction != 0, limit - sums, 0.0) @ direction)


def _search(
    dual: _Dual, point: _Point, watch: Watch, *, steps: int = _STEPS, tries: int = _TRIES
) -> _Point:
    """Climb the dual function; ends where the point is settled, or after a number of steps."""
    for step in range(steps):
        watch.look()
        watch.tell("even spread", step)
        if dual.settled(point, _STRICTLY if step < _ENOUGH else NOTHING):
            break
        point = _along(dual, point, _direction(dual, point), tries)
    return point


def _direction(dual: _Dual, point: _Point) -> FloatArray:
    """(k,) a Newton step: to the prices that are right if nobody comes to a limit on the way.

    Rows that do not bind yet are heard as well while there are few rows.
    """
    heard = dual.full_curvature > 0  # a margin floor over reps without any margin has nobody
    if len(heard) > _FEW_ROWS:
        heard &= (point.gradient != 0) | (point.price != 0)
    rows = np.flatnonzero(heard)
    full, gradient = dual.full_curvature[rows], point.gradient[rows]
    curvature = dual.curvature(point, rows)
    flat = np.diagonal(curvature) <= _FLAT * full
    curvature[np.diag_indices(len(rows))] += np.where(flat, 0.01, _LEAST_CURVATURE) * full
    direction = np.zeros(len(point.price))
    direction[rows] = _to_the_right_prices(dual, point, rows, curvature)
    if not dual.slope(point, direction)(point.sums) > 0:
        direction[rows] = gradient / full
    return direction


def _to_the_right_prices(
    dual: _Dual, point: _Point, rows: IntArray, curvature: FloatArray
) -> FloatArray:
    """(r,) how far these prices are from where sums that move in line with them keep their limits.

    A row has a price only at the limit that the price is for. Those that would get the wrong sign
    lose theirs, those that would miss a limit get one, until all is right or it goes in circles.
    """
    price, sums, one_sum = point.price[rows], point.sums[rows], dual.one_sum[rows]
    least, most = dual.least[rows], dual.most[rows]
    side = np.sign(np.where(price != 0, price, point.gradient[rows]))
    moved = -price
    for _ in range(_TURNS):
        bound = np.flatnonzero((side != 0) | one_sum)
        limit = np.where((side > 0) | one_sum, least, most)[bound]
        moved = -price
        moved[bound] = 0.0
        rest = limit - sums[bound] - curvature[bound] @ moved
        moved[bound] = np.linalg.solve(curvature[np.ix_(bound, bound)], rest)
        wrong = ((price + moved) * side < 0) & ~one_sum
        after = sums + curvature @ moved
        room = KEPT * np.abs(sums)
        missed = (side == 0) & ~one_sum & ((after < least - room) | (after > most + room))
        if not (wrong.any() or missed.any()):
            break
        side = np.where(wrong, 0.0, np.where(missed, np.sign(least - after), side))
        side = np.where(missed & (after > most), -1.0, side)
    return moved


def _along(dual: _Dual, point: _Point, direction: FloatArray, tries: int) -> _Point:
    """The best point found in a direction, at most as far as the first price that would cross 0.

    The slope along the way falls. It is looked for where it is about 0: first further and further
    out, never by more than levels can matter at once, then between the two nearest points.
    """
    price = point.price
    crossing = (price * direction < 0) & ~dual.one_sum
    ends = -price[crossing] / direction[crossing]
    furthest = float(np.min(ends, initial=np.inf))
    slope_of = dual.slope(point, direction)

    def slope(at: _Point) -> float:
        return slope_of(at.sums)

    def at(step: float) -> _Point:
        moved = price + step * direction
        if step == furthest:
            moved[np.flatnonzero(crossing)[ends == furthest]] = 0.0
        return dual.at(moved, point)

    first = slope(point)
    push = np.abs(dual.coupling.pushes(direction)).max()
    stretch = (point.levels.quota - dual.scale.anchor) / dual.scale.yardstick
    matters = 3 * float(np.ptp(stretch) + dual.typical)
    step = min(1.0, furthest, matters / push)
    below, above = (0.0, first), (np.inf, -np.inf)
    found = point
    for attempt in range(tries):
        found = at(step)
        here = slope(found)
        if (-first / 2 if attempt else -_OVERSHOT * first) <= here <= first / 2:
            break
        if here > 0:
            below = step, here
            if step == furthest or step * push > _FURTHEST * matters:
                break
        else:
            above = step, here
        if above[0] == np.inf:
            step = min(4 * step, furthest)
            continue
        width = above[0] - below[0]
        share = below[1] / (below[1] - above[1]) if attempt % 3 else 0.5
        step = below[0] + min(max(share, 0.02), 0.9) * width
    return found


def _prices_by_clarabel(dual: _Dual, watch: Watch) -> FloatArray:
    """(k,) the prices of the rows at the optimum that an interior point finds.

    Columns are stretches over the typical one, rows money over its own weight, so that all numbers
    lie near 1:  minimise x' P x / 2  subject to  A x + s = b, s >= 0,  hence P x + A' z = 0.
    """
    import clarabel
    from scipy import sparse

    k, anchor, limits = len(dual.coupling), dual.scale.anchor, dual.limits
    weight = dual.scale.yardstick / dual.scale.yardstick.mean()
    typical = max(dual.typical, abs(limits.total - anchor.sum()) / dual.scale.yardstick.sum())
    matrix = sparse.vstack((dual.matrix, _sums(dual.hierarchy), sparse.eye_array(len(anchor))))
    least = np.concatenate((dual.least, limits.node_min, limits.low)) - matrix @ anchor
    highest = np.minimum(limits.high, limits.total)
    most = np.concatenate((dual.most, limits.node_max, highest)) - matrix @ anchor
    matrix = (matrix * weight).tocsr()
    size = np.sqrt(np.asarray((matrix**2).sum(axis=1)).ravel())
    size[size == 0] = 1.0  # a unit without reps
    matrix = (sparse.diags_array(1 / size) @ matrix).tocsr()
    money = dual.scale.yardstick.mean() * typical * size
    upper, lower = np.flatnonzero(np.isfinite(most)), np.flatnonzero(np.isfinite(least))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix(sparse.diags_array(weight)),
        np.zeros(len(anchor)),
        sparse.csc_matrix(sparse.vstack((matrix[upper], -matrix[lower]))),
        np.concatenate(((most / money)[upper], (-least / money)[lower])),
        [clarabel.NonnegativeConeT(len(upper) + len(lower))],
        settings,
    )
    solver.set_termination_callback(lambda _: watch.stopped() or watch.seconds_left() <= 0)
    multiplier = np.array(solver.solve().z)
    watch.look()
    price = np.zeros(len(size))
    price[lower] += multiplier[len(upper) :]
    price[upper] -= multiplier[: len(upper)]
    found: FloatArray = (price * typical / size)[:k]
    heard = (np.abs(found) > _NOISE * np.abs(found).max()) & (dual.full_curvature > 0)
    return np.where(heard, found, 0.0)


def _sums(hierarchy: Hierarchy):  # type: ignore[no-untyped-def]
    """What each node sums, as a sparse array (m + 1, n)."""
    from scipy import sparse

    size = hierarchy.last - hierarchy.first
    start = np.append(0, np.cumsum(size))
    rep = np.arange(start[-1]) + (hierarchy.first - start[:-1]).repeat(size)
    shape = (hierarchy.nodes, len(hierarchy.rep_row))
    return sparse.csr_array((np.ones(len(rep)), rep, start), shape=shape)
