"""A policy as versions keep it: one way to write it, so that equal policies have equal hashes.

Defaults are written out, rules and reps sorted (`to_policy` does), amounts are in minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from service.kit.money import from_minor
from service.plans.policy.read import PARITY
from service.plans.policy.spreading import BY_HISTORY, Spreading, stored_spreading
from solver.policy import Policy
from solver.problem import UNLIMITED

type Row = dict[str, Any]


def stored_policy(policy: Policy, spreading: Spreading = BY_HISTORY) -> Row:
    """The JSON value of a policy of `to_policy`, amounts in integer minor units."""
    plain = {name: getattr(policy, name) for name in Policy.__slots__}
    return (
        plain
        | stored_spreading(spreading)
        | {
            "groups": [
                {
                    "id": group.id,
                    "reps": list(group.reps),
                    "min": group.min,
                    "max": None if group.max >= UNLIMITED else group.max,
                }
                for group in policy.groups
            ],
            "parity": [asdict(rule) for rule in policy.parity],
            "margin_floors": [asdict(floor) for floor in policy.margin_floors],
            "rows": [asdict(row) | {"coefficients": dict(row.coefficients)} for row in policy.rows],
            "relax": [
                {"rule": relax.rule, "to": relax.to if isfinite(relax.to) else None}
                for relax in policy.relax
            ],
        }
    )


def present_policy(stored: Mapping[str, Any], digits: int) -> Row:
    """A `stored_policy` in the caller's units, as it could be sent again."""
    lists = ("groups", "margin_floors", "rows", "relax")
    rules = {
        name: [present_rule(rule, digits) for rule in stored[name]]
        for name in lists
        if name in stored  # versions of the first release have none of them
    }
    if reserves := stored.get("reserves"):
        rules["reserves"] = [
            own | {"amount": from_minor(own["amount"], digits)} for own in reserves
        ]
    return dict(stored) | rules


def present_rule(rule: Mapping[str, Any], digits: int) -> Row:
    """A stored rule, or one that gave way, in the caller's units."""
    ends = ("min", "max", "from", "to")
    name = rule.get("rule", "")
    return dict(rule) | {end: in_units(name, rule[end], digits) for end in ends if end in rule}


def in_units(rule: str, value: float | None, digits: int) -> float | None:
    """The value of a rule in the caller's units; None is no limit.

    A target that gave way may have decimals of a minor unit (`solver.mending.asked`).
    """
    if value is None or rule.startswith(PARITY):
        return value
    return from_minor(int(value), digits) if value == int(value) else value / 10**digits
