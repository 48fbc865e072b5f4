"""What the company as a whole is expected to sell, where nobody has said so."""

from __future__ import annotations

import numpy as np
import pytest

from solver.estimate import Estimate, TotalSource, estimate
from solver.estimate.company import _fit
from tests.solver.estimate.company import START, Actual, a_company, month, year

SEASON = 1 + 0.4 * np.sin(np.arange(12) / 12 * 2 * np.pi)


def months_of(who: str, count: int, growth: float = 0.0, noise: float = 0.01) -> list[Actual]:
    """The last `count` months: a season, a steady growth a month, a little noise."""
    generator = np.random.default_rng(count)
    return [
        (who, m, float(100 * SEASON[m % 12] * (1 + growth) ** (m - START)
                       * np.exp(generator.normal(0, noise))))
        for m in range(START - count, START)
    ]  # fmt: skip


def total_of(answer: Estimate) -> float:
    return answer.parameters.company_total


class TestSmoothing:
    def test_a_company_that_grows_is_expected_to_sell_more_than_last_year(self) -> None:
        history = months_of("ada", 60, growth=0.01)
        last = sum(amount for _, m, amount in history if m >= START - 12)

        answer = estimate(a_company(["ada"], history=history))

        truth = sum(100 * SEASON[m % 12] * 1.01 ** (m - START) for m in range(START, START + 12))
        assert answer.parameters.company_total_source is TotalSource.SMOOTHED
        assert abs(total_of(answer) - truth) < abs(last - truth) / 2

    @pytest.mark.parametrize("swings", ["of fixed money", "that grow along"])
    def test_a_season_of_fixed_money_is_kept_as_well_as_one_in_per_cent(self, swings: str) -> None:
        """Sales grow fivefold in four years; logs know only swings that grow with them."""
        level = 100 + 8 * np.arange(60.0)
        months = np.arange(START - 48, START + 12)
        swing = np.sin(months / 12 * 2 * np.pi)
        noise = np.random.default_rng(5).normal(0, 0.01, 60)
        if swings == "that grow along":
            sold = level * (1 + 0.4 * swing) * np.exp(noise)
        else:
            sold = level + 60 * swing + 100 * noise
        history = [("ada", int(m), float(a)) for m, a in zip(months, sold, strict=True)][:48]

        answer = estimate(a_company(["ada"], history=history, length=6))

        assert answer.parameters.company_total_source is TotalSource.SMOOTHED
        assert total_of(answer) == pytest.approx(float(sold[48:54].sum()), rel=0.03)

    def test_a_quarter_keeps_its_season(self) -> None:
        answer = estimate(a_company(["ada"], history=months_of("ada", 36), length=3))

        assert total_of(answer) == pytest.approx(100 * SEASON[:3].sum(), rel=0.03)

    def test_two_years_are_enough_and_less_is_not(self) -> None:
        enough, short = (
            estimate(a_company(["ada"], history=months_of("ada", count))).parameters
            for count in (24, 23)
        )

        assert enough.company_total_source is TotalSource.SMOOTHED
        assert short.company_total_source is TotalSource.LAST_12_MONTHS
        assert short.not_smoothed is None

    def test_a_history_that_stops_two_months_early_is_carried_over_the_gap(self) -> None:
        history = [row for row in months_of("ada", 48) if row[1] < month(2026, 11)]

        answer = estimate(a_company(["ada"], history=history, length=3))

        assert answer.parameters.company_total_source is TotalSource.SMOOTHED
        assert total_of(answer) == pytest.approx(100 * SEASON[:3].sum(), rel=0.03)

    def test_the_owners_number_goes_first(self) -> None:
        answer = estimate(a_company(["ada"], history=months_of("ada", 48), forecast=777))

        assert total_of(answer) == 777
        assert answer.parameters.company_total_source is TotalSource.FORECAST

    def test_twice_the_same_history_gives_twice_the_same_bytes(self) -> None:
        company = a_company(["ada"], history=months_of("ada", 48, growth=0.005))

        fitted, kept = (estimate(company).baseline.tobytes() for _ in range(2))
        _fit.cache_clear()
        fitted_again = estimate(company).baseline.tobytes()

        assert fitted == kept == fitted_again

    def test_a_collapse_that_smoothing_carries_on_is_refused_and_said(self) -> None:
        """Sales that fall by a tenth each month would end near nothing."""
        answer = estimate(a_company(["ada"], history=months_of("ada", 48, growth=-0.1)))

        assert answer.parameters.company_total_source is TotalSource.LAST_12_MONTHS
        assert answer.parameters.not_smoothed == "implausible"
        last = sum(a for _, m, a in months_of("ada", 48, growth=-0.1) if m >= START - 12)
        assert total_of(answer) == pytest.approx(last)

    def test_equal_months_need_no_smoothing(self) -> None:
        history = [row for y in range(2023, 2027) for row in year("ada", y, 1200)]

        answer = estimate(a_company(["ada"], history=history))

        assert total_of(answer) == pytest.approx(1200)


class TestTeam:
    def test_a_team_that_doubled_is_no_market_that_doubled(self) -> None:
        """Bob came in July: the months before are told as if he had been there."""
        bob = [row for row in year("bob", 2026, 1200) if row[1] >= month(2026, 7)]

        answer = estimate(a_company(["ada", "bob"], history=year("ada", 2026, 1200) + bob))

        assert total_of(answer) == pytest.approx(2400)

    def test_smoothing_sees_no_growth_in_people_who_come_one_by_one(self) -> None:
        history = [
            row
            for rep in range(6)
            for row in months_of(f"r{rep}", 60 - 6 * rep)
        ]  # fmt: skip

        answer = estimate(a_company([f"r{rep}" for rep in range(6)], history=history))

        assert answer.parameters.company_total_source is TotalSource.SMOOTHED
        assert total_of(answer) == pytest.approx(6 * 1200, rel=0.03)
