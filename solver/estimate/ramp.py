"""The ramp: what somebody new in the seat sells, over what the same person would sell later.

In the k-th month (0, 1, …) a share of (k + 1/2) / 6: linear over half a year. A stated default:
surveys of sales teams put the median between four and five and a half months (Bridge Group, 2024:
5.0; 27 % below three, 38 % three to six, 28 % six to twelve months).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.problem import FloatArray

RAMP_MONTHS: Final = 6
"""Months until somebody new sells like everybody else."""


def productivity(tenure: FloatArray) -> FloatArray:
    """Of months since the one of hiring, which is month 0; between 0 and 1."""
    return np.clip((tenure + 0.5) / RAMP_MONTHS, 0.0, 1.0)
