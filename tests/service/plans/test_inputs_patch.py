"""A CRM's nightly sync: some rows of the inputs of a plan over HTTP."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import nullcontext
from itertools import islice
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.kit.queues import Queues
from service.kit.settings import Settings
from service.plans import inputs as usecases
from service.roster.domain import Inputs, patched_inputs
from service.roster.tables import InputsSnapshot
from service.roster.usecases import forget_person
from tests.service.apps import serving
from tests.service.callers import Callers
from tests.service.conftest import LOOPBACK
from tests.service.steps import at_once

YEAR = {"start": "2027-01-01", "end": "2027-12-31"}
BODY: dict[str, Any] = {
    "target": 1000,
    "reps": [{"id": f"r{k}", "name": f"Rep {k}", "attributes": {"a": k}} for k in range(8)],
}


NOBODY = [False] * 2
"""The last two are not patched."""


@pytest.fixture
def inputs(client: TestClient) -> str:
    return put_inputs(client)


def put_inputs(client: TestClient) -> str:
    plan = client.post("/v1/plans", json={"name": "FY27", "period": YEAR}).json()
    path = f"/v1/plans/{plan['id']}/inputs"
    client.put(path, json=BODY).raise_for_status()
    return path


def patch(client: TestClient, inputs: str, body: Any, **headers: str) -> Response:
    response: Response = client.patch(inputs, json=body, headers=headers)
    return response


def test_answers_the_whole_that_it_makes(client: TestClient, inputs: str) -> None:
    before = client.get(inputs)

    response = patch(client, inputs, {"reps": [{"id": "r1", "max": 300}]})

    stored, after = response.json(), client.get(inputs)
    assert response.status_code == 200
    assert stored["counts"] == {"units": 0, "reps": 8, "territories": 0, "history": 0}
    assert response.headers["etag"] == after.headers["etag"] == f'"{stored["hash"]}"'
    assert after.json()["reps"][1] == BODY["reps"][1] | {"max": 300}
    old = before.headers["etag"].strip('"')
    assert client.get(f"{inputs}/{old}").json() == before.json()


def test_the_same_again_is_the_same_snapshot(
    client: TestClient, inputs: str, database: Database
) -> None:
    body = {"reps": [{"id": "new", "hired": "2027-03-01"}], "target": "1200.50"}
    first = patch(client, inputs, body)

    assert patch(client, inputs, body).json() == first.json()
    with database.reading.begin() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(InputsSnapshot)) == 2


def test_is_refused_whole_with_every_fault(client: TestClient, inputs: str) -> None:
    before = client.get(inputs)
    body = {
        "target": 2000,
        "reps": [{"id": "r1", "name": "Ann"}, {"id": "r2", "unit": "x", "max": True}],
        "history": None,
        "units": [{"id": "u", "colour": "red"}],
        "remove": {"reps": ["zoe", 5]},
    }

    response = patch(client, inputs, body)

    assert response.status_code == 422
    assert {fault["pointer"] for fault in response.json()["errors"]} == {
        "/reps/1/unit", "/reps/1/max", "/history", "/units/0/colour", "/remove/reps/0",
        "/remove/reps/1",
    }  # fmt: skip
    after = client.get(inputs)
    assert (after.json(), after.headers["etag"]) == (before.json(), before.headers["etag"])


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"remove": None},
        {"remove": {"reps": None}},
        {"remove": []},
        {"remove": {"history": [{}], "targets": [{"period": "never"}], "measures": ["x"]}},
        {"reps": [None, 5, {"id": None}, {}], "targets": [{"unit": 5}]},
        {"units": {"a": 1}, "target": []},
        {"measures": [{"id": "volume"}]},
        {"target": None},
        {"targets": [{"amount": 5, "unit": "x", "period": "2027-13"}], "target": 5},
    ],
)
def test_odd_bodies_are_told_what_is_wrong(client: TestClient, inputs: str, body: Any) -> None:
    response = patch(client, inputs, body)

    assert response.status_code == 422
    assert response.json()["errors"]


def test_refuses_to_change_what_somebody_else_has_changed(client: TestClient, inputs: str) -> None:
    etag = client.get(inputs).headers["etag"]
    first = patch(client, inputs, {"target": 2}, **{"If-Match": etag})

    assert first.status_code == 200
    assert patch(client, inputs, {"target": 3}, **{"If-Match": etag}).status_code == 412
    assert client.get(inputs).json()["target"] == 2


def test_needs_something_to_change(client: TestClient) -> None:
    plan = client.post("/v1/plans", json={"name": "FY27", "period": YEAR}).json()["id"]

    response = patch(client, f"/v1/plans/{plan}/inputs", BODY)

    assert (response.status_code, response.json()["type"]) == (409, "/problems/inputs-missing")
    missing = patch(client, "/v1/plans/plan_01kaz3q8f2m7x0c5d6e7f8g9ha/inputs", {})
    assert missing.status_code == 404


def test_the_trail_tells_who_patched(client: TestClient, inputs: str) -> None:
    before, after = (
        response.headers["etag"].strip('"')
        for response in (client.get(inputs), patch(client, inputs, {"target": 7}))
    )

    entry = client.get("/v1/audit").json()["items"][0]

    assert entry["action"] == "inputs.patch"
    assert (entry["before"], entry["after"]) == (before, after)


def test_is_for_those_who_may_write_inputs(callers: Callers) -> None:
    planner = callers("planner")
    plan = planner.post("/v1/plans", json={"name": "FY27", "period": YEAR}).json()["id"]
    path = f"/v1/plans/{plan}/inputs"
    planner.put(path, json=BODY)

    codes = {
        role: patch(callers(role), path, {"target": 5}).status_code
        for role in ("integration", "manager", "hr", "auditor")
    }

    assert codes == {"integration": 200, "manager": 403, "hr": 403, "auditor": 403}


class TestAtOnce:
    def test_eight_patches_of_eight_reps_all_hold(self, client: TestClient, inputs: str) -> None:
        bodies = [{"reps": [{"id": f"r{k}", "max": 500 + k}]} for k in range(8)]

        answers = at_once(lambda body: patch(client, inputs, body), bodies)

        assert [each.status_code for each in answers] == [200] * 8
        reps = client.get(inputs).json()["reps"]
        assert [row["max"] for row in reps] == [500 + k for k in range(8)]

    def test_of_eight_who_have_read_the_same_one_patches(
        self, client: TestClient, inputs: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Queues, "turn", lambda *_: nullcontext())
        etag = client.get(inputs).headers["etag"]
        bodies = [{"reps": [{"id": f"r{k}", "max": 500 + k}]} for k in range(8)]

        answers = at_once(lambda body: patch(client, inputs, body, **{"If-Match": etag}), bodies)

        assert sorted(each.status_code for each in answers) == [200] + [412] * 7
        assert sum("max" in row for row in client.get(inputs).json()["reps"]) == 1

    def test_so_do_those_of_processes_that_share_no_queue(
        self, client: TestClient, inputs: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Queues, "turn", lambda *_: nullcontext())
        bodies = [{"reps": [{"id": "r1", "attributes": {f"b{k}": k}}]} for k in range(8)]

        answers = at_once(lambda body: patch(client, inputs, body), bodies)

        assert [each.status_code for each in answers] == [200] * 8
        kept = client.get(inputs).json()["reps"][1]["attributes"]
        assert kept == {"a": 1} | {f"b{k}": k for k in range(8)}

    def test_more_than_may_wait_are_told_to_come_again(self, database_url: str) -> None:
        few = Settings(database_url=database_url, waiting_calls=2)
        bodies = [{"reps": [{"id": f"r{k}", "max": 500}]} for k in range(6)]
        with serving(few) as app, TestClient(app, base_url=LOOPBACK) as client:
            path = put_inputs(client)
            queue = f"{DEFAULT_WORKSPACE}/{path.removeprefix('/v1/plans/')}"
            with ThreadPoolExecutor(6) as pool:
                with app.state.queues.turn(queue):  # somebody is at it
                    sent = [pool.submit(patch, client, path, body) for body in bodies]
                    refused = [own.result() for own in islice(as_completed(sent), 4)]
                answers = [own.result() for own in sent]
            reps = client.get(path).json()["reps"]

        assert {each.status_code for each in refused} == {503}
        assert refused[0].json()["type"] == "/problems/queue-too-long"
        assert refused[0].headers["retry-after"] == "5"
        done = [each.status_code for each in answers]
        assert sorted(done) == [200] * 2 + [503] * 4
        assert [row.get("max") == 500 for row in reps] == [code == 200 for code in done] + NOBODY

    def test_so_is_who_has_waited_too_long(self, database_url: str) -> None:
        soon = Settings(database_url=database_url, waiting_seconds=0.01)
        with serving(soon) as app, TestClient(app, base_url=LOOPBACK) as client:
            path = put_inputs(client)
            with app.state.queues.turn(f"{DEFAULT_WORKSPACE}/{path.removeprefix('/v1/plans/')}"):
                assert patch(client, path, {"target": 1}).status_code == 503
            assert patch(client, path, {"target": 1}).status_code == 200

    def test_a_name_that_is_erased_meanwhile_stays_erased(
        self,
        client: TestClient,
        inputs: str,
        database: Database,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        read = list[Inputs]()

        def slowly(before: Inputs, *args: Any, **kwargs: Any) -> Inputs:
            if not read:
                with database.sessions.begin() as session:
                    forget_person(session, DEFAULT_WORKSPACE, "r1")
            read.append(before)
            return patched_inputs(before, *args, **kwargs)

        monkeypatch.setattr(usecases, "patched_inputs", slowly)

        assert patch(client, inputs, {"reps": [{"id": "r1", "max": 5}]}).status_code == 200
        assert len(read) == 2
        assert client.get(inputs).json()["reps"][1] == {"id": "r1", "max": 5}
