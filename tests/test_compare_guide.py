"""What the guide to comparing shows is what the service answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.kit import migrations
from service.kit.settings import Settings
from service.main import create_app

GUIDE = (Path(__file__).parents[1] / "docs" / "guide" / "compare.md").read_text(encoding="utf-8")
SHOWN: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
]
PLAN = {"name": "FY27", "period": {"start": "2027-01-01", "end": "2027-12-31"}}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    url = f"sqlite:///{tmp_path / 'guide.db'}"
    migrations.upgrade(url)
    with TestClient(create_app(Settings(database_url=url)), base_url="http://127.0.0.1") as client:
        yield client


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
