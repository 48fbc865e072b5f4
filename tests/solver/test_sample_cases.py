"""The cases everybody can check in the head, through the whole solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.policy import Policy
from solver.problem import AMOUNT_LIMIT, Problem
from solver.solve import solve
from tests.solver.builders import AMOUNT, GROWTH, POTENTIAL, a_problem

TEAM = ("ada", "bob", "cyn", "dan")


def quotas(problem: Problem, policy: Policy | None = None) -> dict[str, int]:
    plan = solve(problem, policy or Policy())
    assert plan.checks.valid
    return dict(zip(problem.reps.ids, plan.quota.tolist(), strict=True))


def test_one_capped_rep_leaves_the_rest_to_the_others_alike() -> None:
    problem = a_problem(44_000, {"ada": {"max": 10_500}, "bob": {}, "cyn": {}, "dan": {}})

    assert quotas(problem) == {"ada": 10_500, "bob": 11_167, "cyn": 11_167, "dan": 11_166}


def test_one_rep_with_a_floor_relieves_the_others_alike() -> None:
    problem = a_problem(44_000, {"ada": {"min": 12_500}, "bob": {}, "cyn": {}, "dan": {}})

    assert quotas(problem) == {"ada": 12_500, "bob": 10_500, "cyn": 10_500, "dan": 10_500}


def test_identical_reps_differ_by_one_increment_at_most_and_the_odd_one_goes_by_id() -> None:
    assert quotas(a_problem(44_002, TEAM)) == {
        "ada": 11_001, "bob": 11_001, "cyn": 11_000, "dan": 11_000,
    }  # fmt: skip


def test_a_target_below_the_baselines_is_shared_by_the_same_rule() -> None:
    reps = {"ada": {"reach": 10_000}, "bob": {"reach": 30_000}}

    assert quotas(a_problem(16_000, reps)) == {"ada": 9_000, "bob": 7_000}


def test_twice_the_reach_carries_twice_the_extra_effort() -> None:
    reps = {"ada": {"reach": 2_000}, "bob": {"reach": 1_000}}

    assert quotas(a_problem(23_000, reps)) == {"ada": 12_000, "bob": 11_000}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (GROWTH, {"ada": 22_000, "bob": 11_000}),  # 10 % on 200.00 and on 100.00
        (POTENTIAL, {"ada": 8_250, "bob": 24_750}),  # 33 % of 250.00 and of 750.00
        (AMOUNT, {"ada": 21_500, "bob": 11_500}),  # 15.00 more each
    ],
)
def test_each_policy_is_even_in_its_own_sense(policy: Policy, expected: dict[str, int]) -> None:
    reps = {"ada": {"baseline": 20_000, "potential": 25_000}, "bob": {"potential": 75_000}}

    assert quotas(a_problem(33_000, reps), policy) == expected


def test_equal_potential_share_asks_for_every_potential() -> None:
    problem = a_problem(33_000, {"ada": {"potential": float("nan")}, "bob": {}})

    with pytest.raises(InvalidProblem, match=r"reps\[0\].potential"):
        solve(problem, POTENTIAL)


def test_a_unit_at_its_maximum_hands_the_rest_to_the_others() -> None:
    units = {"west": {"max": 21_000}, "east": {}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "west"}, "cyn": {"unit": "east"}}
    problem = a_problem(33_000, reps, units)

    plan = solve(problem, Policy())

    assert plan.quota.tolist() == [10_500, 10_500, 12_000]
    assert plan.binding == [("unit:west:max",), ("unit:west:max",), ()]
    assert plan.unit_binding == [("unit:west:max",), ()]


def test_a_target_of_a_unit_is_padded_by_its_own_over_assignment() -> None:
    units = {"west": {"target": 20_000, "over_assignment": 0.1}, "east": {}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "west"}, "cyn": {"unit": "east"}}

    plan = solve(a_problem(33_000, reps, units), Policy())

    assert plan.unit_quota.tolist() == [22_000, 11_000]


def test_the_company_is_padded_and_units_inherit_it() -> None:
    units = {"west": {"target": 20_000}}
    reps = {"ada": {"unit": "west"}, "bob": {}}

    plan = solve(a_problem(30_000, reps, units), Policy(over_assignment=0.05))

    assert plan.assigned == 31_500
    assert plan.unit_quota.tolist() == [21_000]
    assert plan.quota.tolist() == [21_000, 10_500]


def test_reps_without_a_yardstick_stay_at_their_anchor_while_others_can_carry_more() -> None:
    reps = {"ada": {"reach": 0}, "bob": {"reach": 500}}

    assert quotas(a_problem(25_000, reps)) == {"ada": 10_000, "bob": 15_000}


def test_reps_without_a_yardstick_share_alike_what_nobody_else_can_carry() -> None:
    reps = {"ada": {"reach": 0}, "bob": {"reach": 0}, "cyn": {"reach": 500, "max": 12_000}}

    assert quotas(a_problem(36_000, reps)) == {"ada": 12_000, "bob": 12_000, "cyn": 12_000}


def test_where_nobody_has_a_yardstick_all_carry_the_same_extra_money() -> None:
    reps = {"ada": {"reach": 0}, "bob": {"reach": 0, "baseline": 20_000}}

    assert quotas(a_problem(32_000, reps)) == {"ada": 11_000, "bob": 21_000}


def test_a_target_of_zero_asks_nothing_of_anybody() -> None:
    assert set(quotas(a_problem(0, TEAM)).values()) == {0}


def test_reps_may_hang_anywhere_and_units_may_be_empty() -> None:
    units = {"west": {}, "inner": {"parent": "west"}, "empty": {"parent": "inner"}, "east": {}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "inner"}, "cyn": {}, "dan": {"unit": "east"}}

    assert set(quotas(a_problem(44_000, reps, units)).values()) == {11_000}


def test_a_minimum_and_a_maximum_of_a_unit_may_meet() -> None:
    units = {"west": {"min": 25_000, "max": 25_000}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "west"}, "cyn": {}}

    assert quotas(a_problem(33_000, reps, units)) == {"ada": 12_500, "bob": 12_500, "cyn": 8_000}


def test_increments_coarser_than_the_limits_leave_held_reps_at_their_limit() -> None:
    problem = a_problem(44_000, {"ada": {"max": 10_555}, "bob": {}, "cyn": {}}, increment=1_000)

    plan = quotas(problem)

    assert plan["ada"] == 10_555
    assert sum(plan.values()) == 44_000
    assert sorted([plan["bob"] % 1_000, plan["cyn"] % 1_000]) == [0, 445]


def test_growth_limits_hold_over_baseline_and_over_last_year() -> None:
    reps = {
        "ada": {"last_year": 9_000},
        "bob": {},  # no last year: only the limit over the baseline holds
        "cyn": {"baseline": 30_000, "reach": 90_000},
    }
    policy = Policy(max_over_baseline=0.5, max_over_last_year=0.2, min_over_baseline=0.05)

    plan = solve(a_problem(66_300, reps), policy)

    assert plan.floor.tolist() == [10_500, 10_500, 31_500]
    assert plan.cap.tolist() == [10_800, 15_000, 45_000]
    assert plan.binding[0] == ("cap",)


def test_a_limit_between_two_cents_goes_inwards() -> None:
    plan = solve(a_problem(21_000, {"ada": {"capacity": 10_333.9}, "bob": {}}), Policy())

    assert plan.quota.tolist() == [10_333, 10_667]


def test_a_hundred_times_one_point_one_is_a_hundred_and_ten_not_a_cent_more() -> None:
    plan = solve(a_problem(22_000, ("ada", "bob")), Policy(min_over_baseline=0.1))

    assert plan.quota.tolist() == [11_000, 11_000]


def test_over_assignment_beyond_every_amount_is_refused() -> None:
    problem = a_problem(AMOUNT_LIMIT, ("ada",))

    with pytest.raises(InvalidProblem, match="over_assignment"):
        solve(problem, Policy(over_assignment=0.1))


def test_the_growth_of_a_small_unit_is_exact_beside_a_large_one() -> None:
    units: dict[str, Any] = {"large": {}, "small": {}}
    reps = {"ada": {"unit": "large", "baseline": 4e15}, "bob": {"unit": "small", "baseline": 0.3}}

    plan = solve(a_problem(4 * 10**15, reps, units), GROWTH)

    assert plan.unit_growth[1] == plan.growth[1]


def test_what_a_potential_is_measured_in_changes_neither_names_nor_counts() -> None:
    """West is stopped far below the common share, however small the figures of all shares are."""

    def told(unit: float) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]], int]:
        reps = {
            key: {"unit": of, "potential": 1_000.0 * unit}
            for key, of in (("ada", "west"), ("bob", None), ("cyn", None))
        }
        plan = solve(a_problem(3_000, reps, {"west": {"max": 500}}), POTENTIAL)
        return plan.binding, plan.unit_binding, plan.evenness.reps_at_common_stretch

    assert told(1e12) == told(1.0) == ([("unit:west:max",), (), ()], [("unit:west:max",)], 2)


@pytest.mark.parametrize("growth", [1e300, 1e308])
@pytest.mark.parametrize("last_year", [-1e300, -5.0])
def test_growth_limits_beyond_every_amount_limit_nobody(growth: float, last_year: float) -> None:
    """Over a negative last year they leave nothing, as any smaller limit does."""
    policy = Policy(max_over_baseline=growth, max_over_last_year=growth)

    plan = solve(a_problem(500, {"ada": {"last_year": last_year}, "bob": {}}), policy)

    assert plan.quota.tolist() == [0, 500]


@pytest.mark.parametrize("target", [774_695, 123_456, 333_333, 100_000_000])
def test_both_engines_agree_on_somebody_alone_who_has_no_reach(target: int) -> None:
    problem = a_problem(target, {"ada": {"baseline": float(target), "reach": 0.0}})

    assert solve(problem, Policy(engine="lp")).quota.tolist() == [target]


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-200])
def test_figures_next_to_nothing_count_as_nothing(tiny: float) -> None:
    reps = {"ada": {"baseline": tiny, "reach": tiny}, "bob": {"baseline": tiny, "reach": 0.0}}

    plan = solve(a_problem(500, reps), Policy(engine="lp"))

    assert plan.checks.valid
    assert plan.quota.tolist() == [250, 250]
    assert not np.isfinite(plan.growth).any()
    assert plan.evenness.gini is None
