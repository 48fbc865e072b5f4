"""How even an allocation came out, in numbers free of any currency."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.fairness import evenness, gini, theil
from solver.probability import attainment_probability

quotas = st.lists(st.floats(0, 1e9), min_size=1, max_size=20).map(sorted).map(np.array)


def test_equal_values_have_no_inequality() -> None:
    assert gini(np.array([0.1, 0.1, 0.1])) == 0
    assert theil(np.array([0.1, 0.1, 0.1])) == 0


def test_one_of_four_who_has_it_all() -> None:
    values = np.array([0.0, 0.0, 0.0, 8.0])

    assert gini(values) == pytest.approx(3 / 4)
    assert theil(values) == pytest.approx(np.log(4))


@given(quotas, st.sampled_from([1e-3, 7.0, 1e6]))
def test_28_the_indices_are_free_of_the_currency(values: np.ndarray, rate: float) -> None:
    for index in (gini, theil):
        before, after = index(values), index(values * rate)
        assert before == pytest.approx(after, abs=1e-9) if before is not None else after is None


def test_nothing_at_all_has_no_index() -> None:
    assert gini(np.zeros(3)) is None
    assert theil(np.zeros(0)) is None


def test_reps_who_expect_nothing_are_left_out_of_the_ratios() -> None:
    measured = evenness(
        quota=np.array([110.0, 5.0]), baseline=np.array([100.0, 0.0]),
        stretch=np.array([0.5, 0.5]), common=0.5, typical=1.0,
    )  # fmt: skip

    assert measured.gini == 0
    assert measured.reps_at_common_stretch == 2


def test_27_the_chance_of_attaining_falls_as_the_quota_rises() -> None:
    quota = np.linspace(1, 400, 50)

    chance = attainment_probability(quota, np.full(50, 100.0), np.full(50, 0.3))

    assert np.all(np.diff(chance) < 0)


def test_27_the_chance_matches_a_simulation() -> None:
    generator = np.random.default_rng(11)
    sigma, baseline, quota = 0.3, 100.0, 95.0
    sales = baseline * np.exp(sigma * generator.standard_normal(200_000) - sigma**2 / 2)

    chance = attainment_probability(np.array([quota]), np.array([baseline]), np.array([sigma]))[0]

    assert chance == pytest.approx(np.mean(sales >= quota), abs=0.005)


def test_chances_at_the_edges_are_defined() -> None:
    chance = attainment_probability(
        quota=np.array([0.0, 5.0, 5.0]), baseline=np.array([0.0, 0.0, 10.0]),
        sigma=np.array([0.2, 0.2, np.nan]),
    )  # fmt: skip

    assert chance[:2].tolist() == [1.0, 0.0]
    assert np.isnan(chance[2])
