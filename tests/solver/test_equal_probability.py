"""Quotas with the same chance of being attained, for sales that are uncertain by a given sigma."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import ndtr

from solver.errors import InvalidProblem
from solver.policy import Group, Policy
from solver.probability import attainment_probability
from solver.problem import Problem
from solver.solve import solve
from tests.solver.builders import GROWTH, PROBABILITY, a_problem, problems

UNSURE = {"ada": {"sigma": 0.1}, "bob": {"sigma": 0.3}, "cyn": {"sigma": 0.6}}


def chances(problem: Problem, quota: np.ndarray) -> list[float]:
    chance: list[float] = attainment_probability(
        quota, problem.reps.baseline, problem.reps.sigma
    ).tolist()
    return chance


def test_everybody_has_the_same_chance_whatever_the_sigma() -> None:
    problem = a_problem(27_000, UNSURE)

    plan = solve(problem, PROBABILITY)

    assert chances(problem, plan.unrounded) == pytest.approx([ndtr(-plan.common_stretch)] * 3)
    assert plan.attainment_probability == pytest.approx([ndtr(-plan.common_stretch)] * 3, abs=2e-4)
    assert plan.quota.sum() == 27_000
    assert plan.checks.valid


def test_quotas_at_an_even_chance_are_all_anchor() -> None:
    """The medians of sales are 99.50, 95.60 and 83.53."""
    plan = solve(a_problem(9_950 + 9_560 + 8_353, UNSURE), PROBABILITY)

    assert plan.quota.tolist() == [9_950, 9_560, 8_353]
    assert plan.explanation.anchor.tolist() == [9_950, 9_560, 8_353]
    assert plan.common_stretch == pytest.approx(0, abs=1e-3)
    assert plan.attainment_probability == pytest.approx([0.5] * 3, abs=1e-3)


def test_terms_tell_the_even_chance_and_what_lies_beyond() -> None:
    plan = solve(a_problem(33_000, UNSURE), PROBABILITY)

    assert plan.explanation.anchor.tolist() == [9_950, 9_560, 8_353]
    assert sum(plan.explanation.stretch) == 33_000 - 27_863


def test_a_cap_is_named_and_the_others_share_one_chance() -> None:
    problem = a_problem(30_000, UNSURE | {"bob": {"sigma": 0.3, "max": 8_000}})

    plan = solve(problem, PROBABILITY)

    ada, bob, cyn = chances(problem, plan.unrounded)
    assert plan.binding == [(), ("cap",), ()]
    assert ada == pytest.approx(cyn)
    assert bob > ada
    assert plan.evenness.reps_at_common_stretch == 2


def test_a_stopped_unit_has_a_chance_of_its_own() -> None:
    reps = {key: row | {"unit": "west"} for key, row in UNSURE.items()} | {"dan": {"sigma": 0.2}}
    problem = a_problem(40_000, reps, {"west": {"max": 25_000}})

    plan = solve(problem, PROBABILITY)

    ada, bob, cyn, dan = chances(problem, plan.unrounded)
    assert plan.quota[:3].sum() == 25_000
    assert [bob, cyn] == pytest.approx([ada] * 2)
    assert ada > dan
    assert plan.binding == [("unit:west:max",)] * 3 + [()]


def test_a_chance_is_lower_for_everybody_when_more_is_assigned() -> None:
    plan = solve(a_problem(30_000, UNSURE), PROBABILITY)
    more = solve(a_problem(30_000, UNSURE), Policy("equal_probability", over_assignment=0.1))

    assert np.all(more.attainment_probability < plan.attainment_probability)


@pytest.mark.parametrize("sigma", [0.001, 0.3, 2.0])
def test_where_sigmas_are_equal_it_is_the_same_percentage_for_all(sigma: float) -> None:
    reps = {key: {"baseline": b, "sigma": sigma} for key, b in (("ada", 5e3), ("bob", 2e4))}
    problem = a_problem(30_000, reps)

    assert solve(problem, PROBABILITY).unrounded == pytest.approx(solve(problem, GROWTH).unrounded)


def test_without_the_sigma_of_somebody_the_policy_is_refused_by_name() -> None:
    with pytest.raises(InvalidProblem) as refused:
        solve(a_problem(400, {"ada": {}, "bob": {"sigma": 0.2}, "cyn": {}}), PROBABILITY)

    assert [(fault.table, fault.row, fault.field) for fault in refused.value.faults] == [
        ("reps", 0, "sigma"),
        ("reps", 2, "sigma"),
    ]


@pytest.mark.parametrize(
    ("rules", "field"),
    [({"engine": "lp"}, "engine"), ({"groups": (Group("key", ("ada",), max=1),)}, "fairness")],
)
def test_what_is_no_line_in_the_level_is_refused_by_name(rules: Any, field: str) -> None:
    with pytest.raises(InvalidProblem) as refused:
        Policy("equal_probability", **rules)

    assert [fault.field for fault in refused.value.faults] == [field]


class TestWhereNothingIsExpected:
    """Without a baseline there is no chance to speak of, and no quota raises or lowers it."""

    def test_nothing_is_carried_while_somebody_else_can_carry_more(self) -> None:
        reps = {"new": {"baseline": 0.0, "sigma": 1.0}, "ada": {"sigma": 0.2, "max": 50_000}}

        plan = solve(a_problem(50_000, reps), PROBABILITY)

        assert plan.quota.tolist() == [0, 50_000]
        assert plan.binding == [(), ()]
        assert plan.checks.valid

    def test_what_nobody_else_can_carry_is_shared_in_equal_amounts(self) -> None:
        reps = {
            "new": {"baseline": 0.0, "sigma": 1.0},
            "newer": {"baseline": 0.0, "sigma": 0.1, "min": 7_000},
            "newest": {"baseline": 0.0, "sigma": 0.5},
            "ada": {"sigma": 0.2, "max": 50_000},
        }

        plan = solve(a_problem(62_000, reps), PROBABILITY)

        assert plan.quota.tolist() == [2_500, 7_000, 2_500, 50_000]
        assert plan.checks.valid

    def test_where_nobody_expects_anything_all_carry_the_same(self) -> None:
        reps = {"new": {"baseline": 0.0, "sigma": 1.0}, "newer": {"baseline": 0.0, "sigma": 0.1}}

        plan = solve(a_problem(400, reps), PROBABILITY)

        assert plan.quota.tolist() == [200, 200]
        assert plan.checks.valid

    def test_a_sigma_that_leaves_no_median_counts_as_nothing_expected(self) -> None:
        reps = {"ada": {"sigma": 0.2}, "wild": {"sigma": 1e200}}

        plan = solve(a_problem(20_000, reps), PROBABILITY)

        assert plan.quota.tolist() == [20_000, 0]


def test_a_target_of_nothing_leaves_nothing_to_anybody() -> None:
    plan = solve(a_problem(0, UNSURE), PROBABILITY)

    assert plan.quota.tolist() == [0, 0, 0]
    assert plan.attainment_probability.tolist() == [1, 1, 1]
    assert plan.checks.valid


@given(problems())
def test_whoever_no_own_limit_holds_has_the_chance_of_the_own_unit(problem: Problem) -> None:
    plan = solve(problem, PROBABILITY)
    assume(plan.scale.response == "lognormal")
    row, node = plan.hierarchy.rep_row, plan.hierarchy.rep_node
    free = (plan.floor < plan.unrounded) & (plan.unrounded < plan.cap) & plan.scale.measured

    chance = np.array(chances(problem, plan.unrounded))[row]

    assert chance[free[row]] == pytest.approx(ndtr(-plan.levels.level[node])[free[row]], abs=1e-9)


@given(
    st.lists(
        st.tuples(st.floats(1, 1e12), st.floats(0.001, 10), st.floats(0.1, 4)),
        min_size=1, max_size=30,
    ),
    st.floats(0.01, 0.99),
)  # fmt: skip
def test_the_common_chance_is_the_one_at_which_the_quotas_add_up(
    facts: list[tuple[float, float, float]], part: float
) -> None:
    """Against a search for the root by textbook means."""
    baseline, sigma, most = np.array(facts).T
    cap = np.ceil(baseline * most)
    reps = {
        f"r{k:02d}": {"baseline": b, "sigma": s, "max": int(c)}
        for k, (b, s, c) in enumerate(zip(baseline, sigma, cap, strict=True))
    }
    target = int(part * cap.sum())
    assume(0 < target < cap.sum())

    def carried(x: float) -> float:
        with np.errstate(over="ignore"):
            wanted = baseline * np.exp(-(sigma**2) / 2 + x * sigma)
        return float(np.minimum(wanted, cap).sum())

    plan = solve(a_problem(target, reps), PROBABILITY)

    assert plan.checks.valid
    assert plan.unrounded.sum() == pytest.approx(target, rel=1e-12)
    low, high = -1.0, 1.0
    while carried(low) > target:
        low *= 2
    while carried(high) < target:
        high *= 2
    level = brentq(lambda x: carried(x) - target, low, high, xtol=1e-13, rtol=1e-15)
    assert carried(plan.common_stretch) == pytest.approx(carried(level), rel=1e-11)


@given(problems(), st.integers(0, 8))
def test_17_a_millionth_more_expected_moves_no_quota_by_more_than_a_ten_thousandth(
    problem: Problem, who: int
) -> None:
    before = solve(problem, PROBABILITY)
    baseline = problem.reps.baseline.copy()
    baseline[who % len(baseline)] *= 1 + 1e-6
    after = solve(with_baselines(problem, baseline), PROBABILITY)

    assert after.unrounded == pytest.approx(before.unrounded, abs=1e-4 * max(1, problem.target))


def with_baselines(problem: Problem, baseline: np.ndarray) -> Problem:
    return replace(problem, reps=replace(problem.reps, baseline=baseline))


@pytest.mark.parametrize("seed", range(5))
def test_sigmas_may_differ_by_many_orders_of_magnitude(seed: int) -> None:
    generator = np.random.default_rng(seed)
    reps = {
        f"r{k:03d}": {
            "unit": f"u{k % 7}",
            "baseline": 10.0 ** generator.uniform(-3, 12),
            "sigma": 10.0 ** generator.uniform(-12, 1),
            **({"max": int(10.0 ** generator.uniform(0, 12))} if k % 3 == 0 else {}),
        }
        for k in range(200)
    }
    total = int(sum(row["baseline"] for row in reps.values()) * generator.uniform(0.5, 1.5))
    units = {f"u{k}": {"max": int(total * generator.uniform(0.1, 0.6))} for k in range(7)}

    plan = solve(a_problem(total, reps, units), PROBABILITY)

    assert plan.checks.valid
    assert plan.quota.sum() == total
