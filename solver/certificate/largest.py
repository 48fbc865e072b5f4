"""The conditions about t*, the least possible largest stretch."""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.bounds import Bounds
from solver.certificate.claim import AcrossTheTree, Certificate
from solver.coupled.duality import idle_reps, lower_bound
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray

_NEGLIGIBLE: Final = 1e-8
"""How far t* may lie above what its prices prove, as a part of a typical stretch."""


def reps_explained_below(
    c: Certificate, across: AcrossTheTree, level: FloatArray, slack: float
) -> bool:
    """The same where nobody may pass t* but by the own floor.

    Reps without a yardstick stand at their anchors, or at the nearest own limit.
    """
    most = np.maximum(np.minimum(c.cap, c.scale.at(across.largest)), c.floor)
    held = np.clip(c.scale.at(level), c.floor, most)
    pinned = np.clip(c.anchor, c.floor, c.cap)
    idle = idle_reps(c.yardstick) & (np.abs(c.unrounded - pinned) <= slack)
    return bool(np.all(idle | (np.abs(c.unrounded - held) <= slack)))


def largest_is_least(
    c: Certificate, across: AcrossTheTree, hierarchy: Hierarchy, limits: Bounds, slack: float
) -> bool:
    """Whether the floors allow t*, and its prices show that nothing smaller is possible."""
    least = lower_bound(
        hierarchy,
        limits,
        across.coupling,
        c.scale,
        node_price=across.node_price,
        row_price=across.row_price,
    )
    room = _NEGLIGIBLE * max(c.scale.typical(c.total), abs(across.largest))
    above = (c.floor > c.scale.at(across.largest) + slack) & ~idle_reps(c.yardstick)
    return across.largest - room <= least < np.inf and not above.any()
