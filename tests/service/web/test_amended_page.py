"""The pages of a version whose quotas were adjusted, in both languages."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.service.allocations.amended import two_teams
from tests.service.allocations.plans import a_plan, a_version


def test_an_adjusted_quota_is_told_with_its_decisions_and_its_lock(client: TestClient) -> None:
    plan = a_plan(client, two_teams())
    a_version(client, plan)
    etag = {"If-Match": client.get(f"{plan}/versions/1").headers["etag"]}
    row = {"rep": "ann", "quota": 100, "reason": "secret of the planner"}
    body = {"adjustments": [row], "funding": "siblings"}
    assert client.patch(f"{plan}/versions/1/quotas", json=body, headers=etag).status_code == 201

    page = plan.removeprefix("/v1")
    ann = client.get(f"{page}/reps/ann?version=2")
    bob = client.get(f"{page}/reps/bob?version=2", headers={"Accept-Language": "zh"})

    assert ann.status_code == bob.status_code == 200
    assert "Adjustment" in ann.text
    assert "locked" in ann.text
    assert "secret of the planner" not in ann.text
    assert "为他人承担" in bob.text
    assert "已锁定" not in bob.text
    assert client.get(f"{page}?version=2").status_code == 200
