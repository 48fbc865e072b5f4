"""What the guide to measures shows is what the service answers."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.service.guides.pages import documents, guide

GUIDE = guide("measures")


def test_the_example_has_the_amounts_at_each_level_that_the_guide_tells(client: TestClient) -> None:
    (body,) = documents(GUIDE)
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
