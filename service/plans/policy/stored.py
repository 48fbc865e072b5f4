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
from solver.policy import Policy
from solver.problem import UNLIMITED

type Row = dict[str, Any]


def stored_policy(policy: Policy) -> Row:
    """The JSON value of a policy of `to_policy`, amounts in integer minor units."""
    plain = {name: getattr(policy, name) for name in Policy.__slots__}
    return plain | {
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


def present_policy(stored: Mapping[str, Any], digits: int) -> Row:
    """A `stored_policy` in the caller's units, as it could be sent again."""
    lists = ("groups", "margin_floors", "rows", "relax")
    rules = {
        name: [_presented(rule, digits) for rule in stored[name]]
        for name in lists
        if name in stored  # versions of the first release have none of them
    }
    return dict(stored) | rules


def _presented(rule: Row, digits: int) -> Row:
    if rule.get("rule", "").startswith(PARITY):
        return rule
    amounts = {
        name: None if rule[name] is None else from_minor(rule[name], digits)
        for name in ("min", "max", "to")
        if name in rule
    }
    return rule | amounts
