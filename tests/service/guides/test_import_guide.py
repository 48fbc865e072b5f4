"""What the guide to importing shows is what the service answers."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.testclient import TestClient

from tests.service.guides.pages import examples, guide

GUIDE = guide("import")
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def block(language: str) -> str:
    (found,) = examples(GUIDE, language)
    return found


def quotas(client: TestClient, version: str) -> dict[str, Any]:
    items = client.get(f"{version}/quotas").json()["items"]
    return {row["rep"]: row["quota"] for row in items}


def test_the_example_is_taken_compared_and_repaired_as_told(client: TestClient) -> None:
    (options,) = re.findall(r"options='(.*?)'", block("sh"))
    plan = f"/v1/plans/{client.post('/v1/plans', json=PLAN).json()['id']}"
    client.put(f"{plan}/inputs", json=json.loads(block("json")))
    answer = client.post(
        f"{plan}/versions/import",
        files={"file": ("plan.csv", block("csv").encode())},
        data={"options": options},
    )
    assert answer.status_code == 201, answer.text
    found = answer.json()["imported"]
    client.post(f"{plan}/versions", json={})
    hand, repaired, even = (quotas(client, f"{plan}/versions/{n}") for n in (1, 2, 3))

    for note in found["read_otherwise"]:
        line = f"| {note['line']} | {note['column']} | {note['value']} | {note['detail']} |"
        assert line in GUIDE
    assert len(found["read_otherwise"]) == 3
    (finding,) = found["findings"]
    assert f'Its one finding: "{finding["detail"]}"' in GUIDE
    for rep, quota in hand.items():
        assert f"| {rep} | {even[rep]} | {quota} | {repaired[rep]} |" in GUIDE
    assert found["repaired"]["number"] == 2
