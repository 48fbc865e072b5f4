"""Who was there: leave, days before hiring and ramp are left out of the comparison."""

from __future__ import annotations

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.estimate import Basis, estimate
from tests.solver.estimate.company import (
    START,
    Actual,
    Holding,
    a_company,
    baselines,
    basis_of,
    month,
    year,
)

OLD = {"ada": START - 200.0}
"""Hired so long ago that nothing of it shows."""


def sold(who: str, first: int, last: int, amount: float) -> list[Actual]:
    """The same amount in each month from `first` to `last` of 2026."""
    return [(who, month(2026, m), amount) for m in range(first, last + 1)]


def away(who: str, first: int, last: int, share: float = 1.0) -> list[Actual]:
    return sold(who, first, last, share)


class TestLeave:
    def test_half_a_year_of_leave_is_not_half_a_rep(self) -> None:
        history = year("ada", 2026, 1200) + sold("bob", 1, 6, 100) + sold("bob", 7, 12, 0)
        company = a_company(["ada", "bob"], history=history, absences=away("bob", 7, 12))

        assert baselines(company)["bob"] == pytest.approx(baselines(company)["ada"])
        without = baselines(a_company(["ada", "bob"], history=history))
        assert without["bob"] < 0.6 * without["ada"]

    def test_the_company_is_expected_to_sell_what_it_does_with_everybody_there(self) -> None:
        history = year("ada", 2026, 1200) + sold("bob", 1, 6, 100) + sold("bob", 7, 12, 0)
        company = a_company(["ada", "bob"], history=history, absences=away("bob", 7, 12))

        assert sum(baselines(company).values()) == pytest.approx(2400)

    def test_half_time_counts_by_half(self) -> None:
        history = year("ada", 2026, 1200) + sold("bob", 1, 6, 100) + sold("bob", 7, 12, 50)
        company = a_company(["ada", "bob"], history=history, absences=away("bob", 7, 12, 0.5))

        assert baselines(company)["bob"] == pytest.approx(baselines(company)["ada"])

    def test_a_quarter_of_the_year_is_enough_to_judge_and_less_is_not(self) -> None:
        def company(months_there: int) -> object:
            history = year("ada", 2026, 1200) + sold("bob", 1, months_there, 100)
            history += sold("bob", months_there + 1, 12, 0)
            return a_company(
                ["ada", "bob"], history=history, absences=away("bob", months_there + 1, 12)
            )

        assert basis_of(company(3), "bob") == Basis.HISTORY_AND_PEERS  # type: ignore[arg-type]
        assert basis_of(company(2), "bob") == Basis.FTE  # type: ignore[arg-type]

    def test_rows_of_one_month_add_up_to_the_whole_month_at_most(self) -> None:
        history = year("ada", 2026, 1200) + sold("bob", 1, 6, 100) + sold("bob", 7, 12, 0)
        once = a_company(["ada", "bob"], history=history, absences=away("bob", 7, 12))
        twice = a_company(["ada", "bob"], history=history, absences=away("bob", 7, 12, 0.7) * 2)

        assert baselines(twice) == baselines(once)

    def test_absences_of_the_period_itself_are_told_by_the_seat_alone(self) -> None:
        history = year("ada", 2026, 1200) + year("bob", 2026, 1200)
        later = [("bob", START + 3, 1.0)]

        assert baselines(a_company(["ada", "bob"], history=history, absences=later)) == baselines(
            a_company(["ada", "bob"], history=history)
        )

    def test_what_is_wrong_with_them_is_named(self) -> None:
        with pytest.raises(InvalidProblem, match=r"absences\[0\].share"):
            a_company(["ada"], absences=[("ada", START - 1, 1.5)])


class TestTerritories:
    def test_the_leave_of_who_held_the_territory_then_counts_for_who_holds_it_now(self) -> None:
        """Bob holds north from 2027; Ada held it in 2026 and was away for half of it."""
        history = year("south", 2026, 1200) + sold("north", 1, 6, 100) + sold("north", 7, 12, 0)
        company = a_company(
            ["ada", "bob", "cyd"],
            history=history,
            territories={"north": 100, "south": 100},
            holdings=[
                Holding("north", "ada", last=START - 1),
                Holding("north", "bob", first=START),
                Holding("south", "cyd"),
            ],
            absences=away("ada", 7, 12) + away("bob", 1, 12),
            potential={"ada": 0},
        )

        expected = baselines(company)

        assert expected["bob"] == pytest.approx(expected["cyd"])

    def test_half_of_a_territory_is_half_missed(self) -> None:
        shared = [Holding("north", "ada", 0.5), Holding("north", "bob", 0.5)]
        history = year("south", 2026, 1200)
        history += sold("north", 1, 6, 200) + sold("north", 7, 12, 100)
        company = a_company(
            ["ada", "bob", "cyd"],
            history=history,
            territories={"north": 200, "south": 100},
            holdings=[*shared, Holding("south", "cyd")],
            absences=away("ada", 7, 12),
        )

        expected = baselines(company)

        assert expected["ada"] == expected["bob"] == pytest.approx(expected["cyd"])

    def test_who_takes_a_territory_over_is_no_beginner_in_it(self) -> None:
        history = year("north", 2026, 1200) + year("south", 2026, 1200)
        company = a_company(
            ["ada", "bob"],
            history=history,
            territories={"north": 100, "south": 100},
            holdings=[Holding("north", "ada"), Holding("south", "bob", first=START)],
            hired={"bob": float(START)},
        )

        assert baselines(company) == pytest.approx({"ada": 1200, "bob": 1200})

    def test_a_holder_who_changed_in_march_leaves_all_the_past_to_the_new_one(self) -> None:
        march = month(2026, 3)
        company = a_company(
            ["ada", "bob"],
            history=year("north", 2026, 1200),
            territories={"north": 100},
            holdings=[
                Holding("north", "ada", last=march - 1),
                Holding("north", "bob", first=march),
            ],
            hired={"bob": float(march)},
            forecast=1200,
        )

        assert basis_of(company, "bob") == Basis.HISTORY_AND_POTENTIAL
        assert basis_of(company, "ada") == Basis.FTE

    def test_a_rep_in_two_territories_has_the_split_share_of_both(self) -> None:
        company = a_company(
            ["ada", "bob"],
            history=year("north", 2026, 1200) + year("south", 2026, 600),
            territories={"north": 100, "south": 50},
            holdings=[
                Holding("north", "ada", 0.25),
                Holding("north", "bob", 0.75),
                Holding("south", "ada"),
            ],
        )

        assert baselines(company) == pytest.approx({"ada": 900, "bob": 900})


class TestHired:
    def test_months_before_the_day_of_hiring_are_not_there_yet(self) -> None:
        history = year("ada", 2026, 1200) + sold("bob", 7, 12, 100)
        by_rows = a_company(["ada", "bob"], history=history)

        assert baselines(by_rows)["bob"] == pytest.approx(baselines(by_rows)["ada"])

    def test_months_since_it_are_even_without_a_sale(self) -> None:
        """Bob was there from January 2020 on and sold nothing until July."""
        history = year("ada", 2026, 1200) + sold("bob", 7, 12, 100)
        company = a_company(
            ["ada", "bob"], history=history, hired=OLD | {"bob": float(month(2020, 1))}
        )

        assert baselines(company)["bob"] < 0.6 * baselines(company)["ada"]

    def test_rows_before_it_count_all_the_same(self) -> None:
        history = year("ada", 2026, 1200) + year("bob", 2026, 1200)
        company = a_company(["ada", "bob"], history=history, hired={"bob": month(2026, 9) + 0.0})

        assert baselines(company)["bob"] == pytest.approx(baselines(company)["ada"], rel=0.01)

    def test_the_first_half_year_is_measured_against_a_ramp(self) -> None:
        """Bob sold what a beginner sells: 1/12, 3/12, … of what Ada did."""
        ramp = [(k + 0.5) / 6 for k in range(6)] + [1.0] * 3
        rows = [("bob", month(2026, 4 + k), 100 * part) for k, part in enumerate(ramp)]
        company = a_company(
            ["ada", "bob"],
            history=year("ada", 2026, 1200) + rows,
            hired={"bob": float(month(2026, 4))},
        )

        answer = estimate(company)

        assert answer.ramp.tolist() == [1, 1]
        assert answer.baseline[1] == pytest.approx(answer.baseline[0])

    def test_half_a_month_before_the_first_day_does_not_count(self) -> None:
        rows = [("bob", month(2026, 4 + k), 100.0) for k in range(9)]
        rows[0] = ("bob", month(2026, 4), 50.0)
        whole, half = (
            estimate(
                a_company(
                    ["ada", "bob"],
                    history=year("ada", 2026, 1200) + rows,
                    hired={"bob": month(2026, 4) + part},
                )
            ).index[1, 0]
            for part in (0.0, 0.5)
        )

        assert half > whole

    def test_a_new_rep_without_history_gets_the_benchmark_of_the_months_after_the_ramp(
        self,
    ) -> None:
        """Six months at one half on average, six at one: three quarters of a year."""
        company = a_company(
            ["ada", "new"],
            history=year("ada", 2026, 1200),
            hired={"new": float(START)},
            forecast=1200,
        )

        answer = estimate(company)

        assert answer.ramp.tolist() == [1, 0.75]
        assert answer.baseline[1] == pytest.approx(0.75 * answer.benchmark[1])

    def test_somebody_hired_within_the_period_is_new_from_that_month_on(self) -> None:
        company = a_company(
            ["ada", "new"],
            history=year("ada", 2026, 1200),
            hired={"new": START + 9.0},
            in_seat={"new": 0.25},
        )

        answer = estimate(company)

        assert answer.ramp[1] == pytest.approx((0.5 + 1.5 + 2.5) / 6 / 3)
        assert answer.baseline[1] == pytest.approx(0.25 * answer.ramp[1] * answer.benchmark[1])

    def test_all_new_hires_share_the_forecast_alike(self) -> None:
        company = a_company(
            ["ada", "bob"], hired={"ada": float(START), "bob": float(START)}, forecast=1000
        )

        assert baselines(company) == pytest.approx({"ada": 375, "bob": 375})

    def test_an_unknown_day_of_hiring_means_no_ramp(self) -> None:
        answer = estimate(a_company(["ada"], forecast=1000))

        assert answer.ramp.tolist() == [1]
        assert answer.baseline.tolist() == [pytest.approx(1000)]

    def test_last_years_sales_of_somebody_hired_in_june_are_those_of_seven_months(self) -> None:
        company = a_company(
            ["ada", "bob"],
            history=year("ada", 2026, 1200),
            last_year={"bob": 400},
            hired={"bob": float(month(2026, 6))},
        )

        answer = estimate(company)

        assert answer.known[1, 0]
        assert answer.baseline[1] == pytest.approx(answer.baseline[0])

    def test_months_of_the_ramp_count_by_their_part_so_that_the_very_new_are_not_judged(
        self,
    ) -> None:
        """Six months since July are three full ones, five since August but two."""

        def basis(since: int) -> str:
            rows = sold("bob", since, 12, 100)
            return basis_of(
                a_company(
                    ["ada", "bob"],
                    history=year("ada", 2026, 1200) + rows,
                    hired={"bob": float(month(2026, since))},
                ),
                "bob",
            )

        assert basis(7) == Basis.HISTORY_AND_PEERS
        assert basis(8) == Basis.FTE

    def test_they_are_spread_evenly_where_nobody_else_sold_anything_since(self) -> None:
        history = sold("ada", 1, 5, 100) + sold("ada", 6, 12, 0)
        company = a_company(
            ["ada", "bob"],
            history=history,
            last_year={"bob": 700},
            hired={"bob": float(month(2026, 6))},
            forecast=1000,
        )

        answer = estimate(company)

        assert answer.sold[1, 0] == pytest.approx(700)
        assert np.isfinite(answer.baseline).all()


def test_an_absence_of_everybody_at_once_leaves_the_month_out() -> None:
    history = year("ada", 2026, 1200) + year("bob", 2026, 600)
    both = [("ada", month(2026, 8), 1.0), ("bob", month(2026, 8), 1.0)]

    answer = estimate(a_company(["ada", "bob"], history=history, absences=both))

    assert np.isfinite(answer.baseline).all()
    assert answer.index[0, 0] / answer.index[1, 0] == pytest.approx(2.0 * 12 / 11 / (12 / 11))
