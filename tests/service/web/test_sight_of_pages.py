"""Pages in keys mode: a manager's team, a rep's own quota, the company's figures, and no peer."""

import re

import pytest
from starlette.testclient import TestClient

from service.kit.roles import Role
from tests.service.allocations.plans import a_plan, a_version, four_reps, publish
from tests.service.callers import Callers

OTHERS = re.compile(r"Ann Lee|\bann\b|\bbob\b|\bwest\b|unit:west")


@pytest.fixture
def plan(callers: Callers) -> str:
    """The page of a plan with a published version, in which a limit of the west holds bob."""
    admin = callers("admin")
    units = [{"id": "east"}, {"id": "east/1", "parent": "east"}, {"id": "west", "max": 210}]
    path = a_plan(admin, four_reps(units=units))
    version = a_version(admin, path, note="ann may leave")
    assert publish(admin, f"{path}/versions/{version['number']}").status_code == 200
    return path.removeprefix("/v1")


def text(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def reps_in(page: str) -> set[str]:
    return set(re.findall(r'data-rep="([^"]+)"', page))


class TestManagers:
    @pytest.fixture
    def east(self, callers: Callers) -> TestClient:
        return callers("manager", unit="east")

    def test_see_their_team_and_the_company(self, east: TestClient, plan: str) -> None:
        page = text(east, plan)

        assert reps_in(page) == {"cyd", "d/d"}
        assert re.search(r"Target.{0,40}441", page, re.DOTALL)
        assert "unit=east%2F1" in page

    @pytest.mark.parametrize(
        "address", ["{}", "{}?unit=east", "{}?find=a", "{}/rows?unit=east%2F1", "{}/reps/cyd", "/"]
    )
    def test_read_of_nobody_else(self, east: TestClient, plan: str, address: str) -> None:
        page = text(east, address.format(plan))

        assert OTHERS.findall(re.sub(r'value="[^"]*"', "", page)) == []

    @pytest.mark.parametrize(
        "address", ["{}?unit=west", "{}/rows?unit=west", "{}/reps/ann", "{}/reps/zoe"]
    )
    def test_find_nothing_elsewhere(self, east: TestClient, plan: str, address: str) -> None:
        assert east.get(address.format(plan)).status_code == 404

    def test_read_no_fairness_report(self, east: TestClient, plan: str) -> None:
        assert east.get(f"{plan}/fairness").status_code == 403

    def test_of_a_unit_that_no_version_has_see_a_plan_without_versions(
        self, callers: Callers, plan: str
    ) -> None:
        north = callers("manager", unit="north")

        assert "Nothing has been solved" in text(north, plan)
        assert north.get(f"{plan}?version=1").status_code == 404
        assert not re.search(r"\b441\b", text(north, "/"))  # ids may have these digits inside


def test_a_manager_reads_of_nobody_else_in_an_adjusted_version(callers: Callers, plan: str) -> None:
    admin, east = callers("admin"), callers("manager", unit="east")
    version = f"/v1{plan}/versions/1"
    body = {"adjustments": [{"rep": "bob", "quota": 100, "reason": "x"}], "funding": "unfunded"}
    headers = {"If-Match": admin.get(version).headers["etag"]}
    assert admin.patch(f"{version}/quotas", json=body, headers=headers).status_code == 201

    for address in (f"{plan}?version=2", f"{plan}/reps/cyd?version=2"):
        page = text(east, address)
        assert reps_in(page) <= {"cyd", "d/d"}
        assert OTHERS.findall(re.sub(r'value="[^"]*"', "", page)) == []


class TestReps:
    @pytest.fixture
    def cyd(self, callers: Callers) -> TestClient:
        return callers("rep", rep="cyd")

    def test_land_on_the_own_page(self, cyd: TestClient, plan: str) -> None:
        answer = cyd.get(plan, follow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"{plan}/reps/cyd?version=1",
        )
        page = text(cyd, plan)
        assert "d/d" not in page
        assert OTHERS.findall(page) == []
        assert "Company" in page

    @pytest.mark.parametrize("peer", ["d%2Fd", "ann", "zoe"])
    def test_find_no_peer(self, cyd: TestClient, plan: str, peer: str) -> None:
        assert cyd.get(f"{plan}/reps/{peer}").status_code == 404
        assert "d/d" not in text(cyd, f"{plan}/rows")

    def test_see_what_was_decided_but_not_what_was_written_about_it(
        self, callers: Callers, cyd: TestClient, plan: str
    ) -> None:
        admin, version = callers("admin"), f"/v1{plan}/versions/1"
        rows = [{"rep": "cyd", "quota": 100, "reason": "a word among managers"}]
        body = {"adjustments": rows, "funding": "siblings"}
        headers = {"If-Match": admin.get(version).headers["etag"]}
        assert admin.patch(f"{version}/quotas", json=body, headers=headers).status_code == 201
        assert publish(admin, f"/v1{plan}/versions/2").status_code == 200

        own = text(cyd, plan)
        peers = text(callers("rep", rep="d/d"), plan)

        assert "What was decided since the solve" in own
        assert "a word among managers" not in own + peers
        assert "Adjustment of somebody else" in peers
        assert "cyd" not in peers

    def test_see_no_draft(self, callers: Callers, cyd: TestClient, plan: str) -> None:
        a_version(callers("admin"), f"/v1{plan}")

        assert cyd.get(f"{plan}/reps/cyd?version=2").status_code == 404
        assert cyd.get(f"{plan}/reps/cyd?version=1").status_code == 200


def test_who_sees_the_whole_version_sees_all_reps_and_the_note(callers: Callers, plan: str) -> None:
    for role in ("planner", "auditor", "hr", "integration"):
        page = text(callers(role), plan)

        assert reps_in(page) == {"ann", "bob", "cyd", "d/d"}
        assert "ann may leave" in page


TOLD = {
    'id="proof-h"': "verify",
    ">Check again now<": "verify",
    'id="impact-h"': "prices",
    'id="hedge-h"': "prices",
    'id="across"': "rules",
    'id="risk-h"': "certificate",
    ">Fairness report<": "fairness",
}
"""What a page tells, and the call that tells it."""


def test_pages_tell_each_role_what_the_api_tells_it_and_no_more(callers: Callers) -> None:
    admin = callers("admin")
    reps = [row | {"sigma": 0.3} for row in four_reps()["reps"]]
    plan = a_plan(admin, four_reps(reps=reps))
    groups = [{"id": "overlay", "reps": ["ann", "cyd"], "max": 220}]
    a_version(admin, plan, policy={"groups": groups, "over_assignment": 0.02})
    publish(admin, f"{plan}/versions/1").raise_for_status()
    path = plan.removeprefix("/v1")
    whose = {"manager": {"unit": "west"}, "rep": {"rep": "bob"}}

    for role in Role:
        reader = callers(role, **whose.get(role, {}))
        answers = {call: reader.get(f"{plan}/versions/1/{call}") for call in TOLD.values()}
        allowed = {call for call, answer in answers.items() if answer.status_code == 200}
        page = text(reader, path)

        assert {mark for mark in TOLD if mark in page} == {
            mark for mark, call in TOLD.items() if call in allowed
        }, role


def test_who_reads_no_prices_is_not_told_the_own_part_of_more_to_assign(
    callers: Callers, plan: str
) -> None:
    told = {
        role: "more for the company to assign" in text(callers(role, **scope), f"{plan}/reps/cyd")
        for role, scope in {
            "planner": {}, "hr": {}, "manager": {"unit": "east"}, "rep": {"rep": "cyd"},
        }.items()
    }  # fmt: skip

    assert told == {"planner": True, "hr": False, "manager": False, "rep": False}


def test_every_page_asks_for_a_key(callers: Callers, plan: str) -> None:
    stranger = TestClient(callers.app, base_url="https://quota.example.com")

    for address in ("/", plan, f"{plan}/rows", f"{plan}/fairness", f"{plan}/reps/cyd"):
        assert stranger.get(address).status_code == 401
