"""The trail over HTTP: who may read it, what is found, and nothing of another workspace."""

import base64
import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.audit import repository
from service.kit.audit import record
from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.spreadsheets import restored
from service.kit.workbooks import FORMULA
from tests.service.allocations.plans import FY27, four_reps
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


def a_file(client: TestClient, media_type: str, **params: Any) -> Response:
    answer = client.get("/v1/audit", params=params, headers={"Accept": media_type})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.headers["vary"] == "Accept"
    return answer


def test_ndjson_has_all_entries_as_the_pages_have_them(
    admin: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read two at a time, so that handfuls meet; five are not a whole number of them."""
    monkeypatch.setattr(repository, "AT_ONCE", 2)
    for _ in range(5):
        admin.post("/v1/keys", json=SYNC)
    paged = trail(admin)

    answer = a_file(admin, "application/x-ndjson")

    assert [json.loads(line) for line in answer.text.splitlines()] == paged
    assert len(paged) == 5
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.ndjson"'


def test_no_text_of_the_csv_runs_as_a_formula(admin: TestClient) -> None:
    formula = '=HYPERLINK("https://example.com","a")'
    plan = admin.post("/v1/plans", json=FY27 | {"name": formula}).json()
    path = f"/v1/plans/{plan['id']}"
    admin.put(f"{path}/inputs", json=four_reps())
    admin.post(f"{path}/versions", json={"note": formula})

    text = a_file(admin, "text/csv", action="version.solve").content.decode("utf-8-sig")
    [row] = csv.DictReader(text.splitlines())

    [told] = trail(admin, action="version.solve")
    assert [*row] == [*told]
    assert row["reason"] == f"'{formula}"
    assert restored(row["reason"]) == told["reason"] == formula
    assert json.loads(row["facts"]) == told["facts"]
    whole = a_file(admin, "text/csv").content.decode("utf-8-sig")
    cells = [cell for line in csv.reader(whole.splitlines()) for cell in line]
    assert [cell for cell in cells if cell.startswith(FORMULA)] == []


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson"])
def test_a_file_of_nothing_is_empty(admin: TestClient, media_type: str) -> None:
    lines = a_file(admin, media_type, action="nothing").text.splitlines()

    assert len(lines) == (1 if media_type == "text/csv" else 0)


@pytest.mark.parametrize("name", ["limit", "cursor"])
def test_a_file_has_no_pages(admin: TestClient, name: str) -> None:
    answer = admin.get("/v1/audit", params={name: "1"}, headers={"Accept": "text/csv"})

    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, name)


def test_an_unknown_form_is_refused_with_those_that_there_are(admin: TestClient) -> None:
    answer = admin.get("/v1/audit", headers={"Accept": "application/pdf"})

    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]


class TestWhen:
    """Something was done at noon on each of three days."""

    @pytest.fixture(autouse=True)
    def _done(self, admin: TestClient) -> None:
        database: Database = admin.app.state.database  # type: ignore[attr-defined]
        for day in (1, 2, 3):
            with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
                now = datetime(2027, 1, day, 12, tzinfo=UTC)
                record(session, LOCAL_ADMINISTRATOR, "plan.note", f"day {day}", now=now)

    @pytest.mark.parametrize(
        ("since", "until", "days"),
        [
            ("2027-01-02", None, [3, 2]),
            (None, "2027-01-02", [2, 1]),
            ("2027-01-02", "2027-01-02", [2]),
            ("2027-01-02T12:00:00Z", "2027-01-02T12:00:00Z", [2]),
            ("2027-01-02T12:00:00.000001Z", None, [3]),
            (None, "2027-01-02T19:59:59+08:00", [1]),
            (None, "2027-01-02T20:00:00+08:00", [2, 1]),
        ],
    )
    def test_days_and_moments_are_both_included(
        self, admin: TestClient, since: str | None, until: str | None, days: list[int]
    ) -> None:
        asked = {"from": since, "to": until, "action": "plan.note"}
        params = {name: own for name, own in asked.items() if own}

        assert [own["subject"] for own in trail(admin, **params)] == [f"day {n}" for n in days]
        lines = a_file(admin, "application/x-ndjson", **params).text.splitlines()
        assert len(lines) == len(days)

    @pytest.mark.parametrize(
        ("since", "until", "blamed"),
        [
            ("2027-01-02", "2027-01-01", "to"),
            ("2027-01-02T12:00:00", None, "from"),
            ("soon", None, "from"),
            (None, "9999-12-31", "to"),
            ("0001-01-01T00:00:00+14:00", None, "from"),
        ],
    )
    def test_what_is_no_stretch_of_time_is_refused(
        self, admin: TestClient, since: str | None, until: str | None, blamed: str
    ) -> None:
        params = {name: own for name, own in (("from", since), ("to", until)) if own}
        answer = admin.get("/v1/audit", params=params)

        assert answer.status_code == 422
        assert blamed in answer.text


def test_nothing_of_another_workspace_is_found(admin: TestClient, callers: Callers) -> None:
    key = admin.post("/v1/keys", json=SYNC).json()["id"]
    cursor = admin.get("/v1/audit?limit=1").json()["next_cursor"]
    with callers.app.state.database.of("wsp_b").sessions.begin() as session:
        session.add(Workspace(id="wsp_b", name="B", created_at=utc_now()))
    stranger = callers("auditor", workspace_id="wsp_b")

    assert cursor is None
    assert trail(stranger) == []
    assert trail(stranger, subject=key) == []
