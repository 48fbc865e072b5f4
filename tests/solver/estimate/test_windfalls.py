"""One deal of more than a quarter of a year is set aside; seasons and quarterly rows are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.estimate import Windfall, estimate
from tests.solver.estimate.company import START, Actual, a_company, baselines, month, year


def a_deal(amount: float, who: str = "bob", at: int = 5) -> list[Actual]:
    return [(who, month(2026, at), amount)]


EVEN = year("ada", 2026, 1200) + year("bob", 2026, 1200)


class TestSetAside:
    def test_a_huge_deal_counts_like_the_limit_and_is_reported(self) -> None:
        """Beside 1,200 of the year the limit is the largest of a third of it and four months."""
        answer = estimate(a_company(["ada", "bob"], history=EVEN + a_deal(5000)))

        assert answer.windfalls == (
            Windfall(1, month(2026, 5), 5000, pytest.approx(4 * 1200 / 11)),  # type: ignore[arg-type]
        )
        assert answer.parameters.set_aside == pytest.approx(5000 - 4800 / 11)

    def test_neither_the_rep_nor_the_company_is_expected_to_see_it_again(self) -> None:
        expected = baselines(a_company(["ada", "bob"], history=EVEN + a_deal(500_000)))

        assert sum(expected.values()) < 3000
        assert expected["bob"] < 1.5 * expected["ada"]

    def test_a_deal_of_a_fifth_of_the_year_is_business(self) -> None:
        assert not estimate(a_company(["ada", "bob"], history=EVEN + a_deal(300))).windfalls

    @given(st.floats(0, 1e5), st.floats(0, 1e4))
    def test_more_sales_never_count_for_less(self, amount: float, more: float) -> None:
        def counted(deal: float) -> float:
            history = EVEN + a_deal(deal)
            answer = estimate(a_company(["ada", "bob"], history=history, forecast=1000))
            return float(answer.baseline[1])

        assert counted(amount + more) >= counted(amount) * (1 - 1e-12)

    def test_the_row_of_the_answer_is_the_row_of_the_evidence(self) -> None:
        answer = estimate(a_company(["zoe", "ada"], history=year("zoe", 2026, 1200)
                                    + year("ada", 2026, 1200) + a_deal(9000, "zoe")))  # fmt: skip

        assert [deal.rep for deal in answer.windfalls] == [0]


class TestNoWindfall:
    def test_a_strong_season_that_comes_every_year(self) -> None:
        history = [
            (who, y * 12 + m, 2000.0 if m == 11 and who == "bob" else 100.0)
            for who in ("ada", "bob") for y in (2025, 2026) for m in range(12)
        ]  # fmt: skip

        assert not estimate(a_company(["ada", "bob"], history=history)).windfalls

    def test_a_strong_season_that_all_have(self) -> None:
        history = [
            (who, month(2026, m), 2000.0 if m == 12 else 100.0)
            for who in ("ada", "bob", "cyd") for m in range(1, 13)
        ]  # fmt: skip

        assert not estimate(a_company(["ada", "bob", "cyd"], history=history)).windfalls

    def test_rows_of_quarters_and_of_whole_years(self) -> None:
        quarters = [("bob", month(2026, m), 300.0 * m) for m in (3, 6, 9, 12)]
        whole = [("ada", month(2026, 12), 5000.0)]

        assert not estimate(a_company(["ada", "bob"], history=quarters + whole)).windfalls

    def test_a_beginners_first_months(self) -> None:
        history = year("ada", 2026, 1200) + [("bob", month(2026, m), 10.0) for m in range(8, 12)]

        assert not estimate(
            a_company(["ada", "bob"], history=[*history, ("bob", month(2026, 12), 900.0)])
        ).windfalls


def test_of_a_hundred_reps_with_lumpy_months_few_are_suspected_wrongly() -> None:
    """Months that swing by a factor of two: no deals, only noise. One in 200 at most is cut."""
    generator = np.random.default_rng(3)
    months = np.exp(generator.normal(0.0, 0.7, (100, 36)))
    history = [
        (f"r{rep}", START - 36 + m, float(months[rep, m])) for rep in range(100) for m in range(36)
    ]

    found = estimate(a_company([f"r{rep}" for rep in range(100)], history=history)).windfalls

    assert len(found) <= 0.005 * 3600


def test_nine_in_ten_real_windfalls_are_found() -> None:
    """A deal as large as all else of the year, put into noise of the same kind."""
    generator = np.random.default_rng(4)
    months = np.exp(generator.normal(0.0, 0.4, (100, 36)))
    months[np.arange(100), 24 + generator.integers(0, 12, 100)] += months[:, 24:].sum(axis=1)
    history = [
        (f"r{rep}", START - 36 + m, float(months[rep, m])) for rep in range(100) for m in range(36)
    ]

    found = estimate(a_company([f"r{rep}" for rep in range(100)], history=history)).windfalls

    assert len({deal.rep for deal in found if deal.month >= START - 12}) >= 90
