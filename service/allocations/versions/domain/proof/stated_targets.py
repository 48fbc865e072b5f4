"""Targets, gaps and rules that gave way, compared with the limits that stand in a proof's rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from service.allocations.versions.domain.written.manifest import Manifest, RelaxPart
from service.allocations.versions.domain.written.rows import QuotaRow, UnitRow
from service.kit.money import InvalidMoney, minor_digits
from solver.allocation import Allocation
from solver.bounds import bounds
from solver.mending.gap import lowered
from solver.mending.relaxing import applied
from solver.policy import Relax
from solver.problem import NOT_SET, UNLIMITED, IntArray


def other_digits(manifest: Manifest) -> Iterator[str]:
    """A sentence where amounts are not counted in the minor units of the currency."""
    try:
        digits = minor_digits(manifest["currency"])
    except InvalidMoney as reason:
        yield f"currency says {manifest['currency']}, which {reason}"
        return
    if manifest.get("is_further") and manifest.get("counted_in") is not None:
        if manifest["digits"]:
            yield f"digits says {manifest['digits']}, and {manifest['counted_in']} are whole"
    elif digits != manifest["digits"]:
        yield f"digits says {manifest['digits']}, and {manifest['currency']} has {digits}"


def other_ranges(manifest: Manifest, plan: Allocation) -> Iterator[str]:
    """A sentence for each node whose range is not what its target comes to, with over-assignment
    and less what nobody can carry, or not what the document says that it gave way to.

    Raises `InvalidProblem` for targets above every possible amount, and for those of no unit.
    """
    h, problem = plan.hierarchy, plan.problem
    to = {rule: told["to"] for rule, told in _given_way(manifest).items()}
    targets = tuple(
        Relax(rule, np.inf if limit is None else limit)
        for rule, limit in to.items()
        if rule == "target" or rule.endswith(":target")
    )
    asked = replace(plan.policy, relax=targets)
    limits, _ = applied(problem, asked, h, bounds(problem, asked, h))
    ends = limits.unit_min.copy(), limits.unit_max.copy()
    told = [limits.unit_target.copy(), limits.unit_target.copy()]
    for node, unit in enumerate(problem.units.ids, start=1):
        if (
            f"unit:{unit}:target" in to
        ):  # also where it is lifted altogether, and is a target no more
            told[0][node] = told[1][node] = True
        for place, (end, none) in enumerate((("min", 0), ("max", UNLIMITED))):
            if (rule := f"unit:{unit}:{end}") in to:
                ends[place][node] = none if (limit := to[rule]) is None else limit
                told[place][node] = True
    limits = replace(limits, unit_min=ends[0], unit_max=ends[1])
    if plan.gap is not None:
        limits = lowered(h, limits, plan.gap)
    for end, known in zip(("min", "max"), told, strict=True):
        stated: IntArray = getattr(plan.bounds, f"unit_{end}")
        follows: IntArray = getattr(limits, f"unit_{end}")
        for node in np.flatnonzero(known & (stated != follows)).tolist():
            name = f"units.{problem.units.ids[node - 1]}.{end}" if node else "assigned"
            says, due = _in_words(stated[node]), _in_words(follows[node])
            yield f"{name} says {says}, and {due} follows from what is asked"


def _in_words(limit: int) -> str:
    return "no limit" if limit >= UNLIMITED else f"{limit:,}"


def other_limits(manifest: Manifest, plan: Allocation) -> Iterator[str]:
    """A sentence for each limit of a rep that is not what the document says it gave way to."""
    to = {rule: told["to"] for rule, told in _given_way(manifest).items()}
    if not any(rule.startswith("rep:") for rule in to):
        return
    columns = zip(
        plan.problem.reps.ids,
        plan.bounds.lowest.tolist(),
        plan.bounds.highest.tolist(),
        strict=True,
    )
    for rep, floor, cap in columns:
        for end, stated in (("floor", floor), ("cap", cap), ("fixed", floor)):
            rule = f"rep:{rep}:{end}"
            if rule not in to or (to[rule] is None and end != "cap"):
                continue  # a lock that is lifted leaves the other limits
            follows = UNLIMITED if to[rule] is None else to[rule]
            locked = floor == cap != stated
            if stated != follows and not locked:
                yield f"relaxed.{rule}.to says {follows:,}, and the limit of the row is {stated:,}"


def misplaced_gaps(manifest: Manifest, plan: Allocation) -> Iterator[str]:
    """A sentence where gaps are booked that the policy does not allow, or at a node whose people
    can carry more. Where rules cross the tree, these may be what keeps people from it.
    """
    if plan.gap is None:
        return
    if manifest["policy"].get("on_infeasible") != "gap":
        yield "gaps are booked, and on_infeasible of the policy is not gap"
    if plan.coupling is not None:
        return
    most = _most(plan)
    carried = plan.bounds.unit_min.tolist()
    for node in np.flatnonzero(plan.gap).tolist():
        if most[node] > carried[node]:
            unit = plan.problem.units.ids[node - 1] if node else None
            yield f"gaps.{unit} is booked where people can carry {most[node]:,}"


def misplaced_levels(manifest: Manifest, rows: Sequence[UnitRow | QuotaRow]) -> Iterator[str]:
    """A sentence where rows have levels, and the manifest states none."""
    if not manifest.get("levels") and any("levels" in row for row in rows):
        yield "levels stand in rows, and none is stated for the company"


def _most(plan: Allocation) -> list[int]:
    """What the people of each node can carry together, its own range left out."""
    h = plan.hierarchy
    most = [0] * h.nodes
    pairs = zip(h.rep_node.tolist(), plan.bounds.highest.tolist(), strict=True)
    for node, amount in pairs:
        most[node] += amount
    tops, parent = plan.bounds.unit_max.tolist(), h.parent.tolist()
    for node in range(h.nodes - 1, 0, -1):
        most[parent[node]] += min(most[node], tops[node])
    return most


def other_ways(manifest: Manifest, plan: Allocation) -> Iterator[str]:
    """A sentence for each rule that gave way otherwise than the policy has it, or that had another
    value before. What limits of reps and ranges of units were before, the inputs alone tell.
    """
    policy = manifest["policy"]
    asked = {rule["rule"]: rule["to"] for rule in policy.get("relax", [])}
    told = _given_way(manifest)
    before = _before(manifest, plan)
    mends = policy.get("on_infeasible") == "relax"
    for rule in dict.fromkeys((*asked, *told)):
        if rule not in told:
            yield f"relaxed does not say that {rule} gave way, which the policy names"
        elif not mends and (rule not in asked or asked[rule] != told[rule]["to"]):
            yield f"relaxed.{rule}.to is not what relax of the policy says"
        elif rule in before and told[rule].get("from", before[rule]) != before[rule]:
            stated, follows = told[rule].get("from"), before[rule]
            yield f"relaxed.{rule}.from says {stated}, and {follows} follows from what is asked"


def _given_way(manifest: Manifest) -> dict[str, RelaxPart]:
    """By rule; the policy's own where the document has no list of them."""
    asked = manifest["policy"].get("relax", [])
    return {rule["rule"]: rule for rule in manifest.get("relaxed", asked)}


def _before(manifest: Manifest, plan: Allocation) -> dict[str, float | None]:
    """What the rules of the policy and the targets say, by the names of their sides."""
    policy: Any = manifest["policy"]
    before: dict[str, float | None] = {"target": manifest["target"]}
    targets = zip(plan.problem.units.ids, plan.problem.units.target.tolist(), strict=True)
    before |= {f"unit:{unit}:target": target for unit, target in targets if target != NOT_SET}
    made: Any = manifest.get("part_rules", [])
    for kind, rules in (
        ("group", policy.get("groups", [])),
        ("margin", policy.get("margin_floors", [])),
        ("row", [*policy.get("rows", []), *made]),
    ):
        for rule in rules:
            before |= {f"{kind}:{rule['id']}:{end}": rule.get(end) for end in ("min", "max")}
    return before | {
        f"parity:{rule['cohort']}": rule["tolerance"] for rule in policy.get("parity", [])
    }
