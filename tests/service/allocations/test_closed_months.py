"""A plan that is solved again in the middle of its period: what is closed stays as it was."""

from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.service.allocations.plans import Document, a_plan, a_version, publish, quotas
from tests.service.allocations.test_adjustments import adjust, adjusted
from tests.service.negotiations.happenings import (
    EVENLY,
    given_today,
    happens,
    in_force,
    months,
    twelve_hundred_each,
)

MAY = "2027-05-20"


@pytest.fixture
def plan(client: TestClient) -> str:
    """100 a month for everybody."""
    return in_force(client, twelve_hundred_each())


def solved_again(client: TestClient, plan: str, **body: Any) -> str:
    """The path of a new draft that its proof and its replay confirm."""
    number = a_version(client, plan, **(EVENLY | body))["number"]
    version = f"{plan}/versions/{number}"
    verified = client.get(f"{version}/verify").json()
    assert verified["valid"], verified["faults"]
    assert client.post(f"{version}/replay").json() == {"same": True, "differences": []}
    return version


def put(client: TestClient, plan: str, inputs: Document) -> None:
    answer = client.put(f"{plan}/inputs", json=inputs)
    assert answer.status_code == 200, answer.text


class TestSolvingInMidPeriod:
    def test_plans_the_open_months_and_keeps_those_that_have_begun(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        more = twelve_hundred_each() | {"target": 8160}
        put(client, plan, more)

        again = solved_again(client, plan)

        assert set(quotas(client, again).values()) == {2040}
        for rep in ("ann", "bob", "cyd", "d/d"):
            assert months(client, again, rep) == [100] * 5 + [220] * 7
        row = client.get(f"{again}/quotas/ann").json()  # what moves no quota is no part of it
        assert [term["term"] for term in row["explanation"]] == ["anchor", "stretch", "rounding"]
        changed = client.get(f"{plan}/versions/1/diff/2").json()["changed"]
        assert {row["change"] for row in changed} == {840}

        assert publish(client, again).status_code == 200
        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-07-01"})
        assert months(client, f"{plan}/versions/3", "ann") == [100] * 5 + [220] + [0] * 6
        assert months(client, f"{plan}/versions/3", "bob") == [100] * 5 + [220] + [440] * 6

        inputs = twelve_hundred_each()
        inputs["reps"] = inputs["reps"][1:]
        put(client, plan, inputs)
        lost = client.post(f"{plan}/versions", json=EVENLY)
        assert lost.status_code == 409
        assert lost.json()["type"] == "/problems/closed-months-not-kept"
        assert lost.json()["reps"] == ["ann"]

    def test_plans_the_whole_period_while_nothing_is_published(
        self, app: FastAPI, client: TestClient
    ) -> None:
        plan = a_plan(client, twelve_hundred_each())
        a_version(client, plan, **EVENLY)
        given_today(app, MAY)
        put(client, plan, twelve_hundred_each() | {"target": 9600})

        again = solved_again(client, plan)

        assert months(client, again, "ann") == [200] * 12

    def test_keeps_what_somebody_carried_who_has_left_and_no_more(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "unfunded", kind="leave", rep="ann", **{"from": "2027-04-01"})
        given_today(app, MAY)

        again = solved_again(client, plan, base_version=1)

        assert months(client, again, "ann") == [100] * 5 + [0] * 7  # version 1 holds in May
        assert sum(quotas(client, again).values()) == 4800

    def test_gives_who_leaves_later_a_part_of_the_quota(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-09-01"})
        given_today(app, MAY)

        again = solved_again(client, plan)

        assert months(client, again, "ann")[8:] == [0] * 4
        found = quotas(client, again)  # 4,800 over 3 2/3 seats
        assert found["bob"] == pytest.approx(4800 / 11 * 3, abs=1)
        assert found["ann"] == pytest.approx(4800 / 11 * 2, abs=1)

    def test_leaves_closed_months_in_the_unit_that_carried_them(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-04-01"})
        assert publish(client, f"{plan}/versions/2").status_code == 200
        before = {
            row["id"]: list(row["months"].values())
            for row in client.get(f"{plan}/versions/2/months").json()["units"]
        }
        given_today(app, MAY)

        again = solved_again(client, plan)

        told = client.get(f"{again}/months").json()["units"]
        after = {row["id"]: list(row["months"].values()) for row in told}
        for unit, own in before.items():
            assert after[unit][:5] == own[:5]
        assert client.get(f"{again}/quotas/ann").json()["unit"] == "east"
        assert [row["term"] for row in client.get(f"{again}/quotas/ann").json()["explanation"]] == [
            "anchor", "stretch", "rounding",
        ]  # fmt: skip

    def test_keeps_as_much_as_an_event_has_closed(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(
            client, plan, "siblings", kind="leave", rep="ann",
            **{"from": "2027-09-01", "closed_through": "2027-08"},
        )  # fmt: skip
        assert publish(client, f"{plan}/versions/2").status_code == 200
        given_today(app, MAY)
        put(client, plan, client.get(f"{plan}/inputs").json() | {"target": 6000})

        again = solved_again(client, plan)

        assert months(client, again, "bob")[:8] == [100] * 8


class TestWhatFollows:
    def test_agreements_do_not_go_on_from_drafts_solved_or_imported_beside_them(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        put(client, plan, twelve_hundred_each() | {"target": 8160})
        a_version(client, plan, **EVENLY)
        rows = [{"rep": rep, "quota": 1200} for rep in ("ann", "bob", "cyd", "d/d")]
        imported = client.post(f"{plan}/versions/import", json={"quotas": rows, "base_version": 1})
        assert imported.status_code == 201, imported.text

        event = happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-07-01"})

        assert client.get(f"{plan}/versions/{event['accepted_in']}").json()["base_version"] == 1


class TestEveryOtherWayToChangeQuotas:
    def test_an_adjustment_moves_months_that_have_not_begun(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)

        draft = adjusted(client, f"{plan}/versions/1", {"ann": 1340})

        assert months(client, draft, "ann") == [100] * 5 + [120] * 7
        assert months(client, draft, "bob")[:5] == [100] * 5
        assert sum(quotas(client, draft).values()) == 4800
        over = adjust(client, f"{plan}/versions/1", {"ann": 1340}, effective="2027-04")
        assert over.status_code == 422
        assert over.json()["errors"][0]["pointer"] == "/effective"

    def test_an_import_changes_open_months_alone(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        by_hand = {"ann": 1340, "bob": 1060, "cyd": 1200, "d/d": 400}
        rows = [{"rep": rep, "quota": quota} for rep, quota in by_hand.items()]

        body = EVENLY | {"quotas": rows}
        refused = client.post(f"{plan}/versions/import", json=body)
        rows[-1]["quota"] = 1200
        imported = client.post(f"{plan}/versions/import", json=body)

        assert refused.status_code == 422
        assert refused.json()["errors"] == [{
            "pointer": "/quotas/3/quota", "value": "d/d",
            "detail": "is less than the 500 of months that are over",
        }]  # fmt: skip
        assert imported.status_code == 201, imported.text
        version = imported.headers["location"]
        assert months(client, version, "ann") == [100] * 5 + [120] * 7
        assert client.get(f"{version}/verify").json()["valid"]

    def test_a_version_that_says_something_else_of_them_is_not_published(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-03-01"})
        given_today(app, MAY)

        late = publish(client, f"{plan}/versions/2")
        as_agreed = client.post(
            f"{plan}/versions/2/publish",
            json={"effective": "2027-03-01"},
            headers={"If-Match": "*"},
        )

        assert late.status_code == 409
        assert late.json()["type"] == "/problems/closed-months-differ"
        assert (late.json()["month"], late.json()["reps"]) == ("2027-03", ["ann", "bob"])
        assert as_agreed.status_code == 200, as_agreed.text


class TestInputsAfterAnEvent:
    """What was given of somebody goes with the seats."""

    def given(self, client: TestClient, plan: str) -> dict[str, tuple[float, float | None]]:
        rows = client.get(f"{plan}/inputs").json()["reps"]
        return {row["id"]: (row["baseline"], row.get("max")) for row in rows}

    def test_half_a_seat_is_half_of_what_is_expected_of_it(self, client: TestClient) -> None:
        inputs = twelve_hundred_each()
        inputs["reps"][0] |= {"max": 1800}
        plan = a_plan(client, inputs)
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1")

        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-07-01"})
        row = {"id": "new", "unit": "west"}
        hire = {"kind": "hire", "rep": row, "takes_over": "ann", "from": "2027-10-01"}
        happens(client, plan, "siblings", ramp=False, **hire)
        happens(client, plan, kind="swap", reps=["bob", "cyd"], **{"from": "2027-07-01"})

        assert self.given(client, plan) == {
            "ann": (500, 900), "bob": (1000, None), "cyd": (1000, None), "d/d": (1000, None),
            "new": (250, None),
        }  # fmt: skip
