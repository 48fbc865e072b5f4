"""What an answer is worth: does it keep the limits, is its worst rep right, are equals equal?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.instances import Instance
from solver.hierarchy import slice_sums
from solver.problem import FloatArray

_SAME: Final = 1e-6
"""Quotas closer than this, relative to their size, count as equal."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One plan, measured."""

    violation: float
    """The largest miss of any limit or sum, relative to the target."""
    largest: float
    """The largest stretch."""
    furthest: float
    """The largest distance of a stretch from the even level."""
    unequal: float
    """The share of identical pairs who get different quotas."""


def judge(instance: Instance, quota: FloatArray) -> Verdict:
    """Measure the quotas, (n,) in layout order."""
    h, b, scale = instance.hierarchy, instance.bounds, instance.scale
    sums = slice_sums(quota, h.first, h.last)
    misses = b.lowest - quota, quota - b.highest, b.unit_min - sums, sums - b.unit_max
    stretch = (quota - scale.anchor) / scale.yardstick
    even = (b.total - scale.anchor.sum()) / scale.yardstick.sum()
    one, other = quota[instance.twins.T]
    return Verdict(
        violation=max(0.0, *(float(miss.max()) for miss in misses)) / b.total,
        largest=float(stretch.max()),
        furthest=float(np.abs(stretch - even).max()),
        unequal=float(np.mean(np.abs(one - other) > _SAME * one)) if len(one) else 0.0,
    )
