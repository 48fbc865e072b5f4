"""The chance of attaining a quota, whatever is expected and however surely."""

from __future__ import annotations

from math import exp, inf
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import ndtri

from solver.probability import (
    attainment_probability,
    market_part,
    own_part,
    quota_for_chance,
)
from solver.simulate import simulate
from solver.solve import solve
from tests.solver.builders import AMOUNT, a_problem

amounts = st.floats(0, 1e12)
sigmas = st.one_of(st.floats(1e-9, 5), st.sampled_from([1e-9, 5.0]))
chances = st.floats(1e-6, 1 - 1e-6)


def chance_of(quota: float, baseline: float, sigma: float) -> float:
    columns = (np.array([float(value)]) for value in (quota, baseline, sigma))
    return float(attainment_probability(*columns)[0])


@given(amounts, amounts, amounts, sigmas)
def test_27_p_falls_as_q_rises(lower: float, more: float, baseline: float, sigma: float) -> None:
    lesser, larger = (chance_of(q, baseline, sigma) for q in (lower, lower + more))

    assert 0 <= larger <= lesser <= 1


DRAWS = 20_000
FOUR_ERRORS = 4 * np.sqrt(0.25 / DRAWS)
"""Four standard errors of a share of so many draws: .0141, and one case in 16,000 beyond it."""


@pytest.mark.parametrize("market_sigma", [0.05, 0.3])
def test_27_p_matches_simulation(market_sigma: float) -> None:
    """At quotas from a half to twice of what is expected, and sigmas from 1e-9 to 5."""
    reps: dict[str, Any] = {
        f"{size} at {sigma}": {"baseline": 10_000.0, "sigma": sigma, "fixed": int(10_000 * size)}
        for sigma in (1e-9, 0.05, 0.1, 0.3, 0.6, 1.0, 5.0)
        for size in (0, 0.5, 0.8, 0.99, 1.01, 1.3, 2)
    }
    problem = a_problem(sum(row["fixed"] for row in reps.values()), reps)
    plan = solve(problem, AMOUNT)

    drawn = simulate(plan, draws=DRAWS, seed=27, market_sigma=market_sigma)

    assert drawn is not None
    assert np.abs(drawn.attained - plan.attainment_probability).max() < FOUR_ERRORS


@pytest.mark.parametrize(
    ("quota", "baseline", "chance"),
    [(0, 0, 1), (0, 100, 1), (100, 0, 0), (1, 1e-300, 0)],
)
def test_nothing_is_always_attained_and_by_nobody_who_expects_nothing_anything_else(
    quota: float, baseline: float, chance: float
) -> None:
    for sigma in (1e-9, 0.3, 5.0):
        assert chance_of(quota, baseline, sigma) == chance


def test_nobody_knows_the_chance_of_a_rep_without_a_sigma() -> None:
    assert np.isnan(chance_of(100, 100, np.nan))
    assert np.isnan(quota_for_chance(0.5, np.array([100.0, 0.0]), np.full(2, np.nan))).all()


@given(chances, st.floats(1, 1e12), st.floats(1e-6, 5))
def test_the_quota_for_a_chance_is_attained_with_that_chance(
    chance: float, baseline: float, sigma: float
) -> None:
    quota = quota_for_chance(chance, np.array([baseline]), np.array([sigma]))
    assume(quota[0] > 0)

    assert chance_of(quota[0], baseline, sigma) == pytest.approx(chance, rel=1e-6, abs=1e-9)


def test_a_sure_quota_is_none_and_an_impossible_one_is_without_end() -> None:
    baseline, sigma = np.array([100.0, 0.0]), np.array([0.3, 0.3])

    assert quota_for_chance(1, baseline, sigma).tolist() == [0, 0]
    assert quota_for_chance(0, baseline, sigma).tolist() == [inf, 0]


def test_sixty_per_cent_attain_eighty_nine_per_cent_of_expected_sales_at_a_sigma_of_thirty() -> (
    None
):
    quota = quota_for_chance(0.6, np.array([1.0]), np.array([0.3]))

    assert (
        quota[0] == pytest.approx(exp(-0.045 - 0.3 * ndtri(0.6))) == pytest.approx(0.886, abs=5e-4)
    )


@given(st.floats(1e-9, 5), st.floats(1e-9, 5))
def test_the_parts_of_a_sigma_make_up_the_sigma(sigma: float, market_sigma: float) -> None:
    common, own = (
        float(part(np.array([sigma]), market_sigma)[0]) for part in (market_part, own_part)
    )

    assert common**2 + own**2 == pytest.approx(sigma**2)
    assert (common, own) == (sigma, 0) if sigma <= market_sigma else common == market_sigma
