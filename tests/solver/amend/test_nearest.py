"""The plan that is nearest to quotas that break its limits: checked against a linear programme."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.allocation import Allocation
from solver.amend.nearest import nearest
from solver.errors import InfeasibleProblem
from solver.hierarchy import exact_sums
from solver.policy import Group, Policy
from solver.problem import UNLIMITED, IntArray, Problem
from solver.solve import solve
from tests.solver.builders import a_problem, problems


def in_layout(plan: Allocation, quotas: dict[str, int]) -> IntArray:
    ids = plan.problem.reps.ids
    return np.array([quotas[ids[row]] for row in plan.hierarchy.rep_row.tolist()])


def told(plan: Allocation, quota: IntArray) -> dict[str, int]:
    ids = plan.problem.reps.ids
    rows = plan.hierarchy.rep_row.tolist()
    return dict(sorted(zip((ids[row] for row in rows), quota.tolist(), strict=True)))


def two_teams(**limits: int) -> Allocation:
    """ann and bob in the west, cyd in the east; 300.00 to carry."""
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "west"}, "cyd": {"unit": "east"}}
    return solve(a_problem(30_000, reps, {"west": limits, "east": {}}), Policy())


def test_what_keeps_all_limits_stays_as_it_is() -> None:
    plan = two_teams(max=25_000)
    standing = in_layout(plan, {"ann": 5_000, "bob": 16_001, "cyd": 8_999})

    assert np.array_equal(nearest(plan, standing), standing)


def test_what_is_missing_is_spread_by_equal_parts_of_what_stands() -> None:
    """27,000 stand where 30,000 are to: everybody carries a ninth more."""
    plan = two_teams()
    standing = in_layout(plan, {"ann": 4_500, "bob": 9_000, "cyd": 13_500})

    assert told(plan, nearest(plan, standing)) == {"ann": 5_000, "bob": 10_000, "cyd": 15_000}


def test_a_unit_beyond_its_limit_gives_to_others_only_what_is_too_much() -> None:
    """The west may carry 20,000 and stands at 22,000: its two give a part of theirs to cyd."""
    plan = two_teams(max=20_000)
    standing = in_layout(plan, {"ann": 5_500, "bob": 16_500, "cyd": 8_000})

    assert told(plan, nearest(plan, standing)) == {"ann": 5_000, "bob": 15_000, "cyd": 10_000}


def test_multiples_of_the_increment_stay_such() -> None:
    reps = ("ann", "bob", "cyd")
    plan = solve(a_problem(30_000, reps, increment=1_000), Policy())

    odd = nearest(plan, in_layout(plan, {"ann": 9_500, "bob": 9_500, "cyd": 9_500}))
    even = nearest(plan, in_layout(plan, {"ann": 9_000, "bob": 9_000, "cyd": 9_000}))

    assert odd.tolist() == [10_000] * 3
    assert even.tolist() == [10_000] * 3
    some = nearest(plan, in_layout(plan, {"ann": 9_000, "bob": 9_000, "cyd": 10_000}))
    assert set((some % 1_000).tolist()) == {0}


def test_locks_and_envelopes_are_kept() -> None:
    plan = two_teams()
    standing = in_layout(plan, {"ann": 4_000, "bob": 8_000, "cyd": 15_000})
    place = plan.problem.reps.ids.index("ann")
    at = plan.hierarchy.rep_row.tolist().index(place)
    west = plan.hierarchy.unit_row.tolist().index(plan.problem.units.ids.index("west"), 1)

    found = told(plan, nearest(plan, standing, locked={at: 4_000}, frozen={west: 13_000}))

    assert found == {"ann": 4_000, "bob": 9_000, "cyd": 17_000}


def test_contradicting_locks_are_refused() -> None:
    plan = two_teams(max=10_000)
    standing = in_layout(plan, {"ann": 4_000, "bob": 8_000, "cyd": 15_000})

    with pytest.raises(InfeasibleProblem):
        nearest(plan, standing, frozen={0: 30_000}, locked=dict.fromkeys(range(3), 1))


def test_rules_across_the_tree_are_kept() -> None:
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "west"}, "cyd": {"unit": "east"}}
    duo = Policy(groups=(Group("duo", ("ann", "cyd"), 0, 15_000),))
    plan = solve(a_problem(30_000, reps, {"west": {}, "east": {}}), duo)
    standing = in_layout(plan, {"ann": 10_000, "bob": 10_000, "cyd": 10_000})

    assert told(plan, nearest(plan, standing)) == {"ann": 7_500, "bob": 15_000, "cyd": 7_500}


@settings(max_examples=150, deadline=None)
@given(problems(), st.data())
def test_nothing_inside_the_limits_changes_less(problem: Problem, data: st.DataObject) -> None:
    plan = solve(problem, Policy())
    h, b = plan.hierarchy, plan.bounds
    standing = np.array(
        [
            max(0, quota + data.draw(st.integers(-5_000, 5_000), label="moved"))
            for quota in plan.rounded.tolist()
        ]
    )

    found = nearest(plan, standing)

    sums = exact_sums(found, h.first, h.last)
    assert np.all((b.lowest <= found) & (found <= b.highest))
    assert np.all((b.unit_min <= sums) & (sums <= b.unit_max))
    room = len(found) * plan.problem.increment
    assert np.abs(found - standing).sum() <= _least_change(plan, standing) + room


def _least_change(plan: Allocation, standing: IntArray) -> float:
    """The least sum of |quota - standing| inside the limits, by HiGHS: q = standing + up - down."""
    h, b = plan.hierarchy, plan.bounds
    n = len(standing)
    inside = np.zeros((len(h.parent), n))
    for node, (first, last) in enumerate(zip(h.first.tolist(), h.last.tolist(), strict=True)):
        inside[node, first:last] = 1
    both = np.hstack((inside, -inside))
    stands = inside @ standing
    limits = np.hstack((np.eye(n), -np.eye(n)))
    most = np.where(b.unit_max >= UNLIMITED, 1e12, b.unit_max) - stands
    cap = np.where(b.highest >= UNLIMITED, 1e12, b.highest) - standing
    answer = linprog(
        np.ones(2 * n),
        A_ub=np.vstack((both, -both, limits, -limits)),
        b_ub=np.concatenate((most, stands - b.unit_min, cap, standing - b.lowest)),
        method="highs",
    )
    assert answer.status == 0
    return float(answer.fun or 0)
