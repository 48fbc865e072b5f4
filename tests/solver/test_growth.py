"""Where limits that are reached show that nobody can carry more, nobody can."""

from __future__ import annotations

from hypothesis import given

from solver.conflict import feasible_target
from solver.errors import InfeasibleProblem
from solver.policy import Group, Policy
from solver.prices.growth import holding, nobody_can_carry_more
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import a_problem, coupled_problems
from tests.solver.tight import tight_cases


@given(coupled_problems())
def test_what_limits_show_is_so(case: tuple[Problem, Policy]) -> None:
    plan = solve(*case)

    if nobody_can_carry_more(plan):
        _, most = feasible_target(plan.hierarchy, plan.bounds, plan.coupling)
        assert most is not None
        assert most <= plan.assigned


@given(tight_cases())
def test_what_gaps_show_is_so(case: tuple[Problem, Policy]) -> None:
    """Another unit in the maximum of a plan with a gap at the company is none that it can use."""
    problem, policy = case
    try:
        plan = solve(problem, Policy(groups=policy.groups, on_infeasible="gap"))
    except InfeasibleProblem:
        return
    assert plan.gap is not None
    if plan.gap[0] > 0:
        assert nobody_can_carry_more(plan)
        _, most = feasible_target(plan.hierarchy, plan.bounds, plan.coupling)
        assert most is not None
        assert most <= plan.assigned


def test_groups_that_overlap_show_it_by_those_that_do_not() -> None:
    reps = ("ann", "bob", "cyd", "dan")
    pairs = {"a": ("ann", "bob"), "b": ("bob", "cyd"), "c": ("cyd", "dan")}
    groups = tuple(Group(key, pair, max=100) for key, pair in pairs.items())

    assert nobody_can_carry_more(solve(a_problem(200, reps), Policy(groups=groups)))
    assert not nobody_can_carry_more(solve(a_problem(199, reps), Policy(groups=groups)))


def test_what_holds_people_is_told_with_how_many_it_holds() -> None:
    """Of 100, west carries 50 at most and cyd 30; ann and cyd, who carry 70, are full as well."""
    reps = {
        "ann": {"unit": "west"},
        "bob": {"unit": "west", "max": 10},
        "cyd": {"unit": "east", "max": 30},
    }
    groups = (Group("pair", ("ann", "cyd"), max=70),)
    problem = a_problem(100, reps, {"west": {"max": 50}, "east": {}})

    plan = solve(problem, Policy(groups=groups, on_infeasible="gap"))

    assert plan.gap is not None
    assert plan.gap[0] == 20
    assert holding(plan, 0) == [("cap", 2), ("group:pair:max", 2), ("unit:west:max", 2)]
    east = plan.hierarchy.unit_row.tolist().index(1, 1)
    assert holding(plan, east) == [("cap", 1), ("group:pair:max", 1)]


def test_a_unit_that_misses_its_own_minimum_holds_nobody() -> None:
    units = {"west": {"target": 60, "over_assignment": 0.0}}
    reps = {"ann": {"unit": "west", "max": 20}, "bob": {"unit": "west", "max": 30}, "cyd": {}}

    plan = solve(a_problem(100, reps, units), Policy(on_infeasible="gap"))

    assert plan.gap is not None
    assert plan.gap.tolist() == [0, 10]
    assert holding(plan, 1) == [("cap", 2)]
