"""What the guide to the next quarter's facts shows is what the service answers."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide, holds

SHOWN: list[Any] = documents(guide("roll-forward"))
PERIODS = [
    {"start": "2027-01-01", "end": "2027-03-31"},
    {"start": "2027-04-01", "end": "2027-06-30"},
]


def test_the_whole_page(client: TestClient) -> None:
    facts, sent, after, told = SHOWN
    before, plan = (
        client.post("/v1/plans", json={"name": "West", "period": period}).json()["id"]
        for period in PERIODS
    )
    client.put(f"/v1/plans/{before}/inputs", json=facts).raise_for_status()

    answer = client.post(f"/v1/plans/{plan}/inputs/roll-forward", json=sent)

    assert answer.status_code == 200, answer.text
    assert holds(told, answer.json())
    assert client.get(f"/v1/plans/{plan}/inputs").json() == after
