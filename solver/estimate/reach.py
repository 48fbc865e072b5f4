"""What a rep can plausibly add to the expected sales: the yardstick of effort.

    R_i = (1 - theta) g0 B_i + theta gap (K_i - B_i)+
    K_i = min(capacity_i, benchmark_i x the 90 % quantile of all indices e^r)

K is what the rep could plausibly sell. Only a known potential says so (the benchmark of reps
without one is a mere average); without potential K is the capacity, and with neither R_i = g0 B_i.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.problem import BoolArray, FloatArray

THETA: Final = 0.25
"""How much the headroom counts where history shows its effect, or is too short to tell."""
G0: Final = 0.05
GAP: Final = 0.10
TOP_QUANTILE: Final = 0.90


def top_index(log_index: FloatArray) -> float | None:
    """The index that one observation in ten exceeds; None without history."""
    known = log_index[~np.isnan(log_index)]
    return float(np.quantile(np.exp(known), TOP_QUANTILE)) if len(known) else None


def plausible_limit(
    capacity: FloatArray, benchmark: FloatArray, has_potential: BoolArray, top: float | None
) -> FloatArray:
    """K: the most each rep could plausibly sell; nan where nothing says so."""
    by_potential = np.where(has_potential, benchmark * (np.nan if top is None else top), np.nan)
    return np.fmin(np.where(np.isinf(capacity), np.nan, capacity), by_potential)


def reach(baseline: FloatArray, limit: FloatArray, theta: float) -> FloatArray:
    """R: money each rep can plausibly add. Shape (n,), >= 0."""
    headroom = np.maximum(limit - baseline, 0.0)
    steady = G0 * baseline
    known = ~np.isnan(limit)
    return np.where(known, (1 - theta) * steady + theta * GAP * np.nan_to_num(headroom), steady)
