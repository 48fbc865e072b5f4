"""What a rep is expected to sell, in small companies one can check in the head."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from math import exp, log, prod

import numpy as np
import pytest

from solver.errors import InvalidProblem
from solver.estimate import Basis, TotalSource, estimate
from tests.solver.estimate.company import (
    START,
    Actual,
    Holding,
    a_company,
    baselines,
    basis_of,
    month,
    rep_of,
    year,
)


def four_years(who: str, total: float) -> list[Actual]:
    return [row for y in range(2023, 2027) for row in year(who, y, total)]


class TestHistory:
    def test_a_rep_alone_is_expected_to_sell_what_the_company_sold(self) -> None:
        company = a_company(["ada"], history=year("ada", 2026, 1200))

        assert baselines(company) == {"ada": pytest.approx(1200)}

    def test_equal_sales_give_equal_expectations(self) -> None:
        company = a_company(["ada", "bob"], history=year("ada", 2026, 600) + year("bob", 2026, 600))

        assert baselines(company) == {"ada": pytest.approx(600), "bob": pytest.approx(600)}

    def test_nine_tenths_of_a_constant_difference_between_equal_potentials_stay(self) -> None:
        company = a_company(
            ["ada", "bob"],
            history=four_years("ada", 900) + four_years("bob", 400),
            potential={"ada": 1000, "bob": 1000},
        )

        expected = baselines(company)

        assert sum(expected.values()) == pytest.approx(1300)
        assert expected["ada"] / expected["bob"] == pytest.approx((900 / 400) ** 0.9)

    def test_without_potentials_nearly_all_of_the_difference_stays(self) -> None:
        history = four_years("ada", 900) + four_years("bob", 400)

        expected = baselines(a_company(["ada", "bob"], history=history))

        assert expected["ada"] / expected["bob"] == pytest.approx((900 / 400) ** 0.98)

    def test_the_last_year_weighs_more_than_the_two_before_and_these_more_than_older_ones(
        self,
    ) -> None:
        def ratio(*good_years: int) -> float:
            history = [
                row
                for y in range(2023, 2027)
                for row in year("ada", y, 900 if y in good_years else 400) + year("bob", y, 400)
            ]
            potential = {"ada": 1.0, "bob": 1.0}
            expected = baselines(a_company(["ada", "bob"], history=history, potential=potential))
            return log(expected["ada"] / expected["bob"]) / log(900 / 400)

        assert ratio(2026) == pytest.approx(0.45)
        assert ratio(2025, 2024) == pytest.approx(0.30)
        assert ratio(2023) == pytest.approx(0.15)

    def test_growth_of_the_whole_company_is_nobodys_merit(self) -> None:
        flat = four_years("ada", 900) + four_years("bob", 400)
        growing = [(who, m, amount * 2 ** (m // 12 - 2023)) for who, m, amount in flat]

        shares = [baselines(a_company(["ada", "bob"], history=h)) for h in (flat, growing)]

        assert shares[1]["ada"] / sum(shares[1].values()) == pytest.approx(shares[0]["ada"] / 1300)

    def test_an_absent_year_follows_the_newest_known_one_at_ninety_five_percent(self) -> None:
        history = year("ada", 2026, 900) + year("bob", 2026, 400)
        potential = {"ada": 1.0, "bob": 1.0}

        expected = baselines(a_company(["ada", "bob"], history=history, potential=potential))

        weight = 0.45 + 0.45 * 0.95
        assert expected["ada"] / expected["bob"] == pytest.approx((900 / 400) ** weight)

    def test_a_year_of_leave_is_missing_and_not_zero(self) -> None:
        both = four_years("ada", 600) + four_years("bob", 600)
        leave = [row for row in both if row[0] == "bob" or row[1] // 12 != 2026]

        expected = baselines(a_company(["ada", "bob"], history=leave))

        assert expected["ada"] == pytest.approx(expected["bob"])

    def test_months_before_the_first_sale_count_as_not_there_yet(self) -> None:
        newcomer = [row for row in year("bob", 2026, 1200) if row[1] >= month(2026, 7)]

        expected = baselines(a_company(["ada", "bob"], history=year("ada", 2026, 1200) + newcomer))

        assert expected["bob"] == pytest.approx(expected["ada"])

    def test_two_months_in_the_seat_are_too_few_to_judge(self) -> None:
        newcomer = [("bob", month(2026, m), 5000.0) for m in (11, 12)]
        company = a_company(["ada", "bob"], history=year("ada", 2026, 1200) + newcomer)

        assert basis_of(company, "bob") == Basis.FTE

    @pytest.mark.parametrize("amount", [0.0, -500.0])
    def test_nothing_sold_or_more_returned_counts_as_two_percent_of_typical(
        self, amount: float
    ) -> None:
        history = year("ada", 2026, 1000) + year("bob", 2026, amount)
        company = a_company(["ada", "bob"], history=history, forecast=1000)
        answer = estimate(company)

        ada, bob = answer.index[:, 0]
        assert ada > 1 > bob > 0
        assert np.isfinite(answer.baseline).all()
        assert answer.baseline.min() > 0

    def test_a_quarter_is_expected_with_the_season_of_the_same_quarter(self) -> None:
        history = [("ada", 2026 * 12 + m, 40.0 if m >= 9 else 10.0) for m in range(12)]

        assert baselines(a_company(["ada"], history=history, length=3)) == {
            "ada": pytest.approx(30)
        }


class TestMonthsNobodyKnows:
    def test_a_history_that_stops_two_months_early_expects_a_full_year_all_the_same(self) -> None:
        known = [row for row in four_years("ada", 1200) if row[1] < month(2026, 11)]

        assert baselines(a_company(["ada"], history=known)) == {"ada": pytest.approx(1200)}

    def test_missing_months_of_everybody_change_no_share(self) -> None:
        full = four_years("ada", 900) + four_years("bob", 400)
        known = [row for row in full if row[1] < month(2026, 11)]

        complete, partial = (baselines(a_company(["ada", "bob"], history=h)) for h in (full, known))

        assert partial == pytest.approx(complete)

    def test_a_block_with_less_than_a_quarter_of_its_months_is_not_used(self) -> None:
        history = [row for row in four_years("ada", 1200) if row[1] >= month(2023, 11)]

        blocks = estimate(a_company(["ada"], history=history)).parameters.blocks

        assert [(b.first, b.last, b.months_covered, b.used) for b in blocks] == [
            ("2026-01", "2026-12", 12, True),
            ("2025-01", "2025-12", 12, True),
            ("2024-01", "2024-12", 12, True),
            ("2023-01", "2023-12", 2, False),
        ]


class TestLastYear:
    def test_a_company_with_nothing_but_last_years_sales_can_start(self) -> None:
        company = a_company(["ada", "bob"], last_year={"ada": 900, "bob": 400})

        expected = baselines(company)

        assert sum(expected.values()) == pytest.approx(1300)
        assert expected["ada"] > 2 * expected["bob"]
        assert basis_of(company, "ada") == Basis.HISTORY_AND_PEERS

    def test_it_counts_like_the_same_sales_told_month_by_month(self) -> None:
        history = [("ada", m, (m % 12 + 1) * 10.0) for m in range(START - 12, START)]
        told = history + [("bob", m, amount * 2) for _, m, amount in history]
        for length in (3, 12):
            by_month = a_company(["ada", "bob"], history=told, length=length)
            by_year = a_company(
                ["ada", "bob"], history=history, last_year={"bob": 1560}, length=length
            )

            assert baselines(by_year)["bob"] == pytest.approx(baselines(by_month)["bob"], rel=0.02)
            if length == 12:
                assert baselines(by_year) == pytest.approx(baselines(by_month))

    def test_it_is_not_read_where_there_is_history(self) -> None:
        history = year("ada", 2026, 900) + year("bob", 2026, 400)
        company = a_company(["ada", "bob"], history=history)
        with_figure = a_company(["ada", "bob"], history=history, last_year={"ada": 5000})

        assert baselines(with_figure) == baselines(company)


class TestPotential:
    def test_no_history_means_the_benchmark_of_the_own_potential(self) -> None:
        company = a_company(
            ["ada", "bob"], potential={"ada": 200, "bob": 100}, history=year("ada", 2026, 600)
        )

        assert baselines(company) == {"ada": pytest.approx(400), "bob": pytest.approx(200)}
        assert basis_of(company, "bob") == Basis.POTENTIAL

    def test_without_own_potential_a_new_rep_counts_like_the_average_per_head(self) -> None:
        company = a_company(
            ["ada", "bob", "cyd", "dan"],
            potential={"ada": 300, "bob": 100},
            fte={"dan": 0.5},
            forecast=700,
        )

        assert baselines(company) == pytest.approx({"ada": 300, "bob": 100, "cyd": 200, "dan": 100})
        assert basis_of(company, "cyd") == Basis.FTE

    def test_it_comes_from_the_territories_held_at_the_start(self) -> None:
        company = a_company(
            ["ada", "bob"],
            territories={"north": 300, "south": 100, "old": 9999},
            holdings=[
                Holding("north", "ada", 0.5),
                Holding("north", "bob", 0.5),
                Holding("south", "bob"),
                Holding("old", "ada", last=START - 1),
                Holding("old", "bob", first=START + 1),
            ],
            forecast=400,
        )

        assert baselines(company) == pytest.approx({"ada": 150, "bob": 250})

    def test_the_reps_own_potential_wins(self) -> None:
        company = a_company(
            ["ada", "bob"],
            territories={"north": 300},
            holdings=[Holding("north", "ada")],
            potential={"ada": 100, "bob": 300},
            forecast=400,
        )

        assert baselines(company) == pytest.approx({"ada": 100, "bob": 300})

    def test_one_territory_of_unknown_potential_leaves_the_reps_unknown(self) -> None:
        company = a_company(
            ["ada", "bob"],
            territories={"north": 300, "south": float("nan")},
            holdings=[Holding("north", "ada"), Holding("south", "ada")],
            potential={"bob": 50},
            forecast=100,
        )

        assert basis_of(company, "ada") == Basis.FTE
        assert baselines(company) == pytest.approx({"ada": 50, "bob": 50})

    def test_potentials_that_are_all_zero_say_nothing(self) -> None:
        company = a_company(["ada", "bob"], potential={"ada": 0, "bob": 0}, forecast=100)

        assert baselines(company) == pytest.approx({"ada": 50, "bob": 50})
        assert basis_of(company, "ada") == Basis.FTE

    def test_a_zero_potential_does_not_wipe_out_real_sales(self) -> None:
        history = year("ada", 2026, 600) + year("bob", 2026, 600)

        expected = baselines(
            a_company(["ada", "bob"], history=history, potential={"ada": 0, "bob": 1000})
        )

        assert 300 < expected["ada"] < expected["bob"]

    def test_a_zero_potential_without_sales_expects_nothing(self) -> None:
        company = a_company(["ada", "bob"], potential={"ada": 0, "bob": 1000}, forecast=100)

        assert baselines(company) == pytest.approx({"ada": 0, "bob": 100})

    def test_neither_history_nor_potential_is_equal_per_full_time_equivalent(self) -> None:
        company = a_company(["ada", "bob"], fte={"bob": 0.5}, forecast=300)

        assert baselines(company) == pytest.approx({"ada": 200, "bob": 100})
        assert basis_of(company, "ada") == basis_of(company, "bob") == Basis.FTE


class TestTerritoryHistory:
    def test_the_past_of_a_territory_goes_to_its_holder_at_the_start(self) -> None:
        handed_over = a_company(
            ["ada", "bob"],
            territories={"north": 100, "south": 100},
            holdings=[
                Holding("north", "ada", last=START - 1),
                Holding("north", "bob", first=START),
                Holding("south", "ada", first=START),
                Holding("south", "bob", last=START - 1),
            ],
            history=four_years("north", 900) + four_years("south", 400),
        )
        expected = baselines(handed_over)

        assert expected["bob"] / expected["ada"] == pytest.approx((900 / 400) ** 0.9)

    def test_holders_at_the_start_share_the_whole_past(self) -> None:
        company = a_company(
            ["ada", "bob"],
            territories={"north": 100},
            holdings=[Holding("north", "ada", 0.25), Holding("north", "bob", 0.75)],
            history=four_years("north", 1200),
        )

        assert baselines(company) == pytest.approx({"ada": 300, "bob": 900})

    def test_sales_of_a_territory_that_nobody_holds_take_no_part_and_are_reported(self) -> None:
        company = a_company(
            ["ada"],
            territories={"north": 100},
            history=year("north", 2026, 500) + year("ada", 2026, 700),
        )
        answer = estimate(company)

        assert answer.baseline.tolist() == [pytest.approx(700)]
        assert answer.parameters.history_without_holder == pytest.approx(500)

    def test_rows_of_products_add_up_to_the_month(self) -> None:
        whole = year("ada", 2026, 900) + year("bob", 2026, 400)
        parts = [(who, m, amount / 2) for who, m, amount in whole for _ in range(2)]

        assert baselines(a_company(["ada", "bob"], history=parts)) == pytest.approx(
            baselines(a_company(["ada", "bob"], history=whole))
        )


class TestCompanyTotal:
    def test_the_owners_forecast_is_shared_out(self) -> None:
        history = year("ada", 2026, 600) + year("bob", 2026, 600)

        assert baselines(
            a_company(["ada", "bob"], history=history, forecast=2000)
        ) == pytest.approx({"ada": 1000, "bob": 1000})

    def test_an_empty_seat_expects_its_part_and_the_others_no_more(self) -> None:
        history = year("ada", 2026, 600) + year("bob", 2026, 600)
        company = a_company(["ada", "bob"], history=history, in_seat={"bob": 0.25})

        assert baselines(company) == pytest.approx({"ada": 600, "bob": 150})

    def test_a_given_baseline_is_taken_as_it_is_and_changes_nobody_elses(self) -> None:
        history = year("ada", 2026, 900) + year("bob", 2026, 400)
        before = baselines(a_company(["ada", "bob"], history=history))

        after = baselines(
            a_company(["ada", "bob"], history=history, baseline={"ada": 123}, in_seat={"ada": 0.5})
        )

        assert after == {"ada": 123, "bob": before["bob"]}

    def test_a_given_baseline_without_history_takes_nothing_from_the_others(self) -> None:
        history = year("ada", 2026, 600) + year("bob", 2026, 600)
        company = a_company(["ada", "bob", "new"], history=history, baseline={"new": 600})

        assert baselines(company) == pytest.approx({"ada": 600, "bob": 600, "new": 600})

    def test_but_it_is_part_of_the_owners_forecast(self) -> None:
        company = a_company(["ada", "bob", "new"], baseline={"new": 600}, forecast=1000)

        assert baselines(company) == pytest.approx({"ada": 200, "bob": 200, "new": 600})

    def test_without_history_and_forecast_the_given_ones_tell_what_the_others_sell(self) -> None:
        company = a_company(
            ["ada", "bob"], baseline={"ada": 600}, potential={"ada": 100, "bob": 50}, target=9
        )

        assert baselines(company) == pytest.approx({"ada": 600, "bob": 300})
        source = estimate(company).parameters.company_total_source
        assert source is TotalSource.GIVEN_BASELINES

    def test_with_nothing_known_the_target_is_what_is_shared_out(self) -> None:
        company = a_company(["ada", "bob"], fte={"bob": 0.5}, target=300)

        assert baselines(company) == pytest.approx({"ada": 200, "bob": 100})
        assert estimate(company).parameters.company_total_source is TotalSource.TARGET

    def test_with_no_target_either_nothing_is_expected(self) -> None:
        answer = estimate(a_company(["ada", "bob"]))

        assert answer.baseline.tolist() == answer.reach.tolist() == [0, 0]
        assert np.isnan(answer.benchmark).all()
        assert answer.parameters.company_total_source is TotalSource.UNKNOWN

    def test_a_company_that_sold_nothing_is_as_unknown_as_one_without_history(self) -> None:
        company = a_company(["ada", "bob"], history=year("ada", 2026, 0), target=100)

        assert baselines(company) == pytest.approx({"ada": 50, "bob": 50})

    def test_a_forecast_of_zero_expects_nothing(self) -> None:
        assert baselines(a_company(["ada"], history=year("ada", 2026, 9), forecast=0)) == {"ada": 0}

    def test_all_given_estimates_nothing(self) -> None:
        answer = estimate(a_company(["ada", "bob"], baseline={"ada": 10, "bob": 0}))

        assert answer.baseline.tolist() == [10, 0]
        assert answer.basis == (Basis.GIVEN, Basis.GIVEN)
        assert answer.components(0) == ()


class TestReach:
    def test_it_is_five_percent_where_nothing_says_how_much_is_possible(self) -> None:
        assert estimate(a_company(["ada"], forecast=1000)).reach.tolist() == [pytest.approx(50)]

    def test_a_capacity_alone_is_what_is_possible(self) -> None:
        company = a_company(["ada"], forecast=1000, capacity={"ada": 1400})

        assert estimate(company).reach.tolist() == [pytest.approx(0.75 * 50 + 0.25 * 0.1 * 400)]

    def test_a_potential_says_what_one_rep_in_ten_makes_of_it(self) -> None:
        company = a_company(
            ["ada", "bob"],
            history=four_years("ada", 900) + four_years("bob", 400),
            potential={"ada": 1.0, "bob": 1.0},
        )
        answer = estimate(company)
        possible = answer.benchmark[1] * 1.5

        assert answer.reach[1] == pytest.approx(
            0.75 * 0.05 * answer.baseline[1] + 0.025 * (possible - answer.baseline[1])
        )

    def test_the_smaller_of_capacity_and_potential_counts(self) -> None:
        history = four_years("ada", 900) + four_years("bob", 400)
        potential = {"ada": 1.0, "bob": 1.0}
        company = a_company(["ada", "bob"], history=history, potential=potential)
        limited = replace(company, capacity=np.array([np.nan, 450.0]))

        assert estimate(limited).limit[1] == 450
        assert estimate(limited).reach[1] < estimate(company).reach[1]

    def test_nothing_is_possible_beyond_a_capacity_below_the_expected_sales(self) -> None:
        company = a_company(["ada"], forecast=1000, capacity={"ada": 10})

        assert estimate(company).reach.tolist() == [pytest.approx(0.75 * 50)]

    def test_a_given_reach_is_taken_as_it_is(self) -> None:
        assert estimate(a_company(["ada"], forecast=1000, reach={"ada": 7})).reach.tolist() == [7]


class TestExplanation:
    def test_the_parts_multiply_to_the_expected_sales(self) -> None:
        history = four_years("ada", 900) + year("bob", 2026, 400)
        company = a_company(["ada", "bob", "new"], history=history, in_seat={"bob": 0.5})
        answer = estimate(company)

        for i in range(3):
            parts = answer.components(i)
            assert sum(part.weight for part in parts) == pytest.approx(1)
            whole = prod(part.amount**part.weight for part in parts)
            assert whole * answer.in_seat[i] == pytest.approx(answer.baseline[i])

    def test_it_tells_what_was_sold_and_what_only_follows_from_it(self) -> None:
        history = [*year("ada", 2026, 900), *year("ada", 2025, 500), *year("ada", 2024, 700)]
        company = a_company(["ada"], history=history)

        last, before, older, benchmark = estimate(company).components(0)

        parts = (last, before, older, benchmark)
        assert [p.name for p in parts] == ["last_period", "two_before", "older", "benchmark"]
        assert [p.known for p in parts] == [True, True, False, True]
        assert [last.sold, before.sold] == pytest.approx([900, 600])
        assert older.sold is None
        assert benchmark.weight == pytest.approx(0.02)

    def test_without_history_all_the_weight_is_on_the_benchmark(self) -> None:
        (benchmark,) = estimate(a_company(["ada"], forecast=100)).components(0)

        assert [benchmark.weight, benchmark.amount] == pytest.approx([1, 100])

    def test_the_parameters_can_be_stored_as_json(self) -> None:
        parameters = estimate(a_company(["ada"], history=year("ada", 2026, 1))).parameters

        stored = json.loads(json.dumps(asdict(parameters), allow_nan=False))

        assert stored["weights"] == [0.45, 0.30, 0.15]
        assert stored["company_total_source"] == "last_12_months"
        assert stored["blocks"][0]["first"] == "2026-01"

    def test_the_example_of_the_guide(self) -> None:
        """docs/guide/estimate.md"""
        company = a_company(
            ["Anna", "Ben", "Cara"],
            potential={"Anna": 6_000_000, "Ben": 6_000_000, "Cara": 3_000_000},
            history=four_years("Anna", 900_000) + four_years("Ben", 400_000),
            forecast=1_600_000,
        )
        answer = estimate(company)

        assert answer.index[:, 0] == pytest.approx([1.5, 1 / 1.5, 1])
        assert [round(b, -3) for b in answer.benchmark] == [607_000, 607_000, 304_000]
        assert [round(b, -3) for b in answer.baseline] == [875_000, 422_000, 304_000]
        assert answer.baseline[0] / answer.benchmark[0] == pytest.approx(exp(0.9 * log(1.5)))
        assert round(answer.baseline[0] / answer.benchmark[0], 2) == 1.44
        assert round(answer.baseline[1] / answer.benchmark[1], 2) == 0.69
        assert [round(r, -2) for r in answer.reach] == [33_700, 28_000, 15_200]


class TestRefused:
    def test_every_fault_is_named_at_once(self) -> None:
        company = a_company(["ada", "bob"], history=year("ada", 2026, 1))

        with pytest.raises(InvalidProblem) as refused:
            replace(
                company,
                fte=np.array([0.0, 1.0]),
                in_seat=np.array([1.0, 1.5]),
                potential=np.array([-1.0, np.inf]),
                forecast=float("nan"),
            )

        places = [(f.table, f.row, f.field) for f in refused.value.faults]
        assert places == [
            ("", None, "forecast"),
            ("reps", 0, "potential"),
            ("reps", 1, "potential"),
            ("reps", 0, "fte"),
            ("reps", 1, "in_seat"),
        ]

    def test_columns_of_the_wrong_length_and_an_empty_company(self) -> None:
        with pytest.raises(InvalidProblem, match="fte: has shape"):
            replace(a_company(["ada"]), fte=np.ones(2))
        with pytest.raises(InvalidProblem, match="at least one rep"):
            a_company([])
        with pytest.raises(InvalidProblem, match="ends before it starts"):
            a_company(["ada"], length=0)

    def test_a_row_of_history_that_names_nobody(self) -> None:
        with pytest.raises(InvalidProblem, match=r"history\[0\].rep"):
            a_company(["ada"], history=[("stranger", START - 1, 1.0)])


def test_the_order_of_the_answer_is_the_order_of_the_reps() -> None:
    company = a_company(["zoe", "ada"], forecast=300, fte={"zoe": 2.0})
    answer = estimate(company)

    assert answer.baseline[rep_of(answer, company, "zoe")] == pytest.approx(200)
