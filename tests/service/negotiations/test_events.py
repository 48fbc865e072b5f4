"""Events: proposed, looked at, refused, taken back; each on both databases."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version, publish
from tests.service.negotiations.happenings import (
    EVENLY,
    given_today,
    propose,
    twelve_hundred_each,
)


def refused(client: TestClient, plan: str, **body: Any) -> dict[str, str]:
    answer = client.post(f"{plan}/events", json=body)
    assert answer.status_code == 422, answer.text
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}


class TestProposing:
    def test_shows_what_comes_of_a_leave(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})

        assert event["status"] == "proposed"
        shown = event["consequence"]
        assert [(row["rep"], row["from"], row["to"]) for row in shown["people"]] == [
            ("ann", 1200, 600)
        ]
        assert shown["open"] == [
            {"unit": "west", "amount": 600, "months": {f"2027-{m:02d}": 100 for m in range(7, 13)}}
        ]
        assert [(row["unit"], row["change"]) for row in shown["units"]] == [
            (None, -600), ("west", -600),
        ]  # fmt: skip

    def test_stores_nothing_that_is_only_tried(self, client: TestClient, plan: str) -> None:
        body = {"kind": "leave", "rep": "ann", "from": "2027-07-01"}

        answer = client.post(f"{plan}/events?dry_run=true", json=body)

        assert answer.status_code == 200
        assert answer.json()["id"] is None
        assert answer.json()["consequence"]["people"][0]["to"] == 600
        answer.json(parse_float=pytest.fail)  # whole amounts, here as everywhere else
        assert client.get(f"{plan}/events").json()["items"] == []

    def test_segments_add_up_to_the_quota(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, kind="swap", reps=["ann", "cyd"], **{"from": "2027-05-12"})

        for row in event["consequence"]["people"]:
            assert sum(own["amount"] for own in row["segments"]) == row["to"]
            assert [own["unit"] for own in row["segments"]] in (["west", "east"], ["east", "west"])

    def test_whoever_moves_takes_the_remaining_months_to_the_other_unit(
        self, client: TestClient, plan: str
    ) -> None:
        event = propose(
            client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-10-01"}
        )

        shown = event["consequence"]
        assert [(row["unit"], row["change"]) for row in shown["units"]] == [
            (None, 0), ("east", 300), ("west", -300),
        ]  # fmt: skip
        assert shown["open"] == []

    def test_names_of_people_are_in_no_answer(self, client: TestClient, plan: str) -> None:
        row = {"id": "new", "name": "Nora New", "unit": "west"}

        answer = client.post(
            f"{plan}/events",
            json={"kind": "hire", "rep": row, "from": "2027-07-01", "takes_over": None},
        )

        assert answer.status_code == 201
        assert "Nora" not in answer.text + client.get(f"{plan}/events").text


class TestClosedMonths:
    def test_what_happens_in_one_counts_from_the_first_open_month(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, "2027-06-10")

        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-03-15"})

        assert event["said"]["from"] == "2027-03-15"
        assert event["consequence"]["counts_from"] == "2027-06-01"
        assert event["consequence"]["closed_through"] == "2027-05"
        assert event["consequence"]["people"][0]["to"] == 500

    def test_books_may_be_closed_further(self, client: TestClient, plan: str) -> None:
        event = propose(
            client,
            plan,
            kind="leave",
            rep="ann",
            closed_through="2027-08",
            **{"from": "2027-03-15"},
        )

        assert event["consequence"]["counts_from"] == "2027-09-01"

    def test_when_all_are_closed_nothing_can_happen(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, "2028-01-02")

        answer = client.post(
            f"{plan}/events", json={"kind": "leave", "rep": "ann", "from": "2027-12-01"}
        )

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/every-month-is-closed"

    def test_a_leave_that_ended_in_one_changes_nothing(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, "2027-06-10")

        answer = client.post(
            f"{plan}/events",
            json={"kind": "leave", "rep": "ann", "from": "2027-03-01", "to": "2027-04-30"},
        )

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/nothing-changes"


class TestRefusing:
    def test_days_outside_the_period_are_named(self, client: TestClient, plan: str) -> None:
        before = refused(client, plan, kind="leave", rep="ann", **{"from": "2026-12-31"})
        after = refused(client, plan, kind="leave", rep="ann", **{"from": "2028-01-01"})

        assert before == {
            "/from": "lies before the plan begins, 2027-01-01: change its inputs instead"
        }
        assert after == {"/from": "lies after the end of the plan, 2027-12-31"}

    def test_every_fault_is_named_at_once(self, client: TestClient, plan: str) -> None:
        faults = refused(
            client,
            plan,
            kind="transfer",
            rep="zoe",
            to_unit="north",
            takes_over="yan",
            reps=["ann"],
            **{"from": "2029-01-01"},
        )

        assert set(faults) == {"/rep", "/to_unit", "/takes_over", "/reps", "/from"}
        assert faults["/reps"] == (
            "is not said by a transfer, which says from, hands_to, rep, takes_over and to_unit"
        )

    @pytest.mark.parametrize("nobody", [None, "", 7, {"id": "cyd"}, ["cyd"], "x" * 129])
    def test_who_swaps_is_named_by_ids(self, client: TestClient, plan: str, nobody: Any) -> None:
        faults = refused(client, plan, kind="swap", reps=["zoe", nobody], **{"from": "2027-05-01"})

        assert set(faults) == {"/reps/0", "/reps/1"}

    def test_faults_of_shape_and_of_sense_come_together(
        self, client: TestClient, plan: str
    ) -> None:
        faults = refused(client, plan, kind="fte", rep="zoe", share=-1, **{"from": "2027-05-01"})

        assert set(faults) == {"/rep", "/share"}

    def test_nobody_is_asked_why(self, client: TestClient, plan: str) -> None:
        faults = refused(
            client, plan, kind="leave", rep="ann", reason="ill", **{"from": "2027-05-01"}
        )

        assert faults == {"/reason": "is not a known field"}

    def test_the_shape_of_a_body_is_checked_by_name(self, client: TestClient, plan: str) -> None:
        day = {"from": "2027-05-01"}

        assert set(refused(client, plan, kind="target", amount=1, spread="west", **day)) == {
            "/spread"
        }
        assert set(refused(client, plan, kind="sabbatical", rep="ann", **day)) == {"/kind"}
        assert set(refused(client, plan, kind="leave", rep="ann", version=7, **day)) == {"/version"}

    def test_a_territory_is_taken_over_with_the_seat_of_whoever_holds_it(
        self, client: TestClient
    ) -> None:
        held = [{"rep": "ann", "share": 0.5}, {"rep": "bob", "share": 0.5}]
        territories = [{"id": "t1", "potential": 9000, "holders": held}]
        plan = a_plan(client, twelve_hundred_each() | {"territories": territories})
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1")
        body = {"kind": "hire", "rep": {"id": "new"}, "takes_over": "t1", "from": "2027-05-01"}

        assert refused(client, plan, **body) == {
            "/takes_over": "is a territory, which changes hands with a seat: name whose seat it "
            "is, such as ann and bob"
        }

    def test_nobody_takes_over_what_is_held(self, client: TestClient, plan: str) -> None:
        body = {"kind": "hire", "rep": {"id": "new"}, "takes_over": "ann", "from": "2027-05-01"}

        answer = client.post(f"{plan}/events", json=body)

        assert answer.status_code == 409
        assert answer.json()["detail"] == (
            "Nobody has left the seat of ann: there is nothing to take over."
        )

    def test_without_a_published_version_there_is_nothing_to_change(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, twelve_hundred_each())
        a_version(client, plan)

        answer = client.post(
            f"{plan}/events", json={"kind": "leave", "rep": "ann", "from": "2027-05-01"}
        )

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/no-version-in-force"

    def test_a_superseded_version_is_not_changed_any_more(
        self, client: TestClient, plan: str
    ) -> None:
        a_version(client, plan)
        publish(client, f"{plan}/versions/2")

        answer = client.post(
            f"{plan}/events",
            json={"kind": "leave", "rep": "ann", "from": "2027-05-01", "version": 1},
        )

        assert answer.status_code == 409
        assert answer.json()["detail"] == "Version 1 is superseded; version 2 is in force."


class TestDeciding:
    def test_a_proposal_is_refused_with_a_reason(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})
        path = f"{plan}/events/{event['id']}"
        etag = {"If-Match": client.get(path).headers["etag"]}

        answer = client.post(f"{path}/reject", json={"reason": "too early"}, headers=etag)

        assert answer.status_code == 200
        assert answer.json()["status"] == "rejected"
        again = client.post(f"{path}/withdraw", headers={"If-Match": answer.headers["etag"]})
        assert again.status_code == 409

    def test_an_etag_is_needed_and_has_to_be_the_present_one(
        self, client: TestClient, plan: str
    ) -> None:
        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})
        path = f"{plan}/events/{event['id']}/withdraw"

        assert client.post(path).status_code == 428
        assert client.post(path, headers={"If-Match": '"old"'}).status_code == 412

    def test_the_etag_changes_with_the_version_in_force(
        self, client: TestClient, plan: str
    ) -> None:
        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})
        path = f"{plan}/events/{event['id']}"
        before = client.get(path).headers["etag"]

        a_version(client, plan)
        publish(client, f"{plan}/versions/2")

        assert client.get(path).headers["etag"] != before

    def test_another_plan_has_no_such_event(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})
        other = a_plan(client)

        assert client.get(f"{other}/events/{event['id']}").status_code == 404

    def test_events_are_listed_by_status_and_kind(self, client: TestClient, plan: str) -> None:
        propose(client, plan, kind="leave", rep="ann", **{"from": "2027-07-01"})
        swap = propose(client, plan, kind="swap", reps=["bob", "cyd"], **{"from": "2027-07-01"})

        listed = client.get(f"{plan}/events", params={"kind": "swap", "status": "proposed"})

        assert [event["id"] for event in listed.json()["items"]] == [swap["id"]]
