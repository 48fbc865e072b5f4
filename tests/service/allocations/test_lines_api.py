"""Targets by product, kind of customer and months, and quotas told by lines, over HTTP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version

type Document = dict[str, Any]

ROOT = Path(__file__).parents[3]
PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}
MONTHS = [f"2027-{month:02}" for month in range(1, 13)]
TARGETS = [
    {"amount": 1200},
    {"unit": "east", "product": "new", "period": "H1", "amount": 130},
    {"product": "new", "amount": 500},
]


def facts(**changes: Any) -> Document:
    """Two in the east, two in the west, all alike; nobody has sold anything new yet."""
    rep = {"baseline": 250, "reach": 100}
    reps = [
        {"id": key, "unit": unit, **rep}
        for key, unit in (("ann", "east"), ("bob", "east"), ("cyd", "west"), ("dan", "west"))
    ]
    history = [
        {"rep": rep["id"], "period": f"2026-{month:02}", "product": "core", "actual": 20}
        for rep in reps
        for month in range(1, 13)
    ]
    units = [{"id": "east"}, {"id": "west"}]
    body = {"targets": TARGETS, "units": units, "reps": reps, "history": history}
    return body | changes


def solved(client: TestClient, **changes: Any) -> Document:
    body = {"currency": "JPY", "period": PERIOD, **facts(**changes)}
    answer = client.post("/v1/allocations", json=body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def of_line(row: Document, product: str | None) -> Document:
    found: Document = next(line for line in row["lines"] if line["product"] == product)
    return found


class TestTargetsOfParts:
    def test_are_carried_exactly_by_the_lines_of_quotas(self, client: TestClient) -> None:
        answer = solved(client)

        assert answer["lines"] == [
            {"product": "new", "customer_type": None},
            {"product": None, "customer_type": None},
        ]
        east_h1 = sum(
            of_line(row, "new")["months"][month]
            for row in answer["quotas"] if row["unit"] == "east"
            for month in MONTHS[:6]
        )  # fmt: skip
        assert east_h1 == 130
        assert sum(of_line(row, "new")["quota"] for row in answer["quotas"]) == 500
        assert answer["part_targets"] == [
            {"unit": None, "product": "new", "customer_type": None, "period": None,
             "amount": 500, "carried": 500, "missed": 0},
            {"unit": "east", "product": "new", "customer_type": None,
             "period": "2027-01/2027-06", "amount": 130, "carried": 130, "missed": 0},
        ]  # fmt: skip

    def test_lines_add_up_to_months_and_these_to_the_quota(self, client: TestClient) -> None:
        for row in solved(client)["quotas"]:
            for month in MONTHS:
                lines = sum(line["months"][month] for line in row["lines"])
                assert lines == row["months"][month]
            assert sum(line["quota"] for line in row["lines"]) == row["quota"] == 300

    def test_need_no_dates_where_they_name_no_months(self, client: TestClient) -> None:
        targets = [{"amount": 1200}, {"product": "new", "amount": 500}]
        body = facts(targets=targets, history=[]) | {"currency": "JPY"}

        answer = client.post("/v1/allocations", json=body).json()

        new = [of_line(row, "new") for row in answer["quotas"]]
        assert sum(line["quota"] for line in new) == 500
        assert {line["months"] for line in new} == {None}

    def test_who_sells_everything_but_one_product_carries_none_of_it(
        self, client: TestClient
    ) -> None:
        sold = [
            {"rep": rep, "period": "2026-12", "product": product, "actual": 10}
            for rep, product in (("ann", "new"), ("bob", "core"), ("cyd", "new"), ("dan", "core"))
        ]
        answer = solved(client, history=sold, targets=TARGETS[::2])

        carried = {
            row["rep"]: sum(line["quota"] for line in row["lines"] if line["product"] == "new")
            for row in answer["quotas"]
        }
        assert carried["bob"] == carried["dan"] == 0
        assert sum(carried.values()) == 500

    def test_make_a_rule_of_quotas_where_these_do_not_allow_them(self, client: TestClient) -> None:
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]

        answer = solved(client, targets=targets)

        assert [row["quota"] for row in answer["quotas"]] == [350, 350, 250, 250]
        [rule] = answer["rules"]
        assert rule["rule"] == "row:east × new"
        assert rule["min"] == rule["sum"] == 700

    def test_are_part_of_a_conflict_with_limits(self, client: TestClient) -> None:
        reps = [rep | {"max": 310} for rep in facts()["reps"]]
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]
        body = {"currency": "JPY", "period": PERIOD, **facts(targets=targets, reps=reps)}

        answer = client.post("/v1/allocations", json=body)
        asked = client.post("/v1/allocations/check", json=body).json()

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/infeasible"
        named = {rule["rule"] for rule in answer.json()["conflict"]}
        assert named == {"row:east × new:min", "rep:ann:cap", "rep:bob:cap"}
        assert asked["feasible"] is False
        assert {rule["rule"] for rule in asked["conflict"]} == named

    def test_are_missed_by_what_had_to_give_way(self, client: TestClient) -> None:
        reps = [rep | {"max": 310} for rep in facts()["reps"]]
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]

        answer = solved(client, targets=targets, reps=reps, policy={"on_infeasible": "relax"})

        [part] = answer["part_targets"]
        assert (part["carried"], part["missed"]) == (620, -80)
        assert answer["relaxed"] == [{"rule": "row:east × new:min", "from": 700, "to": 620}]


def sales(rep: str, year: int, product: str, customer_type: str | None, actual: float) -> Document:
    return {
        "rep": rep, "period": f"{year}-06", "product": product, "customer_type": customer_type,
        "actual": actual,
    }  # fmt: skip


class TestWhatCustomersOfTodayBuy:
    def test_nobody_stays_new_so_new_customers_go_by_white_space(self, client: TestClient) -> None:
        body = facts(targets=[{"amount": 1200}, {"customer_type": "new", "amount": 200}])
        for rep, potential in zip(body["reps"], (1_000, 400, 400, 400), strict=True):
            rep["potential"] = potential
        body["history"] = [
            sales(rep["id"], 2026, "core", "new" if rep["id"] == "dan" else "existing", 200)
            for rep in body["reps"]
        ]

        rows = solved(client, **body)["quotas"]

        new = [
            next(line["quota"] for line in row["lines"] if line["customer_type"] == "new")
            for row in rows
        ]
        assert sum(new) == 200
        assert new[0] > 2 * new[1]
        assert max(new[1:]) - min(new[1:]) <= 1

    def test_lines_grow_and_shrink_as_their_customers_stay_and_buy(
        self, client: TestClient
    ) -> None:
        body = facts(
            targets=[{"amount": 1200}, {"unit": "east", "product": "core", "amount": 300}],
            history=[
                sales(rep, year, product, kind, actual)
                for rep in ("ann", "bob", "cyd", "dan")
                for year, kind in ((2025, None), (2026, "existing"))
                for product, actual in (
                    ("core", 100 if year == 2025 else 150), ("spare", 300 if year == 2025 else 150),
                )
            ],
        )  # fmt: skip

        rows = {row["rep"]: row for row in solved(client, **body)["quotas"]}

        # 150 x 150/100 of core, 150 x 150/300 of all else: three to one.
        assert of_line(rows["cyd"], "core")["quota"] == 225
        assert of_line(rows["cyd"], None)["quota"] == 75


class TestTargetsOfPartsThatCannotHold:
    @pytest.mark.parametrize(
        ("row", "pointer", "detail"),
        [
            (
                {"product": "new", "period": "2028-01", "amount": 1},
                "/targets/1/period",
                "is no part of the plan's period, 2027-01 to 2027-12",
            ),
            ({"product": "new", "period": "May", "amount": 1}, "/targets/1/period", "must be a"),
            (
                {"product": "new", "amount": 1201},
                "/targets/1/amount",
                "does not agree with 1200 for the company; 1200 would",
            ),
            ({"unit": "east", "product": "new", "amount": -1}, "/targets/1/amount", "must be 0"),
        ],
    )
    def test_are_named(self, client: TestClient, row: Document, pointer: str, detail: str) -> None:
        body = {"currency": "JPY", "period": PERIOD, **facts(targets=[{"amount": 1200}, row])}

        answer = client.post("/v1/allocations", json=body)

        assert answer.status_code == 422
        [fault] = answer.json()["errors"]
        assert fault["pointer"] == pointer
        assert fault["detail"].startswith(detail)

    def test_are_named_where_nobody_sells_what_is_wanted(self, client: TestClient) -> None:
        history = [
            {"rep": rep["id"], "period": "2026-12", "product": product, "actual": 5}
            for rep in facts()["reps"]
            for product in ("core", "new")
            if (rep["unit"], product) != ("west", "new")
        ]
        targets = [{"amount": 1200}, {"unit": "west", "product": "new", "amount": 10}]
        body = {"period": PERIOD, **facts(targets=targets, history=history)}

        answer = client.post("/v1/allocations", json=body)

        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "pointer": "/targets",
                "detail": "no quotas can meet west × new, whoever carries what: what is wanted of "
                "a part is sold by nobody there",
            }
        ]


class TestVersions:
    @pytest.fixture
    def plan(self, client: TestClient) -> str:
        return a_plan(client, facts())

    def test_keep_lines_and_prove_them(self, client: TestClient, plan: str) -> None:
        version = a_version(client, plan)
        answer = client.get(f"{plan}/versions/{version['number']}/quotas/ann").json()

        assert sum(line["quota"] for line in answer["lines"]) == answer["quota"] == 300
        proved = client.get(f"{plan}/versions/1/verify").json()
        assert proved == {
            "valid": True,
            "checks": {"hash": True, "parent": True, "sums": True, "bounds": True, "leximin": True},
            "faults": [],
        }

    def test_are_read_where_somebody_carries_nothing(self, client: TestClient) -> None:
        """Who carries nothing has no line, and no sum of lines."""
        body = facts()
        body["reps"][0] |= {"fixed": 0}
        made = a_plan(client, body)
        a_version(client, made)

        assert client.get(f"{made}/versions/1/verify").json()["valid"]
        (row, *_) = client.get(f"{made}/versions/1/quotas").json()["items"]
        assert (row["rep"], row["quota"], row["lines"]) == ("ann", 0, [])

    def test_tell_the_lines_of_one_product_alone(self, client: TestClient, plan: str) -> None:
        a_version(client, plan)

        new = client.get(f"{plan}/versions/1/quotas", params={"product": "new"}).json()["items"]
        unknown = client.get(f"{plan}/versions/1/quotas", params={"product": "old"})

        assert {line["product"] for row in new for line in row["lines"]} == {"new"}
        assert sum(line["quota"] for row in new for line in row["lines"]) == 500
        assert unknown.status_code == 422
        assert unknown.json()["errors"][0]["parameter"] == "product"

    def test_prove_the_rules_that_targets_made(self, client: TestClient) -> None:
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]
        plan = a_plan(client, facts(targets=targets))
        a_version(client, plan)

        proof = client.get(f"{plan}/versions/1/certificate").json()

        assert client.get(f"{plan}/versions/1/verify").json()["valid"]
        assert [row["id"] for row in proof["manifest"]["part_rules"]] == ["east × new"]
        assert proof["manifest"]["policy"]["rows"] == []

    def test_prove_what_gave_way(self, client: TestClient) -> None:
        reps = [rep | {"max": 310} for rep in facts()["reps"]]
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]
        plan = a_plan(client, facts(targets=targets, reps=reps))
        a_version(client, plan, policy={"on_infeasible": "relax"})

        assert client.get(f"{plan}/versions/1/verify").json()["faults"] == []

    def test_prove_beside_a_gap(self, client: TestClient) -> None:
        reps = [rep | {"max": 290} for rep in facts()["reps"]]
        plan = a_plan(client, facts(reps=reps))
        a_version(client, plan, policy={"on_infeasible": "gap"})

        answer = client.get(f"{plan}/versions/1/certificate").json()["manifest"]

        assert [row["amount"] for row in answer["gaps"]] == [40_00]
        # Of every 1,200 wanted 1,160 are carried, and so of the parts.
        carried = [row["carried"] for row in answer["part_targets"]]
        assert carried == pytest.approx([500_00 * 1160 / 1200, 130_00 * 1160 / 1200], abs=1)
        assert client.get(f"{plan}/versions/1/verify").json()["faults"] == []

    def test_prove_a_part_that_people_cannot_carry_and_for_which_no_gap_is_booked(
        self, client: TestClient
    ) -> None:
        reps = [rep | ({"max": 310} if rep["unit"] == "east" else {}) for rep in facts()["reps"]]
        targets = [{"amount": 1200}, {"unit": "east", "product": "new", "amount": 700}]
        plan = a_plan(client, facts(targets=targets, reps=reps))

        version = a_version(client, plan, policy={"on_infeasible": "gap"})

        assert (version["gap"], version["relaxed"]) == (0, [])
        assert client.get(f"{plan}/versions/1/verify").json()["faults"] == []
        [part] = version["part_targets"]
        assert (part["amount"], part["carried"], part["missed"]) == (700, 620, -80)

    def test_tell_what_quotas_carry_of_the_targets(self, client: TestClient, plan: str) -> None:
        a_version(client, plan)
        once = client.post("/v1/allocations", json={"period": PERIOD, **facts()}).json()

        version = client.get(f"{plan}/versions/1").json()

        assert version["part_targets"] == once["part_targets"] != []

    def test_inputs_come_back_as_they_can_be_sent_again(
        self, client: TestClient, plan: str
    ) -> None:
        read = client.get(f"{plan}/inputs")
        again = client.put(f"{plan}/inputs", json=read.json())

        assert read.json()["targets"][1:] == [
            {"amount": 500, "product": "new"},
            {"amount": 130, "unit": "east", "product": "new", "period": "2027-01/2027-06"},
        ]
        assert read.json()["target"] is None
        assert again.headers["etag"] == read.headers["etag"]

    def test_months_that_the_plan_has_no_more_are_named(
        self, client: TestClient, plan: str
    ) -> None:
        later = {"period": {"start": "2027-04-01", "end": "2028-03-31"}}
        assert client.patch(plan, json=later).status_code == 200

        answer = client.post(f"{plan}/versions", json={})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/targets/2/period"


class TestWhatLooksLikeAMistake:
    @pytest.fixture
    def body(self) -> Document:
        page = (ROOT / "docs" / "guide" / "spread.md").read_text(encoding="utf-8")
        (found,) = re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        body: Document = json.loads(found)
        return body

    def test_a_rule_that_targets_made_is_no_relaxation_that_could_be_sent_back(
        self, client: TestClient, body: Document
    ) -> None:
        body["reps"][2]["max"] = 120

        problem = client.post("/v1/allocations", json=body).json()

        assert problem["type"] == "/problems/infeasible"
        assert problem["relaxation"] == []
        assert problem["detail"].endswith(
            "To let row:B:min give way, change the targets that made it."
        )

    def test_a_product_that_nobody_has_sold_is_warned_of(
        self, client: TestClient, body: Document
    ) -> None:
        assert client.post("/v1/allocations/check", json=body).json()["warnings"] == []
        body["targets"][2]["product"] = "b"

        (warning,) = client.post("/v1/allocations/check", json=body).json()["warnings"]

        assert warning["pointer"] == "/targets"
        assert warning["detail"].startswith("nobody has sold b yet")


class TestTheGuide:
    def test_on_plans_that_cannot_be_spread_shows_what_its_body_answers(
        self, client: TestClient
    ) -> None:
        page = (ROOT / "docs" / "guide" / "spread.md").read_text(encoding="utf-8")
        (body,) = re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        (table,) = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)

        answer = client.post("/v1/allocations", json=json.loads(body)).json()

        rows = [
            [row["rep"], str(row["quota"]), *row["binding"]]
            + [word for line in row["lines"] for word in (line["product"], str(line["quota"]))]
            for row in answer["quotas"]
        ]
        assert rows == [row.split() for row in table.splitlines()[1:]]

    def test_shows_what_its_body_answers(self, client: TestClient) -> None:
        page = (ROOT / "docs" / "guide" / "targets.md").read_text(encoding="utf-8")
        *_, body = re.findall(r"^```json\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
        *_, table = re.findall(r"^```text\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)

        answer = client.post("/v1/allocations", json=json.loads(body)).json()

        rows = [
            f"{row['rep']}  {row['quota']}  {line['product'] or 'everything else':15} "
            f"{line['quota']} {sum(line['months'][month] for month in MONTHS[:6]):>11}"
            for row in answer["quotas"]
            for line in row["lines"]
        ]
        shown = [re.sub(" +", " ", row) for row in table.splitlines()[1:]]
        assert [re.sub(" +", " ", row) for row in rows] == shown
