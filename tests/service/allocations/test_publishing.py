"""What is in force when: effective dates, the rows that readers get, and who gets which."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.allocations.publishing.catching_up import catch_up
from service.allocations.publishing.tables import PublishedQuota
from service.kit.auth import DEFAULT_WORKSPACE, Role
from service.kit.db import Database
from service.kit.errors import InvalidInput
from service.kit.outbox import waiting
from service.plans.domain import (
    EffectiveTooEarly,
    PeriodIsOver,
    Replaced,
    VersionStatus,
    effective_date,
)
from service.plans.repository import PlanVersions
from tests.service.allocations.plans import a_plan, a_version, four_reps, quotas
from tests.service.callers import Callers
from tests.service.desk import MONDAY, Desk
from tests.service.steps import approved, at_once, publish, take

YEAR = (date(2027, 1, 1), date(2027, 12, 31))
NOVEMBER, MARCH, NEXT_YEAR = date(2026, 11, 22), date(2027, 3, 15), date(2028, 1, 2)
days = st.dates(date(2026, 6, 1), date(2028, 6, 30))


def in_place_of(since: date) -> Replaced:
    return Replaced(1, since)


class TestEffectiveDates:
    @pytest.mark.parametrize("today", [NOVEMBER, MARCH, NEXT_YEAR])
    def test_the_first_publication_holds_for_the_whole_period(self, today: date) -> None:
        assert effective_date(None, YEAR, None, today) == YEAR[0]

    def test_a_later_one_holds_from_the_first_month_that_has_not_begun(self) -> None:
        replaced = in_place_of(YEAR[0])

        assert effective_date(None, YEAR, replaced, MARCH) == date(2027, 4, 1)
        assert effective_date(None, YEAR, replaced, date(2027, 4, 1)) == date(2027, 5, 1)
        assert effective_date(None, YEAR, replaced, NOVEMBER) == YEAR[0]

    def test_but_not_before_the_version_that_it_replaces(self) -> None:
        assert effective_date(None, YEAR, in_place_of(date(2027, 9, 1)), MARCH) == date(2027, 9, 1)

    def test_once_the_last_month_has_begun_it_must_be_said(self) -> None:
        with pytest.raises(PeriodIsOver):
            effective_date(None, YEAR, in_place_of(YEAR[0]), date(2027, 12, 1))

        december = date(2027, 12, 1)
        assert effective_date(december, YEAR, in_place_of(YEAR[0]), NEXT_YEAR) == december

    @pytest.mark.parametrize("wanted", [date(2027, 4, 2), date(2026, 12, 1), date(2028, 1, 1)])
    def test_it_is_the_first_of_a_month_of_the_period(self, wanted: date) -> None:
        with pytest.raises(InvalidInput) as refusal:
            effective_date(wanted, YEAR, None, MARCH)
        assert refusal.value.faults[0].pointer == "/effective"

    def test_nobody_goes_back_behind_the_version_before(self) -> None:
        with pytest.raises(EffectiveTooEarly, match="Version 1 is in force from 2027-06-01"):
            effective_date(date(2027, 5, 1), YEAR, in_place_of(date(2027, 6, 1)), MARCH)

    @given(st.lists(st.tuples(st.none() | days.map(lambda day: day.replace(day=1)), days)))
    def test_whatever_is_published_when_days_never_go_back(
        self, publications: list[tuple[date | None, date]]
    ) -> None:
        """So that on each day of the period at most one version is in force."""
        begun: list[date] = []
        for wanted, today in publications:
            replaced = in_place_of(begun[-1]) if begun else None
            try:
                begun.append(effective_date(wanted, YEAR, replaced, today))
            except (InvalidInput, EffectiveTooEarly, PeriodIsOver):
                continue

        assert begun == sorted(begun)
        assert all(day.day == 1 and YEAR[0] <= day <= YEAR[1] for day in begun)


@pytest.fixture
def desk(app: FastAPI, client: TestClient) -> Desk:
    return Desk(app, client)


@pytest.fixture
def plan(client: TestClient) -> str:
    """A plan whose first version is published and holds for the whole year."""
    plan = a_plan(client)
    a_version(client, plan)
    publish(client, f"{plan}/versions/1").raise_for_status()
    return plan


def another(client: TestClient, plan: str, target: int = 430) -> str:
    """The path of a new draft with another target."""
    client.put(f"{plan}/inputs", json=four_reps(target=target)).raise_for_status()
    return f"{plan}/versions/{a_version(client, plan)['number']}"


def in_force(client: TestClient, plan: str, on: str, **params: Any) -> dict[str, float]:
    items = client.get(f"{plan}/published", params={"on": on, **params}).json()["items"]
    return {row["rep"]: row["quota"] for row in items}


def versions_in_force(client: TestClient, plan: str, on: str) -> set[int]:
    items = client.get(f"{plan}/published", params={"on": on}).json()["items"]
    return {row["version"] for row in items}


class TestPublishing:
    def test_answers_announces_and_logs_the_head_of_the_chain(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        second = another(client, plan)
        with structlog.testing.capture_logs() as logs:
            published = publish(client, second, effective="2027-04-01").json()

        assert published["head"] == published["hash"] == client.get(second).json()["hash"]
        [logged] = [line for line in logs if line["event"] == "version_published"]
        plan_id = plan.rpartition("/")[2]
        assert (logged["plan"], logged["number"], logged["hash"]) == (
            plan_id,
            2,
            published["head"],
        )
        with database.reading.begin() as session:
            told = [
                e.payload
                for e in waiting(session, DEFAULT_WORKSPACE, limit=99)
                if e.kind == "version.published"
            ]
        assert told[-1] == {
            "plan": plan_id,
            "number": 2,
            "hash": published["head"],
            "parent_hash": published["parent_hash"],
            "effective_from": "2027-04-01",
            "supersedes": 1,
            "currency": "USD",
            "assigned": 430,
        }

    def test_days_of_a_version_and_of_the_one_before_meet(
        self, client: TestClient, plan: str
    ) -> None:
        publish(client, another(client, plan), effective="2027-04-01")

        first, second = (client.get(f"{plan}/versions/{n}").json() for n in (1, 2))

        assert (first["effective_from"], first["effective_to"]) == ("2027-01-01", "2027-03-31")
        assert (second["effective_from"], second["effective_to"]) == ("2027-04-01", None)
        assert versions_in_force(client, plan, "2027-03-31") == {1}
        assert versions_in_force(client, plan, "2027-04-01") == {2}

    @pytest.mark.parametrize(
        ("effective", "status", "kind"),
        [
            ("2027-04-02", 422, "invalid-input"),
            ("2028-01-01", 422, "invalid-input"),
            ("soon", 422, "invalid-input"),
            ("2027-05-01", 409, "effective-too-early"),
        ],
    )
    def test_a_day_that_cannot_be_leaves_everything_as_it_was(
        self, client: TestClient, plan: str, effective: str, status: int, kind: str
    ) -> None:
        publish(client, another(client, plan), effective="2027-06-01")
        third = another(client, plan, target=420)
        approved(client, third)

        refused = take(client, third, "publish", effective=effective)

        assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{kind}")
        assert client.get(third).json()["status"] == "approved"
        assert versions_in_force(client, plan, "2027-06-01") == {2}

    def test_what_is_replaced_on_its_first_day_never_was_in_force(
        self, client: TestClient, plan: str
    ) -> None:
        for target in (430, 420):
            publish(client, another(client, plan, target), effective="2027-04-01")

        second = client.get(f"{plan}/versions/2").json()

        assert (second["effective_from"], second["effective_to"]) == ("2027-04-01", "2027-03-31")
        course = client.get(f"{plan}/published/bob").json()["items"]
        assert [row["version"] for row in course] == [1, 3]
        assert [versions_in_force(client, plan, f"2027-0{m}-15") for m in (3, 4)] == [{1}, {3}]

    def test_left_out_it_holds_from_the_month_after_today(self, desk: Desk) -> None:
        client = desk.client
        plan = a_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")
        desk.now = datetime(2027, 3, 15, tzinfo=UTC)

        answer = publish(client, another(client, plan))

        assert answer.json()["effective_from"] == "2027-04-01"

    def test_many_versions_at_once_leave_one_and_days_without_a_gap(
        self, client: TestClient, plan: str
    ) -> None:
        """Each either replaces whoever was quicker or comes too early."""
        drafts = [another(client, plan, target) for target in range(421, 427)]
        for draft in drafts:
            approved(client, draft)
        wanted = dict(zip(drafts, (f"2027-0{month}-01" for month in range(2, 8)), strict=True))

        answers = at_once(
            lambda draft: take(client, draft, "publish", effective=wanted[draft]), drafts
        )

        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert {answer.status_code for answer in answers} <= {200, 409}
        listed = client.get(f"{plan}/versions").json()["items"]
        assert [v["status"] for v in listed].count("published") == 1
        begun = sorted(v["effective_from"] for v in won)
        for day in ("2027-01-15", *begun):
            since = max(["2027-01-01", *(d for d in begun if d <= day)])
            [number] = versions_in_force(client, plan, day)
            assert client.get(f"{plan}/versions/{number}").json()["effective_from"] == since

    @pytest.mark.parametrize("if_match", ['"2-approved"', "*"])
    def test_of_the_same_version_many_times_at_once_one_wins(
        self, client: TestClient, plan: str, if_match: str
    ) -> None:
        second = another(client, plan)
        approved(client, second)

        answers = at_once(
            lambda _: client.post(f"{second}/publish", headers={"If-Match": if_match}), range(6)
        )

        losing = 409 if if_match == "*" else 412
        assert sorted(answer.status_code for answer in answers) == [200] + [losing] * 5
        assert len(in_force(client, plan, "2027-12-31")) == 4


class TestRows:
    def test_are_those_of_the_version(self, client: TestClient, plan: str) -> None:
        row = client.get(f"{plan}/published?on=2027-05-15&rep=ann").json()["items"][0]
        version = client.get(f"{plan}/versions/1").json()
        quota = client.get(f"{plan}/versions/1/quotas/ann").json()

        assert in_force(client, plan, "2027-05-15") == quotas(client, f"{plan}/versions/1")
        assert row == {
            "rep": "ann",
            "unit": "west",
            "measure": "revenue",
            "quota": 105,
            "in_force": 105,
            "currency": "USD",
            "counted_in": None,
            "months": quota["months"],
            "version": 1,
            "hash": version["hash"],
            "effective_from": "2027-01-01",
            "effective_to": None,
        }
        assert sum(row["months"].values()) == 105

    def test_of_further_measures_are_counted_in_their_own_things(self, client: TestClient) -> None:
        inputs = four_reps(
            targets=[
                {"measure": "revenue", "amount": 441},
                {"measure": "new_customers", "amount": 61},
            ],
            history=[
                {"rep": rep, "period": f"2026-{month:02}", "actual": 2, "measure": "new_customers"}
                for rep in ("ann", "bob", "cyd", "d/d")
                for month in range(1, 13)
            ],
        )
        del inputs["target"]
        plan = a_plan(client, inputs)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1").raise_for_status()

        path = f"{plan}/published?on=2027-05-15&measure=new_customers"
        rows = client.get(path).json()["items"]
        course = client.get(f"{plan}/published/ann").json()["items"]

        assert sum(row["quota"] for row in rows) == 61
        assert {(row["currency"], row["counted_in"]) for row in rows} == {(None, "customers")}
        assert [row["measure"] for row in course] == ["new_customers", "revenue"]
        assert client.get(f"{plan}/published?on=2027-05-15&measure=cups").status_code == 422

    def test_come_in_pages_and_by_unit(self, client: TestClient, plan: str) -> None:
        path = f"{plan}/published?on=2027-05-15"
        first = client.get(f"{path}&limit=3").json()
        second = client.get(f"{path}&limit=3&cursor={first['next_cursor']}").json()

        reps = [row["rep"] for row in first["items"] + second["items"]]
        assert (reps, second["next_cursor"]) == (["ann", "bob", "cyd", "d/d"], None)
        assert in_force(client, plan, "2027-05-15", unit="east").keys() == {"cyd", "d/d"}
        assert client.get(f"{path}&unit=north").status_code == 422

    def test_say_what_of_a_quota_falls_into_their_months_and_why_there_are_none(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, four_reps(target=480))
        a_version(client, plan, policy={"season": "even"})
        nothing = client.get(f"{plan}/published?on=2027-05-15").json()
        publish(client, f"{plan}/versions/1", effective="2027-04-01").raise_for_status()

        found = client.get(f"{plan}/published?on=2027-05-15&rep=bob").json()
        march, before = (
            client.get(f"{plan}/published?on={day}").json() for day in ("2027-03-31", "2026-12-31")
        )

        (row,) = found["items"]
        assert row["in_force"] == sum([*row["months"].values()][3:]) < row["quota"]
        assert (found["on"], found["why_empty"]) == ("2027-05-15", None)
        assert nothing["why_empty"] == "No version of the plan has been published."
        assert march["why_empty"] == (
            "No version is in force on 2027-03-31; the first one is from 2027-04-01 on: "
            "?on=2027-04-01."
        )
        assert before["why_empty"].endswith("Ask for one of its days: ?on=2027-01-01.")

    @pytest.mark.parametrize("day", ["2026-12-31", "2028-01-01"])
    def test_there_are_none_outside_the_period(
        self, client: TestClient, plan: str, day: str
    ) -> None:
        assert in_force(client, plan, day) == {}

    def test_there_are_none_before_anything_is_published(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        approved(client, f"{plan}/versions/1")

        assert in_force(client, plan, "2027-05-15") == {}
        assert client.get(f"{plan}/published/ann").status_code == 404

    def test_left_out_the_day_is_today(self, desk: Desk) -> None:
        client = desk.client
        plan = a_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")

        before = client.get(f"{plan}/published").json()["items"]
        desk.now = datetime(2027, 3, 15, tzinfo=UTC)

        assert before == []
        assert len(client.get(f"{plan}/published").json()["items"]) == 4

    @pytest.mark.parametrize(
        "statement",
        ["UPDATE published_quota SET quota = quota + 1", "DELETE FROM published_quota"],
    )
    def test_nobody_changes_them(
        self, client: TestClient, database: Database, plan: str, statement: str
    ) -> None:
        with (
            database.sessions() as session,
            pytest.raises(sa.exc.DBAPIError, match="a published quota stays as it is"),
        ):
            session.execute(sa.text(statement))

        assert sum(in_force(client, plan, "2027-05-15").values()) == 441

    def test_what_could_not_be_published_has_none(
        self, client: TestClient, database: Database, plan: str
    ) -> None:
        take(client, another(client, plan), "publish")

        with database.reading.begin() as session:
            assert set(session.scalars(sa.select(PublishedQuota.version))) == {1}


class TestCatchingUp:
    @pytest.fixture
    def published_before(self, client: TestClient, database: Database) -> str:
        """A plan whose version was published by a release without rows and days."""
        plan = a_plan(client)
        a_version(client, plan)
        with database.sessions.begin() as session:
            version = PlanVersions(session).get(plan.rpartition("/")[2], 1)
            version.status, version.published_at = VersionStatus.PUBLISHED, MONDAY
        return plan

    def test_what_the_release_before_has_published_gets_its_rows(
        self, client: TestClient, database: Database, published_before: str
    ) -> None:
        assert in_force(client, published_before, "2027-05-15") == {}

        assert catch_up(database) == 1

        version = client.get(f"{published_before}/versions/1").json()
        assert version["effective_from"] == "2027-01-01"
        assert sum(in_force(client, published_before, "2027-05-15").values()) == 441
        assert client.get(f"{published_before}/versions/1/verify").json()["valid"]
        assert catch_up(database) == 0

    def test_several_processes_that_start_at_once_write_them_once(
        self, client: TestClient, database: Database, published_before: str
    ) -> None:
        at_once(lambda _: catch_up(database), range(4))

        assert len(in_force(client, published_before, "2027-05-15")) == 4

    def test_it_can_be_replaced_before_that(
        self, client: TestClient, database: Database, published_before: str
    ) -> None:
        second = another(client, published_before)
        publish(client, second, effective="2027-04-01").raise_for_status()

        assert catch_up(database) == 1
        days = ("2027-01-01", "2027-03-31", "2027-04-01")
        found = [versions_in_force(client, published_before, day) for day in days]
        assert found == [{1}, {1}, {2}]


class TestSight:
    @pytest.fixture
    def admin(self, callers: Callers) -> TestClient:
        return callers("admin")

    @pytest.fixture
    def moved(self, admin: TestClient) -> str:
        """A plan in which bob is of the west until March and of the east from April on."""
        plan = a_plan(admin)
        a_version(admin, plan)
        publish(admin, f"{plan}/versions/1")
        inputs = four_reps()
        inputs["reps"][1]["unit"] = "east/1"
        admin.put(f"{plan}/inputs", json=inputs)
        a_version(admin, plan)
        publish(admin, f"{plan}/versions/2", effective="2027-04-01").raise_for_status()
        return plan

    def test_a_manager_sees_the_subtree_of_the_version_that_a_row_is_of(
        self, callers: Callers, moved: str
    ) -> None:
        west, east = (callers("manager", unit=unit) for unit in ("west", "east"))

        assert in_force(west, moved, "2027-03-15").keys() == {"ann", "bob"}
        assert in_force(west, moved, "2027-04-15").keys() == {"ann"}
        assert in_force(east, moved, "2027-04-15").keys() == {"bob", "cyd", "d/d"}
        seen = {
            client: [row["version"] for row in client.get(f"{moved}/published/bob").json()["items"]]
            for client in (west, east)
        }
        assert list(seen.values()) == [[1], [2]]

    def test_a_rep_sees_the_own_row(self, callers: Callers, moved: str) -> None:
        bob = callers("rep", rep="bob")

        assert in_force(bob, moved, "2027-04-15").keys() == {"bob"}
        assert in_force(bob, moved, "2027-04-15", rep="ann") == {}
        for unit in ("east", "north"):
            assert bob.get(f"{moved}/published?on=2027-04-15&unit={unit}").status_code == 422
        assert len(bob.get(f"{moved}/published/bob").json()["items"]) == 2

    def test_somebody_else_is_told_of_as_nobody(self, callers: Callers, moved: str) -> None:
        for client in (callers("rep", rep="bob"), callers("manager", unit="west")):
            other, nobody = (client.get(f"{moved}/published/{rep}") for rep in ("cyd", "zoe"))

            assert other.status_code == nobody.status_code == 404
            assert other.json()["detail"].replace("cyd", "zoe") == nobody.json()["detail"]

    @pytest.mark.parametrize("role", ["hr", "integration", "auditor"])
    def test_those_who_read_what_is_published_see_all(
        self, callers: Callers, moved: str, role: str
    ) -> None:
        assert role in list(Role)
        assert len(in_force(callers(role), moved, "2027-04-15")) == 4
