"""Who may propose and accept events, at the same moment and one after the other."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from service.kit.audit import AuditEntry
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from service.negotiations.events.tables import PlanEvent
from tests.service.allocations.plans import Document, a_plan, a_version, publish, quotas
from tests.service.callers import Callers
from tests.service.negotiations.happenings import (
    EVENLY,
    accept,
    from_july,
    happens,
    propose,
    twelve_hundred_each,
)
from tests.service.steps import at_once


class TestRoles:
    @pytest.fixture
    def plan(self, callers: Callers) -> str:
        admin = callers("admin")
        path = a_plan(admin, twelve_hundred_each())
        a_version(admin, path, **EVENLY)
        assert publish(admin, f"{path}/versions/1").status_code == 200
        return path

    def test_an_integration_proposes_and_sees_no_quota(self, callers: Callers, plan: str) -> None:
        answer = callers("integration").post(
            f"{plan}/events", json=from_july(kind="leave", rep="ann")
        )

        assert answer.status_code == 201
        assert answer.json()["consequence"] is None

    def test_a_draft_does_not_exist_for_an_integration(self, callers: Callers, plan: str) -> None:
        a_version(callers("planner"), plan)
        crm = callers("integration")

        draft, unknown = (
            crm.post(f"{plan}/events", json=from_july(kind="leave", rep="ann", version=number))
            for number in (2, 3)
        )

        assert (draft.status_code, unknown.status_code) == (422, 422)
        assert draft.json()["detail"] == unknown.json()["detail"]

    def test_only_planners_and_administrators_accept(self, callers: Callers, plan: str) -> None:
        event = propose(callers("integration"), plan, **from_july(kind="leave", rep="ann"))
        path = f"{plan}/events/{event['id']}"

        for role in ("integration", "manager", "rep", "hr", "auditor"):
            caller = (
                callers(role, unit="west", rep="ann")
                if role in {"manager", "rep"}
                else (callers(role))
            )
            answer = caller.post(f"{path}/accept", json={}, headers={"If-Match": "*"})
            assert answer.status_code == 403, role
        accept(callers("planner"), plan, event, funding="siblings")

    def test_nobody_withdraws_what_somebody_else_proposed_unless_they_may_decide(
        self, callers: Callers, plan: str
    ) -> None:
        event = propose(callers("planner"), plan, **from_july(kind="leave", rep="ann"))
        path = f"{plan}/events/{event['id']}/withdraw"

        refused = callers("integration").post(path, headers={"If-Match": "*"})
        done = callers("admin").post(path, headers={"If-Match": "*"})

        assert (refused.status_code, done.status_code) == (403, 200)

    def test_managers_and_reps_see_no_events(self, callers: Callers, plan: str) -> None:
        propose(callers("planner"), plan, **from_july(kind="leave", rep="ann"))

        assert callers("manager", unit="west").get(f"{plan}/events").status_code == 403
        assert callers("rep", rep="ann").get(f"{plan}/events").status_code == 403

    def test_a_rep_reads_the_own_segments_of_a_published_version(
        self, callers: Callers, plan: str
    ) -> None:
        planner, ann = callers("planner"), callers("rep", rep="ann")
        happens(planner, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
        hidden = ann.get(f"{plan}/versions/2/segments/ann")
        assert publish(callers("admin"), f"{plan}/versions/2").status_code == 200

        told = ann.get(f"{plan}/versions/2/segments/ann")
        of_others = ann.get(f"{plan}/versions/2/segments/bob")

        assert (hidden.status_code, of_others.status_code) == (404, 404)
        assert told.json() == {
            "rep": "ann",
            "quota": 1200,
            "segments": [
                {
                    "from": "2027-01-01", "to": "2027-06-30", "unit": "west",
                    "working_days": 129, "amount": 600,
                },
                {
                    "from": "2027-07-01", "to": "2027-12-31", "unit": "east",
                    "working_days": 132, "amount": 600,
                },
            ],
        }  # fmt: skip

    def test_who_was_in_no_event_has_one_segment(self, callers: Callers, plan: str) -> None:
        told = callers("hr").get(f"{plan}/versions/1/segments/d/d").json()

        assert [own["amount"] for own in told["segments"]] == [1200]


class TestRaces:
    def test_of_two_who_accept_the_same_event_one_does(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, **from_july(kind="leave", rep="ann"))
        path = f"{plan}/events/{event['id']}"
        etag = {"If-Match": client.get(path).headers["etag"]}

        answers = at_once(
            lambda _: client.post(f"{path}/accept", json={"funding": "siblings"}, headers=etag),
            range(2),
        )

        assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 412])
        assert len(client.get(f"{plan}/versions").json()["items"]) == 2

    def test_of_two_events_at_the_same_moment_one_is_looked_at_again(
        self, client: TestClient, plan: str
    ) -> None:
        events = [
            propose(client, plan, **from_july(kind="leave", rep="ann")),
            propose(client, plan, **from_july(kind="fte", rep="cyd", share=0.5)),
        ]
        paths = [f"{plan}/events/{event['id']}" for event in events]
        etags = [client.get(path).headers["etag"] for path in paths]

        answers = at_once(
            lambda k: client.post(
                f"{paths[k]}/accept", json={"funding": "siblings"}, headers={"If-Match": etags[k]}
            ),
            range(2),
        )

        assert sorted(answer.status_code for answer in answers) == [200, 412]
        (late,) = [event for event, own in zip(events, answers, strict=True) if own.is_error]
        accept(client, plan, late, funding="siblings")
        assert quotas(client, f"{plan}/versions/3") == {
            "ann": 600, "bob": 1800, "cyd": 900, "d/d": 1500,
        }  # fmt: skip

    def test_of_two_events_whose_state_nobody_minds_none_is_lost(
        self, client: TestClient, plan: str
    ) -> None:
        events = [
            propose(client, plan, **from_july(kind="leave", rep="ann")),
            propose(client, plan, **from_july(kind="fte", rep="cyd", share=0.5)),
        ]

        answers = at_once(
            lambda event: client.post(
                f"{plan}/events/{event['id']}/accept",
                json={"funding": "siblings"},
                headers={"If-Match": "*"},
            ),
            events,
        )

        for event, answer in zip(events, answers, strict=True):
            if answer.status_code == 412:
                accept(client, plan, event, funding="siblings")
        assert quotas(client, f"{plan}/versions/3") == {
            "ann": 600, "bob": 1800, "cyd": 900, "d/d": 1500,
        }  # fmt: skip


class TestTraces:
    def test_what_was_done_is_in_the_trail_and_announced(
        self, client: TestClient, plan: str, database: Database
    ) -> None:
        event = happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            subject = f"{event['plan']}/events/{event['id']}"
            actions = session.scalars(
                select(AuditEntry.action).filter_by(subject=subject).order_by(AuditEntry.sequence)
            ).all()
            told = session.scalars(select(OutboxEvent).order_by(OutboxEvent.sequence)).all()
        assert actions == ["event.propose", "event.accept"]
        announced = [each for each in told if each.kind.startswith("event.")]
        assert [each.kind for each in announced] == ["event.proposed", "event.accepted"]
        assert announced[1].payload["version"] == 2

    def test_the_row_of_somebody_new_is_kept_only_until_it_is_decided(
        self, client: TestClient, plan: str, database: Database
    ) -> None:
        row = {"id": "new", "name": "Nora New", "unit": "west"}
        event = propose(client, plan, **from_july(kind="hire", rep=row, takes_over=None))

        def person() -> Any:
            with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
                return session.get_one(PlanEvent, event["id"]).person

        assert person() == row
        accept(client, plan, event)
        assert person() is None

    def test_inputs_that_were_changed_since_do_not_follow(
        self, client: TestClient, plan: str
    ) -> None:
        inputs: Document = twelve_hundred_each() | {"forecast": 5000}
        client.put(f"{plan}/inputs", json=inputs)

        event = happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))

        follows = event["consequence"]["inputs"]
        assert not follows["followed"]
        assert follows["why"].startswith("the working inputs were changed")

    def test_inputs_follow_one_event_after_the_other(self, client: TestClient, plan: str) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        happens(client, plan, "siblings", **from_july(kind="fte", rep="cyd", share=0.5))
        happens(client, plan, **from_july(kind="transfer", rep="bob", to_unit="east"))
        happens(client, plan, kind="target", amount=5000, **{"from": "2027-08-01"})

        inputs = client.get(f"{plan}/inputs").json()
        reps = {row["id"]: row for row in inputs["reps"]}
        assert reps["ann"]["absences"] == [{"from": "2027-07-01", "share": 1.0}]
        assert reps["cyd"]["fte"] == 0.5
        assert reps["bob"]["unit"] == "east"
        assert inputs["target"] == 5000


class TestFunding:
    def test_a_reserve_takes_what_is_left(self, client: TestClient) -> None:
        plan = a_plan(client, twelve_hundred_each())
        reserves = [{"unit": "west", "amount": 700}]
        a_version(client, plan, policy={"season": "even", "reserves": reserves})
        publish(client, f"{plan}/versions/1")

        happens(client, plan, "reserve", **from_july(kind="leave", rep="ann"))

        assert sum(quotas(client, f"{plan}/versions/2").values()) == 4200
        event = propose(client, plan, **from_july(kind="fte", rep="bob", share=0.5))
        path = f"{plan}/events/{event['id']}/accept"
        answer = client.post(path, json={"funding": "reserve"}, headers={"If-Match": "*"})
        assert answer.status_code == 422

    def test_nobody_else_in_the_team_is_told(self, client: TestClient, plan: str) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        event = propose(client, plan, **from_july(kind="leave", rep="bob"))

        path = f"{plan}/events/{event['id']}/accept"
        answer = client.post(path, json={"funding": "siblings"}, headers={"If-Match": "*"})

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/change-not-carried"

    def test_lines_of_business_still_add_up(self, client: TestClient) -> None:
        inputs = twelve_hundred_each()
        del inputs["target"]
        inputs["history"] = [
            {"rep": row["id"], "period": "2026-12", "product": "core", "actual": 100}
            for row in inputs["reps"]
        ]
        inputs["targets"] = [{"amount": 4800}, {"product": "new", "amount": 1200}]
        plan = a_plan(client, inputs)
        a_version(client, plan)
        publish(client, f"{plan}/versions/1")

        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        happens(client, plan, **from_july(kind="swap", reps=["bob", "cyd"]))

        for row in client.get(f"{plan}/versions/3/quotas").json()["items"]:
            lines = sum(sum(line["months"].values()) for line in row["lines"])
            assert round(lines * 100) == round(row["quota"] * 100)
