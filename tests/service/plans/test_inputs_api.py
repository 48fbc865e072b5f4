"""The inputs of a plan over HTTP, and people who can be erased."""

from typing import Any

import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.roster.repository import SnapshotDamaged
from service.roster.tables import InputsSnapshot, PersonalData
from service.roster.usecases import forget_person, load_snapshot

YEAR = {"start": "2027-01-01", "end": "2027-12-31"}
BODY: dict[str, Any] = {
    "target": 1000,
    "units": [{"id": "west", "owner": "boss"}],
    "reps": [
        {"id": "b", "unit": "west", "name": "Bea", "attributes": {"crm": "b-1"}},
        {"id": "a", "name": "Ann", "min": 10.5},
    ],
}


def given_a_plan(client: TestClient, **facts: Any) -> str:
    plan = client.post("/v1/plans", json={"name": "FY27", "period": YEAR, **facts}).json()
    return f"/v1/plans/{plan['id']}/inputs"


def put(client: TestClient, inputs: str, body: Any = BODY, **headers: str) -> Response:
    response: Response = client.put(inputs, json=body, headers=headers)
    return response


class TestPutInputs:
    def test_answers_hash_counts_and_warnings(self, client: TestClient) -> None:
        response = put(client, given_a_plan(client), {**BODY, "territories": [{"id": "t"}]})

        stored = response.json()
        assert response.status_code == 200
        assert response.headers["etag"] == f'"{stored["hash"]}"'
        assert stored["counts"] == {"units": 1, "reps": 2, "territories": 1, "history": 0}
        assert [warning["pointer"] for warning in stored["warnings"]] == ["/territories"]

    def test_replaces_the_working_inputs_and_keeps_the_old_ones(self, client: TestClient) -> None:
        inputs = given_a_plan(client)
        first = put(client, inputs).json()["hash"]

        second = put(client, inputs, {"target": 5, "reps": [{"id": "z"}]}).json()["hash"]

        assert second != first
        assert client.get(inputs).json()["target"] == 5
        assert client.get(f"{inputs}/{first}").json()["target"] == 1000
        assert client.get(inputs.removesuffix("/inputs")).json()["inputs_hash"] == second

    def test_the_same_facts_change_nothing(self, client: TestClient) -> None:
        inputs = given_a_plan(client)
        put(client, inputs)
        before = client.get(inputs.removesuffix("/inputs")).headers["etag"]

        again = put(client, inputs, {**BODY, "reps": BODY["reps"][::-1]})

        assert again.status_code == 200
        assert client.get(inputs.removesuffix("/inputs")).headers["etag"] == before

    def test_refuses_to_overwrite_what_somebody_else_put(self, client: TestClient) -> None:
        inputs = given_a_plan(client)
        etag = put(client, inputs).headers["etag"]
        put(client, inputs, {**BODY, "target": 2})

        lost = put(client, inputs, {**BODY, "target": 3}, **{"If-Match": etag})

        assert lost.status_code == 412
        assert client.get(inputs).json()["target"] == 2

    def test_counts_decimals_by_the_currency_of_the_plan(self, client: TestClient) -> None:
        response = put(client, given_a_plan(client, currency="JPY"))

        assert response.status_code == 422
        assert [fault["pointer"] for fault in response.json()["errors"]] == ["/reps/1/min"]

    def test_stores_nothing_of_a_faulty_body(self, client: TestClient) -> None:
        inputs = given_a_plan(client)

        assert put(client, inputs, {**BODY, "target": -1}).status_code == 422
        assert client.get(inputs).status_code == 409

    def test_a_plan_that_is_not_there(self, client: TestClient) -> None:
        response = put(client, "/v1/plans/plan_01kaz3q8f2m7x0c5d6e7f8g9ha/inputs")

        assert (response.status_code, response.json()["type"]) == (404, "/problems/plan-not-found")


class TestGetInputs:
    def test_answers_what_can_be_put_again(self, client: TestClient) -> None:
        inputs = given_a_plan(client)
        key = put(client, inputs).json()["hash"]

        document = client.get(inputs).json()

        assert document == {
            "target": 1000,
            "forecast": None,
            "units": [{"id": "west", "owner": "boss"}],
            "reps": [
                {"id": "a", "name": "Ann", "min": 10.5},
                {"id": "b", "unit": "west", "name": "Bea", "attributes": {"crm": "b-1"}},
            ],
            "territories": [],
            "history": [],
        }
        assert put(client, inputs, document).json()["hash"] == key

    def test_says_that_there_are_none_yet(self, client: TestClient) -> None:
        response = client.get(given_a_plan(client))

        assert response.status_code == 409
        assert response.json()["type"] == "/problems/inputs-missing"

    def test_an_unknown_hash(self, client: TestClient) -> None:
        response = client.get(f"{given_a_plan(client)}/sha256:{'0' * 64}")

        assert response.status_code == 404
        assert response.json()["type"] == "/problems/snapshot-not-found"

    def test_a_hash_that_is_none(self, client: TestClient) -> None:
        assert client.get(f"{given_a_plan(client)}/latest").status_code == 422


class TestPeople:
    def test_a_changed_name_is_known_in_old_inputs_too(self, client: TestClient) -> None:
        inputs = given_a_plan(client)
        put(client, inputs)
        renamed = [{**row, "name": "Bea Lee"} if row["id"] == "b" else row for row in BODY["reps"]]

        key = put(client, inputs, {**BODY, "reps": renamed}).json()["hash"]

        assert client.get(f"{inputs}/{key}").json()["reps"][1]["name"] == "Bea Lee"

    def test_plans_do_not_share_them(self, client: TestClient) -> None:
        one, other = given_a_plan(client), given_a_plan(client)
        put(client, one)

        put(
            client, other, {**BODY, "reps": [{"id": "b", "unit": "west"}, {"id": "a", "min": 10.5}]}
        )

        assert "name" not in client.get(other).json()["reps"][0]
        assert client.get(one).json()["reps"][0]["name"] == "Ann"

    def test_erasing_one_leaves_every_hash_valid(
        self, client: TestClient, database: Database
    ) -> None:
        inputs = given_a_plan(client)
        key = put(client, inputs).json()["hash"]

        with database.sessions.begin() as session:
            assert forget_person(session, DEFAULT_WORKSPACE, "b") == 1
            assert forget_person(session, DEFAULT_WORKSPACE, "boss") == 1

        with database.reading.begin() as session:
            assert load_snapshot(session, DEFAULT_WORKSPACE, key).hash == key
        document = client.get(f"{inputs}/{key}").json()
        assert document["reps"][1] == {"id": "b", "unit": "west"}
        assert document["units"] == [{"id": "west"}]

    def test_go_with_their_plan(self, client: TestClient, database: Database) -> None:
        inputs = given_a_plan(client)
        put(client, inputs)

        client.delete(inputs.removesuffix("/inputs"))

        with database.reading.begin() as session:
            assert session.scalar(sa.select(sa.func.count()).select_from(PersonalData)) == 0

    def test_texts_that_postgresql_cannot_store_are_told(self, client: TestClient) -> None:
        reps = [{"id": "a", "name": "A\x00", "attributes": {"note": "x\x00y"}}]

        response = put(client, given_a_plan(client), {"target": 1, "reps": reps})

        assert [fault["pointer"] for fault in response.json()["errors"]] == ["/reps/0/name"]

    def test_attributes_come_back_as_they_came(self, client: TestClient) -> None:
        attributes = {"a": [1, 2.5, None, {"深": "x\x00y"}], "b": True, "": ""}
        inputs = given_a_plan(client)

        put(client, inputs, {"target": 1, "reps": [{"id": "a", "attributes": attributes}]})

        assert client.get(inputs).json()["reps"][0]["attributes"] == attributes


class TestDamage:
    def test_a_changed_snapshot_is_not_believed(
        self, client: TestClient, database: Database
    ) -> None:
        inputs = given_a_plan(client)
        put(client, inputs)

        with database.sessions.begin() as session:
            session.execute(sa.update(InputsSnapshot).values(content=b"nonsense"))

        with TestClient(client.app, client.base_url, raise_server_exceptions=False) as careful:  # type: ignore[arg-type]
            response = careful.get(inputs)
        assert response.status_code == SnapshotDamaged.status
        assert response.json()["type"] == "/problems/snapshot-damaged"
