"""The ramp: what somebody new in the seat sells, over what the same person would sell later.

In the k-th month (0, 1, …) a share of (k + 1/2) / months, at most 1: linear, and over half a year
until the company's own people say otherwise (`newcomers`). That default is of surveys of sales
teams, which put the median between four and five and a half months (Bridge Group, 2024: 5.0; 27 %
below three, 38 % three to six, 28 % six to twelve months).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.problem import FloatArray

RAMP_MONTHS: Final = 6.0
"""Months until somebody new sells like everybody else, where nothing better is known."""


def productivity(tenure: FloatArray, months: float = RAMP_MONTHS) -> FloatArray:
    """Of months since the one of hiring, which is month 0; between 0 and 1.

    `months` is the length of the ramp; 0: there is none.
    """
    if months <= 0:
        return np.ones_like(tenure)
    return np.clip((tenure + 0.5) / months, 0.0, 1.0)
