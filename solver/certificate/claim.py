"""What a certificate says: a plan, the limits it was made within, and the numbers that prove it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.fairness import Scale
from solver.problem import NOT_SET, FloatArray, IntArray
from solver.response import Response


@dataclass(frozen=True, slots=True, eq=False)
class AcrossTheTree:
    """The rules that cross the tree, k of them, and what proves a plan with them."""

    coupling: Coupling
    row_level: FloatArray
    """(k,) mu: what a rule adds to the level of its reps, in stretch per unit of coefficient."""
    largest: float
    """t*: the least possible largest stretch."""
    node_price: FloatArray
    """(m + 1,) what one more minor unit in the limit of a node does to t*; above 0 it is that of
    the minimum, below 0 that of the maximum."""
    row_price: FloatArray
    """(k,) the same of the rules."""


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
    """(m,) see the package's first lines."""
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
    """How quotas answer to levels; where it is lognormal, anchors are above 0 and no rule crosses
    the tree."""
    across: AcrossTheTree | None = None
    """None where no rule crosses the tree."""

    @property
    def scale(self) -> Scale:
        return Scale(self.anchor, self.yardstick, self.response)

    @property
    def levels(self) -> FloatArray:
        """(m + 1,) of the company and of each unit."""
        return np.append(self.company_level, self.unit_level)

    @property
    def limits(self) -> Bounds:
        """What the plan keeps; a lock is a floor and a cap at once."""
        unit_min, unit_max = (
            np.append(self.total, self.unit_min),
            np.append(self.total, self.unit_max),
        )
        return Bounds(
            floor=self.floor,
            cap=self.cap,
            fixed=np.full_like(self.floor, NOT_SET),
            unit_min=unit_min,
            unit_max=unit_max,
            unit_target=unit_min == unit_max,
        )
