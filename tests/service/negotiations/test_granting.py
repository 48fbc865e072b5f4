"""Change requests granted over HTTP on a real database: who carries it, and in which draft."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.tables import Chunk
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import time_of_request
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.negotiations.requests import Document, a_published_plan, a_request, answer, ask
from tests.service.negotiations.teams import (
    EVERYBODY,
    RESERVES,
    accepted,
    published_teams,
    three_teams,
)
from tests.service.steps import at_once, publish


@pytest.fixture
def plan(client: TestClient) -> str:
    return published_teams(client)


def test_who_was_adjusted_around_a_new_solve_may_ask_and_carries_for_nobody_else(
    client: TestClient,
) -> None:
    plan = a_plan(client, three_teams())
    a_version(client, plan)
    row = {"rep": "ann", "quota": 100, "reason": "key account lost"}
    path, etag = f"{plan}/versions/1", {"If-Match": "*"}
    client.patch(f"{path}/quotas", json={"adjustments": [row]}, headers=etag).raise_for_status()
    publish(client, f"{plan}/versions/2").raise_for_status()
    before = quotas(client, f"{plan}/versions/2")
    others = a_request(client, plan, "bob", 108, version=2)
    assert accepted(client, others, funding="siblings")["version"] == 3
    assert quotas(client, f"{plan}/versions/3")["ann"] == 100
    assert ask(client, plan, "ann", 150, version=2).status_code == 422  # 140 at most
    own = a_request(client, plan, "ann", 96, version=2)
    ways = client.get(f"{own}/preview").json()["ways"]
    assert [way["possible"] for way in ways if way["funding"] != "reserve"] == [True] * 3
    accepted(client, own, funding="siblings")
    after = quotas(client, f"{plan}/versions/4")
    assert after["ann"] == 96
    assert sum(after.values()) == sum(before.values())
    assert client.get(f"{plan}/versions/4/verify").json()["valid"]


class TestAccept:
    def test_siblings_carry_it_by_equal_parts_in_a_new_draft(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        told = accepted(client, request, amount=100, funding="siblings")

        assert told == {
            "id": request.rpartition("/")[2],
            "status": "accepted",
            "version": 2,
            "amount": 100,
            "funding": "siblings",
            "effective": None,
            "resources": [],
            "inputs_follow": None,
        }
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {
            "ann": 100, "bob": 115, "cyd": 115,
        }  # fmt: skip
        version = client.get(f"{plan}/versions/2").json()
        assert (version["status"], version["base_version"]) == ("draft", 1)
        assert version["note"] == (
            f"Granted to ann: 100 instead of 110; the others of the unit carry it ({told['id']})"
        )
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]
        granted = client.get(request).json()["granted"]
        assert granted == {"amount": 100, "funding": "siblings", "effective": None, "version": 2}

    def test_all_other_rows_keep_their_bytes(
        self, client: TestClient, plan: str, database: Database
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        before = chunks(client, database, f"{plan}/versions/1")

        accepted(client, request, funding="siblings")

        after = chunks(client, database, f"{plan}/versions/2")
        assert {unit for unit in after if before[unit] != after[unit]} == {"west"}

    def test_the_parents_other_teams_carry_it(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 102)

        accepted(client, request, funding="parent")

        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {
            "ann": 102, "bob": 112, "cyd": 112, "dan": 112, "eve": 112,
        }  # fmt: skip

    def test_a_reserve_takes_it_and_nobody_else_moves(self, client: TestClient) -> None:
        plan = a_published_plan(client, three_teams(), **RESERVES)

        told = accepted(client, a_request(client, plan, "ann", 100))

        assert told["funding"] == "reserve"
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {"ann": 100}
        assert client.get(f"{plan}/versions/2").json()["assigned"] == 760
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]

    def test_once_the_reserve_is_used_up_siblings_are_next(self, client: TestClient) -> None:
        plan = a_published_plan(client, three_teams(), **RESERVES)
        accepted(client, a_request(client, plan, "ann", 95))

        told = accepted(client, a_request(client, plan, "dan", 100))

        assert told["funding"] == "siblings"
        assert quotas(client, f"{plan}/versions/3") == EVERYBODY | {
            "ann": 95, "dan": 100, "eve": 120,
        }  # fmt: skip

    def test_nobody_carries_it_where_the_company_says_so(
        self, client: TestClient, plan: str
    ) -> None:
        told = accepted(client, a_request(client, plan, "ann", 100), funding="unfunded")

        assert told["funding"] == "unfunded"
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {"ann": 100}

    def test_what_is_not_said_is_what_was_asked_for(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)

        told = client.post(f"{request}/accept").json()

        assert (told["amount"], told["funding"]) == (100, "siblings")

    def test_a_part_of_it_can_be_granted_and_never_more(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        for amount in (99, 110, 120):
            refused = answer(client, request, "accept", amount=amount)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/amount"
        assert accepted(client, request, amount=106)["amount"] == 106

    def test_what_cannot_be_carried_is_refused_with_the_limits_and_what_could_be(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "dan", 70)

        refused = answer(client, request, "accept", funding="siblings")

        assert refused.status_code == 422
        problem = refused.json()
        assert problem["type"] == "/problems/change-not-carried"
        assert problem["could"] == [{"rep": "dan", "quota": 80}]
        assert problem["limits"] == [{"rule": "rep:eve:cap", "value": 140}]
        assert client.get(request).json()["status"] == "open"
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

    def test_where_siblings_cannot_the_parents_teams_are_asked(
        self, client: TestClient, plan: str
    ) -> None:
        told = accepted(client, a_request(client, plan, "dan", 70))

        assert told["funding"] == "parent"

    def test_months_that_are_over_do_not_change(self, client: TestClient, app: FastAPI) -> None:
        history = [
            {"rep": rep, "period": f"2026-{month:02d}", "actual": 10}
            for rep in EVERYBODY
            for month in range(1, 13)
        ]
        plan = a_published_plan(client, three_teams(history=history))
        app.dependency_overrides[time_of_request] = lambda: datetime(2027, 3, 15, tzinfo=UTC)
        request = a_request(client, plan, "ann", 100)

        over = answer(client, request, "accept", effective="2027-02-01")
        odd = answer(client, request, "accept", effective="2027-05-02")
        told = accepted(client, request)

        assert (over.status_code, odd.status_code) == (422, 422)
        assert told["effective"] == "2027-04"
        before, after = (months(client, f"{plan}/versions/{n}", "bob") for n in (1, 2))
        assert before[:3] == after[:3]
        assert sum(after) == 115

    def test_is_announced(self, client: TestClient, plan: str, database: Database) -> None:
        accepted(client, a_request(client, plan, "ann", 100))

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            kind = "change_request.accepted"
            event = session.scalars(sa.select(OutboxEvent).filter_by(kind=kind)).one()
        assert event.payload["granted_in"] == 2
        assert event.payload["amount"] == 100

    def test_resources_can_be_granted_instead_of_money(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        help_ = ["a presales engineer until June"]

        both = answer(client, request, "accept", resources=help_, amount=105)
        told = accepted(client, request, resources=help_)

        assert both.status_code == 422
        assert (told["status"], told["version"], told["resources"]) == ("accepted", None, help_)
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1
        assert client.get(request).json()["resources"] == help_


def months(client: TestClient, version: str, rep: str) -> list[float]:
    row = client.get(f"{version}/quotas/{rep}").json()
    return list(row["months"].values())


def chunks(client: TestClient, database: Database, version: str) -> dict[str, str]:
    """The hash of the rows of each unit."""
    manifest = client.get(f"{version}/certificate").json()["manifest"]
    hashes = {chunk["unit"]: chunk["chunk"] for chunk in manifest["quotas"]}
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        stored = set(session.scalars(sa.select(Chunk.hash)))
    assert stored >= set(hashes.values())
    return hashes


class TestState:
    def test_a_withdrawn_request_cannot_be_accepted(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        answer(client, request, "withdraw").raise_for_status()

        refused = answer(client, request, "accept")

        assert refused.status_code == 409
        assert refused.json()["request_status"] == "withdrawn"
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

    def test_an_accepted_request_cannot_be_withdrawn(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        accepted(client, request)

        assert answer(client, request, "withdraw").status_code == 409
        assert client.get(request).json()["status"] == "accepted"

    @pytest.mark.parametrize("with_etag", [False, True])
    def test_twice_accepted_at_once_is_accepted_once(
        self, client: TestClient, plan: str, *, with_etag: bool
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        etag = client.get(request).headers["etag"]
        headers = {"If-Match": etag} if with_etag else {}

        answers = at_once(
            lambda amount: client.post(
                f"{request}/accept", json={"amount": amount}, headers=headers
            ),
            [100, 105],
        )

        assert sorted(each.status_code for each in answers) == [200, 412 if with_etag else 409]
        assert len(client.get(f"{plan}/versions").json()["items"]) == 2
        assert len(client.get(request).json()["steps"]) == 2

    def test_withdrawn_and_accepted_at_once_is_one_of_them(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        answers = at_once(lambda action: answer(client, request, action), ["accept", "withdraw"])

        assert sorted(each.status_code for each in answers) == [200, 409]
        versions = len(client.get(f"{plan}/versions").json()["items"])
        won = client.get(request).json()["status"]
        assert versions == (2 if won == "accepted" else 1)

    def test_a_request_about_a_superseded_version_is_not_granted(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        a_version(client, plan)
        publish(client, f"{plan}/versions/2").raise_for_status()

        refused = answer(client, request, "accept")

        assert refused.status_code == 409
        assert refused.json()["detail"] == "Version 1 is superseded; version 2 counts now."
        assert answer(client, request, "reject").status_code == 200


class TestCounter:
    def test_who_asked_accepts_the_counter_as_it_stands(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        countered = answer(client, request, "counter", amount=106, note="half of it").json()

        assert countered["status"] == "countered"
        offer = {"amount": 106, "funding": "siblings", "effective": None, "version": None}
        assert countered["offer"] == offer
        assert countered["steps"][-1]["note"] == "half of it"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({}, "/amount"), ({"amount": 90}, "/amount"), ({"amount": "x"}, "/amount"),
         ({"amount": 106, "effective": "2026-01-01"}, "/effective")],
    )  # fmt: skip
    def test_a_faulty_one_is_refused(
        self, client: TestClient, plan: str, body: Document, pointer: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        refused = client.post(f"{request}/counter", json=body)

        assert refused.status_code == 422
        assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]

    def test_nothing_is_offered_that_nobody_can_carry(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "dan", 70)

        refused = answer(client, request, "counter", amount=75, funding="siblings")

        assert refused.status_code == 422
        assert client.get(request).json()["status"] == "open"
