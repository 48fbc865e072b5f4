"""Adjusted quotas over HTTP, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.amended import two_teams
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.callers import Callers
from tests.service.steps import at_once

type Document = dict[str, Any]


@pytest.fixture
def plan(client: TestClient) -> str:
    path = a_plan(client, two_teams())
    a_version(client, path)
    return path


def adjust(client: TestClient, version: str, quota: Mapping[str, float], **more: Any) -> Response:
    """Quotas by rep, with a reason each."""
    etag = client.get(version).headers["etag"]
    rows = [{"rep": rep, "quota": own, "reason": f"of {rep}"} for rep, own in quota.items()]
    body = {"adjustments": rows, **more}
    return client.patch(f"{version}/quotas", json=body, headers={"If-Match": etag})


def adjusted(client: TestClient, version: str, quota: Mapping[str, float], **more: Any) -> str:
    """The path of the draft that it makes."""
    answer = adjust(client, version, quota, **more)
    assert answer.status_code == 201, answer.text
    return f"{version.rsplit('/', 1)[0]}/{answer.json()['number']}"


def is_proved(client: TestClient, version: str) -> None:
    found = client.get(f"{version}/verify").json()
    assert found["valid"], found


def test_everybody_else_is_solved_again_around_an_adjusted_quota(
    client: TestClient, plan: str
) -> None:
    draft = adjusted(client, f"{plan}/versions/1", {"ann": 100})
    assert quotas(client, draft) == {"ann": 100, "bob": 113, "cyd": 112, "dan": 113, "eve": 112}
    is_proved(client, draft)
    row = client.get(f"{draft}/quotas/ann").json()
    assert row["binding"] == ["fixed"]
    assert "solved" not in row  # it is a solve
    assert row["lock"].startswith("adj_")


def test_the_siblings_carry_the_difference_and_nobody_else_moves(
    client: TestClient, plan: str
) -> None:
    draft = adjusted(client, f"{plan}/versions/1", {"ann": 100, "dan": 112.5}, funding="siblings")
    assert quotas(client, draft) == {
        "ann": 100, "bob": 115, "cyd": 115, "dan": 112.5, "eve": 107.5,
    }  # fmt: skip
    is_proved(client, draft)


def test_the_order_of_several_adjustments_does_not_matter(client: TestClient, plan: str) -> None:
    wanted = {"ann": 100, "bob": 111, "dan": 90}
    back = dict(reversed(wanted.items()))
    for funding in ("siblings", "parent"):
        one, other = (
            adjusted(client, f"{plan}/versions/1", rows, funding=funding) for rows in (wanted, back)
        )
        assert quotas(client, one) == quotas(client, other)


def test_a_lock_stays_through_what_comes_later_until_it_is_released(
    client: TestClient, plan: str
) -> None:
    first = adjusted(client, f"{plan}/versions/1", {"ann": 100})
    second = adjusted(client, first, {"dan": 100})
    assert quotas(client, second) == {"ann": 100, "bob": 117, "cyd": 116, "dan": 100, "eve": 117}
    third = adjusted(client, second, {"bob": 118}, funding="siblings")
    assert quotas(client, third)["ann"] == 100
    released = adjusted(client, second, {}, release=["ann"])
    assert quotas(client, released)["dan"] == 100
    assert quotas(client, released)["ann"] > 100
    for version in (second, third, released):
        is_proved(client, version)
    listed = client.get(f"{released}/adjustments").json()["items"]
    assert [(row["rep"], row["before"], row["quota"], row["locked"]) for row in listed] == [
        ("ann", 110, 100, False), ("dan", 113, 100, True),
    ]  # fmt: skip
    assert listed[0]["reason"] == "of ann"
    assert listed[0]["released_in"] == 5


def test_somebody_is_adjusted_again_whoever_carries_it(client: TestClient, plan: str) -> None:
    body = two_teams()
    body["reps"][0]["max"] = 112
    client.put(f"{plan}/inputs", json=body)
    a_version(client, plan)
    first = adjusted(client, f"{plan}/versions/2", {"ann": 100})
    was = quotas(client, first)
    team = ["bob", "cyd"]
    carried = {"siblings": team, "parent": [*team, "dan", "eve"], "unfunded": []}
    for funding, carriers in carried.items():
        again = adjusted(client, first, {"ann": 104}, funding=funding)
        now = quotas(client, again)
        assert now["ann"] == 104
        assert {rep for rep in was if was[rep] != now[rep]} == {"ann", *carriers}
        assert not any(row.get("rep") for row in client.get(again).json()["ledger"]["beyond"])
        assert [row["locked"] for row in client.get(f"{again}/adjustments").json()["items"]] == [
            False, True,
        ]  # fmt: skip
        is_proved(client, again)


def test_once_it_is_released_a_lock_of_the_solve_holds_nobody(
    client: TestClient, plan: str
) -> None:
    first = adjusted(client, f"{plan}/versions/1", {"ann": 100})
    second = adjusted(client, first, {"dan": 113.5}, funding="siblings")
    released = adjusted(client, second, {}, release=["ann"])
    assert quotas(client, released) == quotas(client, second)
    third = adjusted(client, released, {"bob": 110}, funding="siblings")
    assert quotas(client, third)["ann"] > 100
    is_proved(client, third)


def test_the_own_cap_holds_for_those_who_were_locked_in_a_solve(
    client: TestClient, plan: str
) -> None:
    body = two_teams()
    body["reps"][0]["max"] = 112
    client.put(f"{plan}/inputs", json=body)
    a_version(client, plan)
    first = adjusted(client, f"{plan}/versions/2", {"ann": 100})
    refused = adjust(client, first, {"ann": 120}, funding="siblings")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["detail"] == "lies above the cap of 112 (rep:ann:cap)"


def test_a_lock_is_released_by_its_own_address(client: TestClient, plan: str) -> None:
    draft = adjusted(client, f"{plan}/versions/1", {"ann": 100})
    etag = {"If-Match": client.get(draft).headers["etag"]}
    answer = client.delete(f"{draft}/locks/ann", headers=etag)
    assert answer.status_code == 201, answer.text
    assert quotas(client, f"{plan}/versions/3")["ann"] == 110
    again = client.delete(f"{draft}/locks/dan", headers={"If-Match": "*"})
    assert again.status_code == 422
    assert "has no lock" in again.json()["detail"]


def test_reserve_and_unfunded_change_what_is_assigned(client: TestClient, plan: str) -> None:
    version = a_version(client, plan, policy={"reserves": [{"unit": "west", "amount": 12}]})
    path = f"{plan}/versions/{version['number']}"
    draft = adjusted(client, path, {"ann": 100}, funding="reserve")
    assert client.get(draft).json()["assigned"] == 540
    is_proved(client, draft)
    answer = adjust(client, draft, {"bob": 100}, funding="reserve")
    assert answer.status_code == 422
    assert "has 2 of 12 left, and 10 is wanted" in answer.json()["detail"]
    unfunded = adjusted(client, path, {"ann": 100}, funding="unfunded")
    is_proved(client, unfunded)


def test_what_cannot_be_carried_says_how_much_could(client: TestClient, plan: str) -> None:
    body = two_teams()
    for row in body["reps"]:
        row["max"] = 112
    client.put(f"{plan}/inputs", json=body)
    a_version(client, plan)
    answer = adjust(client, f"{plan}/versions/2", {"ann": 100}, funding="siblings")
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/change-not-carried"
    assert problem["could"] == [{"rep": "ann", "quota": 106}]
    assert {row["rule"] for row in problem["limits"]} == {"rep:bob:cap", "rep:cyd:cap"}


def test_above_the_cap_is_refused_by_its_name_whoever_carries_it(
    client: TestClient, plan: str
) -> None:
    body = two_teams()
    body["reps"][0]["max"] = 112
    client.put(f"{plan}/inputs", json=body)
    a_version(client, plan)
    solved = adjust(client, f"{plan}/versions/2", {"ann": 120})
    assert solved.status_code == 422
    assert {rule["rule"] for rule in solved.json()["conflict"]} == {"rep:ann:fixed", "rep:ann:cap"}
    funded = adjust(client, f"{plan}/versions/2", {"ann": 120}, funding="siblings")
    assert funded.status_code == 422
    assert funded.json()["errors"][0]["pointer"] == "/adjustments/0/quota"
    assert "rep:ann:cap" in funded.json()["detail"]


def test_every_fault_is_told_at_once(client: TestClient, plan: str) -> None:
    rows = [
        {"rep": "ann", "quota": -1, "reason": "x"},
        {"rep": "nobody", "quota": 1, "reason": "x"},
        {"rep": "ann", "quota": 5, "reason": "x"},
        {"rep": "bob", "quota": 1.005, "reason": "x"},
        {"rep": "cyd", "quota": 1},
        {"rep": "dan", "quota": 1, "reason": "one\0two"},
    ]
    body = {"adjustments": rows, "release": ["dan"], "effective": "2029-01"}
    answer = client.patch(f"{plan}/versions/1/quotas", json=body, headers={"If-Match": '"1-draft"'})
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {
        "/adjustments/0/quota", "/adjustments/1/rep", "/adjustments/2/rep", "/adjustments/3/quota",
        "/adjustments/4/reason", "/adjustments/5/reason", "/release/0", "/effective",
    }  # fmt: skip
    assert len(client.get(f"{plan}/versions").json()["items"]) == 1


def test_it_wants_the_state_that_was_read(client: TestClient, plan: str) -> None:
    body = {"adjustments": [{"rep": "ann", "quota": 100, "reason": "x"}]}
    path = f"{plan}/versions/1/quotas"
    assert client.patch(path, json=body).status_code == 428
    assert client.patch(path, json=body, headers={"If-Match": '"1-published"'}).status_code == 412
    assert client.patch(path, json={}, headers={"If-Match": "*"}).status_code == 422


def test_of_two_who_adjust_the_same_version_one_is_told_of_the_others_draft(
    client: TestClient, plan: str
) -> None:
    version = f"{plan}/versions/1"
    read = {"If-Match": client.get(version).headers["etag"]}

    def lower(rep: str) -> Response:
        rows = [{"rep": rep, "quota": 100, "reason": "key account lost"}]
        return client.patch(f"{version}/quotas", json={"adjustments": rows}, headers=read)

    answers = at_once(lower, ["ann", "bob"])
    assert sorted(answer.status_code for answer in answers) == [201, 412]
    (late,) = (answer.json() for answer in answers if answer.status_code == 412)
    assert "Version 1 was adjusted into version 2 before. Adjust that one" in late["detail"]
    assert len(client.get(f"{plan}/versions").json()["items"]) == 2

    both = adjusted(client, f"{plan}/versions/2", {"ann": 100, "bob": 100})
    assert quotas(client, both)["ann"] == quotas(client, both)["bob"] == 100
    assert adjusted(client, version, {"cyd": 100}) == f"{plan}/versions/4"  # after reading it again


def test_months_that_are_over_stay(client: TestClient, plan: str) -> None:
    before = client.get(f"{plan}/versions/1/quotas/ann").json()["months"]
    draft = adjusted(client, f"{plan}/versions/1", {"ann": 100}, effective="2027-04")
    after = client.get(f"{draft}/quotas/ann").json()["months"]
    kept = ("2027-01", "2027-02", "2027-03")
    assert [after[month] for month in kept] == [before[month] for month in kept]
    assert quotas(client, draft) == {"ann": 100, "bob": 113, "cyd": 112, "dan": 113, "eve": 112}
    is_proved(client, draft)


def test_the_version_tells_what_was_amended_and_what_it_keeps(
    client: TestClient, plan: str
) -> None:
    version = a_version(client, plan, policy={"reserves": [{"unit": "west", "amount": 12}]})
    draft = adjusted(
        client, f"{plan}/versions/{version['number']}", {"ann": 100}, funding="reserve"
    )
    ledger = client.get(draft).json()["ledger"]
    assert [(row["kind"], row["funding"], row["change"]) for row in ledger["amendments"]] == [
        ("adjustment", "reserve", -10)
    ]
    assert [(row["rep"], row["quota"]) for row in ledger["locks"]] == [("ann", 100)]
    assert ledger["reserves"] == [{"unit": "west", "amount": 12, "used": 10, "left": 2}]
    assert ledger["beyond"] == [{"rule": "target", "limit": 550, "carried": 540}]
    assert not any(client.get(f"{plan}/versions/1").json()["ledger"].values())


def test_what_nobody_carries_is_signed_before_it_is_published(
    client: TestClient, plan: str
) -> None:
    draft = adjusted(client, f"{plan}/versions/1", {"ann": 100}, funding="unfunded")
    assert client.get(f"{draft}/gaps").json()["items"] == [
        {"unit": "west", "amount": 10, "owner": None, "signed_at": None, "signed_by": None}
    ]
    for step in ("submit", "approve"):
        etag = {"If-Match": client.get(draft).headers["etag"]}
        assert client.post(f"{draft}/{step}", headers=etag).status_code == 200
    etag = {"If-Match": client.get(draft).headers["etag"]}
    refused = client.post(f"{draft}/publish", headers=etag)
    assert refused.status_code == 409
    assert "gaps/west/sign" in refused.json()["detail"]
    assert client.post(f"{draft}/gaps/east/sign").status_code == 404
    assert client.post(f"{draft}/gaps/sign").status_code == 404
    assert client.post(f"{draft}/gaps/west/sign").json()["signed_by"]
    assert client.post(f"{draft}/publish", headers=etag).status_code == 200


def test_of_many_who_sign_a_gap_at_once_one_signature_is_kept(
    client: TestClient, plan: str
) -> None:
    drafts = [
        adjusted(client, f"{plan}/versions/1", {"ann": 100}, funding="unfunded") for _ in range(4)
    ]

    for draft in drafts:
        answers = at_once(client.post, [f"{draft}/gaps/west/sign"] * 8)

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["signed_at"] for answer in answers}) == 1


class TestManagers:
    @pytest.fixture
    def version(self, callers: Callers) -> str:
        planner = callers("planner")
        path = a_plan(planner, two_teams())
        a_version(planner, path)
        return f"{path}/versions/1"

    def test_a_manager_moves_the_own_team_within_the_limit(
        self, callers: Callers, version: str
    ) -> None:
        west = callers("manager", unit="west")
        draft = adjusted(west, version, {"ann": 108, "bob": 112})
        assert quotas(west, draft) == {"ann": 108, "bob": 112, "cyd": 110}
        carried = adjusted(west, version, {"ann": 106}, funding="siblings")
        assert quotas(west, carried) == {"ann": 106, "bob": 112, "cyd": 112}
        is_proved(callers("planner"), draft)

    def test_beyond_the_limit_it_says_who_may(self, callers: Callers, version: str) -> None:
        west = callers("manager", unit="west")
        answer = adjust(west, version, {"ann": 104}, funding="siblings")
        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/beyond-managers-limit"
        assert "ann by -5.5%" in answer.json()["detail"]
        assert "planner" in answer.json()["detail"]

    def test_ten_small_steps_are_one_large_one(self, callers: Callers, version: str) -> None:
        west = callers("manager", unit="west")
        once = adjusted(west, version, {"ann": 106, "bob": 114})
        again = adjust(west, once, {"ann": 103, "bob": 117})
        assert again.status_code == 403
        assert "ann by -6.4%" in again.json()["detail"]

    @pytest.mark.parametrize("role", ["manager", "planner", "admin"])
    def test_nobody_adjusts_the_own_quota_or_lets_it_go(
        self, callers: Callers, version: str, role: str
    ) -> None:
        unit = "west" if role == "manager" else None
        ann = callers(role, unit=unit, rep="ann")
        once = adjusted(callers("planner"), version, {"ann": 108, "bob": 112})
        etag = {"If-Match": ann.get(once).headers["etag"]}

        for refused in (
            adjust(ann, version, {"ann": 109, "bob": 111}),
            ann.delete(f"{once}/locks/ann", headers=etag),
            ann.patch(f"{once}/quotas", json={"release": ["bob", "ann"]}, headers=etag),
        ):
            assert refused.status_code == 403
            assert refused.json()["type"] == "/problems/own-quota"
            assert refused.json()["rep"] == "ann"
            assert "change request" in refused.json()["detail"]
        adjusted(ann, version, {"bob": 109, "cyd": 111})

    def test_nor_does_it_carry_what_a_manager_asks_of_others(
        self, callers: Callers, version: str
    ) -> None:
        ann = callers("manager", unit="west", rep="ann")

        refused = adjust(ann, version, {"bob": 112}, funding="siblings")

        assert refused.status_code == 403
        assert refused.json()["type"] == "/problems/own-quota"
        assert "would move with those" in refused.json()["detail"]

    def test_a_released_lock_does_not_begin_it_anew(self, callers: Callers, version: str) -> None:
        west = callers("manager", unit="west")
        once = adjusted(west, version, {"ann": 106, "bob": 114})
        etag = {"If-Match": west.get(once).headers["etag"]}
        free = west.delete(f"{once}/locks/ann", headers=etag).headers["location"]

        again = adjust(west, free, {"ann": 103, "bob": 117})

        assert again.status_code == 403
        assert "ann by -6.4%" in again.json()["detail"]

    def test_the_own_unit_keeps_its_sum(self, callers: Callers, version: str) -> None:
        west = callers("manager", unit="west")
        for more in ({}, {"funding": "everyone"}, {"funding": "unfunded"}):
            assert adjust(west, version, {"ann": 108}, **more).status_code == 403

    def test_others_do_not_exist(self, callers: Callers, version: str) -> None:
        west = callers("manager", unit="west")
        foreign, unknown = (
            adjust(west, version, {rep: 108}, funding="siblings").json() for rep in ("dan", "zzz")
        )
        assert foreign["errors"][0]["detail"] == unknown["errors"][0]["detail"]
        draft = adjusted(callers("planner"), version, {"dan": 100, "ann": 109})
        rows = west.get(f"{draft}/adjustments").json()["items"]
        assert [row["rep"] for row in rows] == ["ann"]
