"""The named ideas of fairness: which two columns are equalised, and how the outcome is measured.

Every policy makes the stretch index e = (quota - anchor) / yardstick as even as the rules allow:

    equal_stretch           anchor = baseline   yardstick = reach       the extra effort is equal
    equal_growth            anchor = 0          yardstick = baseline    the same percentage
    equal_potential_share   anchor = 0          yardstick = potential   the same share of potential
    equal_amount            anchor = baseline   yardstick = 1           the same extra money

One answers to the level in another way (`solver.response`): quota = anchor x exp(yardstick x level)

    equal_probability       anchor = baseline x exp(-sigma^2 / 2)       the same chance of
                            yardstick = sigma                           attaining the quota

Sales are taken as log-normal around the baseline, so that anchor is the quota with an even chance,
and a rep at level x attains the quota with probability Phi(-x), whatever the sigma.

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
from solver.probability import even_chance
from solver.problem import BoolArray, FloatArray, IntArray, Reps
from solver.response import CURVES, Curve, Response

_NEGLIGIBLE: Final = 1e-12
"""A yardstick below this share of the mean yardstick counts as none (`Scale.effective`)."""
_NO_YARDSTICK: Final = 1e-100
"""A mean yardstick below this is none: stretches measured by it would pass every number."""
_NO_EVEN_CHANCE: Final = 1e-100
"""An anchor of equal_probability below this is none: its logarithm would be noise of floats."""
_NO_BASELINE: Final = 1e-9
"""A baseline below this part of a minor unit is none: a growth over it says nothing."""
_SAME_LEVEL: Final = 1e-9


@dataclass(frozen=True, eq=False)
class Scale:
    """The anchor and yardstick of each rep, shape (n,), and how quotas answer to the level.

    Anchors are in minor units; so are linear yardsticks, lognormal ones are sigmas. A yardstick of
    0 says that nothing measures this rep's stretch.
    """

    anchor: FloatArray
    yardstick: FloatArray
    response: Response = "linear"

    @cached_property
    def measured(self) -> BoolArray:
        """(n,) whose stretch means something: those who have a yardstick, or all if nobody has."""
        return (self.yardstick > 0) | ~self.yardstick.any()

    @cached_property
    def effective(self) -> FloatArray:
        """Yardsticks without zeros.

        A rep without a yardstick carries nothing beyond the anchor until nobody who has one can
        carry more; that is the limit of an ever smaller yardstick. Where nobody has one, all carry
        the same extra money. For lognormal, see `complete`.
        """
        mean = float(np.sort(self.yardstick).mean())  # sorted: no row order moves the last bit
        if mean < _NO_YARDSTICK:
            return np.ones_like(self.yardstick)
        return np.maximum(self.yardstick, _NEGLIGIBLE * mean)

    @cached_property
    def complete(self) -> Scale:
        """The scale by which everybody can be measured, as `solver.response` wants it.

        Reps of whom no sales are expected have no chance to speak of: as in every other idea, they
        carry nothing beyond their floors until nobody else can carry more, and then equal amounts.
        That is the limit of an ever smaller anchor, with the smallest sigma of all: such reps
        carry at most 1e-12 of what anybody carries who can still carry more.
        """
        if self.response == "linear":
            return Scale(self.anchor, self.effective)
        known = self.yardstick > 0
        anchor, sigma = self.anchor[known], self.effective[known]
        return Scale(
            np.where(known, self.anchor, _NEGLIGIBLE * anchor.min()),
            np.where(known, self.effective, sigma.min()),
            self.response,
        )

    def typical(self, total: int) -> float:
        """The stretch that is worth all the money, once over all yardsticks: what levels are
        compared by, for their size depends on the unit in which yardsticks are measured. For
        lognormal it is one over the mean yardstick, which multiplies quotas by about e.
        """
        yardsticks = float(np.sort(self.complete.yardstick).sum())
        return (max(total, 1) if self.response == "linear" else len(self.yardstick)) / yardsticks

    def laid_out(self, row: IntArray) -> Scale:
        """The complete scale as the engine reads it: these rows in this order."""
        full = self.complete
        return Scale(full.anchor[row], full.yardstick[row], full.response)

    # The following are asked of complete scales only, such as `complete` and `laid_out`.

    def at(self, level: FloatArray | float) -> FloatArray:
        """(n,) what everybody would carry at these levels without any limit."""
        return self._curve.quota(self.anchor, self.yardstick, level)

    def stretch(self, quota: FloatArray) -> FloatArray:
        """(n,) the level at which each rep would carry this quota; -inf for a lognormal 0."""
        level = self._curve.distance(self.anchor, quota) / self.yardstick
        return level if self.response == "linear" else np.where(quota > 0, level, -np.inf)

    def slope(self, quota: FloatArray) -> FloatArray:
        """(n,) how fast quotas rise with the level where they are now."""
        return self._curve.slope(self.yardstick, quota)

    def magnitude(self, total: int, quota: FloatArray) -> float:
        """The money that rounding errors in a plan of this total are a part of.

        For lognormal the last digit of a level counts as often as the exponent is long.
        """
        if self.response == "linear":
            return float(total + np.abs(self.anchor).sum())
        carried = np.clip(quota, 0, total)
        return float(total + (carried * np.abs(self._curve.distance(self.anchor, carried))).sum())

    @property
    def _curve(self) -> Curve:
        return CURVES[self.response]


def _equal_potential_share(reps: Reps) -> Scale:
    unknown = np.flatnonzero(np.isnan(reps.potential))
    if len(unknown):
        reason = "equal_potential_share needs the potential of every rep, and this one is unknown"
        raise InvalidProblem([Fault("reps", int(row), "potential", reason) for row in unknown])
    return Scale(np.zeros(len(reps)), reps.potential)


def _equal_probability(reps: Reps) -> Scale:
    unknown = np.flatnonzero(np.isnan(reps.sigma))
    if len(unknown):
        reason = "equal_probability needs the sigma of every rep, and this one is unknown"
        raise InvalidProblem([Fault("reps", int(row), "sigma", reason) for row in unknown])
    anchor = even_chance(reps.baseline, reps.sigma)
    known = (reps.baseline >= _NO_BASELINE) & (anchor >= _NO_EVEN_CHANCE)
    if not known.any():
        return Scale(np.zeros(len(reps)), np.zeros(len(reps)))
    return Scale(np.where(known, anchor, 0.0), np.where(known, reps.sigma, 0.0), "lognormal")


SCALES: Final[Mapping[Fairness, Callable[[Reps], Scale]]] = {
    "equal_stretch": lambda reps: Scale(reps.baseline, reps.reach),
    "equal_growth": lambda reps: Scale(np.zeros(len(reps)), reps.baseline),
    "equal_potential_share": _equal_potential_share,
    "equal_amount": lambda reps: Scale(reps.baseline, np.ones(len(reps))),
    "equal_probability": _equal_probability,
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
