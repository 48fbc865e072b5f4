"""What the guide to working level by level shows is what the service answers."""

from __future__ import annotations

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide

GUIDE = guide("level-by-level")
SHOWN: list[dict[str, Any]] = documents(GUIDE)
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}, "increment": 100}


def test_the_whole_page(client: TestClient) -> None:
    inputs, freezing, solving, adjusting, narrow, problem, exceptions, raised = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
    client.put(f"{plan}/inputs", json=inputs)
    version = client.post(f"{plan}/versions", json={}).headers["location"]
    west = f"{version}/units/west"

    def step(method: str, action: str, body: dict[str, Any] | None = None) -> Response:
        etag = client.get(west).headers["etag"]
        return client.request(method, f"{west}/{action}", json=body, headers={"If-Match": etag})

    def quotas() -> dict[str, float]:
        return {row["rep"]: row["quota"] for row in client.get(west).json()["items"]}

    assert client.post(f"{west}/freeze", json=freezing).json()["envelope"] == 327_400
    assert step("POST", "solve", solving).status_code == 200
    assert quotas() == {"ann": 105_000, "bob": 108_000, "cyd": 114_400}
    assert step("PATCH", "quotas", adjusting).status_code == 200
    assert quotas() == {"ann": 105_000, "bob": 110_400, "cyd": 112_000}
    refused = step("POST", "solve", narrow)
    assert {name: refused.json()[name] for name in problem} == problem
    assert step("POST", "sign-off").status_code == 200
    client.post(f"{version}/units/east/freeze")

    made = client.post(f"{version}/assemble", json=exceptions)

    assert made.status_code == 201
    path = made.headers["location"]
    assert client.get(f"{path}/verify").json()["valid"]
    assembled = client.get(f"{path}/units").json()["assembled"]
    assert (assembled["units"], assembled["exceptions"]) == (["west"], ["east"])
    rows = {row["unit"]: row for row in client.get(f"{path}/units").json()["items"]}
    assert {row["status"] for row in rows.values()} == {"agreed"}
    etag = {"If-Match": rows["west"]["etag"]}
    assert client.post(f"{path}/units/west/unfreeze", json={}, headers=etag).status_code == 422
    assert client.post(f"{path}/units/west/unfreeze", json=raised, headers=etag).status_code == 200
    bob = client.get(f"{path}/quotas/bob").json()
    assert [term.get("reference") for term in bob["explanation"]][-1] == "unit:west"
