"""The invariants of plans with rules across the tree, by their numbers in the design.

What the tree promises beyond these (5, 7 to 11, 14, 15) does not hold with such rules, and cannot:
a group at its maximum hands what it does not take to the others, so a higher target of one may
lower the quota of another, and whoever joins a group at its minimum raises nobody inside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.errors import InfeasibleProblem
from solver.infeasibility import Infeasibility
from solver.policy import Group, Policy
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import a_problem, coupled_problems, rows

type Case = tuple[Problem, Policy]


def noise(problem: Problem) -> float:
    """What the search for a plan may be off by, in minor units."""
    return 1e-7 * max(problem.target, 1)


def by_rep(plan: Allocation) -> dict[str, tuple[int, float]]:
    columns = plan.problem.reps.ids, plan.quota.tolist(), plan.unrounded.tolist()
    return {key: (quota, exact) for key, quota, exact in zip(*columns, strict=True)}


def solved(problem: Problem, policy: Policy) -> Allocation | Infeasibility:
    try:
        return solve(problem, policy)
    except InfeasibleProblem as error:
        return error.infeasibility


@given(coupled_problems())
def test_1_sums_are_exact_in_minor_units_at_every_unit_and_every_rule(case: Case) -> None:
    plan = solve(*case)

    assert plan.quota.sum() == case[0].target
    assert np.all((plan.unit_min <= plan.unit_quota) & (plan.unit_quota <= plan.unit_max))
    assert plan.coupling is not None
    assert not any(plan.coupling.misses(plan.rounded))


@given(coupled_problems())
def test_2_limits_hold_and_rounding_moves_nobody_by_more_than_two_increments(case: Case) -> None:
    """One increment, and one more where nothing nearer keeps every rule."""
    problem, policy = case
    plan = solve(problem, policy)

    assert np.all((plan.floor <= plan.quota) & (plan.quota <= plan.cap))
    assert np.all(np.abs(plan.quota - plan.unrounded) <= 2 * problem.increment + noise(problem))


@given(coupled_problems(), st.data())
def test_2_or_a_conflict_is_named(case: Case, data: st.DataObject) -> None:
    problem, policy = case
    target = data.draw(st.integers(0, 2 * problem.target + 1_000))

    answer = solved(replace(problem, target=target), policy)

    assert answer.checks.valid if isinstance(answer, Allocation) else answer.conflict


@given(coupled_problems(), st.randoms(use_true_random=False))
def test_3_the_order_of_rows_and_rules_does_not_matter(case: Case, random: Any) -> None:
    problem, policy = case
    reps, units = (list(table.items()) for table in rows(problem))
    random.shuffle(reps)
    random.shuffle(units)
    shuffled = a_problem(problem.target, dict(reps), dict(units), problem.increment)
    place = [problem.reps.ids.index(key) for key, _ in reps]
    cohorts = {
        name: tuple(values[row] for row in place) for name, values in problem.cohorts.items()
    }
    rules: dict[str, Any] = {
        name: tuple(random.sample(getattr(policy, name), len(getattr(policy, name))))
        for name in ("groups", "parity", "margin_floors", "rows")
    }

    plan = solve(problem, policy)
    again = solve(replace(shuffled, cohorts=cohorts), replace(policy, **rules))

    assert by_rep(plan) == by_rep(again)


@given(coupled_problems(max_reps=6, yardstick_zero=False), st.data())
def test_4_equals_get_equals(case: Case, data: st.DataObject) -> None:
    """A twin in the same unit, groups and cohorts; what is not needed any more is left over."""
    problem, policy = case
    reps, units = rows(problem)
    who = data.draw(st.sampled_from(sorted(reps)))
    groups = tuple(
        replace(rule, reps=(*rule.reps, "twin") if who in rule.reps else rule.reps)
        for rule in policy.groups
    )
    own = tuple(
        replace(rule, coefficients=(*rule.coefficients, *_of(rule.coefficients, who)))
        for rule in policy.rows
    )
    reps["twin"] = reps[who]
    cohorts = {
        name: (*values, values[problem.reps.ids.index(who)])
        for name, values in problem.cohorts.items()
    }
    pair = replace(a_problem(problem.target, reps, units, problem.increment), cohorts=cohorts)

    plan = solved(pair, replace(policy, groups=groups, rows=own, on_infeasible="relax"))

    assert isinstance(plan, Allocation)
    quotas = by_rep(plan)
    assert quotas["twin"][1] == quotas[who][1]
    assert abs(quotas["twin"][0] - quotas[who][0]) <= 2 * problem.increment


def _of(coefficients: tuple[tuple[str, float], ...], who: str) -> list[tuple[str, float]]:
    return [("twin", size) for rep, size in coefficients if rep == who]


@given(coupled_problems(yardstick_zero=False), st.integers(0, 10_000))
def test_12_having_solved_another_target_first_changes_nothing(case: Case, other: int) -> None:
    problem, policy = case
    fresh = by_rep(solve(problem, policy))
    solved(replace(problem, target=other), policy)

    assert by_rep(solve(problem, policy)) == fresh


@given(coupled_problems(yardstick_zero=False), st.floats(-1e-6, 1e-6), st.data())
def test_17_a_millionth_more_or_less_of_an_anchor_moves_nobody_far(
    case: Case, share: float, data: st.DataObject
) -> None:
    problem, policy = case
    assume(not policy.parity)  # its limits are whole minor units, and step
    reps, units = rows(problem)
    who = data.draw(st.sampled_from(sorted(reps)))
    reps[who]["baseline"] *= 1 + share
    moved = replace(
        a_problem(problem.target, reps, units, problem.increment), cohorts=problem.cohorts
    )

    before, after = solve(problem, policy), solve(moved, policy)

    size = max(problem.target, problem.reps.baseline.max(), 1)
    assert after.unrounded == pytest.approx(before.unrounded, abs=1e-3 * size)


@given(coupled_problems())
def test_18_the_certificate_of_both_stages_holds(case: Case) -> None:
    assert solve(*case).checks.valid


@given(coupled_problems(yardstick_zero=False))
def test_19_where_no_rule_across_the_tree_holds_anybody_both_engines_give_one_plan(
    case: Case,
) -> None:
    problem, policy = case
    everybody = Group("everybody", problem.reps.ids, min=0, max=problem.target)

    by_tree = solve(problem, Policy(fairness=policy.fairness))
    by_rows = solve(problem, Policy(fairness=policy.fairness, groups=(everybody,)))

    assert by_rows.engine == "lp"
    assert by_rows.unrounded == pytest.approx(by_tree.unrounded, abs=noise(problem))


@given(coupled_problems())
def test_20_the_same_input_and_policy_give_the_same_bytes(case: Case) -> None:
    first, second = solve(*case), solve(*case)

    assert first.quota.tobytes() == second.quota.tobytes()
    assert first.unrounded.tobytes() == second.unrounded.tobytes()
    assert first.levels.level.tobytes() == second.levels.level.tobytes()


@pytest.mark.parametrize("target", [0, 1, 500])
def test_24_nothing_expected_one_rep_and_a_target_of_0_are_defined(target: int) -> None:
    nobody = {"baseline": 0.0, "reach": 0.0, "potential": 0.0}
    cases: list[dict[str, Any]] = [
        {"a": nobody},
        {"a": nobody, "b": nobody},
        {"a": nobody, "b": {}},
        {"a": {}},
    ]
    for reps in cases:
        group = Group("all", tuple(reps), min=0, max=target)

        plan = solve(a_problem(target, reps), Policy(groups=(group,)))

        assert plan.quota.sum() == target
        assert np.all(np.isfinite(plan.unrounded))


@given(coupled_problems())
def test_26_the_terms_of_an_explanation_add_up_to_the_quota(case: Case) -> None:
    plan = solve(*case)

    terms = plan.explanation
    assert np.array_equal(terms.anchor + terms.stretch + terms.rounding, plan.quota)
