"""The named ideas of fairness: which two columns are equalised, and how the outcome is measured.

Every policy makes the stretch index e = (quota - anchor) / yardstick as even as the rules allow:

    equal_stretch           anchor = baseline   yardstick = reach       the extra effort is equal
    equal_growth            anchor = 0          yardstick = baseline    the same percentage
    equal_potential_share   anchor = 0          yardstick = potential   the same share of potential
    equal_amount            anchor = baseline   yardstick = 1           the same extra money

Even in one of these senses is not fair in every sense: none of them sees whether the baseline
itself is right, or how hard the same percentage is in two different markets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.policy import Fairness
from solver.problem import FloatArray, IntArray, Reps

_NEGLIGIBLE: Final = 1e-12
"""A yardstick below this share of the mean yardstick counts as none (`Scale.effective`)."""
_NO_YARDSTICK: Final = 1e-100
"""A mean yardstick below this is none: stretches measured by it would pass every number."""
_NO_BASELINE: Final = 1e-9
"""A baseline below this part of a minor unit is none: a growth over it says nothing."""
_SAME_LEVEL: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Scale:
    """The anchor and yardstick of each rep, shape (n,), in minor units."""

    anchor: FloatArray
    yardstick: FloatArray

    @cached_property
    def effective(self) -> FloatArray:
        """Yardsticks without zeros.

        A rep without a yardstick carries nothing beyond the anchor until nobody who has one can
        carry more; that is the limit of an ever smaller yardstick. Where nobody has one, all carry
        the same extra money.
        """
        mean = float(np.sort(self.yardstick).mean())  # sorted: no row order moves the last bit
        if mean < _NO_YARDSTICK:
            return np.ones_like(self.yardstick)
        return np.maximum(self.yardstick, _NEGLIGIBLE * mean)

    def typical(self, total: int) -> float:
        """The stretch that is worth all the money, once over all yardsticks: what levels are
        compared by, for their size depends on the unit in which yardsticks are measured.
        """
        return max(total, 1) / float(np.sort(self.effective).sum())

    def laid_out(self, row: IntArray) -> Scale:
        """The scale as the engine reads it: these rows in this order, no yardstick zero."""
        return Scale(self.anchor[row], self.effective[row])

    def at(self, level: FloatArray | np.float64) -> FloatArray:
        """(n,) what everybody would carry at these levels without any limit."""
        return self.anchor + self.yardstick * level


def _equal_potential_share(reps: Reps) -> Scale:
    unknown = np.flatnonzero(np.isnan(reps.potential))
    if len(unknown):
        reason = "equal_potential_share needs the potential of every rep, and this one is unknown"
        raise InvalidProblem([Fault("reps", int(row), "potential", reason) for row in unknown])
    return Scale(np.zeros(len(reps)), reps.potential)


SCALES: Final[Mapping[Fairness, Callable[[Reps], Scale]]] = {
    "equal_stretch": lambda reps: Scale(reps.baseline, reps.reach),
    "equal_growth": lambda reps: Scale(np.zeros(len(reps)), reps.baseline),
    "equal_potential_share": _equal_potential_share,
    "equal_amount": lambda reps: Scale(reps.baseline, np.ones(len(reps))),
}


@dataclass(frozen=True, slots=True)
class Evenness:
    """How even an allocation came out. The inequality indices are free of any currency."""

    stretch_min: float
    stretch_max: float
    gini: float | None
    """Gini coefficient of quota / baseline, one rep one vote; None where undefined."""
    theil: float | None
    """Theil's T of quota / baseline, one rep one vote; None where undefined."""
    reps_at_common_stretch: int


def evenness(
    quota: FloatArray, baseline: FloatArray, stretch: FloatArray, common: float, typical: float
) -> Evenness:
    """Measure an allocation. Reps with no baseline have no ratio and are left out of the indices.

    `quota` and `baseline` (n,) are in the same money, `stretch` (n,), `common` and `typical` (see
    `Scale.typical`) in stretch.
    """
    sold = baseline >= _NO_BASELINE
    ratio = np.sort(quota[sold] / baseline[sold])  # sorted: no row order moves the last bit
    return Evenness(
        stretch_min=float(stretch.min()),
        stretch_max=float(stretch.max()),
        gini=gini(ratio),
        theil=theil(ratio),
        reps_at_common_stretch=int(np.count_nonzero(same_level(stretch, common, typical))),
    )


def growth(quota: FloatArray, baseline: FloatArray) -> FloatArray:
    """(n,) quota over baseline, less one; nan where nothing is expected."""
    ratio = np.full(len(quota), np.nan)
    np.divide(quota, baseline, out=ratio, where=baseline >= _NO_BASELINE)
    return ratio - 1


def same_level(level: FloatArray | float, other: float, typical: float) -> Any:
    """Whether a level (or each of (n,)) is the other one but for the noise of floating point."""
    return np.abs(level - other) <= _SAME_LEVEL * max(abs(other), typical)


def gini(values: FloatArray) -> float | None:
    """Gini coefficient of non-negative ascending values: half the mean difference over the mean."""
    total = float(values.sum())
    if not total > 0:
        return None
    count = len(values)
    weight = 2 * np.arange(1, count + 1) - count - 1
    # Equal values leave rounding noise of either sign; an index below zero would confuse readers.
    return max(0.0, float(weight @ values) / (count * total))


def theil(values: FloatArray) -> float | None:
    """Theil's T of non-negative values: mean of x/mu ln(x/mu), with 0 ln 0 = 0."""
    if not values.sum() > 0:
        return None
    share = values / values.mean()
    return max(0.0, float(np.mean(share * np.log(np.where(share > 0, share, 1.0)))))
