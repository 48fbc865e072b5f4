"""Versions over HTTP: reading, publishing, and that nobody can change what they say."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from service.kit.clock import utc_now
from service.kit.db import Database
from service.plans.domain import (
    Action,
    PlanNotFound,
    TransitionNotAllowed,
    VersionContent,
    VersionStatus,
    advance,
)
from service.plans.repository import PlanVersions
from service.plans.tables import PlanVersion

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


class TestGetVersion:
    def test_tells_all_but_the_quotas(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan, note="first proposal")

        response = client.get(f"/v1/plans/{plan}/versions/1")

        version = response.json()
        assert response.headers["etag"] == '"1-draft"'
        assert version.pop("created_at").endswith("Z")
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
            "published_at": None,
            "superseded_at": None,
        }

    @pytest.mark.parametrize(("number", "status"), [("7", 404), ("0", 422), ("%C2%855", 422)])
    def test_other_numbers_are_refused(
        self, client: TestClient, plan: str, number: str, status: int
    ) -> None:
        assert client.get(f"/v1/plans/{plan}/versions/{number}").status_code == status


class TestListVersions:
    def test_newest_first_in_pages_and_by_status(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        for _ in range(3):
            a_version(database, plan)
        versions = f"/v1/plans/{plan}/versions"
        client.post(f"{versions}/2/publish", headers={"If-Match": "*"})

        first = client.get(f"{versions}?limit=2").json()
        second = client.get(f"{versions}?limit=2&cursor={first['next_cursor']}").json()
        published = client.get(f"{versions}?status=published").json()

        numbers = [version["number"] for version in first["items"] + second["items"]]
        assert (numbers, second["next_cursor"]) == ([3, 2, 1], None)
        assert [version["number"] for version in published["items"]] == [2]


class TestPublish:
    def test_makes_a_draft_the_binding_version(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)

        response = client.post(
            f"/v1/plans/{plan}/versions/1/publish", headers={"If-Match": '"1-draft"'}
        )

        assert (response.status_code, response.headers["etag"]) == (200, '"1-published"')
        assert response.json()["status"] == "published"
        assert response.json()["published_at"] is not None

    def test_the_version_before_is_superseded(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)
        a_version(database, plan)
        versions = f"/v1/plans/{plan}/versions"
        for number in (2, 1):
            client.post(f"{versions}/{number}/publish", headers={"If-Match": "*"})

        items = client.get(versions).json()["items"]

        assert [version["status"] for version in items] == ["superseded", "published"]
        assert items[0]["superseded_at"] == items[1]["published_at"]

    def test_needs_to_know_what_it_publishes(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)
        address = f"/v1/plans/{plan}/versions/1/publish"

        assert client.post(address).status_code == 428
        assert client.post(address, headers={"If-Match": '"2-draft"'}).status_code == 412

    def test_refuses_what_is_no_draft(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)
        address = f"/v1/plans/{plan}/versions/1/publish"
        client.post(address, headers={"If-Match": "*"})

        response = client.post(address, headers={"If-Match": "*", "X-Request-Id": "r-1"})

        assert response.status_code == 409
        assert response.json() == {
            "type": "/problems/transition-not-allowed",
            "title": "The version is not in a state that allows this.",
            "status": 409,
            "detail": "Cannot publish a published version.",
            "instance": address,
            "request_id": "r-1",
            "version_status": "published",
        }

    @pytest.mark.parametrize("if_match", ['"1-draft"', "*"])
    def test_of_many_at_once_exactly_one_wins(
        self, client: TestClient, database: Database, plan: str, if_match: str
    ) -> None:
        a_version(database, plan)
        address = f"/v1/plans/{plan}/versions/1/publish"

        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: client.post(address, headers={"If-Match": if_match}), range(8))
            )

        losing = 412 if if_match != "*" else 409
        assert sorted(answer.status_code for answer in answers) == [200] + [losing] * 7

    def test_of_two_versions_at_once_one_stays_published(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        for _ in range(6):
            a_version(database, plan)
        versions = f"/v1/plans/{plan}/versions"

        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(
                    lambda n: client.post(f"{versions}/{n}/publish", headers={"If-Match": "*"}),
                    range(1, 7),
                )
            )

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

    def test_is_refused_once_a_version_was_published(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        a_version(database, plan)
        client.post(f"/v1/plans/{plan}/versions/1/publish", headers={"If-Match": "*"})

        response = client.delete(f"/v1/plans/{plan}")

        assert (response.status_code, response.json()["type"]) == (
            409,
            "/problems/plan-is-published",
        )


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
        a_version(database, plan)
        client.post(f"/v1/plans/{plan}/versions/1/publish", headers={"If-Match": "*"})

        removal = sa.delete(PlanVersion)
        with database.sessions() as session, pytest.raises(sa.exc.DBAPIError, match="stays"):
            session.execute(removal)


class TestLifeCycle:
    def test_a_draft_is_published_and_then_superseded(self) -> None:
        published = advance(VersionStatus.DRAFT, Action.PUBLISH)

        assert published is VersionStatus.PUBLISHED
        assert advance(published, Action.SUPERSEDE) is VersionStatus.SUPERSEDED

    @pytest.mark.parametrize(
        ("status", "action"),
        [
            (VersionStatus.DRAFT, Action.SUPERSEDE),
            (VersionStatus.PUBLISHED, Action.PUBLISH),
            (VersionStatus.SUPERSEDED, Action.PUBLISH),
            (VersionStatus.SUPERSEDED, Action.SUPERSEDE),
        ],
    )
    def test_nothing_else_is_allowed(self, status: VersionStatus, action: Action) -> None:
        with pytest.raises(TransitionNotAllowed):
            advance(status, action)
