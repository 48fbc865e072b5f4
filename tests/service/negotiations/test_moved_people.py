"""Decisions about somebody who works for another unit since an event: that unit decides and pays.

Ann, of the west, works in the east from July on; everybody carries 100 a month.
"""

from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.domain.ledger.workplace import Workplace, workplace
from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import Document, a_plan, a_version, quotas
from tests.service.allocations.test_adjustments import adjust
from tests.service.allocations.test_proof_tampering import with_new_hashes
from tests.service.callers import Callers
from tests.service.negotiations.happenings import (
    EVENLY,
    from_july,
    given_today,
    happens,
    months,
    twelve_hundred_each,
)
from tests.service.negotiations.requests import a_request, answer, ask
from tests.service.steps import publish

RESERVES = [{"unit": unit, "amount": 100} for unit in ("east", "west")]


def moved(client: TestClient, **policy: Any) -> str:
    """The path of a plan whose version 2, in force, has ann in the east from July on."""
    plan = a_plan(client, twelve_hundred_each())
    a_version(client, plan, policy=EVENLY["policy"] | policy)
    publish(client, f"{plan}/versions/1").raise_for_status()
    happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
    publish(client, f"{plan}/versions/2").raise_for_status()
    return plan


@pytest.fixture
def plan(client: TestClient) -> str:
    return moved(client)


def granted(client: TestClient, request: str, **body: Any) -> Document:
    told = answer(client, request, "accept", **body)
    assert told.status_code == 200, told.text
    document: Document = told.json()
    return document


def changes(client: TestClient, plan: str) -> dict[str, float]:
    """From version 2 to version 3, which its proof confirms."""
    verified = client.get(f"{plan}/versions/3/verify").json()
    assert verified["valid"], verified["faults"]
    before, after = (quotas(client, f"{plan}/versions/{number}") for number in (2, 3))
    return {rep: after[rep] - before[rep] for rep in after if after[rep] != before[rep]}


def unit_months(client: TestClient, version: str) -> dict[str, list[float]]:
    rows = client.get(f"{version}/months").json()["units"]
    return {row["id"]: list(row["months"].values()) for row in rows}


class TestFunding:
    def test_the_others_of_the_new_unit_carry_it_in_the_months_that_remain(
        self, client: TestClient, plan: str
    ) -> None:
        request = a_request(client, plan, "ann", 1140, version=2)
        preview = client.get(f"{request}/preview").json()
        told = granted(client, request, funding="siblings")

        assert told["effective"] == "2027-07"
        assert client.get(request).json()["unit"] == "east"
        assert {row["rep"] for row in preview["carriers"]} == {"cyd", "d/d"}
        assert changes(client, plan) == {"ann": -60, "cyd": 30, "d/d": 30}
        assert months(client, f"{plan}/versions/3", "ann") == [100] * 6 + [90] * 6
        assert months(client, f"{plan}/versions/3", "cyd") == [100] * 6 + [105] * 6
        before, after = (unit_months(client, f"{plan}/versions/{k}") for k in (2, 3))
        assert before == after

    def test_a_proof_says_who_carried_it(self, client: TestClient, plan: str) -> None:
        granted(client, a_request(client, plan, "ann", 1140, version=2), funding="siblings")
        proof = client.get(f"{plan}/versions/3/certificate").json()
        assert examine(proof).valid
        last = proof["manifest"]["amendments"][-1]
        assert (last["funding"], last["unit"], last["reps"]) == ("siblings", "east", ["ann"])

        last["unit"] = "west"
        assert not examine(with_new_hashes(proof)).valid

    def test_everybody_below_the_new_units_parent_carries_it(
        self, client: TestClient, plan: str
    ) -> None:
        granted(client, a_request(client, plan, "ann", 1140, version=2), funding="parent")

        assert changes(client, plan) == {"ann": -60, "bob": 20, "cyd": 20, "d/d": 20}

    def test_the_new_units_reserve_gives_it(self, client: TestClient) -> None:
        plan = moved(client, reserves=RESERVES)

        granted(client, a_request(client, plan, "ann", 1140, version=2), funding="reserve")

        assert changes(client, plan) == {"ann": -60}
        left = client.get(f"{plan}/versions/3").json()["ledger"]["reserves"]
        assert {row["unit"]: row["left"] for row in left} == {"east": 40, "west": 100}
        after = unit_months(client, f"{plan}/versions/3")
        assert after["west"] == unit_months(client, f"{plan}/versions/2")["west"]
        assert after["east"] == [200] * 6 + [290] * 6

    def test_a_gap_is_one_of_the_new_unit(self, client: TestClient, plan: str) -> None:
        granted(client, a_request(client, plan, "ann", 1140, version=2), funding="unfunded")

        assert changes(client, plan) == {"ann": -60}
        assert unit_months(client, f"{plan}/versions/3")["east"] == [200] * 6 + [290] * 6

    def test_months_before_the_move_are_not_decided_about(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, "2027-04-20")
        request = a_request(client, plan, "ann", 1140, version=2)

        early = answer(client, request, "accept", funding="siblings", effective="2027-05-01")
        assert client.get(f"{request}/preview").json()["effective"] == "2027-07"

        assert early.status_code == 422
        assert early.json()["errors"][0]["detail"] == (
            "works for unit east from 2027-07 on, and for others in months before: decide what "
            "holds from 2027-07 on"
        )

    def test_what_the_others_cannot_carry_is_told_with_what_could_be(
        self, client: TestClient, plan: str
    ) -> None:
        inputs = twelve_hundred_each()
        for rep in inputs["reps"]:
            rep["max"] = 1220
        plan = a_plan(client, inputs)
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1").raise_for_status()
        happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))
        publish(client, f"{plan}/versions/2").raise_for_status()

        request = a_request(client, plan, "ann", 1140, version=2)
        refused = answer(client, request, "accept", funding="siblings")

        assert refused.status_code == 422
        assert refused.json()["unit"] == "east"
        assert refused.json()["could"] == [{"rep": "ann", "quota": 1160}]
        rules = [limit["rule"] for limit in refused.json()["limits"]]
        assert rules == ["rep:cyd:cap", "rep:d/d:cap"]
        granted(client, request, funding="siblings", amount=1160)
        assert changes(client, plan) == {"ann": -40, "cyd": 20, "d/d": 20}


class TestWhoDecides:
    def test_the_new_units_manager_and_not_the_old_one(self, callers: Callers) -> None:
        planner = callers("admin")
        plan = moved(planner)
        east, west = callers("manager", unit="east"), callers("manager", unit="west")
        ann = callers("rep", rep="ann")

        refused = ask(west, plan, "ann", 1140, version=2)
        request = a_request(ann, plan, "ann", 1140, version=2)

        assert "works for another unit" in refused.json()["errors"][0]["detail"]
        assert west.get(request).status_code == 404
        granted(east, request, funding="siblings")
        assert changes(planner, plan) == {"ann": -60, "cyd": 30, "d/d": 30}

    def test_of_what_was_asked_before_the_move_as_well(
        self, app: FastAPI, client: TestClient
    ) -> None:
        given_today(app, "2027-05-20")
        plan = a_plan(client, twelve_hundred_each())
        a_version(client, plan, **EVENLY)
        publish(client, f"{plan}/versions/1").raise_for_status()
        request = a_request(client, plan, "ann", 1140)
        assert client.get(request).json()["unit"] == "west"
        happens(client, plan, **from_july(kind="transfer", rep="ann", to_unit="east"))

        ways = client.get(f"{request}/preview").json()["ways"]
        granted(client, request, funding="siblings")

        assert {way["funding"]: way["unit"] for way in ways}["siblings"] == "east"
        assert changes(client, plan) == {"ann": -60, "cyd": 30, "d/d": 30}

    def test_a_planner_adjusts_and_the_old_manager_does_not(self, callers: Callers) -> None:
        planner = callers("admin")
        plan = moved(planner)
        version = f"{plan}/versions/2"
        west = callers("manager", unit="west")

        refused = adjust(west, version, {"ann": 1190, "bob": 1210}, effective="2027-07")
        made = adjust(planner, version, {"ann": 1140}, funding="siblings", effective="2027-07")

        assert refused.status_code == 403
        assert "ann works for another unit" in refused.json()["detail"]
        assert made.status_code == 201, made.text
        assert changes(planner, plan) == {"ann": -60, "cyd": 30, "d/d": 30}


class TestWorkplace:
    """By month what is carried in the own unit, and in others."""

    @pytest.mark.parametrize(
        ("carried", "first_open", "found"),
        [
            ({"a": [1, 1, 1]}, 1, Workplace("a", 1)),
            ({"a": [1, 0, 0], "b": [0, 1, 1]}, 1, Workplace("b", 1)),
            ({"a": [1, 0, 0], "b": [0, 1, 1]}, 0, Workplace("b", 1)),
            ({"a": [1, 0, 0], "b": [0, 1, 0], "c": [0, 0, 1]}, 0, Workplace("c", 2)),
            ({"a": [1, 1, 1], "b": [0, 1, 1]}, 0, Workplace("a", 0)),  # a second seat
            ({"a": [1, 0, 0], "b": [0, 1, 1], "c": [0, 1, 1]}, 0, None),
            ({"a": [1, 0, 0], "b": [0, 0, 1]}, 1, Workplace("b", 1)),  # away in between
            ({"a": [1, 0, 0]}, 1, Workplace("a", 1)),  # away for good
        ],
    )
    def test_is_one_unit_until_the_end(
        self, carried: dict[str, list[int]], first_open: int, found: Workplace | None
    ) -> None:
        of_units: Any = {unit: np.array(own) for unit, own in carried.items()}
        assert workplace(of_units, first_open) == found
