"""The invariants that concern the estimate, by their numbers in the design, parameters frozen.

Frozen: what was learned once (beta, rho, weights, theta, the top index) is used again, as it is
stored with a version, and the company's total is the owner's forecast.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.estimate import Absences, Estimate, Evidence, Parameters, SalesHistory, estimate
from solver.estimate.learning import RATCHET_CAP
from solver.policy import Policy
from solver.problem import FloatArray, Problem, Reps, Units
from solver.solve import solve
from tests.solver.estimate.company import START, Actual, a_company, month, year
from tests.solver.estimate.worlds import a_world, levels, noise_around

YEARS = 4
FROZEN = estimate(
    a_world(
        noise_around(1, 6, levels(2, 40, 0.4), 0.2),
        potential=np.exp(np.random.default_rng(3).normal(0.0, 0.5, 40)),
        beta=0.8,
    )
).parameters
"""Learned in another company."""

sizes = st.lists(st.floats(50_000, 1e6), min_size=3, max_size=8)


def a_team(sold: list[float], *, potential: list[float], factor: float = 1.0) -> Evidence:
    """Four years of the same sales; the first rep's last year is `factor` times what it was."""
    history = [
        (f"r{rep}", START - 1 - 12 * age - m, amount / 12 * (1 if rep or age else factor))
        for rep, amount in enumerate(sold)
        for age in range(YEARS)
        for m in range(12)
    ]
    ids = [f"r{rep}" for rep in range(len(sold))]
    known = dict(zip(ids, potential, strict=True))
    return a_company(ids, history=history, potential=known, forecast=float(sum(sold)))


def unrounded_quotas(answer: Estimate, evidence: Evidence, stretch: float) -> FloatArray:
    """Of a plan whose target lies above all expected sales."""
    target = round(float(answer.baseline.sum()) + stretch * float(answer.reach.sum()))
    reps = Reps.of(evidence.rep_ids, baseline=answer.baseline, reach=answer.reach)
    plan = solve(Problem(target=target, reps=reps, units=Units.of(())), Policy())
    return plan.unrounded


@settings(max_examples=30)
@given(sizes, st.floats(1.01, 3.0), st.integers(0, 2))
def test_14_a_higher_given_baseline_lowers_not_the_own_quota_and_raises_nobody_elses(
    sold: list[float], factor: float, who: int
) -> None:
    """With the reach that the estimate gives; the target lies above all expected sales."""
    team = a_team(sold, potential=sold)
    figures = [estimate(team, FROZEN).baseline[who] * by for by in (1.0, factor)]
    baseline = np.tile(team.baseline, (2, 1))
    baseline[:, who] = figures
    before, after = (estimate(replace(team, baseline=given), FROZEN) for given in baseline)
    target = round(1.1 * max(float(before.baseline.sum()), float(after.baseline.sum())))

    quotas = []
    for answer in (before, after):
        reps = Reps.of(team.rep_ids, baseline=answer.baseline, reach=answer.reach)
        plan = solve(Problem(target=target, reps=reps, units=Units.of(())), Policy())
        quotas.append(plan.unrounded)

    noise = 1e-9 * target
    assert quotas[1][who] >= quotas[0][who] - noise
    assert np.all(np.delete(quotas[1] - quotas[0], who) <= noise)


@settings(max_examples=30)
@given(sizes, st.data(), st.floats(1.01, 5.0), st.floats(0.0, 3.0))
def test_15_a_higher_own_potential_lowers_not_the_own_expected_sales_nor_the_own_quota(
    sold: list[float], data: st.DataObject, factor: float, stretch: float
) -> None:
    potential = [amount * data.draw(st.floats(0.3, 3.0)) for amount in sold]
    more = [potential[0] * factor, *potential[1:]]
    teams = [a_team(sold, potential=told) for told in (potential, more)]
    answers = [estimate(team, FROZEN) for team in teams]

    before, after = (answer.baseline[0] for answer in answers)
    assert after >= before * (1 - 1e-9)
    quotas = [unrounded_quotas(*pair, stretch)[0] for pair in zip(answers, teams, strict=True)]
    assert quotas[1] >= quotas[0] * (1 - 1e-9) - 1


@settings(max_examples=30)
@given(sizes, st.floats(1.05, 1.5))
def test_16_own_sales_move_the_own_expected_sales_less_than_the_cap_and_alike_both_ways(
    sold: list[float], factor: float
) -> None:
    """The elasticity of one year's sales stays below .70, up and down differ by .1 at most."""
    at_the_cap = replace(FROZEN, weights=(RATCHET_CAP, 0.2, 0.1))
    for parameters in (FROZEN, at_the_cap):
        up, same, down = (_expected(sold, by, parameters) for by in (factor, 1.0, 1 / factor))
        risen, fallen = np.log(up / same) / np.log(factor), np.log(same / down) / np.log(factor)

        assert 0 <= fallen <= RATCHET_CAP + 1e-9
        assert 0 <= risen <= RATCHET_CAP + 1e-9
        assert abs(risen - fallen) <= 0.1


def _expected(sold: list[float], factor: float, parameters: Parameters) -> float:
    team = a_team(sold, potential=sold, factor=factor)
    return float(estimate(team, parameters).baseline[0])


def test_16_with_three_periods_the_last_one_stands_for_the_older_ones_as_well() -> None:
    """Its elasticity is w1 + rho w3, which the cap on w1 alone does not hold."""
    parameters = replace(FROZEN, weights=(RATCHET_CAP, 0.1, 0.2), rho=0.9)
    crowd = [100_000.0] * 400  # the own sales move the benchmark by little
    ids = [f"r{rep}" for rep in range(len(crowd))]

    def expected(factor: float) -> float:
        history = [
            (rep, START - 1 - 12 * age - m, 1_000.0 * (factor if rep == "r0" and not age else 1))
            for rep in ids
            for age in range(3)
            for m in range(12)
        ]
        known = dict.fromkeys(ids, 1.0)
        team = a_company(ids, history=history, potential=known, forecast=1e6)
        return float(estimate(team, parameters).baseline[0])

    elasticity = np.log(expected(1.1) / expected(1.0)) / np.log(1.1)

    assert elasticity == pytest.approx(RATCHET_CAP + 0.9 * 0.2, abs=0.01)


later = st.integers(START, START + 40)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(["r0", "r1", "r2"]), later, st.floats(-1e6, 1e6))),
    st.lists(st.tuples(st.sampled_from(["r0", "r1", "r2"]), later, st.floats(0, 1))),
)
def test_23_data_dated_after_the_start_changes_nothing(
    sales: list[Actual], absences: list[Actual]
) -> None:
    """Learned afresh: nothing later is learned from either."""
    ids = [f"r{rep}" for rep in range(12)]
    past = [row for k, rep in enumerate(ids) for y in (2024, 2025, 2026)
            for row in year(rep, y, 100.0 + 10 * k + y % 5)]  # fmt: skip
    known = [("r0", month(2026, 4), 1.0)]

    without = estimate(a_company(ids, history=past, absences=known))
    with_later = estimate(a_company(ids, history=past + sales, absences=known + absences))

    assert with_later.baseline.tolist() == without.baseline.tolist()
    assert with_later.reach.tolist() == without.reach.tolist()
    assert with_later.sigma.tolist() == without.sigma.tolist()
    assert with_later.parameters == without.parameters


class Test24NoHistoryZerosOneRepPotential0AndTarget0AreDefined:
    @pytest.mark.parametrize("reps", [["ada"], ["ada", "bob", "cyd"]])
    @pytest.mark.parametrize("amount", [None, 0.0, 100.0, -100.0])
    @pytest.mark.parametrize("potential", [None, 0.0, 100.0])
    @pytest.mark.parametrize("target", [None, 0.0, 100.0])
    def test_whatever_is_known(
        self, reps: list[str], amount: float | None, potential: float | None, target: float | None
    ) -> None:
        history = [] if amount is None else [r for rep in reps for r in year(rep, 2026, amount)]
        told = {} if potential is None else dict.fromkeys(reps, potential)

        answer = estimate(a_company(reps, history=history, potential=told, target=target))

        for column in (answer.baseline, answer.reach):
            assert np.isfinite(column).all()
            assert np.all(column >= 0)
            assert len(set(column.tolist())) == 1
        assert answer.parameters.market_sigma >= 0.05

    @pytest.mark.parametrize("column", ["potential", "capacity", "baseline", "reach"])
    def test_and_negative_ones_are_refused(self, column: str) -> None:
        negative: dict[str, Any] = {column: np.array([-1.0])}
        with pytest.raises(InvalidProblem, match=column):
            replace(a_company(["ada"]), **negative)

    def test_a_hundred_thousand_reps_with_one_month_are_measured_per_head(self) -> None:
        n = 100_000
        unknown = np.full(n, np.nan)
        team = Evidence(
            rep_ids=tuple(f"r{rep:06d}" for rep in range(n)),
            start=START,
            end=START + 12,
            baseline=unknown,
            reach=unknown,
            potential=unknown,
            capacity=unknown,
            last_year=unknown,
            fte=np.ones(n),
            in_seat=np.ones(n),
            territory_ids=(),
            territory_potential=np.zeros(0),
            holdings=a_company(["ada"]).holdings,
            history=SalesHistory(
                rep=np.arange(n),
                territory=np.full(n, -1),
                month=np.full(n, START - 1),
                actual=np.linspace(0, 100, n),
            ),
            absences=Absences.none(),
            forecast=None,
        )

        answer = estimate(team)

        assert answer.baseline == pytest.approx(np.full(n, 12 * 50.0))
        assert answer.parameters.weights_pairs == 0
