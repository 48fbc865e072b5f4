"""A version's way from a draft to the binding one: who may take which step, and who took it."""

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.auth import DEFAULT_WORKSPACE, Role
from service.kit.db import Database
from service.kit.outbox import waiting
from service.kit.settings import Settings
from service.plans.domain import (
    Action,
    TransitionNotAllowed,
    VersionStatus,
    advance,
    is_overdue,
    possible_actions,
)
from tests.service.allocations.plans import a_plan, a_version
from tests.service.apps import serving
from tests.service.conftest import LOOPBACK
from tests.service.desk import MONDAY, TUESDAY, Desk
from tests.service.steps import at_once, publish, take

ANY = {"If-Match": "*"}

ALLOWED = {
    ("draft", "submit"): "submitted",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "draft",
    ("submitted", "withdraw"): "draft",
    ("approved", "reject"): "draft",
    ("approved", "withdraw"): "draft",
    ("approved", "publish"): "published",
    ("published", "supersede"): "superseded",
}


@pytest.fixture
def desk(app: FastAPI, client: TestClient) -> Desk:
    return Desk(app, client)


@pytest.fixture
def version(client: TestClient) -> str:
    """The path of a solved draft."""
    plan = a_plan(client)
    a_version(client, plan, note="first proposal")
    return f"{plan}/versions/1"


class TestStates:
    @pytest.mark.parametrize(
        ("status", "action"), list(itertools.product(VersionStatus, Action)), ids=str
    )
    def test_every_action_is_allowed_in_its_states_and_in_no_other(
        self, status: VersionStatus, action: Action
    ) -> None:
        if after := ALLOWED.get((status, action)):
            assert advance(status, action) == after
        else:
            with pytest.raises(TransitionNotAllowed) as refusal:
                advance(status, action)
            assert refusal.value.context["possible"] == possible_actions(status)

    def test_nobody_can_ask_for_what_publishing_does_to_the_version_before(self) -> None:
        assert possible_actions(VersionStatus.PUBLISHED) == []

    def test_a_version_is_overdue_while_it_waits_beyond_its_deadline(self) -> None:
        assert is_overdue(VersionStatus.SUBMITTED, MONDAY, TUESDAY)
        assert not is_overdue(VersionStatus.SUBMITTED, TUESDAY, MONDAY)
        assert not is_overdue(VersionStatus.SUBMITTED, None, TUESDAY)
        assert not is_overdue(VersionStatus.APPROVED, MONDAY, TUESDAY)


class TestSteps:
    def test_each_needs_the_state_that_the_caller_has_seen(
        self, client: TestClient, version: str
    ) -> None:
        body = {"reason": "no"}
        for step in ("submit", "approve", "reject", "withdraw", "publish"):
            sent = body if step == "reject" else {}
            assert client.post(f"{version}/{step}", json=sent).status_code == 428
            stale = {"If-Match": '"1-superseded"'}
            assert client.post(f"{version}/{step}", json=sent, headers=stale).status_code == 412

    def test_each_needs_no_body(self, client: TestClient, version: str) -> None:
        for step in ("submit", "withdraw", "submit", "approve", "publish"):
            assert client.post(f"{version}/{step}", headers=ANY).status_code == 200

    def test_a_refusal_says_what_is_possible_instead(
        self, client: TestClient, version: str
    ) -> None:
        draft = take(client, version, "publish")
        take(client, version, "submit")
        submitted = take(client, version, "publish")

        assert draft.status_code == submitted.status_code == 409
        assert draft.json()["type"] == "/problems/transition-not-allowed"
        assert draft.json()["detail"] == ("Cannot publish a draft version. Possible now: submit.")
        assert (draft.json()["version_status"], draft.json()["possible"]) == ("draft", ["submit"])
        assert submitted.json()["possible"] == ["approve", "reject", "withdraw"]

    def test_a_published_version_stays_as_it_is(self, client: TestClient, version: str) -> None:
        publish(client, version)

        refused = take(client, version, "withdraw")

        assert refused.status_code == 409
        assert refused.json()["detail"] == (
            "Cannot withdraw a published version. It stays as it is."
        )

    @pytest.mark.parametrize("reason", [None, "", "   "])
    def test_whoever_rejects_says_why(
        self, client: TestClient, version: str, reason: str | None
    ) -> None:
        take(client, version, "submit")
        body = {} if reason is None else {"reason": reason}

        refused = client.post(f"{version}/reject", json=body, headers=ANY)

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/reason"

    @pytest.mark.parametrize("back", ["reject", "withdraw"])
    @pytest.mark.parametrize("state", ["submitted", "approved"])
    def test_what_comes_back_is_a_draft_without_traces_of_the_round_before(
        self, client: TestClient, version: str, back: str, state: str
    ) -> None:
        first = client.get(version)
        take(client, version, "submit", deadline="2999-01-01T00:00:00Z")
        seen = client.get(version).headers["etag"]
        if state == "approved":
            take(client, version, "approve")
        body = {"reason": "West is missing"} if back == "reject" else {}

        answer = take(client, version, back, **body)

        assert answer.json() == first.json()
        assert answer.headers["etag"] != first.headers["etag"]
        take(client, version, "submit")
        again = client.post(f"{version}/approve", headers={"If-Match": seen})
        assert again.status_code == 412  # what was seen is another round

    def test_of_two_decisions_at_once_one_wins(self, client: TestClient, version: str) -> None:
        seen = {"If-Match": take(client, version, "submit").headers["etag"]}
        bodies: dict[str, Any] = {"approve": {}, "reject": {"reason": "no"}, "withdraw": {}}

        answers = at_once(
            lambda step: client.post(f"{version}/{step}", json=bodies[step], headers=seen), bodies
        )

        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        history = client.get(f"{version}/history").json()["items"]
        assert len(history) == 3  # solved, submitted, and one decision


class TestDeadlines:
    def test_a_decision_is_overdue_by_the_clock_alone(self, desk: Desk, version: str) -> None:
        take(desk.client, version, "submit", deadline="2026-11-23T19:00:00+08:00")
        in_time = desk.client.get(version).json()
        desk.now = TUESDAY
        late = desk.client.get(version).json()
        listed = desk.client.get(version.rpartition("/")[0]).json()["items"]

        assert in_time["deadline"] == late["deadline"] == "2026-11-23T11:00:00Z"
        assert (in_time["overdue"], late["overdue"], listed[0]["overdue"]) == (False, True, True)
        assert not take(desk.client, version, "approve").json()["overdue"]

    @pytest.mark.parametrize(
        "deadline",
        [
            "2026-11-23T09:00:00Z",
            "2026-11-23T10:00:00",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            "soon",
            5,
        ],
    )
    def test_a_deadline_is_a_moment_to_come(
        self, desk: Desk, version: str, deadline: object
    ) -> None:
        refused = take(desk.client, version, "submit", deadline=deadline)

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/deadline"
        assert desk.client.get(version).json()["status"] == "draft"


class TestFourEyes:
    @pytest.fixture
    def app(self, database_url: str) -> Iterator[FastAPI]:
        with serving(Settings(database_url=database_url, four_eyes=True)) as app:
            yield app

    @pytest.fixture
    def client(self, app: FastAPI) -> Iterator[TestClient]:
        with TestClient(app, base_url=LOOPBACK) as client:
            yield client

    def test_nobody_approves_what_they_submitted(self, desk: Desk, version: str) -> None:
        desk.is_used_by("Ada")
        take(desk.client, version, "submit")

        refused = take(desk.client, version, "approve")
        desk.is_used_by("Bob")
        granted = take(desk.client, version, "approve")

        assert (refused.status_code, granted.status_code) == (403, 200)
        assert refused.json()["type"] == "/problems/second-person-needed"

    def test_the_last_round_counts(self, desk: Desk, version: str) -> None:
        for name, step in (("Ada", "submit"), ("Ada", "withdraw"), ("Bob", "submit")):
            desk.is_used_by(name)
            take(desk.client, version, step)

        assert take(desk.client, version, "approve").status_code == 403
        desk.is_used_by("Ada")
        assert take(desk.client, version, "approve").status_code == 200


class TestPermissions:
    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize(
        ("step", "roles"),
        [
            ("submit", {"admin", "planner"}),
            ("withdraw", {"admin", "planner"}),
            ("approve", {"admin"}),
            ("reject", {"admin"}),
            ("publish", {"admin"}),
        ],
    )
    def test_a_step_is_refused_to_other_roles(
        self, desk: Desk, version: str, role: Role, step: str, roles: set[str]
    ) -> None:
        desk.is_used_by("Eve", role)

        answer = take(desk.client, version, step, **({"reason": "no"} if step == "reject" else {}))

        assert (answer.status_code == 403) == (role not in roles)


class TestHistory:
    def test_tells_who_did_what_when_and_why(self, desk: Desk, version: str) -> None:
        desk.is_used_by("Ada", Role.PLANNER)
        take(desk.client, version, "submit", note="please", deadline="2026-11-30T00:00:00Z")
        desk.is_used_by("Bob")
        desk.now = TUESDAY
        take(desk.client, version, "reject", reason="West is missing")
        publish(desk.client, version)

        entries = desk.client.get(f"{version}/history").json()["items"]

        assert [
            (e["action"], e["actor"], e["role"], e["before"], e["after"], e["reason"])
            for e in entries[:3]
        ] == [
            ("version.solve", "local administrator", "admin", None, "draft", "first proposal"),
            ("version.submit", "Ada", "planner", "draft", "submitted", "please"),
            ("version.reject", "Bob", "admin", "submitted", "draft", "West is missing"),
        ]
        assert [entry["after"] for entry in entries[3:]] == ["submitted", "approved", "published"]
        assert [entry["at"] for entry in entries[1:3]] == [
            "2026-11-23T09:00:00Z",
            "2026-11-24T09:00:00Z",
        ]
        assert entries[1]["facts"] == {"deadline": "2026-11-30T00:00:00+00:00"}
        assert {entry["hash"] for entry in entries} == {desk.client.get(version).json()["hash"]}

    def test_comes_in_pages_the_oldest_first(self, client: TestClient, version: str) -> None:
        publish(client, version)

        first = client.get(f"{version}/history?limit=3").json()
        second = client.get(f"{version}/history?cursor={first['next_cursor']}").json()

        actions = [entry["action"] for entry in first["items"] + second["items"]]
        assert actions == [f"version.{a}" for a in ("solve", "submit", "approve", "publish")]
        assert second["next_cursor"] is None
        cursor = first["next_cursor"]
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[6:]
        assert place.startswith(b'"aud_')  # a number would count what others do

    def test_a_superseded_version_says_by_which(self, client: TestClient, version: str) -> None:
        plan = version.rpartition("/versions/")[0]
        publish(client, version)
        a_version(client, plan)
        publish(client, f"{plan}/versions/2", effective="2027-04-01")

        last = client.get(f"{version}/history").json()["items"][-1]

        assert last["action"] == "version.supersede"
        assert last["facts"] == {"by": 2, "effective_to": "2027-03-31"}

    def test_what_is_refused_leaves_no_trace(self, client: TestClient, version: str) -> None:
        take(client, version, "publish")

        assert len(client.get(f"{version}/history").json()["items"]) == 1

    def test_every_step_is_announced(
        self, client: TestClient, database: Database, version: str
    ) -> None:
        take(client, version, "submit")
        take(client, version, "reject", reason="about Ann's leave")
        publish(client, version)

        with database.reading.begin() as session:
            announced = [
                (event.kind, event.payload)
                for event in waiting(session, DEFAULT_WORKSPACE, limit=9)
            ]
        became = ("submitted", "rejected", "submitted", "approved", "published")
        assert [kind for kind, _ in announced] == [f"version.{word}" for word in became]
        assert "Ann" not in str(announced)  # reasons are about people
