"""Over-assignment per level, and the report of what it does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.over_assignment import OverAssignment, over_assignment
from solver.policy import Group, Policy
from solver.problem import NOT_SET, Problem, padded
from solver.solve import solve
from tests.solver.builders import AMOUNT, GROWTH, a_problem
from tests.solver.drawing import one_of


def report(problem: Problem, policy: Policy) -> dict[str | None, OverAssignment]:
    """The report's entries by the id of the unit; None: the company."""
    plan = solve(problem, policy)
    return {name(plan, entry.node): entry for entry in over_assignment(plan)}


def name(plan: Allocation, node: int) -> str | None:
    return plan.problem.units.ids[plan.hierarchy.unit_row[node]] if node else None


def test_factors_are_inherited_and_do_not_multiply_down_the_levels() -> None:
    units = {
        "north": {"target": 1_000},
        "team": {"parent": "north", "target": 400, "over_assignment": 0.05},
        "cell": {"parent": "team", "target": 200},
        "plain": {"parent": "north", "target": 100, "over_assignment": 0.0},
    }
    reps = {"a": {"unit": "cell"}, "b": {"unit": "team"}, "c": {"unit": "plain"},
            "d": {"unit": "north"}, "e": {}}  # fmt: skip

    found = report(a_problem(2_000, reps, units), replace(AMOUNT, over_assignment=0.1))

    told = {key: (entry.assigned, entry.factor) for key, entry in found.items()}
    assert told == {
        None: (2_200, 0.1),
        "north": (1_100, 0.1),
        "team": (420, 0.05),
        "cell": (210, 0.05),
        "plain": (100, 0.0),
    }
    nodes = {key: entry.node for key, entry in found.items()}
    sources = {key: entry.source for key, entry in found.items()}
    assert sources == {
        None: 0, "north": 0, "team": nodes["team"], "cell": nodes["team"], "plain": nodes["plain"],
    }  # fmt: skip


def test_units_without_a_target_of_their_own_are_not_padded() -> None:
    units = {"west": {"min": 100, "max": 120, "over_assignment": 0.5}}

    found = report(a_problem(200, {"a": {"unit": "west"}, "b": {}}, units), AMOUNT)

    assert [*found] == [None]
    assert found[None].assigned == 200


def test_padding_lowers_the_share_of_reps_who_are_expected_to_attain() -> None:
    reps = {f"r{k:02}": {"baseline": 10_000.0, "sigma": 0.25} for k in range(30)}
    problem = a_problem(300_000, reps)

    ten, none = (report(problem, replace(GROWTH, over_assignment=h))[None] for h in (0.1, 0.0))

    assert ten.attaining == pytest.approx(0.306, abs=0.001)
    assert ten.attaining_without == none.attaining == pytest.approx(0.450, abs=0.001)
    assert none.attaining_without == none.attaining
    assert (ten.known, ten.reps) == (30, 30)


def test_shares_rest_on_the_reps_whose_sigma_is_known() -> None:
    reps = {
        "ann": {"unit": "west", "sigma": 0.3}, "bob": {"unit": "west"}, "cid": {"unit": "east"},
    }  # fmt: skip
    units = {"west": {"target": 20_000}, "east": {"target": 10_000}}

    found = report(a_problem(30_000, reps, units), replace(AMOUNT, over_assignment=0.1))

    assert (found["west"].reps, found["west"].known) == (2, 1)
    assert found["west"].attaining == found[None].attaining
    assert (found["east"].known, found["east"].attaining) == (0, None)
    assert found["east"].attaining_without is None


def test_where_limits_rule_out_the_plan_without_padding_there_is_nothing_to_compare() -> None:
    reps = {"ann": {"sigma": 0.3, "min": 11_000}, "bob": {"sigma": 0.3, "min": 11_000}}

    found = report(a_problem(20_000, reps), replace(AMOUNT, over_assignment=0.2))[None]

    assert found.attaining is not None
    assert found.attaining_without is None


def test_a_plan_with_rules_across_the_tree_is_not_solved_twice() -> None:
    problem = a_problem(20_000, {"ann": {"sigma": 0.3}, "bob": {"sigma": 0.3}})
    groups = (Group("both", ("ann",), 0, 10_500),)

    found = report(problem, replace(AMOUNT, over_assignment=0.1, groups=groups))[None]

    assert found.attaining is not None
    assert found.attaining_without is None


factors = st.sampled_from([np.nan, 0.0, 0.05, 0.1, -0.02, 1.0])


@st.composite
def padded_targets(draw: st.DrawFn) -> tuple[Problem, Policy]:
    """Targets at the ends of a ragged tree whose units, with targets or without, state factors."""
    names = [f"u{k}" for k in range(draw(st.integers(1, 8)))]
    units: dict[str, dict[str, Any]] = {
        name: {
            "parent": draw(st.sampled_from([None, *names[:k]])),
            "over_assignment": draw(factors),
        }
        for k, name in enumerate(names)
    }
    ends = set(names) - {row["parent"] for row in units.values()}
    for end in ends:
        units[end]["target"] = draw(one_of(0, 1, 333, 1_000))
    reps = {f"of {name}": {"unit": name, "sigma": draw(sigmas)} for name in names}
    problem = a_problem(10_000, {**reps, "free": {}}, units)
    return problem, replace(AMOUNT, over_assignment=draw(one_of(0.0, 0.07, 0.5)))


sigmas = st.sampled_from([np.nan, 0.1, 0.4])


@given(padded_targets())
def test_every_target_is_padded_by_the_nearest_factor_stated_and_by_no_other(
    case: tuple[Problem, Policy],
) -> None:
    problem, policy = case
    plan = solve(problem, policy)
    found = over_assignment(plan)

    assert len(found) == 1 + np.count_nonzero(problem.units.target != NOT_SET)
    for entry in found:
        assert entry.assigned == padded(entry.target, entry.factor)
        stated = [
            policy.over_assignment if node == 0 else problem.units.over_assignment[
                plan.hierarchy.unit_row[node]
            ]
            for node in plan.hierarchy.ancestors(entry.node)
        ]  # fmt: skip
        assert entry.factor == next(factor for factor in stated if not np.isnan(factor))
