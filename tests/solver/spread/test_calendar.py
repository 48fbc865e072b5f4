"""Working days: make-up days, the moving Spring Festival, provisional years, pieces of weeks."""

from __future__ import annotations

import warnings
from datetime import date

import numpy as np
import pytest
from holidays.countries.united_states import UnitedStates

from solver.errors import InvalidProblem
from solver.spread.calendar import YEAR, Calendar, working_calendar


def of_year(country: str | None, year: int) -> Calendar:
    return working_calendar(country, year * YEAR, (year + 1) * YEAR)


def test_without_a_country_every_monday_to_friday_is_worked() -> None:
    days = of_year(None, 2027).days

    assert days[0] == 21  # January 2027 begins on a Friday
    assert days.sum() == 261


def test_a_weekend_that_is_worked_in_china_counts() -> None:
    # The notice for 2026 has people work on 14 and 28 February, and takes seven weekdays off.
    assert of_year(None, 2026).days[1] == 20
    assert of_year("CN", 2026).days[1] == 16


def test_the_spring_festival_takes_its_days_along_when_it_moves() -> None:
    january, february = 0, 1

    assert of_year("CN", 2025).days[[january, february]].tolist() == [19, 19]  # 28 Jan to 4 Feb
    assert of_year("CN", 2026).days[[january, february]].tolist() == [21, 16]  # 15 to 23 Feb


def test_a_chinese_year_without_a_notice_is_provisional() -> None:
    calendar = working_calendar("CN", 2024 * YEAR, 2101 * YEAR)

    # Two years that are years away from any notice, whatever release of the library is installed.
    assert 2024 not in calendar.provisional
    assert 2025 not in calendar.provisional
    assert {2099, 2100} <= set(calendar.provisional)


def test_every_chinese_year_since_2001_had_its_notice() -> None:
    assert working_calendar("CN", 2001 * YEAR, 2027 * YEAR).provisional == ()


def test_holidays_by_law_are_known_ahead() -> None:
    assert of_year("US", 2040).provisional == ()


def test_a_feast_whose_date_is_estimated_makes_its_year_provisional() -> None:
    assert of_year("AE", 2076).provisional == (2076,)
    assert of_year("SG", 2076).provisional == (2076,)


def test_a_year_of_which_not_all_holidays_are_known_is_provisional() -> None:
    assert of_year("IN", 2090).provisional == (2090,)


def test_pieces_of_weeks_add_up_to_months_and_to_weeks() -> None:
    calendar = of_year("CN", 2026)

    by_month = np.bincount(calendar.piece_month, calendar.piece_days)
    weeks, week = np.unique(calendar.piece_week, return_inverse=True)
    by_week = np.bincount(week, calendar.piece_days)

    assert by_month.tolist() == calendar.days.tolist()
    assert by_week[weeks == date(2026, 5, 4).toordinal()] == 4  # a day off, and a worked Saturday
    assert all(date.fromordinal(int(monday)).weekday() == 0 for monday in weeks)


def test_a_week_across_two_months_is_two_pieces() -> None:
    calendar = of_year(None, 2027)
    monday = date(2027, 3, 29).toordinal()
    pieces = calendar.piece_week == monday

    assert calendar.piece_month[pieces].tolist() == [2, 3]
    assert calendar.piece_days[pieces].tolist() == [3, 2]


@pytest.mark.parametrize("country", ["XX", "cn", "HolidayBase", ""])
def test_an_unknown_country_is_refused_by_name(country: str) -> None:
    with pytest.raises(InvalidProblem, match="no country whose holidays are known"):
        of_year(country, 2027)


@pytest.mark.parametrize(("start", "end"), [(24_000, 24_000), (24_001, 24_000), (0, 5)])
def test_months_out_of_reach_are_refused(start: int, end: int) -> None:
    with pytest.raises(InvalidProblem, match="period"):
        working_calendar(None, start, end)


def test_each_day_is_worked_or_not_and_the_days_of_a_month_add_up() -> None:
    calendar = working_calendar("CN", 2026 * YEAR + 1, 2026 * YEAR + 4)  # February to April

    assert len(calendar.worked) == 28 + 31 + 30
    assert calendar.worked[:28].sum() == calendar.days[0] == 16
    assert calendar.worked[28:59].sum() == calendar.days[1]
    assert calendar.worked[13]  # Saturday 14 February is worked,
    assert not calendar.worked[16]  # and Tuesday 17 February is New Year


def test_a_year_of_which_the_library_does_not_know_all_is_provisional() -> None:
    """India's moving feasts are known from 2001 to 2035."""
    assert of_year("IN", 2020).provisional == ()
    assert of_year("IN", 2036).provisional == (2036,)


def test_what_others_warn_of_meanwhile_makes_no_year_provisional(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Warnings are heard by the whole process, and other requests run beside this one."""
    populate = UnitedStates._populate

    def beside(known: UnitedStates, year: int) -> None:
        warnings.warn("a number of somebody else is too large", RuntimeWarning, stacklevel=1)
        populate(known, year)

    monkeypatch.setattr(UnitedStates, "_populate", beside)
    working_calendar.cache_clear()

    assert of_year("US", 2027).provisional == ()
