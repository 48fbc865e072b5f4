"""A proof that a plan is feasible and leximin, checkable without the engine that made it.

One number per node, its level, is enough. With the unrounded plan q and its stretch e = (q - c) / R
(or what else the `response` makes of anchor c and yardstick R):

    a node stands at its parent's level, or above it with its sum at its minimum,
                                         or below it with its sum at its maximum
    a rep stands at the level of the own unit, or above it at the floor, or below it at the cap

Then nobody with a higher stretch can hand anything to anybody with a lower one: on the way between
the two stands a floor, a cap or a full unit. On the base polytope of a tree of ranges that is
enough for leximin (see `solver.tree`). The rounded plan is checked in integers, and is the one
that `solver.rounding` makes of the unrounded plan: no cent may have wandered afterwards.

A certificate may come from a stranger. Whatever its columns hold, `check` answers and never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from solver.bounds import Bounds
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, as_laid_out, exact_sums, slice_sums
from solver.problem import AMOUNT_LIMIT, NOT_SET, FloatArray, IntArray
from solver.response import CURVES, Response
from solver.rounding import round_quotas

_NOISE: Final = 32 * np.finfo(np.float64).eps
"""What a leximin plan in float64 may be off by, as a part of all money (3 epsilons measured)."""
_NEGLIGIBLE: Final = 1e-6
"""The same in minor units, for plans of little money."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Everything a stranger needs to check a plan: n reps, m units, money in minor units.

    In the order of a `Hierarchy`: units depth first, each one's own reps side by side in the order
    of the units, the company's first. Unit `COMPANY` (-1) is the company itself.
    """

    total: int
    increment: int
    company_level: float
    parent: IntArray
    unit_min: IntArray
    unit_max: IntArray
    unit_level: FloatArray
    """(m,) see the module's first lines."""
    unit: IntArray
    """(n,) the unit that each rep hangs on."""
    floor: IntArray
    cap: IntArray
    anchor: FloatArray
    yardstick: FloatArray
    """(n,) positive; a rep without one has the negligible one of `solver.fairness.Scale`."""
    unrounded: FloatArray
    quota: IntArray
    response: Response = "linear"
    """How quotas answer to levels; anchors are positive where it is lognormal."""

    @property
    def scale(self) -> Scale:
        return Scale(self.anchor, self.yardstick, self.response)


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked and whether it held."""

    sums: bool
    """The company's and every unit's sum lies in its range, to the last minor unit."""
    bounds: bool
    """Every quota keeps floor and cap, and is what rounding makes of the unrounded plan."""
    leximin: bool
    """The unrounded plan is the leximin plan."""

    @property
    def valid(self) -> bool:
        return self.sums and self.bounds and self.leximin


def check(certificate: Certificate) -> Checks:
    """Check a plan from its numbers alone, without the engine: O(n log n + m).

    A certificate that cannot be read (columns of other lengths or types, numbers that are none,
    units or reps out of order) proves nothing: all checks fail.
    """
    c = certificate
    hierarchy = as_laid_out(c.unit, c.parent) if _is_readable(c) else None
    if hierarchy is None:
        return Checks(sums=False, bounds=False, leximin=False)
    limits = Bounds(
        floor=c.floor,
        cap=c.cap,
        fixed=np.full_like(c.floor, NOT_SET),
        unit_min=np.append(c.total, c.unit_min),
        unit_max=np.append(c.total, c.unit_max),
        unit_target=np.append(c.total, c.unit_min) == np.append(c.total, c.unit_max),
    )
    with np.errstate(over="ignore"):  # amounts beyond every number are simply too large
        slack = _NEGLIGIBLE + _NOISE * c.scale.magnitude(c.total, c.unrounded)
        sums = _keeps_sums(hierarchy, limits, c.quota)
        leximin = _is_leximin(c, hierarchy, limits, slack)
    kept = bool(np.all((c.floor <= c.quota) & (c.quota <= c.cap)))
    # Rounding relies on sums, limits and an unrounded plan that keeps them.
    bounds = kept and (
        bool(np.array_equal(c.quota, round_quotas(hierarchy, limits, c.unrounded, c.increment)))
        if sums and leximin
        else bool(np.all(np.abs(c.quota - c.unrounded) <= c.increment + slack))
    )
    return Checks(sums, bounds, leximin)


def _is_readable(c: Certificate) -> bool:
    reps, units = np.shape(c.quota), np.shape(c.parent)
    shapes: list[tuple[Any, tuple[int, ...], type]] = [
        *((column, units, np.int64) for column in (c.parent, c.unit_min, c.unit_max)),
        *((column, reps, np.int64) for column in (c.unit, c.floor, c.cap, c.quota)),
        *((column, reps, np.float64) for column in (c.anchor, c.yardstick, c.unrounded)),
        (c.unit_level, units, np.float64),
    ]
    return (
        len(reps) == len(units) == 1
        and reps[0] > 0
        and all(_is_column(column, shape, kind) for column, shape, kind in shapes)
        and _is_amount(c.total, 0)
        and _is_amount(c.increment, 1)
        and _is_column(np.asarray(c.company_level), (), np.float64)
        and bool(np.all(c.floor >= 0) and np.all(c.unit_min >= 0) and np.all(c.yardstick > 0))
        and _is_response(c.response)
        and (c.response == "linear" or bool(np.all(c.anchor > 0)))
    )


def _is_column(column: Any, shape: tuple[int, ...], kind: type) -> bool:
    if not isinstance(column, np.ndarray):
        return False
    return column.dtype == kind and column.shape == shape and bool(np.isfinite(column).all())


def _is_amount(value: Any, least: int) -> bool:
    return isinstance(value, int | np.integer) and bool(least <= value <= AMOUNT_LIMIT)


def _is_response(value: Any) -> bool:
    return isinstance(value, str) and value in CURVES


def _keeps_sums(hierarchy: Hierarchy, limits: Bounds, quota: IntArray) -> bool:
    sums = exact_sums(quota, hierarchy.first, hierarchy.last)
    return bool(np.all((limits.unit_min <= sums) & (sums <= limits.unit_max)))


def _is_leximin(c: Certificate, hierarchy: Hierarchy, limits: Bounds, slack: float) -> bool:
    """Whether the unrounded plan keeps all limits but for `slack`, and the levels explain it."""
    level = np.append(c.company_level, c.unit_level)
    sums = slice_sums(c.unrounded, hierarchy.first, hierarchy.last)
    above = level[np.maximum(hierarchy.parent, 0)]  # the company's own, for the company
    # Levels are handed down as they are, so that one of another value has a reason.
    nodes = (
        (limits.unit_min - slack <= sums)
        & (sums <= limits.unit_max + slack)
        & ((level <= above) | (sums <= limits.unit_min + slack))
        & ((level >= above) | (sums >= limits.unit_max - slack))
    )
    held = np.clip(c.scale.at(level[hierarchy.rep_node]), c.floor, c.cap)
    return bool(np.all(nodes) and np.all(np.abs(c.unrounded - held) <= slack))
