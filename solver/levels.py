"""Other levels of the same plan: what counts as performance at least, what is to be hoped for.

A level is a factor on the target. Every quota is multiplied by it, and the products are rounded as
quotas are (`solver.rounding`): whole increments whose sums are exact for the company and for every
unit. So nobody's floor lies above, or stretch target below, the own quota.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from solver.bounds import Bounds
from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import NOT_SET, UNLIMITED, IntArray
from solver.rounding.on_the_tree import round_quotas


def level_of(hierarchy: Hierarchy, quota: IntArray, increment: int, factor: float) -> IntArray:
    """(n,) each rep's amount at a level, in minor units; `quota` (n,) too, both in layout order.

    * The company's amount is `factor` times all quotas: to the increment where these are a multiple
      of it, else to the minor unit, halves to even.
    * It is shared out in proportion to quotas: a unit's amount lies within such a step, and a rep's
      within an increment, of the share, and on the side of the quota that the factor is on.

    `factor` is read as the decimal that prints it; 1 gives the quotas themselves.
    """
    assigned = int(quota.sum())
    step = increment if assigned % increment == 0 else 1
    total = round(Fraction(repr(factor)) * assigned / step) * step
    if total == assigned:
        return quota.copy()
    part = Fraction(total, assigned)
    sums = exact_sums(quota, hierarchy.first, hierarchy.last).tolist()
    steps = [part * amount / step for amount in sums]
    lower = total < assigned
    limits = Bounds(
        floor=np.zeros_like(quota) if lower else quota,
        cap=quota if lower else np.full_like(quota, UNLIMITED),
        fixed=np.full_like(quota, NOT_SET),
        unit_min=np.array([step * (amount.numerator // amount.denominator) for amount in steps]),
        unit_max=np.array([step * -(-amount.numerator // amount.denominator) for amount in steps]),
        unit_target=np.zeros(len(sums), dtype=np.bool_),
    )
    return round_quotas(hierarchy, limits, quota.astype(np.float64) * float(part), increment)


def level_of_one(quota: int, factor: float, increment: int) -> int:
    """The amount of one rep by itself, whose quota was amended after the others were told theirs:
    `factor` times the quota, to the increment where the quota is a multiple of it, else to the
    minor unit, halves to even.
    """
    step = increment if quota % increment == 0 else 1
    return round(Fraction(repr(factor)) * quota / step) * step
