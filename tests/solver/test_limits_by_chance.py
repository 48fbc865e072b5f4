"""`min_probability` and `max_probability`: the chances that quotas may leave to a rep."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.conflict.tree import Intervals, torn_reps
from solver.errors import InfeasibleProblem, InvalidProblem
from solver.hierarchy import lay_out
from solver.policy import Policy
from solver.probability import attainment_probability
from solver.problem import UNLIMITED
from solver.solve import solve
from tests.solver.builders import GROWTH, TREE_POLICIES, a_problem, limits_of, problems


def chance_of(quota: float, baseline: float, sigma: float) -> float:
    columns = (np.array([float(value)]) for value in (quota, baseline, sigma))
    return float(attainment_probability(*columns)[0])


SURE = {"ann": {"sigma": 0.1}, "bob": {"sigma": 0.6}}


def test_the_least_chance_is_a_cap_and_the_largest_one_a_floor() -> None:
    """At 60 %: 99.50 x exp(-.1 x .2533) = 97.01, and 83.53 x exp(-.6 x .2533) = 71.75."""
    limits = limits_of(a_problem(0, SURE), Policy(min_probability=0.6))
    assert limits.cap.tolist() == [9_701, 7_174]
    assert limits.floor.tolist() == [0, 0]

    limits = limits_of(a_problem(0, SURE), Policy(max_probability=0.6))
    assert limits.floor.tolist() == [9_702, 7_175]
    assert limits.cap.tolist() == [UNLIMITED, UNLIMITED]


@given(problems(), st.sampled_from(TREE_POLICIES), st.floats(0.02, 0.5), st.floats(0.5, 0.98))
def test_chances_stay_within_their_limits_to_the_last_minor_unit(
    problem: Any, policy: Policy, least: float, most: float
) -> None:
    limited = replace(policy, min_probability=least, max_probability=most)
    limits = limits_of(problem, limited)
    assume(not torn_reps(limits).any())
    room = Intervals.of(lay_out(problem), limits)
    assume(not room.torn[1:].any())
    target = int(np.clip(problem.target, room.low[0], room.high[0]))
    plan = solve(replace(problem, target=target), limited)

    assert plan.checks.valid
    chance, expects = plan.attainment_probability, problem.reps.baseline > 0
    own = problem.reps.fixed < 0
    assert np.all(chance[own & (plan.quota > 0)] >= least - 1e-12)
    assert np.all(chance[own & expects] <= most + 1e-12)


def test_whoever_stands_at_the_least_chance_is_held_by_a_cap_and_others_carry_the_rest() -> None:
    plan = solve(a_problem(21_500, SURE), replace(GROWTH, min_probability=0.3))

    assert plan.quota.tolist() == [10_485, 11_015]
    assert plan.binding == [("cap",), ()]
    assert plan.attainment_probability[0] == pytest.approx(0.3, abs=1e-3)
    assert plan.attainment_probability.min() >= 0.3


def test_whoever_stands_at_the_largest_chance_is_held_by_a_floor() -> None:
    plan = solve(a_problem(16_500, SURE), replace(GROWTH, max_probability=0.9))

    assert plan.binding == [("floor",), ()]
    assert plan.attainment_probability[0] == pytest.approx(0.9, abs=1e-3)
    assert plan.attainment_probability.max() <= 0.9


def test_a_chance_that_nobody_can_keep_is_a_conflict_of_the_caps_it_makes() -> None:
    with pytest.raises(InfeasibleProblem) as refused:
        solve(a_problem(20_000, SURE), replace(GROWTH, min_probability=0.6))

    names = {rule.name: rule.value for rule in refused.value.infeasibility.conflict}
    assert names == {"target": 20_000, "rep:ann:cap": 9_701, "rep:bob:cap": 7_174}


def test_a_least_chance_above_the_largest_one_is_a_conflict_of_floor_and_cap() -> None:
    policy = replace(GROWTH, min_probability=0.7, max_probability=0.5)

    with pytest.raises(InfeasibleProblem) as refused:
        solve(a_problem(16_000, {"ann": {"sigma": 0.1}}), policy)

    assert {rule.name for rule in refused.value.infeasibility.conflict} == {
        "rep:ann:floor", "rep:ann:cap",
    }  # fmt: skip


def test_limits_of_chances_name_everybody_whose_sigma_is_missing() -> None:
    problem = a_problem(30_000, {"ann": {}, "bob": {"sigma": 0.3}, "cyn": {}})

    with pytest.raises(InvalidProblem) as refused:
        solve(problem, Policy(min_probability=0.2, max_probability=0.9))

    assert [(fault.table, fault.row, fault.field) for fault in refused.value.faults] == [
        ("reps", 0, "sigma"), ("reps", 2, "sigma"),
    ]  # fmt: skip
    assert "min_probability and max_probability need the sigma" in str(refused.value)


@pytest.mark.parametrize("name", ["min_probability", "max_probability"])
@pytest.mark.parametrize("chance", [0, 1, -0.1, 1.1, np.nan])
def test_a_chance_to_be_kept_lies_above_nought_and_below_one(name: str, chance: float) -> None:
    with pytest.raises(InvalidProblem, match="above 0 and below 1"):
        Policy(**{name: chance})  # type: ignore[arg-type]


def test_who_expects_nothing_carries_nothing_under_a_least_chance_and_has_no_largest_one() -> None:
    reps = {"new": {"baseline": 0.0, "sigma": 0.3}, "bob": {"sigma": 0.3}}
    limits = limits_of(a_problem(0, reps), Policy(min_probability=0.2, max_probability=0.9))

    new = 1
    assert (limits.floor[new], limits.cap[new]) == (0, 0)
    assert 0 < limits.floor[0] < limits.cap[0]


@pytest.mark.parametrize("sigma", [1e-9, 5.0])
def test_limits_of_chances_hold_for_the_surest_and_the_least_sure(sigma: float) -> None:
    policy = Policy(min_probability=0.3, max_probability=0.7)
    limits = limits_of(a_problem(0, {"ann": {"baseline": 1e9, "sigma": sigma}}), policy)

    low, high = limits.floor[0], limits.cap[0]
    assert low <= high
    assert chance_of(low, 1e9, sigma) <= 0.7 < chance_of(low - 1, 1e9, sigma)
    assert chance_of(high, 1e9, sigma) >= 0.3 > chance_of(high + 1, 1e9, sigma)
