"""What the guide to change requests shows is what the service answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.clock import time_of_request
from service.negotiations.change_requests.domain.evidence import FIELDS
from solver.assess import Share
from tests.service.guides.pages import documents, guide
from tests.service.steps import publish

GUIDE = guide("change-requests")
SHOWN: list[dict[str, Any]] = documents(GUIDE)
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}
BEFORE = {"name": "FY28", "period": {"start": "2028-01-01", "end": "2028-12-31"}}


@pytest.fixture(autouse=True)
def _is_february(app: FastAPI) -> None:
    app.dependency_overrides[time_of_request] = lambda: datetime(2027, 2, 3, tzinfo=UTC)


def test_the_request_its_preview_and_what_accepting_it_answers(client: TestClient) -> None:
    inputs, asked, previewed, body, accepted, _ = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
    client.put(f"{plan}/inputs", json=inputs).raise_for_status()
    client.post(f"{plan}/versions", json={}).raise_for_status()
    publish(client, f"{plan}/versions/1").raise_for_status()

    filed = client.post(f"{plan}/change-requests", json=asked)
    request = filed.headers["location"]
    preview = client.get(f"{request}/preview").json()
    told = client.post(f"{request}/accept", json=body).json()

    assert filed.status_code == 201
    assert {name: preview[name] for name in previewed} == previewed
    assert told == accepted | {"id": filed.json()["id"]}
    assert client.get(f"{plan}/versions/2/verify").json()["valid"]


def test_the_correction(client: TestClient) -> None:
    inputs, asked, *_, body = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=BEFORE).json()['id']}"
    reps = [row | {"potential": 900000} for row in inputs["reps"]]
    client.put(f"{plan}/inputs", json=inputs | {"reps": reps}).raise_for_status()
    policy = {"fairness": "equal_potential_share"}
    client.post(f"{plan}/versions", json={"policy": policy}).raise_for_status()
    publish(client, f"{plan}/versions/1").raise_for_status()
    wrong = {"kind": "potential_error", "amount": 800000, "reference": "census"}
    filed = client.post(f"{plan}/change-requests", json=asked | {"evidence": [wrong]})

    told = client.post(f"{filed.headers['location']}/accept", json=body).json()

    assert (told["status"], told["inputs_follow"]) == ("accepted", True)


def test_the_kinds_of_evidence_and_what_each_says() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \| (.*?) \|?$", GUIDE, re.MULTILINE)
    stated = {
        kind: (frozenset(re.findall(r"`(\w+)`", says)), frozenset(re.findall(r"`(\w+)`", may)))
        for kinds, says, may in rows
        for kind in re.findall(r"`(\w+)`", kinds)
    }

    for kind, fields in FIELDS.items():
        assert stated[kind] == (fields.needed, fields.optional), kind


def test_five_of_five() -> None:
    share = Share.of(5, 5)

    assert share.low is not None
    assert f"5 of 5 granted means between {share.low:.0%} and 100 %".replace("%", " %", 1) in GUIDE
