"""Accepted events: a new draft with what comes of them, proved like every version."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.allocations.plans import Document, a_plan, a_version, publish, quotas
from tests.service.negotiations.happenings import (
    EVENLY,
    accept,
    from_july,
    given_today,
    happens,
    months,
    propose,
    twelve_hundred_each,
)
from tests.service.negotiations.levels.teams import freeze, step


class TestLeave:
    def test_siblings_carry_what_is_left_by_equal_parts(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))

        assert quotas(client, f"{plan}/versions/2") == {
            "ann": 600, "bob": 1800, "cyd": 1200, "d/d": 1200,
        }  # fmt: skip
        assert months(client, f"{plan}/versions/2", "bob") == [100] * 6 + [200] * 6

    def test_the_parent_s_other_teams_carry_it_too(self, client: TestClient, plan: str) -> None:
        happens(client, plan, "parent", **from_july(kind="leave", rep="ann"))

        assert quotas(client, f"{plan}/versions/2") == {
            "ann": 600, "bob": 1400, "cyd": 1400, "d/d": 1400,
        }  # fmt: skip

    def test_nobody_carries_what_is_unfunded(self, client: TestClient, plan: str) -> None:
        happens(client, plan, "unfunded", **from_july(kind="leave", rep="ann"))

        version = client.get(f"{plan}/versions/2").json()
        assert version["assigned"] == 4200

    def test_who_has_left_carries_nothing_of_the_next_change(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        happens(client, plan, "parent", **{"from": "2027-10-01", "kind": "leave", "rep": "cyd"})

        found = quotas(client, f"{plan}/versions/3")
        assert found["ann"] == 600
        assert found["cyd"] == 900
        assert sum(found.values()) == 4800

    def test_funding_is_asked_for(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, **from_july(kind="leave", rep="ann"))
        path = f"{plan}/events/{event['id']}"
        etag = {"If-Match": client.get(path).headers["etag"]}

        answer = client.post(f"{path}/accept", json={}, headers=etag)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/funding"


def carried_in(client: TestClient, version: str) -> dict[str | None, float]:
    """What segments say is carried in each unit."""
    found: dict[str | None, float] = {}
    for rep in quotas(client, version):
        for own in client.get(f"{version}/segments/{rep}").json()["segments"]:
            found[own["unit"]] = found.get(own["unit"], 0) + own["amount"]
    return found


def of_units(client: TestClient, version: str) -> dict[str, float]:
    rows = client.get(f"{version}/months").json()["units"]
    return {row["id"]: sum(row["months"].values()) for row in rows}


class TestWhoWorksElsewhereByThen:
    """Ann moves from the west to the east in July."""

    @pytest.fixture
    def moved(self, client: TestClient, plan: str) -> str:
        happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
        return plan

    def test_carries_nothing_for_the_unit_that_was_left(
        self, client: TestClient, moved: str
    ) -> None:
        happens(client, moved, "parent", **{"from": "2027-10-01", "kind": "leave", "rep": "cyd"})

        version = f"{moved}/versions/3"
        assert quotas(client, version) == {"ann": 1200, "bob": 1350, "cyd": 900, "d/d": 1350}
        assert carried_in(client, version) == of_units(client, version)

    def test_carries_a_new_target_where_the_work_is(self, client: TestClient, moved: str) -> None:
        happens(client, moved, None, **{"from": "2027-10-01", "kind": "target", "amount": 6000})

        version = f"{moved}/versions/3"
        assert quotas(client, version) == {"ann": 1500, "bob": 1500, "cyd": 1500, "d/d": 1500}
        assert carried_in(client, version) == of_units(client, version)
        assert of_units(client, version) == {"west": 2100, "east": 3900}

    def test_takes_nothing_from_the_unit_that_was_left(
        self, client: TestClient, moved: str
    ) -> None:
        """What is given up of July and later is the east's: the west's Bob would not make it up."""
        happens(client, moved, "unfunded", **from_july(kind="leave", rep="bob"))
        wanted = {"rep": "ann", "quota": 1100, "reason": "-"}

        before = of_units(client, f"{moved}/versions/3")
        answer = client.patch(
            f"{moved}/versions/3/quotas",
            json={"adjustments": [wanted], "funding": "unfunded", "effective": "2027-08"},
            headers={"If-Match": "*"},
        )

        assert answer.status_code == 201, answer.text
        after = of_units(client, f"{moved}/versions/4")
        assert after == {"west": before["west"], "east": before["east"] - 100}
        assert carried_in(client, f"{moved}/versions/4") == after


def test_who_has_left_carries_nothing_of_an_adjustment(client: TestClient, plan: str) -> None:
    happens(client, plan, "unfunded", **from_july(kind="leave", rep="ann"))
    wanted = {"rep": "bob", "quota": 1150, "reason": "-"}

    answer = client.patch(
        f"{plan}/versions/2/quotas",
        json={"adjustments": [wanted], "funding": "siblings", "effective": "2027-08"},
        headers={"If-Match": "*"},
    )

    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/change-not-carried"


class TestHire:
    def test_somebody_new_takes_over_with_a_ramp_and_relieves_the_team(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        row = {"id": "new", "name": "Nora New", "unit": "west"}

        happens(client, plan, "siblings", **from_july(kind="hire", rep=row, takes_over="ann"))

        version = f"{plan}/versions/3"
        found = quotas(client, version)
        assert months(client, version, "new")[6:] == [8, 25, 42, 58, 75, 92]
        assert found["new"] == 300
        assert found["bob"] == 1500
        assert sum(found.values()) == 4800
        # ann's 600 are 0.4 of her reach below what she is expected to sell; of new nothing was
        assert client.get(version).json()["fairness"]["stretch_min"] == -0.4
        assert client.get(version).json()["fairness"]["stretch_max"] == 0.5

    def test_without_a_seat_somebody_new_begins_with_nothing(
        self, client: TestClient, plan: str
    ) -> None:
        row = {"id": "new", "unit": "west"}

        happens(client, plan, **from_july(kind="hire", rep=row, takes_over=None))

        assert quotas(client, f"{plan}/versions/2")["new"] == 0

    def test_the_working_inputs_have_a_row_for_somebody_new(
        self, client: TestClient, plan: str
    ) -> None:
        row = {"id": "new", "name": "Nora New", "unit": "west", "attributes": {"crm": "x"}}

        event = happens(client, plan, **from_july(kind="hire", rep=row, takes_over=None))

        assert event["consequence"]["inputs"]["followed"]
        reps = {row["id"]: row for row in client.get(f"{plan}/inputs").json()["reps"]}
        assert reps["new"] == row | {"hired": "2027-07-01"}

    def test_a_vacant_seat_is_filled_with_what_it_was_planned_to_carry(
        self, client: TestClient
    ) -> None:
        inputs = twelve_hundred_each()
        inputs["reps"][1] |= {"vacant": True}
        plan = a_plan(client, inputs)
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1")

        row = {"id": "new", "unit": "west"}
        happens(client, plan, **from_july(kind="hire", rep=row, takes_over="bob"))

        found = quotas(client, f"{plan}/versions/2")
        assert found == {"ann": 1200, "bob": 600, "new": 600, "cyd": 1200, "d/d": 1200}
        reps = {row["id"]: row for row in client.get(f"{plan}/inputs").json()["reps"]}
        assert reps["bob"]["absences"] == [{"from": "2027-07-01", "share": 1.0}]


class TestMovingBetweenUnits:
    def test_units_change_by_what_moves_and_the_company_does_not(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))

        units = client.get(f"{plan}/versions/2/months").json()
        assert {row["id"]: row["quota"] for row in units["units"]} == {"east": 3000, "west": 1800}
        assert units["units"][0]["months"]["2027-07"] in (100, 300)
        assert quotas(client, f"{plan}/versions/2")["ann"] == 1200

    def test_a_swap_between_units_leaves_third_parties_alone(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, **from_july(kind="swap", reps=["ann", "cyd"]))

        found = quotas(client, f"{plan}/versions/2")
        assert (found["bob"], found["d/d"]) == (1200, 1200)

    def test_who_takes_over_elsewhere_leaves_the_own_seat_to_the_team(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="cyd"))

        happens(
            client,
            plan,
            "siblings",
            **from_july(kind="transfer", rep="ann", to_unit="east", takes_over="cyd"),
        )

        found = quotas(client, f"{plan}/versions/3")
        assert found == {"ann": 1200, "bob": 1800, "cyd": 600, "d/d": 1200}
        units = client.get(f"{plan}/versions/3/months").json()["units"]
        assert {row["id"]: row["quota"] for row in units} == {"east": 2400, "west": 2400}


class TestTarget:
    def test_everybody_carries_the_same_part_in_open_months(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, "2027-05-20")

        event = happens(client, plan, kind="target", amount=5184, **{"from": "2027-05-20"})

        assert event["funding"] == "everyone"
        version = f"{plan}/versions/2"
        assert set(quotas(client, version).values()) == {1296}
        assert months(client, version, "ann") == [100] * 4 + [112] * 8

    def test_a_second_one_begins_from_the_first(self, client: TestClient, plan: str) -> None:
        happens(client, plan, kind="target", amount=5184, **{"from": "2027-05-01"})
        happens(client, plan, kind="target", amount=4800, **{"from": "2027-05-01"})

        assert set(quotas(client, f"{plan}/versions/3").values()) == {1200}

    def test_the_same_target_changes_nothing(self, client: TestClient, plan: str) -> None:
        body = {"kind": "target", "amount": 4800, "from": "2027-05-01"}

        assert client.post(f"{plan}/events", json=body).json()["type"] == (
            "/problems/nothing-changes"
        )

    def test_what_caps_do_not_allow_is_told(self, client: TestClient) -> None:
        inputs = twelve_hundred_each()
        for row in inputs["reps"]:
            row["max"] = 1300
        plan = a_plan(client, inputs)
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1")

        answer = client.post(
            f"{plan}/events", json={"kind": "target", "amount": 6000, "from": "2027-05-01"}
        )

        assert answer.status_code == 422
        assert answer.json()["type"] == "/problems/change-not-carried"
        assert answer.json()["could"] == 400

    def test_units_keep_their_ranges(self, client: TestClient) -> None:
        inputs = twelve_hundred_each()
        inputs["units"] = [{"id": "east"}, {"id": "west", "max": 2450}]
        plan = a_plan(client, inputs)
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1")

        happens(client, plan, kind="target", amount=5200, **{"from": "2027-07-01"})

        assert quotas(client, f"{plan}/versions/2") == {
            "ann": 1225, "bob": 1225, "cyd": 1375, "d/d": 1375,
        }  # fmt: skip

    def test_frozen_units_carry_nothing_of_it_until_they_are_unfrozen(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, twelve_hundred_each())
        version = f"{plan}/versions/{a_version(client, plan, **EVENLY)['number']}"
        for unit in ("east", "west"):
            freeze(client, version, unit)
            step(client, version, unit, "sign-off")
        assert publish(client, version).status_code == 200
        body: Document = {"kind": "target", "amount": 5200, "from": "2027-07-01"}

        refused = client.post(f"{plan}/events", json=body)

        assert refused.status_code == 422
        assert (refused.json()["could"], refused.json()["frozen"]) == (0, ["east", "west"])
        assert f"unfrozen first, each with the reason: POST {version}/units/" in (
            refused.json()["detail"].replace("…", plan)
        )
        assert step(client, version, "west", "unfreeze", note="the target rose").status_code == 200
        happens(client, plan, **body)
        assert quotas(client, f"{plan}/versions/2") == {
            "ann": 1400, "bob": 1400, "cyd": 1200, "d/d": 1200,
        }  # fmt: skip
        leave = propose(client, plan, **from_july(kind="leave", rep="cyd"))
        path = f"{plan}/events/{leave['id']}"
        refused = client.post(
            f"{path}/accept", json={"funding": "unfunded"}, headers={"If-Match": "*"}
        )
        assert "unit east is frozen and would carry 600 less" in refused.text
        accept(client, plan, leave, funding="siblings")


class TestChains:
    def test_events_add_up_in_one_draft(self, client: TestClient, plan: str) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        happens(client, plan, "siblings", **from_july(kind="fte", rep="cyd", share=0.5))

        version = client.get(f"{plan}/versions/3").json()
        assert version["base_version"] == 2
        assert version["note"].startswith("Working time of cyd from 2027-07-01 on (evt_")
        assert quotas(client, f"{plan}/versions/3") == {
            "ann": 600, "bob": 1800, "cyd": 900, "d/d": 1500,
        }  # fmt: skip

    def test_events_of_different_units_come_to_the_same_in_either_order(
        self, client: TestClient, plan: str
    ) -> None:
        leave = from_july(kind="leave", rep="ann")
        fte = from_july(kind="fte", rep="cyd", share=0.3)
        happens(client, plan, "siblings", **leave)
        happens(client, plan, "siblings", **fte)
        other = a_plan(client, twelve_hundred_each())
        a_version(client, other, **EVENLY)
        publish(client, f"{other}/versions/1")
        happens(client, other, "siblings", **fte)
        happens(client, other, "siblings", **leave)

        one, two = (
            client.get(f"{path}/versions/3/quotas").json()["items"] for path in (plan, other)
        )

        def told(rows: list[Document]) -> list[tuple[Any, ...]]:
            return [(row["rep"], row["quota"], row["months"]) for row in rows]

        assert told(one) == told(two)

    def test_whoever_comes_back_has_the_own_months_again(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))

        happens(
            client, plan, "siblings", **from_july(kind="hire", rep={"id": "ann"}, takes_over="ann")
        )

        assert set(quotas(client, f"{plan}/versions/3").values()) == {1200}

    def test_what_was_seen_before_another_event_is_not_accepted(
        self, client: TestClient, plan: str
    ) -> None:
        one = propose(client, plan, **from_july(kind="leave", rep="ann"))
        other = propose(client, plan, **from_july(kind="fte", rep="cyd", share=0.5))
        path = f"{plan}/events/{other['id']}"
        seen = {"If-Match": client.get(path).headers["etag"]}
        accept(client, plan, one, funding="siblings")

        answer = client.post(f"{path}/accept", json={"funding": "siblings"}, headers=seen)

        assert answer.status_code == 412

    def test_a_published_draft_is_where_the_next_event_begins(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        publish(client, f"{plan}/versions/2")

        happens(client, plan, "siblings", **from_july(kind="fte", rep="cyd", share=0.5))

        assert quotas(client, f"{plan}/versions/3")["ann"] == 600

    def test_the_draft_that_stands_on_a_version_is_named_as_well_as_that(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        a_version(client, plan)  # beside it
        body = from_july(kind="fte", rep="cyd", share=0.5)

        answers = [client.post(f"{plan}/events", json=body | {"version": n}) for n in (1, 2, 3)]

        assert [answer.status_code for answer in answers] == [201, 201, 409]
        assert answers[2].json()["detail"] == (
            "Version 3 is a draft beside it; version 1 is in force."
        )

    def test_nothing_accepted_is_withdrawn(self, client: TestClient, plan: str) -> None:
        event = happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        path = f"{plan}/events/{event['id']}"

        answer = client.post(
            f"{path}/withdraw", headers={"If-Match": client.get(path).headers["etag"]}
        )

        assert answer.status_code == 409
        assert answer.json()["type"] == "/problems/event-is-decided"


class TestPreview:
    def test_tells_of_everybody_who_carries_something(self, client: TestClient, plan: str) -> None:
        event = propose(client, plan, **from_july(kind="leave", rep="ann"))

        shown = client.get(
            f"{plan}/events/{event['id']}/preview", params={"funding": "siblings"}
        ).json()

        assert {row["rep"]: row["to"] for row in shown["people"]} == {"ann": 600, "bob": 1800}
        assert shown["open"] == []
        assert client.get(f"{plan}/versions").json()["items"][0]["number"] == 1


class TestPolicies:
    @pytest.mark.parametrize(
        "policy",
        [
            {"fairness": "equal_probability"},
            {"parity": [{"cohort": "role", "tolerance": 0.5}], "season": [1, 2, 3, 4]},
        ],
        ids=["chances", "across"],
    )
    def test_whatever_was_solved_people_come_and_move_and_it_is_proved(
        self, client: TestClient, policy: dict[str, Any]
    ) -> None:
        inputs = twelve_hundred_each()
        for place, row in enumerate(inputs["reps"]):
            row |= {"sigma": 0.3, "cohorts": {"role": "ab"[place % 2]}}
        plan = a_plan(client, inputs)
        a_version(client, plan, policy=policy)
        publish(client, f"{plan}/versions/1")

        happens(client, plan, "siblings", **from_july(kind="leave", rep="ann"))
        row = {"id": "new", "unit": "west", "fte": 0.8}
        happens(client, plan, "parent", **from_july(kind="hire", rep=row, takes_over="ann"))
        happens(client, plan, **from_july(kind="swap", reps=["bob", "cyd"]))
        happens(client, plan, kind="target", amount=5280, **{"from": "2027-10-01"})

        assert sum(quotas(client, f"{plan}/versions/5").values()) == 5280


class TestTheCompanyItself:
    def test_nobody_is_moved_from_a_unit_to_the_company(
        self, client: TestClient, plan: str
    ) -> None:
        answer = client.post(
            f"{plan}/events", json=from_july(kind="transfer", rep="ann", to_unit=None)
        )

        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "pointer": "/to_unit",
                "detail": "hangs ann, who is of unit west, on the company itself",
            }
        ]

    def test_a_gap_is_booked_where_somebody_of_another_unit_works_less(
        self, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))

        happens(client, plan, "unfunded", **from_july(kind="fte", rep="ann", share=0.5))

        units = client.get(f"{plan}/versions/3/months").json()["units"]
        assert {row["id"]: row["quota"] for row in units} == {"east": 2700, "west": 1800}
