"""Seasons: learned per working day, even, or given."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.spread.calendar import YEAR, working_calendar
from solver.spread.season import MonthlySales, by_working_days, even, given, learned
from tests.solver.spread.builders import JANUARY_2027, daily_sales, year_2027

FLAT = [1.0] * 12
CHRISTMAS = [0.8] * 11 + [3.2]
SUMMER = [0.5] * 5 + [2.0] * 3 + [0.875] * 4


def test_who_sells_alike_every_working_day_has_months_by_working_days() -> None:
    sales, past = daily_sales([FLAT], years=2)
    period = year_2027()

    season = learned(sales, past, period)

    assert season.shares[0] == pytest.approx(period.days / period.days.sum())


def test_a_learned_season_follows_the_festival_into_another_month() -> None:
    sales, past = daily_sales([FLAT], years=2, country="CN")
    period = working_calendar("CN", 2026 * YEAR, 2027 * YEAR)

    season = learned(sales, past, period)

    # February 2026 has 16 working days, January 21: the festival lies in February.
    assert season.shares[0, 1] / season.shares[0, 0] == pytest.approx(16 / 21)


def test_reps_who_differ_every_year_in_the_same_way_keep_their_own_season() -> None:
    sales, past = daily_sales([FLAT, CHRISTMAS, SUMMER], years=3, noise=0.01)
    period = year_2027()

    season = learned(sales, past, period)

    assert season.credibility is not None
    assert season.credibility.min() > 0.99
    own = np.array(CHRISTMAS) * period.days
    assert season.shares[1] == pytest.approx(own / own.sum(), rel=0.02)


def test_reps_whom_only_chance_tells_apart_share_one_season() -> None:
    sales, past = daily_sales([CHRISTMAS] * 40, years=4, noise=0.5, seed=1)
    period = year_2027()

    season = learned(sales, past, period)

    assert season.credibility is not None
    assert season.credibility.max() < 0.3
    truth = np.array(CHRISTMAS) * period.days
    assert np.abs(season.shares - truth / truth.sum()).max() < 0.04
    assert season.within == pytest.approx(np.expm1(0.5**2), rel=0.1)  # log-normal noise


def test_z_is_the_variance_between_over_between_plus_within_by_years() -> None:
    sales, past = daily_sales([CHRISTMAS, FLAT, SUMMER, FLAT, FLAT], years=4, noise=0.3)
    sales.amounts[4, :24] = np.nan  # a hire of two years

    season = learned(sales, past, year_2027())

    assert season.years is not None
    assert season.years.tolist() == [4, 4, 4, 4, 2]
    expected = season.between / (season.between + season.within / season.years)
    assert season.credibility == pytest.approx(expected)


def test_without_two_years_of_anybody_the_pool_counts_for_all() -> None:
    sales, past = daily_sales([CHRISTMAS, SUMMER], years=1)

    season = learned(sales, past, year_2027())

    assert season.credibility is not None
    assert season.credibility.tolist() == [0, 0]
    assert season.shares[0].tolist() == season.shares[1].tolist()
    assert season.pool == pytest.approx((np.array(CHRISTMAS) + SUMMER) / 2)


def test_a_history_that_stops_early_counts_its_last_twelve_months() -> None:
    sales, past = daily_sales([CHRISTMAS], years=2)
    sales.amounts[:, -2:] = np.nan  # planned in November

    season = learned(sales, past, year_2027())

    assert season.years is not None
    assert season.years.tolist() == [1]
    assert season.pool == pytest.approx(CHRISTMAS)


def test_a_hire_without_a_whole_year_has_the_season_of_the_others() -> None:
    sales, past = daily_sales([CHRISTMAS, CHRISTMAS, SUMMER], years=2, noise=0.05)
    sales.amounts[2, :20] = np.nan

    season = learned(sales, past, year_2027())

    assert season.credibility is not None
    assert season.credibility[2] == 0
    assert season.pool is not None
    assert season.pool[-1] > 3


@pytest.mark.parametrize("amount", [np.nan, 0.0, -100.0])
def test_without_a_year_of_sales_months_go_by_working_days(amount: float) -> None:
    sales, past = daily_sales([FLAT, FLAT], years=2)
    sales.amounts[:] = amount
    period = year_2027()

    season = learned(sales, past, period)

    assert season.basis == "working_days"
    assert season.shares[1] == pytest.approx(period.days / period.days.sum())


def test_less_than_a_year_of_history_is_no_season() -> None:
    period = year_2027()
    past = working_calendar(None, JANUARY_2027 - 5, JANUARY_2027)

    season = learned(MonthlySales(past.start, np.ones((2, 5))), past, period)

    assert season.basis == "working_days"


def test_a_month_in_which_more_came_back_than_was_sold_carries_nothing() -> None:
    sales, past = daily_sales([FLAT], years=1)
    sales.amounts[0, 3] = -5.0

    season = learned(sales, past, year_2027())

    assert season.shares[0, 3] == 0


def test_who_never_sold_in_the_months_of_the_period_goes_by_working_days() -> None:
    profile = [1.0] * 9 + [0.0] * 3
    sales, past = daily_sales([profile], years=2)
    period = working_calendar(None, JANUARY_2027 + 9, JANUARY_2027 + 12)

    season = learned(sales, past, period)

    assert season.shares[0] == pytest.approx(period.days / period.days.sum())


def test_the_order_of_reps_does_not_matter_in_the_last_bit() -> None:
    sales, past = daily_sales([CHRISTMAS, FLAT, SUMMER] * 5, years=3, noise=0.4)
    order = np.random.default_rng(0).permutation(15)
    period = year_2027()

    season = learned(sales, past, period)
    shuffled = learned(MonthlySales(sales.start, sales.amounts[order]), past, period)

    assert np.array_equal(shuffled.shares, season.shares[order])


def test_another_currency_has_the_same_season() -> None:
    sales, past = daily_sales([CHRISTMAS, FLAT, SUMMER], years=3, noise=0.4)
    dear = MonthlySales(sales.start, sales.amounts * 1e6)

    one, other = (learned(each, past, year_2027()) for each in (sales, dear))

    assert other.shares == pytest.approx(one.shares, rel=1e-12)


def test_a_calendar_of_other_months_is_refused() -> None:
    sales, past = daily_sales([FLAT], years=2)

    with pytest.raises(InvalidProblem, match="past: covers 12 months"):
        learned(sales, year_2027(), past)


def test_weights_of_quarters_leave_months_inside_as_they_were() -> None:
    period = year_2027()

    season = given(by_working_days(1, period), [0.1, 0.2, 0.3, 0.4])

    quarter = season.shares[0, 9:]
    assert quarter.sum() == pytest.approx(0.4)
    assert quarter == pytest.approx(0.4 * period.days[9:] / period.days[9:].sum())
    assert season.company[3] == Fraction(2, 5)


def test_weights_of_months_are_taken_as_they_are() -> None:
    season = given(even(2, 12), range(1, 13))

    assert season.shares[1] == pytest.approx(np.arange(1, 13) / 78)


def test_a_quarter_that_had_no_season_is_even_inside() -> None:
    season = given(given(even(1, 6), [1, 0]), [0.5, 0.5])

    assert season.shares[0, 3:] == pytest.approx([1 / 6] * 3)


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ([0.5, 0.5], "has 2 weights; give one for each of 12 months, or of 4 quarters"),
        ([0.5, 0.7, -0.2, 0], "must be a number, 0 or more"),
        ([0.5, float("nan"), 0, 0], "must be a number, 0 or more"),
        ([0, 0, 0, 0], "has no weight above 0"),
    ],
)
def test_weights_that_say_nothing_are_refused(weights: list[float], reason: str) -> None:
    with pytest.raises(InvalidProblem, match=reason):
        given(even(1, 12), weights)
