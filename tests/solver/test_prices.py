"""What one more unit costs whom, checked by solving again with the limit moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.bounds import Bounds
from solver.policy import Policy
from solver.prices.on_the_tree import Price, Prices
from solver.problem import NOT_SET, UNLIMITED, FloatArray, IntArray, Problem
from solver.solve import solve
from solver.tree import equalise
from tests.solver.builders import AMOUNT, GROWTH, POLICIES, PROBABILITY, a_problem, problems

policies = st.sampled_from(POLICIES)


def prices_of(plan: Allocation) -> Prices:
    scale = plan.scale.laid_out(plan.hierarchy.rep_row)
    return Prices(plan.hierarchy, plan.bounds, plan.levels, scale)


def by_rep(plan: Allocation, price: Price | None) -> dict[str, Any]:
    """Who carries how much more, by id; nobody who carries the same."""
    assert price is not None
    ids = [plan.problem.reps.ids[row] for row in plan.hierarchy.rep_row.tolist()]
    pairs = zip(ids, price.change.tolist(), strict=True)
    return {rep: pytest.approx(change) for rep, change in pairs if abs(change) > 1e-12}


def node_of(plan: Allocation, unit: str) -> int:
    return int(np.flatnonzero(plan.hierarchy.unit_row == plan.problem.units.ids.index(unit))[0])


def place_of(plan: Allocation, rep: str) -> int:
    return int(np.flatnonzero(plan.hierarchy.rep_row == plan.problem.reps.ids.index(rep))[0])


def test_one_more_of_target_falls_on_those_who_can_carry_more_by_their_yardsticks() -> None:
    reps = {"ann": {"baseline": 100.0}, "bob": {"baseline": 300.0}, "cap": {"max": 50}}
    plan = solve(a_problem(450, reps), GROWTH)

    price = prices_of(plan).target

    assert by_rep(plan, price) == {"ann": 0.25, "bob": 0.75}
    assert price is not None
    assert price.around == pytest.approx(1 / 400)


def test_a_target_that_nobody_can_carry_more_of_has_no_price() -> None:
    plan = solve(a_problem(150, {"ann": {"max": 100}, "bob": {"fixed": 50}}), AMOUNT)

    assert prices_of(plan).target is None


def test_a_rep_exactly_at_the_cap_carries_nothing_more_but_gives_way_to_others() -> None:
    reps = {"ann": {"max": 100}, "bob": {}, "low": {"unit": "west"}}
    plan = solve(a_problem(290, reps, {"west": {"max": 90}}), replace(AMOUNT))

    prices = prices_of(plan)

    assert by_rep(plan, prices.target) == {"bob": 1}
    assert by_rep(plan, prices.unit(node_of(plan, "west"))) == {
        "low": 1,
        "ann": -0.5,
        "bob": -0.5,
    }


def test_raising_a_maximum_that_binds_relieves_everybody_around() -> None:
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "west"}, "cid": {}, "dan": {}, "eve": {}}
    plan = solve(a_problem(500, reps, {"west": {"max": 140}}), AMOUNT)
    west = node_of(plan, "west")

    price = prices_of(plan).unit(west)

    third = -1 / 3
    assert by_rep(plan, price) == {
        "ann": 0.5, "bob": 0.5, "cid": third, "dan": third, "eve": third,
    }  # fmt: skip
    assert price is not None
    assert price.range == pytest.approx(60)  # at 200 all five carry 100
    assert prices_of(plan).unit_price[west] == pytest.approx(-1 / 3)


def test_lowering_a_minimum_that_binds_burdens_everybody_around() -> None:
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "west"}, "cid": {}, "dan": {"max": 101}}
    plan = solve(a_problem(500, reps, {"west": {"min": 300}}), AMOUNT)
    west = node_of(plan, "west")

    price = prices_of(plan).unit(west)

    assert by_rep(plan, price) == {"ann": -0.5, "bob": -0.5, "cid": 0.5, "dan": 0.5}
    assert price is not None
    assert price.range == pytest.approx(2)  # then dan meets the cap
    assert prices_of(plan).unit_price[west] == pytest.approx(1 / 2)


def test_what_a_full_unit_lets_in_is_taken_from_that_unit_alone() -> None:
    units = {"north": {"max": 150}, "team": {"parent": "north", "max": 20}}
    reps = {"ann": {"unit": "team"}, "bob": {"unit": "north"}, "cid": {}}
    plan = solve(a_problem(400, reps, units), AMOUNT)

    assert by_rep(plan, prices_of(plan).unit(node_of(plan, "team"))) == {"ann": 1, "bob": -1}


def test_a_target_of_a_unit_gives_way_in_the_direction_that_brings_it_closer() -> None:
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "east"}, "cid": {}}
    units = {"west": {"target": 50}, "east": {"target": 150}}
    prices = prices_of(plan := solve(a_problem(300, reps, units), AMOUNT))

    assert by_rep(plan, prices.unit(node_of(plan, "west"))) == {"ann": 1, "cid": -1}
    assert by_rep(plan, prices.unit(node_of(plan, "east"))) == {"bob": -1, "cid": 1}
    assert prices.unit_side[0] == 0


def test_caps_floors_and_locks_have_the_price_that_everyone_else_pays_for_them() -> None:
    reps = {
        "cap": {"max": 40}, "floor": {"min": 200}, "lock": {"fixed": 10}, "ann": {}, "bob": {},
    }  # fmt: skip
    plan = solve(a_problem(450, reps), AMOUNT)
    prices = prices_of(plan)

    assert by_rep(plan, prices.rep(place_of(plan, "cap"))) == {"cap": 1, "ann": -0.5, "bob": -0.5}
    lifted = by_rep(plan, prices.rep(place_of(plan, "floor")))
    assert lifted == {"floor": -1, "ann": 0.5, "bob": 0.5}
    assert by_rep(plan, prices.rep(place_of(plan, "lock"))) == {"lock": 1, "ann": -0.5, "bob": -0.5}
    assert prices.rep(place_of(plan, "ann")) is None
    by_id = dict(zip(plan.problem.reps.ids, plan_order(plan, prices.rep_price), strict=True))
    assert by_id == {"cap": -0.5, "floor": 0.5, "lock": -0.5, "ann": 0, "bob": 0}


def test_a_cap_whose_rep_would_only_take_from_people_who_stand_lower_costs_nothing() -> None:
    plan = solve(a_problem(300, {"cap": {"max": 200}, "ann": {"min": 100}}), AMOUNT)

    assert not prices_of(plan).rep_price.any()


def test_a_unit_without_reps_and_one_of_nothing_have_no_price() -> None:
    units = {"empty": {}, "none": {"max": 0}}
    plan = solve(a_problem(100, {"ann": {"unit": "none"}, "bob": {"max": 100}}, units), GROWTH)

    prices = prices_of(plan)

    assert prices.target is None
    assert prices.unit_price[node_of(plan, "empty")] == 0
    assert by_rep(plan, prices.unit(node_of(plan, "none"))) == {"ann": 1, "bob": -1}


# Against solving again. Money is in millions of minor units, so that small steps are whole ones.

_SCALE: Final = 10**6


def enlarged(problem: Problem) -> Problem:
    """The same problem in a millionth of the money's unit."""
    reps, units = problem.reps, problem.units

    def amounts(column: IntArray) -> IntArray:
        return np.where((column == NOT_SET) | (column == UNLIMITED), column, column * _SCALE)

    return Problem(
        target=problem.target * _SCALE,
        reps=replace(
            reps,
            baseline=reps.baseline * _SCALE,
            reach=reps.reach * _SCALE,
            potential=reps.potential * _SCALE,
            min=amounts(reps.min),
            max=amounts(reps.max),
            fixed=amounts(reps.fixed),
        ),
        units=replace(
            units, min=amounts(units.min), max=amounts(units.max), target=amounts(units.target)
        ),
    )


@given(problems().map(enlarged), policies)
def test_one_more_of_target_changes_what_solving_again_changes(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)
    price = prices_of(plan).target

    if price is None:
        assert not prices_of(plan).grows
        assert plan.bounds.total == np.minimum(most(plan)[0], UNLIMITED)
    elif step := whole(price):
        total = plan.bounds.total + step
        assert_changes(plan, price, step, moved(plan.bounds, node=0, low=total, high=total))


@given(problems().map(enlarged), policies)
def test_a_unit_that_gives_way_changes_what_solving_again_changes(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)
    prices = prices_of(plan)

    for node in range(1, plan.hierarchy.nodes):
        low, high = int(plan.bounds.unit_min[node]), int(plan.bounds.unit_max[node])
        price = prices.unit(node)
        step = _SCALE // 100 if price is None else whole(price)
        side = int(prices.unit_side[node])
        raised = moved(plan.bounds, node=node, low=low, high=high + step)
        lowered = moved(plan.bounds, node=node, low=max(low - step, 0), high=high)
        for end, after in ((1, raised), (-1, lowered)):
            assert_changes(plan, price if end == side else None, step, after)
        assert_rates(price, prices.unit_price[node])


@given(problems().map(enlarged), policies)
def test_a_rep_s_limit_that_gives_way_changes_what_solving_again_changes(
    problem: Problem, policy: Policy
) -> None:
    plan = solve(problem, policy)
    prices = prices_of(plan)

    for k in range(len(plan.rounded)):
        low, high = int(plan.bounds.lowest[k]), int(plan.bounds.highest[k])
        price = prices.rep(k)
        step = _SCALE // 100 if price is None else whole(price)
        side = int(prices.rep_side[k])
        raised = limited(plan.bounds, k, low, high + step)
        lowered = limited(plan.bounds, k, max(low - step, 0), high)
        for end, after in ((1, raised), (-1, lowered)):
            assert_changes(plan, price if end == side else None, step, after)
        assert_rates(price, prices.rep_price[k])


@given(problems().map(enlarged))
def test_chances_follow_the_target_as_levels_do(problem: Problem) -> None:
    """Here the level is no line: the price is the slope, and small steps come close to it."""
    plan = solve(problem, PROBABILITY)
    price = prices_of(plan).target

    if price is not None:
        carried = float(plan.levels.quota[price.change > 0].sum())
        if step := int(min(whole(price), 1e-5 * carried)):
            total = plan.bounds.total + step
            again = solved_within(plan, moved(plan.bounds, node=0, low=total, high=total))
            change = (again - plan.levels.quota) / step
            np.testing.assert_allclose(change, price.change, rtol=0, atol=1e-3)


def assert_changes(plan: Allocation, price: Price | None, step: int, after: Bounds) -> None:
    scale = plan.scale.laid_out(plan.hierarchy.rep_row)
    again = solved_within(plan, after)
    expected = 0.0 if price is None else step * price.change
    # A millionth of the step, and what float64 leaves of the plan itself.
    slack = 1e-6 * step + 1e-12 * (plan.bounds.total + np.abs(scale.anchor).sum())
    np.testing.assert_allclose(again - plan.levels.quota, expected, rtol=0, atol=slack)


def solved_within(plan: Allocation, bounds: Bounds) -> FloatArray:
    scale = plan.scale.laid_out(plan.hierarchy.rep_row)
    return equalise(plan.hierarchy, bounds, scale.anchor, scale.yardstick, scale.response).quota


def assert_rates(price: Price | None, listed: float) -> None:
    """What is said of all at once is what is said of one."""
    assert listed == pytest.approx(0.0 if price is None else price.around)


def whole(price: Price) -> int:
    """The largest whole step for which the price holds; 0 where that is less than a unit."""
    return int(min(price.range, _SCALE**3))


def plan_order(plan: Allocation, column: FloatArray) -> list[Any]:
    rows = np.empty_like(column)
    rows[plan.hierarchy.rep_row] = column
    return [pytest.approx(value) for value in rows.tolist()]


def moved(bounds: Bounds, *, node: int, low: int, high: int) -> Bounds:
    least, greatest = bounds.unit_min.copy(), bounds.unit_max.copy()
    least[node], greatest[node] = low, high
    return replace(bounds, unit_min=least, unit_max=greatest)


def limited(bounds: Bounds, k: int, low: int, high: int) -> Bounds:
    floor, cap = bounds.lowest.copy(), bounds.highest.copy()
    floor[k], cap[k] = low, high
    return replace(bounds, floor=floor, cap=cap, fixed=np.full_like(floor, NOT_SET))


def most(plan: Allocation) -> IntArray:
    """(m + 1,) the most each node can carry."""
    h, b = plan.hierarchy, plan.bounds
    can = [int(cap) for cap in b.highest]
    found = [0] * h.nodes
    for k, node in enumerate(h.rep_node.tolist()):
        found[node] += can[k]
    for node in range(h.nodes - 1, 0, -1):
        found[node] = min(found[node], int(b.unit_max[node]))
        found[h.parent[node]] += found[node]
    return np.array([min(amount, UNLIMITED) for amount in found])
