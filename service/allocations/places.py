"""Where the caller wrote what the solver finds fault with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import solver.errors
from service.kit.errors import Fault, InvalidInput, pointer
from service.plans.policy.read import Path
from service.roster.domain import Inputs
from solver.errors import InvalidProblem
from solver.policy import Policy

_KEYS: Final = {
    "groups": "id",
    "parity": "cohort",
    "margin_floors": "id",
    "rows": "id",
    "relax": "rule",
}
"""The lists of rules of a policy, and what a rule is called by in each."""


@dataclass(frozen=True, slots=True)
class Places:
    """The documents that a case came in, as they were sent."""

    facts: Mapping[str, Any] | None = None
    """None: the facts were stored before, and faults point at their rows there."""
    policy: Mapping[str, Any] = field(default_factory=dict)
    at: Path = ("policy",)
    """Where the policy stands in the caller's document."""

    def as_invalid_input(
        self, error: InvalidProblem, inputs: Inputs, policy: Policy
    ) -> InvalidInput:
        """The solver's faults with the places of the rows that the caller sent."""
        ids = {"reps": inputs.reps.id, "units": inputs.units.id}
        sent: dict[str, dict[str, int]] = {}
        faults = []
        for fault in error.faults:
            if fault.row is None:
                faults.append(Fault(pointer(self._of_a_parameter(fault.field)), fault.reason))
                continue
            if fault.table not in ids:
                faults.append(Fault(pointer(self._of_a_rule(fault, policy)), fault.reason))
                continue
            key, row = ids[fault.table][fault.row], fault.row
            if self.facts is not None:
                if fault.table not in sent:
                    rows = enumerate(self.facts[fault.table])
                    sent[fault.table] = {sent_row["id"]: place for place, sent_row in rows}
                row = sent[fault.table][key]
            faults.append(Fault(pointer((fault.table, row, fault.field)), f"{key}: {fault.reason}"))
        return InvalidInput(faults)

    def rule(self, table: str, key: str) -> Path:
        """Where the rule called `key` stands in the caller's list."""
        rows = enumerate(self.policy[table])
        return (*self.at, table, next(k for k, row in rows if row[_KEYS[table]] == key))

    def _of_a_parameter(self, name: str) -> Path:
        return (*self.at, name) if name in Policy.__slots__ else (name,)

    def _of_a_rule(self, fault: solver.errors.Fault, policy: Policy) -> Path:
        rule = getattr(policy, fault.table)[fault.row]
        return (*self.rule(fault.table, getattr(rule, _KEYS[fault.table])), fault.field)
