"""What the guide to comparing shows is what the service answers."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide

GUIDE = guide("compare")
SHOWN: list[dict[str, Any]] = documents(GUIDE)
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def test_the_difference_of_two_versions(client: TestClient) -> None:
    inputs, answer, *_ = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
    client.put(f"{plan}/inputs", json=inputs)
    client.post(f"{plan}/versions", json={})
    (bob,) = (row for row in inputs["reps"] if row["id"] == "bob")
    others = [row for row in inputs["reps"] if row is not bob]
    client.put(f"{plan}/inputs", json=inputs | {"reps": [*others, bob | {"reach": 50000}]})
    client.post(f"{plan}/versions", json={})

    assert client.get(f"{plan}/versions/1/diff/2").json() == answer


def test_the_table_of_scenarios(client: TestClient) -> None:
    *_, inputs, body = SHOWN
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
    client.put(f"{plan}/inputs", json=inputs)

    found = client.post(f"{plan}/scenarios", json=body).json()

    head = "| | scenario | status | largest stretch | gini | attaining | beaten by |"
    rows = [_line(row) for row in found["scenarios"]]
    assert "\n".join([head, "|---|---|---|---|---|---|---|", *rows]) in GUIDE
    assert f"`frontier` is `{found['frontier']}`" in GUIDE


def _line(row: dict[str, Any]) -> str:
    plan, beaten = row["plan"], ", ".join(map(str, row["beaten_by"]))
    if plan is None:
        return f"| {row['number']} | {row['name']} | {row['status']} | | | | |"
    told = f"{plan['largest_stretch']:.2f} | {plan['gini']:.4f} | {plan['attaining']:.1%}"
    return f"| {row['number']} | {row['name']} | {row['status']} | {told} | {beaten} |"
