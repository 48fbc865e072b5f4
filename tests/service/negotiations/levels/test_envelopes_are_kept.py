"""Three units are frozen, two have signed: what is made of the version keeps what they agreed on.

The west (4,350) has signed with changes, the first team of the east (2,200) as it is in the
version; the second one (2,200) is still at work. Each test is a row of the table in the guide.
"""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

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
    for unit in ("west", "east/1"):
        assert step(client, version, unit, "sign-off").status_code == 200
    adjust(client, version, "east/2", hal=1120)
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


class TestSolvingAnew:
    def test_every_envelope_is_kept_and_work_goes_along(self, client: TestClient) -> None:
        version = at_work(client)

        made = solved(client, version, nine_reps(target=9900))

        keeps(client, made)
        assert quotas(client, made)["eve"] == 1150  # the only one who is in nobody's hands
        assert states(client, made) == STATES
        for unit in ENVELOPES:
            assert in_lane(client, made, unit) == in_lane(client, version, unit)
        lane = client.get(at(made, "west")).json()
        assert [(row["action"], row["note"]) for row in lane["steps"]] == [
            ("go_along", "made of version 1")
        ]
        assert lane["signed_by"] == "local administrator"
        step(client, made, "east/2", "sign-off")
        whole = client.post(f"{made}/assemble", json={}).headers["location"]
        assert (quotas(client, whole)["bob"], quotas(client, whole)["hal"]) == (1085, 1120)
        assert states(client, whole) == STATES | dict.fromkeys(ENVELOPES, "agreed")
        keeps(client, whole)

    def test_where_its_people_changed_a_unit_begins_anew_inside_its_envelope(
        self, client: TestClient
    ) -> None:
        version = at_work(client)
        inputs = nine_reps()
        inputs["reps"][1]["baseline"] = 900  # bob of the west

        made = solved(client, version, inputs)

        keeps(client, made)
        assert states(client, made) == STATES | {"west": "frozen"}
        assert in_lane(client, made, "west") == quotas(client, made, unit="west")
        steps = client.get(at(made, "west")).json()["steps"]
        assert [row["action"] for row in steps] == ["begin_anew"]

    def test_who_cannot_fill_it_is_told_and_nothing_is_stored(self, client: TestClient) -> None:
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
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

    def test_a_unit_that_is_gone_is_unfrozen_first(self, client: TestClient) -> None:
        version = at_work(client)
        plan, _, _ = version.rpartition("/versions/")
        inputs = nine_reps(units=[{"id": "west"}])
        for rep in inputs["reps"]:
            rep["unit"] = "west"
        client.put(f"{plan}/inputs", json=inputs)
        refused = client.post(f"{plan}/versions", json={})
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/envelope-not-kept"
        assert refused.json()["units"] == ["east/1", "east/2"]

    def test_scenarios_keep_them_too(self, client: TestClient) -> None:
        version = at_work(client)
        plan, _, _ = version.rpartition("/versions/")
        body = {"grid": {"fairness": ["equal_growth"]}, "store": True}
        answer = client.post(f"{plan}/scenarios", json=body)
        assert answer.status_code == 200, answer.text
        keeps(client, f"{plan}/versions/{answer.json()['scenarios'][0]['version']}")


class TestAmending:
    def test_an_adjustment_beside_frozen_units_leaves_them_alone(self, client: TestClient) -> None:
        version = at_work(client)
        answer = patch(client, version, "unfunded", eve=1050)
        assert answer.status_code == 201, answer.text
        made = answer.headers["location"]
        keeps(client, made)
        assert states(client, made) == STATES
        assert in_lane(client, made, "west") == in_lane(client, version, "west")

    def test_an_adjustment_inside_one_is_carried_inside_and_signed_again(
        self, client: TestClient
    ) -> None:
        version = at_work(client)
        for made in (
            patch(client, version, "siblings", bob=1080).headers["location"],
            patch(client, version, bob=1080).headers["location"],  # all others are solved again
        ):
            keeps(client, made)
            assert quotas(client, made)["bob"] == 1080
            assert states(client, made) == STATES | {"west": "frozen"}

    def test_what_would_change_an_envelope_is_refused_by_name(self, client: TestClient) -> None:
        version = at_work(client)
        refused = patch(client, version, "unfunded", bob=1080)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["detail"] == (
            "unit west is frozen at 4,350 and would carry 4,330 (unit:west:target)"
        )

    def test_a_change_request_is_granted_inside_the_envelope(self, client: TestClient) -> None:
        version = at_work(client)
        made = assembled(client, version)
        assert take(client, made, "submit").status_code == 200
        plan, _, _ = version.rpartition("/versions/")
        body = {
            "version": 2, "rep": "fay", "proposed": 1080, "note": "lost one",
            "evidence": [
                {"kind": "account_lost", "reference": "A-17", "amount": 20, "date": "2026-11-01"}
            ],
        }  # fmt: skip
        request = client.post(f"{plan}/change-requests", json=body)
        assert request.status_code == 201, request.text
        path = f"{plan}/change-requests/{request.json()['id']}/accept"
        refused = client.post(path, json={"funding": "unfunded"})
        assert "unit east/1 is frozen at 2,200" in refused.text
        granted = client.post(path, json={"funding": "siblings"})
        assert granted.status_code == 200, granted.text
        made = f"{plan}/versions/{granted.json()['version']}"
        keeps(client, made)
        assert quotas(client, made)["gus"] == 1120


class TestImporting:
    def test_a_plan_by_hand_that_keeps_them_is_taken(self, client: TestClient) -> None:
        version = at_work(client)
        plan, _, _ = version.rpartition("/versions/")
        told = quotas(client, version) | {"fay": 1150, "gus": 1050}
        rows = [{"rep": rep, "quota": quota} for rep, quota in told.items()]
        answer = client.post(f"{plan}/versions/import", json={"quotas": rows})
        assert answer.status_code == 201, answer.text
        made = answer.headers["location"]
        keeps(client, made)
        assert states(client, made) == STATES | {"east/1": "frozen"}

    def test_one_that_does_not_is_refused_by_name(self, client: TestClient) -> None:
        version = at_work(client)
        plan, _, _ = version.rpartition("/versions/")
        told = quotas(client, version) | {"fay": 1150}
        rows = [{"rep": rep, "quota": quota} for rep, quota in told.items()]
        refused = client.post(f"{plan}/versions/import", json={"quotas": rows})
        assert refused.status_code == 409
        assert "unit east/1 is frozen at 2,200 and would carry 2,250" in refused.json()["detail"]


class TestTheLifeOfTheVersion:
    def test_it_is_handed_in_when_all_have_signed(self, client: TestClient) -> None:
        version = at_work(client)
        refused = take(client, version, "submit")
        assert refused.status_code == 409
        assert refused.json()["type"] == "/problems/version-unfinished"
        step(client, version, "east/2", "sign-off")
        made = client.post(f"{version}/assemble", json={}).headers["location"]
        assert take(client, made, "submit").status_code == 200
        assert take(client, made, "withdraw").status_code == 200
        keeps(client, made)

    def test_frozen_again_is_the_same_envelope(self, client: TestClient) -> None:
        version = at_work(client)
        made = client.post(f"{version}/assemble", json={"exceptions": ["east/2"]}).headers[
            "location"
        ]
        refused = client.get(at(made, "west"))
        assert (refused.status_code, refused.json()["unit_status"]) == (409, "agreed")
        assert freeze(client, made, "west")["envelope"] == 4350
        again = client.post(f"{at(made, 'west')}/freeze", json={})
        assert again.status_code == 409
        assert adjust(client, made, "west", cyd=1100).status_code == 200
        assert step(client, made, "west", "sign-off").status_code == 200
        whole = client.post(f"{made}/assemble", json={}).headers["location"]
        keeps(client, whole)

    def test_an_envelope_is_given_up_by_name_alone(self, client: TestClient) -> None:
        version = at_work(client)
        made = client.post(f"{version}/assemble", json={"exceptions": ["east/2"]}).headers[
            "location"
        ]
        etag = {"If-Match": '"2-0"'}
        path = f"{at(made, 'west')}/unfreeze"
        assert client.post(path, json={}).status_code == 428
        refused = client.post(path, json={}, headers=etag)
        assert refused.json()["errors"][0]["pointer"] == "/note"
        answer = client.post(path, json={"note": "a new market"}, headers=etag)
        assert answer.status_code == 200, answer.text
        assert states(client, made)["west"] == "open"
        keeps(client, solved(client, made, nine_reps(target=9900)), "west")

    def test_after_publication_too(self, client: TestClient) -> None:
        version = at_work(client)
        made = client.post(f"{version}/assemble", json={"exceptions": ["east/2"]}).headers[
            "location"
        ]
        assert publish(client, made).status_code == 200
        for unit in ("west", "east/1"):
            answer = client.post(
                f"{at(made, unit)}/unfreeze", json={"note": "May"}, headers={"If-Match": "*"}
            )
            assert answer.status_code == 200, answer.text
        assert patch(client, made, "unfunded", bob=1080).status_code == 201
        keeps(client, solved(client, made), "west", "east/1")

    def test_whoever_has_signed_is_asked_before_it_is_given_up(self, client: TestClient) -> None:
        version = at_work(client)
        refused = step(client, version, "west", "unfreeze", note="never mind")
        assert refused.status_code == 409
        assert step(client, version, "west", "reopen").status_code == 200
        assert step(client, version, "west", "unfreeze").status_code == 200
        keeps(client, solved(client, version, nine_reps(target=9900)), "west")


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
