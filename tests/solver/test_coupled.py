"""Both stages together: first the smallest largest stretch, then the least squares at it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from solver.allocation import Allocation
from solver.policy import Group, LinearRow, Policy
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import GROWTH, a_problem, coupled_problems


def by_rep(plan: Allocation) -> dict[str, float]:
    return dict(zip(plan.problem.reps.ids, plan.unrounded.tolist(), strict=True))


def test_an_overlay_team_is_held_and_everybody_else_stands_together() -> None:
    """200 more over four: two may carry 60 more together, so the other two carry 70 each."""
    problem = a_problem(600, {key: {"baseline": 100.0, "reach": 50.0} for key in "abcd"})

    plan = solve(problem, Policy(groups=(Group("overlay", ("a", "b"), max=260),)))

    assert by_rep(plan) == pytest.approx({"a": 130, "b": 130, "c": 170, "d": 170})
    assert plan.engine == "lp"
    assert plan.common_stretch == pytest.approx(1.4)
    assert plan.binding == [("group:overlay:max",), ("group:overlay:max",), (), ()]


def test_nobody_stretches_further_than_anybody_must() -> None:
    """28 of margin is wanted and 100 each bring 26: least squares alone would take ann to 112 and
    dan to 92. But ann, bob and cyd at 105 and dan at 85 bring it too, and nobody passes 105.
    """
    problem = a_problem(400, {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"})
    margins = (("a", 0.1), ("b", 0.1), ("c", 0.06), ("d", 0.0))

    plan = solve(problem, Policy(rows=(LinearRow("margin", margins, min=27),)))

    most = max(by_rep(plan).values())
    assert most < 106
    assert by_rep(plan)["a"] == pytest.approx(by_rep(plan)["b"])


def test_a_rep_without_headroom_keeps_the_expected_sales_until_the_rules_need_more() -> None:
    reps = {
        key: {"baseline": 100.0, "reach": reach}
        for key, reach in zip("abc", (0.0, 50.0, 50.0), strict=True)
    }
    easy = Policy(groups=(Group("overlay", ("a", "b"), max=220),))
    hard = Policy(groups=(Group("overlay", ("b", "c"), max=230),))

    assert by_rep(solve(a_problem(360, reps), easy)) == pytest.approx(
        {"a": 100, "b": 120, "c": 140}
    )
    assert by_rep(solve(a_problem(360, reps), hard)) == pytest.approx(
        {"a": 130, "b": 115, "c": 115}
    )


def test_nobody_without_headroom_keeps_more_than_there_is_to_assign() -> None:
    reps = {"a": {"baseline": 0.0, "reach": 1.0}, "b": {"baseline": 100.0, "reach": 0.0}}

    plan = solve(a_problem(0, reps), Policy(groups=(Group("overlay", ("a",), max=5),)))

    assert by_rep(plan) == {"a": 0.0, "b": 0.0}


def test_people_of_whom_no_sales_are_expected_are_no_obstacle_to_a_proof_of_huge_amounts() -> None:
    """They grow by thousands of times the baseline that counts for them. So large levels and prices
    cancel each other, and leave a billion no digit for every cent.
    """
    reps = {key: {"baseline": 7e12 if key == "b" else 0.0} for key in "abcd"}
    groups = (Group("ab", ("a", "b"), max=25 * 10**12), Group("bc", ("b", "c"), max=23 * 10**12))

    plan = solve(a_problem(4 * 10**13 + 3, reps), replace(GROWTH, groups=groups))

    assert plan.checks.valid


@given(coupled_problems(yardstick_zero=False))
def test_a_plan_that_keeps_the_rows_anyway_is_the_plan_of_the_tree(
    given: tuple[Problem, Policy],
) -> None:
    problem, policy = given
    tree = solve(problem, Policy(fairness=policy.fairness))
    everybody = Group("all", problem.reps.ids, min=0, max=problem.target)

    plan = solve(problem, Policy(fairness=policy.fairness, groups=(everybody,)))

    assert plan.unrounded == pytest.approx(tree.unrounded, abs=1e-9 * max(problem.target, 1))
    assert plan.quota.tolist() == tree.quota.tolist()


@given(coupled_problems())
def test_every_rule_holds_to_the_last_minor_unit(given: tuple[Problem, Policy]) -> None:
    plan = solve(*given)

    assert plan.quota.sum() == given[0].target
    assert np.all((plan.floor <= plan.quota) & (plan.quota <= plan.cap))
    assert np.all((plan.unit_min <= plan.unit_quota) & (plan.unit_quota <= plan.unit_max))
    assert plan.coupling is not None
    assert not any(plan.coupling.misses(plan.rounded))
    assert plan.checks.valid
