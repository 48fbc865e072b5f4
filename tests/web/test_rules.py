"""Rules across the tree, what gave way and what nobody can carry, in words and in a browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from service.web.domain.quotas import Rep, Unit
from service.web.domain.version import VersionView
from service.web.figures import Figures
from service.web.i18n import language
from service.web.rule_table import RuleTable
from service.web.rule_words import RuleWords
from service.web.rules import CrossingRule, Gap, GaveWay, RuleName, crossing_rules
from service.web.tree import lines_of
from service.web.words import Words
from tests.web.builders import a_rep, a_version
from tests.web.conftest import Site

RULES = {
    "group:over:lay:max": RuleName("group", "over:lay", "max"),
    "group:over:lay:min": RuleName("group", "over:lay", "min"),
    "margin:fy:27:min": RuleName("margin", "fy:27", "min"),
    "row:a:b:min": RuleName("row", "a:b", "min"),
    "row:a:b:max": RuleName("row", "a:b", "max"),
    "parity:role:x": RuleName("parity", "role:x"),
    "unit:west:1:max": RuleName("unit", "west:1", "max"),
    "rep:ada:1:cap": RuleName("rep", "ada:1", "cap"),
    "cap": RuleName("cap"),
    "target": RuleName("target"),
}


def a_crossing_rule(kind: str, key: str, **facts: Any) -> CrossingRule:
    """Three reps carry 300.00, which is all that they may, unless told."""
    defaults: dict[str, Any] = {
        "peers": None, "reps": 3, "sum": 300_00, "minimum": None, "maximum": 300_00,
        "binding": "max",
    }  # fmt: skip
    return CrossingRule(kind, key, **{**defaults, **facts})


def words(version: VersionView, code: str = "en") -> RuleWords:
    reader = language(code)
    figures = Figures.of(reader.locale, "USD", 2, [110_00])
    return RuleWords(reader, figures, version, {"ada:1": "Ada"})


def held_by(rule: str, crossing: CrossingRule) -> tuple[VersionView, Rep]:
    rep = a_rep("ada:1", binding=(rule,), counted_by=(0,))
    return a_version([rep, a_rep("bob")], rules=[crossing]), rep


class TestNames:
    @pytest.mark.parametrize("rule", RULES)
    def test_ids_may_contain_colons(self, rule: str) -> None:
        assert RuleName.of(rule) == RULES[rule]

    @pytest.mark.parametrize("code", ["en", "zh"])
    def test_every_rule_has_words_of_its_own(self, code: str) -> None:
        version = a_version([a_rep("ada:1")], [Unit("west:1", "West", None)])

        said = {rule: words(version, code).name(rule) for rule in RULES}

        assert len(set(said.values())) == len(RULES)
        assert [rule for rule, name in said.items() if rule in name and rule != "target"] == []
        assert "West" in said["unit:west:1:max"]
        assert "over:lay" in said["group:over:lay:max"]
        assert "Ada" in said["rep:ada:1:cap"]

    def test_chinese_uses_the_words_of_the_product(self) -> None:
        chinese = words(a_version([a_rep("ada")]), "zh")

        assert chinese.name("group:增长组:max") == "跨组织小组“增长组”上限"
        assert chinese.name("parity:role") == "“role”同类均衡"
        assert chinese.name("margin:year:min") == "毛利下限“year”"
        assert chinese.name("row:mentor:min") == "自定规则“mentor”下限"


class TestReasons:
    def test_a_group_is_told_with_what_it_carries(self) -> None:
        version, rep = held_by("group:over:lay:max", a_crossing_rule("group", "over:lay"))

        (sentence,) = words(version).sentences(rep)

        assert sentence == (
            "Held at the maximum of the overlay group “over:lay”, which carries $300.00 of at most "
            "$300.00."
        )

    @pytest.mark.parametrize(
        ("rule", "crossing", "facts"),
        [
            (
                "group:g:min",
                a_crossing_rule("group", "g", minimum=300_00, maximum=None, binding="min"),
                ["Lifted", "at least $300.00"],
            ),
            (
                "parity:role",
                a_crossing_rule("parity", "role", peers="AE", minimum=280_00),
                ["“AE”", "between $280.00 and $300.00", "carries $300.00"],
            ),
            (
                "margin:m:min",
                a_crossing_rule("margin", "m", sum=90_00.5, minimum=90_00, maximum=None),
                ["gross margin", "at least $90.00"],
            ),
            (
                "row:r:max",
                a_crossing_rule("row", "r", sum=-5_00, maximum=-5_00),
                ["sum is −$5.00", "at most −$5.00"],
            ),
            (
                "row:r:min",
                a_crossing_rule("row", "r", minimum=300_00, maximum=None, binding="min"),
                ["at least $300.00"],
            ),
        ],
    )
    def test_every_kind_of_rule_has_a_reason_with_its_amounts(
        self, rule: str, crossing: CrossingRule, facts: list[str]
    ) -> None:
        version, rep = held_by(rule, crossing)

        (sentence,) = words(version).sentences(rep)

        assert [fact for fact in facts if fact not in sentence] == []

    @pytest.mark.parametrize("rule", ["group:g:max", "group:g:min", "parity:g", "row:g:max"])
    def test_of_two_people_no_amount_is_told_for_it_would_give_the_other_away(
        self, rule: str
    ) -> None:
        version, rep = held_by(rule, a_crossing_rule(rule.partition(":")[0], "g", reps=2))

        (sentence,) = words(version).sentences(rep)

        assert "“g”" in sentence
        assert "$" not in sentence

    def test_a_rep_of_a_full_group_carries_nothing_of_more_to_assign(self) -> None:
        rep = a_rep("ada", counted_by=(0,))
        full = a_version([rep], rules=[a_crossing_rule("group", "g", binding="")])

        assert not full.follows_the_common_effort(rep)

    def test_a_target_with_a_gap_is_not_told_as_if_it_were_met(self) -> None:
        rep = a_rep("ada", unit="west", binding=("unit:west:target",))
        west = Unit("west", "West", None, minimum=110_00, maximum=110_00)
        version = a_version([rep], [west], gaps=[Gap("west", 40_00)])

        (sentence,) = words(version).sentences(rep)

        assert "the $110.00 of it that they can carry, and $40.00 is unassigned" in sentence


class TestTable:
    def test_the_sum_counts_each_quota_times_its_coefficient(self) -> None:
        row = {"rule": "row:mentor", "peers": None, "min": None, "max": -5, "level": -0.1}
        document = {
            "manifest": {"policy": {}},
            "rules": [row, row | {"rule": "group:g", "min": 0, "level": 0}],
            "quotas": [
                {"quota": 100, "rules": [[0, 1.0], [1, 1.0]]},
                {"quota": 210, "rules": [[0, -0.5]]},
                {"quota": 7},
            ],
        }

        mentor, group = crossing_rules(document)

        assert (mentor.key, mentor.reps, mentor.sum, mentor.binding) == ("mentor", 2, -5, "max")
        assert (group.reps, group.sum, group.minimum, group.binding) == (1, 100, None, "")

    def test_rules_that_hold_quotas_come_first(self) -> None:
        loose = a_crossing_rule("group", "a", maximum=400_00, binding="")
        rules = [loose, a_crossing_rule("margin", "z", unit="west")]
        version = a_version([a_rep("ada")], [Unit("west", "West", None)], rules=rules)

        table = RuleTable(words(version)).drawn()

        assert [(line.name, line.limits) for line in table.lines] == [
            ("z (in West)", True),
            ("a", False),
        ]

    def test_a_rule_that_rounding_moved_off_its_limit_stood_there_before(self) -> None:
        """300.00 at most, of which whole rounding units make 299.00."""
        rule = a_crossing_rule("group", "a", sum=299_00)

        (line,) = RuleTable(words(a_version([a_rep("ada")], rules=[rule]))).drawn().lines

        assert line.standing == "yes, at its upper limit before rounding"

    def test_a_rule_that_is_reached_without_holding_anybody_says_so(self) -> None:
        full = a_crossing_rule("group", "a", binding="")

        (line,) = RuleTable(words(a_version([a_rep("ada")], rules=[full]))).drawn().lines

        assert not line.limits
        assert line.standing.startswith("at its upper limit")


class TestGap:
    def test_it_stands_on_its_unit_before_the_quotas(self) -> None:
        west = Unit("west", "West", None)
        version = a_version([a_rep("ada", unit="west")], [west], gaps=[Gap("west", 40_00)])

        lines = lines_of(version, {})

        assert [(line.kind, line.level, line.quota) for line in lines] == [
            ("company", 0, 110_00),
            ("unit", 1, 110_00),
            ("gap", 2, 40_00),
            ("rep", 2, 110_00),
        ]

    def test_its_owner_is_called_by_name(self) -> None:
        version = a_version(
            [a_rep("ada")], [Unit("w", "West", None)], gaps=[Gap(None, 1_00), Gap("w", 2_00)]
        )

        assert words(version).gaps({"w": "ada:1"}) == [
            "Company: $1.00",
            "West: $2.00, for Ada to sign",
        ]

    @pytest.mark.parametrize(
        ("code", "said"),
        [
            (
                "en",
                (
                    "Company: $5.00; held by upper limit (2 reps), maximum of the overlay group "
                    "duo (1 rep), maximum of West (1 rep)"
                ),
            ),
            (
                "zh",
                "公司：US$5.00；受限于上限（2 人），跨组织小组“duo”上限（1 人），West上限（1 人）",
            ),
        ],
    )
    def test_it_says_what_holds_the_reps_there(self, code: str, said: str) -> None:
        reps = [
            a_rep("ann", unit="w", counted_by=(0,)),
            a_rep("bob", cap=110_00),
            a_rep("cyd", unit="e", cap=110_00),
        ]
        units = [
            Unit("w", "West", None, maximum=110_00),
            Unit("e", "East", None, minimum=110_00, maximum=110_00),
        ]
        gaps = [Gap(None, 5_00), Gap("e", 7_00)]
        version = a_version(reps, units, gaps=gaps, rules=[a_crossing_rule("group", "duo")])

        company, east = words(version, code).gaps({})

        assert company == said
        assert {"en": "held by upper limit (1 rep)", "zh": "受限于上限（1 人）"}[code] in east
        assert "East (" not in east


class TestGaveWay:
    def test_rules_are_told_with_what_they_were_and_became(self) -> None:
        changes = [
            GaveWay("group:g:max", 640_00, 660_00.0),
            GaveWay("parity:role", 0.01, 0.025),
            GaveWay("target", 700_00, None),
        ]

        said = list(words(a_version([a_rep("ada")], gave_way=changes)).gave_way())

        assert said == [
            "maximum of the overlay group g: $640.00 → $660.00",
            "peer balance of role: ±1% → ±2.5%",
            "the target: $700.00 → no limit",
        ]

    def test_units_and_reps_are_told_by_name_and_id(self) -> None:
        changes = [GaveWay("unit:w-1:max", 1_00, 2_00), GaveWay("rep:ada:1:cap", 1_00, 2_00)]
        units = [Unit("w-1", "West", None)]
        version = a_version([a_rep("ada:1", unit="w-1")], units, gave_way=changes)

        assert list(words(version).gave_way()) == [
            "maximum of West (w-1): $1.00 → $2.00",
            "upper limit of Ada (ada:1): $1.00 → $2.00",
        ]


@pytest.mark.parametrize(
    ("binding", "effort_amount", "sentence"),
    [
        ("cap", 5_00, "Held at the upper limit of $105.00; the common effort would ask for more."),
        (
            "cap",
            15_00,
            "Held at the upper limit of $115.00; rules across teams would ask for more.",
        ),
        (
            "floor",
            5_00,
            "Kept at the lower limit of $105.00; rules across teams would ask for less.",
        ),
    ],
)
def test_an_own_limit_is_told_with_what_pushes_against_it(
    binding: str, effort_amount: int, sentence: str
) -> None:
    """The common effort asks for 110.00."""
    quota = 100_00 + effort_amount
    rep = a_rep(
        "ada", quota=quota, effort_amount=effort_amount, floor=quota, cap=quota, binding=(binding,)
    )

    (first, *_) = words(a_version([rep, a_rep("bob")])).sentences(rep)

    assert first == sentence


def test_without_a_common_effort_nothing_is_compared_with_it() -> None:
    rep = a_rep("ada", binding=("parity:role",))
    version = a_version([rep], compares=False)
    reader = language("en")
    said = Words(reader, Figures.of(reader.locale, "USD", 2, [110_00]), version, {})

    assert version.effort_of(None) is None
    assert "no common effort" in said.why(rep)
    assert any("no common effort" in sentence for sentence in said.evenness())


class TestInABrowser:
    def test_the_plan_lists_its_rules_with_sums_and_limits(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.address}/plans/{site.across}")

        rows = reader.get_by_role("region", name="Rules across teams").locator("tbody tr")
        expect(rows).to_have_count(5)
        group = rows.filter(has_text="over:lay")
        for told in ("Overlay group", "315,000", "yes, at its upper limit"):
            expect(group).to_contain_text(told)
        expect(rows.filter(has_text="Own rule")).to_contain_text("−5,000")
        expect(rows.filter(has_text="role: hunter")).to_contain_text("210,000")
        expect(rows.filter(has_text="Margin floor")).to_contain_text("201,000")

    def test_chart_and_table_name_the_rule(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.address}/plans/{site.across}")

        mark = reader.locator('.mark[data-rep="s1"]')  # the last of three who lie together
        expect(mark.locator("use")).to_have_attribute("href", "#mark-across")
        mark.hover()
        expect(reader.locator(".tip")).to_contain_text("maximum of the overlay group over:lay")
        expect(reader.locator('tr[data-rep="n3"]')).to_contain_text(
            "maximum of the own rule mentor"
        )

    def test_the_proof_says_what_it_checked(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.address}/plans/{site.across}")

        proof = reader.get_by_role("region", name="Fairness proof")
        for told in ("add up to exactly", "to the last cent", "largest effort", "sum of squared"):
            expect(proof).to_contain_text(told)
        expect(proof.locator(".fails")).to_have_count(0)
        reader.get_by_text("Technical details").click()
        expect(reader.locator(".technical")).to_contain_text("least-squares-lp")

    def test_a_rep_reads_the_rule_and_no_peers_name(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.address}/plans/{site.across}/reps/n1")

        main = reader.locator("main")
        expect(main).to_contain_text("which carries $315,000.00 of at most $315,000.00")
        expect(main).not_to_contain_text(re.compile("Rep (n2|n3|s[123])"))

    def test_a_gap_stands_where_it_is_and_everything_adds_up(
        self, reader: Page, site: Site
    ) -> None:
        reader.goto(f"{site.address}/plans/{site.gap}")

        expect(reader.locator("#unassigned")).to_contain_text("North: $70,000.00, for Nora to sign")
        headline = reader.locator(".headline")
        for told in ("$700,000", "$630,000", "$70,000"):
            expect(headline).to_contain_text(told)
        expect(reader.locator("tr.gap")).to_contain_text("for Nora to sign")
        expect(reader.locator("figure.chart")).to_contain_text("Not in the chart: $70,000.00")
        amounts = reader.locator("tfoot td.quota").all_inner_texts()
        assert amounts == ["630,000", "+70,000", "700,000"]

    def test_a_rule_that_gave_way_is_told_first(self, reader: Page, site: Site) -> None:
        reader.goto(f"{site.address}/plans/{site.gave_way}")

        expect(reader.locator("#gave-way")).to_contain_text(
            "maximum of the overlay group product: $640,000.00 → $660,000.00"
        )

    @pytest.mark.parametrize("width", [320, 390])
    def test_a_narrow_window_does_not_scroll_sideways(
        self, browser: Browser, site: Site, width: int
    ) -> None:
        context = browser.new_context(locale="zh-CN", viewport={"width": width, "height": 800})
        page = context.new_page()
        for plan in (site.across, site.gap, site.gave_way):
            page.goto(f"{site.address}/plans/{plan}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()
