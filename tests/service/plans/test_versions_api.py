"""Versions over HTTP: reading, publishing, and that nobody can change what they say."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.kit.clock import utc_now
from service.kit.db import Database
from service.plans.domain import PlanNotFound, VersionContent
from service.plans.repository import PlanVersions
from service.plans.tables import PlanVersion
from tests.service.allocations.plans import a_version as solve
from tests.service.allocations.plans import four_reps
from tests.service.steps import approved, at_once, publish, take

YEAR = {"start": "2027-01-01", "end": "2027-12-31"}


@pytest.fixture
def plan(client: TestClient) -> str:
    """The id of a plan in US dollars."""
    body = {"name": "FY27", "period": YEAR}
    return str(client.post("/v1/plans", json=body).json()["id"])


def a_version(database: Database, plan_id: str, **facts: Any) -> int:
    content: dict[str, Any] = {
        "inputs_hash": "sha256:" + "1" * 64,
        "hash": "sha256:" + "2" * 64,
        "parent_hash": None,
        "base_version": None,
        "policy": {"fairness": "equal_stretch"},
        "engine": "tree",
        "assigned": 108_000_050,
        "fairness": {"gini": 0.0},
        "manifest": b"{}",
        **facts,
    }
    with database.sessions.begin() as session:
        version = PlanVersions(session).add(
            plan_id, VersionContent(**content), now=utc_now(), created_by="Ada"
        )
        return version.number


def a_solved_version(client: TestClient, plan_id: str) -> None:
    """One whose quotas can be published."""
    client.put(f"/v1/plans/{plan_id}/inputs", json=four_reps()).raise_for_status()
    solve(client, f"/v1/plans/{plan_id}")


class TestGetVersion:
    def test_tells_all_but_the_quotas(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan, note="first proposal")

        response = client.get(f"/v1/plans/{plan}/versions/1")

        version = response.json()
        assert response.headers["etag"] == '"1-draft"'
        assert version.pop("created_at").endswith("Z")
        assert version.pop("ledger")["amendments"] == []
        assert version == {
            "number": 1,
            "status": "draft",
            "inputs_hash": "sha256:" + "1" * 64,
            "hash": "sha256:" + "2" * 64,
            "parent_hash": None,
            "base_version": None,
            "policy": {"fairness": "equal_stretch"},
            "engine": "tree",
            "assigned": 1080000.5,
            "fairness": {"gini": 0.0},
            "note": "first proposal",
            "gap": 0,
            "gaps": [],
            "relaxed": [],
            "part_targets": [],
            "measures": [],
            "created_by": "Ada",
            "submitted_at": None,
            "submitted_by": None,
            "deadline": None,
            "overdue": False,
            "approved_at": None,
            "approved_by": None,
            "published_at": None,
            "published_by": None,
            "superseded_at": None,
            "effective_from": None,
            "effective_to": None,
        }

    @pytest.mark.parametrize(("number", "status"), [("7", 404), ("0", 422), ("%C2%855", 422)])
    def test_other_numbers_are_refused(
        self, client: TestClient, plan: str, number: str, status: int
    ) -> None:
        assert client.get(f"/v1/plans/{plan}/versions/{number}").status_code == status


class TestListVersions:
    def test_newest_first_in_pages_and_by_status(self, client: TestClient, plan: str) -> None:
        for _ in range(3):
            a_solved_version(client, plan)
        versions = f"/v1/plans/{plan}/versions"
        publish(client, f"{versions}/2")

        first = client.get(f"{versions}?limit=2").json()
        second = client.get(f"{versions}?limit=2&cursor={first['next_cursor']}").json()
        published = client.get(f"{versions}?status=published").json()

        numbers = [version["number"] for version in first["items"] + second["items"]]
        assert (numbers, second["next_cursor"]) == ([3, 2, 1], None)
        assert [version["number"] for version in published["items"]] == [2]


class TestPublish:
    def test_makes_an_approved_version_the_binding_one(self, client: TestClient, plan: str) -> None:
        a_solved_version(client, plan)
        seen = approved(client, f"/v1/plans/{plan}/versions/1")

        response = client.post(f"/v1/plans/{plan}/versions/1/publish", headers={"If-Match": seen})

        assert (seen, response.status_code) == ('"1-approved"', 200)
        assert response.headers["etag"] == '"1-published"'
        assert response.json()["status"] == "published"
        assert response.json()["published_at"] is not None
        assert response.json()["published_by"] == "local administrator"

    def test_the_version_before_is_superseded(self, client: TestClient, plan: str) -> None:
        a_solved_version(client, plan)
        a_solved_version(client, plan)
        versions = f"/v1/plans/{plan}/versions"
        for number in (2, 1):
            publish(client, f"{versions}/{number}")

        items = client.get(versions).json()["items"]

        assert [version["status"] for version in items] == ["superseded", "published"]
        assert items[0]["superseded_at"] == items[1]["published_at"]

    @pytest.mark.parametrize("if_match", ['"1-approved"', "*"])
    def test_of_many_at_once_exactly_one_wins(
        self, client: TestClient, plan: str, if_match: str
    ) -> None:
        a_solved_version(client, plan)
        address = f"/v1/plans/{plan}/versions/1"
        approved(client, address)

        def publish_it(_: int) -> int:
            return client.post(f"{address}/publish", headers={"If-Match": if_match}).status_code

        answers = at_once(publish_it, range(8))

        losing = 412 if if_match != "*" else 409
        assert sorted(answers) == [200] + [losing] * 7

    def test_of_many_versions_at_once_one_stays_published(
        self, client: TestClient, plan: str
    ) -> None:
        versions = f"/v1/plans/{plan}/versions"
        for number in range(1, 7):
            a_solved_version(client, plan)
            approved(client, f"{versions}/{number}")

        answers = at_once(lambda n: take(client, f"{versions}/{n}", "publish"), range(1, 7))

        assert {answer.status_code for answer in answers} == {200}
        statuses = [version["status"] for version in client.get(versions).json()["items"]]
        assert sorted(statuses) == ["published"] + ["superseded"] * 5


class TestNumbers:
    def test_of_many_added_at_once_each_gets_its_own(self, database: Database, plan: str) -> None:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: a_version(database, plan), range(16)))

        assert sorted(numbers) == list(range(1, 17))

    def test_a_plan_deleted_meanwhile_takes_no_version(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        client.delete(f"/v1/plans/{plan}")

        with pytest.raises(PlanNotFound):
            a_version(database, plan)


class TestDeletingAPlan:
    def test_takes_its_drafts_along(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)

        assert client.delete(f"/v1/plans/{plan}").status_code == 204

    def test_is_refused_once_a_version_was_published(self, client: TestClient, plan: str) -> None:
        a_solved_version(client, plan)
        publish(client, f"/v1/plans/{plan}/versions/1")

        response = client.delete(f"/v1/plans/{plan}")

        assert (response.status_code, response.json()["type"]) == (
            409,
            "/problems/plan-is-published",
        )

    @pytest.mark.parametrize("steps", [["submit"], ["submit", "approve"]])
    def test_waits_until_nobody_is_deciding_about_it(
        self, client: TestClient, database: Database, plan: str, steps: list[str]
    ) -> None:
        for _ in range(2):
            a_version(database, plan)
        version = f"/v1/plans/{plan}/versions/2"
        for step in steps:
            take(client, version, step)

        refused = client.delete(f"/v1/plans/{plan}")
        take(client, version, "withdraw")

        assert (refused.status_code, refused.json()["type"]) == (
            409,
            "/problems/plan-is-under-review",
        )
        assert refused.json()["versions"] == [2]
        assert client.delete(f"/v1/plans/{plan}").status_code == 204


class TestImmutability:
    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("assigned", 1),
            ("hash", "sha256:" + "3" * 64),
            ("policy", {}),
            ("manifest", b"[]"),
            ("note", "changed"),
            ("created_by", "Eve"),
        ],
    )
    def test_what_a_version_says_cannot_be_changed(
        self, database: Database, plan: str, column: str, value: object
    ) -> None:
        a_version(database, plan)

        with database.sessions() as session:
            setattr(PlanVersions(session).get(plan, 1), column, value)
            with pytest.raises(sa.exc.DBAPIError, match="a plan version is immutable"):
                session.flush()

    def test_nor_by_plain_sql(self, database: Database, plan: str) -> None:
        a_version(database, plan)

        with database.sessions() as session:
            statement = sa.text("UPDATE plan_version SET assigned = assigned + 1")
            with pytest.raises(sa.exc.DBAPIError, match="a plan version is immutable"):
                session.execute(statement)

    def test_a_published_version_cannot_be_removed(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_solved_version(client, plan)
        publish(client, f"/v1/plans/{plan}/versions/1")

        removal = sa.delete(PlanVersion)
        with database.sessions() as session, pytest.raises(sa.exc.DBAPIError, match="stays"):
            session.execute(removal)
