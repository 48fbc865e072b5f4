"""What more would cost whom, in sentences of both languages."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.web.domain.quotas import Unit
from service.web.figures import Figures
from service.web.i18n import language
from service.web.impact import ImpactWords
from service.web.spoken import Spoken
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
MOST = {"rep": "r1", "amount": 2_000_00}
RULE: dict[str, Any] = {
    "rule": "unit:west:max",
    "to": 11_000_00,
    "step": 1_000_00,
    "range": 5_000_00,
    "price": -0.001,
    "inside": {"reps": 2, "amount": 1_000_00, "most": {"rep": "r1", "amount": 700_00}},
    "around": {"reps": 30, "amount": -1_000_00, "most": {"rep": "r2", "amount": -33_33}},
}


LIMITS = {"en": "maximum of West", "zh": "West上限"}


def words(code: str, currency: str = "USD", **changes: Any) -> ImpactWords:
    reader = language(code)
    return ImpactWords(
        reader,
        Figures.of(reader.locale, currency, 2, []),
        prices={"target": TARGET, "can_grow": True, "rules": [RULE], **changes},
        rep_name=NAMES.__getitem__,
        unit_name=UNITS.__getitem__,
        limit_name=lambda rule: f"limit {rule}" if rule != "unit:west:max" else LIMITS[code],
    )


def test_more_to_assign_is_told_by_unit_and_with_the_largest_part() -> None:
    first, second = words("en").target()

    assert first == (
        "$1,000 more to assign would fall like this: $600 on West (2 reps), $400 on East "
        "(3 reps). The largest part, $320, on Ann."
    )
    assert "$5,000" in second


def test_the_same_in_chinese() -> None:
    first, _ = words("zh").target()

    assert first == (
        "若再多分配 US$1,000：West（2 人）多担 US$600，East（3 人）多担 US$400；"
        "其中 Ann 最多，多担 US$320。"
    )


def test_a_target_that_cannot_grow_says_so_and_one_without_a_price_says_nothing() -> None:
    assert [*words("en", target=None, can_grow=False).target()] == [
        "Nobody can carry more within the limits: the target cannot grow."
    ]
    assert [*words("en", target=None, can_grow=True).target()] == []


def test_more_units_than_one_reads_are_added_up() -> None:
    units = [{"unit": None, "reps": 1, "amount": 200_00}] * 5

    sentence = next(words("en", target=TARGET | {"units": units}).target())

    assert "$400 on the rest (2 reps)" in sentence


RAISED = {
    "en": "Raising the maximum of West by $1,000 gives that much more to 2 reps there and takes "
    "it off 30 other reps, at most $33.33 each.",
    "zh": "West上限上调 US$1,000：其中 2 人共多担同样金额，其他 30 人共少担同样金额，"
    "每人至多 US$33.33。",
}


@pytest.mark.parametrize("code", RAISED)
def test_a_rule_that_gives_way_tells_who_gains_and_who_pays(code: str) -> None:
    assert words(code).of_units(3) == [RAISED[code]]


def test_a_minimum_gives_way_downwards() -> None:
    inside = {"reps": 1, "amount": -1_000_00, "most": {"rep": "r1", "amount": -1_000_00}}
    lowered = RULE | {"rule": "unit:a:b:min", "inside": inside}

    (said,) = words("en", rules=[lowered]).of_units(3)

    assert said.startswith("Lowering the limit unit:a:b:min by $1,000 takes that much off 1 rep")


def test_chinese_says_all_amounts_of_a_list_in_one_unit() -> None:
    target = TARGET | {
        "step": 500_000_00,
        "range": None,
        "units": [{"unit": "west", "reps": 2, "amount": 500_000_00}],
        "most": {"rep": "r1", "amount": 6_389_96},
    }

    (said,) = words("zh", "CNY", target=target, rules=[]).target()

    assert said == "若再多分配 50 万元：West（2 人）多担 50 万元；其中 Ann 最多，多担 0.64 万元。"


def test_the_parts_of_a_step_add_up_to_it_as_they_are_told() -> None:
    """Of amounts beside 151,064.51 the cents are left out, of all of them alike."""
    parts = {"west": 151_064_51, "east": 38_742_18, None: 10_193_31}
    units = [{"unit": unit, "reps": 2, "amount": amount} for unit, amount in parts.items()]
    target = TARGET | {"step": 200_000_00, "units": units, "range": None}
    target["most"] = {"rep": "r1", "amount": 80_000_00}

    (english,) = words("en", target=target, rules=[]).target()
    (chinese,) = words("zh", target=target, rules=[]).target()

    assert "$151,065 on West (2 reps), $38,742 on East (2 reps), $10,193 on Company" in english
    assert "15.11 万美元，East（2 人）多担 3.87 万美元，Company（2 人）多担 1.02 万美元" in chinese


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6), st.sampled_from([0, 4]))
def test_parts_told_always_sum_to_the_whole(amounts: list[int], power: int) -> None:
    figures = Figures.of(language("zh").locale, "CNY", 2, [])
    spoken = Spoken.of(figures, [sum(amounts), *amounts], power)

    def read(told: str) -> Decimal:
        return Decimal(re.sub(r"[^\d.−]", "", told).replace("−", "-"))

    told = [read(part) for part in spoken.parts(sum(amounts), amounts)]

    assert sum(told) == read(spoken.tell(sum(amounts)))
    quantum = Decimal(spoken.quantum).scaleb(-2 - power)
    for part, amount in zip(told, amounts, strict=True):
        assert abs(part - Decimal(amount).scaleb(-2 - power)) < quantum


@pytest.mark.parametrize(("code", "said"), [("en", "$559,696 more"), ("zh", "55.96 万美元")])
def test_a_range_is_never_told_wider_than_it_is(code: str, said: str) -> None:
    target = TARGET | {"step": 2_000_00, "range": 559_696_67}
    parts = [{"unit": "west", "reps": 1, "amount": 2_000_00}]

    _, second = words(code, target=target | {"units": parts, "most": MOST}, rules=[]).target()

    assert said in second


def test_who_carries_less_is_told_so_without_a_minus() -> None:
    units = [
        {"unit": "east", "reps": 3, "amount": 9_000_00},
        {"unit": "west", "reps": 2, "amount": -4_000_00},
    ]
    most = {"rep": "r2", "amount": -13_000_00}
    target = TARGET | {"step": 5_000_00, "units": units, "most": most, "range": None}

    (english,) = words("en", target=target).target()
    (chinese,) = words("zh", target=target, rules=[]).target()

    assert "$9,000 on East (3 reps), $4,000 less on West (2 reps)." in english
    assert english.endswith("The largest change, $13,000 less, on Bob.")
    assert "West（2 人）少担 0.4 万美元；其中 Bob 变化最大，少担 1.3 万美元。" in chinese


def test_what_could_not_be_proved_is_said_to_be_unknown() -> None:
    unknown = words("en", target=None, can_grow=None)

    assert [*unknown.target()] == [
        "What more to assign would cost whom is not known: no price could be proved."
    ]
    assert [*unknown.not_known(["unit:west:max", *"abcd"])][0::3] == [
        (
            "What it would cost whom if the maximum of West gave way is not known: no price could "
            "be proved."
        ),
        "The same holds for 2 more rules.",
    ]


def test_one_quota_s_part_follows_from_its_yardstick() -> None:
    assert words("en").of_one(200_00.0) == (
        "Of $1,000 more for the company to assign, this quota would carry $200."
    )


def test_who_stands_at_a_limit_is_not_told_to_carry_more() -> None:
    free, capped = a_rep("r1", unit="west"), a_rep("r2", unit="west", cap=110_00)
    open_, full = Unit("west", "West", None), Unit("west", "West", None, maximum=220_00)

    assert a_version([free, capped], [open_]).follows_the_common_effort(free)
    assert not a_version([free, capped], [open_]).follows_the_common_effort(capped)
    assert not a_version([free, capped], [full]).follows_the_common_effort(free)
