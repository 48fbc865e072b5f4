"""Quotas month by month, as a page shows them."""

from typing import Any

import pytest

from service.web.figures import Figures
from service.web.i18n import language
from service.web.months import MonthWords

BY_HISTORY = "Months go by what the history shows for a working day"
NOT_AS_GIVEN = (
    "But they cannot come to that, for targets are of months, or people are not there all the time."
)
DASH = "\N{THIN SPACE}–\N{THIN SPACE}"
MONTHS = [f"2027-{month:02}" for month in range(1, 13)]
LEARNED: dict[str, Any] = {
    "basis": "learned", "as_given": None, "country": "CN", "working_days": [20] * 12,
    "provisional": [2027], "pool": [1.0] * 12, "between": 0.01, "within": 0.02, "reps": 35,
}  # fmt: skip
GIVEN = LEARNED | {"basis": "even", "as_given": True, "pool": None, "reps": None}


def words(
    code: str = "en", season: dict[str, Any] | None = None, names: list[str] = MONTHS
) -> MonthWords:
    reader = language(code)
    figures = Figures.of(reader.locale, "CNY", 2, [100_000_000_00])
    return MonthWords(reader, figures, names, LEARNED if season is None else season)


def told(code: str = "en", **season: Any) -> list[str]:
    return [*words(code).sentences(LEARNED | season)]


def test_a_line_for_each_quarter_that_adds_up() -> None:
    drawn = words().drawn([10_000_00 * k for k in range(1, 13)])

    assert drawn is not None
    first, *_, last = drawn["open"]
    assert (first.name, str(first.amount), first.share) == (f"Jan{DASH}Mar 2027", "60,000", "7.7%")
    assert [(month.name, month.width) for month in last.months] == [
        ("Oct", 83.33),
        ("Nov", 91.67),
        ("Dec", 100.0),
    ]


def test_in_chinese_months_have_numbers_and_amounts_count_wan() -> None:
    drawn = words("zh").drawn([1_000_000_00] * 12)

    assert drawn is not None
    assert drawn["open"][0].months[1].name == "2月"
    assert str(drawn["open"][0].months[1].amount) == "100"


def test_quarters_begin_with_the_period_and_the_last_may_be_short() -> None:
    names = ["2027-11", "2027-12", "2028-01", "2028-02"]

    drawn = words(names=names).drawn([1, 1, 1, 1])

    assert drawn is not None
    assert [quarter.name for quarter in drawn["open"]] == [f"Nov 2027{DASH}Jan 2028", "Feb 2028"]
    assert len(drawn["open"][1].months) == 1


def test_long_periods_are_shown_in_part() -> None:
    names = [f"{2027 + k // 12}-{k % 12 + 1:02}" for k in range(60)]

    drawn = words(names=names).drawn([1] * 60)

    assert drawn is not None
    assert (len(drawn["open"]), len(drawn["more"])) == (8, 12)


@pytest.mark.parametrize("amounts", [None, []])
def test_without_months_nothing_is_drawn(amounts: list[int] | None) -> None:
    assert words().drawn(amounts) is None


def test_nothing_to_carry_has_no_bars() -> None:
    drawn = words().drawn([0] * 12)

    assert drawn is not None
    assert {month.width for quarter in drawn["open"] for month in quarter.months} == {0.0}


def test_what_was_learned_and_from_how_many() -> None:
    assert told() == [
        f"{BY_HISTORY}: 35 reps have a whole year of sales.",
        "Calendar of working days: China.",
        "Those of 2027 may still change: not all holidays are announced.",
    ]
    assert told(reps=1, country=None, provisional=[]) == [
        f"{BY_HISTORY}: 1 rep has a whole year of sales."
    ]
    assert told("zh", provisional=[])[1] == "工作日历：中国。"


def test_a_given_season_does_not_speak_of_working_days() -> None:
    assert [*words().sentences(GIVEN)] == [
        "Months are alike for whoever is there, as the policy says."
    ]
    assert [*words().sentences(GIVEN | {"basis": "weights", "as_given": False})] == [
        "The company’s months come to what the policy gives them.",
        NOT_AS_GIVEN,
    ]


def test_without_history_it_says_so() -> None:
    assert told(basis="working_days", pool=None, reps=None)[0] == (
        "Nobody has a whole year of sales, so months go by their working days."
    )
