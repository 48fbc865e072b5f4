"""A frozen unit's own reserve: what it gives is inside the envelope, and moves nobody outside."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.allocations.test_adjustments import adjust
from tests.service.allocations.test_proof_tampering import with_new_hashes
from tests.service.callers import Callers
from tests.service.guides.pages import guide
from tests.service.negotiations.levels.teams import at, freeze, nine_reps, step
from tests.service.negotiations.requests import a_request, answer
from tests.service.steps import publish

type Document = dict[str, Any]


def a_draft_with_reserves(client: TestClient, *units: str | None) -> str:
    """West carries 4,350, and everybody else 1,100; each of these units has a reserve of 50."""
    plan = a_plan(client, nine_reps())
    reserves = [{"unit": unit, "amount": 50} for unit in units]
    a_version(client, plan, policy={"reserves": reserves})
    return f"{plan}/versions/1"


def agreed(client: TestClient, *reserves: str | None) -> str:
    """The path of a published version in which west has agreed on its envelope."""
    version = a_draft_with_reserves(client, *reserves)
    freeze(client, version, "west")
    step(client, version, "west", "sign-off").raise_for_status()
    made = str(client.post(f"{version}/assemble", json={}).headers["location"])
    publish(client, made).raise_for_status()
    return made


def ledger(client: TestClient, version: str) -> Document:
    verified = client.get(f"{version}/verify").json()
    assert verified["valid"], verified["faults"]
    told: Document = client.get(version).json()["ledger"]
    return told


def plan_of(version: str) -> str:
    return version.partition("/versions/")[0]


class TestAUnitThatHasAgreed:
    def test_is_relieved_by_its_own_reserve_and_keeps_its_envelope(self, callers: Callers) -> None:
        client, west = callers("admin"), callers("manager", unit="west")
        made = agreed(client, "west")
        plan, before = plan_of(made), quotas(client, made)
        request = a_request(client, plan, "bob", before["bob"] - 20, version=2)

        granted = answer(west, request, "accept", funding="reserve")

        assert granted.status_code == 200, granted.text
        after = f"{plan}/versions/3"
        assert quotas(client, after) == before | {"bob": before["bob"] - 20}
        told = ledger(client, after)
        assert told["frozen"] == [{"unit": "west", "amount": 4350, "spent": 20}]
        assert json.dumps(told["frozen"][0]) in guide("level-by-level")
        assert [row["left"] for row in told["reserves"]] == [30]
        publish(client, after).raise_for_status()

    def test_a_proof_that_says_less_was_spent_does_not_hold(self, client: TestClient) -> None:
        made = agreed(client, "west")
        wanted = quotas(client, made)["bob"] - 20
        request = a_request(client, plan_of(made), "bob", wanted, version=2)
        answer(client, request, "accept", funding="reserve").raise_for_status()
        proof = client.get(f"{plan_of(made)}/versions/3/certificate").json()
        assert examine(proof).valid

        proof["manifest"]["frozen"][0]["spent"] = 1900
        assert not examine(with_new_hashes(proof)).checks["ledger"]

    def test_carries_all_of_it_once_the_plan_is_solved_again(self, client: TestClient) -> None:
        """The reserve is whole again then; else others would carry what it gave."""
        made = agreed(client, "west")
        plan, before = plan_of(made), quotas(client, made)
        request = a_request(client, plan, "bob", before["bob"] - 20, version=2)
        answer(client, request, "accept", funding="reserve").raise_for_status()

        policy = {"reserves": [{"unit": "west", "amount": 50}]}
        number = a_version(client, plan, policy=policy, base_version=3)["number"]

        told = ledger(client, f"{plan}/versions/{number}")
        assert told["frozen"] == [{"unit": "west", "amount": 4350, "spent": 0}]
        again = quotas(client, f"{plan}/versions/{number}")
        assert again["bob"] == before["bob"] - 20
        assert sum(again[rep] for rep in ("ann", "bob", "cyd", "dan")) == 4350

    @pytest.mark.parametrize("reserve", [None, "east"])
    def test_takes_nothing_of_a_reserve_outside_it(
        self, client: TestClient, reserve: str | None
    ) -> None:
        made = agreed(client, reserve)
        wanted = quotas(client, made)["bob"] - 20
        request = a_request(client, plan_of(made), "bob", wanted, version=2)

        refused = answer(client, request, "accept", funding="reserve")

        assert refused.status_code == 422

    def test_gives_back_no_more_than_it_took_since(self, client: TestClient) -> None:
        version = a_draft_with_reserves(client, "west")
        adjust(client, version, {"bob": 1080}, funding="reserve").raise_for_status()
        spent = f"{plan_of(version)}/versions/2"
        freeze(client, spent, "west")

        refused = adjust(client, spent, {"bob": 1090}, funding="reserve")

        assert refused.status_code == 422
        assert "unit west is frozen and would carry 10 more" in refused.text


class TestAUnitThatIsWorkedIn:
    def test_begins_anew_inside_what_is_left_and_is_signed_again(self, client: TestClient) -> None:
        version = a_draft_with_reserves(client, "west")
        freeze(client, version, "west")
        step(client, version, "west", "sign-off").raise_for_status()

        made = adjust(client, version, {"bob": 1080}, funding="reserve")

        assert made.status_code == 201, made.text
        after = str(made.headers["location"])
        lane = client.get(at(after, "west")).json()
        assert (lane["status"], lane["envelope"]) == ("frozen", 4330)
        assert ledger(client, after)["frozen"] == [{"unit": "west", "amount": 4350, "spent": 20}]
        step(client, after, "west", "sign-off").raise_for_status()
        whole = str(client.post(f"{after}/assemble", json={}).headers["location"])
        assert ledger(client, whole)["frozen"] == [{"unit": "west", "amount": 4350, "spent": 20}]
        publish(client, whole).raise_for_status()
