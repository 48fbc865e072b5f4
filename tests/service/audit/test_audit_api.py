"""The trail over HTTP: who may read it, what is found, and nothing of another workspace."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from tests.service.callers import Callers

SYNC = {"name": "sync", "role": "integration"}


@pytest.fixture
def admin(callers: Callers) -> TestClient:
    return callers("admin")


def trail(client: TestClient, **params: Any) -> list[dict[str, Any]]:
    answer = client.get("/v1/audit", params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_the_newest_comes_first_with_who_did_it(admin: TestClient) -> None:
    key = admin.post("/v1/keys", json=SYNC).json()
    admin.delete(f"/v1/keys/{key['id']}")

    newest, oldest = trail(admin)
    assert [newest["action"], oldest["action"]] == ["key.revoke", "key.create"]
    assert (oldest["subject"], oldest["role"], oldest["actor_name"]) == (
        key["id"],
        "admin",
        "a admin",
    )


def test_entries_are_chosen_by_subject_action_and_actor(
    admin: TestClient, callers: Callers
) -> None:
    first, second = (admin.post("/v1/keys", json=SYNC).json()["id"] for _ in range(2))
    callers("admin").delete(f"/v1/keys/{first}")
    (revoked,) = trail(admin, action="key.revoke")

    assert [entry["action"] for entry in trail(admin, subject=first)] == [
        "key.revoke",
        "key.create",
    ]
    assert [entry["subject"] for entry in trail(admin, action="key.create")] == [second, first]
    assert [entry["subject"] for entry in trail(admin, actor=revoked["actor"])] == [first]
    assert trail(admin, subject=first[:-1]) == []
    assert trail(admin, subject="%") == []


def test_pages_meet_and_their_cursors_count_nothing(admin: TestClient) -> None:
    made = [admin.post("/v1/keys", json=SYNC).json()["id"] for _ in range(3)]

    first = admin.get("/v1/audit?limit=2").json()
    cursor = first["next_cursor"]
    second = admin.get("/v1/audit", params={"limit": 2, "cursor": cursor}).json()

    seen = [entry["subject"] for page in (first, second) for entry in page["items"]]
    assert seen == made[::-1]
    assert second["next_cursor"] is None
    place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[6:]
    assert place.startswith(b'"aud_')


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        ("admin", {}, 200),
        ("auditor", {}, 200),
        ("planner", {}, 403),
        ("manager", {"unit": "west"}, 403),
        ("rep", {"rep": "r1"}, 403),
        ("hr", {}, 403),
        ("integration", {}, 403),
    ],
)
def test_administrators_and_auditors_read_it(
    callers: Callers, role: str, scope: dict[str, str], status: int
) -> None:
    assert callers(role, **scope).get("/v1/audit").status_code == status


def test_nothing_of_another_workspace_is_found(admin: TestClient, callers: Callers) -> None:
    key = admin.post("/v1/keys", json=SYNC).json()["id"]
    cursor = admin.get("/v1/audit?limit=1").json()["next_cursor"]
    with callers.app.state.database.of("wsp_b").sessions.begin() as session:
        session.add(Workspace(id="wsp_b", name="B", created_at=utc_now()))
    stranger = callers("auditor", workspace_id="wsp_b")

    assert cursor is None
    assert trail(stranger) == []
    assert trail(stranger, subject=key) == []
