"""What the guide to importing shows is what the service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.settings import Settings
from service.main import create_app

GUIDE = (Path(__file__).parents[1] / "docs" / "guide" / "import.md").read_text(encoding="utf-8")
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    return str(found)


def quotas(client: TestClient, version: str) -> dict[str, Any]:
    items = client.get(f"{version}/quotas").json()["items"]
    return {row["rep"]: row["quota"] for row in items}


def test_the_example_is_taken_compared_and_repaired_as_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'guide.db'}"
    migrations.upgrade(url)
    (options,) = re.findall(r"options='(.*?)'", block("sh"))
    with TestClient(create_app(Settings(database_url=url)), base_url="http://127.0.0.1") as client:
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
