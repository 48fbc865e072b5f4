"""The reps of one plan, as an assessment sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from solver.errors import Fault, InvalidProblem
from solver.problem import COMPANY, FloatArray, IntArray, frozen


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One row per rep, all columns (n,), sorted by id so that no order of rows can matter.

    nan: not known. Money is in any one unit. Traits are what was so before the period began: sales
    of the period itself go up with the luck of the period and would correlate with everything.
    """

    ids: tuple[str, ...]
    unit: IntArray
    """A number per organisation unit, `COMPANY` for the company itself."""
    quota: FloatArray
    baseline: FloatArray
    stretch: FloatArray
    """(quota - anchor) / yardstick, before rounding."""
    effort: FloatArray
    """The own stretch over the common one, where there is one."""
    probability: FloatArray
    """Of attaining the quota, 0 to 1."""
    potential: FloatArray
    size: FloatArray
    """What was sold before the period."""
    tenure: FloatArray
    """How long the rep has been there when the period begins, in any unit of time."""
    standing: FloatArray
    """How well the rep did in the period before, in any unit: it only ranks."""
    actual: FloatArray
    """What was sold in the period; nan before its end."""

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            kind = np.int64 if name == "unit" else np.float64
            column = frozen(getattr(self, name), kind)
            if column.shape != (len(self.ids),):
                detail = f"has shape {column.shape}, not ({len(self.ids)},)"
                raise InvalidProblem([Fault("people", None, name, detail)])
            object.__setattr__(self, name, column)
        if len(set(self.ids)) < len(self.ids):
            raise InvalidProblem([Fault("people", None, "ids", "names a rep twice")])

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, ids: Sequence[str], **columns: npt.ArrayLike) -> Self:
        """Raises `InvalidProblem`. What is left out is not known."""
        full = {name: np.full(len(ids), np.nan) for name in _COLUMNS}
        full["unit"] = np.full(len(ids), COMPANY)
        made = cls(tuple(ids), **{**full, **columns})  # type: ignore[arg-type]
        order = sorted(range(len(ids)), key=made.ids.__getitem__)
        moved = {name: getattr(made, name)[order] for name in _COLUMNS}
        return replace(made, ids=tuple(made.ids[row] for row in order), **moved)

    @property
    def over_baseline(self) -> FloatArray:
        return _ratio(self.quota, self.baseline)

    @property
    def over_potential(self) -> FloatArray:
        return _ratio(self.quota, self.potential)

    @property
    def attainment(self) -> FloatArray:
        """What was sold over the quota."""
        return _ratio(self.actual, self.quota)

    @property
    def effort_or_stretch(self) -> FloatArray:
        """The index where the plan has one."""
        return self.stretch if np.isnan(self.effort).all() else self.effort


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """nan where there is nothing to compare with."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > _NOTHING)
    return found


_NOTHING = 1e-9
"""Below this part of a minor unit there is nothing; see `solver.fairness`."""
_COLUMNS = tuple(column.name for column in fields(People) if column.name != "ids")
