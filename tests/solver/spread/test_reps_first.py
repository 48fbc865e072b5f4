"""Quotas first, then their table; and quotas that give way so that there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from solver.errors import InfeasibleProblem, InvalidProblem
from solver.policy import Policy
from solver.problem import FloatArray, IntArray, Problem, Reps, Units
from solver.solve import solve
from solver.spread.errors import CannotSpread
from solver.spread.reps_first import solve_and_spread
from tests.solver.builders import a_problem

EASY, HARD = (0, 1, 2), (9, 12, 24, 27, 33)
"""Numbers of `specialists` whose even plan can be spread, and cannot."""


@dataclass(frozen=True)
class Case:
    problem: Problem
    seed: FloatArray
    columns: IntArray
    low: IntArray
    high: IntArray

    @property
    def limits(self) -> dict[str, Any]:
        return {"low": self.low, "high": self.high}


def specialists(number: int, reps: int = 30, products: int = 6) -> Case:
    """A company most of whose reps sell a few products only, while the products' totals shift."""
    random = np.random.default_rng(number)
    baseline = np.rint(random.lognormal(10, 0.7, reps))
    reach = np.rint(baseline * random.uniform(0.03, 0.15, reps))
    sells = random.random((reps, products)) < np.where(random.random((reps, 1)) < 0.8, 0.5, 1.0)
    sells[~sells.any(axis=1), 0] = True
    mix = random.dirichlet(np.full(products, 3.0), reps) * sells
    seed = mix / mix.sum(axis=1, keepdims=True) * (baseline + reach)[:, None]
    low, high = np.floor(seed * 0.63).astype(np.int64), np.ceil(seed * 1.43).astype(np.int64)
    shifted = seed * random.uniform(0.75, 1.25, seed.shape) * random.uniform(0.7, 1.3, products)
    witness = np.clip(np.rint(shifted).astype(np.int64), low, high)
    ids = [f"r{place:02}" for place in random.permutation(reps)]
    problem = Problem(
        target=int(witness.sum()),
        reps=Reps.of(ids, baseline=baseline, reach=reach),
        units=Units.of([]),
    )
    return Case(problem, seed, witness.sum(axis=0), low, high)


def least_largest_stretch(case: Case) -> float:
    """The same by one linear programme over all cells: what reps-first must reach."""
    n, k = case.seed.shape
    reps = case.problem.reps
    cells = np.arange(n * k)
    stretch = sparse.lil_array((n, n * k + 1))
    stretch[cells // k, cells] = 1.0
    stretch[:, [-1]] = -reps.reach[:, None]
    margins = sparse.lil_array((k, n * k + 1))
    margins[cells % k, cells] = 1.0
    limits = [*zip(case.low.ravel().tolist(), case.high.ravel().tolist(), strict=True)]
    cost = np.append(np.zeros(n * k), 1.0)
    by_highs: Any = linprog
    found = by_highs(
        cost,
        A_ub=stretch.tocsr(),
        b_ub=reps.baseline,
        A_eq=margins.tocsr(),
        b_eq=case.columns,
        bounds=[*limits, (None, None)],
    )
    return float(found.fun)


@pytest.mark.parametrize("number", [*EASY, *HARD])
def test_reps_first_stretches_nobody_further_than_one_programme_over_all_cells(
    number: int,
) -> None:
    case = specialists(number)

    plan = solve_and_spread(case.problem, Policy(), case.seed, case.columns, **case.limits)

    assert plan.allocation.stretch.max() == pytest.approx(least_largest_stretch(case), abs=1e-8)
    cells = plan.table.cells
    assert cells.sum(axis=1).tolist() == plan.allocation.quota.tolist()
    assert cells.sum(axis=0).tolist() == case.columns.tolist()
    assert np.all((case.low <= cells) & (cells <= case.high))


@pytest.mark.parametrize("number", HARD)
def test_cuts_are_rules_that_tell_the_same_plan_again(number: int) -> None:
    case = specialists(number)
    plan = solve_and_spread(case.problem, Policy(), case.seed, case.columns, **case.limits)

    again = solve(case.problem, Policy(rows=plan.cuts))

    assert len(plan.cuts) >= 2
    assert [row.id for row in plan.cuts] == [f"spread-{k + 1}" for k in range(len(plan.cuts))]
    assert again.quota.tolist() == plan.allocation.quota.tolist()


def test_two_specialists_carry_no_more_than_their_product() -> None:
    problem = a_problem(330_00, ["a", "b", "c"])
    seed = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    plan = solve_and_spread(problem, Policy(), seed, np.array([200_00, 130_00]))

    assert plan.allocation.quota.tolist() == [100_00, 100_00, 130_00]
    assert plan.table.cells.tolist() == [[100_00, 0], [100_00, 0], [0, 130_00]]
    assert plan.cuts[0].coefficients == (("c", 1.0),)
    assert plan.cuts[0].min == 130_00


def test_the_order_of_reps_does_not_matter() -> None:
    case = specialists(HARD[0])
    order = np.random.default_rng(1).permutation(30)
    reps = case.problem.reps
    shuffled = Reps.of(
        [reps.ids[row] for row in order], baseline=reps.baseline[order], reach=reps.reach[order]
    )
    problem = Problem(target=case.problem.target, reps=shuffled, units=Units.of([]))
    limits: dict[str, Any] = {"low": case.low[order], "high": case.high[order]}

    one = solve_and_spread(case.problem, Policy(), case.seed, case.columns, **case.limits)
    other = solve_and_spread(problem, Policy(), case.seed[order], case.columns, **limits)

    assert np.array_equal(other.table.cells, one.table.cells[order])
    assert np.array_equal(other.table.exact, one.table.exact[order])


def test_a_cut_that_contradicts_a_lock_is_named_in_the_conflict() -> None:
    problem = a_problem(300_00, {"a": {"fixed": 150_00}, "b": {"fixed": 100_00}, "c": {}})
    seed = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    with pytest.raises(InfeasibleProblem) as caught:
        solve_and_spread(problem, Policy(), seed, np.array([200_00, 100_00]))

    rules = {str(rule) for rule in caught.value.infeasibility.conflict}
    assert any("row:spread-1" in rule for rule in rules)


def test_a_product_that_nobody_sells_cannot_be_spread_whatever_quotas_are() -> None:
    problem = a_problem(200_00, ["a", "b"])
    seed = np.array([[1.0, 0.0], [1.0, 0.0]])

    with pytest.raises(CannotSpread) as caught:
        solve_and_spread(problem, Policy(), seed, np.array([150_00, 50_00]))

    assert caught.value.whatever_rows_carry


def test_columns_that_are_not_what_is_assigned_are_refused() -> None:
    problem = a_problem(200_00, ["a", "b"])

    with pytest.raises(InvalidProblem, match="columns: add up to 19,000"):
        solve_and_spread(problem, Policy(), np.ones((2, 2)), np.array([100_00, 90_00]))
