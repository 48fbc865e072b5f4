"""Rules that cannot all hold, told in the caller's money: the conflict and how to mend it."""

from __future__ import annotations

from typing import Any

from service.allocations.assemble import Case
from service.allocations.stated import Stated, largest_target, smallest_target
from service.kit.errors import Unprocessable
from service.kit.money import from_minor, plain_text
from solver.bounds import bounds
from solver.conflict import diagnose, feasible_target
from solver.errors import InvalidProblem
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.infeasibility import Infeasibility


class Infeasible(Unprocessable):
    """The rules cannot all hold."""


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
    stated = Stated(case)
    return {
        "detail": found.told(lambda amount: in_words(amount, case.terms.digits)),
        "conflict": [
            {"rule": rule.name, "value": stated.value(rule.name, rule.value)}
            for rule in found.conflict
        ],
        "relaxation": [stated.relaxation(change) for change in found.relaxation],
        "feasible_target": targets(case, found.feasible_min, found.feasible_max),
    }


def targets(case: Case, least: int, most: int | None) -> dict[str, float | None]:
    """The company's targets whose amounts to assign lie between `least` and `most`."""
    over, digits = case.policy.over_assignment, case.terms.digits
    return {
        "min": from_minor(smallest_target(least, over), digits),
        "max": None if most is None else from_minor(largest_target(most, over), digits),
    }


def in_words(amount: int, digits: int) -> str:
    """`600,000` or `600,000.50`."""
    text = plain_text(amount, digits)
    whole, _, rest = text.partition(".")
    return f"{int(whole):,}" + (f".{rest}" if rest.strip("0") else "")
