"""Three units are frozen, two have signed: what is made of the version keeps what they agreed on.

The west (4,350) has signed with changes, the first team of the east (2,200) as it is in the
version; the second one (2,200) is still at work. Each test is a row of the table in the guide.
"""

from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from service.allocations.versions.domain.ledger.kept import EnvelopeNotKept
from service.allocations.versions.usecases import amending
from service.kit.auth import DEFAULT_WORKSPACE, LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
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

ENVELOPES = {"west": 4350, "east/1": 2200, "east/2": 2200}
STATES = {"east": "open", "east/1": "signed", "east/2": "frozen", "west": "signed"}


def at_work(client: TestClient, inputs: Document | None = None) -> str:
    version = a_draft(client, inputs)
    for unit in ENVELOPES:
        freeze(client, version, unit)
    adjust(client, version, "west", bob=1085)
    adjust(client, version, "east/2", hal=1120)
    for unit in ("west", "east/1"):
        step(client, version, unit, "sign-off").raise_for_status()
    return version


def states(client: TestClient, version: str) -> dict[str, str]:
    items = client.get(f"{version}/units").json()["items"]
    return {row["unit"]: row["status"] for row in items}


def keeps(client: TestClient, version: str, *but: str) -> Document:
    """That the version carries every envelope, says so, and can prove it; its manifest."""
    for unit, amount in ENVELOPES.items():
        if unit not in but:
            assert sum(quotas(client, version, unit=unit).values()) == amount
    manifest: Document = client.get(f"{version}/certificate").json()["manifest"]
    stated = {own["unit"]: own["amount"] for own in manifest["frozen"]}
    assert stated == {unit: 100 * ENVELOPES[unit] for unit in sorted(ENVELOPES) if unit not in but}
    verified = client.get(f"{version}/verify").json()
    assert verified["valid"], verified
    return manifest


def assembled(client: TestClient, version: str) -> str:
    answer = client.post(f"{version}/assemble", json={"exceptions": ["east/2"]})
    return str(answer.headers["location"])


def solved(client: TestClient, version: str, inputs: Document | None = None, **body: Any) -> str:
    """Solve on top of the version."""
    plan, _, number = version.rpartition("/versions/")
    if inputs is not None:
        assert client.put(f"{plan}/inputs", json=inputs).status_code == 200
    return f"{plan}/versions/{a_version(client, plan, base_version=int(number), **body)['number']}"


def patch(client: TestClient, version: str, funding: str | None = None, **wanted: int) -> Response:
    rows = [{"rep": rep, "quota": quota, "reason": "agreed"} for rep, quota in wanted.items()]
    body = {"adjustments": rows} | ({"funding": funding} if funding else {})
    return client.patch(f"{version}/quotas", json=body, headers={"If-Match": "*"})


def test_a_new_solve_keeps_envelopes_work_and_signatures(client: TestClient) -> None:
    version = at_work(client)

    made = solved(client, version, nine_reps(target=9900))

    keeps(client, made)
    assert quotas(client, made)["eve"] == 1150  # the only one who is in nobody's hands
    assert states(client, made) == STATES
    for unit in ENVELOPES:
        assert in_lane(client, made, unit) == in_lane(client, version, unit)
    lane = client.get(at(made, "west")).json()
    assert [(row["action"], row["note"]) for row in lane["steps"]] == [
        ("go_along", "from version 1")
    ]
    assert lane["signed_by"] == "local administrator"
    step(client, made, "east/2", "sign-off")
    whole = client.post(f"{made}/assemble", json={}).headers["location"]
    assert (quotas(client, whole)["bob"], quotas(client, whole)["hal"]) == (1085, 1120)
    assert states(client, whole) == STATES | dict.fromkeys(ENVELOPES, "agreed")
    keeps(client, whole)


def test_a_unit_whose_people_changed_begins_anew_inside_its_envelope(client: TestClient) -> None:
    version = at_work(client)
    inputs = nine_reps()
    inputs["reps"][1]["baseline"] = 900  # bob of the west

    made = solved(client, version, inputs)

    keeps(client, made)
    assert states(client, made) == STATES | {"west": "frozen"}
    assert in_lane(client, made, "west") == quotas(client, made, unit="west")
    steps = client.get(at(made, "west")).json()["steps"]
    assert [row["action"] for row in steps] == ["begin_anew"]


def test_what_cannot_keep_them_is_refused_by_name_and_not_stored(client: TestClient) -> None:
    version = at_work(client)
    plan, _, _ = version.rpartition("/versions/")
    inputs = nine_reps()
    for rep in inputs["reps"][1:4]:
        rep["max"] = 1050
    client.put(f"{plan}/inputs", json=inputs)
    for policy in ({}, {"on_infeasible": "relax"}, {"on_infeasible": "gap"}):
        refused = client.post(f"{plan}/versions", json={"policy": policy})
        assert refused.status_code in (409, 422)
        assert "rozen" in refused.json()["detail"]
        assert "west at 4,350" in refused.json()["detail"]

    inputs = nine_reps(units=[{"id": "west"}])
    for rep in inputs["reps"]:
        rep["unit"] = "west"
    client.put(f"{plan}/inputs", json=inputs)
    refused = client.post(f"{plan}/versions", json={})
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/envelope-not-kept"
    assert refused.json()["units"] == ["east/1", "east/2"]
    assert len(client.get(f"{plan}/versions").json()["items"]) == 1


def test_adjustments_and_scenarios_keep_them(client: TestClient) -> None:
    version = at_work(client)
    plan, _, _ = version.rpartition("/versions/")

    beside = patch(client, version, "unfunded", eve=1050).headers["location"]
    keeps(client, beside)
    assert states(client, beside) == STATES
    assert in_lane(client, beside, "west") == in_lane(client, version, "west")

    for inside in (
        patch(client, version, "siblings", bob=1080).headers["location"],
        patch(client, version, bob=1080).headers["location"],  # all others are solved again
    ):
        keeps(client, inside)
        assert quotas(client, inside)["bob"] == 1080
        assert states(client, inside) == STATES | {"west": "frozen"}

    refused = patch(client, version, "unfunded", bob=1080)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"] == (
        "unit west is frozen and would carry 20 less; a planner unfreezes it first, or "
        "others in it carry the difference (unit:west:target)"
    )

    body = {"grid": {"fairness": ["equal_growth"]}, "store": True, "base_version": 1}
    tried = client.post(f"{plan}/scenarios", json=body).json()["scenarios"][0]
    keeps(client, f"{plan}/versions/{tried['version']}")


def test_a_plan_by_hand_keeps_them_or_is_refused(client: TestClient) -> None:
    version = at_work(client)
    plan, _, _ = version.rpartition("/versions/")

    def by_hand(**changes: int) -> Response:
        told = quotas(client, version) | changes
        rows = [{"rep": rep, "quota": quota} for rep, quota in told.items()]
        return client.post(f"{plan}/versions/import", json={"quotas": rows})

    refused = by_hand(fay=1150)
    assert refused.status_code == 409
    assert "unit east/1 is frozen and would carry 50 more" in refused.json()["detail"]
    made = by_hand(fay=1150, gus=1050).headers["location"]
    keeps(client, made)
    assert states(client, made) == STATES | {"east/1": "frozen"}


def test_a_version_is_handed_in_and_asked_about_with_them(client: TestClient) -> None:
    version = at_work(client)
    refused = take(client, version, "submit")
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/version-unfinished"
    made = assembled(client, version)
    for action in ("submit", "withdraw", "submit"):
        assert take(client, made, action).status_code == 200
    keeps(client, made)

    plan, _, _ = version.rpartition("/versions/")
    body = {
        "version": 2, "rep": "fay", "proposed": 1080, "note": "lost one",
        "evidence": [
            {"kind": "account_lost", "reference": "A-17", "amount": 20, "date": "2026-11-01"}
        ],
    }  # fmt: skip
    request = client.post(f"{plan}/change-requests", json=body).json()
    path = f"{plan}/change-requests/{request['id']}/accept"
    refused = client.post(path, json={"funding": "unfunded"})
    assert "unit east/1 is frozen and would carry 20 less" in refused.text
    granted = client.post(path, json={"funding": "siblings"})
    assert granted.status_code == 200, granted.text
    after = f"{plan}/versions/{granted.json()['version']}"
    keeps(client, after)
    assert quotas(client, after)["gus"] == 1120


def test_an_agreed_unit_is_frozen_again_or_given_up_by_name(client: TestClient) -> None:
    made = assembled(client, at_work(client))
    refused = client.get(at(made, "west"))
    assert (refused.status_code, refused.json()["unit_status"]) == (409, "agreed")

    assert freeze(client, made, "west")["envelope"] == 4350
    assert client.post(f"{at(made, 'west')}/freeze", json={}).status_code == 409
    adjust(client, made, "west", cyd=1100)
    assert step(client, made, "west", "sign-off").status_code == 200
    whole = client.post(f"{made}/assemble", json={}).headers["location"]
    keeps(client, whole)

    etag = {"If-Match": '"3-0"'}
    path = f"{at(whole, 'west')}/unfreeze"
    assert client.post(path, json={}).status_code == 428
    refused = client.post(path, json={}, headers=etag)
    assert refused.json()["errors"][0]["pointer"] == "/note"
    answer = client.post(path, json={"note": "a new market"}, headers=etag)
    assert answer.status_code == 200, answer.text
    assert states(client, whole)["west"] == "open"
    keeps(client, solved(client, whole, nine_reps(target=9900)), "west")


def test_an_envelope_is_given_up_after_publication_too(client: TestClient) -> None:
    made = assembled(client, at_work(client))
    assert publish(client, made).status_code == 200
    for unit in ("west", "east/1"):
        answer = client.post(
            f"{at(made, unit)}/unfreeze", json={"note": "May"}, headers={"If-Match": "*"}
        )
        assert answer.status_code == 200, answer.text
    assert patch(client, made, "unfunded", bob=1080).status_code == 201
    keeps(client, solved(client, made), "west", "east/1")


def test_whoever_has_signed_is_asked_before_it_is_given_up(client: TestClient) -> None:
    version = at_work(client)
    refused = step(client, version, "west", "unfreeze", note="never mind")
    assert refused.status_code == 409
    assert step(client, version, "west", "reopen").status_code == 200
    assert step(client, version, "west", "unfreeze").status_code == 200
    keeps(client, solved(client, version, nine_reps(target=9900)), "west")


def test_what_is_frozen_while_something_else_is_computed_is_not_lost(
    client: TestClient, database: Database
) -> None:
    version = a_draft(client)
    workspace, plan = DEFAULT_WORKSPACE, version.split("/")[3]
    with database.of(workspace).sessions.begin() as session:
        found = amending.fetch(session, workspace, plan, 1)
    written = amending.write(found, found.version)
    freeze(client, version, "west")

    with database.of(workspace).sessions() as session:
        lost = pytest.raises(EnvelopeNotKept, match="in the meantime: west")
        with lost:
            amending.store(session, LOCAL_ADMINISTRATOR, written, note=None, now=utc_now())


def test_what_was_agreed_inside_a_unit_s_work_is_not_lost(client: TestClient) -> None:
    """The inner envelope stands in the work of the outer unit, not in the version."""
    version = a_draft(client)
    freeze(client, version, "east")
    adjust(client, version, "east", fay=1130)
    inner = freeze(client, version, "east/1")["envelope"]
    assert inner == 2222

    made = patch(client, version, "unfunded", ann=1040).headers["location"]
    assert client.get(at(made, "east/1")).json()["envelope"] == inner
    refused = patch(client, version, "siblings", hal=1080)
    assert refused.status_code == 409
    assert "unit east/1 at 2,222, which would carry 2,200" in refused.json()["detail"]
