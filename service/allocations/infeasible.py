"""Rules that cannot all hold, told in the caller's money: the conflict and how to mend it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from service.allocations.assemble import Case
from service.allocations.stated import Stated, refuse_outdated
from service.allocations.targets import largest_target, smallest_target
from service.kit.errors import Unprocessable
from service.kit.money import from_minor, plain_text
from service.plans.policy import ROW, present_rule
from solver.conflict import feasible_target
from solver.errors import InvalidProblem
from solver.infeasibility import Infeasibility
from solver.mending.asked import stated
from solver.solve import read
from solver.watch import Watch


class Infeasible(Unprocessable):
    """The rules cannot all hold."""


def examine(case: Case, watch: Watch) -> dict[str, Any]:
    """Whether the rules can all hold, with the members of the problem document, not solved.

    Raises `InvalidInput`, and the solver's errors where rules across the tree take too long or
    differ by too many orders of magnitude.
    """
    refuse_outdated(case)
    try:
        asked = read(case.problem, case.policy)
        if found := asked.diagnosed(watch):
            return {"feasible": False, **told(case, found, watch)}
        possible = feasible_target(asked.hierarchy, asked.bounds, asked.rows(), watch)
    except InvalidProblem as error:
        raise case.as_invalid_input(error) from None
    return {
        "feasible": True,
        "detail": None,
        "conflict": [],
        "relaxation": [],
        "feasible_target": _targets(case, *possible),
    }


def told(
    case: Case, found: Infeasibility, watch: Watch, made: Collection[str] = ()
) -> dict[str, Any]:
    """The members of the problem document; targets are as the caller states them, unpadded.

    `made`: ids of the rows that targets of parts made. They are in no policy, so no relaxation can
    name them: where one would, `detail` says that these targets have to change.
    """
    rules, changes = Stated(case), stated(read(case.problem, case.policy), found, watch)
    by_targets = [c for c in changes if c.rule[len(ROW) :].rpartition(":")[0] in made]
    detail = found.told(lambda amount: in_words(amount, case.terms.digits))
    if by_targets:
        names = ", ".join(change.rule for change in by_targets)
        detail += f" To let {names} give way, change the targets that made it."
    return {
        "detail": detail,
        "conflict": [
            {"rule": rule.name, "value": rules.value(rule.name, rule.value)}
            for rule in found.conflict
        ],
        "relaxation": [
            present_rule(change, case.terms.digits)
            for change in rules.relaxations([c for c in changes if c not in by_targets])
        ],
        "feasible_target": _targets(case, found.feasible_min, found.feasible_max),
    }


def _targets(case: Case, least: int, most: int | None) -> dict[str, float | None]:
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
