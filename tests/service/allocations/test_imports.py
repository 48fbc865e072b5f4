"""A plan made by hand as a version: told for what it is, compared, mended on request."""

import io
import json
from typing import Any

import pytest
from openpyxl import Workbook
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import (
    Document,
    a_plan,
    a_version,
    four_reps,
    publish,
    quotas,
)
from tests.service.callers import Callers

BY_HAND = {"ann": 120, "bob": 100, "cyd": 110, "d/d": 111}
"""The target of 441; ann may carry 105. The even plan: 105, 112, 112, 112."""


def rows(planned: dict[str, Any]) -> list[Document]:
    return [{"rep": rep, "quota": quota} for rep, quota in planned.items()]


def imported(client: TestClient, plan: str, planned: Any = None, **options: Any) -> Document:
    body = {"quotas": rows(planned or BY_HAND), **options}
    answer = client.post(f"{plan}/versions/import", json=body)
    assert answer.status_code == 201, answer.text
    found: Document = answer.json()
    return found


def upload(
    client: TestClient, plan: str, name: str, raw: bytes, **options: Any
) -> tuple[int, Document]:
    data = {"options": json.dumps(options)} if options else {}
    answer = client.post(f"{plan}/versions/import", files={"file": (name, raw)}, data=data)
    return answer.status_code, answer.json()


def gaps(client: TestClient, version: str) -> list[Document]:
    answer = client.get(f"{version}/gaps")
    assert answer.status_code == 200, answer.text
    found: list[Document] = answer.json()["items"]
    return found


def limits_hold(client: TestClient, version: str) -> bool:
    manifest = client.get(f"{version}/certificate").json()["manifest"]
    return not manifest.get("beyond")


class TestImport:
    def test_takes_the_quotas_as_they_are(self, client: TestClient) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/versions/import", json={"quotas": rows(BY_HAND)})

        assert answer.status_code == 201
        assert answer.headers["location"] == f"{plan}/versions/1"
        assert answer.headers["etag"] == client.get(f"{plan}/versions/1").headers["etag"]
        version = answer.json()
        assert version["status"] == "draft"
        assert version["assigned"] == 441
        assert quotas(client, f"{plan}/versions/1") == BY_HAND
        detail = client.get(f"{plan}/versions/1").json()
        assert {name: version[name] for name in detail} == detail

    def test_says_of_each_quota_what_the_even_plan_would_be(self, client: TestClient) -> None:
        plan = a_plan(client)
        reference = imported(client, plan)["imported"]["reference"]

        ann = client.get(f"{plan}/versions/1/quotas/ann").json()

        terms = {row["term"]: row["amount"] for row in ann["explanation"]}
        assert terms == {"anchor": 100, "stretch": 5, "rounding": 0, "import": 15}
        assert ann["explanation"][-1]["reference"] == reference

    def test_is_proved_and_audited_like_every_other_version(self, client: TestClient) -> None:
        plan = a_plan(client)
        imported(client, plan)

        assert client.get(f"{plan}/versions/1/verify").json()["valid"]
        assert examine(client.get(f"{plan}/versions/1/certificate").json()).valid
        report = client.get(f"{plan}/versions/1/fairness")
        assert report.status_code == 200
        even = a_version(client, plan)
        uneven = client.get(f"{plan}/versions/1").json()["fairness"]
        assert uneven["gini"] > even["fairness"]["gini"]

    def test_books_what_it_misses_as_a_gap_of_the_company(self, client: TestClient) -> None:
        plan = a_plan(client)

        version = imported(client, plan, BY_HAND | {"bob": 80})

        company = {"unit": None, "amount": 20, "owner": None, "held_by": None}
        assert (version["gap"], version["gaps"]) == (20, [company])
        (booked,) = client.get(f"{plan}/versions/1/gaps").json()["items"]
        assert (booked["unit"], booked["amount"]) == (None, 20)

    def test_finds_every_limit_and_sum_that_is_not_kept(self, client: TestClient) -> None:
        inputs = four_reps()
        inputs["units"][0]["max"] = 220  # the east's
        plan = a_plan(client, inputs)

        found = imported(client, plan, BY_HAND | {"bob": 120})["imported"]["findings"]

        assert [
            (row["rule"], row["limit"], row["carried"], row["rep"], row["unit"]) for row in found
        ] == [
            ("target", 441, 461, None, None),
            ("unit:east:max", 220, 221, None, "east"),
            ("rep:ann:cap", 105, 120, "ann", None),
        ]
        assert found[2]["detail"] == ("rep:ann:cap is 105, and the plan has 120: more than it may.")

    def test_compares_it_with_the_even_plan(self, client: TestClient) -> None:
        plan = a_plan(client)

        beside = imported(client, plan)["imported"]["beside"]

        assert beside["above"] == {"reps": 1, "amount": 15}
        assert beside["below"] == {"reps": 3, "amount": -15}
        assert beside["same"] == 0
        assert beside["solved"] == beside["imported"] == 441
        assert [(row["rep"], row["change"]) for row in beside["largest"]] == [
            ("ann", 15), ("bob", -12), ("cyd", -2), ("d/d", -1),
        ]  # fmt: skip
        assert [(row["id"], row["change"]) for row in beside["units"]] == [
            ("east", -3), ("east/1", -3), ("west", 3),
        ]  # fmt: skip

    def test_is_the_child_of_the_newest_version_and_a_reason_of_a_diff(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        version = imported(client, plan, note="ours")

        assert version["base_version"] == 1
        assert version["note"] == "ours"
        changed = client.get(f"{plan}/versions/1/diff/2").json()["changed"]
        reason = f"import:{version['imported']['reference']}"
        assert {tuple(row["reasons"]) for row in changed} == {(reason,)}

    def test_keeps_months_as_they_are_given(self, client: TestClient) -> None:
        plan = a_plan(client)
        planned = rows(BY_HAND)
        planned[0]["months"] = {"2027-01": 20, "2027-12": 100}

        answer = client.post(f"{plan}/versions/import", json={"quotas": planned})

        assert answer.status_code == 201, answer.text
        months = client.get(f"{plan}/versions/1/quotas/ann").json()["months"]
        assert {month: amount for month, amount in months.items() if amount} == {
            "2027-01": 20, "2027-12": 100,
        }  # fmt: skip
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]

    def test_gives_a_quota_to_somebody_whom_the_even_plan_gives_nothing(
        self, client: TestClient
    ) -> None:
        inputs = four_reps()
        inputs["reps"][3]["max"] = 0
        plan = a_plan(client, inputs)

        imported(client, plan, {"ann": 100, "bob": 100, "cyd": 100, "d/d": 141})

        assert quotas(client, f"{plan}/versions/1")["d/d"] == 141
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]

    def test_books_what_nobody_can_carry_and_goes_on(self, client: TestClient) -> None:
        plan = a_plan(client, four_reps(target=900))
        policy = {"max_over_baseline": 0.5}

        version = imported(client, plan, policy=policy)

        assert version["policy"]["on_infeasible"] == "gap"
        assert version["imported"]["beside"]["solved"] == 105 + 3 * 150
        assert version["gap"] == 900 - sum(BY_HAND.values())
        refused = client.post(
            f"{plan}/versions/import",
            json={
                "quotas": rows(BY_HAND),
                "policy": policy | {"on_infeasible": "refuse"},
            },
        )
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/infeasible"

    def test_leaves_further_measures_as_they_are_solved(self, client: TestClient) -> None:
        inputs = four_reps()
        del inputs["target"]
        for row, potential in zip(inputs["reps"], (10, 20, 30, 40), strict=True):
            row["potential"] = potential
        targets = [{"amount": 441}, {"measure": "new_customers", "amount": 100}]
        plan = a_plan(client, inputs | {"targets": targets})
        a_version(client, plan)

        imported(client, plan, repair=True)

        customers = {"measure": "new_customers"}
        for number in (2, 3):
            version = f"{plan}/versions/{number}"
            assert quotas(client, version, **customers) == quotas(
                client, f"{plan}/versions/1", **customers
            )
            assert client.get(f"{version}/verify").json()["valid"]

    def test_asks_what_is_meant_where_reps_are_missing(self, client: TestClient) -> None:
        plan = a_plan(client)
        some = {"ann": 100, "bob": 100}

        refused = client.post(f"{plan}/versions/import", json={"quotas": rows(some)})
        solved = imported(client, plan, some, missing="as_solved")
        nothing = imported(client, plan, some, missing="zero")

        assert refused.status_code == 422
        (fault,) = refused.json()["errors"]
        assert fault["pointer"] == "/quotas"
        assert fault["detail"].startswith("cyd, d/d stand in no row: say with `missing`")
        assert solved["imported"]["missing"] == nothing["imported"]["missing"] == ["cyd", "d/d"]
        assert quotas(client, f"{plan}/versions/1") == some | {"cyd": 112, "d/d": 112}
        assert quotas(client, f"{plan}/versions/2") == some | {"cyd": 0, "d/d": 0}

    def test_is_for_those_who_may_make_versions(self, callers: Callers) -> None:
        plan = a_plan(callers("planner"))
        body = {"quotas": rows(BY_HAND)}

        for role in ("rep", "hr", "auditor", "integration"):
            own = callers(role, rep="ann") if role == "rep" else callers(role)
            assert own.post(f"{plan}/versions/import", json=body).status_code == 403
            assert own.post(f"{plan}/versions/1/repair", json={}).status_code == 403


class TestRefusals:
    def test_name_every_fault_where_it_was_sent(self, client: TestClient) -> None:
        plan = a_plan(client)
        planned = [
            {"rep": "ann", "quota": 1.005},
            {"rep": "eve", "quota": 5},
            {"rep": "bob", "quota": -1},
            {"rep": "bob", "quota": 7},
            {"rep": "cyd", "quota": 5, "months": {"2027-01": 4}},
            {"rep": "d/d", "quota": 5, "months": {"2026-01": 5}},
        ]
        body = {
            "quotas": planned,
            "base_version": 9,
            "policy": {"country": "XX"},
        }

        answer = client.post(f"{plan}/versions/import", json=body)

        assert answer.status_code == 422
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {
            "/quotas/0/quota",
            "/quotas/1/rep",
            "/quotas/2/quota",
            "/quotas/3/rep",
            "/quotas/4/quota",
            "/quotas/5/months/2026-01",
            "/base_version",
            "/policy/country",
        }
        assert client.get(f"{plan}/versions").json()["items"] == []

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"quotas": []}, "/quotas"),
            ({}, "/quotas"),
            ({"quotas": [{"rep": "ann"}], "missing": "zero"}, "/quotas/0/quota"),
            ({"quotas": rows(BY_HAND), "missing": "guess"}, "/missing"),
            ({"quotas": rows(BY_HAND), "colour": "red"}, "/colour"),
        ],
    )
    def test_of_a_shape(self, client: TestClient, body: Document, pointer: str) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/versions/import", json=body)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    def test_of_a_plan_that_is_not_there_or_has_no_inputs(self, client: TestClient) -> None:
        period = {"start": "2027-01-01", "end": "2027-12-31"}
        empty = client.post("/v1/plans", json={"name": "x", "period": period}).json()["id"]
        body = {"quotas": rows(BY_HAND)}

        assert client.post(f"/v1/plans/{empty}/versions/import", json=body).status_code == 409
        assert client.post("/v1/plans/plan_x/versions/import", json=body).status_code == 404


class TestFiles:
    def test_a_chinese_sheet_is_taken_and_its_repairs_are_told(self, client: TestClient) -> None:
        plan = a_plan(client)
        sheet = "工号,姓名,目标\nann,安,120\nbob,博,0.01万\ncyd,西,110\nd/d,东,111\n合计,,441\n"

        status, answer = upload(client, plan, "目标.csv", sheet.encode("gb18030"), note="ours")

        assert status == 201, answer
        assert quotas(client, f"{plan}/versions/1") == BY_HAND
        assert answer["note"] == "ours"
        told = answer["imported"]["read_otherwise"]
        assert [(note["line"], note["value"], note["detail"]) for note in told] == [
            (None, None, "was read as GB18030"),
            (3, "0.01万", "was read as 100"),
            (6, "合计", "is a sum, and was left out"),
        ]

    def test_a_workbook_with_months(self, client: TestClient) -> None:
        plan = a_plan(client)
        book = Workbook()
        assert book.active is not None
        book.active.append(["rep_id", "2027-01", "2027-02"])
        for rep, quota in BY_HAND.items():
            book.active.append([rep, quota - 1, 1])
        stream = io.BytesIO()
        book.save(stream)

        status, answer = upload(client, plan, "plan.xlsx", stream.getvalue())

        assert status == 201, answer
        assert quotas(client, f"{plan}/versions/1") == BY_HAND
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]

    def test_faults_are_told_by_line_and_column(self, client: TestClient) -> None:
        plan = a_plan(client)
        sheet = b"rep_id,quota\nann,120.001\neve,5\ncyd,110\nd/d,111\n"

        status, answer = upload(client, plan, "plan.csv", sheet)

        assert status == 422
        assert answer["type"] == "/problems/file-faults"
        assert [(fault["line"], fault["column"], fault["value"]) for fault in answer["errors"]] == [
            (None, None, None),
            (2, "quota", "120.001"),
            (3, "rep_id", "eve"),
        ]

    def test_a_form_that_is_none_is_refused(self, client: TestClient) -> None:
        plan = a_plan(client)
        address = f"{plan}/versions/import"
        good = ("plan.csv", b"rep_id,quota\nann,1\n")

        def status(**sent: Any) -> int:
            return client.post(address, **sent).status_code

        assert status(data={"options": "{}"}, files={"other": good}) == 400
        assert status(files=[("file", good), ("file", good)]) == 400
        assert status(files={"file": good}, data={"options": "no json"}) == 400
        assert status(files={"file": good}, data={"options": '{"colour": 1}'}) == 422
        broken = {"content-type": "multipart/form-data"}
        assert status(content=b"--x", headers=broken) == 400
        assert status(content=b"x", headers={"content-type": "text/csv"}) == 415

    def test_a_file_beyond_the_limit_of_bodies_is_refused(self, client: TestClient) -> None:
        plan = a_plan(client)
        limit = client.app.state.settings.max_body_bytes  # type: ignore[attr-defined]

        status, answer = upload(client, plan, "plan.csv", b"x" * (limit + 1))

        assert status == 413
        assert answer["type"] == "/problems/body-too-large"


class TestRepair:
    def test_makes_a_second_draft_that_keeps_everything_with_the_smallest_change(
        self, client: TestClient
    ) -> None:
        """ann is 15 above her cap: the others carry them, each a 21.4th of what they carry."""
        plan = a_plan(client)

        found = imported(client, plan, repair=True)

        repaired = found["imported"]["repaired"]
        assert repaired["number"] == 2
        assert repaired["base_version"] == 1
        mended = quotas(client, f"{plan}/versions/2")
        assert mended["ann"] == 105
        assert sum(mended.values()) == 441
        for rep in ("bob", "cyd", "d/d"):
            assert mended[rep] == pytest.approx(BY_HAND[rep] * 336 / 321, abs=1)
        assert limits_hold(client, f"{plan}/versions/2")
        assert not limits_hold(client, f"{plan}/versions/1")
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]
        assert quotas(client, f"{plan}/versions/1") == BY_HAND

    def test_is_not_made_where_nothing_is_broken(self, client: TestClient) -> None:
        plan = a_plan(client)
        fine = {"ann": 105, "bob": 116, "cyd": 110, "d/d": 110}

        assert imported(client, plan, fine, repair=True)["imported"]["repaired"] is None
        answer = client.post(f"{plan}/versions/1/repair", json={})
        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/nothing-to-repair"

    def test_keeps_rules_across_teams_as_well(self, client: TestClient) -> None:
        plan = a_plan(client)
        policy = {
            "groups": [{"id": "duo", "reps": ["bob", "cyd"], "max": 200}],
            "rows": [{"id": "mentor", "coefficients": {"ann": 1, "d/d": -0.5}, "min": 20}],
        }

        found = imported(client, plan, policy=policy, repair=True)["imported"]

        assert [row["rule"] for row in found["findings"]] == ["rep:ann:cap", "group:duo:max"]
        mended = quotas(client, f"{plan}/versions/2")
        assert sum(mended.values()) == 441
        assert mended["ann"] <= 105
        assert mended["bob"] + mended["cyd"] <= 200
        assert mended["ann"] - mended["d/d"] / 2 >= 20
        assert limits_hold(client, f"{plan}/versions/2")
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]

    def test_can_be_asked_for_later(self, client: TestClient) -> None:
        plan = a_plan(client)
        both = imported(client, plan, repair=True)["imported"]["repaired"]["number"]

        answer = client.post(f"{plan}/versions/1/repair", json={"note": "mended"})

        assert answer.status_code == 201
        assert answer.headers["location"] == f"{plan}/versions/3"
        assert answer.json()["note"] == "mended"
        assert quotas(client, f"{plan}/versions/3") == quotas(client, f"{plan}/versions/{both}")
        assert client.post(f"{plan}/versions/9/repair", json={}).status_code == 404

    def test_leaves_nothing_to_sign(self, client: TestClient) -> None:
        """Only what the whole plan by hand has too much or too little is a gap of the company."""
        plan = a_plan(client)
        found = imported(client, plan, BY_HAND | {"bob": 120}, repair=True)

        assert [(gap["unit"], gap["amount"]) for gap in gaps(client, f"{plan}/versions/1")] == [
            (None, -20)
        ]
        assert gaps(client, f"{plan}/versions/2") == []
        assert found["imported"]["repaired"]["assigned"] == 441
        assert publish(client, f"{plan}/versions/2").status_code == 200

    def test_is_not_needed_to_publish_what_adds_up(self, client: TestClient) -> None:
        plan = a_plan(client)
        imported(client, plan)

        assert gaps(client, f"{plan}/versions/1") == []
        assert publish(client, f"{plan}/versions/1").status_code == 200
