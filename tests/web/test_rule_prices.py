"""What it costs whom when a rule across teams gives way, in sentences and on the page."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from service.web.domain.version import VersionView
from service.web.figures import Figures
from service.web.i18n import language
from service.web.impact import NOT_KNOWN, ImpactWords
from service.web.rule_prices import RulePriceWords
from service.web.rule_words import RuleWords
from service.web.rules import CrossingRule
from tests.web.builders import a_rep, a_version
from tests.web.conftest import Site

AT_ONE = (("AE", "max"), ("SDR", ""))
"""Peer groups, and the limit that each stands at."""


def a_rule(kind: str, key: str, **facts: Any) -> CrossingRule:
    """Counts two reps, who carry the 300.00 that they may at most, unless told."""
    defaults: dict[str, Any] = {
        "peers": None, "reps": 2, "sum": 300_00, "minimum": None, "maximum": 300_00,
        "binding": "max",
    }  # fmt: skip
    return CrossingRule(kind, key, **{**defaults, **facts})


def a_price(rule: str, **facts: Any) -> dict[str, Any]:
    """Ten more for the two whom the rule counts, and as much less for three others."""
    return {
        "rule": rule, "to": 310_00, "step": 10_00, "range": None, "price": -0.001,
        "inside": a_side(2, 10_00, most=6_00), "around": a_side(3, -10_00, most=-4_00),
    } | facts  # fmt: skip


def a_side(reps: int, amount: int, most: int) -> dict[str, Any]:
    return {"reps": reps, "amount": amount, "most": {"rep": "ann", "amount": most}}


def said(rules: list[CrossingRule], prices: list[dict[str, Any]], code: str = "en") -> list[str]:
    reader = language(code)
    version: VersionView = a_version([a_rep("ann")], rules=rules)
    figures = Figures.of(reader.locale, "USD", 2, [])
    names = RuleWords(reader, figures, version, {})
    impact = ImpactWords(
        reader, figures, {**NOT_KNOWN, "rules": prices}, str, str, limit_name=names.name
    )
    return [*RulePriceWords(impact, names).sentences()]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "en",
            (
                "Raising the maximum of the overlay group duo by $10 gives $10 more to 2 reps it "
                "counts and takes it off 3 other reps, at most $4 each."
            ),
        ),
        (
            "zh",
            (
                "跨组织小组“duo”上限上调 US$10：所计人员中 2 人共多担 US$10，"
                "其他 3 人共少担同样金额，每人至多 US$4。"
            ),
        ),
    ],
)
def test_a_group_that_may_carry_more_relieves_the_others(code: str, sentence: str) -> None:
    assert said([a_rule("group", "duo")], [a_price("group:duo:max")], code) == [sentence]


def test_a_rule_of_ones_own_says_how_much_moves_for_its_step() -> None:
    price = a_price("row:mentor:min", inside=a_side(2, 3_00, most=2_00))

    (sentence,) = said([a_rule("row", "mentor", binding="min")], [price])

    assert sentence.startswith(
        "Lowering the minimum of the own rule mentor by $10 gives $3 more to 2 reps it counts"
    )


def test_a_maximum_that_rises_can_take_money_off_those_it_counts() -> None:
    price = a_price(
        "row:r:max", inside=a_side(1, -3_00, most=-3_00), around=a_side(1, 3_00, most=3_00)
    )

    (sentence,) = said([a_rule("row", "r")], [price])

    assert sentence.endswith("by $10 takes $3 off 1 rep it counts and gives it to 1 other rep, "
                             "at most $3 each.")  # fmt: skip


def test_a_floor_that_counts_everybody_moves_money_between_them() -> None:
    price = a_price(
        "margin:year:min", inside=a_side(5, 0, most=-70_00), around=a_side(0, 0, most=0)
    )

    assert said([a_rule("margin", "year", binding="min")], [price]) == [
        "Lowering the margin floor year by $10 moves money between 5 reps, at most $70 each."
    ]


@pytest.mark.parametrize(
    ("to", "limit"),
    [(310_00, "Raising the upper limit of AE"), (190_00, "Lowering the lower limit of AE")],
)
def test_of_a_balance_it_tells_whose_limit_gives_way(to: int, limit: str) -> None:
    peers = a_rule("parity", "role", peers="AE", minimum=200_00)

    (sentence,) = said([peers], [a_price("parity:role", to=to)])

    assert sentence.startswith(f"{limit} in the balance of role by $10")


def test_a_rule_that_holds_quotas_without_a_price_is_said_to_be_unknown() -> None:
    peers = [a_rule("parity", "role", peers=value, binding=at) for value, at in AT_ONE]
    loose = a_rule("group", "loose", binding="")

    assert said([*peers, loose], []) == [
        (
            "What it would cost whom if the peer balance of role gave way is not known: no price "
            "could be proved."
        )
    ]


def test_of_a_balance_that_holds_two_groups_at_once_it_says_why_there_is_no_price() -> None:
    peers = [a_rule("parity", "role", peers=value) for value in ("AE", "SDR")]

    (english,), (chinese,) = said(peers, []), said(peers, [], "zh")

    assert english.startswith(
        "The peer balance of role has no price: 2 of its peer groups stand at a limit at once"
    )
    assert chinese.startswith("“role”同类均衡没有价格：有 2 个对比组同时处于限额")


def test_the_page_tells_the_price_where_the_rules_are(reader: Page, site: Site) -> None:
    reader.goto(f"{site.address}/plans/{site.across}")

    sentences = reader.get_by_role("list", name="If a limit gave way").get_by_role("listitem")

    expect(sentences.filter(has_text="overlay group over:lay")).to_contain_text("Raising the")
    expect(sentences.filter(has_text="own rule mentor")).to_contain_text("Raising the")
