"""Amending stored versions, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.tables import Chunk
from service.allocations.versions.usecases import amending
from service.kit.auth import DEFAULT_WORKSPACE, Caller, Role
from service.kit.db import Database
from service.kit.errors import InvalidInput
from tests.service.allocations.amended import two_teams
from tests.service.allocations.plans import a_plan, a_version, quotas

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALLER = Caller(DEFAULT_WORKSPACE, Role.ADMIN, "Ada", "local")


def a_decision(rep: str, quota: int, **more: Any) -> Decision:
    return Decision("adjustment", "adj_1", [Wanted(rep, quota)], "siblings", **more)


@pytest.fixture
def plan(client: TestClient) -> str:
    path = a_plan(client, two_teams())
    a_version(client, path)
    return path


def amended(database: Database, plan: str, decision: Decision) -> int:
    with database.sessions.begin() as session:
        found = amending.fetch(session, DEFAULT_WORKSPACE, plan.rsplit("/", 1)[1], 1)
        after = found.decide(decision)
        written = amending.write(found, after)
        return amending.store(session, CALLER, written, note="x", now=NOW).number


def test_an_amended_version_is_a_new_draft_that_verifies(
    client: TestClient, database: Database, plan: str
) -> None:
    number = amended(database, plan, a_decision("ann", 10_000))
    assert number == 2
    assert quotas(client, f"{plan}/versions/2") == {
        "ann": 100, "bob": 115, "cyd": 115, "dan": 110, "eve": 110,
    }  # fmt: skip
    found = client.get(f"{plan}/versions/2/verify").json()
    assert found["valid"], found
    assert found["checks"]["ledger"]
    assert "ledger" not in client.get(f"{plan}/versions/1/verify").json()["checks"]
    version = client.get(f"{plan}/versions/2").json()
    assert (version["base_version"], version["status"]) == (1, "draft")


def test_where_people_stand_is_found_out_once(database: Database, plan: str) -> None:
    """Not again for each of ten thousand who are adjusted in one request."""
    with database.reading.begin() as session:
        found = amending.fetch(session, DEFAULT_WORKSPACE, plan.rsplit("/", 1)[1], 1)

    assert found.version.names is found.version.names
    assert (found.quota("ann"), found.quota("nobody")) == (11_000, None)


def test_only_the_rows_of_the_touched_team_are_stored_again(database: Database, plan: str) -> None:
    count = sa.select(sa.func.count()).select_from(Chunk)
    with database.sessions.begin() as session:
        before = session.scalar(count) or 0
    amended(database, plan, a_decision("ann", 10_000))
    with database.sessions.begin() as session:
        assert session.scalar(count) == before + 2


def test_a_preview_stores_nothing_and_says_what_store_does(
    client: TestClient, database: Database, plan: str
) -> None:
    with database.sessions.begin() as session:
        found = amending.fetch(session, DEFAULT_WORKSPACE, plan.rsplit("/", 1)[1], 1)
        preview = found.preview(found.decide(a_decision("ann", 10_000)))
    assert [row.rep for row in preview.about] == ["ann"]
    assert [(row.rep, row.before["quota"], row.after["quota"]) for row in preview.carriers] == [
        ("bob", 11_000, 11_500), ("cyd", 11_000, 11_500),
    ]  # fmt: skip
    assert preview.units == []
    assert preview.relative_change == pytest.approx(1 / 22)
    assert len(client.get(f"{plan}/versions").json()["items"]) == 1


def test_a_fault_is_told_at_its_place_in_the_callers_money(database: Database, plan: str) -> None:
    with database.sessions.begin() as session:
        found = amending.fetch(session, DEFAULT_WORKSPACE, plan.rsplit("/", 1)[1], 1)
    with pytest.raises(InvalidInput) as caught:
        found.decide(a_decision("nobody", 1), pointer="/adjustments")
    assert caught.value.faults[0].pointer == "/adjustments/0/quota"
    with pytest.raises(amending.ChangeNotCarried) as stopped:
        found.decide(a_decision("ann", 90_000))
    assert stopped.value.context["could"] == [{"rep": "ann", "quota": 330.0}]


def test_locks_are_handed_down_until_they_are_released(
    client: TestClient, database: Database, plan: str
) -> None:
    amended(database, plan, a_decision("ann", 10_000, locks=True))
    kept = a_version(client, plan, base_version=2)
    assert quotas(client, f"{plan}/versions/{kept['number']}") == {
        "ann": 100, "bob": 113, "cyd": 112, "dan": 113, "eve": 112,
    }  # fmt: skip
    found = client.get(f"{plan}/versions/{kept['number']}/verify").json()
    assert found["valid"], found
    a_version(client, plan)  # of the newest version, which is the last one
    assert quotas(client, f"{plan}/versions/4")["ann"] == 100
    a_version(client, plan, base_version=2, locks="release")
    assert quotas(client, f"{plan}/versions/5")["ann"] == 110


def test_a_lock_of_somebody_who_is_gone_is_dropped_and_told(
    client: TestClient, database: Database, plan: str
) -> None:
    amended(database, plan, a_decision("ann", 10_000, locks=True))
    body = two_teams(target=440)
    body["reps"] = body["reps"][1:]
    assert client.put(f"{plan}/inputs", json=body).status_code == 200
    a_version(client, plan, base_version=2)
    manifest = client.get(f"{plan}/versions/3/certificate").json()["manifest"]
    assert (manifest["locks"], manifest["dropped_locks"]) == ([], ["ann"])
    assert client.get(f"{plan}/versions/3/verify").json()["valid"]


def test_the_terms_of_an_amended_quota_add_up_and_name_the_decision(
    client: TestClient, database: Database, plan: str
) -> None:
    amended(database, plan, a_decision("ann", 10_000, locks=True))
    rows = {row["rep"]: row for row in client.get(f"{plan}/versions/2/quotas").json()["items"]}
    assert rows["ann"]["explanation"][3:] == [
        {"term": "adjustment", "amount": -10, "reference": "adj_1"}
    ]
    assert rows["bob"]["explanation"][3:] == [
        {"term": "funding", "amount": 5, "reference": "adj_1"}
    ]
    assert (rows["ann"]["solved"], rows["ann"]["lock"]) == (110, "adj_1")
    for row in rows.values():
        assert sum(term["amount"] for term in row["explanation"]) == row["quota"]
    assert not {"solved", "lock", "amended", "solved_months"} & rows["dan"].keys()
    alone = client.get(f"{plan}/versions/2/quotas/ann").json()
    assert alone["explanation"] == rows["ann"]["explanation"]
