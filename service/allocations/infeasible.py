"""Rules that cannot all hold, told in the caller's money: the conflict and how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import numpy as np

from service.allocations.assemble import Case
from service.kit.errors import Unprocessable
from service.kit.money import from_minor, plain_text
from solver.allocation import Allocation
from solver.bounds import bounds
from solver.conflict import diagnose, feasible_target
from solver.errors import (
    EnginesDisagree,
    InfeasibleProblem,
    InvalidProblem,
    LinearProgramFailed,
)
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.infeasibility import Infeasibility
from solver.problem import COMPANY, padded
from solver.solve import solve


class Infeasible(Unprocessable):
    """The rules cannot all hold."""


class PlanNotConfirmed(Unprocessable):
    """The linear programme does not confirm the plan."""


def allocate(case: Case) -> Allocation:
    """Solve a case. Raises `Infeasible`, and `InvalidInput` where the policy lacks a figure.

    Raises `PlanNotConfirmed` where `engine: lp` was asked for and the two engines do not agree.
    """
    try:
        return solve(case.problem, case.policy)
    except InfeasibleProblem as error:
        members = told(case, error.infeasibility)
        raise Infeasible(members.pop("detail"), **members) from None
    except InvalidProblem as error:
        raise case.as_invalid_input(error) from None
    except (EnginesDisagree, LinearProgramFailed) as error:
        raise PlanNotConfirmed(
            f"{error}. Its numbers reach only so far where amounts differ by many orders of "
            "magnitude. No plan is answered; with `engine` left out, the tree engine answers and "
            "proves its plan without a linear programme."
        ) from None


def examine(case: Case) -> dict[str, Any]:
    """Whether the rules can all hold, with the members of the problem document, not solved."""
    try:
        SCALES[case.policy.fairness](case.problem.reps)
    except InvalidProblem as error:
        raise case.as_invalid_input(error) from None
    hierarchy = lay_out(case.problem)
    limits = bounds(case.problem, case.policy, hierarchy)
    if found := diagnose(case.problem, hierarchy, limits):
        return {"feasible": False, **told(case, found)}
    return {
        "feasible": True,
        "detail": None,
        "conflict": [],
        "relaxation": [],
        "feasible_target": targets(case, *feasible_target(hierarchy, limits)),
    }


def told(case: Case, found: Infeasibility) -> dict[str, Any]:
    """The members of the problem document; targets are as the caller states them, unpadded."""
    digits = case.terms.digits
    stated = _Stated(case)
    return {
        "detail": found.told(lambda amount: in_words(amount, digits)),
        "conflict": [
            {"rule": rule.name, "value": from_minor(stated.value(rule.name, rule.value), digits)}
            for rule in found.conflict
        ],
        "relaxation": [
            {
                "rule": rule.name,
                "from": from_minor(stated.value(rule.name, rule.before), digits),
                "to": from_minor(stated.moved(rule.name, rule.before, rule.after), digits),
            }
            for rule in found.relaxation
        ],
        "feasible_target": targets(case, found.feasible_min, found.feasible_max),
    }


def targets(case: Case, least: int, most: int | None) -> dict[str, float | None]:
    """The company's targets whose amounts to assign lie between `least` and `most`."""
    over, digits = case.policy.over_assignment, case.terms.digits
    return {
        "min": from_minor(smallest_target(least, over), digits),
        "max": None if most is None else from_minor(largest_target(most, over), digits),
    }


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


def in_words(amount: int, digits: int) -> str:
    """`600,000` or `600,000.50`."""
    text = plain_text(amount, digits)
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest.strip("0") else "")


class _Stated:
    """Targets as the caller wrote them: rules carry the amount to assign, over-assignment in it."""

    def __init__(self, case: Case) -> None:
        self._problem = case.problem
        self._over = case.policy.over_assignment
        self._rows = {f"unit:{key}:target": row for row, key in enumerate(case.problem.units.ids)}

    def value(self, rule: str, amount: int) -> int:
        if rule == "target":
            return self._problem.target
        row = self._rows.get(rule)
        return amount if row is None else int(self._problem.units.target[row])

    def moved(self, rule: str, before: int, after: int) -> int:
        """Where a target goes so that its padded amount gets to `after`."""
        row = self._rows.get(rule)
        if rule != "target" and row is None:
            return after
        over = self._over if row is None else self._over_of(row)
        return largest_target(after, over) if after < before else smallest_target(after, over)

    def _over_of(self, row: int) -> float:
        units = self._problem.units
        while row != COMPANY:
            if not np.isnan(own := units.over_assignment[row]):
                return float(own)
            row = int(units.parent[row])
        return self._over
