"""Requests that are accepted by correcting an input, over HTTP on a real database."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.domain.written.content import Content
from service.allocations.versions.usecases.solving import solved_content
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import time_of_request
from service.kit.db import Database
from service.negotiations.change_requests.usecases import correcting
from service.roster.usecases import forget_person
from tests.service.allocations.plans import quotas
from tests.service.callers import Callers
from tests.service.negotiations.requests import Document, a_published_plan, a_request, answer, ask
from tests.service.steps import publish

WRONG = {"kind": "potential_error", "amount": 50, "reference": "census"}
BODY = {"correct": {"reps": [{"id": "ann", "potential": 50}]}}


def by_potential(**changes: Any) -> Document:
    """Everybody carries the same share of the potential: 100 of 200 each."""
    reps = [
        {"id": rep, "name": rep.title(), "unit": "west" if rep < "c" else "east",
         "baseline": 100, "reach": 100, "potential": 200}
        for rep in ("ann", "bob", "cyd", "dan")
    ]  # fmt: skip
    return {"target": 400, "units": [{"id": "west"}, {"id": "east"}], "reps": reps} | changes


POLICY = {"policy": {"fairness": "equal_potential_share"}}


@pytest.fixture
def plan(client: TestClient) -> str:
    return a_published_plan(client, by_potential(), **POLICY)


def a_wrong_potential(client: TestClient, plan: str, **more: Any) -> str:
    return a_request(client, plan, "ann", 40, evidence=[WRONG], **more)


def test_everything_is_solved_again_from_the_corrected_input(client: TestClient, plan: str) -> None:
    request = a_wrong_potential(client, plan)

    told = answer(client, request, "accept", **BODY)

    assert told.status_code == 200, told.text
    # 400 by potentials of 50, 200, 200 and 200: 30.8 and 123.1
    after = quotas(client, f"{plan}/versions/2")
    assert after == {"ann": 31, "bob": 123, "cyd": 123, "dan": 123}
    assert (told.json()["amount"], told.json()["funding"]) == (after["ann"], None)
    version = client.get(f"{plan}/versions/2").json()
    assert version["base_version"] == 1
    assert version["policy"] == client.get(f"{plan}/versions/1").json()["policy"]
    assert version["inputs_hash"] != client.get(f"{plan}/versions/1").json()["inputs_hash"]
    assert client.get(f"{plan}/versions/2/verify").json()["valid"]


def test_the_working_inputs_follow_and_keep_what_people_are_called(
    client: TestClient, plan: str
) -> None:
    told = answer(client, a_wrong_potential(client, plan), "accept", **BODY).json()

    assert told["inputs_follow"] is True
    inputs = client.get(f"{plan}/inputs").json()
    assert inputs["reps"][0] == by_potential()["reps"][0] | {"potential": 50}
    version = client.get(f"{plan}/versions/2").json()
    assert client.get(plan).json()["inputs_hash"] == version["inputs_hash"]


def test_working_inputs_that_are_others_by_now_stay_which_is_told(
    client: TestClient, plan: str
) -> None:
    client.put(f"{plan}/inputs", json=by_potential(target=500)).raise_for_status()

    told = answer(client, a_wrong_potential(client, plan), "accept", **BODY).json()

    assert told["inputs_follow"] is False
    assert client.get(f"{plan}/inputs").json()["target"] == 500
    assert sum(quotas(client, f"{plan}/versions/2").values()) == pytest.approx(400)


def test_names_that_change_while_it_is_solved_stay_changed(
    client: TestClient, plan: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_wrong_potential(client, plan)

    def slowly(*args: Any, **kwargs: Any) -> Content:
        renamed = {"reps": [{"id": "bob", "name": "Robert"}]}
        client.patch(f"{plan}/inputs", json=renamed).raise_for_status()
        with database.sessions.begin() as session:
            forget_person(session, DEFAULT_WORKSPACE, "cyd")
        return solved_content(*args, **kwargs)

    monkeypatch.setattr(correcting, "solved_content", slowly)

    told = answer(client, request, "accept", **BODY)

    assert told.json()["inputs_follow"] is True
    reps = client.get(f"{plan}/inputs").json()["reps"]
    assert {row["id"]: row.get("name") for row in reps} == {
        "ann": "Ann", "bob": "Robert", "cyd": None, "dan": "Dan",
    }  # fmt: skip


def test_what_was_granted_before_stays(client: TestClient, plan: str) -> None:
    granted = a_request(client, plan, "bob", 90)
    answer(client, granted, "accept", funding="siblings").raise_for_status()

    answer(client, a_wrong_potential(client, plan), "accept", **BODY).raise_for_status()

    # 310 by potentials of 50, 200 and 200: 34.4 and 137.8
    after = quotas(client, f"{plan}/versions/3")
    assert after == {"ann": 34, "bob": 90, "cyd": 138, "dan": 138}
    # and the next one stands on it
    last = answer(client, a_request(client, plan, "cyd", 95), "accept", funding="siblings").json()
    assert quotas(client, f"{plan}/versions/{last['version']}")["bob"] == 90


def test_it_does_not_undo_a_gap_that_was_signed(client: TestClient, plan: str) -> None:
    granted = a_request(client, plan, "bob", 90)
    answer(client, granted, "accept", funding="unfunded").raise_for_status()

    refused = answer(client, a_wrong_potential(client, plan), "accept", **BODY)

    assert refused.status_code == 409
    assert refused.json()["references"] == [granted.rpartition("/")[2]]


def test_months_that_are_over_stand_in_its_way(client: TestClient, plan: str, app: FastAPI) -> None:
    request = a_wrong_potential(client, plan)
    app.dependency_overrides[time_of_request] = lambda: datetime(2027, 3, 1, tzinfo=UTC)

    assert answer(client, request, "accept", **BODY).status_code == 409


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"correct": {}}, "/correct"),
        ({"correct": {"reps": [{"id": "zoe", "potential": 1}]}}, "/correct/reps/0/id"),
        ({"correct": {"reps": [{"id": "ann", "potential": -1}]}}, "/correct"),
        ({"correct": {"reps": [{"id": "ann", "min": 1}]}}, "/correct/reps/0/min"),
        (BODY | {"funding": "siblings"}, "/correct"),
        (BODY | {"resources": ["a car"]}, "/correct"),
    ],
)
def test_a_faulty_correction_is_refused(
    client: TestClient, plan: str, body: Document, pointer: str
) -> None:
    request = a_wrong_potential(client, plan)

    refused = answer(client, request, "accept", **body)

    assert refused.status_code == 422
    assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]
    assert client.get(request).json()["status"] == "open"


def test_evidence_of_something_else_corrects_no_input(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 90)

    refused = answer(client, request, "accept", **BODY)

    assert refused.status_code == 422
    assert "needs evidence of a wrong input" in refused.json()["detail"]


def test_a_manager_escalates_it(callers: Callers) -> None:
    plan = a_published_plan(callers("admin"), by_potential(), **POLICY)
    request = a_wrong_potential(callers("rep", rep="ann"), plan)

    refused = answer(callers("manager", unit="west"), request, "accept", **BODY)

    assert refused.status_code == 403
    assert refused.json()["escalate"] is True
    assert answer(callers("planner"), request, "accept", **BODY).status_code == 200


def test_the_corrected_version_can_be_published_and_asked_about(
    client: TestClient, plan: str
) -> None:
    answer(client, a_wrong_potential(client, plan), "accept", **BODY).raise_for_status()

    publish(client, f"{plan}/versions/2").raise_for_status()

    assert ask(client, plan, "bob", 100, version=2).status_code == 201


def test_a_preview_shows_both_ways_side_by_side(client: TestClient, plan: str) -> None:
    request = a_wrong_potential(client, plan)

    told = client.get(f"{request}/preview").json()
    body = {"correct": told["correction"]["correct"]}
    amount = answer(client, request, "accept", **body).json()["amount"]

    assert (told["amount"], told["funding"]) == (40, "siblings")
    assert [row["to"] for row in told["carriers"]] == [160]
    assert body == BODY
    assert told["correction"]["amount"] == amount == 31
    assert told["correction"]["others_moved"] == 3
    assert told["correction"]["reason"] is None


def test_a_preview_says_why_an_input_cannot_be_corrected(
    client: TestClient, plan: str, app: FastAPI
) -> None:
    request = a_wrong_potential(client, plan)
    app.dependency_overrides[time_of_request] = lambda: datetime(2027, 3, 1, tzinfo=UTC)

    told = client.get(f"{request}/preview").json()["correction"]

    assert told["amount"] is None
    assert "months that are over" in told["reason"]


def test_evidence_of_something_else_has_one_way_alone(client: TestClient, plan: str) -> None:
    request = a_request(client, plan, "ann", 90)

    assert client.get(f"{request}/preview").json()["correction"] is None
