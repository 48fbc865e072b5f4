"""Floors and stretch targets: whole increments, exact sums, on their side of the quota."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from solver.hierarchy import exact_sums, lay_out
from solver.levels import level_of, level_of_one
from solver.policy import Policy
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import a_problem, problems


def levels(quotas: Mapping[str, int], factor: float, *, increment: int = 1) -> dict[str, int]:
    """Those of reps in teams of their own, `west/ann` below west."""
    units: dict[str, Any] = {key.split("/")[0]: {} for key in quotas if "/" in key}
    reps = {key: {"unit": key.split("/")[0] if "/" in key else None} for key in quotas}
    hierarchy = lay_out(a_problem(1, reps, units))
    rows = hierarchy.rep_row.tolist()
    quota = np.array(list(quotas.values()))[rows]
    found = level_of(hierarchy, quota, increment, factor).tolist()
    ids = list(quotas)
    return {ids[row]: amount for row, amount in zip(rows, found, strict=True)}


def test_a_floor_of_80_percent_is_80_percent_of_everything() -> None:
    assert levels({"a": 100, "b": 250}, 0.8) == {"a": 80, "b": 200}


def test_whole_customers_add_up_for_the_company_and_every_team() -> None:
    quotas = {"east/a": 3, "east/b": 3, "east/c": 4, "west/d": 5, "west/e": 5}

    floor = levels(quotas, 0.8)

    assert sum(floor.values()) == 16
    assert sum(amount for key, amount in floor.items() if key.startswith("east")) == 8


def test_people_alike_differ_by_one_increment_at_most() -> None:
    stretch = levels(dict.fromkeys("abcdefg", 3), 1.2)

    assert sorted(stretch.values()) == [3, 3, 3, 4, 4, 4, 4]


def test_the_company_is_rounded_to_the_increment_of_its_quotas() -> None:
    assert levels({"a": 1_000, "b": 250}, 0.9, increment=50) == {"a": 900, "b": 200}
    assert sum(levels({"a": 1_000, "b": 255}, 0.9, increment=50).values()) == 1_130


def test_nobody_has_a_floor_above_the_quota_or_a_stretch_target_below() -> None:
    quotas = {"a": 15, "b": 15, "c": 970}

    assert all(levels(quotas, 0.99, increment=10)[rep] <= quotas[rep] for rep in quotas)
    assert all(levels(quotas, 1.01, increment=10)[rep] >= quotas[rep] for rep in quotas)


def test_a_factor_is_the_decimal_that_it_prints_as() -> None:
    assert levels({"a": 10**15}, 0.1) == {"a": 10**14}
    assert levels({"a": 3}, 1.0) == {"a": 3}
    assert levels({"a": 0, "b": 0}, 0.5) == {"a": 0, "b": 0}


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.95, 1.0, 1.1, 1.2, 3.3])
@given(problem=problems())
def test_levels_add_up_and_lie_within_an_increment(factor: float, problem: Problem) -> None:
    plan = solve(problem, Policy())
    h, quota, increment = plan.hierarchy, plan.rounded, problem.increment

    level = level_of(h, quota, increment, factor)

    exact = Fraction(repr(factor))
    step = increment if plan.assigned % increment == 0 else 1
    total = exact * plan.assigned
    assert abs(int(level.sum()) - total) * 2 <= step
    share = Fraction(int(level.sum()), plan.assigned) if plan.assigned else Fraction(1)
    sums, own = (exact_sums(column, h.first, h.last).tolist() for column in (quota, level))
    assert all(abs(whole * share - o) < step for whole, o in zip(sums, own, strict=True))
    pairs = zip(quota.tolist(), level.tolist(), strict=True)
    assert all(abs(whole * share - o) < increment for whole, o in pairs)
    assert np.all(level <= quota) if factor <= 1 else np.all(level >= quota)


def test_a_level_of_one_rep_goes_to_the_increment_where_the_quota_does() -> None:
    assert level_of_one(11_000, 0.8, 1_000) == 9_000  # 8.8 increments
    assert level_of_one(11_001, 0.8, 1_000) == 8_801
    assert level_of_one(500, 0.5, 100) == 200  # halves to even
