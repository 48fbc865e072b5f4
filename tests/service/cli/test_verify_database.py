"""`fairquota db verify` and `GET /v1/plans/{plan}/verify`: everything that is stored, at once."""

import os

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.allocations.publishing.tables import PublishedQuota
from service.kit.audit import AuditEntry, record
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
from service.plans.tables import PlanVersion
from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.allocations.test_versions_tampering import tamper
from tests.service.typed import run


@pytest.fixture
def plan(client: TestClient, database: Database) -> str:
    plan = a_plan(client)
    for _ in range(3):
        a_version(client, plan)
    with database.sessions.begin() as session:
        subject = plan.removeprefix("/v1/plans/")
        record(session, LOCAL_ADMINISTRATOR, "plan.note", f"{subject}/versions/1", now=utc_now())
    return plan


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    for name in [name for name in os.environ if name.startswith("FAIRQUOTA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", database_url)


def forget_version_2() -> sa.Executable:
    return sa.delete(PlanVersion).where(PlanVersion.number == 2)


def rewrite_the_trail() -> sa.Executable:
    return sa.update(AuditEntry).where(AuditEntry.action == "plan.note").values(actor_name="nobody")


class TestPlan:
    def test_that_is_whole_holds(self, client: TestClient, plan: str) -> None:
        answer = client.get(f"{plan}/verify").json()

        assert answer["valid"]
        assert answer["checks"] == {
            "versions": True,
            "numbers": True,
            "trail": True,
            "published": True,
        }
        assert [one["number"] for one in answer["versions"]] == [1, 2, 3]
        assert (
            answer["versions"][1] == {"number": 2} | client.get(f"{plan}/versions/2/verify").json()
        )
        assert answer["faults"] == []

    def test_without_versions_holds(self, client: TestClient) -> None:
        plan = a_plan(client)

        assert client.get(f"{plan}/verify").json()["valid"]

    def test_that_lost_a_version_is_betrayed(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        tamper(database, forget_version_2())

        answer = client.get(f"{plan}/verify").json()

        assert not answer["valid"]
        assert answer["checks"] == {
            "versions": False,
            "numbers": False,
            "trail": True,
            "published": True,
        }
        assert answer["faults"] == ["version 2 is missing"]
        assert not answer["versions"][1]["checks"]["parent"]

    def test_whose_trail_was_rewritten_is_betrayed(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        tamper(database, rewrite_the_trail())

        answer = client.get(f"{plan}/verify").json()

        assert answer["checks"] == {
            "versions": True,
            "numbers": True,
            "trail": False,
            "published": True,
        }
        assert "is not what was written" in answer["faults"][0]

    def test_whose_published_quotas_are_not_those_of_the_version_is_betrayed(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        assert publish(client, f"{plan}/versions/2").status_code == 200
        assert client.get(f"{plan}/verify").json()["valid"]
        tamper(
            database,
            sa.update(PublishedQuota).where(PublishedQuota.rep == "bob").values(quota=1),
            sa.delete(PublishedQuota).where(PublishedQuota.rep == "cyd"),
        )

        answer = client.get(f"{plan}/verify").json()

        assert not answer["checks"]["published"]
        assert answer["faults"] == [
            f"version 2: the published quota of {rep} is not what the version says"
            for rep in ("bob", "cyd")
        ]

    def test_of_somebody_else_is_not_there(self, client: TestClient) -> None:
        answer = client.get("/v1/plans/plan_01k9z3q8f2m7x0c5d6e7f8g9ha/verify")

        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/plan-not-found")


@pytest.mark.usefixtures("settings")
class TestDatabase:
    def test_that_is_whole_is_told_plan_by_plan(self, plan: str) -> None:
        result = run("db", "verify")

        assert result.exit_code == 0, result.output
        own = plan.removeprefix("/v1/plans/")
        assert [line.split("\t") for line in result.stdout.splitlines()] == [
            ["workspace", "plan", "versions", "result"],
            ["wsp_default", own, "3", "holds"],
        ]

    def test_that_was_changed_ends_with_1_and_says_what(
        self, database: Database, plan: str
    ) -> None:
        assert plan
        tamper(database, forget_version_2())

        result = run("db", "verify")

        assert result.exit_code == 1
        assert "FAILS" in result.stdout
        assert "version 2 is missing" in result.stderr
        assert "the parent of version 3 is missing" in result.stderr
