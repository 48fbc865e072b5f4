"""Least squares of stretch under rows: the unique plan, found by prices of the rows alone."""

from __future__ import annotations

from threading import Event

import clarabel
import numpy as np
import pytest
from hypothesis import assume, given
from scipy import sparse

from solver.bounds import bounds
from solver.coupled import squares
from solver.coupled.coupling import Coupling, couple
from solver.coupled.dual_function import KEPT, NOTHING, DualFunction, Limits
from solver.coupled.duality import idle_reps
from solver.coupled.interior_point import prices_by_clarabel
from solver.coupled.squares import LeastSquares, least_squares
from solver.errors import SolveStopped, TimeIsUp
from solver.fairness import SCALES, Scale
from solver.hierarchy import Hierarchy, lay_out
from solver.policy import Group, LinearRow, Policy
from solver.problem import UNLIMITED, FloatArray, Problem
from solver.watch import Watch
from tests.solver.builders import a_problem, coupled_problems

type Case = tuple[Hierarchy, Limits, Scale, Coupling]


def a_case(problem: Problem, policy: Policy) -> Case:
    hierarchy = lay_out(problem)
    found = bounds(problem, policy, hierarchy)
    scale = SCALES[policy.fairness](problem.reps)
    limits = Limits(
        found.lowest.astype(float),
        found.highest.astype(float),
        found.unit_min.astype(float),
        np.where(found.unit_max < UNLIMITED, found.unit_max, np.inf),
        float(found.total),
    )
    coupling = couple(problem, policy, hierarchy, found, scale)
    return hierarchy, limits, scale.laid_out(hierarchy.rep_row), coupling


def measured(problem: Problem, policy: Policy) -> Case:
    """The same where everybody has a yardstick to speak of; others are pinned before."""
    case = a_case(problem, policy)
    assume(not idle_reps(case[2].yardstick).any())
    return case


def solved(problem: Problem, policy: Policy) -> LeastSquares:
    return least_squares(*a_case(problem, policy), Watch())


def by_rep(problem: Problem, found: LeastSquares) -> dict[str, float]:
    ids = [problem.reps.ids[row] for row in lay_out(problem).rep_row]
    return dict(zip(ids, found.levels.quota.tolist(), strict=True))


def test_a_group_at_its_maximum_hands_the_rest_to_everybody_else_alike() -> None:
    """200 more over four: 50 each; together two may carry 60 more, so the others carry 70 each."""
    problem = a_problem(600, {key: {"baseline": 100.0, "reach": 50.0} for key in "abcd"})

    found = solved(problem, Policy(groups=(Group("overlay", ("a", "b"), max=260),)))

    assert by_rep(problem, found) == pytest.approx({"a": 130, "b": 130, "c": 170, "d": 170})
    assert found.price == pytest.approx([(30 - 70) / 50])


def test_a_margin_pulls_people_in_proportion_to_their_margins() -> None:
    """Without the row 100 each and a margin of 40; 10 more margin moves ten times 1 : 0 : -1."""
    problem = a_problem(300, {key: {"baseline": 0.0, "reach": 1.0} for key in "abc"})
    row = LinearRow("margin", (("a", 0.3), ("b", 0.2), ("c", 0.1)), min=62)

    found = solved(problem, Policy(rows=(row,)))

    assert by_rep(problem, found) == pytest.approx({"a": 110, "b": 100, "c": 90})


def test_rows_that_bind_nobody_leave_the_plan_of_the_tree() -> None:
    problem = a_problem(600, {key: {"baseline": 100.0, "reach": 50.0} for key in "abcd"})

    found = solved(problem, Policy(groups=(Group("overlay", ("a", "b"), max=300),)))

    assert found.price.tolist() == [0.0]
    assert by_rep(problem, found) == dict.fromkeys("abcd", 150.0)


@given(coupled_problems(yardstick_zero=False))
def test_it_is_the_plan_that_an_interior_point_finds(given: tuple[Problem, Policy]) -> None:
    case = measured(*given)
    plan = least_squares(*case, Watch()).levels.quota
    _, limits, scale, _ = case
    other = _by_interior_point(case)

    def cost(quota: FloatArray) -> float:
        return float(((quota - scale.anchor) ** 2 / scale.yardstick).sum())

    size = cost(np.zeros_like(plan)) + cost(plan) + limits.total / scale.yardstick.mean()
    if other is not None:
        assert cost(plan) <= cost(other) + 1e-6 * size


@given(coupled_problems(yardstick_zero=False))
def test_prices_of_an_interior_point_are_finished_to_the_same_plan(
    given: tuple[Problem, Policy],
) -> None:
    case = measured(*given)
    plan = least_squares(*case, Watch()).levels.quota
    dual = DualFunction(*case)

    again = squares._search(dual, dual.at(prices_by_clarabel(dual, Watch())), Watch())

    assert dual.settled(again)
    assert again.levels.quota == pytest.approx(plan, abs=1e-5 * max(case[1].total, 1))


def _by_interior_point(case: Case) -> FloatArray | None:
    """The same problem written down plainly in money; None where Clarabel is not sure."""
    hierarchy, limits, scale, coupling = case
    money = max(limits.total, 1.0) / len(scale.anchor)
    units = np.zeros((hierarchy.nodes, len(scale.anchor)))
    for node in range(hierarchy.nodes):
        units[node, hierarchy.first[node] : hierarchy.last[node]] = 1
    rows = np.zeros((len(coupling), len(scale.anchor)))
    rows[coupling.row, coupling.rep] = coupling.coefficient
    stacked = np.vstack((units, rows, np.eye(len(scale.anchor))))
    least = np.concatenate((limits.node_min, coupling.min, limits.low))
    most = np.concatenate((limits.node_max, coupling.max, limits.high))
    above, below = most < UNLIMITED, least > -UNLIMITED
    matrix = np.vstack((stacked[above], -stacked[below]))
    limit = np.concatenate((most[above], -least[below])) / money
    weight = scale.yardstick.mean() / scale.yardstick
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix(np.diag(weight)),
        -weight * scale.anchor / money,
        sparse.csc_matrix(matrix),
        limit,
        [clarabel.NonnegativeConeT(len(limit))],
        settings,
    ).solve()
    quota = np.array(solution.x) * money
    kept = matrix @ quota <= limit * money + 1e-7 * money * np.abs(matrix).sum(axis=1)
    return quota if str(solution.status) == "Solved" and kept.all() else None


@given(coupled_problems(yardstick_zero=False))
def test_all_rows_hold_and_a_row_with_a_price_stands_at_its_limit(
    given: tuple[Problem, Policy],
) -> None:
    case = measured(*given)
    found = least_squares(*case, Watch())
    coupling = case[3]
    quota = found.levels.quota
    sums = coupling.sums(quota)
    size = 1 + np.bincount(
        coupling.row, np.abs(coupling.coefficient) * quota[coupling.rep], len(coupling)
    )
    size += np.where(coupling.max < UNLIMITED, np.abs(coupling.max), 0)
    size += np.where(coupling.min > -UNLIMITED, np.abs(coupling.min), 0)
    room = KEPT * size + NOTHING * coupling.largest_coefficient

    assert np.all(sums >= coupling.min - room)
    assert np.all(sums <= coupling.max + room)
    assert np.all((found.price <= 0) | (np.abs(sums - coupling.min) <= 10 * room))
    assert np.all((found.price >= 0) | (np.abs(sums - coupling.max) <= 10 * room))


def test_hundreds_of_rows_over_the_same_people_are_settled() -> None:
    random = np.random.default_rng(3)
    reps = {f"r{k:03}": {"baseline": 100.0, "reach": float(10 + k % 7)} for k in range(300)}
    ids = list(reps)
    plan = dict(zip(ids, (100 + random.integers(0, 40, 300)).tolist(), strict=True))
    groups = []
    for number in range(300):
        chosen = sorted(random.choice(ids, 20, replace=False).tolist())
        total = sum(plan[rep] for rep in chosen)
        groups.append(Group(f"g{number:03}", tuple(chosen), min=total - 5, max=total + 5))
    problem = a_problem(sum(plan.values()), reps)
    case = a_case(problem, Policy(groups=tuple(groups)))

    found = least_squares(*case, Watch())

    sums = case[3].sums(found.levels.quota)
    assert np.all(np.abs(sums - np.clip(sums, case[3].min, case[3].max)) <= 1e-6)


def test_somebody_who_wants_it_no_more_ends_the_search() -> None:
    problem = a_problem(600, {key: {"baseline": 100.0, "reach": 50.0} for key in "abcd"})
    case = a_case(problem, Policy(groups=(Group("overlay", ("a", "b"), max=260),)))
    wanted = Event()
    wanted.set()

    with pytest.raises(SolveStopped):
        least_squares(*case, Watch(stopped=wanted.is_set))
    with pytest.raises(TimeIsUp):
        least_squares(*case, Watch(seconds_left=lambda: 0.0))
