"""A version that is submitted as it is stored, and one that wants to know what is published."""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.access import ALLOWED, Permission
from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.callers import Callers
from tests.service.negotiations.levels.teams import a_draft, freeze
from tests.service.operations.following import begun, done
from tests.service.operations.long_solves import long_solves

SUBMITTED = {"then": "submit", "note": "as agreed"}


def refused(answer: Response, status: int, kind: str) -> str:
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    detail: str = answer.json()["detail"]
    return detail


def numbers(client: TestClient, plan: str) -> list[int]:
    return [own["number"] for own in client.get(f"{plan}/versions").json()["items"]]


class TestSubmittedAtOnce:
    def test_is_solved_and_submitted_in_one_step(self, client: TestClient) -> None:
        plan = a_plan(client)

        version = a_version(client, plan, **SUBMITTED, deadline="2999-01-31T18:00:00Z")

        assert (version["number"], version["status"]) == (1, "submitted")
        assert version["deadline"] == "2999-01-31T18:00:00Z"
        history = client.get(f"{plan}/versions/1/history").json()["items"]
        assert [(own["action"], own["reason"]) for own in history] == [
            ("version.solve", "as agreed"),
            ("version.submit", "as agreed"),
        ]
        step = {"If-Match": '"1-submitted"'}
        assert client.post(f"{plan}/versions/1/approve", headers=step).status_code == 200

    def test_is_not_stored_where_it_cannot_be_submitted(self, client: TestClient) -> None:
        draft = a_draft(client)
        freeze(client, draft, "east")
        plan = draft.rpartition("/versions/")[0]

        answer = client.post(f"{plan}/versions", json=SUBMITTED)

        assert "east" in refused(answer, 409, "version-unfinished")
        assert numbers(client, plan) == [1]

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (SUBMITTED | {"deadline": "2020-01-31T18:00:00Z"}, "must be later than now"),
            ({"deadline": "2999-01-31T18:00:00Z"}, "is of what is submitted"),
        ],
    )
    def test_a_deadline_is_in_the_future_and_of_what_is_submitted(
        self, client: TestClient, body: dict[str, Any], reason: str
    ) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/versions", json=body)

        assert f"/deadline: {reason}" in refused(answer, 422, "invalid-input")
        assert numbers(client, plan) == []

    def test_who_may_not_submit_is_refused(
        self, callers: Callers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        planner = callers("planner")
        plan = a_plan(planner)
        monkeypatch.setitem(ALLOWED, Permission.SUBMIT, frozenset())

        assert "submit versions" in refused(
            planner.post(f"{plan}/versions", json=SUBMITTED), 403, "not-permitted"
        )
        assert a_version(planner, plan)["status"] == "draft"


class TestWhatIsPublished:
    def test_is_as_the_caller_knows_it_or_nothing_is_stored(self, client: TestClient) -> None:
        plan = a_plan(client)
        assert a_version(client, plan, published=0)["number"] == 1
        publish(client, f"{plan}/versions/1")

        answer = client.post(f"{plan}/versions", json={"published": 0})

        assert "version 1 is published" in refused(answer, 412, "precondition-failed")
        assert answer.json()["published"] == 1
        assert numbers(client, plan) == [1]
        assert a_version(client, plan, published=1)["number"] == 2

    def test_is_looked_at_again_when_the_version_is_stored(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        with long_solves() as gate:
            operation = begun(client, f"{plan}/versions", {"published": 0})
            gate.reached.wait()
            publish(client, f"{plan}/versions/1")
        told = done(client, operation)

        assert (told["status"], told["problem"]["published"]) == (412, 1)
        assert numbers(client, plan) == [1]
