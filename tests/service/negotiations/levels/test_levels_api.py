"""A unit is frozen, worked on by its owner and signed off, over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

from service.allocations.versions.lanes.repository import Lanes
from service.kit.db import Database
from tests.service.allocations.plans import quotas
from tests.service.negotiations.levels.teams import (
    a_draft,
    adjust,
    at,
    freeze,
    in_lane,
    nine_reps,
    step,
)

WEST = {"ann": 1050, "bob": 1100, "cyd": 1100, "dan": 1100}


class TestFreezing:
    def test_the_envelope_is_what_the_version_says(self, client: TestClient) -> None:
        version = a_draft(client)

        lane = freeze(client, version, "west", note="agreed with the west")

        assert lane == {
            "unit": "west",
            "status": "frozen",
            "envelope": 4350,
            "etag": '"1-1"',
            "deadline": None,
        }
        assert in_lane(client, version, "west") == WEST

    def test_every_unit_is_told_with_owner_and_state(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west", deadline="2999-01-01T00:00:00Z")

        items = client.get(f"{version}/units").json()["items"]

        assert [(row["unit"], row["status"], row["envelope"], row["quota"]) for row in items] == [
            ("east", "open", None, 5500),
            ("east/1", "open", None, 2200),
            ("east/2", "open", None, 2200),
            ("west", "frozen", 4350, 4350),
        ]
        west = items[-1]
        assert west["owner"] == "m-west"
        assert not west["overdue"]
        frozen = client.get(f"{version}/units", params={"status": "frozen"}).json()["items"]
        assert frozen == [west]

    def test_units_come_in_pages(self, client: TestClient) -> None:
        version = a_draft(client)
        first = client.get(f"{version}/units", params={"limit": 3}).json()
        rest = client.get(f"{version}/units", params={"cursor": first["next_cursor"]}).json()
        assert [row["unit"] for row in rest["items"]] == ["west"]
        assert rest["next_cursor"] is None

    def test_twice_is_once_too_often(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        again = client.post(f"{at(version, 'west')}/freeze", json={})
        assert again.status_code == 409
        assert again.json()["detail"] == (
            "Cannot freeze unit west, which is frozen; what is possible now: adjust, sign off, "
            "solve, unfreeze."
        )

    def test_another_amount_is_refused_by_name(self, client: TestClient) -> None:
        version = a_draft(client)
        answer = client.post(f"{at(version, 'west')}/freeze", json={"envelope": 5000})
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "pointer": "/envelope",
                "detail": "is another amount than the 4,350 that unit west carries; to agree on "
                "it, set the unit's target in the inputs and solve again",
                "value": 5000,
            }
        ]
        assert freeze(client, version, "west", envelope="4350.00")["envelope"] == 4350

    def test_a_deadline_lies_ahead(self, client: TestClient) -> None:
        version = a_draft(client)
        body = {"deadline": "2020-01-01T00:00:00Z"}
        answer = client.post(f"{at(version, 'west')}/freeze", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/deadline"

    def test_what_does_not_exist_is_404(self, client: TestClient) -> None:
        version = a_draft(client)
        assert client.post(f"{at(version, 'north')}/freeze", json={}).status_code == 404
        assert client.get(at(version, "north")).status_code == 404

    def test_a_unit_that_is_not_frozen_has_no_work(self, client: TestClient) -> None:
        version = a_draft(client)
        answer = client.get(at(version, "west"))
        assert answer.status_code == 409
        assert answer.json()["unit_status"] == "open"


class TestSolving:
    def test_an_untouched_unit_is_the_version(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        answer = step(client, version, "west", "solve")
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == '"1-2"'
        assert in_lane(client, version, "west") == WEST

    def test_limits_of_the_owner_move_the_others_evenly(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        limits = [{"rep": "bob", "max": 1010}]
        answer = step(client, version, "west", "solve", limits=limits)
        assert answer.status_code == 200, answer.text
        assert in_lane(client, version, "west") == {
            "ann": 1050, "bob": 1010, "cyd": 1145, "dan": 1145
        }  # fmt: skip
        assert quotas(client, version) != in_lane(client, version, "west")
        assert quotas(client, version, unit="west") == WEST  # the frame never changes

    def test_another_idea_of_evenness(self, client: TestClient) -> None:
        inputs = nine_reps()
        inputs["reps"][1]["reach"] = 3000
        version = a_draft(client, inputs)
        freeze(client, version, "west")
        envelope = sum(in_lane(client, version, "west").values())
        assert step(client, version, "west", "solve", fairness="equal_growth").status_code == 200
        now = in_lane(client, version, "west")
        assert sum(now.values()) == envelope
        assert now["bob"] == pytest.approx(now["cyd"], abs=1)

    def test_what_the_idea_needs_is_asked_for(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        answer = step(client, version, "west", "solve", fairness="equal_probability")
        assert answer.status_code == 422
        assert "rep ann: equal_probability needs the sigma" in answer.json()["errors"][0]["detail"]

    def test_a_share_of_potential_is_looked_up_in_the_inputs(self, client: TestClient) -> None:
        inputs = nine_reps()
        for rep, potential in zip(inputs["reps"], (1, 1, 1, 2, 1, 1, 1, 1, 1), strict=True):
            rep["potential"] = potential * 10_000
        version = a_draft(client, inputs)
        freeze(client, version, "west")
        answer = step(client, version, "west", "solve", fairness="equal_potential_share")
        assert answer.status_code == 200, answer.text
        now = in_lane(client, version, "west")
        assert now["dan"] == pytest.approx(2 * now["bob"], abs=2)

    def test_an_envelope_that_the_reps_cannot_fill(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        limits = [{"rep": rep, "max": 1080} for rep in ("bob", "cyd", "dan")]
        answer = step(client, version, "west", "solve", limits=limits)
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["type"] == "/problems/infeasible"
        assert problem["detail"] == (
            "Unit west must carry exactly 4,350, but its 4 reps can carry at most 4,290."
        )
        assert problem["conflict"] == [
            {"rule": "unit:west:target", "value": 4350},
            {"rule": "rep:ann:cap", "value": 1050},
            {"rule": "rep:bob:cap", "value": 1080},
            {"rule": "rep:cyd:cap", "value": 1080},
            {"rule": "rep:dan:cap", "value": 1080},
        ]
        assert problem["feasible_target"] == {"min": 0, "max": 4290}
        assert in_lane(client, version, "west") == WEST

    def test_a_lost_race_and_a_missing_precondition(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        path = f"{at(version, 'west')}/solve"
        assert client.post(path, json={}).status_code == 428
        stale = {"If-Match": '"1-1"'}
        assert client.post(path, json={}, headers=stale).status_code == 200
        assert client.post(path, json={}, headers=stale).status_code == 412

    def test_limits_are_those_of_the_units_reps(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        limits = [{"rep": "eve", "max": 1}, {"rep": "ann", "max": 1060}, {"rep": "bob", "min": -1}]
        answer = step(client, version, "west", "solve", limits=limits)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/limits/2/min"]
        answer = step(client, version, "west", "solve", limits=limits[:2])
        assert [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]] == [
            ("/limits/0/rep", "is no rep of unit west"),
            ("/limits/1/max", "is more than rep:ann:cap, 1,050"),
        ]


class TestAdjusting:
    def test_the_others_carry_what_is_left_by_equal_parts(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        answer = adjust(client, version, "west", bob=1085)
        assert answer.status_code == 200, answer.text
        assert in_lane(client, version, "west") == {
            "ann": 1050, "bob": 1085, "cyd": 1108, "dan": 1107
        }  # fmt: skip

    def test_what_balances_moves_nobody_else(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        assert adjust(client, version, "west", bob=1110, cyd=1090).status_code == 200
        assert in_lane(client, version, "west") == {
            "ann": 1050, "bob": 1110, "cyd": 1090, "dan": 1100
        }  # fmt: skip

    def test_an_adjustment_stays_through_later_solves_until_it_is_released(
        self, client: TestClient
    ) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        adjust(client, version, "west", bob=1085)
        step(client, version, "west", "solve")
        assert in_lane(client, version, "west")["bob"] == 1085
        row = client.get(at(version, "west")).json()["items"][1]
        assert (row["rep"], row["locked"], row["frozen"], row["change"]) == (
            "bob", "unit:west", 1100, -15
        )  # fmt: skip

        assert step(client, version, "west", "quotas", release=["bob"]).status_code == 200
        step(client, version, "west", "solve")
        assert in_lane(client, version, "west") == WEST

    def test_who_did_what_and_why_is_kept(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        adjust(client, version, "west", bob=1085)
        steps = client.get(at(version, "west")).json()["steps"]
        assert [(row["revision"], row["action"], row["by"]) for row in steps] == [
            (1, "freeze", "local administrator"),
            (2, "adjust", "local administrator"),
        ]
        assert steps[1]["adjustments"] == [
            {"rep": "bob", "quota": 1085, "reason": "agreed in the team"}
        ]

    def test_every_fault_is_told_at_once(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        body = {
            "adjustments": [
                {"rep": "ann", "quota": 1060, "reason": "more"},
                {"rep": "eve", "quota": 1060, "reason": "not mine"},
            ],
            "release": ["dan"],
        }
        answer = step(client, version, "west", "quotas", **body)
        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [
            "/adjustments/0/quota", "/adjustments/1/rep", "/release/0"
        ]  # fmt: skip
        assert step(client, version, "west", "quotas").status_code == 422

    def test_what_the_others_cannot_carry(self, client: TestClient) -> None:
        inputs = nine_reps()
        for rep in inputs["reps"][1:4]:
            rep["max"] = 1110
        version = a_draft(client, inputs)
        freeze(client, version, "west")
        answer = adjust(client, version, "west", bob=1000)
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["feasible_adjustments"] == [{"rep": "bob", "quota": 1080}]
        assert {"rule": "rep:cyd:cap", "value": 1110} in problem["conflict"]


class TestSigning:
    def test_what_is_signed_stays(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        assert step(client, version, "west", "sign-off").json()["status"] == "signed"
        answer = adjust(client, version, "west", bob=1085)
        assert answer.status_code == 409
        assert answer.json()["unit_status"] == "signed"

    def test_what_is_reopened_goes_on(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        adjust(client, version, "west", bob=1085)
        step(client, version, "west", "sign-off")
        assert step(client, version, "west", "reopen", note="bob again").status_code == 200
        assert in_lane(client, version, "west")["bob"] == 1085
        assert adjust(client, version, "west", bob=1090).status_code == 200

    def test_what_is_unfrozen_begins_anew(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "west")
        adjust(client, version, "west", bob=1085)
        assert step(client, version, "west", "unfreeze").json()["status"] == "unfrozen"
        assert client.get(at(version, "west")).status_code == 409
        again = freeze(client, version, "west")
        assert again["etag"] == '"1-4"'  # nobody's old ETag fits
        assert in_lane(client, version, "west") == WEST


class TestLanesInside:
    def test_the_inner_unit_is_out_of_the_outer_one_s_hands(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        assert adjust(client, version, "east", fay=1130).status_code == 200
        inner = freeze(client, version, "east/1")

        # fay 1,130, and gus carries his part of the 30: the lane's own figures, not the version's
        assert inner["envelope"] == 1130 + 1092
        outer = client.get(at(version, "east")).json()
        assert outer["carried"] == 5500 - 2222
        assert outer["left"] == 0
        assert [unit["unit"] for unit in outer["inside_it"]] == ["east/1"]
        hands = {row["rep"]: row["in_hands_of"] for row in outer["items"]}
        assert hands == {"eve": None, "fay": "east/1", "gus": "east/1", "hal": None, "ida": None}
        refused = adjust(client, version, "east", gus=1000)
        assert refused.json()["errors"][0]["detail"] == (
            "is in the hands of unit east/1, which is frozen inside"
        )

    def test_work_outside_leaves_the_inner_envelope_alone(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        freeze(client, version, "east/1")
        adjust(client, version, "east/1", fay=1150)
        limits = [{"rep": "eve", "max": 1000}]
        assert step(client, version, "east", "solve", limits=limits).status_code == 200
        assert in_lane(client, version, "east/1") == {"fay": 1150, "gus": 1050}
        assert in_lane(client, version, "east") == {
            "eve": 1000, "fay": 1100, "gus": 1100, "hal": 1150, "ida": 1150
        }  # fmt: skip

    def test_freezing_around_frozen_units(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "east/1")
        freeze(client, version, "east/2")
        adjust(client, version, "east/1", fay=1150)
        assert freeze(client, version, "east")["envelope"] == 5500
        outer = client.get(at(version, "east")).json()
        assert (outer["carried"], outer["left"]) == (1100, 0)

    def test_an_outer_reader_notices_that_something_was_frozen_inside(
        self, client: TestClient
    ) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        seen = client.get(at(version, "east")).headers["etag"]
        freeze(client, version, "east/1")
        late = client.post(f"{at(version, 'east')}/solve", json={}, headers={"If-Match": seen})
        assert late.status_code == 412

    def test_it_is_signed_from_the_inside_out_and_reopened_from_the_outside_in(
        self, client: TestClient
    ) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        freeze(client, version, "east/1")
        refused = step(client, version, "east", "sign-off")
        assert refused.status_code == 409
        assert refused.json()["units"] == ["east/1"]
        assert step(client, version, "east/1", "sign-off").status_code == 200
        assert step(client, version, "east", "sign-off").status_code == 200
        refused = step(client, version, "east/1", "reopen")
        assert refused.status_code == 409
        assert refused.json()["units"] == ["east"]
        refused = client.post(f"{at(version, 'east/2')}/freeze", json={})
        assert refused.status_code == 409
        assert step(client, version, "east", "reopen").status_code == 200
        assert step(client, version, "east/1", "reopen").status_code == 200

    def test_an_envelope_agreed_inside_keeps_the_outer_unit_frozen(
        self, client: TestClient
    ) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        adjust(client, version, "east", fay=1130)
        freeze(client, version, "east/1")
        refused = step(client, version, "east", "unfreeze")
        assert refused.status_code == 409
        assert refused.json()["units"] == ["east/1"]
        assert step(client, version, "east/1", "unfreeze").status_code == 200
        assert step(client, version, "east", "unfreeze").status_code == 200

    def test_an_envelope_that_the_version_states_may_stay_alone(self, client: TestClient) -> None:
        version = a_draft(client)
        freeze(client, version, "east")
        freeze(client, version, "east/1")
        assert step(client, version, "east", "unfreeze").status_code == 200
        assert client.get(at(version, "east/1")).json()["inside"] is None


def test_nobody_waits_for_somebody_else_s_unfinished_step(
    client: TestClient, database: Database
) -> None:
    """While a step in one unit has written and not ended, another unit is worked on and signed.
    SQLite has one writer at a time by nature.
    """
    if database.engine.dialect.name == "sqlite":
        pytest.skip("one writer at a time")
    version = a_draft(client)
    for unit in ("west", "east/1"):
        freeze(client, version, unit)
    plan = version.split("/")[3]

    def finish() -> list[int]:
        answers = [
            step(client, version, "east/1", "solve"),
            adjust(client, version, "east/1", fay=1120),
            step(client, version, "east/1", "sign-off"),
        ]
        return [answer.status_code for answer in answers]

    with ThreadPoolExecutor(1) as pool, database.sessions.begin() as session:
        lanes = Lanes(session, plan, 1)
        lanes.stay()
        row = lanes.get("west", lock=True)
        assert row is not None
        row.revision += 1
        session.flush()
        assert pool.submit(finish).result(timeout=60) == [200, 200, 200]
