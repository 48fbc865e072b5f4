"""Calls that outlast a second: told where to look, followed, cancelled; each on both databases."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service.kit.access import ALLOWED, Needs, Permission
from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE, Workspace
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.errors import DatabaseUnavailable
from service.kit.ids import new_id
from service.kit.roles import Role
from service.kit.settings import Settings
from service.operations.domain import MOST_FOLLOW
from service.operations.outlasting import MayOutlast
from service.operations.run import Run
from service.operations.tables import Operation
from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.apps import serving
from tests.service.callers import Callers
from tests.service.operations.following import AT_ONCE, begun, done, events, settle
from tests.service.operations.long_solves import Gate, long_solves


@pytest.fixture
def gate() -> Iterator[Gate]:
    with long_solves() as gate:
        yield gate


def versions(client: TestClient, plan: str) -> list[Any]:
    items: list[Any] = client.get(f"{plan}/versions").json()["items"]
    return items


class TestACallThatIsDoneInTime:
    def test_is_answered_as_ever_and_leaves_no_operation(self, client: TestClient) -> None:
        a_version(client, a_plan(client))

        assert client.get("/v1/operations").json()["items"] == []

    def test_may_be_waited_for(self, client: TestClient) -> None:
        path = f"{a_plan(client)}/versions"

        answer = client.post(path, json={}, headers={"Prefer": "wait=600, respond-async"})

        assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize("call", ["allocations", "allocations/check"])
    def test_may_be_an_operation_though_it_stores_nothing(
        self, client: TestClient, call: str
    ) -> None:
        answered = client.post(f"/v1/{call}", json=four_reps())

        told = done(client, begun(client, f"/v1/{call}", four_reps()))

        assert (told["status"], told["result"], told["stored"]) == (200, answered.json(), None)


class TestACallThatOutlastsItsAnswer:
    def test_is_told_where_to_look(self, client: TestClient, gate: Gate) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/versions", json={}, headers=AT_ONCE)

        assert answer.status_code == 202, answer.text
        said = answer.json()
        assert answer.headers["location"] == f"/v1/operations/{said['id']}"
        assert answer.headers["preference-applied"] == "respond-async"
        assert answer.headers["retry-after"] == "1"
        assert said["kind"] == "solve_version"
        assert said["request"] == f"POST {plan}/versions"
        assert (said["done"], said["result"], said["stored"]) == (False, None, None)
        assert said["progress"] == {
            "total": 1,
            "finished": 0,
            "failed": 0,
            "stage": None,
            "steps": 0,
            "per_second": None,
        }
        assert versions(client, plan) == []
        gate.opened.set()

    def test_has_the_answer_of_the_call_in_the_end(self, client: TestClient) -> None:
        plan = a_plan(client)

        told = done(client, begun(client, f"{plan}/versions", {"note": "the first"}))

        version = client.get(f"{plan}/versions/1")
        assert told["result"] == version.json() | {"left_behind": []}
        assert told["result"]["note"] == "the first"
        assert (told["status"], told["problem"]) == (201, None)
        assert told["location"] == f"{plan}/versions/1"
        assert told["etag"] == version.headers["etag"]
        subject = f"{plan.removeprefix('/v1/plans/')}/versions/1"
        assert told["stored"] == {"action": "version.solve", "subject": subject}
        assert (told["progress"]["finished"], told["progress"]["failed"]) == (1, 0)
        assert told["ended"] >= told["started"]
        submitted = client.post(f"{told['location']}/submit", headers={"If-Match": told["etag"]})
        assert submitted.status_code == 200, submitted.text

    def test_has_its_problem_in_the_end_where_it_cannot_be_done(self, client: TestClient) -> None:
        body = {"policy": {"groups": [{"id": "g", "reps": ["ann"], "min": 400}]}}
        plan = a_plan(client)
        refused = client.post(f"{plan}/versions", json=body).json()

        told = done(client, begun(client, f"{plan}/versions", body))

        assert told["status"] == 422
        assert told["problem"] == refused | {"request_id": told["problem"]["request_id"]}
        assert told["problem"]["type"] == "/problems/infeasible"
        assert (told["result"], told["stored"], told["cancelled"]) == (None, None, False)
        assert (told["progress"]["finished"], told["progress"]["failed"]) == (1, 1)
        assert versions(client, plan) == []

    def test_is_counted_as_it_was_answered(self, client: TestClient, app: FastAPI) -> None:
        def solves(status: int) -> float:
            route = 'handler="/v1/plans/{plan_id}/versions",method="POST"'
            counter = f'http_requests_total{{{route},status="{status}"}} '
            lines = client.get("/metrics").text.splitlines()
            return sum(float(line.split()[-1]) for line in lines if line.startswith(counter))

        accepted, answered = solves(202), solves(201)

        done(client, begun(client, f"{a_plan(client)}/versions"))
        settle(client, app)

        assert (solves(202), solves(201)) == (accepted + 1, answered)

    def test_says_how_far_it_is(self, client: TestClient, gate: Gate, app: FastAPI) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        _look_after(client, app)

        progress = client.get(operation).json()["progress"]

        gate.opened.set()
        assert (progress["stage"], progress["steps"]) == ("even spread", 7)

    def test_is_the_same_operation_for_the_same_key(self, client: TestClient) -> None:
        plan = a_plan(client)
        keyed = AT_ONCE | {"Idempotency-Key": "k-1"}

        first, again = (client.post(f"{plan}/versions", json={}, headers=keyed) for _ in range(2))

        assert (first.status_code, again.status_code) == (202, 202)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["location"] == first.headers["location"]
        done(client, first.headers["location"])
        assert len(versions(client, plan)) == 1

    def test_tells_of_an_unexpected_error(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        plan = a_plan(client)
        monkeypatch.setattr("service.allocations.versions.usecases.solving.solve_measures", fail)

        told = done(client, begun(client, f"{plan}/versions"))

        assert (told["status"], told["problem"]["type"]) == (500, "/problems/app-error")

    def test_goes_on_where_its_caller_hangs_up(self, client: TestClient, gate: Gate) -> None:
        """The connection of the 202 is closed before the solve is done."""
        plan = a_plan(client)
        operation = begun(client, f"{plan}/versions", Connection="close")
        gate.reached.wait()

        gate.opened.set()

        assert done(client, operation)["status"] == 201


def test_patience_ends_after_the_time_that_the_server_is_set_to(
    database_url: str, gate: Gate
) -> None:
    with (
        serving(Settings(database_url=database_url, answer_within=0.05)) as app,
        TestClient(app, base_url="http://127.0.0.1") as client,
    ):
        answer = client.post(f"{a_plan(client)}/versions", json={})
        gate.opened.set()

        assert answer.status_code == 202, answer.text
        assert "preference-applied" not in answer.headers
        assert done(client, answer.headers["location"])["status"] == 201


class TestCancelling:
    def test_ends_a_solve_that_is_under_way(
        self, client: TestClient, app: FastAPI, gate: Gate, database: Database
    ) -> None:
        plan = a_plan(client)
        operation = begun(client, f"{plan}/versions")
        gate.reached.wait()

        asked = client.post(f"{operation}/cancel")

        assert asked.status_code == 200, asked.text
        told = asked.json()
        assert (told["done"], told["cancelled"]) == (True, True)
        assert (told["status"], told["problem"]) == (None, None)
        settle(client, app)
        assert client.get(operation).json() == told
        assert versions(client, plan) == []
        assert client.post(f"{operation}/cancel").json() == told
        query = sa.select(AuditEntry.subject).filter_by(action="operation.cancel")
        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            assert session.scalars(query).all() == [told["id"]]

    def test_stores_nothing_even_where_the_solve_is_done_by_then(
        self, client: TestClient, app: FastAPI, gate: Gate
    ) -> None:
        plan = a_plan(client)
        operation = begun(client, f"{plan}/versions")
        gate.reached.wait()
        client.post(f"{operation}/cancel")
        gate.opened.set()
        settle(client, app)

        assert client.get(operation).json()["cancelled"] is True
        assert versions(client, plan) == []

    def test_is_refused_where_something_is_stored(self, client: TestClient) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        told = done(client, operation)

        refused = client.post(f"{operation}/cancel")

        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/operation-is-done"
        assert told["stored"]["subject"] in refused.json()["detail"]
        assert client.get(operation).json() == told


class TestWhoSeesOperations:
    def test_whoever_may_be_told_of_one_does(self, app: FastAPI) -> None:
        told: set[Role] = set()
        for context in iter_route_contexts(app.routes):
            asked = [*_calls(getattr(context, "dependant", Dependant()))]
            if any(isinstance(own, MayOutlast) for own in asked):
                (needed,) = (own.permission for own in asked if isinstance(own, Needs))
                told |= ALLOWED[needed]

        assert told == ALLOWED[Permission.FOLLOW_OPERATIONS]

    def test_their_callers_and_administrators_do(self, callers: Callers) -> None:
        planner, other, admin = callers("planner"), callers("planner"), callers("admin")
        operation = begun(planner, f"{a_plan(planner)}/versions")
        done(planner, operation)

        assert admin.get(operation).json() == planner.get(operation).json()
        for path in (operation, f"{operation}/events"):
            unseen = other.get(path)
            assert (unseen.status_code, unseen.json()["type"]) == (
                404,
                "/problems/operation-not-found",
            )
        assert other.post(f"{operation}/cancel").status_code == 404
        assert other.get("/v1/operations").json()["items"] == []
        assert len(admin.get("/v1/operations").json()["items"]) == 1

    def test_another_key_of_the_same_person_does(self, callers: Callers) -> None:
        first, second = (callers("planner", person="ann@example.com") for _ in range(2))
        operation = begun(first, f"{a_plan(first)}/versions")

        assert done(second, operation)["status"] == 201

    def test_no_other_workspace_does(self, callers: Callers, database: Database) -> None:
        with database.sessions.begin() as session:
            session.add(Workspace(id="wsp_other", name="Other", created_at=utc_now()))
        planner, stranger = callers("planner"), callers("admin", workspace_id="wsp_other")
        operation = begun(planner, f"{a_plan(planner)}/versions")
        done(planner, operation)

        assert stranger.get(operation).status_code == 404
        assert stranger.get("/v1/operations").json()["items"] == []

    def test_the_newest_comes_first_and_what_is_done_can_be_left_out(
        self, client: TestClient, gate: Gate
    ) -> None:
        plan = a_plan(client)
        first = begun(client, f"{plan}/versions")
        gate.opened.set()
        done(client, first)
        gate.opened.clear()
        second = begun(client, f"{plan}/versions")

        def listed(**params: Any) -> list[str]:
            items = client.get("/v1/operations", params=params).json()["items"]
            return [f"/v1/operations/{own['id']}" for own in items]

        try:
            assert listed() == [second, first]
            assert listed(done=True) == [first]
            assert listed(done=False) == [second]
        finally:
            gate.opened.set()


class TestEvents:
    def test_tell_of_every_change_and_come_to_an_end(self, client: TestClient) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        told = done(client, operation)

        kinds = [kind for kind, _ in events(client, operation)]
        last = events(client, operation)[-1][1]

        assert kinds == ["done"]
        assert last == {name: value for name, value in told.items() if name != "result"}

    def test_begin_with_how_it_stands(self, client: TestClient, gate: Gate, app: FastAPI) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        gate.reached.wait()
        app.state.runs.following = _opening(gate, app.state.runs.following)

        said = events(client, operation)

        assert said[0][0] == "progress"
        assert said[-1][0] == "done"

    def test_of_nothing_are_no_stream(self, client: TestClient) -> None:
        unknown = client.get(f"/v1/operations/{new_id('op')}/events")

        assert unknown.status_code == 404
        assert unknown.headers["content-type"] == "application/problem+json"

    def test_are_told_to_so_many_callers_at_once(self, client: TestClient, app: FastAPI) -> None:
        operation = begun(client, f"{a_plan(client)}/versions")
        done(client, operation)
        app.state.runs._following = MOST_FOLLOW

        refused = client.get(f"{operation}/events")

        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


class TestADatabaseThatTakesNoOperation:
    def test_has_the_call_answered_however_long_it_takes(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise DatabaseUnavailable("The database has no room left.")

        plan = a_plan(client)
        monkeypatch.setattr(Run, "become", refuse)

        answer = client.post(f"{plan}/versions", json={}, headers=AT_ONCE)

        assert answer.status_code == 201, answer.text
        assert client.get("/v1/operations").json()["items"] == []

    @pytest.mark.parametrize("committed", [True, False])
    def test_has_it_done_if_and_only_if_the_operation_is_there(
        self,
        client: TestClient,
        app: FastAPI,
        gate: Gate,
        monkeypatch: pytest.MonkeyPatch,
        *,
        committed: bool,
    ) -> None:
        """The connection is lost at the commit, and nobody knows whether it came to that."""
        commit = Session.commit

        def lose(session: Session) -> None:
            if committed:
                commit(session)
            raise DatabaseUnavailable("The connection to the database was lost.")

        plan = a_plan(client)
        with monkeypatch.context() as losing:
            losing.setattr(Session, "commit", lose)
            answer = client.post(f"{plan}/versions", json={}, headers=AT_ONCE)
        gate.opened.set()
        settle(client, app)

        assert (answer.status_code, answer.json()["type"]) == (
            503,
            "/problems/database-unavailable",
        )
        statuses = [own["status"] for own in client.get("/v1/operations").json()["items"]]
        assert statuses == [201] * committed
        assert len(versions(client, plan)) == committed


def test_who_is_erased_is_in_no_result(client: TestClient, database: Database) -> None:
    operation = begun(client, f"{a_plan(client)}/versions")
    assert done(client, operation)["result"] is not None

    client.delete("/v1/people/ann")

    assert client.get(operation).json()["result"] is None
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        row = session.scalars(sa.select(Operation)).one()
        assert (row.caller, row.headers, row.body, row.result) == (None, None, None, None)


def test_somebody_is_erased_while_an_operation_is_under_way(
    client: TestClient, app: FastAPI, gate: Gate, database: Database
) -> None:
    """What it was sent and what it has read may name them."""
    plan = a_plan(client)
    operation = begun(client, f"{plan}/versions", {"note": "as Ann Lee wanted"})
    gate.reached.wait()

    assert client.delete("/v1/people/ann").status_code == 200
    gate.opened.set()
    settle(client, app)

    told = client.get(operation).json()
    assert told["problem"]["type"] == "/problems/ended-by-erasure"
    assert (told["status"], told["result"], told["stored"]) == (409, None, None)
    assert versions(client, plan) == []
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        row = session.scalars(sa.select(Operation)).one()
        assert (row.caller, row.headers, row.body) == (None, None, None)


def _calls(dependant: Dependant) -> Iterator[Any]:
    for own in dependant.dependencies:
        yield own.call
        yield from _calls(own)


def _look_after(client: TestClient, app: FastAPI) -> None:
    from service.operations.carrying import Carrier

    assert client.portal is not None
    client.portal.call(Carrier(app).look_after)


def _opening(gate: Gate, following: Any) -> Any:
    """Lets the solve go on once somebody listens."""

    def opened() -> Any:
        gate.opened.set()
        return following()

    return opened
