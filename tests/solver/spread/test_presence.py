"""Months of people who are not there all the time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.problem import FloatArray
from solver.spread.periods import spread_over_time
from solver.spread.season import Season, even, given, present

JULY = [0.0] * 6 + [1.0] * 6
"""Starts in July."""
MAY = [1.0] * 4 + [0.0] + [1.0] * 7
"""Away in May."""
ALWAYS = [1.0] * 12


def of(*people: list[float]) -> FloatArray:
    return np.array(people)


def learned_like(reps: int) -> Season:
    """More every month, and nothing promised for the company."""
    shares = np.tile(np.arange(1.0, 13) / 78, (reps, 1))
    return Season("learned", shares)


def test_who_starts_in_july_carries_nothing_before() -> None:
    season = present(learned_like(1), of(JULY))

    found = spread_over_time(np.array([5_700]), season)

    assert found.months[0].tolist() == [0] * 6 + [700, 800, 900, 1_000, 1_100, 1_200]


def test_who_is_away_in_may_carries_that_in_the_other_months() -> None:
    found = spread_over_time(np.array([1_100]), present(even(1, 12), of(MAY)))

    assert found.months[0].tolist() == [100, 100, 100, 100, 0, 100, 100, 100, 100, 100, 100, 100]


def test_half_a_month_counts_for_half() -> None:
    half = [1.0] * 11 + [0.5]

    season = present(even(1, 12), of(half))

    assert season.shares[0, 11] == pytest.approx(0.5 / 11.5)


def test_who_works_half_time_all_year_has_the_same_season() -> None:
    season = even(1, 12)

    assert present(season, of([0.5] * 12)) is season


@pytest.mark.parametrize("presence", [[0.0] * 12, [1.0] + [0.0] * 11])
def test_who_is_never_there_when_the_season_sells_keeps_the_season(presence: list[float]) -> None:
    season = given(even(1, 12), [0, *[1] * 11])

    assert present(season, of(presence)).shares.tolist() == season.shares.tolist()


def test_presence_of_other_people_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="presence: has shape"):
        present(even(2, 12), of(ALWAYS))


def test_a_fourth_quarter_of_40_percent_stays_that_when_somebody_comes_in_july() -> None:
    season = present(given(even(3, 12), [0.1, 0.2, 0.3, 0.4]), of(ALWAYS, JULY, MAY))

    found = spread_over_time(np.array([500_000, 200_000, 300_000]), season)

    assert found.as_given
    assert found.quarters.sum(axis=0).tolist() == [100_000, 200_000, 300_000, 400_000]
    assert found.months[1, :6].tolist() == [0] * 6
    assert found.months[2, 4] == 0


def test_given_months_stay_exact_when_somebody_is_away() -> None:
    weights = [5, 6, 9, 8, 8, 8, 8, 7, 9, 9, 8, 15]
    season = present(given(even(3, 12), weights), of(ALWAYS, JULY, MAY))

    found = spread_over_time(np.array([500_000, 200_000, 300_000]), season, increment=1_000)

    assert found.months.sum(axis=0).tolist() == [weight * 10_000 for weight in weights]
    assert found.months.sum(axis=1).tolist() == [500_000, 200_000, 300_000]
    assert not np.any(found.months % 1_000)


@pytest.mark.parametrize("other", [ALWAYS, MAY, JULY])
def test_even_months_stay_even_whoever_else_is_away(other: list[float]) -> None:
    found = spread_over_time(np.array([1_200, 900]), present(even(2, 12), of(ALWAYS, other)))

    assert found.months[0].tolist() == [100] * 12
    assert found.months[1].sum() == 900


def test_months_of_equal_weights_read_42_42_41_also_when_somebody_is_away() -> None:
    alike = given(even(5, 12), [1] * 12)

    found = spread_over_time(np.array([100] * 5), present(alike, of(*[ALWAYS] * 4, MAY)))

    assert found.as_given
    assert found.months.sum(axis=0).tolist() == [42, 42, 41] * 4


@pytest.mark.parametrize("weights", [[1] * 12, [1, 2, 3, 4]])
def test_when_nobody_is_there_in_a_month_everybody_goes_by_the_own_season(
    weights: list[int],
) -> None:
    away = of([0.0] * 3 + [1.0] * 9, [0.0] * 3 + [1.0] * 9)

    found = spread_over_time(np.array([900, 1_800]), present(given(even(2, 12), weights), away))

    assert not found.as_given
    assert found.months[:, :3].sum() == 0
    assert found.months.sum(axis=1).tolist() == [900, 1_800]


def test_who_comes_late_with_more_than_the_company_wants_then_is_not_squeezed() -> None:
    late = [0.0] * 11 + [1.0]

    alike = given(even(2, 12), [1] * 12)

    found = spread_over_time(np.array([600, 600]), present(alike, of(ALWAYS, late)))

    assert not found.as_given
    assert found.months[1].tolist() == [0] * 11 + [600]
    assert found.months[0].tolist() == [50] * 12


def test_nobody_and_nothing_have_months_as_well() -> None:
    nothing = spread_over_time(np.zeros(2, np.int64), present(even(2, 12), of(ALWAYS, JULY)))

    assert nothing.months.sum() == 0
    assert nothing.as_given


parts = st.sampled_from([0.0, 0.0, 0.3, 1.0, 1.0, 1.0])
people = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 7, 125, 10**6 + 1, 10**9]),
        st.lists(parts, min_size=12, max_size=12),
    ),
    min_size=1,
    max_size=6,
)


@for_all(people, st.sampled_from([1, 10, 1_000]), st.sampled_from(["even", "months", "quarters"]))
def test_29_months_of_people_who_come_and_go_add_up(
    told: list[tuple[int, list[float]]], increment: int, kind: str
) -> None:
    quota = np.array([amount for amount, _ in told])
    presence = of(*(there for _, there in told))
    weights = {"even": [1] * 12, "months": [1, 2, 3] * 4, "quarters": [0, 1, 2, 3]}[kind]
    season = present(given(even(len(told), 12), weights), presence)

    found = spread_over_time(quota, season, increment)

    assert found.months.sum(axis=1).tolist() == quota.tolist()
    assert found.months.min() >= 0
    assert np.all(season.shares[found.months.nonzero()] > 0)
    if found.as_given:
        size = 12 // len(weights)
        of_company = found.months.sum(axis=0).reshape(-1, size).sum(axis=1)
        exact = quota.sum() * np.array(weights) / sum(weights)
        assert np.all(np.abs(of_company - exact) < increment * (1 + (size == 1)) + 1e-6)


def test_equal_people_lie_within_an_increment_of_each_other() -> None:
    season = present(even(6, 12), of(*[ALWAYS] * 3, *[JULY] * 3))

    found = spread_over_time(np.array([100_000] * 6), season, increment=10)

    for same in (found.months[:3], found.months[3:]):
        assert np.all(same.max(axis=0) - same.min(axis=0) <= 10)
