"""The work of all units in one version: exact sums, everybody else untouched, and a proof."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.repository import Chunks, StoredVersion
from service.kit.auth import DEFAULT_WORKSPACE
from service.kit.db import Database
from service.negotiations.levels.usecases.assembling import unfinished_units
from service.plans.repository import PlanVersions
from tests.service.allocations.plans import a_version, quotas
from tests.service.negotiations.levels.teams import (
    a_draft,
    adjust,
    at,
    freeze,
    in_lane,
    nine_reps,
    step,
)
from tests.service.steps import publish, take

type Document = dict[str, Any]


def assemble(client: TestClient, version: str, **body: Any) -> str:
    answer = client.post(f"{version}/assemble", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["location"])


def manifest(client: TestClient, version: str) -> Document:
    found: Document = client.get(f"{version}/certificate").json()["manifest"]
    return found


def chunks(client: TestClient, version: str) -> dict[str | None, str]:
    return {own["unit"]: own["chunk"] for own in manifest(client, version)["quotas"]}


def test_one_unit_moves_and_everybody_else_keeps_their_bytes(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")

    made = assemble(client, version, note="the west has signed")

    assert quotas(client, made) == quotas(client, version) | in_lane(client, version, "west")
    before, after = chunks(client, version), chunks(client, made)
    assert {unit for unit in before if before[unit] != after[unit]} == {"west"}
    told = manifest(client, made)
    assert told["frozen"] == [{"unit": "west", "amount": 435_000}]
    assert told["locks"] == [{"rep": "bob", "quota": 108_500, "reference": "unit:west"}]
    assert [(part["kind"], part["reference"]) for part in told["amendments"]] == [
        ("adjustment", "unit:west")
    ]
    assert client.get(f"{made}/verify").json()["valid"]
    assembled = client.get(f"{made}/units").json()["assembled"]
    assert (assembled["frame"], assembled["units"], assembled["exceptions"]) == (1, ["west"], [])


def test_who_has_not_signed_is_waited_for_or_named(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    freeze(client, version, "east/1")
    adjust(client, version, "west", bob=1085)
    adjust(client, version, "east/1", fay=1150)
    step(client, version, "west", "sign-off")

    refused = client.post(f"{version}/assemble", json={})
    assert refused.status_code == 409
    assert refused.json()["units"] == ["east/1"]

    made = assemble(client, version, exceptions=["east/1"])
    assert quotas(client, made)["fay"] == 1100  # stays as it is in the version
    assert quotas(client, made)["bob"] == 1085
    assert manifest(client, made)["frozen"] == [
        {"unit": "east/1", "amount": 220_000},
        {"unit": "west", "amount": 435_000},
    ]


@pytest.mark.parametrize("last", ["quotas", "unfreeze"])
def test_units_are_put_together_as_they_stood_at_one_moment(
    app: FastAPI, client: TestClient, last: str
) -> None:
    """While their work is read, the west is reopened and goes on, or is given back."""
    version = a_draft(client)
    freeze(client, version, "west")
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    engine, reads = app.state.database.engine, list[str]()

    def go_on_before_the_second_read(*arguments: Any) -> None:
        if "FROM unit_lane" in arguments[2]:
            reads.append(arguments[2])
            if len(reads) == 2:
                step(client, version, "west", "reopen").raise_for_status()
                more = {"adjustments": [{"rep": "bob", "quota": 1090, "reason": "one more"}]}
                body = more if last == "quotas" else {}
                step(client, version, "west", last, **body).raise_for_status()

    sa.event.listen(engine, "before_cursor_execute", go_on_before_the_second_read)
    made = assemble(client, version)

    assert len(reads) > 2
    assert quotas(client, made)["bob"] == 1085  # what was signed
    assert client.get(f"{made}/units").json()["assembled"]["units"] == ["west"]


def test_exceptions_are_of_units_that_need_one(client: TestClient) -> None:
    version = a_draft(client)
    assert client.post(f"{version}/assemble", json={}).status_code == 409
    freeze(client, version, "west")
    step(client, version, "west", "sign-off")
    answer = client.post(f"{version}/assemble", json={"exceptions": ["west", "east", "east"]})
    assert answer.status_code == 422
    assert [fault["detail"] for fault in answer.json()["errors"]] == [
        "is signed, and needs no exception",
        "is not frozen in this version",
        "stands twice",
    ]


def test_units_inside_units_add_up(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "east")
    adjust(client, version, "east", fay=1130)
    freeze(client, version, "east/1")
    adjust(client, version, "east/1", gus=1080)
    step(client, version, "east/1", "sign-off")
    step(client, version, "east", "sign-off")

    made = assemble(client, version)

    told = quotas(client, made)
    assert told["fay"] + told["gus"] == 1130 + 1092
    assert told["gus"] == 1080
    assert sum(quotas(client, made, unit="east").values()) == 5500
    assert client.get(f"{made}/verify").json() == client.get(f"{made}/verify").json() | {
        "valid": True
    }


def test_an_inner_unit_does_not_outlive_the_outer_one_it_was_agreed_in(
    client: TestClient,
) -> None:
    version = a_draft(client)
    freeze(client, version, "east")
    adjust(client, version, "east", fay=1130)
    freeze(client, version, "east/1")
    step(client, version, "east/1", "sign-off")
    refused = client.post(f"{version}/assemble", json={"exceptions": ["east"]})
    assert refused.status_code == 409
    assert refused.json()["units"] == ["east/1"]


def test_months_follow(client: TestClient) -> None:
    version = a_draft(client, nine_reps(), policy={"season": "even"})
    freeze(client, version, "west")
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    made = assemble(client, version)
    bob = client.get(f"{made}/quotas/bob").json()
    assert sum(bob["months"].values()) == 1085
    assert client.get(f"{made}/verify").json()["valid"]


def test_months_that_are_over_stay(client: TestClient) -> None:
    version = a_draft(client, nine_reps(), policy={"season": "even"})
    for wrong in ("2028-01", "2027-13"):
        refused = client.post(f"{at(version, 'west')}/freeze", json={"effective": wrong})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/effective"
    freeze(client, version, "west", effective="2027-04")
    assert client.get(at(version, "west")).json()["effective"] == "2027-04"
    refused = adjust(client, version, "west", bob=200)
    assert refused.json()["errors"][0]["detail"] == "is less than 275, of months that are over"
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    made = assemble(client, version)
    before = client.get(f"{version}/quotas/bob").json()["months"]
    after = client.get(f"{made}/quotas/bob").json()["months"]
    closed = ["2027-01", "2027-02", "2027-03"]
    assert [after[month] for month in closed] == [before[month] for month in closed]
    assert sum(after.values()) == 1085
    assert client.get(f"{made}/verify").json()["valid"]


def test_units_under_a_rule_across_the_company(client: TestClient) -> None:
    policy = {"groups": [{"id": "overlay", "reps": ["bob", "eve"], "max": 2150}]}
    version = a_draft(client, policy=policy)
    freeze(client, version, "west")
    before = in_lane(client, version, "west")
    assert step(client, version, "west", "solve").status_code == 200
    assert in_lane(client, version, "west") == before
    limits = [{"rep": "cyd", "max": 1080}]
    assert step(client, version, "west", "solve", limits=limits).status_code == 200
    assert in_lane(client, version, "west")["bob"] <= before["bob"]
    refused = adjust(client, version, "west", bob=before["bob"] + 20)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"] == (
        "would break group:overlay:max, which cuts across units"
    )
    step(client, version, "west", "sign-off")
    assert client.get(f"{assemble(client, version)}/verify").json()["valid"]


def test_what_holds_for_each_unit_may_not_hold_for_all(client: TestClient) -> None:
    policy = {"groups": [{"id": "overlay", "reps": ["bob", "fay"], "max": 2230}]}
    version = a_draft(client, policy=policy)
    for unit, rep in (("west", "bob"), ("east/1", "fay")):
        freeze(client, version, unit)
        assert adjust(client, version, unit, **{rep: 1120}).status_code == 200
        step(client, version, unit, "sign-off")
    refused = client.post(f"{version}/assemble", json={})
    assert refused.status_code == 409
    assert refused.json()["rules"] == ["group:overlay:max"]


def test_what_is_unfinished_is_known_to_whoever_publishes(
    client: TestClient, database: Database
) -> None:
    def unfinished(version: str) -> tuple[list[str], list[str]]:
        _, _, _, plan, _, number = version.split("/")
        with database.of(DEFAULT_WORKSPACE).sessions.begin() as session:
            found = unfinished_units(session, PlanVersions(session).get(plan, int(number)))
            return found.unsigned, found.signed

    version = a_draft(client)
    assert unfinished(version) == ([], [])
    freeze(client, version, "west")
    freeze(client, version, "east")
    assert unfinished(version) == (["east", "west"], [])
    step(client, version, "east", "sign-off")  # as the version has it
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    assert unfinished(version) == ([], ["west"])
    assert unfinished(assemble(client, version)) == ([], [])


def test_the_stored_version_says_what_the_api_says(client: TestClient, database: Database) -> None:
    """Nothing of the frame's own chunks is new but those of the unit."""
    version = a_draft(client)
    freeze(client, version, "east/2")
    adjust(client, version, "east/2", hal=1120)
    step(client, version, "east/2", "sign-off")
    made = assemble(client, version)
    _, _, _, plan, _, number = made.split("/")
    with database.of(DEFAULT_WORKSPACE).reading.begin() as session:
        stored = StoredVersion(
            PlanVersions(session).get(plan, int(number)), Chunks(session, DEFAULT_WORKSPACE)
        )
        rows = {row["rep"]: row for row in stored.quotas()}
    assert "amended" not in rows["ann"]
    assert rows["hal"]["amended"] == [[0, 2000]]
    assert rows["ida"]["amended"] == [[0, -2000]]
    assert orjson.dumps(rows["hal"]["solved"]) == b"110000"


def test_a_frame_is_worked_on_while_it_is_a_draft(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    step(client, version, "west", "sign-off")
    etag = client.get(version).headers["etag"]
    submitted = client.post(f"{version}/submit", json={}, headers={"If-Match": etag})
    assert submitted.status_code == 200, submitted.text
    for action in ("solve", "reopen"):
        assert step(client, version, "west", action).status_code == 409
    assert client.post(f"{at(version, 'east')}/freeze", json={}).status_code == 409
    assert client.post(f"{version}/assemble", json={}).status_code == 409


def test_a_new_solve_on_it_keeps_envelopes_and_locks(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    made = assemble(client, version)
    plan, _, number = made.rpartition("/versions/")
    client.put(f"{plan}/inputs", json=nine_reps(target=10_350))

    again = a_version(client, plan, base_version=int(number))

    path = f"{plan}/versions/{again['number']}"
    told = quotas(client, path)
    assert sum(quotas(client, path, unit="west").values()) == 4350
    assert told["bob"] == 1085
    assert sum(told.values()) == 10_350
    assert manifest(client, path)["frozen"] == [{"unit": "west", "amount": 435_000}]
    assert client.get(f"{path}/verify").json()["valid"]


def test_only_what_was_put_together_is_handed_in(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    freeze(client, version, "east")
    adjust(client, version, "west", bob=1085)
    step(client, version, "west", "sign-off")
    made = assemble(client, version, exceptions=["east"])

    refused = take(client, version, "submit")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/version-unfinished"
    unsigned, signed = refused.json()["unfinished"]
    assert unsigned.startswith("Frozen and not signed: east.")
    assert signed.startswith("Signed, and what was worked there is not in this version: west.")
    assert publish(client, made).status_code == 200


def test_every_rep_who_moved_is_told_why(client: TestClient) -> None:
    version = a_draft(client)
    freeze(client, version, "west")
    step(client, version, "west", "solve", limits=[{"rep": "bob", "max": 1010}])
    step(client, version, "west", "sign-off")

    bob = client.get(f"{assemble(client, version)}/quotas/bob").json()

    assert bob["quota"] == 1010
    assert {"term": "unit_solve", "amount": -90, "reference": "unit:west"} in bob["explanation"]
    assert sum(term["amount"] for term in bob["explanation"]) == 1010
