"""Plans over HTTP."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.auth import Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.ids import new_id
from service.plans.repository import Plans
from service.plans.tables import Plan

YEAR = {"start": "2027-01-01", "end": "2027-12-31"}


def given_a_plan(client: TestClient, **facts: Any) -> Response:
    return client.post("/v1/plans", json={"name": "FY27", "period": YEAR, **facts})


def faults(response: Response) -> dict[str, str]:
    assert response.status_code == 422, response.text
    return {fault["pointer"]: fault["detail"] for fault in response.json()["errors"]}


class TestCreatePlan:
    def test_answers_the_plan_its_address_and_its_etag(self, client: TestClient) -> None:
        response = given_a_plan(client, currency="EUR", increment=100)

        plan = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/plans/{plan['id']}"
        assert response.headers["etag"] == '"1"'
        assert plan["created_at"] == plan["updated_at"]
        assert {
            key: plan[key] for key in plan if key not in {"id", "created_at", "updated_at"}
        } == {
            "name": "FY27",
            "currency": "EUR",
            "increment": 100,
            "period": YEAR,
            "inputs_hash": None,
        }
        assert client.get(f"/v1/plans/{plan['id']}").json() == plan

    @pytest.mark.parametrize(
        ("currency", "increment", "out"),
        [
            ("JPY", 1000, "1000"),
            ("USD", "0.05", "0.05"),
            ("KWD", 0.005, "0.005"),
            ("USD", 1.0, "1"),
        ],
    )
    def test_money_is_exact_in_the_currencys_digits(
        self, client: TestClient, currency: str, increment: float | str, out: str
    ) -> None:
        response = given_a_plan(client, currency=currency, increment=increment)

        assert f'"increment":{out},' in response.text

    @pytest.mark.parametrize(("currency", "unit"), [("JPY", 1), ("USD", 0.01), ("KWD", 0.001)])
    def test_left_out_the_increment_is_one_minor_unit(
        self, client: TestClient, currency: str, unit: float
    ) -> None:
        assert given_a_plan(client, currency=currency).json()["increment"] == unit

    def test_names_every_fault_at_once(self, client: TestClient) -> None:
        response = client.post(
            "/v1/plans",
            json={
                "name": "a\x00b",
                "currency": "XXQ",
                "increment": "1e3",
                "period": {"start": "2027-01-02", "end": "2027-06-15"},
                "colour": "red",
            },
        )

        assert faults(response) == {
            "/name": "must not contain control characters",
            "/currency": "is no ISO 4217 currency code",
            "/period/start": "must be the first day of a month",
            "/colour": "is not a known field",
        }

    def test_what_was_wrong_is_shown_shortly(self, client: TestClient) -> None:
        plan = given_a_plan(client).json()["id"]
        response = client.patch(f"/v1/plans/{plan}", json={"increment": "9" * 1_000_000})

        assert response.status_code == 422
        assert len(response.content) < 1_000

    @pytest.mark.parametrize(
        ("increment", "why"),
        [
            (0, "must be positive"),
            (-1, "must be positive"),
            (0.001, "has more than 2 decimals"),
            (True, "must be a whole number or a number or a text"),
            ("12,5", "must be a plain decimal such as 1080000.50"),
        ],
    )
    def test_refuses_an_increment_that_nothing_can_be_a_multiple_of(
        self, client: TestClient, increment: Any, why: str
    ) -> None:
        assert faults(given_a_plan(client, increment=increment)) == {"/increment": why}

    @pytest.mark.parametrize(
        ("start", "end", "why"),
        [
            ("2027-01-01", "2026-12-31", "must not be before the start"),
            ("2027-01-01", "2027-02-27", "must be the last day of a month"),
            ("2027-01-01", "2037-01-31", "must be within 120 months of the start"),
        ],
    )
    def test_a_period_is_whole_months(
        self, client: TestClient, start: str, end: str, why: str
    ) -> None:
        response = given_a_plan(client, period={"start": start, "end": end})

        assert faults(response) == {"/period/end": why}

    def test_a_number_is_no_date(self, client: TestClient) -> None:
        response = given_a_plan(client, period={"start": 0, "end": "2027-12-31"})

        assert list(faults(response)) == ["/period/start"]


class TestListPlans:
    def test_newest_first_in_pages(self, client: TestClient) -> None:
        made = [given_a_plan(client, name=f"P{n}").json()["id"] for n in range(5)]

        first = client.get("/v1/plans?limit=3").json()
        second = client.get(f"/v1/plans?limit=3&cursor={first['next_cursor']}").json()

        assert second["next_cursor"] is None
        seen = [plan["id"] for plan in first["items"] + second["items"]]
        assert seen == sorted(made, reverse=True)

    def test_a_spoilt_cursor_is_refused(self, client: TestClient) -> None:
        assert client.get("/v1/plans?cursor=abc").status_code == 422


class TestGetPlan:
    @pytest.mark.parametrize(
        "plan_id", ["plan_" + "0" * 26, "nonsense", "plan_%00", "%F0%9F%98%80"]
    )
    def test_an_unknown_plan_is_not_found(self, client: TestClient, plan_id: str) -> None:
        response = client.get(f"/v1/plans/{plan_id}")

        assert (response.status_code, response.json()["type"]) == (404, "/problems/plan-not-found")

    def test_another_workspaces_plan_is_as_if_it_did_not_exist(
        self, client: TestClient, database: Database
    ) -> None:
        theirs, nobodys = new_id("plan"), new_id("plan")
        with database.sessions.begin() as session:
            session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
            session.flush()
            Plans(session).add(a_plan_of("wsp_other", theirs))

        def answer(plan_id: str) -> list[tuple[int, str]]:
            address = f"/v1/plans/{plan_id}"
            answers = [
                client.get(address),
                client.patch(address, json={"name": "mine"}),
                client.delete(address),
                client.get(f"{address}/versions"),
                client.get(f"{address}/versions/1"),
                client.post(f"{address}/versions/1/publish", headers={"If-Match": "*"}),
            ]
            return [(a.status_code, a.json()["detail"].replace(plan_id, "it")) for a in answers]

        assert answer(theirs) == answer(nobodys)
        assert client.get("/v1/plans").json()["items"] == []


def a_plan_of(workspace_id: str, plan_id: str) -> Plan:
    moment = utc_now()
    return Plan(
        id=plan_id,
        workspace_id=workspace_id,
        name="theirs",
        currency="USD",
        increment=1,
        period_start=moment.date().replace(month=1, day=1),
        period_end=moment.date().replace(month=12, day=31),
        revision=1,
        created_at=moment,
        updated_at=moment,
    )


class TestChangePlan:
    def test_changes_what_is_named_and_keeps_the_rest(self, client: TestClient) -> None:
        plan = given_a_plan(client, increment=100).json()

        response = client.patch(
            f"/v1/plans/{plan['id']}", json={"name": "FY28", "period": {"end": "2027-06-30"}}
        )

        changed = response.json()
        assert (response.status_code, response.headers["etag"]) == (200, '"2"')
        assert changed["updated_at"] > plan["updated_at"]
        assert changed == plan | {
            "name": "FY28",
            "period": {"start": "2027-01-01", "end": "2027-06-30"},
            "updated_at": changed["updated_at"],
        }

    def test_a_new_currency_brings_its_own_increment(self, client: TestClient) -> None:
        address = given_a_plan(client, increment="0.05").headers["location"]

        assert client.patch(address, json={"currency": "JPY"}).json()["increment"] == 1

    def test_names_what_cannot_be(self, client: TestClient) -> None:
        address = given_a_plan(client).headers["location"]

        response = client.patch(
            address, json={"increment": 0.001, "period": {"start": "2028-01-01"}}
        )

        assert faults(response) == {
            "/increment": "has more than 2 decimals",
            "/period/end": "must not be before the start",
        }
        assert client.get(address).headers["etag"] == '"1"'

    def test_a_lost_race_is_refused(self, client: TestClient) -> None:
        address = given_a_plan(client).headers["location"]
        read = {"If-Match": client.get(address).headers["etag"]}
        client.patch(address, json={"name": "first"}, headers=read)

        response = client.patch(address, json={"name": "second"}, headers=read)

        assert (response.status_code, response.json()["etag"]) == (412, '"2"')
        assert client.get(address).json()["name"] == "first"

    def test_a_currency_with_amounts_in_it_stays(
        self, client: TestClient, database: Database
    ) -> None:
        plan = given_a_plan(client).json()
        with database.sessions.begin() as session:
            session.get_one(Plan, plan["id"]).inputs_hash = "sha256:" + "0" * 64

        response = client.patch(f"/v1/plans/{plan['id']}", json={"currency": "EUR"})

        assert (response.status_code, response.json()["type"]) == (
            409,
            "/problems/currency-is-fixed",
        )


class TestDeletePlan:
    def test_a_plan_without_published_version_goes(self, client: TestClient) -> None:
        address = given_a_plan(client).headers["location"]

        response = client.delete(address)

        assert (response.status_code, response.content) == (204, b"")
        assert client.get(address).status_code == 404

    def test_a_lost_race_is_refused(self, client: TestClient) -> None:
        address = given_a_plan(client).headers["location"]

        assert client.delete(address, headers={"If-Match": '"9"'}).status_code == 412
        assert client.get(address).status_code == 200
