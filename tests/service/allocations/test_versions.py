"""Versions over HTTP on a real database: solved, stored, read, published."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from service.allocations.assemble import Case
from service.allocations.measures import solving as measures
from service.allocations.measures.solving import SolvedMeasure
from service.allocations.patience import Patience
from service.allocations.versions.repository import unpack
from service.allocations.versions.tables import Chunk
from service.allocations.versions.usecases import solving
from service.kit.auth import Workspace
from service.kit.db import Database
from service.plans.tables import Plan, PlanVersion
from tests.service.allocations.plans import (
    FY27,
    Document,
    a_plan,
    a_version,
    four_reps,
    quotas,
)
from tests.service.steps import publish


class TestSolveVersion:
    def test_answers_the_version_its_address_and_its_etag(self, client: TestClient) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/versions", json={"note": "first proposal"})

        assert answer.status_code == 201
        assert answer.headers["location"] == f"{plan}/versions/1"
        assert answer.headers["etag"] == client.get(f"{plan}/versions/1").headers["etag"]
        version = answer.json()
        assert version == client.get(f"{plan}/versions/1").json() | {"left_behind": []}
        assert version["number"] == 1
        assert version["status"] == "draft"
        assert version["parent_hash"] is None
        assert version["base_version"] is None
        assert version["note"] == "first proposal"
        assert version["assigned"] == 441
        assert version["inputs_hash"] == client.get(plan).json()["inputs_hash"]
        assert re.fullmatch("sha256:[0-9a-f]{64}", version["hash"])
        assert version["fairness"]["reps_at_common_stretch"] == 3

    def test_quotas_are_those_of_the_sample_case(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        assert quotas(client, f"{plan}/versions/1") == {
            "ann": 105, "bob": 112, "cyd": 112, "d/d": 112
        }  # fmt: skip

    def test_are_those_that_the_stateless_call_answers(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        terms = {name: FY27[name] for name in ("currency", "increment", "period")}

        answer = client.post("/v1/allocations", json=four_reps() | terms).json()
        rows = client.get(f"{plan}/versions/1/quotas").json()["items"]

        assert rows == answer["quotas"]

    def test_builds_on_the_newest_version_unless_told(self, client: TestClient) -> None:
        plan = a_plan(client)
        first, second = a_version(client, plan), a_version(client, plan)
        third = a_version(client, plan, base_version=1)

        assert (second["base_version"], second["parent_hash"]) == (1, first["hash"])
        assert (third["number"], third["base_version"]) == (3, 1)

    def test_the_same_inputs_policy_and_parent_make_the_same_hash(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        second = a_version(client, plan, base_version=1, note="morning")
        assert publish(client, f"{plan}/versions/2").status_code == 200

        again = a_version(client, plan, base_version=1, policy={"over_assignment": None})

        assert again["number"] == 3
        assert again["hash"] == second["hash"]

    def test_another_policy_makes_another_hash(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        second = a_version(client, plan, base_version=1)
        hedged = a_version(client, plan, base_version=1, policy={"over_assignment": 0.1})

        assert hedged["hash"] != second["hash"]
        assert hedged["assigned"] == 485.1

    def test_a_plan_without_inputs_is_told_to_send_them(self, client: TestClient) -> None:
        plan = client.post("/v1/plans", json=FY27).json()["id"]

        answer = client.post(f"/v1/plans/{plan}/versions", json={})

        assert answer.status_code == 409
        problem = answer.json()
        assert problem.pop("request_id")
        assert problem == {
            "type": "/problems/inputs-missing",
            "title": "The plan has no inputs yet.",
            "status": 409,
            "detail": f"Send them first: PUT /v1/plans/{plan}/inputs.",
            "instance": f"/v1/plans/{plan}/versions",
        }

    def test_rules_that_cannot_all_hold_make_no_version(self, client: TestClient) -> None:
        body = four_reps(reps=[{"id": "ann", "baseline": 100, "reach": 100, "max": 105}])
        plan = a_plan(client, body)

        answer = client.post(f"{plan}/versions", json={})

        assert answer.status_code == 422
        problem = answer.json()
        assert problem["type"] == "/problems/infeasible"
        assert problem["conflict"] == [
            {"rule": "target", "value": 441}, {"rule": "rep:ann:cap", "value": 105}
        ]  # fmt: skip
        assert problem["feasible_target"] == {"min": 0, "max": 105}
        assert client.get(f"{plan}/versions").json()["items"] == []

    def test_a_base_that_does_not_exist_is_named(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        answer = client.post(f"{plan}/versions", json={"base_version": 7})

        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "pointer": "/base_version",
                "detail": "names no version of this plan; there are 1 to 1",
                "value": 7,
            }
        ]

    def test_a_base_beyond_every_number_is_named_too(self, client: TestClient) -> None:
        answer = client.post(f"{a_plan(client)}/versions", json={"base_version": 2**70})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["value"] == str(2**70)

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"policy": {"season": [1, 2]}}, "/policy/season"),
            ({"policy": {"fairnes": "equal_stretch"}}, "/policy/fairnes"),
            ({"base_version": 0}, "/base_version"),
            ({"base_version": True}, "/base_version"),
            ({"note": 5}, "/note"),
            ({"unknown": 1}, "/unknown"),
        ],
    )
    def test_every_fault_is_named(self, client: TestClient, body: Document, pointer: str) -> None:
        answer = client.post(f"{a_plan(client)}/versions", json=body)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    def test_an_unknown_plan_is_not_found(self, client: TestClient) -> None:
        answer = client.post("/v1/plans/plan_0/versions", json={})

        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/plan-not-found"

    def test_twenty_at_once_get_twenty_numbers_and_one_line_of_parents(
        self, app: FastAPI, client: TestClient
    ) -> None:
        plan = a_plan(client)
        answers: list[Response] = []

        def solve() -> None:
            own = TestClient(app, base_url="http://127.0.0.1")
            answers.append(own.post(f"{plan}/versions", json={}))

        threads = [threading.Thread(target=solve) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert {answer.status_code for answer in answers} == {201}
        versions = sorted((answer.json() for answer in answers), key=lambda found: found["number"])
        assert [version["number"] for version in versions] == list(range(1, 21))
        parents = [version["parent_hash"] for version in versions]
        assert parents == [None, *(version["hash"] for version in versions[:-1])]
        assert client.get(f"{plan}/versions/20/verify").json()["valid"]

    def test_estimated_figures_are_frozen_into_the_version(
        self, client: TestClient, database: Database
    ) -> None:
        history = [
            {"rep": rep, "period": f"2026-{month:02}", "actual": actual}
            for rep, actual in (("ann", 10), ("bob", 20))
            for month in range(1, 13)
        ]
        plan = a_plan(client, {"target": 400, "reps": [{"id": "ann"}, {"id": "bob"}],
                               "history": history})  # fmt: skip
        a_version(client, plan)

        ann, bob = client.get(f"{plan}/versions/1/quotas").json()["items"]

        assert ann["estimate"]["basis"] == "history_and_peers"
        assert 100 < ann["baseline"] < 180 < bob["baseline"] < 260
        with database.reading.begin() as session:
            manifest = session.scalars(sa.select(PlanVersion.manifest)).one()
        assert b'"weights":[0.45,0.3,0.15]' in manifest


class TestWhileItIsSolved:
    """No transaction is open then: others may write, on SQLite too."""

    @staticmethod
    def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Response]) -> None:
        """Let somebody else call the service just before the real solver starts."""

        def solve_measures(case: Case, patience: Patience) -> SolvedMeasure:
            assert act().is_success
            return measures.solve_measures(case, patience)

        monkeypatch.setattr(solving, "solve_measures", solve_measures)

    def test_the_plan_can_be_renamed(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = a_plan(client)
        self.meanwhile(monkeypatch, lambda: client.patch(plan, json={"name": "FY27 v2"}))

        assert a_version(client, plan)["number"] == 1
        assert client.get(plan).json()["name"] == "FY27 v2"

    def test_new_inputs_do_not_mix_with_the_old_ones(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = a_plan(client)
        before = client.get(plan).json()["inputs_hash"]
        newer = four_reps(target=430)
        self.meanwhile(monkeypatch, lambda: client.put(f"{plan}/inputs", json=newer))

        version = a_version(client, plan)

        assert (version["inputs_hash"], version["assigned"]) == (before, 441)
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]

    def test_a_deleted_plan_gets_no_version(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plan = a_plan(client)
        self.meanwhile(monkeypatch, lambda: client.delete(plan))

        assert client.post(f"{plan}/versions", json={}).status_code == 404


def test_nothing_of_another_workspace_is_answered(client: TestClient, database: Database) -> None:
    plan = a_plan(client)
    a_version(client, plan)
    with database.sessions.begin() as session:
        session.add(Workspace(id="wsp_other", name="Other", created_at=datetime.now(UTC)))
        session.flush()
        session.execute(sa.update(Plan).values(workspace_id="wsp_other"))

    for place in ("", "/quotas", "/quotas/ann", "/verify", "/certificate"):
        assert client.get(f"{plan}/versions/1{place}").status_code == 404
    assert client.post(f"{plan}/versions", json={}).status_code == 404


class TestListQuotas:
    @pytest.mark.parametrize("name", ["measure", "product", "period"])
    def test_a_filter_that_is_not_built_is_refused_by_name(
        self, client: TestClient, name: str
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        answer = client.get(f"{plan}/versions/1/quotas", params={name: "x"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameter"] == name

    def test_pages_follow_units_and_ids(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        assert [row["rep"] for row in self.all(client, f"{plan}/versions/1", limit=1)] == [
            "cyd", "d/d", "ann", "bob"
        ]  # fmt: skip

    @staticmethod
    def all(client: TestClient, version: str, **params: Any) -> Iterator[Document]:
        cursor = None
        while True:
            given = params | ({"cursor": cursor} if cursor else {})
            page = client.get(f"{version}/quotas", params=given).json()
            yield from page["items"]
            if (cursor := page["next_cursor"]) is None:
                return

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 1000])
    def test_no_page_skips_or_repeats_a_rep(self, client: TestClient, limit: int) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        rows = list(self.all(client, f"{plan}/versions/1", limit=limit))

        assert sorted(row["rep"] for row in rows) == ["ann", "bob", "cyd", "d/d"]

    @pytest.mark.parametrize(
        ("unit", "reps"),
        [("west", ["ann", "bob"]), ("east", ["cyd", "d/d"]), ("east/1", ["cyd", "d/d"])],
    )
    def test_a_unit_brings_the_units_below_it(
        self, client: TestClient, unit: str, reps: list[str]
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        rows = self.all(client, f"{plan}/versions/1", unit=unit, limit=1)

        assert [row["rep"] for row in rows] == reps

    def test_one_rep_can_be_asked_for(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        version = f"{plan}/versions/1"

        assert list(quotas(client, version, rep="d/d")) == ["d/d"]
        assert quotas(client, version, rep="d/d", unit="west") == {}

    @pytest.mark.parametrize(
        ("params", "parameter"),
        [
            ({"unit": "wets"}, "unit"),
            ({"rep": "ann "}, "rep"),
            ({"cursor": "abc"}, "cursor"),
            ({"limit": 0}, "limit"),
        ],
    )
    def test_a_slip_is_named(self, client: TestClient, params: Document, parameter: str) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        answer = client.get(f"{plan}/versions/1/quotas", params=params)

        assert answer.status_code == 422
        assert [fault["parameter"] for fault in answer.json()["errors"]] == [parameter]

    def test_a_cursor_of_another_list_is_refused(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        a_version(client, plan)
        first = client.get(f"{plan}/versions/1/quotas", params={"limit": 1}).json()

        answer = client.get(f"{plan}/versions/2/quotas", params={"cursor": first["next_cursor"]})

        assert answer.status_code == 422

    def test_a_page_reads_only_its_chunks(self, client: TestClient, app: FastAPI) -> None:
        """2,500 reps in one unit: three chunks; the second page lies in the second alone."""
        reps = [{"id": f"r{i:04}", "baseline": 1, "reach": 1} for i in range(2_500)]
        plan = a_plan(client, {"target": 3_000, "reps": reps})
        a_version(client, plan)
        version = f"{plan}/versions/1"
        cursor = client.get(f"{version}/quotas", params={"limit": 1000}).json()["next_cursor"]
        read: list[int] = []

        def note(_context: sa.Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
                 ) -> None:  # fmt: skip
            if "FROM chunk" in statement:
                read.append(len(parameters) - 1)  # the workspace is no chunk

        sa.event.listen(app.state.database.engine, "before_cursor_execute", note)
        page = client.get(f"{version}/quotas", params={"limit": 1000, "cursor": cursor}).json()
        one = client.get(f"{version}/quotas/r2400").json()
        sa.event.remove(app.state.database.engine, "before_cursor_execute", note)

        assert [row["rep"] for row in page["items"]] == [f"r{i:04}" for i in range(1000, 2000)]
        assert one["rep"] == "r2400"
        assert read == [1, 1, 1]  # the page; the index and the rep's chunk


class TestGetQuota:
    def test_tells_the_quota_and_what_it_is_made_of(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        row = client.get(f"{plan}/versions/1/quotas/ann").json()

        assert row["quota"] == row["cap"] == 105
        assert row["binding"] == ["cap"]
        assert row["explanation"] == [
            {"term": "anchor", "amount": 100},
            {"term": "stretch", "amount": 5},
            {"term": "rounding", "amount": 0},
        ]
        assert row["growth_beside"] == {
            "unit": pytest.approx(217 / 200 - 1),
            "company": pytest.approx(441 / 400 - 1),
        }
        assert not {"anchor", "yardstick", "unrounded"} & row.keys()

    def test_an_id_may_hold_a_slash(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        assert client.get(f"{plan}/versions/1/quotas/d%2Fd").json()["rep"] == "d/d"

    @pytest.mark.parametrize("rep", ["a", "annn", "zoe", "%00"])
    def test_nobody_elses_quota_is_answered(self, client: TestClient, rep: str) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        answer = client.get(f"{plan}/versions/1/quotas/{rep}")

        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/quota-not-found"


class TestPublishing:
    def test_the_second_published_version_supersedes_the_first(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")
        client.put(f"{plan}/inputs", json=four_reps(target=430))
        a_version(client, plan, note="less")
        answer = publish(client, f"{plan}/versions/2")

        assert answer.json()["status"] == "published"
        states = {
            version["number"]: version["status"]
            for version in client.get(f"{plan}/versions").json()["items"]
        }
        assert states == {1: "superseded", 2: "published"}
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]
        assert sum(quotas(client, f"{plan}/versions/1").values()) == 441


class TestPeople:
    def test_names_are_in_no_chunk_and_no_manifest(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        with database.reading.begin() as session:
            chunks = session.scalars(sa.select(Chunk.data)).all()
            manifests = session.scalars(sa.select(PlanVersion.manifest)).all()

        assert chunks
        assert not any(b"Ann Lee" in (unpack(data) or b"") for data in chunks)
        assert not any(b"Ann Lee" in manifest for manifest in manifests)


def test_a_version_of_ten_thousand_reps_costs_little_beside_its_solve(client: TestClient) -> None:
    """A guard against accidents, not a benchmark: two busy cores need about half a second."""
    units = [{"id": f"u{i:03}"} for i in range(500)]
    reps = [
        {"id": f"r{i:05}", "unit": f"u{i // 20:03}", "baseline": 100 + i % 7, "reach": 10 + i % 5}
        for i in range(10_000)
    ]
    plan = a_plan(client, {"target": 1_100_000, "units": units, "reps": reps})

    start = time.process_time()
    a_version(client, plan)

    assert time.process_time() - start < 5
