"""Targets are stated without their over-assignment: which ones come to an amount to assign."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal

from solver.problem import padded


def target_of(amount: int, over_assignment: float) -> float:
    """The target that comes to this amount; not whole where only decimals of a unit do."""
    whole = largest_target(amount, over_assignment)
    if padded(whole, over_assignment) == amount:
        return whole
    return float(Decimal(amount) / (1 + Decimal(repr(float(over_assignment)))))


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
