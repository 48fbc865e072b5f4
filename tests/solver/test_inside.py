"""A unit solved by itself: the part of a plan is the plan of the part, and limits have names."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.coupled.coupling import Coupling
from solver.errors import InfeasibleProblem, InvalidProblem
from solver.fairness import Scale
from solver.inside import Inside, Limits, narrowed
from solver.policy import Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, Problem
from solver.solve import solve
from solver.tree import equalise_within
from tests.solver.builders import TREE_POLICIES, a_problem, problems


def a_team(
    total: int,
    reps: Sequence[str],
    *,
    limits: Limits | None = None,
    units: Sequence[str] = ("west",),
    parent: Sequence[int] = (COMPANY,),
    unit: Sequence[int] | None = None,
) -> Inside:
    return Inside.of(
        total=total,
        reps=list(reps),
        unit=np.array([0] * len(reps) if unit is None else unit),
        units=list(units),
        parent=np.array(parent),
        limits=limits or Limits.none(len(reps), len(units)),
        increment=1,
    )


def even(reps: int) -> Scale:
    return Scale(np.full(reps, 100.0), np.full(reps, 100.0))


@given(problems(), st.sampled_from(TREE_POLICIES), st.data())
def test_a_part_of_a_leximin_plan_is_the_leximin_plan_of_the_part(
    problem: Problem, policy: Policy, data: st.DataObject
) -> None:
    if policy.fairness == "equal_probability":
        problem = replace(
            problem, reps=replace(problem.reps, sigma=np.full(len(problem.reps), 0.3))
        )
    try:
        plan = solve(problem, policy)
    except InvalidProblem:  # an over-assignment or a column that the policy lacks
        return
    h, b, scale = plan.hierarchy, plan.bounds, plan.scale.laid_out(plan.hierarchy.rep_row)
    node = data.draw(st.integers(0, h.nodes - 1))
    reps = slice(int(h.first[node]), int(h.last[node]))
    if reps.start == reps.stop:
        return
    below = [k for k in range(h.nodes) if node in h.ancestors(k)]
    place = {k: row for row, k in enumerate(below)}
    part = Inside.of(
        total=int(plan.rounded[reps].sum()),
        reps=[f"r{k}" for k in range(reps.stop - reps.start)],
        unit=np.array([place[int(k)] for k in h.rep_node[reps]]),
        units=[f"u{k}" for k in below],
        parent=np.array([COMPANY, *(place[int(h.parent[k])] for k in below[1:])]),
        limits=Limits(
            b.lowest[reps],
            b.highest[reps],
            np.full(reps.stop - reps.start, NOT_SET),
            b.unit_min[below],
            b.unit_max[below],
            b.unit_target[below],
        ),
        increment=problem.increment,
    )
    own = Scale(scale.anchor[reps], scale.yardstick[reps], scale.response)

    total = float(plan.levels.quota[reps].sum())
    node_min, node_max = (
        ends.astype(float) for ends in (part.bounds.unit_min, part.bounds.unit_max)
    )
    node_min[:2] = node_max[:2] = total
    again = equalise_within(
        part.hierarchy,
        low=part.bounds.lowest.astype(float),
        high=part.bounds.highest.astype(float),
        node_min=node_min,
        node_max=node_max,
        total=total,
        anchor=own.anchor,
        yardstick=own.yardstick,
        response=own.response,
    )

    money = max(plan.assigned, float(np.abs(own.anchor).sum()), 1.0)
    assert np.allclose(again.quota, plan.levels.quota[reps], rtol=0, atol=1e-9 * money)
    assert part.keeps(part.share_out(own))
    assert part.keeps(plan.rounded[reps])


def test_four_reps_share_a_unit_s_sum_evenly() -> None:
    assert a_team(440, "abcd").share_out(even(4)).tolist() == [110, 110, 110, 110]


def test_who_is_capped_leaves_the_rest_to_the_others() -> None:
    limits = replace(Limits.none(4, 1), cap=np.array([105, UNLIMITED, UNLIMITED, UNLIMITED]))

    assert a_team(441, "abcd", limits=limits).share_out(even(4)).tolist() == [105, 112, 112, 112]


def test_a_lock_wins_over_floor_and_cap() -> None:
    limits = replace(Limits.none(2, 1), cap=np.array([105, UNLIMITED]))
    locked = limits.locked(np.array([130, NOT_SET]))

    assert a_team(240, "ab", limits=locked).share_out(even(2)).tolist() == [130, 110]


def test_a_sub_unit_keeps_its_own_range() -> None:
    limits = replace(Limits.none(4, 2), unit_max=np.array([UNLIMITED, 210]))
    team = a_team(
        440, "abcd", limits=limits, units=("west", "w1"), parent=(COMPANY, 0), unit=[0, 0, 1, 1]
    )

    assert team.share_out(even(4)).tolist() == [115, 115, 105, 105]


def test_an_envelope_that_the_reps_cannot_fill_is_told_by_the_unit_s_name() -> None:
    limits = replace(Limits.none(2, 1), cap=np.array([260, 250]))

    with pytest.raises(InfeasibleProblem) as refused:
        a_team(600, ("r1", "r2"), limits=limits).share_out(even(2))

    found = refused.value.infeasibility
    assert found.sentence == (
        "Unit west must carry exactly 600, but its 2 reps can carry at most 510."
    )
    assert [(rule.name, rule.value) for rule in found.conflict] == [
        ("unit:west:target", 600), ("rep:r1:cap", 260), ("rep:r2:cap", 250),
    ]  # fmt: skip
    assert [(change.name, change.after) for change in found.relaxation] == [
        ("unit:west:target", 510)
    ]
    assert (found.feasible_min, found.feasible_max) == (0, 510)


def a_rule(reps: Sequence[int], coefficients: Sequence[float], least: int, most: int) -> Coupling:
    return Coupling(
        name=("group:overlay",),
        peers=(None,),
        start=np.array([0, len(reps)]),
        rep=np.array(reps),
        coefficient=np.array(coefficients, dtype=float),
        min=np.array([least]),
        max=np.array([most]),
        tolerance=np.array([np.nan]),
        even=np.full((1, 2), np.nan),
        reps=4,
    )


def test_a_rule_across_units_leaves_what_those_outside_do_not_carry() -> None:
    rule = a_rule([0, 2], [1, 1], -UNLIMITED, 215)
    kept = np.array([True, True, False, False])

    own = narrowed(rule, kept, np.array([0, 0, 110, 110]))

    assert own is not None
    assert own.max.tolist() == [105]
    assert own.min.tolist() == [-UNLIMITED]
    assert own.rep.tolist() == [0]
    team = replace(a_team(220, "ab"), coupling=own)
    assert team.share_out(even(2)).tolist() == [105, 115]


def test_a_part_of_a_minor_unit_goes_inwards() -> None:
    rule = a_rule([0, 2], [1, 0.5], 100, 215)

    own = narrowed(rule, np.array([True, True, False, False]), np.array([0, 0, 111, 0]))

    assert own is not None
    assert (own.min.tolist(), own.max.tolist()) == ([45], [159])


def test_a_rule_about_others_is_none_here() -> None:
    rule = a_rule([2, 3], [1, 1], 0, 215)

    assert narrowed(rule, np.array([True, True, False, False]), np.zeros(4, dtype=np.int64)) is None


def test_plain_policies_need_no_company() -> None:
    """The whole plan of the company, asked as if it were a unit, is the plan."""
    problem = a_problem(44_100, {"ann": {"max": 10_500}, "bob": {}, "cyd": {}, "dan": {}})
    plan = solve(problem, Policy())
    limits = replace(Limits.none(4, 1), cap=plan.bounds.cap)

    alone = a_team(44_100, problem.reps.ids, limits=limits)

    assert alone.share_out(plan.scale).tolist() == plan.quota.tolist()
