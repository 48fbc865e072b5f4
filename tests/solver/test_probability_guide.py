"""The tables of `docs/guide/probability.md`, made again."""

import re
from pathlib import Path

import numpy as np
import pytest

from solver.allocation import Allocation
from solver.policy import Policy
from solver.probability import quota_for_chance
from solver.problem import Problem, Reps, Units
from solver.risk import Risk, risk
from solver.simulate import simulate
from solver.solve import solve

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "probability.md").read_text(encoding="utf-8")
CHANCES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.6])
def test_the_guide_tells_what_is_attained_with_which_chance(sigma: float) -> None:
    expected = np.array([100_000.0])
    quotas = [quota_for_chance(chance, expected, np.array([sigma]))[0] for chance in CHANCES]

    assert " | ".join([f"| {sigma}", *(f"{quota:,.0f}" for quota in quotas)]) + " |" in PAGE


def ten() -> Allocation:
    """Ten people who expect 100,000.00 each, with a sigma of .3, and carry 88,600.00."""
    reps = Reps.of(list("abcdefghij"), baseline=[1e7] * 10, reach=[1e7] * 10, sigma=[0.3] * 10)
    problem = Problem(target=88_600_000, reps=reps, units=Units.of([]))
    return solve(problem, Policy(fairness="equal_growth"))


def told(found: Risk | None) -> list[str]:
    assert found is not None
    company = found.totals[0]
    assert company.percentiles is not None
    shares = (found.attaining, found.attaining_deviation, company.reaching)
    low, _, high = (f"{amount / 100:,.0f}" for amount in company.percentiles)
    return [*(f"{share:.1%}".replace("%", " %") for share in shares), f"{low} to {high}"]


@pytest.mark.parametrize("market", [0.05, 0.1, 0.2, 0.3])
def test_the_guide_tells_the_risk_by_formulas_and_by_draws(market: float) -> None:
    plan = ten()
    drawn = simulate(plan, draws=100_000, seed=1, market_sigma=market)
    assert drawn is not None

    (line,) = re.findall(rf"^\| {market} \| 60.*$", PAGE, re.MULTILINE)

    pairs = zip(told(risk(plan, market)), told(drawn.risk), strict=True)
    cells = [f"{formula} ({counted})" for formula, counted in pairs]
    assert line.replace("drawn: ", "") == f"| {market} | {' | '.join(cells)} |"
