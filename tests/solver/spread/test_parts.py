"""Targets by product, kind of customer and months, and quotas told apart so that they come out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from solver.errors import InfeasibleProblem, InvalidProblem
from solver.policy import LinearRow, Policy
from solver.problem import UNLIMITED, Reps, Units
from solver.spread import told_apart as module
from solver.spread.errors import PartsCannotHold
from solver.spread.parts import PartPlan, solve_in_parts
from solver.spread.season import even
from solver.spread.season import given as given_season
from solver.spread.told_apart import Parts
from solver.targets import Target
from tests.solver.builders import a_problem
from tests.solver.spread.builders import JANUARY_2027
from tests.solver.spread.worlds import (
    PLAIN,
    World,
    a_world,
    problems_of,
    told_apart,
    two_teams,
)

H1 = range(JANUARY_2027, JANUARY_2027 + 6)
H1_AND_H2 = range(JANUARY_2027, JANUARY_2027 + 12)


def solved(world: World, policy: Policy = PLAIN) -> PartPlan | None:
    """The plan; None where the rules and targets cannot all hold."""
    try:
        return solve_in_parts(world.problem, policy, world.parts)
    except (PartsCannotHold, InfeasibleProblem):
        return None


def worlds(numbers: int = 100_000) -> st.SearchStrategy[Any]:
    return st.integers(0, numbers).map(a_world).filter(lambda world: world is not None)


@given(worlds())
def test_1_and_29_lines_and_months_add_up_to_quotas_and_every_target_is_exact(world: World) -> None:
    plan = solved(world)

    if plan is not None:
        assert problems_of(world, plan) == []
        assert not any(plan.missed)


@given(worlds())
def test_30_zeros_stay_zero_and_amounts_stay_multiples_where_all_that_is_wanted_is(
    world: World,
) -> None:
    plan = solved(world)

    if plan is not None:
        assert not plan.cells[world.parts.mix == 0].any()
        increment = world.problem.increment
        if not any(amount % increment for amount in (*plan.wanted, *plan.allocation.quota)):
            assert not (plan.cells % increment).any()


@given(worlds(), st.randoms(use_true_random=False))
def test_3_the_order_of_reps_and_targets_changes_nothing(world: World, random: object) -> None:
    order = np.arange(len(world.problem.reps))
    random.shuffle(order)  # type: ignore[attr-defined]

    plan, turned = solved(world), solved(world.turned(order))

    if plan is None or turned is None:
        assert plan is turned
    else:
        assert np.array_equal(plan.cells[order], turned.cells)


@given(worlds())
def test_no_plan_is_refused_that_one_large_programme_finds(world: World) -> None:
    from scipy.optimize import linprog

    if solved(world) is not None:
        return
    sold = np.broadcast_to(world.parts.mix[:, :, None] > 0, world.counts(0).shape).ravel()
    counts = [world.counts(k).ravel() for k in range(len(world.parts.targets))]
    rows = np.array([np.ones(len(sold)), *counts])[:, sold]
    amounts = [world.problem.target, *(target.amount for target in world.parts.targets)]

    found = linprog(np.zeros(rows.shape[1]), A_eq=rows, b_eq=amounts)

    assert found.status == 2


@given(st.integers(1, 60), st.integers(0, 1_000), st.sampled_from([1, 10]))
def test_4_identical_reps_differ_by_an_increment_at_most_in_every_line(
    reps: int, number: int, increment: int
) -> None:
    random = np.random.default_rng(number)
    total = int(random.integers(0, 2_000)) * increment
    problem = a_problem(total, [f"r{k}" for k in range(reps)], increment=increment)
    targets = [Target(total * 3 // (10 * increment) * increment, product="new", months=H1)]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, targets))

    assert np.ptp(plan.allocation.quota) <= increment
    alike = plan.cells[plan.allocation.quota == plan.allocation.quota[0]]
    assert np.ptp(alike.sum(axis=2), axis=0).max() <= increment
    assert np.ptp(alike.sum(axis=1), axis=0).max() <= 2 * increment
    assert np.ptp(alike, axis=0).max() <= 3 * increment


def test_east_sells_as_much_of_the_new_product_in_the_first_half_as_is_wanted() -> None:
    problem = two_teams()
    wanted = [Target(500, None, "new"), Target(130, "east", "new", None, H1)]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    [new, rest] = [plan.cells[:, line] for line in (0, 1)]
    assert plan.allocation.quota.tolist() == [300] * 4
    assert new[:2, :6].sum() == 130
    assert new.sum() == 500
    assert rest.sum() == 700
    assert plan.carried == (500, 130)


def test_what_no_target_is_about_keeps_its_proportions() -> None:
    problem = two_teams()
    parts = told_apart(problem, [Target(360, None, "new")], mix=[[1, 3], [1, 3], [1, 1], [3, 1]])

    plan = solve_in_parts(problem, Policy(), parts)

    new, rest = plan.cells.sum(axis=2).T
    odds = new / rest  # 1 : 3, 1 : 3, 1 : 1 and 3 : 1 with one factor for all
    assert odds / odds[2] == pytest.approx([1 / 3, 1 / 3, 1, 3], rel=0.05)


def test_quarters_come_first_where_only_months_are_told_apart() -> None:
    problem = a_problem(1_000, ["ann"])
    wanted = [Target(500, months=H1)]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    assert plan.cells[0, 0].tolist() == [84, 83, 83, 84, 83, 83] * 2


def test_targets_of_parts_grow_with_the_over_assignment_in_exact_fractions() -> None:
    problem = two_teams(1_000)
    wanted = [Target(333, None, "new"), Target(667, None, "old")]

    plan = solve_in_parts(problem, Policy(over_assignment=0.05), told_apart(problem, wanted))

    assert plan.wanted == (Fraction(34965, 100), Fraction(70035, 100))
    assert sum(plan.carried) == 1_050
    assert not any(plan.missed)


def test_a_part_of_a_unit_grows_with_the_share_of_that_unit() -> None:
    problem = two_teams(1_000, target=[500, -1], over_assignment=[0.1, np.nan])
    wanted = [Target(100, "east", "new"), Target(100, "west", "new")]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    assert plan.carried == (110, 100)


def test_a_given_season_stays_exact_beside_targets_of_products() -> None:
    problem = two_teams(10_000)
    season = given_season(even(4, 12), [0.2, 0.2, 0.2, 0.4])
    parts = told_apart(problem, [Target(3_000, None, "new")], season=season)

    plan = solve_in_parts(problem, Policy(), parts)

    by_quarter = plan.cells.sum(axis=(0, 1)).reshape(4, 3).sum(axis=1)
    assert by_quarter.tolist() == [2_000, 2_000, 2_000, 4_000]


def test_a_given_season_stays_exact_beside_targets_of_months_that_allow_it() -> None:
    problem = two_teams(10_000)
    season = given_season(even(4, 12), [0.2, 0.2, 0.2, 0.4])
    parts = told_apart(problem, [Target(1_000, "east", "new", None, H1)], season=season)

    plan = solve_in_parts(problem, Policy(), parts)

    by_quarter = plan.cells.sum(axis=(0, 1)).reshape(4, 3).sum(axis=1)
    assert by_quarter.tolist() == [2_000, 2_000, 2_000, 4_000]
    assert (plan.carried, plan.missed) == ((1_000,), (0,))


def test_a_target_of_months_goes_before_a_season_that_says_otherwise() -> None:
    problem = two_teams(10_000)
    season = given_season(even(4, 12), [0.2, 0.2, 0.2, 0.4])
    parts = told_apart(problem, [Target(7_000, None, None, None, H1)], season=season)

    plan = solve_in_parts(problem, Policy(), parts)

    by_quarter = plan.cells.sum(axis=(0, 1)).reshape(4, 3).sum(axis=1)
    assert by_quarter.tolist() == [3_500, 3_500, 1_000, 2_000]
    assert (plan.carried, plan.missed) == ((7_000,), (0,))


def test_quotas_give_way_where_only_one_team_sells_what_is_wanted() -> None:
    problem = two_teams()
    parts = told_apart(problem, [Target(700, None, "new")], mix=[[1, 1], [1, 1], [0, 1], [0, 1]])

    plan = solve_in_parts(problem, Policy(), parts)

    assert plan.allocation.quota.tolist() == [350, 350, 250, 250]
    assert plan.cells[:, 0].sum() == 700
    assert plan.cuts == (LinearRow("new", (("ann", 1.0), ("bob", 1.0)), min=700),)
    assert plan.allocation.binding[0] == ("row:new:min",)


def test_a_rule_says_what_those_carry_at_least_who_sell_what_is_wanted() -> None:
    parts = told_apart(two_teams(), [Target(700, "east", "new")])

    plan = solve_in_parts(two_teams(), Policy(), parts)

    [rule] = plan.cuts
    assert (dict(rule.coefficients), rule.min, rule.max) == ({"ann": 1, "bob": 1}, 700, None)


def test_no_gap_is_booked_for_what_others_can_carry_of_the_rest() -> None:
    problem = two_teams()
    full = np.array([300, 300, UNLIMITED, UNLIMITED])
    problem = replace(problem, reps=replace(problem.reps, max=full))
    parts = told_apart(problem, [Target(700, "east", "new")])

    plan = solve_in_parts(problem, Policy(on_infeasible="gap"), parts)

    assert plan.allocation.gap is None
    assert plan.allocation.quota.tolist() == [300] * 4
    assert (plan.carried, plan.missed) == ((600,), (-100,))


def test_where_everybody_is_full_a_gap_is_booked_and_parts_shrink_with_it() -> None:
    problem = two_teams()
    problem = replace(problem, reps=replace(problem.reps, max=np.full(4, 150)))
    parts = told_apart(problem, [Target(500, "east", "new")])

    plan = solve_in_parts(problem, Policy(on_infeasible="gap"), parts)

    assert plan.allocation.quota.tolist() == [150] * 4
    assert plan.wanted == (Fraction(250),)
    assert (plan.carried, plan.missed) == ((250,), (0,))


def test_a_rule_is_named_after_the_part_it_is_about() -> None:
    problem = two_teams()
    parts = told_apart(problem, [Target(700, "east", "new", None, H1)])

    plan = solve_in_parts(problem, Policy(), parts)

    assert [row.id for row in plan.cuts] == ["east × new × 2027-01/2027-06"]


def test_targets_that_limits_of_quotas_rule_out_are_a_conflict_with_their_names() -> None:
    problem = two_teams()
    limited = replace(problem, reps=replace(problem.reps, max=np.array([310, 310, 999, 999])))
    parts = told_apart(limited, [Target(700, "east", "new")])

    with pytest.raises(InfeasibleProblem) as caught:
        solve_in_parts(limited, Policy(), parts)

    names = {rule.name for rule in caught.value.infeasibility.conflict}
    assert names == {"row:east × new:min", "rep:ann:cap", "rep:bob:cap"}


def test_targets_that_may_give_way_are_met_as_far_as_can_be_and_the_rest_is_told() -> None:
    problem = two_teams()
    limited = replace(problem, reps=replace(problem.reps, max=np.array([310, 310, 999, 999])))
    parts = told_apart(limited, [Target(700, "east", "new")])

    plan = solve_in_parts(limited, Policy(on_infeasible="relax"), parts)

    assert plan.carried == (620,)
    assert plan.missed == (-80,)
    assert plan.allocation.quota.sum() == 1_200


def test_what_nobody_sells_is_a_fault_of_the_targets_whatever_quotas_are() -> None:
    problem = two_teams()
    wanted = [Target(600, "east", "new"), Target(10, "west", "new")]
    parts = told_apart(problem, wanted, mix=[[1, 1], [1, 1], [0, 1], [0, 1]])

    with pytest.raises(PartsCannotHold, match=r"^no quotas can meet west × new$") as caught:
        solve_in_parts(problem, Policy(), parts)

    assert caught.value.targets == (1,)


def test_equal_chances_are_refused_only_where_targets_need_a_rule_across_the_tree() -> None:
    problem = two_teams()
    known = replace(problem, reps=replace(problem.reps, sigma=np.full(4, 0.3)))
    policy = Policy(fairness="equal_probability")

    plan = solve_in_parts(known, policy, told_apart(known, [Target(100, "east", "new")]))
    assert plan.carried == (100,)

    with pytest.raises(InvalidProblem, match=r"fairness: equal_probability .*\(east × new\)"):
        solve_in_parts(known, policy, told_apart(known, [Target(700, "east", "new")]))


def test_targets_are_exact_even_where_the_nearest_table_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solver.spread.coarse._STEPS", 0)
    problem = two_teams()
    wanted = [Target(130, "east", "new", None, H1), Target(500, None, "new")]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    assert plan.carried == (500, 130)


def test_rules_of_the_callers_own_keep_their_names() -> None:
    problem = two_teams()
    policy = Policy(rows=(LinearRow("east × new", (("ann", 1.0),), max=400),))
    parts = told_apart(problem, [Target(700, "east", "new")])

    plan = solve_in_parts(problem, policy, parts)

    assert [row.id for row in plan.cuts] == ["east × new (2)"]


def test_parts_are_made_of_what_reps_sold_in_any_order() -> None:
    problem = two_teams()
    targets = [Target(60, "east", "new"), Target(600, None, "core", None, H1)]
    sold = np.array([[80.0, 0, 20], [50, 0, 50], [30, 0, 70], [0, 0, 0]])  # core, new, all else
    season, fte = even(4, 12), np.ones(4)

    parts = Parts.of(problem, targets, H1_AND_H2, season=season, sold=sold, fte=fte)

    # A year's core goes half into the first half; dan, who sold nothing, sells as the others do.
    assert parts.mix[:, 1].round(3).tolist() == [0.231, 0.231, 0, 0]
    assert parts.mix[2].tolist() == [0.3, 0, 0.7]
    assert parts.mix[3] == pytest.approx([160 / 300, 0, 140 / 300])

    turned = replace(problem, reps=Reps.of(problem.reps.ids[::-1], unit=[1, 1, 0, 0]))
    back = Parts.of(turned, targets[::-1], H1_AND_H2, season=season, sold=sold[::-1], fte=fte)
    assert np.array_equal(parts.mix, back.mix[::-1])


def test_more_parts_than_can_be_told_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CELLS", 95)
    problem = two_teams()

    with pytest.raises(InvalidProblem, match="tell 96 parts of quotas apart"):
        solve_in_parts(problem, Policy(), told_apart(problem, [Target(1, None, "new")]))


def test_sums_told_apart_are_limited_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COARSE_CELLS", 1)
    problem = two_teams()

    with pytest.raises(InvalidProblem, match="tell 2 sums apart"):
        solve_in_parts(problem, Policy(), told_apart(problem, [Target(1, None, "new")]))


def test_a_target_of_nothing_and_reps_who_carry_nothing_are_no_trouble() -> None:
    reps = Reps.of(["ann", "bob"], baseline=[0, 100], reach=[0, 100], max=[0, 999])
    problem = replace(two_teams(100), reps=reps, units=Units.of([]))
    wanted = [Target(0, None, "new"), Target(100, months=H1)]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    assert plan.allocation.quota.tolist() == [0, 100]
    assert plan.cells[1].tolist() == [[0] * 12, [17, 17, 16, 17, 17, 16] + [0] * 6]


def test_a_target_of_all_that_is_sold_leaves_nothing_for_other_months() -> None:
    problem = two_teams()
    wanted = [Target(1_200, months=H1), Target(400, None, "new")]

    plan = solve_in_parts(problem, Policy(), told_apart(problem, wanted))

    assert not plan.cells[:, :, 6:].any()
    assert plan.carried == (1_200, 400)


@settings(max_examples=15)
@given(worlds(), st.data())
def test_closed_months_stay_as_they_are_and_targets_are_met_by_the_open_ones(
    world: World, data: st.DataObject
) -> None:
    before = solved(world)
    assume(before is not None and before.cells.shape[2] > 1)
    assert before is not None
    closed = data.draw(st.integers(1, before.cells.shape[2] - 1))
    kept = before.cells[:, :, :closed]

    after = solved(replace(world, parts=replace(world.parts, kept=kept)))

    assert after is not None
    assert np.array_equal(after.cells[:, :, :closed], kept)
    assert np.array_equal(after.cells.sum(axis=(1, 2)), after.allocation.quota)
    assert np.array_equal(after.allocation.quota, before.allocation.quota)
    assert (after.cells >= 0).all()
    assert after.carried == before.carried


@settings(max_examples=15)
@given(worlds(), st.data())
def test_what_closed_months_lack_of_a_target_the_open_ones_carry(
    world: World, data: st.DataObject
) -> None:
    before = solved(world)
    assume(before is not None and before.cells.shape[2] > 1)
    assert before is not None
    closed = data.draw(st.integers(1, before.cells.shape[2] - 1))
    kept = before.cells[:, :, :closed] // 2

    after = solved(replace(world, parts=replace(world.parts, kept=kept)))

    if after is not None:
        assert np.array_equal(after.cells[:, :, :closed], kept)
        assert np.array_equal(after.cells.sum(axis=(1, 2)), after.allocation.quota)
        open_from = world.parts.months.start + closed
        for target, missed in zip(after.targets, after.missed, strict=True):
            assert not missed or (target.months is not None and target.months.stop <= open_from)
