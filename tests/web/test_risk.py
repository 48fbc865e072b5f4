"""What uncertain sales do to a plan, in sentences."""

from dataclasses import replace
from typing import Any

import pytest

from service.web.figures import Figures
from service.web.i18n import language
from service.web.risk import RiskWords

UNITS = {None: "Company", "west": "West"}


def words(code: str = "en", currency: str = "USD") -> RiskWords:
    reader = language(code)
    return RiskWords(reader, Figures.of(reader.locale, currency, 2, []), UNITS.__getitem__)


COMPANY: dict[str, Any] = {
    "unit": None, "target": 300_000_00, "reps": 30, "reps_with_sigma": 30,
    "expected": 300_000_00.0, "variation": 0.0686, "reaching": 0.48648,
    "p10": 273_936_00.0, "p50": 299_297_00.0, "p90": 327_009_00.0,
}  # fmt: skip
RISK: dict[str, Any] = {
    "market_sigma": 0.05, "market_errors": 0, "reps": 30, "reps_with_sigma": 30,
    "attaining": 0.45026, "attaining_deviation": 0.1187, "totals": [COMPANY],
}  # fmt: skip


def of_totals(*rows: dict[str, Any]) -> dict[str, Any]:
    return RISK | {"totals": [COMPANY | row for row in rows]}


def test_the_chance_of_the_company_is_told_beside_who_attains() -> None:
    attaining, company, market, hedge = words().sentences(RISK)

    assert attaining == (
        "45.0% of the 30 reps whose uncertainty is known are expected to attain their quotas, "
        "give or take 11.9% of them (standard deviation)."
    )
    assert company == (
        "Company: sales reach the target of $300,000 with a chance of about 49%; in four years of "
        "five they lie between $273,936 and $327,009."
    )
    assert "is taken to swing by 5.0%, the least" in market
    assert "a hedge makes no target likelier" in hedge


def test_where_the_hedge_is_told_of_beside_it_is_not_told_of_again() -> None:
    told = replace(words(), hedged=True)

    assert [*told.sentences(RISK)] == [*words().sentences(RISK)][:-1]


def test_a_market_that_was_learned_is_said_to_be_so() -> None:
    assert "as the company’s own past says" in [*words().sentences(RISK | {"market_errors": 9})][2]


NOT_TOLD = {"reaching": None, "p10": None, "p50": None, "p90": None}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (NOT_TOLD | {"variation": None, "reps_with_sigma": 28}, "(sigma) of 2 reps is not known"),
        (NOT_TOLD, "a few people decide it and swing too widely"),
    ],
)
def test_what_cannot_be_told_is_said_with_the_reason(row: dict[str, Any], said: str) -> None:
    assert said in [*words().sentences(of_totals(row))][1]


def test_without_any_total_nothing_is_said_of_the_market() -> None:
    rows = of_totals(NOT_TOLD | {"variation": None, "reps_with_sigma": 28})

    assert len([*words().sentences(rows)]) == 2


def test_without_any_sigma_there_is_nothing_to_say() -> None:
    assert [*words().sentences(None)] == []


def test_many_units_are_counted_and_units_without_reps_are_left_out() -> None:
    rows = of_totals({}, {"unit": "west", "reps": 0}, *[{"unit": "west"}] * 6)

    said = [*words().sentences(rows)]

    assert [sentence.partition(":")[0] for sentence in said[1:5]] == ["Company", *["West"] * 3]
    assert said[5] == "And 3 more units with targets of their own."


def test_chinese_readers_are_told_in_wan() -> None:
    said = [*words("zh", "CNY").sentences(RISK)]

    assert "目标 30 万元 的概率约为 49%" in said[1].replace("\u00a0", " ")
    assert all("%(" not in sentence for sentence in said)
