"""What the guide to the nightly sync shows is what the service answers."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide

SHOWN: list[Any] = documents(guide("sync"))
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def test_the_whole_page(client: TestClient) -> None:
    facts, night, after, wrong, faults = SHOWN
    inputs = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}/inputs"
    client.put(inputs, json=facts).raise_for_status()

    assert client.patch(inputs, json=night).status_code == 200
    assert client.get(inputs).json() == after
    assert client.patch(inputs, json=wrong).json()["errors"] == faults
