"""A proof that a plan is feasible and leximin, checkable without the engine that made it.

One number per node, its level, is enough. With e = (q - c) / R and the unrounded plan q:

    a node stands at its parent's level, or above it with its sum at its minimum,
                                         or below it with its sum at its maximum
    a rep stands at the level of the own unit, or above it at the floor, or below it at the cap

Then nobody with a higher stretch can hand anything to anybody with a lower one: on the way between
the two stands a floor, a cap or a full unit. On the base polytope of a tree of ranges that is
enough for leximin (see `solver.tree`). The rounded plan is checked in integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.problem import COMPANY, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Everything a stranger needs to check a plan: n reps, m units, money in minor units.

    Units are listed parents first; unit `COMPANY` (-1) is the company itself.
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


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked and whether it held."""

    sums: bool
    """The company's and every unit's sum lies in its range, to the last minor unit."""
    bounds: bool
    """Every quota keeps floor and cap, and lies within one increment of the unrounded plan."""
    leximin: bool
    """The unrounded plan is the leximin plan."""

    @property
    def valid(self) -> bool:
        return self.sums and self.bounds and self.leximin


def check(certificate: Certificate) -> Checks:
    """Check a plan from its numbers alone: O(n + m), no solver."""
    c = certificate
    # Sums of a million float64 amounts are good to about 1e-15 of the total.
    slack = 1e-12 * max(c.total, 1) + 1e-3
    exact = _sums(c, c.quota)
    sums = (
        exact[COMPANY] == c.total
        and bool(np.all(c.unit_min <= exact[:-1]))
        and bool(np.all(exact[:-1] <= c.unit_max))
    )
    bounds = (
        bool(np.all((c.floor <= c.quota) & (c.quota <= c.cap)))
        and bool(np.all((c.floor - slack <= c.unrounded) & (c.unrounded <= c.cap + slack)))
        and bool(np.all(np.abs(c.quota - c.unrounded) <= c.increment + slack))
    )
    return Checks(sums, bounds, _is_leximin(c, slack))


def _sums[Column: (IntArray, FloatArray)](c: Certificate, values: Column) -> Column:
    """(m + 1,) the sum over each unit, those below it included; the company's comes last."""
    sums: Column = np.zeros(len(c.parent) + 1, dtype=values.dtype)
    np.add.at(sums, c.unit, values)
    for unit in range(len(c.parent) - 1, -1, -1):
        sums[c.parent[unit]] += sums[unit]
    return sums


def _is_leximin(c: Certificate, slack: float) -> bool:
    level = np.append(c.unit_level, c.company_level)
    sums = _sums(c, c.unrounded)
    if not np.all(np.isfinite(level)) or abs(sums[COMPANY] - c.total) > slack:
        return False
    gap = level[:-1] - level[c.parent]
    noise = 1e-12 * np.maximum(1.0, np.abs(level[:-1]))
    units = ((gap <= noise) | (np.abs(sums[:-1] - c.unit_min) <= slack)) & (
        (gap >= -noise) | (np.abs(sums[:-1] - c.unit_max) <= slack)
    )
    wanted = c.anchor + c.yardstick * level[c.unit]
    held = np.where(wanted > c.unrounded, c.cap, c.floor)
    reps = (np.abs(wanted - c.unrounded) <= slack) | (np.abs(c.unrounded - held) <= slack)
    return bool(np.all(units) and np.all(reps))
