"""What uncertain sales mean for the company, by formulas, and against sales drawn at random."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from solver import simulate as simulation
from solver.allocation import Allocation
from solver.problem import Problem, Reps, Units
from solver.risk import Risk, TotalRisk, risk
from solver.simulate import Simulation, simulate
from solver.solve import solve
from tests.solver.builders import AMOUNT, GROWTH, a_problem, problems, rows

EVEN = {f"r{k:02}": {"sigma": 0.25} for k in range(30)}


def risk_of(plan: Allocation, market_sigma: float = 0.05) -> Risk:
    found = risk(plan, market_sigma)
    assert found is not None
    return found


def drawn(plan: Allocation, *, draws: int, seed: int = 1, market_sigma: float = 0.05) -> Simulation:
    found = simulate(plan, draws=draws, seed=seed, market_sigma=market_sigma)
    assert found is not None
    return found


def company(plan: Allocation, market_sigma: float = 0.05) -> TotalRisk:
    return risk_of(plan, market_sigma).totals[0]


sigmas = st.sampled_from([0.2, 0.3, 0.3, 0.5, 1.0])


@given(st.lists(st.tuples(st.sampled_from([1e2, 1e4, 1e6]), sigmas), min_size=1, max_size=9))
def test_the_swing_of_the_total_is_that_of_the_market_and_of_each_share(
    people: list[tuple[float, float]],
) -> None:
    reps = {f"r{k}": {"baseline": size, "sigma": s} for k, (size, s) in enumerate(people)}
    found = company(solve(a_problem(1_000, reps), AMOUNT), market_sigma=0.2)

    size, sigma = np.array(people).T
    share, market, own = size / size.sum(), 0.2**2, sigma**2 - 0.2**2
    square = np.expm1(market) + np.exp(market) * (share**2 * np.expm1(own)).sum()
    assert found.expected == pytest.approx(size.sum())
    assert found.variation == pytest.approx(np.sqrt(square), rel=1e-9)


@pytest.mark.parametrize("sigma", [1e-9, 0.05, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("market_sigma", [0.05, 0.4])
def test_of_one_rep_the_total_is_the_reps_own(sigma: float, market_sigma: float) -> None:
    plan = solve(a_problem(8_000, {"ann": {"sigma": sigma}}), GROWTH)
    found = risk_of(plan, market_sigma)

    total = found.totals[0]
    own = plan.attainment_probability[0]
    assert total.reaching == pytest.approx(own, abs=1e-9)
    assert found.attaining == own
    assert total.percentiles is not None
    median = 10_000 * np.exp(-(sigma**2) / 2)
    assert total.percentiles[1] == pytest.approx(median, rel=1e-6)
    assert total.percentiles[0] == pytest.approx(median * np.exp(-1.2815515655 * sigma), rel=1e-6)


WORLDS: dict[str, dict[str, dict[str, Any]]] = {
    "one market, even reps": {f"r{k:02}": {"sigma": 0.3} for k in range(30)},
    "one wild rep among calm ones": {
        f"r{k:02}": {"sigma": 1.4 if k == 5 else 0.3} for k in range(12)
    },
    "two unsure reps": {"ann": {"sigma": 0.9}, "bob": {"sigma": 0.6, "baseline": 30_000.0}},
    "few reps": {"ann": {"sigma": 0.5}, "bob": {"sigma": 0.3, "baseline": 30_000.0}},
    "a few large ones": {
        f"r{k:02}": {"baseline": 100_000 / (k + 1), "sigma": 0.2 + 0.1 * (k % 4)}
        for k in range(40)
    },
    "some surer than the market": {
        f"r{k:02}": {"sigma": [1e-9, 0.02, 0.1, 0.4][k % 4]} for k in range(16)
    },
    "everybody surer than the market": {
        f"r{k:02}": {"sigma": [0.01, 0.03][k % 2]} for k in range(4)
    },
}  # fmt: skip
DRAWS = 40_000
FOUR_ERRORS = 4 * np.sqrt(0.25 / DRAWS)
"""Four standard errors of a share of so many draws: .01."""
SHAPE = 0.02
"""What the shape of a total may be off by, as `solver.risk` says."""


@pytest.mark.parametrize("market_sigma", [0.05, 0.25])
@pytest.mark.parametrize("size", [0.85, 1.1])
@pytest.mark.parametrize("world", list(WORLDS))
def test_formulas_match_simulation(world: str, size: float, market_sigma: float) -> None:
    reps = {key: {"unit": "ab"[k % 2], **row} for k, (key, row) in enumerate(WORLDS[world].items())}
    expected = sum(row.get("baseline", 10_000.0) for row in reps.values())
    half = sum(row.get("baseline", 10_000.0) for row in reps.values() if row["unit"] == "a")
    units = {"a": {"target": int(half * size)}, "b": {}}
    plan = solve(a_problem(int(expected * size), reps, units), GROWTH)

    told, counted = risk_of(plan, market_sigma), drawn(plan, draws=DRAWS, market_sigma=market_sigma)

    seen = counted.risk
    assert told.attaining == pytest.approx(seen.attaining, abs=FOUR_ERRORS)
    # The standard error of a standard deviation is less than itself over the root of the draws.
    assert told.attaining_deviation == pytest.approx(seen.attaining_deviation, abs=FOUR_ERRORS)
    assert [total.node for total in told.totals] == [0, 1]
    for own, other in zip(told.totals, seen.totals, strict=True):
        assert own.variation == pytest.approx(other.variation, rel=0.05)
        assert own.reaching == pytest.approx(other.reaching, abs=FOUR_ERRORS + SHAPE)
    for share, amount in zip((0.9, 0.5, 0.1), told.totals[0].percentiles or (), strict=True):
        at_it = drawn(
            solve(a_problem(int(amount), reps, {"a": {}, "b": {}}), GROWTH),
            draws=DRAWS,
            market_sigma=market_sigma,
        ).risk.totals[0]
        assert at_it.reaching == pytest.approx(share, abs=FOUR_ERRORS + SHAPE)


def test_over_assignment_changes_who_attains_and_not_what_the_company_sells() -> None:
    """45 % of 30 reps with a sigma of .25 attain their quotas, and with 10 % more of them 31 %."""
    problem = a_problem(300_000, EVEN)

    plain, padded = (
        risk_of(solve(problem, replace(GROWTH, over_assignment=h))) for h in (0.0, 0.1)
    )

    assert padded.totals == plain.totals
    assert plain.attaining == pytest.approx(0.450, abs=5e-4)
    assert padded.attaining == pytest.approx(0.306, abs=5e-4)
    assert plain.totals[0].reaching == pytest.approx(0.486, abs=5e-4)


def test_sixty_per_cent_attain_where_quotas_are_eighty_nine_per_cent_of_expected_sales() -> None:
    reps = {f"r{k:02}": {"sigma": 0.3} for k in range(30)}

    found = risk_of(solve(a_problem(int(0.886 * 300_000), reps), GROWTH))

    assert found.attaining == pytest.approx(0.6, abs=1e-3)


def test_the_more_the_market_moves_the_more_attain_or_miss_together() -> None:
    plan = solve(a_problem(300_000, EVEN), GROWTH)

    deviations = [risk_of(plan, market).attaining_deviation for market in (1e-6, 0.1, 0.2, 0.25)]

    share = risk_of(plan).attaining
    alone, together = np.sqrt(share * (1 - share) / 30), np.sqrt(share * (1 - share))
    assert deviations == sorted(deviations)
    assert deviations[0] == pytest.approx(alone, rel=1e-6)
    assert deviations[-1] == pytest.approx(together, rel=0.01)


def test_without_any_sigma_nothing_is_known_of_risk() -> None:
    plan = solve(a_problem(20_000, ["ann", "bob"]), GROWTH)

    assert risk(plan) is None
    assert simulate(plan, draws=10, seed=1) is None


def test_totals_are_told_where_everybody_below_has_a_sigma() -> None:
    reps = {
        "ann": {"unit": "west", "sigma": 0.3}, "bob": {"unit": "east"},
        "cyn": {"unit": "west", "sigma": 0.3},
    }  # fmt: skip
    units = {"west": {"target": 20_000}, "east": {"target": 10_000}, "void": {"target": 0}}
    plan = solve(a_problem(30_000, reps, units), AMOUNT)

    for found in (risk_of(plan), drawn(plan, draws=1_000).risk):
        assert (found.reps, found.known) == (3, 2)
        told = {
            plan.problem.units.ids[plan.hierarchy.unit_row[t.node]]: t for t in found.totals[1:]
        }
        assert (found.totals[0].expected, found.totals[0].known) == (30_000, 2)
        for total in (found.totals[0], told["east"]):
            assert (total.variation, total.reaching, total.percentiles) == (None, None, None)
        assert told["west"].reaching == pytest.approx(0.45, abs=0.05)
        assert told["west"].percentiles is not None
        assert (told["void"].expected, told["void"].variation, told["void"].reaching) == (
            0,
            None,
            1,
        )


def test_totals_that_some_wild_reps_decide_have_no_shape_that_could_be_told() -> None:
    reps = {f"r{k}": {"sigma": 2.0} for k in range(4)}
    plan = solve(a_problem(40_000, reps), AMOUNT)

    found = company(plan)
    assert (found.reaching, found.percentiles) == (None, None)
    assert found.variation == pytest.approx(np.sqrt(np.expm1(4) / 4), rel=0.01)
    counted = drawn(plan, draws=2_000).risk.totals[0]
    assert counted.reaching is not None
    assert counted.percentiles is not None


@pytest.mark.parametrize("sigma", [50.0, 1e200, np.inf])
def test_who_is_as_good_as_never_known_to_sell_leaves_the_total_to_the_others(
    sigma: float,
) -> None:
    """The total has a standard deviation beyond every number, and chances of its own."""
    plan = solve(a_problem(20_000, {"ann": {"sigma": sigma}, "bob": {"sigma": 0.3}}), AMOUNT)

    found = risk_of(plan)

    alone = float(ndtr((np.log(0.5) - 0.045) / 0.3))
    assert found.totals[0].variation is None
    assert found.totals[0].reaching == pytest.approx(alone, rel=1e-2)
    assert 0 <= found.attaining <= 1


@pytest.mark.parametrize(("target", "reaching"), [(0, 1), (1, 0)])
def test_who_expects_nothing_reaches_nothing_and_no_more(target: int, reaching: float) -> None:
    reps = {"ann": {"baseline": 0.0, "sigma": 0.3}, "bob": {"baseline": 0.0, "sigma": 0.3}}
    plan = solve(a_problem(target, reps), AMOUNT)

    for found in (risk_of(plan), drawn(plan, draws=100).risk):
        total = found.totals[0]
        assert (total.expected, total.variation, total.reaching) == (0, None, reaching)
        assert list(total.percentiles or ()) == [0, 0, 0]
        assert found.attaining == (1 if target == 0 else 0.5)


@pytest.mark.parametrize("market_sigma", [0.0, -0.1, np.inf, np.nan])
def test_a_market_without_a_sigma_is_refused(market_sigma: float) -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        risk(solve(a_problem(300_000, EVEN), GROWTH), market_sigma)


@given(problems(), st.randoms(use_true_random=False))
def test_27_the_order_of_rows_changes_no_figure_of_formulas_or_draws(
    problem: Problem, random: Any
) -> None:
    reps, units = (list(table.items()) for table in rows(problem))
    random.shuffle(reps)
    random.shuffle(units)
    shuffled = a_problem(problem.target, dict(reps), dict(units), problem.increment)

    plan, again = solve(problem, GROWTH), solve(shuffled, GROWTH)

    assert risk(plan) == risk(again)
    one, other = drawn(plan, draws=50, seed=9), drawn(again, draws=50, seed=9)
    assert one.risk == other.risk
    assert by_rep(plan, one) == by_rep(again, other)


def by_rep(plan: Allocation, found: Simulation) -> dict[str, float]:
    return dict(zip(plan.problem.reps.ids, found.attained.tolist(), strict=True))


def test_the_seed_decides_what_is_drawn_and_the_size_of_a_block_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = solve(a_problem(300_000, EVEN), GROWTH)
    whole, other = (drawn(plan, draws=500, seed=seed).risk for seed in (1, 2))

    monkeypatch.setattr(simulation, "_AT_ONCE", 7 * 30)

    assert whole != other
    cut = drawn(plan, draws=500, seed=1).risk
    assert cut.totals == whole.totals
    assert cut.attaining == pytest.approx(whole.attaining, rel=1e-12)


def test_a_hundred_thousand_reps_are_drawn_in_blocks() -> None:
    """All amounts of 200 draws at once would be 160 MB, and there are several such arrays."""
    count = 100_000
    reps = Reps.of(
        [f"r{k:06}" for k in range(count)],
        baseline=np.full(count, 1e6), reach=np.full(count, 1e6), sigma=np.full(count, 0.3),
    )  # fmt: skip
    plan = solve(Problem(target=10**11, reps=reps, units=Units.of([])), GROWTH)
    assert plan.attainment_probability[0] == pytest.approx(ndtr(-0.15))

    tracemalloc.start()
    found = drawn(plan, draws=200).risk
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100e6
    assert found.totals[0].variation == pytest.approx(0.05, rel=0.25)
