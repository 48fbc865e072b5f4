"""What a contestant answers, and how it gives up."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from solver.problem import FloatArray

TIME_LIMIT = 120.0
"""Seconds after which a solver is told to stop; twice that after which its process is ended."""


class GaveUp(Exception):
    """The contestant has no answer, and says why."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """One plan."""

    quota: FloatArray
    """(n,) minor units, in the order of the case."""
    largest: float = np.nan
    """t*, where the contestant names it."""
    units: FloatArray = field(default_factory=lambda: np.empty(0))
    """(m,) what each unit is told, where the contestant tells."""
    cells: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    """(n, k) what each rep carries of each column, where the contestant spreads quotas."""
