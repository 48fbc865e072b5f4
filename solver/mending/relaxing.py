"""Rules that give way before anything is solved: `policy.relax`.

A relaxation names a rule and says what its limit is from now on. Targets are stated before
over-assignment, as the caller states them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from solver.bounds import Bounds, over_assignments
from solver.errors import Fault, InvalidProblem
from solver.hierarchy import Hierarchy
from solver.policy import Policy, Relax
from solver.problem import AMOUNT_LIMIT, NOT_SET, UNLIMITED, Problem, padded

_NAMES: Final = (
    "target, rep:ID:floor|cap|fixed, unit:ID:min|max|target, group:ID:min|max, margin:ID:min, "
    "row:ID:min|max or parity:COHORT"
)

_STATED: Final = {"fixed": "lock", "min": "minimum", "max": "maximum"}


def applied(
    problem: Problem, policy: Policy, hierarchy: Hierarchy, bounds: Bounds
) -> tuple[Bounds, Policy]:
    """The limits and the rules across the tree once the rules of `policy.relax` have given way.

    Infinite limits lift a rule: below 0 the minimum of a row or of a margin, above 0 all others,
    but for minima of amounts, which end at 0, and the company's target, which cannot be lifted.
    Raises `InvalidProblem`, at the table `relax`, for every rule that is not there, for every limit
    that is none, and for every one that lets nothing give way.
    """
    if not policy.relax:
        return bounds, policy
    draft = _Draft(problem, policy, hierarchy, bounds)
    for row, relax in enumerate(policy.relax):
        draft.give_way(row, relax)
    if draft.faults:
        raise InvalidProblem(draft.faults)
    return draft.bounds, replace(draft.policy, relax=())


class _Refused(Exception):
    """A relaxation that cannot be applied: the field that is wrong, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(column, reason)
        self.column, self.reason = column, reason


class _Draft:
    """Limits on their way to give way, and what was wrong with the relaxations asked for."""

    def __init__(
        self, problem: Problem, policy: Policy, hierarchy: Hierarchy, bounds: Bounds
    ) -> None:
        self.policy, self.bounds = policy, bounds
        self.faults: list[Fault] = []
        self._over = over_assignments(problem, policy, hierarchy)
        reps, units = problem.reps.ids, problem.units.ids
        self._reps = {reps[row]: k for k, row in enumerate(hierarchy.rep_row.tolist())}
        nodes = enumerate(hierarchy.unit_row.tolist())
        self._nodes = {units[row]: node for node, row in nodes if node}

    def give_way(self, row: int, relax: Relax) -> None:
        """Apply one relaxation, or note what is wrong with it."""
        try:
            self._apply(relax.rule, relax.to)
        except _Refused as refused:
            self.faults.append(Fault("relax", row, refused.column, refused.reason))

    def _apply(self, name: str, to: float) -> None:
        kind, _, rest = name.partition(":")
        key, _, end = rest.rpartition(":")
        match kind, end:
            case "target", "" if name == "target":
                self._target(0, to)
            case "rep", "floor" | "cap" | "fixed":
                self._rep(key, end, to)
            case "unit", "min" | "max" | "target":
                self._unit(key, end, to)
            case "group", "min" | "max":
                self._group(key, end, to)
            case "margin", "min":
                self._margin(key, to)
            case "row", "min" | "max":
                self._own_row(key, end, to)
            case "parity", _ if rest:
                self._parity(rest, to)
            case _:
                raise _Refused("rule", f"{name!r} names no rule: write {_NAMES}")

    def _target(self, node: int, to: float) -> None:
        if to == math.inf:
            reason = "must be an amount: the company's target cannot be lifted"
            raise _Refused("to", reason)
        if not 0 <= to <= AMOUNT_LIMIT:
            raise _Refused("to", f"must be an amount between 0 and {AMOUNT_LIMIT}")
        amount = padded(to, float(self._over[node]))
        if amount > AMOUNT_LIMIT:
            reason = f"the target with its over-assignment, {amount}, is above {AMOUNT_LIMIT}"
            raise _Refused("to", reason)
        _gives_way(int(self.bounds.unit_min[node]), amount, "target")
        self._set("unit_min", node, amount)
        self._set("unit_max", node, amount)

    def _lift_target(self, node: int) -> None:
        for column, none in (("unit_min", 0), ("unit_max", UNLIMITED), ("unit_target", False)):
            self._set(column, node, none)

    def _rep(self, key: str, end: str, to: float) -> None:
        k = _known(self._reps, key, "rep")
        none = {"floor": 0, "cap": UNLIMITED, "fixed": NOT_SET}[end]
        before = int(getattr(self.bounds, end)[k])
        _is_there(before != none, f"rep {key!r}", end)
        after = _amount(to, none or None)
        _gives_way(before, after, end)
        self._set(end, k, after)

    def _unit(self, key: str, end: str, to: float) -> None:
        node = _known(self._nodes, key, "unit")
        if self.bounds.unit_target[node] != (end == "target"):
            _is_there(False, f"unit {key!r}", end)
        if end == "target":
            if to == math.inf:
                self._lift_target(node)
            else:
                self._target(node, to)
            return
        none = 0 if end == "min" else UNLIMITED
        before = int(getattr(self.bounds, f"unit_{end}")[node])
        _is_there(before != none, f"unit {key!r}", end)
        after = _amount(to, none or None)
        _gives_way(before, after, end)
        self._set(f"unit_{end}", node, after)

    def _group(self, key: str, end: str, to: float) -> None:
        group = _known({group.id: group for group in self.policy.groups}, key, "group")
        none = 0 if end == "min" else UNLIMITED
        _is_there(getattr(group, end) != none, f"group {key!r}", end)
        limit = _amount(to, none or None)
        _gives_way(getattr(group, end), limit, end)
        after = replace(group, min=limit) if end == "min" else replace(group, max=limit)
        says_nothing = after.min == 0 and after.max == UNLIMITED
        self._put("groups", group, None if says_nothing else after)

    def _margin(self, key: str, to: float) -> None:
        floor = _known(
            {floor.id: floor for floor in self.policy.margin_floors}, key, "margin floor"
        )
        if to == -math.inf:
            self._put("margin_floors", floor, None)
            return
        limit = _amount(to)
        _gives_way(floor.min, limit, "min")
        self._put("margin_floors", floor, replace(floor, min=limit))

    def _own_row(self, key: str, end: str, to: float) -> None:
        row = _known({row.id: row for row in self.policy.rows}, key, "row")
        _is_there(getattr(row, end) is not None, f"row {key!r}", end)
        lifted = to == (-math.inf if end == "min" else math.inf)
        limit = None if lifted else _amount(to, least=-AMOUNT_LIMIT)
        if limit is not None:
            _gives_way(getattr(row, end), limit, end)
        after = replace(row, min=limit) if end == "min" else replace(row, max=limit)
        says_nothing = after.min is None and after.max is None
        self._put("rows", row, None if says_nothing else after)

    def _parity(self, cohort: str, to: float) -> None:
        rules = {rule.cohort: rule for rule in self.policy.parity}
        rule = _known(rules, cohort, "parity", "cohort")
        if not to >= 0:
            raise _Refused("to", "must be a share, 0 or more")
        _gives_way(rule.tolerance, to, "tolerance")
        self._put("parity", rule, None if math.isinf(to) else replace(rule, tolerance=float(to)))

    def _set(self, column: str, place: int, limit: int) -> None:
        values = getattr(self.bounds, column).copy()
        values[place] = limit
        self.bounds = replace(self.bounds, **{column: values})

    def _put(self, table: str, before: object, after: object | None) -> None:
        """Replace a rule across the tree, or leave it out."""
        rules = (after if rule is before else rule for rule in getattr(self.policy, table))
        kept: dict[str, Any] = {table: tuple(rule for rule in rules if rule is not None)}
        self.policy = replace(self.policy, **kept)


def _known[Value](places: Mapping[str, Value], key: str, noun: str, what: str = "id") -> Value:
    if key not in places:
        raise _Refused("rule", f"{key!r} is the {what} of no {noun}")
    return places[key]


def _is_there(there: bool, owner: str, end: str) -> None:  # noqa: FBT001
    if not there:
        raise _Refused("rule", f"{owner} has no {end} that could give way")


def _gives_way(before: float, after: float, end: str) -> None:
    """Refuse what makes a rule narrower, or leaves it as it is."""
    if end in ("target", "fixed"):
        narrower, wider = before == after, "another amount than"
    elif end in ("min", "floor"):
        narrower, wider = after >= before, "below"
    else:
        narrower, wider = after <= before, "above"
    if narrower:
        reason = f"must be {wider} the {_STATED.get(end, end)} as it is, for the rule to give way"
        raise _Refused("to", reason)


def _amount(to: float, lifted: int | None = None, least: int = 0) -> int:
    """A limit in whole minor units; `lifted` stands for an infinite one where that is allowed."""
    if lifted is not None and to == math.inf:
        return lifted
    if not (least <= to <= AMOUNT_LIMIT and to == int(to)):
        reason = f"must be a whole number of minor units between {least} and {AMOUNT_LIMIT}"
        raise _Refused("to", reason)
    return int(to)
