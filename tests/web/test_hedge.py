"""What over-assignment does, in sentences."""

from typing import Any

import pytest

from service.web.figures import Figures
from service.web.hedge import HedgeWords
from service.web.i18n import language

UNITS = {None: "Company", "west": "West"}


def words(code: str = "en", currency: str = "USD", *, compared: bool = True) -> HedgeWords:
    reader = language(code)
    figures = Figures.of(reader.locale, currency, 2, [])
    return HedgeWords(reader, figures, UNITS.__getitem__, compared=compared)


PADDED: dict[str, Any] = {
    "unit": None, "target": 1_000_00, "assigned": 1_100_00, "over_assignment": 0.1,
    "stated_by": None, "reps": 30, "reps_with_sigma": 30, "attaining": 0.306,
    "attaining_without": 0.45,
}  # fmt: skip


def test_the_hedge_is_told_with_what_it_does_and_what_it_does_not() -> None:
    first, second, third = words().sentences([PADDED])

    assert first == (
        "Company: quotas of $1,100 for a target of $1,000, +10.0% (stated by: policy)."
    )
    assert second == (
        "30.6% of the 30 reps whose uncertainty is known are expected to attain their quotas; "
        "without the hedge it would be 45.0%."
    )
    assert "does not by itself make it likelier" in third


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"attaining": None, "attaining_without": None}, "cannot be told"),
        ({"attaining_without": None}, "the limits could not hold"),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(facts: dict[str, Any], said: str) -> None:
    assert said in [*words().sentences([PADDED | facts])][1]


def test_where_nothing_is_padded_there_is_nothing_to_say() -> None:
    assert [*words().sentences([PADDED | {"over_assignment": 0}])] == []


def test_many_padded_units_are_counted() -> None:
    rows = [PADDED, *[PADDED | {"unit": "west", "stated_by": "west"}] * 6]

    said = [*words().sentences(rows)]

    assert said[4] == "And 3 more units with targets of their own."
    assert said[1].endswith("(stated by: West).")


def test_a_plan_with_rules_across_teams_is_not_compared_with_one_without_a_hedge() -> None:
    said = [*words(compared=False).sentences([PADDED | {"attaining_without": None}])]

    assert said[1] == (
        "30.6% of the 30 reps whose uncertainty is known are expected to attain their quotas."
    )


def test_chinese_says_targets_of_all_sizes_in_one_unit() -> None:
    company = PADDED | {"target": 100_000_000_00, "assigned": 110_000_000_00}
    west = PADDED | {"unit": "west", "target": 5_000_000_00, "assigned": 5_500_000_00}

    first, second, *_ = words("zh", "CNY").sentences([company, west])

    assert "目标 10,000 万元，指标合计 11,000 万元" in first
    assert "目标 500 万元，指标合计 550 万元" in second
