"""Problems whose rules leave next to no room, each of which was refused once though a plan exists.

They came from a random search, and a plan that keeps every rule was known of each. What refused
them: a largest stretch that was a hair too small, or nonsense made of prices that cancel; a basis
of HiGHS that no longer fitted; a rep without a yardstick who may not carry the anchor. Only the
corner of 38 groups has much room, but none around its plan before rounding.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from solver.policy import Group, LinearRow, MarginFloor, Policy
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import a_problem

CASES: dict[str, Any] = json.loads(Path(__file__).with_name("narrow_plans.json").read_text())
RULES = {"groups": Group, "margin_floors": MarginFloor, "rows": LinearRow}


def read(case: dict[str, Any]) -> tuple[Problem, Policy]:
    unknown = {"potential": float("nan")}
    reps = {key: unknown | row for key, row in case["reps"].items()}
    problem = a_problem(case["target"], reps, case.get("units"), case.get("increment", 1))
    policy = dict(case["policy"])
    for kind, rule in RULES.items():
        policy[kind] = tuple(rule(**_tuples(row)) for row in policy.get(kind, ()))
    return problem, Policy(**policy)


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    listed = {key: value for key, value in row.items() if isinstance(value, list)}
    return row | {
        key: tuple(tuple(entry) if isinstance(entry, list) else entry for entry in value)
        for key, value in listed.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_a_plan_without_room_to_spare_is_found_and_proven(name: str) -> None:
    assert solve(*read(CASES[name])).checks.valid
