"""What the guide to measures shows is what the service answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from service.kit.settings import Settings
from service.main import create_app

GUIDE = (Path(__file__).parents[1] / "docs" / "guide" / "measures.md").read_text(encoding="utf-8")


def test_the_example_has_the_amounts_at_each_level_that_the_guide_tells(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    body: dict[str, Any] = json.loads(shown)
    app = create_app(Settings(database_url=f"sqlite:///{tmp_path / 'missing.db'}"))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.post("/v1/allocations", json=body).json()

    (customers,) = answer["measures"]
    levels = customers["levels"]
    lines = {row["rep"]: (row["levels"], row["quota"]) for row in customers["quotas"]}
    lines["company"] = {k: level["amount"] for k, level in levels.items()}, customers["assigned"]
    for name, (level, quota) in lines.items():
        assert f"| {name} | {level['floor']} | {quota} | {level['stretch_target']} |" in GUIDE
    (share,) = answer["standards"]
    assert {row["unit"]: row["standard"] for row in share["units"]} == {
        None: 0.31, "east": 0.31, "west": 0.47,
    }  # fmt: skip
