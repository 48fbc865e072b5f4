"""The conditions that a plan fulfils, one function each; `slack` is in minor units."""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.certificate.claim import AcrossTheTree, Certificate
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.problem import FloatArray, IntArray

_KEPT: Final = 1e-10
"""What the unrounded plan may miss a rule by, as a part of all the money in it; the quotas may
not."""
_TIGHT: Final = 1e-9
"""How far within its limit a rule that has a level may stand: the same part."""


def keeps_sums(hierarchy: Hierarchy, limits: Bounds, quota: IntArray) -> bool:
    """Whether the sum of every node lies in its range, in integers."""
    sums = exact_sums(quota, hierarchy.first, hierarchy.last)
    return bool(np.all((limits.unit_min <= sums) & (sums <= limits.unit_max)))


def keeps_rows(coupling: Coupling, quota: IntArray) -> bool:
    """Whether every rule that crosses the tree holds, exactly."""
    return bool(np.all(coupling.min <= coupling.max)) and not any(coupling.misses(quota))


def nodes_explained(
    c: Certificate, hierarchy: Hierarchy, limits: Bounds, level: FloatArray, slack: float
) -> bool:
    """Whether the unrounded plan keeps all ranges of units, and each level has its reason."""
    sums = slice_sums(c.unrounded, hierarchy.first, hierarchy.last)
    above = level[np.maximum(hierarchy.parent, 0)]  # the company's own, for the company
    # Levels are handed down as they are, so that one of another value has a reason.
    return bool(
        np.all(
            (limits.unit_min - slack <= sums)
            & (sums <= limits.unit_max + slack)
            & ((level <= above) | (sums <= limits.unit_min + slack))
            & ((level >= above) | (sums >= limits.unit_max - slack))
        )
    )


def rows_explained(c: Certificate, across: AcrossTheTree, slack: float) -> bool:
    """Whether the unrounded plan keeps all rules, and each that has a level stands at its limit."""
    coupling, level = across.coupling, across.row_level
    sums = coupling.sums(c.unrounded)
    money = np.bincount(
        coupling.row, np.abs(coupling.coefficient * c.unrounded[coupling.rep]), len(coupling)
    )
    slack_of_row = slack * coupling.largest_coefficient
    kept, tight = slack_of_row + _KEPT * money, slack_of_row + _TIGHT * money
    return bool(
        np.all(
            (coupling.min - kept <= sums)
            & (sums <= coupling.max + kept)
            & ((level <= 0) | (sums <= coupling.min + tight))
            & ((level >= 0) | (sums >= coupling.max - tight))
        )
    )


def reps_explained(c: Certificate, level: FloatArray, slack: float) -> bool:
    """Whether everybody stands at the own `level` (n,), or is held by the own floor or cap."""
    held = np.clip(c.scale.at(level), c.floor, c.cap)
    return bool(np.all(np.abs(c.unrounded - held) <= slack))
