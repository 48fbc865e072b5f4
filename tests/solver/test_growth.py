"""Where limits that are reached show that nobody can carry more, nobody can."""

from __future__ import annotations

from hypothesis import given

from solver.conflict import feasible_target
from solver.errors import InfeasibleProblem
from solver.growth import nobody_can_carry_more
from solver.policy import Group, Policy
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
