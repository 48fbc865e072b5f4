"""The values of rules as the caller states them, and the rules that give way.

Inside, the value of a target is the amount to assign, its over-assignment included; the caller
states targets without it. A parity's value is its tolerance, every other one an amount of money. A
limit that is lifted altogether is infinite inside, and null outside.

`from` is always what the facts and the policy say today, whatever has given way already, so that a
list of relaxations can be sent as `policy.relax` in place of the one before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from service.allocations.assemble import Case
from service.allocations.targets import target_of
from service.kit.errors import Fault, InvalidInput, pointer
from service.plans.policy import in_units, lifted
from solver.allocation import Allocation
from solver.bounds import Bounds, bounds, over_assignments
from solver.hierarchy import Hierarchy, lay_out
from solver.infeasibility import Relaxation
from solver.policy import LinearRow, Relax
from solver.problem import NOT_SET, UNLIMITED

type Row = dict[str, Any]


class Stated:
    """The rules of a case as the facts and the policy say them, before any gives way."""

    def __init__(self, case: Case, more: Sequence[LinearRow] = ()) -> None:
        """`more`: rows that targets of parts made."""
        self._case = case
        self._digits = case.terms.digits
        self._more = more

    def value(self, rule: str, value: float) -> float | None:
        """How the caller states a rule that has this value inside."""
        given_way = {relax.rule: relax.to for relax in self._case.policy.relax}
        stated = {target: given_way.get(target, self._targets[target]) for target in self._targets}
        return in_units(rule, stated.get(rule, value), self._digits)

    def relaxations(self, changes: Iterable[Relax]) -> list[Row]:
        """Rules that give way, those of the policy and `changes`, by name and in minor units."""
        last = {change.rule: change.to for change in (*self._case.policy.relax, *changes)}
        return [
            {"rule": rule, "from": _known(self.today(rule)), "to": _known(last[rule])}
            for rule in sorted(last)
        ]

    def given_way(self, allocation: Allocation) -> list[Row]:
        """The rules that a plan does not keep as they are stated, in minor units."""
        return self.relaxations(map(self._as_asked_for, allocation.relaxed))

    def _as_asked_for(self, change: Relaxation) -> Relax:
        """What the policy would have to relax for it; inside, targets are amounts to assign."""
        if change.name not in self._targets:
            return Relax(change.name, change.after)
        node = 0 if change.name == "target" else self._nodes[change.name[5:-7]]
        over = over_assignments(self._case.problem, self._case.policy, self._hierarchy)
        return Relax(change.name, target_of(int(change.after), float(over[node])))

    def today(self, rule: str) -> float:
        """The value of a rule that is there, targets as the caller states them; else nan."""
        if rule in self._targets:
            return self._targets[rule]
        kind, _, rest = rule.partition(":")
        key, _, end = rest.rpartition(":")
        policy = self._case.policy
        found: dict[str, float]
        match kind, end:
            case "rep", "floor" | "cap" | "fixed":
                found = self._limits(self._reps, key, end)
            case "unit", "min" | "max":
                found = self._limits(self._nodes, key, f"unit_{end}")
            case "group", "min" | "max":
                found = {group.id: getattr(group, end) for group in policy.groups}
            case "margin", "min":
                found = {floor.id: floor.min for floor in policy.margin_floors}
            case "row", "min" | "max":
                limits = {row.id: getattr(row, end) for row in (*policy.rows, *self._more)}
                found = {k: limit for k, limit in limits.items() if limit is not None}
            case "parity", _:
                key, found = rest, {peer.cohort: peer.tolerance for peer in policy.parity}
            case _:
                found = {}
        value = found.get(key, math.nan)
        return math.nan if value in {UNLIMITED, NOT_SET, lifted(rule)} else value

    def _limits(self, places: dict[str, int], key: str, column: str) -> dict[str, float]:
        limits = getattr(self._bounds, column)
        return {key: int(limits[places[key]])} if key in places else {}

    @cached_property
    def _targets(self) -> dict[str, int]:
        problem = self._case.problem
        of_units = zip(problem.units.ids, problem.units.target.tolist(), strict=True)
        stated = {f"unit:{key}:target": target for key, target in of_units if target != NOT_SET}
        return stated | {"target": problem.target}

    @cached_property
    def _hierarchy(self) -> Hierarchy:
        return lay_out(self._case.problem)

    @cached_property
    def _bounds(self) -> Bounds:
        return bounds(self._case.problem, self._case.policy, self._hierarchy)

    @cached_property
    def _reps(self) -> dict[str, int]:
        ids, rows = self._case.problem.reps.ids, self._hierarchy.rep_row.tolist()
        return {ids[row]: place for place, row in enumerate(rows)}

    @cached_property
    def _nodes(self) -> dict[str, int]:
        ids, rows = self._case.problem.units.ids, self._hierarchy.unit_row.tolist()
        return {ids[row]: node for node, row in enumerate(rows) if node}


def refuse_outdated(case: Case) -> None:
    """Raises `InvalidInput` for each relaxation whose `from` is not today's value any more."""
    rules = Stated(case)
    faults = []
    for row, relax in enumerate(case.places.policy.get("relax") or ()):
        rule = relax["rule"]
        today = in_units(rule, _known(rules.today(rule)), case.terms.digits)
        given = relax.get("from")
        if None not in (given, today) and float(given) != today:
            where = pointer((*case.places.at, "relax", row, "from"))
            reason = f"is out of date: the value of {rule} is {today:,} today"
            faults.append(Fault(where, reason, given))
    if faults:
        raise InvalidInput(faults)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
