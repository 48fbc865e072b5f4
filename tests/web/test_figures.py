"""Amounts, shares and dates as people of either language write them."""

from datetime import date

import pytest

from service.web.figures import Figures
from service.web.i18n import language


def figures(code: str, currency: str = "CNY", digits: int = 2, *amounts: int) -> Figures:
    return Figures.of(language(code).locale, currency, digits, amounts)


class TestTables:
    def test_chinese_tables_count_large_money_in_wan(self) -> None:
        large = figures("zh", "CNY", 2, 100_000_000_00, 1_650_000_00)

        assert large.unit == "万元"
        assert str(large.money(100_000_000_00)) == "10,000"
        assert str(large.money(1_650_000_00)) == "165"

    def test_no_digit_is_lost_on_the_way_to_wan(self) -> None:
        odd = figures("zh", "CNY", 2, 100_000_000_00, 1_234_567_89).money(1_234_567_89)

        assert odd
        assert odd.shown == "123.46"
        assert odd.exact == "¥1,234,567.89"

    def test_small_money_keeps_its_cents(self) -> None:
        small = figures("en", "USD", 2, 440_00, 111_67)

        assert str(small.money(111_67)) == "111.67"
        assert small.unit == "USD"

    def test_whole_amounts_are_shown_whole(self) -> None:
        assert str(figures("en", "USD", 2, 440_00, 105_00).money(105_00)) == "105"

    def test_a_currency_without_cents_has_none(self) -> None:
        yen = figures("en", "JPY", 0, 1_234_567)

        assert str(yen.money(1_234_567)) == "1,234,567"
        assert yen.exact(1_234_567) == "¥1,234,567"

    def test_a_currency_with_three_decimals_has_three(self) -> None:
        assert figures("en", "KWD", 3, 1_234).exact(1_234) == "KWD1.234"


class TestHeadlines:
    @pytest.mark.parametrize(
        ("minor", "shown"),
        [
            (100_000_000_00, "1 亿元"),
            (108_000_000_00, "1.08 亿元"),
            (1_650_000_00, "165 万元"),
            (9_999_00, "¥9,999"),
        ],
    )
    def test_chinese_says_wan_and_yi(self, minor: int, shown: str) -> None:
        assert str(figures("zh").headline(minor)) == shown

    @pytest.mark.parametrize(
        ("amounts", "shown"),
        [
            ((425_000_000_00, 40_000_000_00), "42,500 万元, 4,000 万元"),
            ((500_000_00, 6_389_96), "50 万元, 0.64 万元"),
            ((500_000_00, 0), "50 万元, 0 万元"),
            ((500_000_00, 63_90), "¥500,000, ¥63.90"),
            ((9_999_00, 1_000_00), "¥9,999, ¥1,000"),
            ((200_000_000_00, 100_000_000_00), "2 亿元, 1 亿元"),
        ],
    )
    def test_a_list_has_one_unit_that_suits_its_smallest_amount(
        self, amounts: tuple[int, ...], shown: str
    ) -> None:
        chinese = figures("zh")

        power = chinese.spoken_power(amounts)

        assert ", ".join(chinese.headline(minor, power).shown for minor in amounts) == shown

    def test_other_money_is_named(self) -> None:
        assert str(figures("zh", "USD").headline(2_000_000_00)) == "200 万美元"

    def test_english_says_it_in_full(self) -> None:
        headline = figures("en", "USD").headline(108_000_000_50)

        assert headline.shown == "$108,000,001"
        assert headline.exact == "$108,000,000.50"


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.164, "+16.4%"), (-0.021, "−2.1%"), (0.0, "0.0%"), (-0.0001, "0.0%"), (12.5, "+1,250.0%")],
)
def test_a_change_carries_its_sign_unless_it_is_none(share: float, shown: str) -> None:
    assert figures("en").percent(share, signed=True) == shown


def test_halves_are_rounded_away_from_zero() -> None:
    page = figures("en", "USD", 2, 2_000_000_00, 1)

    assert [page.number(value) for value in (0.625, 0.615, -0.625)] == ["0.63", "0.62", "−0.63"]
    assert (page.percent(0.0005), page.percent(-0.0625)) == ("0.1%", "−6.3%")
    assert (page.percent_tick(0.00125), str(page.money(2_50))) == ("0.13%", "3")
    assert page.exact(2.5) == "$0.03"


def test_what_is_unknown_is_not_made_up() -> None:
    nothing = figures("en")

    assert (nothing.percent(None), nothing.number(None), nothing.money(None)) == (None, None, None)


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        (date(2027, 1, 1), date(2027, 12, 31), "2027", "2027年"),
        (
            date(2027, 4, 1),
            date(2028, 3, 31),
            "Apr\u20092027\u2009–\u2009Mar\u20092028",
            "2027年4月至2028年3月",
        ),
    ],
)
def test_a_period_is_said_in_years_and_months(
    start: date, end: date, english: str, chinese: str
) -> None:
    said = figures("en").period(start, end).replace(" ", "\u2009")

    assert said == english
    assert figures("zh").period(start, end) == chinese
