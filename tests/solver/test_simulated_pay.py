"""What reps are paid in years drawn at random, against the closed form, and how sure figures are"""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.drawn import (
    drawn_deviation,
    drawn_mean,
    drawn_percentiles,
    drawn_share,
    error_of_share,
)
from solver.errors import SolveStopped, TimeIsUp
from solver.pay import PayCurve
from solver.problem import Problem, Reps, Units
from solver.simulate import PaidOut, Simulation, TargetPay, simulate
from solver.solve import solve
from solver.watch import Watch
from tests.solver.builders import AMOUNT, GROWTH, a_problem

DRAWS = 20_000
CURVES = {
    "proportional": PayCurve.of([(0, 0), (1, 1)], beyond=1),
    "threshold, accelerator and cap": PayCurve.of([(0.5, 0), (1, 1), (1.5, 2)]),
    "steps": PayCurve.of([(0.6, 0.3), (1, 0.8), (1, 1), (1.2, 1)], beyond=3),
    "everything at the quota": PayCurve.of([(1, 1)]),
}


def a_plan(**sigmas: float) -> Allocation:
    """Everybody expects 10,000, and carries 9,500."""
    reps: dict[str, Any] = {key: {"sigma": sigma} for key, sigma in sigmas.items()}
    return solve(a_problem(9_500 * len(reps), reps), GROWTH)


def paid_out(
    plan: Allocation, curve: PayCurve, amount: Any = 1_000.0, **options: Any
) -> tuple[Simulation, PaidOut]:
    amounts = np.full(len(plan.problem.reps), amount, dtype=float)
    settings = {"draws": DRAWS, "seed": 31, **options}
    found = simulate(plan, pay=TargetPay(curve, amounts), **settings)
    assert found is not None
    assert found.pay is not None
    return found, found.pay


@pytest.mark.parametrize("market_sigma", [0.05, 0.25])
@pytest.mark.parametrize("name", CURVES)
def test_31_expected_pay_is_what_the_draws_pay(name: str, market_sigma: float) -> None:
    """Within four standard errors, for the whole company too."""
    plan = a_plan(ann=0.1, bob=0.3, cyd=0.6, dan=1.0)
    curve, reps = CURVES[name], plan.problem.reps
    amount = np.array([1_000.0, 2_000.0, 0.0, 500.0])

    _, paid = paid_out(plan, curve, amount, market_sigma=market_sigma)

    expected = curve.expected(plan.quota.astype(float), reps.baseline, reps.sigma)
    errors = paid.deviation / np.sqrt(DRAWS)
    assert np.all(np.abs(paid.mean - expected) < 4 * errors)
    cost = drawn_mean(paid.total)
    assert cost.value == pytest.approx(amount @ expected, abs=4 * cost.error)


def test_pay_in_proportion_swings_as_sales_do() -> None:
    plan = a_plan(ann=0.3)

    found, paid = paid_out(plan, CURVES["proportional"])

    assert paid.total == pytest.approx(found.total[0] / 9_500 * 1_000)
    assert paid.deviation[0] == pytest.approx(found.total[0].std() / 9_500)


def test_a_market_that_is_one_for_all_makes_the_cost_of_pay_swing_more() -> None:
    plan = a_plan(**{f"r{k:02}": 0.3 for k in range(30)})

    calm, wild = (
        paid_out(plan, CURVES["steps"], market_sigma=market)[1] for market in (0.05, 0.29)
    )

    assert wild.total.std() > 2 * calm.total.std()
    assert wild.total.mean() == pytest.approx(calm.total.mean(), rel=0.05)


def test_who_has_no_sigma_is_paid_nothing_that_could_be_told() -> None:
    plan = solve(a_problem(20_000, {"ann": {"sigma": 0.3}, "bob": {}}), AMOUNT)

    found, paid = paid_out(plan, CURVES["proportional"])

    assert np.isnan(paid.mean).tolist() == np.isnan(paid.deviation).tolist() == [False, True]
    assert paid.total == pytest.approx(found.total[0] / 10_000 * 1_000)


def test_whose_target_pay_is_not_stated_costs_nothing_and_is_told_in_shares() -> None:
    plan = a_plan(ann=0.3, bob=0.3)

    _, both = paid_out(plan, CURVES["proportional"], [1_000.0, 0.0])
    _, one = paid_out(plan, CURVES["proportional"], [1_000.0, np.nan])

    assert np.array_equal(one.total, both.total)
    assert one.mean.tolist() == both.mean.tolist()


def test_a_curve_changes_nothing_of_what_is_drawn() -> None:
    plan = a_plan(ann=0.3, bob=0.6)

    with_pay, _ = paid_out(plan, CURVES["steps"], draws=500)
    without = simulate(plan, draws=500, seed=31)

    assert without is not None
    assert without.pay is None
    assert without.risk == with_pay.risk
    assert np.array_equal(without.total, with_pay.total)
    assert np.array_equal(without.share, with_pay.share)


def test_somebody_without_a_quota_is_paid_the_target_pay_every_year() -> None:
    reps = {"ann": {"sigma": 0.3, "fixed": 0}, "bob": {"sigma": 0.3}}
    plan = solve(a_problem(10_000, reps), AMOUNT)

    _, paid = paid_out(plan, CURVES["steps"], draws=200)

    assert (paid.mean[0], paid.deviation[0]) == (1, 0)


@given(st.permutations(range(5)))
def test_the_order_of_rows_changes_nothing_that_is_paid(order: list[int]) -> None:
    reps = {f"r{k}": {"sigma": 0.1 + 0.1 * k, "baseline": 5_000.0 + 777 * k} for k in range(5)}
    amounts = dict(zip(reps, (100.0, 200.0, 333.0, 0.0, 77.7), strict=True))
    shuffled = {f"r{k}": reps[f"r{k}"] for k in order}

    (_, one), (_, other) = (
        paid_out(
            solve(a_problem(30_000, rows), GROWTH),
            CURVES["steps"],
            [amounts[key] for key in rows],
            draws=60,
        )
        for rows in (reps, shuffled)
    )

    assert np.array_equal(one.total, other.total)
    assert one.mean[order].tolist() == other.mean.tolist()


def test_a_caller_can_end_the_draws() -> None:
    plan = a_plan(ann=0.3)

    with pytest.raises(TimeIsUp):
        simulate(plan, draws=10, seed=1, watch=Watch(seconds_left=lambda: 0.0))
    with pytest.raises(SolveStopped):
        simulate(plan, draws=10, seed=1, watch=Watch(stopped=lambda: True))


def years(seed: int, draws: int = 400, repeats: int = 2_000) -> Any:
    """Many simulations of a skewed figure, to see how far each lies from the truth."""
    return np.exp(0.5 * np.random.default_rng(seed).standard_normal((repeats, draws)))


@pytest.mark.parametrize(
    "figure",
    [
        drawn_mean,
        drawn_deviation,
        lambda of: drawn_percentiles(of, (0.1,))[0],
        lambda of: drawn_percentiles(of, (0.9,))[0],
        lambda of: drawn_share(float((of >= 1.5).mean()), len(of)),
    ],
    ids=["mean", "deviation", "p10", "p90", "share"],
)
def test_the_error_of_a_figure_is_how_far_it_strays(figure: Any) -> None:
    """Over 2,000 simulations, to a tenth: the error that is told is that of a typical one."""
    found = [figure(of) for of in years(1)]

    strayed = np.std([each.value for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(strayed, rel=0.1)


def test_what_never_happened_is_not_told_to_be_impossible() -> None:
    never, always = error_of_share(np.array([0.0, 1.0]), 100).tolist()

    assert [never, always] == pytest.approx([0.00985] * 2, abs=1e-5)
    assert np.isnan(error_of_share(np.array([np.nan]), 100)).all()


def test_what_is_always_the_same_has_no_error() -> None:
    same = np.full(50, 7.0)

    assert drawn_mean(same).error == drawn_deviation(same).error == 0
    assert [of.error for of in drawn_percentiles(same, (0.1, 0.5))] == [0, 0]


def test_padding_quotas_lowers_pay_and_not_sales() -> None:
    """30 reps with 10 % more quota: the same sales, and less pay for them."""
    problem = a_problem(300_000, {f"r{k:02}": {"sigma": 0.25} for k in range(30)})

    (plain, paid), (padded, less) = (
        paid_out(solve(problem, replace(GROWTH, over_assignment=h)), CURVES["steps"], draws=2_000)
        for h in (0.0, 0.1)
    )

    assert np.array_equal(plain.total, padded.total)
    assert less.total.mean() < 0.9 * paid.total.mean()


def test_a_hundred_thousand_reps_are_paid_in_little_memory() -> None:
    """What 200 draws pay would be 160 MB in one piece."""
    count = 100_000
    reps = Reps.of(
        [f"r{k:06}" for k in range(count)],
        baseline=np.full(count, 1e6), reach=np.full(count, 1e6), sigma=np.full(count, 0.3),
    )  # fmt: skip
    plan = solve(Problem(target=10**11, reps=reps, units=Units.of([])), GROWTH)

    tracemalloc.start()
    _, paid = paid_out(plan, CURVES["steps"], draws=200)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100e6
    expected = CURVES["steps"].expected(np.full(1, 1e6), np.full(1, 1e6), np.full(1, 0.3))
    assert paid.mean.mean() == pytest.approx(expected[0], rel=0.03)
