"""The scenarios of a request as cases to solve, every fault of every policy at its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from service.allocations.assemble import Case, Terms, assemble
from service.allocations.places import Places
from service.allocations.scenarios.domain.axes import MOST, Scenario, count, scenarios
from service.kit.errors import MAX_FAULTS, Fault, InvalidInput
from service.kit.money import InvalidMoney, to_minor
from service.plans.policy import Named, read_spreading, to_policy
from service.roster.domain import Inputs


def read_cases(
    body: Mapping[str, Any], inputs: Inputs, terms: Terms
) -> list[tuple[Scenario, Case]]:
    """Every scenario as a case. Raises InvalidInput with the faults of all of them."""
    made = count(body)
    if made > MOST:
        reason = f"makes {made:,} scenarios with the other axes, and at most {MOST} are solved"
        raise InvalidInput([Fault("/grid", f"{reason} at once: leave some out")])
    read, faults = _Cases(inputs, terms), dict[tuple[str, str], Fault]()
    cases = []
    for scenario in scenarios(body):
        try:
            cases.append((scenario, read.under(scenario)))
        except InvalidInput as error:
            placed = map(scenario.placed, error.faults)
            faults |= {(fault.pointer, fault.detail): fault for fault in placed}
    if faults:
        raise InvalidInput([*faults.values()][:MAX_FAULTS], count=len(faults))
    return cases


class _Cases:
    """The facts as a case, made once for each target: nothing in that depends on the policy."""

    def __init__(self, inputs: Inputs, terms: Terms) -> None:
        self._inputs, self._terms = inputs, terms
        self._named = Named(frozenset(inputs.reps.id), frozenset(inputs.units.id))
        self._of_target: dict[int | None, Case] = {}

    def under(self, scenario: Scenario) -> Case:
        """Raises InvalidInput."""
        digits = self._terms.digits
        target, wrong = _target(scenario, digits)
        policy = to_policy(scenario.policy, digits=digits, named=self._named, known=wrong)
        spreading, places = read_spreading(scenario.policy), Places(policy=scenario.policy)
        if (known := self._of_target.get(target)) is not None:
            return known.under(policy, spreading, places)
        inputs = self._inputs if target is None else replace(self._inputs, target=target)
        case = assemble(inputs, self._terms, policy, places, spreading)
        self._of_target[target] = case
        return case


def _target(scenario: Scenario, digits: int) -> tuple[int | None, list[Fault]]:
    if scenario.target is None:
        return None, []
    try:
        target = to_minor(scenario.target, digits)
    except InvalidMoney as reason:
        return None, [Fault("/policy/target", str(reason), scenario.target)]
    if target < 0:
        return None, [Fault("/policy/target", "must be 0 or more", scenario.target)]
    return target, []
