"""The values of rules as the caller states them.

Inside, the value of a target is the amount to assign, its over-assignment included; the caller
states targets without it. A parity's value is its tolerance, every other one an amount of money. A
limit that is lifted altogether is infinite inside, and null outside.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np

from service.allocations.assemble import Case
from service.kit.money import from_minor
from service.plans.policy import PARITY
from solver.infeasibility import Relaxation
from solver.problem import COMPANY, padded


class Stated:
    """The rules of a case in the caller's words."""

    def __init__(self, case: Case) -> None:
        self._problem = case.problem
        self._over = case.policy.over_assignment
        self._digits = case.terms.digits
        self._rows = {f"unit:{key}:target": row for row, key in enumerate(case.problem.units.ids)}

    def value(self, rule: str, value: float) -> float | None:
        """What the caller stated of a rule that has this value inside."""
        if rule == "target":
            return from_minor(self._problem.target, self._digits)
        row = self._rows.get(rule)
        return self._shown(rule, value if row is None else self._problem.units.target[row])

    def relaxation(self, change: Relaxation) -> dict[str, Any]:
        """A rule that gives way, as `policy.relax` takes it."""
        return {
            "rule": change.name,
            "from": self.value(change.name, change.before),
            "to": self._shown(change.name, self._moved(change)),
        }

    def _moved(self, change: Relaxation) -> float:
        """Where a target goes so that its padded amount gets to what it has to be."""
        row = self._rows.get(change.name)
        if change.name != "target" and row is None:
            return change.after
        over, after = self._over if row is None else self._over_of(row), int(change.after)
        lower = after < change.before
        return largest_target(after, over) if lower else smallest_target(after, over)

    def _over_of(self, row: int) -> float:
        units = self._problem.units
        while row != COMPANY:
            if not np.isnan(own := units.over_assignment[row]):
                return float(own)
            row = int(units.parent[row])
        return self._over

    def _shown(self, rule: str, value: float) -> float | None:
        if not np.isfinite(value):
            return None
        return value if rule.startswith(PARITY) else from_minor(int(value), self._digits)


def largest_target(amount: int, over_assignment: float) -> int:
    """The largest target whose padded amount is not above `amount`."""
    factor = 1 + Decimal(repr(float(over_assignment)))
    target = int((Decimal(amount) / factor).to_integral_value(ROUND_FLOOR))
    return _highest(lambda guess: padded(guess, over_assignment) <= amount, target)


def smallest_target(amount: int, over_assignment: float) -> int:
    """The smallest target whose padded amount is not below `amount`."""
    return 0 if amount <= 0 else largest_target(amount - 1, over_assignment) + 1


def _highest(allowed: Callable[[int], bool], near: int) -> int:
    """The largest number that is allowed; padding rounds, so it lies within a few of `near`."""
    while not allowed(near):
        near -= 1
    while allowed(near + 1):
        near += 1
    return near
