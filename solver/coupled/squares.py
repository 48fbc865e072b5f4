"""The second stage of a coupled plan: the least squares of stretch within limits and rows.

    minimise   sum over i of (q_i - c_i)^2 / R_i
    subject to limits of reps and units,   min_k <= sum over i of g_ki q_i <= max_k

The search is over the k prices of the rows only (`dual_function`): a Newton step on the rows
that bind, or come to bind on the way, and a search along it. That ends after a few solves of the
tree. Where it does not (about as many rows as reps), an interior point finds prices and the same
search finishes them. Equal reps have equal anchors, hence equal quotas to the last bit.

Source: semismooth Newton with a line search (Qi and Sun 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from solver.coupled.coupling import Coupling
from solver.coupled.dual_function import KEPT, NOTHING, DualFunction, Limits, Point
from solver.coupled.interior_point import prices_by_clarabel
from solver.errors import LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray, IntArray
from solver.tree import CommonLevels
from solver.watch import Watch

_STEPS: Final = 60
_STRICTLY: Final = 1e-8
_ENOUGH: Final = 12
"""`NOTHING` counts after so many steps; before, this part of a minor unit."""
_LAST_STEPS: Final = 3
_DIGITS: Final = 1e-14
"""What a row may miss after the last steps, as a part of all the money that it sums."""
_FURTHEST: Final = 1e5
"""How far prices may push anybody, in stretches that matter: further out digits are lost."""
_TRIES: Final = 60
_FEW_STEPS: Final = 8
_FEW_TRIES: Final = 6
"""Of a search that is worth a try."""
_FEW_ROWS: Final = 64
"""Up to so many rows all of them are heard in every step."""
_TURNS: Final = 8
"""Of rows that come to bind or no longer do, within one step."""
_OVERSHOT: Final = 1e-2
"""A whole Newton step may pass the best point of its way by this part of the slope it began at."""
_LEAST_CURVATURE: Final = 1e-12
"""Added to the curvature, as a part of what it is when everybody is free: rows may say the same."""
_FLAT: Final = 1e-10
"""Below this part a row has nobody left who could move."""


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
    dual = DualFunction(hierarchy, limits, scale, coupling)
    found = _search(dual, dual.at(np.zeros(len(coupling))), watch)
    if not dual.settled(found):
        found = _search(dual, dual.at(prices_by_clarabel(dual, watch)), watch)
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
    dual = DualFunction(hierarchy, limits, scale, coupling)
    first = dual.told(np.zeros(len(coupling)), scale.anchor, plan)
    found = _search(dual, first, watch, steps=_FEW_STEPS, tries=_FEW_TRIES)
    return LeastSquares(found.levels, found.price) if dual.settled(found) else None


def _search(
    dual: DualFunction, point: Point, watch: Watch, *, steps: int = _STEPS, tries: int = _TRIES
) -> Point:
    """Climb the dual function; ends where the point is settled, or after a number of steps."""
    for step in range(steps):
        watch.look()
        watch.tell("even spread", step)
        if dual.settled(point, _STRICTLY if step < _ENOUGH else NOTHING):
            return _polished(dual, point)
        point = _along(dual, point, _direction(dual, point), watch, tries=tries)
    return point


def _polished(dual: DualFunction, point: Point) -> Point:
    """A settled point as near to its limits as the digits of floats allow: what it misses would be
    left to rounding.
    """
    for _ in range(_LAST_STEPS):
        if dual.settled(point, NOTHING, _DIGITS):
            break
        nearer = dual.at(point.price + _direction(dual, point))
        if not (np.abs(nearer.gradient).max() < np.abs(point.gradient).max()):
            break
        point = nearer
    return point


def _direction(dual: DualFunction, point: Point) -> FloatArray:
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
    dual: DualFunction, point: Point, rows: IntArray, curvature: FloatArray
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


def _along(
    dual: DualFunction, point: Point, direction: FloatArray, watch: Watch, *, tries: int
) -> Point:
    """The best point found in a direction, at most as far as the first price that would cross 0.

    The slope along the way falls. It is looked for where it is about 0: first further and further
    out, never by more than levels can matter at once, then between the two nearest points.
    """
    price = point.price
    crossing = (price * direction < 0) & ~dual.one_sum
    ends = -price[crossing] / direction[crossing]
    furthest = float(np.min(ends, initial=np.inf))
    slope_of = dual.slope(point, direction)

    def slope(at: Point) -> float:
        return slope_of(at.sums)

    def at(step: float) -> Point:
        moved = price + step * direction
        if step == furthest:
            moved[np.flatnonzero(crossing)[ends == furthest]] = 0.0
        return dual.at(moved)

    first = slope(point)
    push = np.abs(dual.coupling.pushes(direction)).max()
    stretch = (point.levels.quota - dual.scale.anchor) / dual.scale.yardstick
    if not push > 0:  # nobody would feel it
        return point
    matters = 3 * float(np.ptp(stretch) + dual.typical)
    step = min(1.0, furthest, matters / push)
    below, above = (0.0, first), (np.inf, -np.inf)
    found = point
    for attempt in range(tries):
        watch.look()
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
