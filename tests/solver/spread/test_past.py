"""Which sales a season is learned from: whose, without windfalls, and while somebody was there."""

from __future__ import annotations

import numpy as np
import pytest

from solver.estimate import Evidence
from solver.problem import FloatArray
from solver.spread.calendar import YEAR, working_calendar
from solver.spread.past import season_of
from solver.spread.season import Season
from tests.solver.estimate.company import START, Actual, Holding, a_company

WORKED = working_calendar(None, START - 3 * YEAR, START).days
PERIOD = working_calendar(None, START, START + YEAR)
CHRISTMAS = [1.0] * 11 + [5.0]
FLAT = [1.0] * 12


def sold(who: str, profile: list[float], years: int = 3) -> list[Actual]:
    """A profile per working day up to the end of 2026."""
    months = range(START - years * YEAR, START)
    return [(who, m, 100 * profile[m % YEAR] * WORKED[m - START + 3 * YEAR]) for m in months]


def expected(profile: list[float]) -> FloatArray:
    parts = np.array(profile) * PERIOD.days
    return np.asarray(parts / parts.sum())


def learned(evidence: Evidence) -> Season:
    return season_of(evidence, PERIOD)


def test_a_rep_s_own_sales_make_the_season() -> None:
    season = learned(a_company(["ada"], history=sold("ada", CHRISTMAS)))

    assert season.basis == "learned"
    assert season.shares[0] == pytest.approx(expected(CHRISTMAS))


def test_the_history_of_a_territory_goes_to_who_holds_it_now() -> None:
    evidence = a_company(
        ["ada", "bob"],
        territories={"north": 1, "south": 1},
        holdings=[Holding("north", "bob"), Holding("south", "ada")],
        history=sold("north", CHRISTMAS) + sold("south", FLAT),
    )

    season = learned(evidence)

    assert season.shares[1] == pytest.approx(expected(CHRISTMAS))
    assert season.shares[0] == pytest.approx(expected(FLAT))


def test_months_away_are_no_season() -> None:
    history = sold("ada", FLAT) + sold("bob", FLAT)
    halved = [
        (who, m, amount * (0.5 if who == "bob" and m % YEAR == 4 else 1))
        for who, m, amount in history
    ]
    away = [("bob", START - YEAR * k + 4, 0.5) for k in (1, 2, 3)]

    season = learned(a_company(["ada", "bob"], history=halved, absences=away))

    assert season.shares[1] == pytest.approx(expected(FLAT))


def test_a_year_with_a_long_leave_does_not_count() -> None:
    gone = [("bob", m, 1.0) for m in range(START - 8, START - 2)]
    history = [
        (who, m, 0.0 if who == "bob" and START - 8 <= m < START - 2 else amount)
        for who, m, amount in sold("ada", FLAT) + sold("bob", CHRISTMAS)
    ]

    season = learned(a_company(["ada", "bob"], history=history, absences=gone))

    assert season.years is not None
    assert season.years.tolist() == [3, 2]
    assert season.shares[1] == pytest.approx(expected(CHRISTMAS))


def test_one_large_deal_is_no_season() -> None:
    deal = ("ada", START - 8, 1e6)

    with_deal = learned(a_company(["ada"], history=[*sold("ada", FLAT), deal]))

    assert with_deal.shares[0, 4] < 0.2


def test_a_month_without_any_row_is_unknown_and_so_is_its_year() -> None:
    history = [row for row in sold("ada", CHRISTMAS) if row[1] != START - 3]

    season = learned(a_company(["ada"], history=history))

    assert season.years is not None
    assert season.years.tolist() == [2]


def test_yearly_sums_have_no_months() -> None:
    company = a_company(["ada", "bob"], last_year={"ada": 1200.0, "bob": 600.0})

    assert learned(company).basis == "working_days"


def test_without_history_months_go_by_working_days() -> None:
    season = learned(a_company(["ada"]))

    assert season.basis == "working_days"
    assert season.shares[0] == pytest.approx(PERIOD.days / PERIOD.days.sum())


def test_who_is_new_sells_along_the_ramp() -> None:
    company = a_company(["ada", "bob"], history=sold("ada", FLAT), hired={"bob": START + 0.0})

    season = learned(company)

    ramp = np.append((np.arange(6) + 0.5) / 6, np.ones(6))
    along = expected(FLAT) * ramp
    assert season.shares[1] == pytest.approx(along / along.sum())
    assert season.shares[0] == pytest.approx(expected(FLAT))


def test_the_order_of_rows_does_not_matter_in_the_last_bit() -> None:
    history = sold("ada", CHRISTMAS) + sold("bob", FLAT)

    one, other = (learned(a_company(["ada", "bob"], history=rows)) for rows in _orders(history))

    assert np.array_equal(one.shares, other.shares)


def _orders(rows: list[Actual]) -> tuple[list[Actual], list[Actual]]:
    return rows, rows[::-1]
