"""The exact engine against what leximin means, and where floating point is easily fooled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.hierarchy import lay_out
from solver.policy import Policy
from solver.problem import Problem, Reps, Units
from solver.solve import solve
from solver.tree import blocks, equalise_within
from tests.solver.builders import TREE_POLICIES, a_problem, problems


@given(problems(max_reps=7), st.sampled_from(TREE_POLICIES))
def test_nobody_with_more_stretch_could_hand_anything_to_somebody_with_less(
    problem: Problem, policy: Policy
) -> None:
    """Leximin by its definition on a base polytope: no exchange from high to low is feasible."""
    plan = solve(problem, policy)
    room = 1e-6  # of a minor unit; the engine is good to far less
    quota, stretch = plan.unrounded, plan.stretch
    can_give = quota > plan.floor + room
    # The last digit of a quota is a stretch of its own where there is no yardstick to speak of.
    can_give &= plan.scale.measured | (np.abs(quota - plan.scale.anchor) > room)
    can_take = quota < plan.cap - room
    containers = [_units_above(problem, rep) for rep in range(len(quota))]
    sums = [
        sum(quota[rep] for rep in range(len(quota)) if unit in containers[rep])
        for unit in range(len(problem.units))
    ]
    for high in np.flatnonzero(can_give):
        for low in np.flatnonzero(can_take):
            level_with = plan.scale.complete.at(stretch[high])[low]
            if level_with - quota[low] <= 1e-6 * max(problem.target, 1):
                continue
            blocked = any(
                sums[unit] <= plan.unit_min[unit] + room
                for unit in containers[high] - containers[low]
            ) or any(
                sums[unit] >= plan.unit_max[unit] - room
                for unit in containers[low] - containers[high]
            )
            assert blocked, f"{problem.reps.ids[high]} could relieve itself to {low}"


def _units_above(problem: Problem, rep: int) -> set[int]:
    unit, above = int(problem.reps.unit[rep]), set()
    while unit >= 0:
        above.add(unit)
        unit = int(problem.units.parent[unit])
    return above


def test_a_flat_piece_between_two_kinds_of_reps_is_crossed() -> None:
    """Nobody moves between the levels 0.1 and 1000: one is capped before, one floored after."""
    reps = {
        "capped": {"max": 11_000},
        "floored": {"min": 10_010_000, "reach": 10_000},
        "late": {"baseline": 0, "reach": 1e-3, "min": 1_000},
    }

    plan = solve(a_problem(10_022_000, reps), Policy())

    assert plan.checks.valid
    assert plan.quota.sum() == 10_022_000


@pytest.mark.parametrize("reach", [1e-9, 1e-6, 1.0, 1e6, 1e12])
def test_yardsticks_may_differ_by_many_orders_of_magnitude(reach: float) -> None:
    reps = {"ada": {"reach": reach}, "bob": {"reach": 10_000}, "cyn": {"min": 30_000}}

    plan = solve(a_problem(70_001, reps), Policy())

    assert plan.checks.valid


def test_the_largest_amounts_keep_exact_sums() -> None:
    most = 2**53 - 1
    alone = {f"r{k:03d}": {"baseline": 1e13 + k, "reach": 1e12 / (k + 1)} for k in range(97)}
    units = {"west": {"max": most // 3}}
    west = {f"w{k}": {"unit": "west", "baseline": 3e13, "reach": 1e11} for k in range(3)}
    reps = {**alone, **west}

    plan = solve(a_problem(most, reps, units), Policy())

    assert plan.quota.sum() == most
    assert plan.checks.valid


def test_a_chain_of_two_hundred_levels_is_an_organisation_too() -> None:
    units = {
        f"u{k:03d}": {"parent": f"u{k - 1:03d}" if k else None, "max": 40_000 - k * 10}
        for k in range(200)
    }
    reps = {f"r{k:03d}": {"unit": f"u{k:03d}"} for k in range(0, 200, 50)} | {"top": {}}

    plan = solve(a_problem(60_000, reps, units), Policy())

    assert plan.checks.valid
    assert plan.unit_quota[0] == 40_000


def test_limits_need_not_be_whole() -> None:
    """West may carry 0.75 of the 2.25, ada at most a quarter: bob takes the rest of west."""
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "west"}, "cyn": {}}
    hierarchy = lay_out(a_problem(1, reps, {"west": {}}))  # cyn, then those of west

    plan = equalise_within(
        hierarchy, low=np.zeros(3), high=np.array([np.inf, 0.25, np.inf]),
        node_min=np.array([2.25, 0.0]), node_max=np.array([2.25, 0.75]), total=2.25,
        anchor=np.zeros(3), yardstick=np.ones(3),
    )  # fmt: skip

    assert plan.quota.tolist() == [1.5, 0.25, 0.5]
    assert plan.level.tolist() == [1.5, 0.5]


def test_units_without_a_level_of_their_own_move_with_the_one_above() -> None:
    units = {
        "east": {"max": 90_000},
        "west": {"max": 21_000},
        "west-a": {"parent": "west"},
        "west-b": {"parent": "west", "min": 12_000},
    }
    reps = {f"{unit}-{k}": {"unit": unit} for unit in units for k in range(1 if "-" in unit else 2)}

    plan = solve(a_problem(65_000, reps, units), Policy())

    names = ["company", *(plan.problem.units.ids[row] for row in plan.hierarchy.unit_row[1:])]
    heads = [names[node] for node in blocks(plan.hierarchy, plan.levels.level)]
    assert dict(zip(names, heads, strict=True)) == {
        "company": "company", "east": "company", "west": "west", "west-a": "west",
        "west-b": "west-b",
    }  # fmt: skip


def test_a_hundred_thousand_reps_with_every_fifth_locked_have_exact_sums() -> None:
    generator = np.random.default_rng(7)
    count, teams = 100_000, 9_000
    baseline = np.round(np.exp(generator.normal(16, 1, count)))
    fixed = np.where(generator.random(count) < 0.2, np.round(baseline * 1.1), -1)
    problem = Problem(
        target=int(baseline.sum() * 1.08) + 13,
        reps=Reps.of(
            [f"r{k:06d}" for k in range(count)],
            unit=generator.integers(0, teams, count),
            baseline=baseline,
            reach=baseline * generator.uniform(0.1, 0.5, count),
            fixed=fixed,
        ),
        units=Units.of(
            [f"u{k:05d}" for k in range(teams)],
            parent=[-1] * 30 + generator.integers(0, 30, teams - 30).tolist(),
        ),
        increment=100,
    )

    plan = solve(problem, Policy())

    assert plan.checks.valid
    assert plan.quota.sum() == problem.target
