"""Prices where rules cut across the tree, checked by solving both stages again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import assume, given
from scipy.optimize import linprog

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.coupled.dual_function import Limits
from solver.coupled.squares import least_squares
from solver.errors import TimeIsUp
from solver.fairness import SCALES, Scale
from solver.hierarchy import Hierarchy, lay_out
from solver.policy import Group, Parity, Policy
from solver.prices.coupled import CoupledPrices
from solver.prices.on_the_tree import Price
from solver.prices.standing import Standing
from solver.problem import NOT_SET, UNLIMITED, FloatArray, IntArray, Problem
from solver.watch import Watch
from tests.solver.builders import (
    AMOUNT,
    GROWTH,
    a_problem,
    coupled_problems,
    coupling_of,
    limits_of,
)


@dataclass(frozen=True)
class Case:
    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale
    coupling: Coupling

    @classmethod
    def of(cls, problem: Problem, policy: Policy, size: int = 1) -> Case:
        """`size` turns one minor unit into so many."""
        h = lay_out(problem)
        scale = SCALES[policy.fairness](problem.reps).laid_out(h.rep_row)
        b, c = limits_of(problem, policy), coupling_of(problem, policy)

        def larger(column: Any) -> Any:
            return np.where((np.abs(column) < UNLIMITED) & (column != -1), column * size, column)

        b = replace(b, floor=larger(b.floor), cap=larger(b.cap), fixed=larger(b.fixed),
                    unit_min=b.unit_min * size, unit_max=larger(b.unit_max))  # fmt: skip
        c = replace(c, min=larger(c.min), max=larger(c.max), even=c.even * [size, 1])
        c = c.at(b.total)
        return cls(h, b, Scale(scale.anchor * size, scale.yardstick * size), c)

    def with_target(self, step: int) -> Case:
        """So much more to assign."""
        moved = self.with_node(0, 1, step).with_node(0, -1, -step)
        return replace(moved, coupling=self.coupling.at(self.bounds.total + step))

    def with_node(self, node: int, side: int, step: int) -> Case:
        """The node's maximum (side 1) raised by a step, or its minimum (side -1) lowered by one."""
        b = self.bounds
        least, most = widened(b.unit_min, b.unit_max, node, side * step, side)
        return replace(self, bounds=replace(b, unit_min=least, unit_max=most))

    def with_row(self, row: int, side: int, step: int) -> Case:
        c = self.coupling
        least, most = widened(c.min, c.max, row, side * step, side)
        return replace(self, coupling=replace(c, min=least, max=most))

    def with_rep(self, rep: int, side: int, step: int) -> Case:
        b = self.bounds
        least, most = widened(b.lowest, b.highest, rep, side * step, side)
        free = np.full_like(least, NOT_SET)
        return replace(self, bounds=replace(b, floor=least, cap=most, fixed=free))


def widened(
    least: IntArray, most: IntArray, place: int, step: int, side: int
) -> tuple[IntArray, IntArray]:
    moved = np.zeros_like(least)
    moved[place] = step
    return (least, most + moved) if side > 0 else (least + moved, most)


def stage_one(case: Case) -> tuple[float, FloatArray, FloatArray]:
    """t* by an LP of the textbook, and its prices of nodes and rows."""
    h, b, c, scale = case.hierarchy, case.bounds, case.coupling, case.scale
    money = max(1.0, float(b.total))
    n, typical = len(scale.anchor), scale.typical(b.total)
    sums = np.zeros((h.nodes, n))
    for node in range(h.nodes):
        sums[node, h.first[node] : h.last[node]] = 1
    rows = np.zeros((len(c), n))
    rows[c.row, c.rep] = c.coefficient
    ends = [(sums[v], b.unit_min[v], b.unit_max[v]) for v in range(h.nodes)]
    ends += [(rows[k], c.min[k], c.max[k]) for k in range(len(c))]
    lines, limits, which = [], [], []
    for number, (line, least, most) in enumerate(ends):
        for sign, limit in ((1, most), (-1, least)):
            if abs(limit) < UNLIMITED:
                lines.append(np.append(sign * line, 0))
                limits.append(sign * limit / money)
                which.append((number, sign))
    lines += [np.append(np.eye(n)[i], -scale.yardstick[i] * typical / money) for i in range(n)]
    limits += [*(scale.anchor / money)]
    highest = [None if cap >= UNLIMITED else cap / money for cap in b.highest.tolist()]
    boxes = [*zip((b.lowest / money).tolist(), highest, strict=True), (None, None)]
    answer = linprog(np.append(np.zeros(n), 1), np.array(lines), limits, bounds=boxes)
    assert answer.status == 0
    marginals: Any = answer.ineqlin.marginals
    x: Any = answer.x
    rise = np.zeros(len(ends))
    for (number, sign), price in zip(which, marginals, strict=False):
        rise[number] += sign * price * typical / money
    return float(x[-1]) * typical, rise[: h.nodes], rise[h.nodes :]


def solved(case: Case) -> CoupledPrices:
    """Both stages, and the prices of their plan."""
    top, nodes, rows = stage_one(case)
    b = case.bounds
    room = 1e-11 * max(abs(top), case.scale.typical(b.total))
    low = b.lowest.astype(float)
    limits = Limits(
        low=low,
        high=np.maximum(np.minimum(b.highest, case.scale.at(top + room)), low),
        node_min=b.unit_min.astype(float),
        node_max=np.where(b.unit_max < UNLIMITED, b.unit_max, np.inf),
        total=float(b.total),
    )
    found = least_squares(case.hierarchy, limits, case.scale, case.coupling, Watch())
    standing = Standing(
        case.hierarchy, b, found.levels, case.scale, case.coupling, found.price, top
    )
    return CoupledPrices(standing, nodes, rows)


def by_rep(problem: Problem, prices: CoupledPrices, price: Price | None) -> dict[str, Any]:
    """Who carries how much more, by id; nobody who carries the same."""
    assert price is not None
    order = prices.plan.hierarchy.rep_row.tolist()
    pairs = zip([problem.reps.ids[row] for row in order], price.change.tolist(), strict=True)
    return {rep: pytest.approx(change) for rep, change in pairs if abs(change) > 1e-9}


def test_a_group_at_its_maximum_carries_none_of_what_is_more() -> None:
    problem = a_problem(1_000, ["ann", "bob", "cid", "dan"])
    policy = replace(AMOUNT, groups=(Group("overlay", ("ann", "bob"), 0, 400),))
    prices = solved(Case.of(problem, policy))

    assert by_rep(problem, prices, prices.target) == {"cid": 0.5, "dan": 0.5}
    relieved = {"ann": 0.5, "bob": 0.5, "cid": -0.5, "dan": -0.5}
    assert by_rep(problem, prices, prices.row(0)) == relieved
    assert prices.row_side.tolist() == [1]


def test_raising_the_limit_of_a_group_helps_until_everybody_carries_the_same() -> None:
    problem = a_problem(1_000, ["ann", "bob", "cid", "dan"])
    policy = replace(AMOUNT, groups=(Group("overlay", ("ann", "bob"), 0, 400),))

    price = solved(Case.of(problem, policy)).row(0)

    assert price is not None
    assert price.range == pytest.approx(100)
    assert price.around == pytest.approx(-0.5)


def test_peers_at_the_edge_of_their_balance_take_part_in_what_is_more() -> None:
    reps = {"ann": {"max": 50}, "bob": {}, "cid": {}, "dan": {}}
    problem = replace(a_problem(400, reps), cohorts={"role": ("a", "a", "b", "b")})
    prices = solved(Case.of(problem, replace(AMOUNT, parity=(Parity("role", 0.1),))))

    # The even share of each role is half: one more of target lets role a fall short by 0.45.
    more = {"bob": 0.45, "cid": 0.275, "dan": 0.275}
    assert by_rep(problem, prices, prices.target) == more


def test_a_rule_that_is_not_met_costs_nothing_and_is_not_asked_for() -> None:
    problem = a_problem(300, ["ann", "bob", "cid"])
    policy = replace(GROWTH, groups=(Group("overlay", ("ann", "bob"), 0, 250),))
    prices = solved(Case.of(problem, policy))

    assert prices.row(0) is None
    third = 1 / 3
    assert by_rep(problem, prices, prices.target) == {"ann": third, "bob": third, "cid": third}


def test_a_unit_at_its_maximum_relieves_those_who_stand_outside_of_it_and_the_group() -> None:
    reps = {"ann": {"unit": "west"}, "bob": {"unit": "west"}, "cid": {}, "dan": {}, "eve": {}}
    problem = a_problem(1_000, reps, {"west": {"max": 300}, "east": {"max": 900}})
    policy = replace(AMOUNT, groups=(Group("overlay", ("eve",), 0, 200),))
    prices = solved(Case.of(problem, policy))

    assert prices.plan.firm
    assert prices.unit_price.tolist() == [0, 0, pytest.approx(-1 / 2)]  # east, west


def test_looking_for_the_prices_of_many_units_ends_with_the_time() -> None:
    """Forty units of five at their maximum; of many more they take seconds."""
    units = {f"u{k}": {"max": 300} for k in range(40)}
    reps = {f"r{k}-{j}": {"unit": f"u{k}"} for k in range(40) for j in range(5)}
    problem = a_problem(13_000, reps | {"bob": {}, "eve": {}}, units)
    policy = replace(AMOUNT, groups=(Group("overlay", ("eve",), 0, 200),))
    prices = solved(Case.of(problem, policy))
    assert np.count_nonzero(prices.unit_side) == 40

    with pytest.raises(TimeIsUp):
        prices.unit_prices(Watch(seconds_left=lambda: 0.0))

    assert prices.unit_price[prices.unit_side != 0] == pytest.approx(-1)  # it relieves bob


def test_a_target_that_the_rules_let_nobody_carry_more_of_has_no_price() -> None:
    problem = a_problem(300, {"ann": {}, "bob": {"max": 100}})
    policy = replace(AMOUNT, groups=(Group("overlay", ("ann",), 0, 200),))

    assert solved(Case.of(problem, policy)).target is None


# Against solving both stages again. Money is in millions of minor units.

_SIZE: Final = 10**6


@given(coupled_problems(yardstick_zero=False))
def test_whatever_has_a_price_changes_the_plan_as_solving_again_does(
    stated: tuple[Problem, Policy],
) -> None:
    case = Case.of(*stated, size=_SIZE)
    assume(case.bounds.total and case.scale.yardstick.min() > 1e-6 * case.scale.yardstick.mean())
    prices = solved(case)

    compare(prices, prices.target, case.with_target)
    for v, side in enumerate(prices.unit_side.tolist()):
        compare(prices, prices.unit(v), partial(case.with_node, v, side))
    for k, side in enumerate(prices.row_side.tolist()):
        compare(prices, prices.row(k), partial(case.with_row, k, side))
    for i, side in enumerate(prices.rep_side.tolist()):
        compare(prices, prices.rep(i), partial(case.with_rep, i, side))


@given(coupled_problems(yardstick_zero=False))
def test_all_units_together_have_the_prices_of_each(stated: tuple[Problem, Policy]) -> None:
    case = Case.of(*stated, size=_SIZE)
    assume(case.bounds.total and case.scale.yardstick.min() > 1e-6 * case.scale.yardstick.mean())
    prices = solved(case)

    each = [prices.unit(node) for node in range(case.hierarchy.nodes)]

    sides = prices.unit_side.tolist()
    told = [np.nan if side else 0.0 for side in sides]
    told = [one if price is None else price.around for one, price in zip(told, each, strict=True)]
    np.testing.assert_allclose(prices.unit_price, told, rtol=1e-6, atol=1e-15)


def compare(prices: CoupledPrices, price: Price | None, moved: Callable[[int], Case]) -> None:
    step = 0 if price is None else int(min(price.range / 2, 1e9))
    if price is None or step < _SIZE // 1000:
        return
    again = solved(moved(step)).plan.levels.quota
    change = (again - prices.plan.levels.quota) / step
    # What float64 and the LP leave of the plan, and parities' limits on whole minor units.
    slack = 1e-6 + 1e-9 * prices.plan.bounds.total / step + 4 / step
    np.testing.assert_allclose(change, price.change, rtol=0, atol=slack)
