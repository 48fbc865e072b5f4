"""What the guide to adjusted quotas shows is what the service answers."""

from __future__ import annotations

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide

GUIDE = guide("adjustments")
SHOWN: list[Any] = documents(GUIDE)
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def test_the_whole_page(client: TestClient) -> None:
    inputs, adjusting, refusal, releasing, reserving, terms = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"

    def adjust(number: int, body: dict[str, Any]) -> Response:
        version = f"{plan}/versions/{number}"
        etag = {"If-Match": client.get(version).headers["etag"]}
        return client.patch(f"{version}/quotas", json=body, headers=etag)

    def quotas(number: int) -> dict[str, float]:
        rows = client.get(f"{plan}/versions/{number}/quotas").json()["items"]
        return {row["rep"]: row["quota"] for row in rows}

    client.put(f"{plan}/inputs", json=inputs)
    client.post(f"{plan}/versions", json={})
    assert set(quotas(1).values()) == {110}

    assert adjust(1, adjusting).headers["location"] == f"{plan}/versions/2"
    assert quotas(2) == {"ann": 100, "bob": 115, "cyd": 115, "dan": 110, "eve": 110}
    assert client.get(f"{plan}/versions/2/verify").json()["valid"]
    told = client.get(f"{plan}/versions/2/quotas/bob").json()["explanation"]
    told[-1]["reference"] = told[-1]["reference"][:4] + "…"
    assert told == terms

    client.post(f"{plan}/versions", json={"base_version": 2})
    assert quotas(3)["ann"] == 100
    adjust(3, releasing)
    assert quotas(4)["ann"] == 110

    client.post(f"{plan}/versions", json={"base_version": 1, **reserving})
    adjust(5, adjusting | {"funding": "reserve"})
    version = client.get(f"{plan}/versions/6").json()
    assert version["assigned"] == 540
    assert version["ledger"]["reserves"] == [{"unit": "west", "amount": 12, "used": 10, "left": 2}]

    capped = [row | {"max": 112} for row in inputs["reps"]]
    client.put(f"{plan}/inputs", json=inputs | {"reps": capped})
    client.post(f"{plan}/versions", json={"base_version": 1})
    problem = adjust(7, adjusting).json()
    assert {name: problem[name] for name in refusal} == refusal
