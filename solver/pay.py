"""Pay curves: which part of a rep's target pay a year pays out, by how far the quota was attained.

    f(a) = pay_k + (a - x_k) (pay_k+1 - pay_k) / (x_k+1 - x_k)        x_k <= a < x_k+1
    f(a) = 0 below the first knot, pay_last + beyond (a - x_last) from the last on

Straight between knots (x, pay), never falling, and 1 at an attainment of 1: who sells the quota is
paid the target pay, that is the variable part of the income. Two knots at one attainment are a
step, and the higher counts at the step itself; a first knot above 0 is a threshold, which may be a
step as well. Without `beyond` the last knot is a cap.

Sales A are those of `solver.probability`. A curve is a sum of steps and hinges, so what is paid on
average has a closed form:

    E f(A / q) = sum_k step_k P(A >= q x_k) + sum_k turn_k E[(A - q x_k)+] / q

turn_k is by how much the slope changes at knot k. No shape of the whole company's pay is told by a
formula, because one market moves everybody's; `solver.simulate` draws it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Self

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.probability import attainment_probability, expected_excess
from solver.problem import FloatArray

MOST_KNOTS: Final = 100
MOST: Final = 1_000.0
"""Of attainments, pays and slopes; more is a mistake in the data."""
_APART: Final = 1e-6
"""Attainments that are nearer to each other make no line: a step has one attainment."""
_KNOTS: Final = "knots"
_RANGE: Final = f"must be a number from 0 to {MOST:,.0f}"
_SAME: Final = 1e-9
"""What the pay at the quota may be off 1 by: decimals such as 1/3 cannot be written exactly."""


@dataclass(frozen=True, slots=True)
class PayCurve:
    """Knots of a curve, in order. A curve that falls, or is not 1 at 1, cannot be built."""

    attainment: tuple[float, ...]
    """Sales over quota, 0 or more."""
    pay: tuple[float, ...]
    """Over target pay, 0 or more."""
    beyond: float = 0.0
    """Slope after the last knot: target pays for one more quota."""

    def __post_init__(self) -> None:
        """Raises `InvalidProblem` with every fault; a knot is a row of the table `knots`."""
        if faults := _faults(self):
            raise InvalidProblem(faults)

    @classmethod
    def of(cls, knots: Sequence[tuple[float, float]], beyond: float = 0.0) -> Self:
        """From pairs (attainment, pay)."""
        return cls(tuple(float(x) for x, _ in knots), tuple(float(pay) for _, pay in knots), beyond)

    def at(self, attainment: FloatArray) -> FloatArray:
        """f of attainments >= 0 of any shape."""
        knot = np.array(self.attainment)
        place = np.zeros(attainment.shape, np.int8)  # 0 is what lies below the first knot
        for x in self.attainment:  # for so few, a dozen times as quick as a search
            place += attainment >= x
        start, pay, slope = (np.concatenate(([0.0], of)) for of in (knot, self.pay, self._slopes))
        highest = np.concatenate(([0.0], self.pay[1:], [np.inf]))
        paid = attainment - start.take(place)
        paid *= slope.take(place)
        paid += pay.take(place)
        # Noise must not lift it over the next knot.
        return np.minimum(paid, highest.take(place), out=paid)

    def expected(self, quota: FloatArray, baseline: FloatArray, sigma: FloatArray) -> FloatArray:
        """E f(sales / quota), shape (n,); nan where sigma is unknown.

        Whoever has no quota is taken to attain it, and to be paid the target pay.
        """
        steps, turns = self._steps, np.diff(self._slopes, prepend=0.0)
        each = np.where(quota > 0, quota, 1.0)
        paid = np.zeros(len(quota))
        for knot, step, turn in zip(self.attainment, steps.tolist(), turns.tolist(), strict=True):
            limit = each * knot
            if step:
                paid += step * attainment_probability(limit, baseline, sigma)
            if turn:
                paid += turn * expected_excess(limit, baseline, sigma) / each
        return np.where(np.isnan(sigma), np.nan, np.where(quota > 0, paid, 1.0))

    @property
    def _steps(self) -> FloatArray:
        """By how much the curve jumps at each knot."""
        ends = np.diff(self.pay, prepend=0.0)
        starts = np.diff(self.attainment, prepend=-1.0) == 0
        starts[0] = True
        return np.where(starts, ends, 0.0)

    @property
    def _slopes(self) -> FloatArray:
        """After each knot; at a step that of nothing, 0."""
        run, rise = np.diff(self.attainment), np.diff(self.pay)
        inside = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
        return np.append(inside, self.beyond)


def attainment_of(sold: FloatArray, quota: FloatArray) -> FloatArray:
    """Sales over quota; 1 where there is no quota."""
    return np.divide(sold, quota, out=np.ones(np.broadcast(sold, quota).shape), where=quota > 0)


def _faults(curve: PayCurve) -> list[Fault]:
    count = len(curve.attainment)
    if count == 0:
        return [Fault("", None, _KNOTS, "has no knot; [0, 0] and [1, 1] pay in proportion")]
    if count > MOST_KNOTS:
        return [Fault("", None, _KNOTS, f"has {count} knots; at most {MOST_KNOTS} are read")]
    if len(curve.pay) != count:
        reason = f"has {count} attainments and {len(curve.pay)} pays"
        return [Fault("", None, _KNOTS, reason)]
    faults = [
        Fault(_KNOTS, row, name, f"is {value:g}; {_RANGE}")
        for name in ("attainment", "pay")
        for row, value in enumerate(getattr(curve, name))
        if not 0 <= value <= MOST
    ]
    if not 0 <= curve.beyond <= MOST:
        faults.append(Fault("", None, "beyond", f"is {curve.beyond:g}; {_RANGE}"))
    return faults or [*_falls(curve)] or _not_one(curve)


def _falls(curve: PayCurve) -> list[Fault]:
    faults = []
    for name, values in (("attainment", curve.attainment), ("pay", curve.pay)):
        for row in range(1, len(values)):
            if values[row] < values[row - 1]:
                reason = f"is {values[row]:g}, below {values[row - 1]:g} of the knot before"
                faults.append(Fault(_KNOTS, row, name, reason))
    for row, (x, after) in enumerate(pairwise(curve.attainment), start=1):
        if x < after < x + _APART:
            reason = f"is {after:g}, too near to {x:g}; two knots at one attainment make a step"
            faults.append(Fault(_KNOTS, row, "attainment", reason))
        elif row > 1 and x == after == curve.attainment[row - 2]:
            reason = f"is {x:g} for the third time; a step has two knots"
            faults.append(Fault(_KNOTS, row, "attainment", reason))
    return faults


def _not_one(curve: PayCurve) -> list[Fault]:
    paid = float(curve.at(np.array([1.0]))[0])
    if abs(paid - 1) <= _SAME:
        return []
    reason = f"pays {paid:g} of the target pay for an attainment of 1, and must pay 1"
    return [Fault("", None, _KNOTS, reason)]
