"""Keys over HTTP: made with a role and a scope, rotated with an overlap, revoked at once."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.kit.audit import AuditEntry
from service.kit.auth import Role, Workspace
from service.kit.clock import time_of_request, utc_now
from service.kit.db import Database
from service.kit.row_security import EVERYWHERE
from tests.service.callers import Callers

type Document = dict[str, Any]

SYNC = {"name": "sync", "role": "integration"}


@pytest.fixture
def admin(callers: Callers) -> TestClient:
    return callers("admin")


def made(client: TestClient, body: Mapping[str, Any]) -> Document:
    answer = client.post("/v1/keys", json=body)
    assert answer.status_code == 201, answer.text
    key: Document = answer.json()
    return key


def opens(callers: Callers, text: str) -> bool:
    client = TestClient(callers.app, base_url="https://quota.example.com")
    return client.get("/v1/plans", headers={"Authorization": f"Bearer {text}"}).status_code == 200


def at(callers: Callers, seconds: float) -> None:
    """Let the service believe that it is later."""
    later = utc_now() + timedelta(seconds=seconds)
    callers.app.dependency_overrides[time_of_request] = lambda: later


class TestCreate:
    def test_the_text_is_answered_once_and_opens(self, admin: TestClient, callers: Callers) -> None:
        answer = admin.post("/v1/keys", json=SYNC)
        key = answer.json()

        assert answer.headers["cache-control"] == "no-store"
        assert opens(callers, key["key"])
        listed = admin.get("/v1/keys").text
        assert key["id"] in listed
        assert key["key"][3:] not in listed
        assert "sha256" not in listed

    def test_a_key_has_its_role_and_scope(self, admin: TestClient) -> None:
        key = made(admin, {"name": "Wes", "role": "manager", "unit": "west"})

        assert (key["role"], key["unit"], key["rep"]) == ("manager", "west", None)

    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({"role": "manager"}, {"/name": "is required", "/unit": "is required: a manager"}),
            (
                {"name": "x", "role": "rep", "unit": "west"},
                {"/unit": "is for the role manager", "/rep": "is required: a rep has one rep"},
            ),
            ({"name": "x", "role": "hr", "rep": "r1"}, {"/rep": "is for the role rep, not for hr"}),
            ({"name": "x", "role": "king"}, {"/role": "must be 'admin', 'planner'"}),
            (
                {"name": "x", "role": "hr", "expires_at": "2020-01-01T00:00:00Z"},
                {"/expires_at": ""},
            ),
            ({"name": "x", "role": "hr", "expires_at": "2028-01-01T00:00:00"}, {"/expires_at": ""}),
        ],
    )
    def test_every_fault_is_named_at_once(
        self, admin: TestClient, body: Document, faults: dict[str, str]
    ) -> None:
        answer = admin.post("/v1/keys", json=body)

        assert answer.status_code == 422
        found = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
        assert found.keys() == faults.keys()
        assert all(said in found[pointer] for pointer, said in faults.items())

    def test_a_key_expires(self, admin: TestClient, callers: Callers) -> None:
        end = utc_now() + timedelta(hours=1)
        key = made(admin, SYNC | {"expires_at": end.isoformat()})["key"]

        assert opens(callers, key)
        at(callers, 3601)
        assert not opens(callers, key)

    def test_only_an_administrator_makes_keys(self, callers: Callers) -> None:
        scopes: dict[Role, dict[str, str]] = {Role.MANAGER: {"unit": "w"}, Role.REP: {"rep": "r"}}
        for role in set(Role) - {Role.ADMIN}:
            client = callers(role, **scopes.get(role, {}))

            assert client.post("/v1/keys", json=SYNC).status_code == 403
            assert client.get("/v1/keys").status_code == 403


class TestRotate:
    def test_both_texts_work_until_the_overlap_is_over(
        self, admin: TestClient, callers: Callers
    ) -> None:
        key = made(admin, SYNC)
        answer = admin.post(f"/v1/keys/{key['id']}/rotate", json={"overlap": 60})
        new = answer.json()["key"]

        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert opens(callers, key["key"])
        assert opens(callers, new)
        at(callers, 61)
        assert not opens(callers, key["key"])
        assert opens(callers, new)

    def test_without_an_overlap_the_old_text_ends_at_once(
        self, admin: TestClient, callers: Callers
    ) -> None:
        key = made(admin, SYNC)
        new = admin.post(f"/v1/keys/{key['id']}/rotate", json={"overlap": 0}).json()["key"]

        assert not opens(callers, key["key"])
        assert opens(callers, new)

    def test_an_overlap_of_more_than_a_day_is_refused(self, admin: TestClient) -> None:
        key = made(admin, SYNC)
        answer = admin.post(f"/v1/keys/{key['id']}/rotate", json={"overlap": 86_401})

        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/overlap")

    def test_a_key_that_is_over_stays_over(self, admin: TestClient) -> None:
        key = made(admin, SYNC)
        admin.delete(f"/v1/keys/{key['id']}")
        answer = admin.post(f"/v1/keys/{key['id']}/rotate", json={})

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/key-is-over")


class TestRevoke:
    def test_ends_both_texts_at_once(self, admin: TestClient, callers: Callers) -> None:
        key = made(admin, SYNC)
        new = admin.post(f"/v1/keys/{key['id']}/rotate", json={}).json()["key"]

        assert admin.delete(f"/v1/keys/{key['id']}").status_code == 204
        assert not opens(callers, key["key"])
        assert not opens(callers, new)
        assert admin.delete(f"/v1/keys/{key['id']}").status_code == 204
        assert admin.get("/v1/keys").json()["items"][0]["revoked_at"] is not None

    def test_the_last_administrator_stays(self, admin: TestClient) -> None:
        own = admin.get("/v1/keys").json()["items"][0]["id"]
        ends = (utc_now() + timedelta(hours=1)).isoformat()

        refused = admin.delete(f"/v1/keys/{own}")
        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/problems/last-administrator-key",
        )
        made(admin, {"name": "next", "role": "admin", "expires_at": ends})
        assert admin.delete(f"/v1/keys/{own}").status_code == 204
        assert admin.get("/v1/keys").status_code == 401

    def test_of_two_administrators_who_revoke_each_other_at_once_one_stays(
        self, callers: Callers
    ) -> None:
        first, second = callers("admin"), callers("admin")
        ids = [key["id"] for key in first.get("/v1/keys").json()["items"]]  # newest first
        barrier, answers = threading.Barrier(2), []

        def revoke(client: TestClient, key: str) -> None:
            barrier.wait()
            answers.append(client.delete(f"/v1/keys/{key}").status_code)

        pairs = zip((first, second), ids, strict=True)
        threads = [threading.Thread(target=revoke, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) in ([204, 401], [204, 409])  # 401: revoked before it was heard

    def test_a_key_of_another_workspace_does_not_exist(
        self, admin: TestClient, callers: Callers
    ) -> None:
        with callers.app.state.database.of("wsp_b").sessions.begin() as session:
            session.add(Workspace(id="wsp_b", name="B", created_at=utc_now()))
        stranger = callers("admin", workspace_id="wsp_b")
        theirs = stranger.get("/v1/keys").json()["items"]
        own = made(admin, SYNC)["id"]

        assert len(theirs) == 1
        for address in (f"/v1/keys/{own}", "/v1/keys/key_none"):
            assert stranger.delete(address).status_code == 404
            assert stranger.post(f"{address}/rotate", json={}).status_code == 404


def test_the_trail_tells_who_made_and_ended_which_key_and_no_text(
    admin: TestClient, database: Database
) -> None:
    key = made(admin, SYNC)
    admin.post(f"/v1/keys/{key['id']}/rotate", json={})
    admin.delete(f"/v1/keys/{key['id']}")

    with database.of(EVERYWHERE).reading.begin() as session:
        entries = session.scalars(
            sa.select(AuditEntry).filter_by(subject=key["id"]).order_by(AuditEntry.sequence)
        ).all()
    assert [entry.action for entry in entries] == ["key.create", "key.rotate", "key.revoke"]
    assert entries[0].facts["role"] == "integration"
    assert not any(key["key"][3:] in repr(vars(entry)) for entry in entries)
