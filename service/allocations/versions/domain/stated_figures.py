"""Limits, anchors and ratios that stand in a proof's rows, compared with what they follow from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

from service.allocations.versions.domain.document import Manifest, QuotaRow
from solver.certificate import Certificate
from solver.coupled import FORCED
from solver.fairness import Scale
from solver.probability import even_chance
from solver.problem import BoolArray, FloatArray

_RATIO: Final = 1.1e-9
"""Ratios are written with nine decimals,"""
_AMOUNT: Final = 1e-4
"""measurements with six decimals of a minor unit, which a growth multiplies up to a hundredfold."""
_PART: Final = 1e-12
"""What a float may be off by, as a part of itself."""
_NONE: Final = 1.001e-12
"""A yardstick of this part of the mean stands for none (see `solver.fairness.Scale`)."""
STANDS_IN: Final = 1.001 * FORCED
"""The same of a plan with rules across the units, which may need those reps (`solver.coupled`)."""
_NO_LEVEL: Final = 1e-9
"""Where the common stretch is smaller than this there is no effort index."""


class Figures:
    """The columns (n,) that people read, beside those of the certificate.

    Amounts that pass every number are the caller's to ignore (`numpy.errstate`): where nothing is a
    number, nothing agrees.
    """

    def __init__(self, manifest: Manifest, plan: Certificate, quotas: Sequence[QuotaRow]) -> None:
        self._manifest, self._policy = manifest, manifest["policy"]
        self._plan, self._quotas = plan, quotas
        self._baseline = self._column("baseline")

    def explanations_add_up(self) -> bool:
        """Whether anchor, stretch and rounding are those of the plan, in whole minor units."""
        plan = self._plan
        anchor, unrounded = np.rint(plan.anchor), np.rint(plan.unrounded)
        if plan.response == "lognormal":  # a stand-in is there for the levels only
            anchor = np.where(self._unmeasured, 0, anchor)
        terms = np.column_stack((anchor, unrounded - anchor, plan.quota - unrounded))
        return bool([row["explanation"] for row in self._quotas] == terms.tolist())

    def limits_are_the_policys(self) -> bool:
        """Whether every floor and cap is as tight as the policy's growth limits ask for.

        Reps of which the document says that their own limit gave way are left out.
        """
        policy, over_last_year = self._policy, self._column("over_last_year")
        within = np.ones(len(self._quotas), dtype=bool)
        if (growth := policy["min_over_baseline"]) is not None:
            within &= self._plan.floor >= _less(self._baseline * (1 + growth))
        if (growth := policy["max_over_baseline"]) is not None:
            within &= self._plan.cap <= _more(self._baseline * (1 + growth))
        unknown = np.isnan(over_last_year)
        if (growth := policy["min_over_last_year"]) is not None:
            within &= unknown | (over_last_year >= growth - _RATIO * (1 + abs(growth)))
        if (growth := policy["max_over_last_year"]) is not None:
            within &= unknown | (over_last_year <= growth + _RATIO * (1 + abs(growth)))
        return bool(np.all(within | self._gave_way))

    @cached_property
    def _gave_way(self) -> BoolArray:
        moved = [*self._policy.get("relax", []), *self._manifest.get("relaxed", [])]
        names = {relax["rule"] for relax in moved if relax["rule"].startswith("rep:")}
        if not names:
            return np.zeros(len(self._quotas), dtype=bool)
        sides = ("floor", "cap", "fixed")
        reps = [row["rep"] for row in self._quotas]
        return np.array([any(f"rep:{rep}:{side}" in names for side in sides) for rep in reps])

    def scale_is_the_policys(self) -> bool:
        """Whether anchors and yardsticks are the columns that the policy's fairness names."""
        plan, fairness, baseline = self._plan, self._policy["fairness"], self._baseline
        if plan.response == "lognormal":
            return fairness == "equal_probability" and self._is_of_even_chance()
        none, one = np.zeros_like(baseline), np.ones_like(baseline)
        named = {
            "equal_stretch": (baseline, self._column("reach")),
            "equal_growth": (none, baseline),
            "equal_potential_share": (none, plan.yardstick),  # potentials stand in the inputs only
            "equal_amount": (baseline, one),
            "equal_probability": (none, one),  # where nobody is expected to sell anything
        }
        if fairness not in named:
            return False
        anchor, yardstick = named[fairness]
        return _same(plan.anchor, anchor) and self._measures(yardstick)

    def _measures(self, stated: FloatArray) -> bool:
        """Whether the yardsticks are these, with what stands for none where they are 0."""
        yardstick = self._plan.yardstick
        if not stated.any():  # or too small for six decimals
            return bool(np.all(yardstick == 1)) or _same(yardstick, stated)
        forced = np.maximum(stated, FORCED * stated.mean())  # see `solver.coupled`
        return _same(yardstick, Scale(self._plan.anchor, stated).effective) or (
            self._plan.across is not None and _same(yardstick, forced)
        )

    def _is_of_even_chance(self) -> bool:
        """Whether each anchor is the quota that the baseline and sigma attain with even chance."""
        expected = even_chance(self._baseline, self._plan.yardstick)
        known = ~self._unmeasured
        return _same(self._plan.anchor[known], expected[known])

    @cached_property
    def _unmeasured(self) -> BoolArray:
        """(n,) for whom the scale has nothing but a stand-in (`solver.fairness.Scale.complete`)."""
        anchor, yardstick = self._plan.anchor, self._plan.yardstick
        if self._plan.response == "linear":
            part = _NONE if self._plan.across is None else STANDS_IN
            return np.asarray(yardstick <= part * yardstick.mean())
        return np.asarray(anchor <= _NONE * anchor.max())

    def ratios_are_stated(self) -> bool:
        """Whether growth, stretch and effort of every row are those of the plan."""
        baseline = self._baseline
        growth = self._plan.quota / baseline - 1
        unsure = _AMOUNT * (1 + np.abs(growth)) / baseline
        grown = _agree(self._column("growth"), growth, unsure) | (baseline < _AMOUNT)
        return bool(np.all(grown)) and any(map(self._stretches_are_stated_in, self._units))

    def common_growth_is_stated(self) -> bool:
        """Whether the company's growth is that of all quotas over all baselines."""
        baseline = float(self._baseline.sum())
        if baseline < _AMOUNT:
            return True
        growth = self._manifest["assigned"] / baseline - 1
        unsure = _AMOUNT * len(self._quotas) * (1 + abs(growth)) / baseline
        return _is_stated(self._manifest["common"]["growth"], growth, unsure)

    @property
    def _units(self) -> tuple[float, ...]:
        """What a stretch may be counted in: money of the currency where nothing else measures it.

        Yardsticks of 1 may stand for none, which only the inputs tell.
        """
        money = 10.0 ** self._manifest["digits"]
        if self._policy["fairness"] == "equal_amount":
            return (money,)
        return (1.0, money) if np.all(self._plan.yardstick == 1) else (1.0,)

    def _stretches_are_stated_in(self, unit: float) -> bool:
        plan, level = self._plan, self._manifest["level"] / unit
        told, stated = self._manifest["common"]["stretch"], self._column("stretch")
        efforts = self._column("effort")
        apart = told is None and plan.across is not None  # rules hold everybody away from it
        compared = abs(level) > _NO_LEVEL and plan.response == "linear" and not apart
        stretch = plan.scale.stretch(plan.unrounded) / unit
        effort = stretch / level if compared else np.full_like(stretch, np.nan)
        # What stands for a yardstick in a proof is none that people are told of.
        untold = plan.across is not None or (np.isnan(stated) & np.isnan(efforts))
        held = (_agree(stated, stretch) & _agree(efforts, effort)) | (self._unmeasured & untold)
        return bool(np.all(held)) and (apart or _is_stated(told, level))

    def _column(self, name: str) -> FloatArray:
        rows: Sequence[Any] = self._quotas
        return np.array([np.nan if row[name] is None else row[name] for row in rows], np.float64)


def _agree(stated: FloatArray, found: FloatArray, unsure: FloatArray | float = 0.0) -> BoolArray:
    """Whether each stated ratio is the one that was found; nan where there is none."""
    near = np.abs(stated - found) <= _RATIO + _PART * np.abs(found) + unsure
    return np.asarray(near | (np.isnan(stated) & ~np.isfinite(found)))


def _is_stated(stated: float | None, found: float, unsure: float = 0.0) -> bool:
    """The same of one ratio."""
    value = np.array([np.nan if stated is None else stated])
    return bool(np.all(_agree(value, np.array([found]), unsure)))


def _same(amounts: FloatArray, stated: FloatArray) -> bool:
    """Whether amounts are those that stand in the rows with six decimals."""
    return bool(np.all(np.abs(amounts - stated) <= 1.1e-6 + _PART * np.abs(stated)))


def _less(amounts: FloatArray) -> FloatArray:
    return amounts - _AMOUNT - _PART * np.abs(amounts)


def _more(amounts: FloatArray) -> FloatArray:
    return amounts + _AMOUNT + _PART * np.abs(amounts)
