"""Change requests granted over HTTP on a real database: who carries it, and in which draft."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.tables import Chunk
from service.kit import queues
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.outbox import OutboxEvent
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.callers import Callers
from tests.service.negotiations.requests import (
    Document,
    a_published_plan,
    a_request,
    answer,
    ask,
)
from tests.service.steps import at_once, publish, take

TEAMS = {"west": ("ann", "bob", "cyd"), "east": ("dan", "eve"), "south": ("fay", "gus")}


def three_teams(**changes: Any) -> Document:
    """West and east below north, south beside it; everybody expects 100 and can add 100."""
    units = [
        {"id": "north", "owner": "m-north"},
        {"id": "west", "parent": "north"},
        {"id": "east", "parent": "north"},
        {"id": "south", "target": 220, "owner": "m-south"},
    ]
    reps = [
        {"id": rep, "unit": unit, "baseline": 100, "reach": 100, "sigma": 0.2, "max": 140}
        for unit, team in TEAMS.items()
        for rep in team
    ]
    return {"target": 770, "units": units, "reps": reps} | changes


EVERYBODY = {rep: 110 for team in TEAMS.values() for rep in team}

RESERVES = {"policy": {"reserves": [{"unit": "north", "amount": 20}]}}


@pytest.fixture
def plan(client: TestClient) -> str:
    path = a_published_plan(client, three_teams())
    assert quotas(client, f"{path}/versions/1") == EVERYBODY
    return path


def accepted(client: TestClient, request: str, **body: Any) -> Document:
    told = answer(client, request, "accept", **body)
    assert told.status_code == 200, told.text
    document: Document = told.json()
    return document


def test_who_was_adjusted_around_a_new_solve_may_ask_and_carries_for_nobody_else(
    client: TestClient,
) -> None:
    plan = a_plan(client, three_teams())
    a_version(client, plan)
    row = {"rep": "ann", "quota": 100, "reason": "key account lost"}
    path, etag = f"{plan}/versions/1", {"If-Match": "*"}
    client.patch(f"{path}/quotas", json={"adjustments": [row]}, headers=etag).raise_for_status()
    publish(client, f"{plan}/versions/2").raise_for_status()
    before = quotas(client, f"{plan}/versions/2")
    others = a_request(client, plan, "bob", 108, version=2)
    assert accepted(client, others, funding="siblings")["version"] == 3
    assert quotas(client, f"{plan}/versions/3")["ann"] == 100
    assert ask(client, plan, "ann", 150, version=2).status_code == 422  # 140 at most
    own = a_request(client, plan, "ann", 96, version=2)
    ways = client.get(f"{own}/preview").json()["ways"]
    assert [way["possible"] for way in ways if way["funding"] != "reserve"] == [True] * 3
    accepted(client, own, funding="siblings")
    after = quotas(client, f"{plan}/versions/4")
    assert after["ann"] == 96
    assert sum(after.values()) == sum(before.values())
    assert client.get(f"{plan}/versions/4/verify").json()["valid"]


class TestAccept:
    def test_siblings_carry_it_by_equal_parts_in_a_new_draft(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        told = accepted(client, request, amount=100, funding="siblings")

        assert told == {
            "id": request.rpartition("/")[2],
            "status": "accepted",
            "version": 2,
            "amount": 100,
            "funding": "siblings",
            "effective": None,
            "resources": [],
            "inputs_follow": None,
        }
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {
            "ann": 100, "bob": 115, "cyd": 115,
        }  # fmt: skip
        version = client.get(f"{plan}/versions/2").json()
        assert (version["status"], version["base_version"]) == ("draft", 1)
        assert version["note"] == (
            f"Granted to ann: 100 instead of 110; the others of the unit carry it ({told['id']})"
        )
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]
        granted = client.get(request).json()["granted"]
        assert granted == {"amount": 100, "funding": "siblings", "effective": None, "version": 2}

    def test_all_other_rows_keep_their_bytes(
        self, client: TestClient, plan: str, database: Database
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        before = chunks(client, database, f"{plan}/versions/1")

        accepted(client, request, funding="siblings")

        after = chunks(client, database, f"{plan}/versions/2")
        assert {unit for unit in after if before[unit] != after[unit]} == {"west"}

    def test_the_parents_other_teams_carry_it(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 102)

        accepted(client, request, funding="parent")

        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {
            "ann": 102, "bob": 112, "cyd": 112, "dan": 112, "eve": 112,
        }  # fmt: skip

    def test_a_reserve_takes_it_and_nobody_else_moves(self, client: TestClient) -> None:
        plan = a_published_plan(client, three_teams(), **RESERVES)

        told = accepted(client, a_request(client, plan, "ann", 100))

        assert told["funding"] == "reserve"
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {"ann": 100}
        assert client.get(f"{plan}/versions/2").json()["assigned"] == 760
        assert client.get(f"{plan}/versions/2/verify").json()["valid"]

    def test_once_the_reserve_is_used_up_siblings_are_next(self, client: TestClient) -> None:
        plan = a_published_plan(client, three_teams(), **RESERVES)
        accepted(client, a_request(client, plan, "ann", 95))

        told = accepted(client, a_request(client, plan, "dan", 100))

        assert told["funding"] == "siblings"
        assert quotas(client, f"{plan}/versions/3") == EVERYBODY | {
            "ann": 95, "dan": 100, "eve": 120,
        }  # fmt: skip

    def test_nobody_carries_it_where_the_company_says_so(
        self, client: TestClient, plan: str
    ) -> None:
        told = accepted(client, a_request(client, plan, "ann", 100), funding="unfunded")

        assert told["funding"] == "unfunded"
        assert quotas(client, f"{plan}/versions/2") == EVERYBODY | {"ann": 100}

    def test_what_is_not_said_is_what_was_asked_for(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)

        told = client.post(f"{request}/accept").json()

        assert (told["amount"], told["funding"]) == (100, "siblings")

    def test_a_part_of_it_can_be_granted_and_never_more(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        for amount in (99, 110, 120):
            refused = answer(client, request, "accept", amount=amount)
            assert refused.status_code == 422
            assert refused.json()["errors"][0]["pointer"] == "/amount"
        assert accepted(client, request, amount=106)["amount"] == 106

    def test_what_cannot_be_carried_is_refused_with_the_limits_and_what_could_be(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "dan", 70)

        refused = answer(client, request, "accept", funding="siblings")

        assert refused.status_code == 422
        problem = refused.json()
        assert problem["type"] == "/problems/change-not-carried"
        assert problem["could"] == [{"rep": "dan", "quota": 80}]
        assert problem["limits"] == [{"rule": "rep:eve:cap", "value": 140}]
        assert client.get(request).json()["status"] == "open"
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

    def test_where_siblings_cannot_the_parents_teams_are_asked(
        self, client: TestClient, plan: str
    ) -> None:
        told = accepted(client, a_request(client, plan, "dan", 70))

        assert told["funding"] == "parent"

    def test_months_that_are_over_do_not_change(self, client: TestClient, app: FastAPI) -> None:
        history = [
            {"rep": rep, "period": f"2026-{month:02d}", "actual": 10}
            for rep in EVERYBODY
            for month in range(1, 13)
        ]
        plan = a_published_plan(client, three_teams(history=history))
        app.dependency_overrides[utc_now] = lambda: datetime(2027, 3, 15, tzinfo=UTC)
        request = a_request(client, plan, "ann", 100)

        over = answer(client, request, "accept", effective="2027-02-01")
        odd = answer(client, request, "accept", effective="2027-05-02")
        told = accepted(client, request)

        assert (over.status_code, odd.status_code) == (422, 422)
        assert told["effective"] == "2027-04"
        before, after = (months(client, f"{plan}/versions/{n}", "bob") for n in (1, 2))
        assert before[:3] == after[:3]
        assert sum(after) == 115

    def test_is_announced(self, client: TestClient, plan: str, database: Database) -> None:
        accepted(client, a_request(client, plan, "ann", 100))

        with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
            kind = "change_request.accepted"
            event = session.scalars(sa.select(OutboxEvent).filter_by(kind=kind)).one()
        assert event.payload["granted_in"] == 2
        assert event.payload["amount"] == 100

    def test_resources_can_be_granted_instead_of_money(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        help_ = ["a presales engineer until June"]

        both = answer(client, request, "accept", resources=help_, amount=105)
        told = accepted(client, request, resources=help_)

        assert both.status_code == 422
        assert (told["status"], told["version"], told["resources"]) == ("accepted", None, help_)
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1
        assert client.get(request).json()["resources"] == help_


def months(client: TestClient, version: str, rep: str) -> list[float]:
    row = client.get(f"{version}/quotas/{rep}").json()
    return list(row["months"].values())


def chunks(client: TestClient, database: Database, version: str) -> dict[str, str]:
    """The hash of the rows of each unit."""
    manifest = client.get(f"{version}/certificate").json()["manifest"]
    hashes = {chunk["unit"]: chunk["chunk"] for chunk in manifest["quotas"]}
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        stored = set(session.scalars(sa.select(Chunk.hash)))
    assert stored >= set(hashes.values())
    return hashes


class TestState:
    def test_a_withdrawn_request_cannot_be_accepted(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        answer(client, request, "withdraw").raise_for_status()

        refused = answer(client, request, "accept")

        assert refused.status_code == 409
        assert refused.json()["request_status"] == "withdrawn"
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

    def test_an_accepted_request_cannot_be_withdrawn(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "ann", 100)
        accepted(client, request)

        assert answer(client, request, "withdraw").status_code == 409
        assert client.get(request).json()["status"] == "accepted"

    @pytest.mark.parametrize("with_etag", [False, True])
    def test_twice_accepted_at_once_is_accepted_once(
        self, client: TestClient, plan: str, *, with_etag: bool
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        etag = client.get(request).headers["etag"]
        headers = {"If-Match": etag} if with_etag else {}

        answers = at_once(
            lambda amount: client.post(
                f"{request}/accept", json={"amount": amount}, headers=headers
            ),
            [100, 105],
        )

        assert sorted(each.status_code for each in answers) == [200, 412 if with_etag else 409]
        assert len(client.get(f"{plan}/versions").json()["items"]) == 2
        assert len(client.get(request).json()["steps"]) == 2

    def test_withdrawn_and_accepted_at_once_is_one_of_them(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        answers = at_once(lambda action: answer(client, request, action), ["accept", "withdraw"])

        assert sorted(each.status_code for each in answers) == [200, 409]
        versions = len(client.get(f"{plan}/versions").json()["items"])
        won = client.get(request).json()["status"]
        assert versions == (2 if won == "accepted" else 1)

    def test_a_request_about_a_superseded_version_is_not_granted(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)
        a_version(client, plan)
        publish(client, f"{plan}/versions/2").raise_for_status()

        refused = answer(client, request, "accept")

        assert refused.status_code == 409
        assert refused.json()["detail"] == "Version 1 is superseded; version 2 counts now."
        assert answer(client, request, "reject").status_code == 200


class TestTogether:
    def test_what_is_granted_adds_up_in_one_draft(self, client: TestClient, plan: str) -> None:
        wanted = {"ann": 104, "bob": 106, "dan": 100, "fay": 115, "gus": 108}
        requests = [a_request(client, plan, rep, quota) for rep, quota in wanted.items()]

        versions = [accepted(client, each)["version"] for each in requests[:4]]
        # fay has 115, so gus carries 105, and 108 is what he asked to have
        last = accepted(client, requests[4], funding="unfunded")["version"]

        assert [*versions, last] == [2, 3, 4, 5, 6]
        after = quotas(client, f"{plan}/versions/6")
        assert {rep: after[rep] for rep in wanted} == wanted
        assert client.get(f"{plan}/versions/6").json()["base_version"] == 5
        verified = client.get(f"{plan}/versions/6/verify").json()
        assert verified["valid"], verified

    def test_ten_granted_one_after_the_other_are_all_in_the_last_draft(
        self, client: TestClient
    ) -> None:
        units = [{"id": f"u{number}"} for number in range(10)]
        reps = [
            {"id": f"{name}{number}", "unit": f"u{number}", "baseline": 100, "reach": 100}
            for number in range(10)
            for name in "ab"
        ]
        plan = a_published_plan(client, {"target": 2200, "units": units, "reps": reps})
        requests = [a_request(client, plan, f"a{number}", 100 + number) for number in range(10)]

        versions = [accepted(client, request)["version"] for request in requests]

        assert versions == [*range(2, 12)]
        assert quotas(client, f"{plan}/versions/11") == {
            name: amount
            for number in range(10)
            for name, amount in ((f"a{number}", 100 + number), (f"b{number}", 120 - number))
        }
        assert client.get(f"{plan}/versions/11/verify").json()["valid"]

    def test_granted_at_once_both_are_in_the_last_draft(
        self, client: TestClient, plan: str
    ) -> None:
        wanted = {"ann": 104, "dan": 100, "fay": 115}
        requests = [a_request(client, plan, rep, quota) for rep, quota in wanted.items()]

        answers = at_once(lambda request: answer(client, request, "accept"), requests)

        assert sorted(each.json()["version"] for each in answers) == [2, 3, 4]
        assert quotas(client, f"{plan}/versions/4") == {
            "ann": 104, "bob": 113, "cyd": 113, "dan": 100, "eve": 120, "fay": 115, "gus": 105,
        }  # fmt: skip
        assert client.get(f"{plan}/versions/4/verify").json()["valid"]

    def test_granted_at_once_nobody_decides_in_vain(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A crowd that decides side by side would do nearly all of its work again and again."""
        monkeypatch.setattr(queues, "TRIES", 1)
        plan = a_published_plan(client, three_teams(), **RESERVES)
        asked = [a_request(client, plan, rep, 108) for rep in ("ann", "bob", "cyd", "dan", "eve")]

        answers = at_once(lambda request: answer(client, request, "accept"), asked)

        assert [each.status_code for each in answers] == [200] * 5

    def test_drafts_of_another_solve_are_left_alone(self, client: TestClient, plan: str) -> None:
        a_version(client, plan, policy={"fairness": "equal_growth"})

        accepted(client, a_request(client, plan, "ann", 100))

        assert client.get(f"{plan}/versions/3").json()["base_version"] == 1

    def test_what_was_granted_is_kept_by_the_next_grant(
        self, client: TestClient, plan: str
    ) -> None:
        accepted(client, a_request(client, plan, "ann", 104))
        accepted(client, a_request(client, plan, "bob", 106))

        # cyd alone carries both: ann is locked
        assert quotas(client, f"{plan}/versions/3") == EVERYBODY | {
            "ann": 104, "bob": 106, "cyd": 120,
        }  # fmt: skip

    def test_a_draft_that_is_published_ends_the_renegotiation(
        self, client: TestClient, plan: str
    ) -> None:
        accepted(client, a_request(client, plan, "ann", 104))
        publish(client, f"{plan}/versions/2").raise_for_status()

        assert ask(client, plan, "bob", 100).status_code == 409
        accepted(client, a_request(client, plan, "bob", 106, version=2))

        assert client.get(f"{plan}/versions/3").json()["base_version"] == 2


class TestCounter:
    def test_who_asked_accepts_the_counter_as_it_stands(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        countered = answer(client, request, "counter", amount=106, note="half of it").json()

        assert countered["status"] == "countered"
        offer = {"amount": 106, "funding": "siblings", "effective": None, "version": None}
        assert countered["offer"] == offer
        assert countered["steps"][-1]["note"] == "half of it"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({}, "/amount"), ({"amount": 90}, "/amount"), ({"amount": "x"}, "/amount"),
         ({"amount": 106, "effective": "2026-01-01"}, "/effective")],
    )  # fmt: skip
    def test_a_faulty_one_is_refused(
        self, client: TestClient, plan: str, body: Document, pointer: str
    ) -> None:
        request = a_request(client, plan, "ann", 100)

        refused = client.post(f"{request}/counter", json=body)

        assert refused.status_code == 422
        assert [fault["pointer"] for fault in refused.json()["errors"]] == [pointer]

    def test_nothing_is_offered_that_nobody_can_carry(self, client: TestClient, plan: str) -> None:
        request = a_request(client, plan, "dan", 70)

        refused = answer(client, request, "counter", amount=75, funding="siblings")

        assert refused.status_code == 422
        assert client.get(request).json()["status"] == "open"


class TestWhoMay:
    def test_a_manager_grants_what_the_own_people_carry_and_escalates_the_rest(
        self, callers: Callers
    ) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        west, north = callers("manager", unit="west"), callers("manager", unit="north")
        request = a_request(callers("rep", rep="ann"), plan, "ann", 100)

        for funding in ("parent", "unfunded"):
            refused = answer(west, request, "accept", funding=funding)
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/not-the-funder"
            assert "escalate" in refused.json()["detail"]
        assert answer(west, request, "escalate").json()["lies_with"] == "north"
        assert accepted(north, request, funding="parent")["version"] == 2

    def test_the_default_is_the_first_that_the_caller_may_sign(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams(), **RESERVES)
        ann = callers("rep", rep="ann")
        request = a_request(ann, plan, "ann", 100)

        # the reserve is north's
        told = accepted(callers("manager", unit="west"), request)

        assert told["funding"] == "siblings"

    def test_a_gap_is_signed_by_the_owner_of_the_target(self, callers: Callers) -> None:
        inputs = three_teams()
        for unit in inputs["units"]:
            if unit["id"] == "south":
                unit["owner"] = "a manager"
        plan = a_published_plan(callers("admin"), inputs)
        fay, ann = callers("rep", rep="fay"), callers("rep", rep="ann")
        south, north = callers("manager", unit="south"), callers("manager", unit="north")

        signed = answer(south, a_request(fay, plan, "fay", 100), "accept", funding="unfunded")
        refused = answer(north, a_request(ann, plan, "ann", 100), "accept", funding="unfunded")

        assert (signed.status_code, refused.status_code) == (200, 403)

    def test_to_be_called_like_the_owner_of_the_target_signs_nothing(
        self, callers: Callers
    ) -> None:
        inputs = three_teams()
        inputs["units"][0] |= {"target": 550, "owner": "a manager"}  # north, above west
        plan = a_published_plan(callers("admin"), inputs)
        west, north = callers("manager", unit="west"), callers("manager", unit="north")
        request = a_request(callers("rep", rep="ann"), plan, "ann", 100)

        refused = answer(west, request, "accept", funding="unfunded")

        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/not-the-funder"
        assert accepted(north, request, funding="unfunded")["funding"] == "unfunded"

    def test_a_rep_accepts_a_counter_and_nothing_else(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams())
        ann, west = callers("rep", rep="ann"), callers("manager", unit="west")
        request = a_request(ann, plan, "ann", 100)

        early = answer(ann, request, "accept")
        answer(west, request, "counter", amount=106).raise_for_status()
        unnamed = answer(ann, request, "accept")
        other = answer(ann, request, "accept", amount=104)
        how = answer(ann, request, "accept", amount=106, funding="parent")
        told = accepted(ann, request, amount=106)

        assert (early.status_code, unnamed.status_code) == (403, 422)
        assert (other.status_code, how.status_code) == (409, 422)
        assert other.json()["type"] == "/problems/counter-has-changed"
        assert (told["amount"], told["funding"], told["version"]) == (106, "siblings", 2)
        assert [step["side"] for step in ann.get(request).json()["steps"]] == [
            "requester", "decider", "requester",
        ]  # fmt: skip

    def test_nobody_is_told_limits_of_people_who_are_not_theirs(self, callers: Callers) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        dan, east = callers("rep", rep="dan"), callers("manager", unit="east")
        request = a_request(dan, plan, "dan", 70)

        # the others of north cannot carry it either, once eve and west are locked
        for rep in ("ann", "bob", "cyd"):
            own = a_request(admin, plan, rep, 111)
            answer(admin, own, "accept", funding="unfunded").raise_for_status()
        refused = answer(east, request, "accept", funding="parent")
        answer(east, request, "counter", amount=85).raise_for_status()
        other = a_request(admin, plan, "eve", 112)
        answer(admin, other, "accept", funding="unfunded").raise_for_status()
        late = answer(dan, request, "accept", amount=85)

        assert refused.json()["type"] == "/problems/not-the-funder"
        assert late.status_code == 409
        assert late.json()["type"] == "/problems/counter-cannot-be-carried"
        assert "rep:" not in refused.text + late.text

    def test_a_rep_who_read_an_older_counter_is_told(self, callers: Callers) -> None:
        plan = a_published_plan(callers("admin"), three_teams())
        ann, west = callers("rep", rep="ann"), callers("manager", unit="west")
        request = a_request(ann, plan, "ann", 100)
        first = answer(west, request, "counter", amount=104).headers["etag"]
        answer(west, request, "counter", amount=106).raise_for_status()

        late = ann.post(f"{request}/accept", json={}, headers={"If-Match": first})

        assert late.status_code == 412

    def test_a_submitted_draft_takes_part_in_nothing_until_it_is_back(
        self, callers: Callers
    ) -> None:
        admin = callers("admin")
        plan = a_published_plan(admin, three_teams())
        accepted(admin, a_request(admin, plan, "ann", 104))
        late = a_request(admin, plan, "bob", 106)
        take(admin, f"{plan}/versions/2", "submit").raise_for_status()

        refused = answer(admin, late, "accept")
        take(admin, f"{plan}/versions/2", "withdraw").raise_for_status()
        told = accepted(admin, late)

        assert refused.status_code == 409
        assert told["version"] == 3
        assert quotas(admin, f"{plan}/versions/3")["ann"] == 104
