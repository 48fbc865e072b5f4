"""A whole planning season, told through the public API, on both databases."""

from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.clock import time_of_request
from tests.service.allocations.plans import Document, a_plan, a_version, quotas
from tests.service.allocations.test_adjustments import adjust, adjusted
from tests.service.negotiations.happenings import happens
from tests.service.negotiations.levels.teams import adjust as adjust_in
from tests.service.negotiations.levels.teams import freeze, in_lane, step
from tests.service.negotiations.requests import answer, ask
from tests.service.steps import approved, at_once, publish, take

TEAMS = {
    "west": ["w1", "w2", "w3", "w4", "w5", "w6"],
    "north": ["n1", "n2", "n3", "n4", "n5"],
    "south": ["s1", "s2", "s3", "s4", "s5"],
}
COMPANY = {
    "target": 19_200,
    "units": [{"id": "east"}, {"id": "north", "parent": "east"}, {"id": "south", "parent": "east"},
              {"id": "west", "owner": "m-west"}],
    "reps": [
        {"id": rep, "name": f"Name of {rep}", "unit": team, "baseline": 1000, "reach": 1000,
         "max": 1800}
        for team, reps in TEAMS.items() for rep in reps
    ],
}  # fmt: skip
AGREED = ["north", "west"]
"""Who agrees an envelope; the south stays open, and carries what comes on top in May."""
EVERYBODY = [rep for reps in TEAMS.values() for rep in reps]


class Calendar:
    """What day the service takes it to be."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def turn_to(self, month: str, day: int = 10) -> None:
        now = datetime.fromisoformat(f"{month}-{day:02}T09:00:00").replace(tzinfo=UTC)
        self._app.dependency_overrides[time_of_request] = lambda: now


def holds(client: TestClient, version: str) -> None:
    found = client.get(f"{version}/verify").json()
    assert found["valid"], found["faults"]


def months(client: TestClient, version: str, rep: str) -> list[float]:
    return list(client.get(f"{version}/quotas/{rep}").json()["months"].values())


def test_a_planning_season(app: FastAPI, client: TestClient) -> None:  # noqa: PLR0915 - a story
    calendar = Calendar(app)

    # ── November: the planner's own spreadsheet is the first proposal ──
    calendar.turn_to("2026-11")
    plan = a_plan(client, COMPANY)
    by_hand = dict.fromkeys(EVERYBODY, 1200) | {"w1": 1500, "w2": 900}
    rows = [{"rep": rep, "quota": quota} for rep, quota in by_hand.items()]
    imported = client.post(f"{plan}/versions/import", json={"quotas": rows})
    assert imported.status_code == 201, imported.text
    assert quotas(client, f"{plan}/versions/1") == by_hand
    holds(client, f"{plan}/versions/1")

    # ── The even plan beside it: nobody carries more than another ──
    draft = a_version(client, plan, policy={"season": "even"}, note="even")
    frame = f"{plan}/versions/{draft['number']}"
    assert set(quotas(client, frame).values()) == {1200}
    moved = client.get(f"{plan}/versions/1/diff/2").json()["changed"]
    assert {row["rep"]: row["change"] for row in moved} == {"w1": -300, "w2": 300}

    # ── December: level by level. What a unit carries is agreed; its owner works inside it ──
    calendar.turn_to("2026-12")
    for team in AGREED:
        freeze(client, frame, team)
    assert adjust_in(client, frame, "west", w1=1300).status_code == 200
    assert in_lane(client, frame, "west")["w2"] == 1180
    assert in_lane(client, frame, "north") == dict.fromkeys(TEAMS["north"], 1200)
    early = client.post(f"{frame}/assemble", json={})
    assert (early.status_code, early.json()["units"]) == (409, AGREED)
    for team in AGREED:
        assert step(client, frame, team, "sign-off").status_code == 200
    together = client.post(f"{frame}/assemble", json={}).headers["location"]
    agreed = quotas(client, together)
    assert (agreed["w1"], agreed["w2"], agreed["n1"]) == (1300, 1180, 1200)

    # ── One more adjustment; who would carry too much is refused with the limit ──
    refused = adjust(client, together, {"n1": 1900}, funding="siblings")
    assert refused.status_code == 422
    assert "cap" in refused.text
    adjusted_ = adjusted(client, together, {"n1": 1160}, funding="siblings")
    assert quotas(client, adjusted_)["n2"] == 1210
    assert quotas(client, adjusted_)["w1"] == 1300  # the lane's adjustment is kept
    holds(client, adjusted_)

    # ── It is submitted, approved, and published once, though two click at once ──
    etag = approved(client, adjusted_)
    clicks = at_once(
        lambda _: client.post(f"{adjusted_}/publish", json={}, headers={"If-Match": etag}), range(2)
    )
    assert sorted(click.status_code for click in clicks) in ([200, 409], [200, 412])
    (head,) = (click.json()["head"] for click in clicks if click.status_code == 200)
    assert head == client.get(adjusted_).json()["hash"]

    # ── February: ten people ask for another quota ──
    calendar.turn_to("2027-02")
    number = int(adjusted_.rpartition("/")[2])
    before = quotas(client, adjusted_)
    requests = []
    for rep in ("w1", "w2", "w3", "n1", "n2", "n3", "s1", "s2", "s3", "s4"):
        asked = ask(client, plan, rep, before[rep] - 60, version=number)
        assert asked.status_code == 201, asked.text
        requests.append(asked.headers["location"])
    *granted, rejected, withdrawn = requests
    answers = [
        answer(client, request, "accept", funding="siblings", effective="2027-04-01")
        for request in granted
    ]
    assert {answered.status_code for answered in answers} == {200}, answers[-1].text
    assert answer(client, rejected, "reject", note="as agreed in December").status_code == 200
    assert answer(client, withdrawn, "withdraw").status_code == 200
    assert answer(client, withdrawn, "accept").status_code == 409
    renegotiated = f"{plan}/versions/{answers[-1].json()['version']}"
    after = quotas(client, renegotiated)
    assert sum(after.values()) == sum(before.values()) == 19_200
    for team, reps in TEAMS.items():
        assert sum(after[rep] for rep in reps) == sum(before[rep] for rep in reps), team
    assert after["w1"] == before["w1"] - 60
    for rep in EVERYBODY:  # what is over, or has begun, stays
        assert months(client, renegotiated, rep)[:3] == months(client, adjusted_, rep)[:3]
    holds(client, renegotiated)
    assert publish(client, renegotiated).status_code == 200

    # ── Somebody asks about the version before: that one counts no more ──
    late = ask(client, plan, "w4", 1100, version=number)
    assert late.status_code == 409, late.text

    # ── April: one leaves, one comes; and what lies before the period is refused ──
    calendar.turn_to("2027-04")
    too_early = client.post(
        f"{plan}/events", json={"kind": "leave", "rep": "s5", "from": "2026-06-01"}
    )
    assert too_early.status_code == 422, too_early.text
    leaves = {"kind": "leave", "rep": "s5", "from": "2027-05-01"}
    left = happens(client, plan, "siblings", **leaves)
    gone = f"{plan}/versions/{left['accepted_in']}"
    assert months(client, gone, "s5")[4:] == [0] * 8
    assert sum(quotas(client, gone).values()) == 19_200
    row = {"id": "new", "name": "Nora New", "unit": "south"}
    hire = {"kind": "hire", "rep": row, "takes_over": "s5", "from": "2027-06-01"}
    hired = f"{plan}/versions/{happens(client, plan, 'siblings', **hire)['accepted_in']}"
    assert months(client, hired, "new")[:5] == [0] * 5
    assert quotas(client, hired)["new"] > 0
    assert sum(quotas(client, hired).values()) == 19_200

    # ── May: the company wants more; what was agreed with two teams stays agreed ──
    calendar.turn_to("2027-05")
    more: dict[str, Any] = {"kind": "target", "amount": 20_000, "from": "2027-06-01"}
    raised = f"{plan}/versions/{happens(client, plan, **more)['accepted_in']}"
    assert sum(quotas(client, raised).values()) == 20_000
    for rep in EVERYBODY:
        assert months(client, raised, rep)[:5] == months(client, hired, rep)[:5]
    for rep in (*TEAMS["west"], *TEAMS["north"]):
        assert quotas(client, raised)[rep] == quotas(client, hired)[rep]
    assert publish(client, raised).status_code == 200
    to_come = client.get(f"{plan}/published?on=2027-06-15&limit=1000").json()["items"]
    assert {row["rep"]: row["quota"] for row in to_come} == quotas(client, raised)

    # ── The plan is made again from today's facts ──
    again = replanned(client, plan)
    holds(client, again)
    running = client.get(f"{plan}/published?on=2027-05-15&limit=1000").json()["items"]
    for row in running:  # May has begun, too
        in_force = list(row["months"].values())
        assert months(client, again, row["rep"])[:5] == in_force[:5]
    assert months(client, again, "s5")[5:] == [0] * 7
    for version in (frame, adjusted_, again):
        assert client.post(f"{version}/replay").json() == {"same": True, "differences": []}

    # ── An auditor checks all of it ──
    checked = client.get(f"{plan}/verify").json()
    assert checked["valid"], checked
    numbers = [version["number"] for version in checked["versions"]]
    assert numbers == list(range(1, len(numbers) + 1))
    history = client.get(f"{adjusted_}/history").json()["items"]
    actions = [entry["action"] for entry in history]
    assert actions[-4:] == [
        "version.submit", "version.approve", "version.publish", "version.supersede",
    ]  # fmt: skip
    assert take(client, adjusted_, "withdraw").status_code == 409


def replanned(client: TestClient, plan: str) -> str:
    """Solved again around what was granted: locks of people who are still there hold."""
    answered: Document = a_version(client, plan, policy={"season": "even"}, note="from June on")
    version = f"{plan}/versions/{answered['number']}"
    found = quotas(client, version)
    assert sum(found.values()) == answered["assigned"]
    return version
