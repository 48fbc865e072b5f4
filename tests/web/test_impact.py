"""What more would cost whom, in sentences of both languages."""

from dataclasses import replace
from typing import Any

import pytest

from service.web.domain import Unit
from service.web.figures import Figures
from service.web.i18n import language
from service.web.impact import ImpactWords
from tests.web.builders import a_rep, a_version

NAMES = {"r1": "Ann", "r2": "Bob"}
UNITS = {None: "Company", "west": "West", "east": "East"}
TARGET: dict[str, Any] = {
    "step": 1_000_00,
    "range": 5_000_00,
    "price": 0.001,
    "level": 0.00001,
    "reps": 5,
    "units": [
        {"unit": "west", "reps": 2, "amount": 600_00},
        {"unit": "east", "reps": 3, "amount": 400_00},
    ],
    "most": {"rep": "r1", "amount": 320_00},
}
RULE: dict[str, Any] = {
    "rule": "unit:west:max",
    "to": 11_000_00,
    "step": 1_000_00,
    "range": 5_000_00,
    "price": -0.001,
    "inside": {"reps": 2, "amount": 1_000_00},
    "around": {"reps": 30, "amount": -1_000_00, "most": {"rep": "r2", "amount": -33_33}},
}


def words(code: str) -> ImpactWords:
    reader = language(code)
    figures = Figures.of(reader.locale, "USD", 2, [110_00])
    return ImpactWords(reader, figures, NAMES.__getitem__, UNITS.__getitem__)


def prices(**changes: Any) -> dict[str, Any]:
    return {"target": TARGET, "can_grow": True, "rules": [RULE], **changes}


def test_more_to_assign_is_told_by_unit_and_with_the_largest_part() -> None:
    first, second = words("en").target(prices())

    assert first == (
        "$1,000 more to assign would fall like this: $600 on West (2 reps), $400 on East "
        "(3 reps). The largest part, $320, on Ann."
    )
    assert "$5,000" in second


def test_the_same_in_chinese() -> None:
    first, _ = words("zh").target(prices())

    assert first == (
        "若再多分配 US$1,000：West（2 人）多担 US$600，East（3 人）多担 US$400；"
        "其中 Ann 最多，多担 US$320。"
    )


def test_a_target_that_cannot_grow_says_so_and_one_without_a_price_says_nothing() -> None:
    assert [*words("en").target(prices(target=None, can_grow=False))] == [
        "Nobody can carry more within the limits: the target cannot grow."
    ]
    assert [*words("en").target(prices(target=None, can_grow=True))] == []


def test_more_units_than_one_reads_are_added_up() -> None:
    units = [{"unit": None, "reps": 1, "amount": 100_00}] * 5

    sentence = next(words("en").target(prices(target=TARGET | {"units": units})))

    assert "$200 on the rest (2 reps)" in sentence


RAISED = {
    "en": "Raising the maximum of West by $1,000 gives that much more to 2 reps there and takes "
    "it off 30 other reps, at most $33.33 each.",
    "zh": "West上限上调 US$1,000：其中 2 人共多担同样金额，其他 30 人共少担同样金额，"
    "每人至多 US$33.33。",
}


@pytest.mark.parametrize("code", RAISED)
def test_a_rule_that_gives_way_tells_who_gains_and_who_pays(code: str) -> None:
    assert words(code).rules(prices(), most=3) == [RAISED[code]]


def test_a_minimum_gives_way_downwards() -> None:
    lowered = RULE | {"rule": "unit:a:b:min", "inside": {"reps": 1, "amount": -1_000_00}}
    named = replace(words("en"), unit_name=lambda unit: f"{unit}!")

    said = named.rules(prices(rules=[lowered]), most=3)

    assert said[0].startswith("Lowering the minimum of a:b! by $1,000 takes that much off 1 rep")


def test_one_quota_s_part_follows_from_its_yardstick() -> None:
    assert words("en").of_one(prices(), 200_00.0) == (
        "Of $1,000 more for the company to assign, this quota would carry $200."
    )


def test_who_stands_at_a_limit_is_not_told_to_carry_more() -> None:
    free, capped = a_rep("r1", unit="west"), a_rep("r2", unit="west", cap=110_00)
    open_, full = Unit("west", "West", None), Unit("west", "West", None, maximum=220_00)

    assert a_version([free, capped], [open_]).follows_the_common_effort(free)
    assert not a_version([free, capped], [open_]).follows_the_common_effort(capped)
    assert not a_version([free, capped], [full]).follows_the_common_effort(free)


PADDED: dict[str, Any] = {
    "unit": None, "target": 1_000_00, "assigned": 1_100_00, "over_assignment": 0.1,
    "stated_by": None, "reps": 30, "reps_with_sigma": 30, "attaining": 0.306,
    "attaining_without": 0.45,
}  # fmt: skip


def test_the_hedge_is_told_with_what_it_does_and_what_it_does_not() -> None:
    first, second, third = words("en").over_assignment([PADDED])

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
    assert said in [*words("en").over_assignment([PADDED | facts])][1]


def test_where_nothing_is_padded_there_is_nothing_to_say() -> None:
    assert [*words("en").over_assignment([PADDED | {"over_assignment": 0}])] == []


def test_many_padded_units_are_counted() -> None:
    rows = [PADDED, *[PADDED | {"unit": "west", "stated_by": "west"}] * 6]

    said = [*words("en").over_assignment(rows)]

    assert said[4] == "And 3 more units with targets of their own."
    assert said[1].endswith("(stated by: West).")
