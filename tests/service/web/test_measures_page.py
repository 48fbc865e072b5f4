"""Several measures on the pages of a plan and of a rep, in both languages."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.allocations.test_measures import company

CHINESE = {"Accept-Language": "zh-CN"}
LISTED: list[dict[str, Any]] = [
    {"id": "revenue", "basis": "signed", "weight": 0.5},
    {"id": "new_customers", "weight": 0.3, "levels": {"floor": 0.8, "stretch_target": 1.2}},
    {"id": "satisfaction", "weight": 0.2, "levels": {"floor": 0.9}},
]


def solved(client: TestClient, inputs: dict[str, Any], **body: Any) -> str:
    plan = a_plan(client, inputs)
    a_version(client, plan, **body)
    return plan.removeprefix("/v1")


def table(client: TestClient, address: str, **headers: str) -> list[list[str]]:
    """The cells of the table of measures; no rows where there is none."""
    page = client.get(address, headers=headers)
    assert page.status_code == 200, page.text
    shown = re.search(r'<table class="measures">(.*?)</table>', page.text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", shown[1], re.DOTALL) if shown else []
    return [
        [
            " ".join(re.sub(r"<[^>]+>", "", cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]


def test_a_rep_sees_the_own_quota_of_each_measure_and_the_standards_of_the_unit(
    client: TestClient,
) -> None:
    plan = solved(client, company(measures=LISTED))

    assert table(client, f"{plan}/reps/ann") == [
        ["Measure", "Weight", "Floor", "On target", "Stretch target"],
        ["Revenue signed", "50.0%", "–", "$105.00", "–"],
        ["New customers", "30.0%", "25", "31", "37"],
        ["Satisfaction standard of west", "20.0%", "3.78", "4.2", "–"],
    ]


def test_the_plan_shows_those_of_the_company(client: TestClient) -> None:
    plan = solved(client, company(measures=LISTED))

    assert table(client, plan, **CHINESE) == [
        ["考核项", "权重", "保底", "达标", "挑战"],
        ["销售额 签约口径", "50.0%", "–", "US$330.00", "–"],
        ["新客户数", "30.0%", "49", "61", "73"],
        ["满意度 公司 的标准", "20.0%", "4.05", "4.5", "–"],
    ]


def test_a_plan_of_revenue_alone_has_no_such_table(client: TestClient) -> None:
    plan = solved(client, four_reps())

    assert table(client, plan) == []
    assert "no money" not in client.get(plan).text


def test_a_plan_of_things_says_that_its_amounts_are_no_money(client: TestClient) -> None:
    plan = solved(client, company(targets=[{"measure": "volume", "amount": 320}]))

    assert "The amounts on this page are of Volume, and no money." in client.get(plan).text
    assert table(client, plan)[1] == ["Volume", "–", "–", "320", "–"]
    assert "$" not in client.get(plan).text
    assert "US Dollar" not in client.get(plan).text


def test_what_nobody_can_carry_of_a_measure_is_told_beside_it(client: TestClient) -> None:
    history = [
        {"rep": rep, "period": "2026-12", "actual": 10, "measure": "new_customers"}
        for rep in ("ann", "bob", "cyd")
    ]
    policy = {"max_over_last_year": 0.5, "on_infeasible": "gap"}
    plan = solved(client, company(history=history), policy=policy)

    assert table(client, plan)[2] == ["New customers not assigned: 16", "–", "–", "45", "–"]


def test_a_ratio_of_which_only_a_change_is_stated_shows_the_change(client: TestClient) -> None:
    listed = [{"id": "satisfaction", "change": "change_points"},
              {"id": "returns", "kind": "ratio", "lower_is_better": True}]  # fmt: skip
    targets = [
        {"amount": 300},
        {"measure": "satisfaction", "amount": 0.2},
        {"measure": "returns", "amount": 0.015},
    ]
    plan = solved(client, company(measures=listed, targets=targets))

    assert [row[0:4:3] for row in table(client, plan)[2:]] == [
        ["returns standard of Company · lower is better", "0.015"],
        ["Satisfaction standard of Company", "+0.2"],
    ]
