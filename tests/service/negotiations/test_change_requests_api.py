"""Change requests over HTTP on a real database: filed, read, answered by who may."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import time_of_request
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from service.negotiations.change_requests.tables import ChangeRequest, ChangeRequestStep
from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.callers import Callers
from tests.service.negotiations.requests import (
    LOST,
    a_published_plan,
    a_request,
    a_submitted_plan,
    answer,
    ask,
)
from tests.service.steps import at_once, publish, take


class TestFile:
    def test_answers_the_request_its_address_and_its_etag(
        self, client: TestClient, app: FastAPI
    ) -> None:
        plan = a_published_plan(client)
        app.dependency_overrides[time_of_request] = lambda: datetime(2026, 12, 1, 9, tzinfo=UTC)

        filed = ask(client, plan, "bob", 104, note="the mill closed")

        assert filed.status_code == 201
        request = filed.json()
        assert filed.headers["location"] == f"{plan}/change-requests/{request['id']}"
        read = client.get(filed.headers["location"])
        assert read.headers["etag"] == filed.headers["etag"]
        assert read.json() == request
        expected = {
            "status": "open",
            "version": 1,
            "rep": "bob",
            "unit": "west",
            "lies_with": "west",
            "quota": 112,
            "proposed": 104,
            "note": "the mill closed",
            "deadline": "2026-12-15",
            "overdue": False,
            "offer": None,
            "granted": None,
            "resources": [],
            "requested_by": "local administrator",
        }
        assert {name: request[name] for name in expected} == expected
        (evidence,) = request["evidence"]
        assert {name: evidence[name] for name in LOST} == LOST
        (step,) = request["steps"]
        assert (step["action"], step["status"], step["side"]) == ("file", "open", "requester")

    def test_tells_every_fault_at_once(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        body = {
            "version": 7,
            "rep": "zoe",
            "proposed": "1.001",
            "evidence": [{"kind": "gossip"}, {"kind": "absence", "amount": 5}],
            "deadline": "2020-01-01",
            "colour": "red",
        }

        refused = client.post(f"{plan}/change-requests", json=body)

        assert refused.status_code == 422
        assert {fault["pointer"] for fault in refused.json()["errors"]} == {
            "/version",
            "/proposed",
            "/evidence/0/kind",
            "/evidence/1/date",
            "/evidence/1/until",
            "/evidence/1/amount",
            "/deadline",
            "/colour",
        }
        assert client.get(f"{plan}/change-requests").json()["items"] == []
        bare = {name: body[name] for name in ("version", "rep", "proposed")}
        told = client.post(f"{plan}/change-requests", json=bare).json()["errors"]
        assert [fault["pointer"] for fault in told].count("/evidence") == 1

    def test_refuses_a_rep_without_a_quota_and_a_quota_beyond_a_limit(
        self, client: TestClient
    ) -> None:
        plan = a_published_plan(client)

        nobody = ask(client, plan, "zoe", 100).json()
        beyond = ask(client, plan, "ann", 106).json()

        assert nobody["detail"] == "/rep: has no quota in version 1"
        assert beyond["detail"] == "/proposed: is above the cap of ann in this version, 105.00"

    @pytest.mark.parametrize("number", [2, 2**31, 2**63, 10**30])
    def test_refuses_a_version_that_there_is_not(self, client: TestClient, number: int) -> None:
        plan = a_published_plan(client)

        refused = ask(client, plan, "bob", 104, version=number)
        counted = client.get(f"{plan}/change-requests/statistics?version={number}")

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/version"
        assert counted.status_code == 404

    def test_refuses_a_draft_and_says_which_version_counts(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        a_version(client, plan)

        refused = ask(client, plan, "bob", 104, version=2)

        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/version-does-not-count"
        assert refused.json()["detail"] == "Version 2 is a draft; version 1 counts now."
        assert refused.json()["version"] == 1

    def test_refuses_a_superseded_version(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        a_version(client, plan)
        publish(client, f"{plan}/versions/2").raise_for_status()

        refused = ask(client, plan, "bob", 104)

        assert refused.status_code == 409
        assert refused.json()["detail"] == "Version 1 is superseded; version 2 counts now."

    def test_a_submitted_version_can_be_asked_about(self, client: TestClient) -> None:
        assert ask(client, a_submitted_plan(client), "bob", 104).status_code == 201

    def test_a_plan_without_any_shown_version_has_nothing_to_ask_about(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        refused = ask(client, plan, "bob", 104).json()

        assert refused["detail"] == "Version 1 is a draft; no version of the plan counts yet."

    def test_allows_one_undecided_request_per_quota(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        first = a_request(client, plan, "bob", 104)

        refused = ask(client, plan, "bob", 100)
        other = ask(client, plan, "cyd", 104)
        answer(client, first, "withdraw").raise_for_status()
        again = ask(client, plan, "bob", 100)

        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/already-requested"
        assert refused.json()["change_request"] == first.rpartition("/")[2]
        assert (other.status_code, again.status_code) == (201, 201)

    def test_of_two_filed_at_once_one_is_refused(self, client: TestClient) -> None:
        plan = a_published_plan(client)

        answers = at_once(lambda amount: ask(client, plan, "bob", amount), [100, 104])

        assert sorted(each.status_code for each in answers) == [201, 409]

    def test_is_written_into_the_trail_and_announced_without_the_note(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_published_plan(client)
        request = a_request(client, plan, "bob", 104, note="Bob is ill")

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            entry = session.scalars(
                sa.select(AuditEntry).filter_by(action="change_request.file")
            ).one()
            event = session.scalars(
                sa.select(OutboxEvent).filter_by(kind="change_request.filed")
            ).one()

        assert entry.subject == request.removeprefix("/v1/plans/")
        assert entry.after == "open"
        assert event.payload["proposed"] == 104
        assert "ill" not in f"{entry.facts} {entry.reason} {event.payload}"


class TestAnswer:
    @pytest.mark.parametrize(
        ("action", "status"),
        [("reject", "rejected"), ("withdraw", "withdrawn")],
    )
    def test_ends_a_request(self, client: TestClient, action: str, status: str) -> None:
        request = a_request(client, a_published_plan(client), "bob", 104)

        told = answer(client, request, action, note="as agreed on the phone")

        assert told.status_code == 200
        assert told.json()["status"] == status
        assert told.json() == client.get(request).json()
        last = told.json()["steps"][-1]
        assert (last["action"], last["note"]) == (action, "as agreed on the phone")
        for again in ("reject", "withdraw", "escalate"):
            refused = answer(client, request, again)
            assert refused.status_code == 409
            assert refused.json()["request_status"] == status

    def test_a_body_may_be_left_out(self, client: TestClient) -> None:
        request = a_request(client, a_published_plan(client), "bob", 104)

        assert client.post(f"{request}/reject").status_code == 200

    def test_escalating_goes_from_unit_to_unit_up_to_the_company(self, client: TestClient) -> None:
        request = a_request(client, a_published_plan(client), "cyd", 104)

        lies_with = [answer(client, request, "escalate").json()["lies_with"] for _ in range(2)]
        beyond = answer(client, request, "escalate")

        assert lies_with == ["east", None]
        assert beyond.status_code == 409
        assert beyond.json()["type"] == "/problems/nothing-above"
        assert client.get(request).json()["status"] == "escalated"

    def test_who_read_an_older_state_is_told(self, client: TestClient) -> None:
        request = a_request(client, a_published_plan(client), "cyd", 104)
        read = client.get(request).headers["etag"]
        answer(client, request, "escalate").raise_for_status()

        late = client.post(f"{request}/reject", json={}, headers={"If-Match": read})

        assert late.status_code == 412
        assert client.get(request).json()["status"] == "escalated"

    def test_of_two_who_answer_at_once_one_wins(self, client: TestClient) -> None:
        request = a_request(client, a_published_plan(client), "bob", 104)

        answers = at_once(lambda action: answer(client, request, action), ["reject", "withdraw"])

        assert sorted(each.status_code for each in answers) == [200, 409]
        assert len(client.get(request).json()["steps"]) == 2

    def test_is_overdue_on_the_day_after_its_deadline(
        self, client: TestClient, app: FastAPI
    ) -> None:
        plan = a_published_plan(client)
        request = a_request(client, plan, "bob", 104, deadline="2027-01-31")

        overdue = []
        for day in (datetime(2027, 1, 31, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC)):
            app.dependency_overrides[time_of_request] = lambda day=day: day
            overdue.append(client.get(request).json()["overdue"])
        answer(client, request, "reject").raise_for_status()

        assert overdue == [False, True]
        assert not client.get(request).json()["overdue"]


class TestRead:
    def test_filters_and_pages_newest_first(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        paths = [a_request(client, plan, rep, 104) for rep in ("bob", "cyd", "d/d")]
        bob, cyd, dora = (path.rpartition("/")[2] for path in paths)
        answer(client, paths[1], "reject").raise_for_status()

        def found(**params: str | int) -> list[str]:
            items = client.get(f"{plan}/change-requests", params=params).json()["items"]
            return [item["id"] for item in items]

        assert found() == [dora, cyd, bob]
        assert found(status="rejected") == [cyd]
        assert found(rep="bob") == [bob]
        assert found(unit="east") == [dora, cyd]
        assert found(unit="west", status="rejected") == []
        assert found(unit="nowhere") == []
        assert (found(version=1), found(version=2)) == ([dora, cyd, bob], [])
        first = client.get(f"{plan}/change-requests", params={"limit": 2}).json()
        rest = found(cursor=first["next_cursor"])
        assert [item["id"] for item in first["items"]] + rest == [dora, cyd, bob]

    def test_a_request_that_does_not_exist_is_404(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        other = a_request(client, a_published_plan(client), "bob", 104).rpartition("/")[2]

        for name in ("chg_1", "chg_01kaz3q8f2m7x0c5d6e7f8g9ha", other, "%00"):
            for refused in (
                client.get(f"{plan}/change-requests/{name}"),
                client.post(f"{plan}/change-requests/{name}/reject", json={}),
            ):
                assert refused.status_code == 404, name

    def test_notes_can_be_erased_and_all_else_stays(self, client: TestClient) -> None:
        plan = a_published_plan(client)
        evidence = [LOST | {"note": "his customer died"}]
        request = a_request(client, plan, "bob", 104, note="Bob is ill", evidence=evidence)
        answer(client, request, "reject", note="sorry, Bob").raise_for_status()
        before = client.get(request).json()

        assert client.delete(f"{request}/notes").status_code == 204
        after = client.get(request).json()

        assert (before["note"], after["note"]) == ("Bob is ill", None)
        assert [each["evidence"][0]["note"] for each in (before, after)] == ["his customer died",
                                                                             None]  # fmt: skip
        assert [each["steps"][1]["note"] for each in (before, after)] == ["sorry, Bob", None]
        for told in (before, after):
            told.pop("note")
            told["evidence"][0].pop("note")
            for step in told["steps"]:
                step.pop("note")
        assert before == after


class TestStored:
    def test_a_step_stays_as_it_was_taken(self, client: TestClient, database: Database) -> None:
        a_request(client, a_published_plan(client), "bob", 104)

        change = sa.update(ChangeRequestStep).values(actor_name="nobody")
        for statement in (change, sa.delete(ChangeRequestStep)):
            with (
                pytest.raises(sa.exc.DBAPIError, match="a step of a change request stays"),
                database.of(DEFAULT_WORKSPACE).sessions.begin() as session,
            ):
                session.execute(statement)

    def test_requests_go_with_a_plan_of_drafts(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_submitted_plan(client)
        a_request(client, plan, "bob", 104, note="why")
        take(client, f"{plan}/versions/1", "withdraw").raise_for_status()

        assert client.delete(plan).status_code == 204

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            assert not session.scalars(sa.select(ChangeRequest)).all()
            assert not session.scalars(sa.select(ChangeRequestStep)).all()


class TestWhoMay:
    def test_a_rep_asks_for_the_own_quota_alone(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"))
        bob = callers("rep", rep="bob")

        own, others = ask(bob, plan, "bob", 104), ask(bob, plan, "cyd", 104)

        assert own.status_code == 201
        assert others.status_code == 422
        assert others.json()["detail"] == ask(bob, plan, "zoe", 104).json()["detail"]

    def test_a_draft_does_not_exist_for_a_rep(self, callers: Callers) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin)
        a_version(admin, plan)
        bob = callers("rep", rep="bob")

        for amount in (112, 104, 10_000):  # the quota of the draft, another one, beyond its cap
            draft, nothing = (ask(bob, plan, "bob", amount, version=n).json() for n in (2, 9))
            assert (
                draft["detail"] == nothing["detail"] == ("/version: names no version of this plan")
            )

    def test_a_manager_asks_for_the_own_subtree(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"))
        east = callers("manager", unit="east")

        assert ask(east, plan, "cyd", 104).status_code == 201
        assert ask(east, plan, "bob", 104).status_code == 422

    def test_others_do_not_ask(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"))

        for role in ("hr", "auditor", "integration"):
            assert ask(callers(role), plan, "cyd", 104).status_code == 403

    def test_what_does_not_concern_somebody_does_not_exist(self, callers: Callers) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin)
        request = a_request(admin, plan, "bob", 104)
        concerned = [callers("planner"), callers("auditor"), callers("manager", unit="west"),
                     callers("rep", rep="bob")]  # fmt: skip
        strangers = [callers("manager", unit="east"), callers("rep", rep="ann")]

        for client in concerned:
            assert client.get(request).status_code == 200
            assert len(client.get(f"{plan}/change-requests").json()["items"]) == 1
        for client in strangers:
            assert client.get(request).status_code == 404
            assert answer(client, request, "withdraw").status_code == 404
            assert client.get(f"{plan}/change-requests").json()["items"] == []
        assert callers("hr").get(request).status_code == 403

    def test_who_asked_withdraws_and_who_answers_for_the_unit_decides(
        self, callers: Callers
    ) -> None:
        plan = a_published_plan(callers("admin"))
        cyd, team, region = (
            callers("rep", rep="cyd"),
            callers("manager", unit="east/1"),
            callers("manager", unit="east"),
        )
        request = a_request(cyd, plan, "cyd", 104)

        assert answer(cyd, request, "reject").status_code == 403
        assert answer(team, request, "withdraw").status_code == 403
        assert answer(team, request, "escalate").json()["lies_with"] == "east"
        late = answer(team, request, "reject")
        assert late.status_code == 403
        assert late.json()["type"] == "/problems/not-the-decider"
        assert answer(region, request, "reject").status_code == 200

    def test_a_rep_withdraws_what_the_manager_asked_for(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"))
        request = a_request(callers("manager", unit="west"), plan, "bob", 104)

        assert answer(callers("rep", rep="bob"), request, "withdraw").status_code == 200

    def test_a_manager_does_not_decide_on_the_own_request(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"))
        manager = callers("manager", unit="west")
        request = a_request(manager, plan, "bob", 104)

        assert answer(manager, request, "reject").status_code == 403
        assert answer(callers("manager", unit="west"), request, "reject").status_code == 200


class TestStatistics:
    @pytest.fixture
    def plan(self, client: TestClient) -> str:
        """Twelve people, six of them AE and six SE, hired in two years; all AE ask."""
        reps = [
            {
                "id": f"r{number:02d}",
                "unit": "west",
                "baseline": 100 + number,
                "reach": 100,
                "hired": "2026-03-01" if number < 6 else "2020-03-01",
                "cohorts": {"role": "AE" if number < 6 else "SE"},
            }
            for number in range(12)
        ]
        return a_published_plan(client, four_reps(target=1400, units=[{"id": "west"}], reps=reps))

    def test_counts_who_asks_and_what_is_granted(self, client: TestClient, plan: str) -> None:
        for number in range(6):
            row = client.get(f"{plan}/versions/1/quotas/r{number:02d}").json()
            request = a_request(client, plan, row["rep"], row["quota"] - 10)
            if number < 2:
                answer(client, request, "accept", amount=row["quota"] - 5).raise_for_status()
            else:
                answer(client, request, "reject").raise_for_status()

        told = client.get(f"{plan}/change-requests/statistics").json()

        assert told["version"] == 1
        assert told["requests"] == {
            "open": 0, "countered": 0, "escalated": 0, "accepted": 2, "rejected": 4, "withdrawn": 0,
        }  # fmt: skip
        assert (told["asking"]["count"], told["asking"]["n"]) == (6, 12)
        tables = {table["attribute"]: table for table in told["tables"]}
        assert set(tables) == {"cohort:role", "quota_fifth", "tenure_years"}
        ae, se = tables["cohort:role"]["groups"]
        assert (ae["group"], ae["asking"]["count"], se["asking"]["count"]) == ("AE", 6, 0)
        assert told["decided"]["granted"]["count"] == 2
        assert told["decided"]["mean_granted_share"] == pytest.approx(2 * 0.5 / 6, abs=1e-3)
        # of the two roles one alone has decisions: no two groups to compare
        assert ae["decided"] is None
        assert tables["quota_fifth"]["reason"] == "too_few"
        assert [group["group"] for group in tables["tenure_years"]["groups"]] == [
            "5 and over", "under 1",
        ]  # fmt: skip

    def test_a_plan_without_requests_has_none(self, client: TestClient, plan: str) -> None:
        assert client.get(f"{plan}/change-requests/statistics").status_code == 404

    def test_tells_nothing_of_a_version_that_is_not_to_be_seen(self, callers: Callers) -> None:
        admin, hr = callers("admin"), callers("hr")
        plan = a_published_plan(admin)
        a_request(admin, plan, "bob", 104)
        a_version(admin, plan)
        take(admin, f"{plan}/versions/2", "submit").raise_for_status()
        a_request(admin, plan, "bob", 104, version=2)
        at = f"{plan}/change-requests/statistics"

        assert [admin.get(f"{at}{asked}").json()["version"] for asked in ("", "?version=2")] == [
            2,
            2,
        ]
        assert hr.get(at).json()["version"] == 1
        proposed, unknown = (hr.get(f"{at}?version={number}") for number in (2, 3))
        assert (proposed.status_code, unknown.status_code) == (404, 404)
        assert proposed.json()["detail"] == unknown.json()["detail"].replace(
            "version 3", "version 2"
        )

    def test_is_for_those_who_watch(self, callers: Callers) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin)
        a_request(admin, plan, "bob", 104)

        for role in ("admin", "planner", "hr", "auditor"):
            assert callers(role).get(f"{plan}/change-requests/statistics").status_code == 200
        for caller in (callers("manager", unit="west"), callers("rep", rep="bob")):
            assert caller.get(f"{plan}/change-requests/statistics").status_code == 403
