"""Quarters, months and weeks in whole money."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.problem import AMOUNT_LIMIT, IntArray
from solver.spread.calendar import working_calendar
from solver.spread.periods import spread_over_time, weeks_of
from solver.spread.season import Season, by_working_days, even, given, learned
from tests.solver.spread.builders import JANUARY_2027, daily_sales, year_2027

WAN = 10_000_00
"""1 万 in minor units."""
YI = 10_000 * WAN


def test_five_million_even_is_125_a_quarter_and_42_42_41_a_month() -> None:
    found = spread_over_time(np.array([500 * WAN]), even(1, 12), increment=WAN)

    assert (found.quarters[0] // WAN).tolist() == [125] * 4
    assert (found.months[0] // WAN).tolist() == [42, 42, 41] * 4


def test_the_company_reads_42_42_41_too_when_many_share_it() -> None:
    found = spread_over_time(np.array([100 * WAN] * 5), even(5, 12), increment=WAN)

    assert (found.months.sum(axis=0) // WAN).tolist() == [42, 42, 41] * 4


@pytest.mark.parametrize("increment", [1, 100, WAN])
def test_a_fourth_quarter_of_40_percent_of_one_yi_is_exactly_40_million(increment: int) -> None:
    quota = np.array([3_333 * WAN, 1_234 * WAN, 5_433 * WAN])
    assert quota.sum() == YI
    season = given(by_working_days(3, year_2027("CN")), [0.15, 0.2, 0.25, 0.4])

    found = spread_over_time(quota, season, increment)

    assert found.quarters.sum(axis=0).tolist() == [
        1_500 * WAN,
        2_000 * WAN,
        2_500 * WAN,
        4_000 * WAN,
    ]
    assert found.months.sum(axis=1).tolist() == quota.tolist()


def test_a_given_december_is_exact_as_well() -> None:
    season = given(even(2, 12), [5, 6, 9, 8, 8, 8, 8, 7, 9, 9, 8, 15])

    found = spread_over_time(np.array([3 * YI + 1, 7 * YI - 1]), season)

    assert found.months.sum(axis=0).tolist() == [w * YI // 10 for w in season_of_a_hundred()]


def season_of_a_hundred() -> list[int]:
    return [5, 6, 9, 8, 8, 8, 8, 7, 9, 9, 8, 15]


def test_a_quota_that_is_no_multiple_carries_what_is_odd_in_one_month() -> None:
    found = spread_over_time(np.array([1_234_567]), even(1, 12), increment=1_000)

    assert np.count_nonzero(found.months % 1_000) == 1
    assert found.months.sum() == 1_234_567


def test_a_period_of_four_months_has_a_short_second_quarter() -> None:
    found = spread_over_time(np.array([400]), even(1, 4))

    assert found.quarters.tolist() == [[300, 100]]


def test_nobody_and_nothing_are_spread_as_well() -> None:
    assert spread_over_time(np.zeros(0, np.int64), even(0, 12)).months.shape == (0, 12)
    assert spread_over_time(np.zeros(2, np.int64), even(2, 12)).months.sum() == 0


def test_a_season_of_other_reps_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="season is of 3 reps"):
        spread_over_time(np.array([1, 2]), even(3, 12))


@pytest.mark.parametrize("reps", [1, 3, 50])
def test_the_largest_amounts_add_up_as_well(reps: int) -> None:
    quota = np.full(reps, AMOUNT_LIMIT // reps)
    season = by_working_days(reps, year_2027("CN"))

    found = spread_over_time(quota, given(season, [0.1, 0.27, 0.23, 0.4]))

    assert found.months.sum(axis=1).tolist() == quota.tolist()
    assert int(found.quarters[:, 3].sum()) == pytest.approx(0.4 * int(quota.sum()), abs=1)


@pytest.mark.parametrize("seed", range(10))
def test_amounts_of_which_floats_miss_minor_units_add_up_as_well(seed: int) -> None:
    parts = np.random.default_rng(seed).multinomial(10**6, np.ones(50) / 50)
    quota = parts * (AMOUNT_LIMIT // 10**6)

    found = spread_over_time(quota, by_working_days(50, year_2027("CN")))

    assert found.months.sum(axis=1).tolist() == quota.tolist()


def test_given_months_of_huge_amounts_are_exact() -> None:
    weights = season_of_a_hundred()
    quota = np.array([1_234_567_890_123_400, 700_000_000_000_000, 65_432_109_876_600])

    found = spread_over_time(quota, given(even(3, 12), weights))

    assert found.months.sum(axis=0).tolist() == [w * int(quota.sum()) // 100 for w in weights]


def test_weeks_go_by_working_days_and_add_up_to_months() -> None:
    period = year_2027()
    months = np.array([period.days * 100, period.days * 100 + 7])

    pieces = weeks_of(months, period)

    assert pieces[0].tolist() == (period.piece_days * 100).tolist()
    for month in range(12):
        own = period.piece_month == month
        assert pieces[:, own].sum(axis=1).tolist() == months[:, month].tolist()


def test_a_month_without_working_days_is_spread_over_its_pieces() -> None:
    period = working_calendar(None, JANUARY_2027, JANUARY_2027 + 1)
    none = np.zeros_like(period.piece_days)

    weeks = weeks_of(np.array([[1_000]]), replace(period, days=none[:1], piece_days=none))

    assert weeks.sum() == 1_000


@st.composite
def seasons(draw: st.DrawFn, reps: int) -> Season:
    months = draw(st.integers(1, 14))
    base = even(reps, months)
    kind = draw(st.sampled_from(["even", "quarters", "months", "learned"]))
    if kind == "learned":
        period = working_calendar("CN", JANUARY_2027, JANUARY_2027 + months)
        random = np.random.default_rng(draw(st.integers(0, 99)))
        profiles = random.lognormal(0, 0.5, (reps, 12)) * (random.random((reps, 12)) < 0.8)
        return learned(*daily_sales(profiles, years=2, noise=0.3), period)
    if kind == "even":
        return base
    size = months if kind == "months" else -(-months // 3)
    weights = draw(st.lists(st.integers(0, 9), min_size=size, max_size=size).filter(any))
    return given(base, [Fraction(weight) for weight in weights])


amounts = st.sampled_from([0, 1, 7, 99, 100, 125, 10**4, 10**6 + 1, 10**9, 10**12 + 3])


@for_all(st.lists(amounts, min_size=1, max_size=6), st.sampled_from([1, 1, 10, 1_000]), st.data())
def test_29_time_sums_are_exact_at_every_level(
    quotas: list[int], increment: int, data: st.DataObject
) -> None:
    quota = np.array(quotas)
    season = data.draw(seasons(len(quotas)))
    months = season.shares.shape[1]
    period = working_calendar("CN", JANUARY_2027, JANUARY_2027 + months)

    found = spread_over_time(quota, season, increment)
    weeks = weeks_of(found.months, period, increment)

    assert found.quarters.sum(axis=1).tolist() == quota.tolist()
    assert np.array_equal(found.quarters, summed(found.months, np.arange(months) // 3))
    assert np.array_equal(found.months, summed(weeks, period.piece_month))
    assert min(found.quarters.min(), found.months.min(), weeks.min()) >= 0
    assert np.all(season.shares[found.months.nonzero()] > 0)


def summed(parts: IntArray, place: IntArray) -> IntArray:
    """(n, p) parts added up by their place."""
    totals = np.zeros((len(parts), place.max() + 1), dtype=np.int64)
    np.add.at(totals.T, place, parts.T)
    return totals


@for_all(st.lists(amounts, min_size=1, max_size=6), st.sampled_from([1, 10, 1_000]), st.data())
def test_29_a_rep_and_the_company_lie_within_an_increment_of_the_season(
    quotas: list[int], increment: int, data: st.DataObject
) -> None:
    quota = np.array(quotas)
    season = data.draw(seasons(len(quotas)))

    found = spread_over_time(quota, season, increment)

    exact = summed_floats(quota[:, None] * season.shares)
    noise = 1e-9 * quota.sum()
    assert np.all(np.abs(found.quarters - exact) < increment + noise)
    assert np.all(np.abs((found.quarters - exact).sum(axis=0)) < increment + noise)


def summed_floats(months: np.ndarray) -> np.ndarray:
    return np.asarray(np.add.reduceat(months, np.arange(0, months.shape[1], 3), axis=1))
