"""Who sees what of a version: own subtree, own row, what was published; the rest does not exist."""

import base64
import re
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version, four_reps, publish, quotas
from tests.service.callers import Callers
from tests.service.negotiations.requests import a_request, answer
from tests.service.steps import take

WEST = {"ann", "bob"}
EAST = {"cyd", "d/d"}
PARTS = ("", "/quotas", "/quotas/cyd", "/months", "/weeks")


@pytest.fixture
def admin(callers: Callers) -> TestClient:
    return callers("admin")


@pytest.fixture
def plan(admin: TestClient) -> str:
    return a_plan(admin)


@pytest.fixture
def draft(admin: TestClient, plan: str) -> str:
    return f"{plan}/versions/{a_version(admin, plan)['number']}"


@pytest.fixture
def published(admin: TestClient, draft: str) -> str:
    assert publish(admin, draft).status_code == 200
    return draft


def numbers(client: TestClient, plan: str) -> list[int]:
    return [row["number"] for row in client.get(f"{plan}/versions").json()["items"]]


def told(client: TestClient, address: str) -> tuple[int, dict[str, Any]]:
    """Status and problem, without what names this one request."""
    answer = client.get(address)
    return answer.status_code, {
        name: value
        for name, value in answer.json().items()
        if name not in ("request_id", "instance")
    }


class TestManagers:
    @pytest.fixture
    def east(self, callers: Callers) -> TestClient:
        return callers("manager", unit="east")

    def test_see_the_reps_of_the_own_subtree(self, east: TestClient, draft: str) -> None:
        assert quotas(east, draft).keys() == EAST
        assert quotas(east, draft, unit="east/1").keys() == EAST
        assert quotas(east, draft, rep="cyd").keys() == {"cyd"}
        assert {row["rep"] for row in east.get(f"{draft}/weeks").json()["items"]} == EAST
        units = east.get(f"{draft}/months").json()["units"]
        assert [unit["id"] for unit in units] == ["east", "east/1"]

    def test_see_the_company_figures_beside(
        self, east: TestClient, admin: TestClient, draft: str
    ) -> None:
        mine, whole = (client.get(f"{draft}/quotas/cyd").json() for client in (east, admin))

        assert mine == whole
        assert east.get(draft).json()["assigned"] == 441
        assert east.get(f"{draft}/months").json()["months"] is not None

    @pytest.mark.parametrize(
        ("other", "nowhere"),
        [
            ("/quotas/ann", "/quotas/zoe"),
            ("/quotas?rep=ann", "/quotas?rep=zoe"),
            ("/quotas?unit=west", "/quotas?unit=zone"),
            ("/weeks?rep=ann", "/weeks?rep=zoe"),
            ("/weeks?unit=west", "/weeks?unit=zone"),
        ],
    )
    def test_another_team_is_told_of_as_what_does_not_exist(
        self, east: TestClient, draft: str, other: str, nowhere: str
    ) -> None:
        found, unknown = told(east, draft + other), told(east, draft + nowhere)

        assert found[0] in (404, 422)
        text = repr(found).replace("ann", "zoe").replace("west", "zone")
        assert text == repr(unknown)

    def test_of_a_unit_that_the_version_does_not_have_see_nothing(
        self, callers: Callers, plan: str, draft: str
    ) -> None:
        north = callers("manager", unit="north")

        for part in PARTS:
            assert north.get(draft + part).status_code == 404
        assert numbers(north, plan) == []

    def test_have_the_tree_of_the_version_and_not_that_of_today(
        self, admin: TestClient, callers: Callers, plan: str, draft: str
    ) -> None:
        inputs = four_reps(
            units=[{"id": "east"}, {"id": "east/1", "parent": "west"}, {"id": "west"}]
        )
        assert admin.put(f"{plan}/inputs", json=inputs).status_code == 200
        later = f"{plan}/versions/{a_version(admin, plan)['number']}"
        west = callers("manager", unit="west")

        assert quotas(west, draft).keys() == WEST
        assert quotas(west, later).keys() == WEST | EAST

    def test_learn_from_no_cursor_how_many_others_there_are(
        self, admin: TestClient, callers: Callers, draft: str
    ) -> None:
        west = callers("manager", unit="west")
        first = west.get(f"{draft}/quotas?limit=1").json()
        cursor = first["next_cursor"]
        second = west.get(f"{draft}/quotas", params={"limit": 1, "cursor": cursor}).json()

        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[6:]
        assert place == b"0"  # of the own team, although two of the east come before
        reps = [row["rep"] for page in (first, second) for row in page["items"]]
        assert (reps, second["next_cursor"]) == (["ann", "bob"], None)
        assert admin.get(f"{draft}/quotas", params={"cursor": cursor}).status_code == 422

    def test_read_neither_inputs_nor_proofs(self, east: TestClient, plan: str, draft: str) -> None:
        for address in (
            f"{plan}/inputs",
            *(
                f"{draft}/{part}"
                for part in ("certificate", "verify", "prices", "rules", "fairness")
            ),
        ):
            assert east.get(address).status_code == 403, address


class TestWhatAVersionTells:
    """Its gaps, rules that gave way, and policy."""

    @pytest.fixture
    def draft(self, admin: TestClient) -> str:
        reps = four_reps()["reps"]
        for rep in reps:
            rep["max"] = 105
        plan = a_plan(admin, four_reps(reps=reps))
        policy = {
            "on_infeasible": "gap",
            "max_over_baseline": 0.5,
            "groups": [{"id": "pair", "reps": ["ann", "cyd"], "max": 1000}],
        }
        version = a_version(admin, plan, policy=policy, note="ann may leave")
        return f"{plan}/versions/{version['number']}"

    def test_managers_are_not_told_of_others(
        self, admin: TestClient, callers: Callers, draft: str
    ) -> None:
        whole, mine = (
            client.get(draft).json() for client in (admin, callers("manager", unit="east"))
        )

        assert whole["policy"]["groups"][0]["reps"] == ["ann", "cyd"]
        assert "ann" not in repr(mine)
        assert mine["policy"]["max_over_baseline"] == 0.5
        assert (mine["gap"], mine["assigned"]) == (whole["gap"], whole["assigned"])
        assert {gap["unit"] for gap in mine["gaps"]} <= {None, "east", "east/1"}
        assert (mine["note"], mine["fairness"]) == (None, {})
        assert whole["note"] == "ann may leave"


class TestReps:
    @pytest.fixture
    def cyd(self, callers: Callers) -> TestClient:
        return callers("rep", rep="cyd")

    def test_see_no_draft(self, cyd: TestClient, plan: str, draft: str) -> None:
        assert [cyd.get(draft + part).status_code for part in PARTS] == [404] * len(PARTS)
        assert numbers(cyd, plan) == []

    def test_see_the_own_row_and_the_growth_of_team_and_company(
        self, cyd: TestClient, admin: TestClient, published: str
    ) -> None:
        own = cyd.get(f"{published}/quotas/cyd").json()

        assert own == admin.get(f"{published}/quotas/cyd").json()
        assert own["growth_beside"].keys() == {"unit", "company"}
        assert quotas(cyd, published).keys() == {"cyd"}
        assert [row["rep"] for row in cyd.get(f"{published}/weeks").json()["items"]] == ["cyd"]
        assert cyd.get(f"{published}/months").json()["units"] == []

    def test_see_no_peer(self, cyd: TestClient, published: str) -> None:
        addresses = ("/quotas/d%2Fd", "/quotas?rep=d/d", "/weeks?rep=d/d", "/quotas?unit=east/1")
        for part in addresses:
            assert cyd.get(published + part).status_code in (404, 422)
        assert "d/d" not in cyd.get(published).text

    def test_are_told_no_chance_of_attaining(self, admin: TestClient, callers: Callers) -> None:
        reps = [rep | {"sigma": 0.2} for rep in four_reps()["reps"]]
        plan = a_plan(admin, four_reps(reps=reps))
        version = f"{plan}/versions/{a_version(admin, plan)['number']}"
        publish(admin, version)
        bob, west = callers("rep", rep="bob"), callers("manager", unit="west")

        chance = "attainment_probability"
        assert west.get(f"{version}/quotas/bob").json()[chance] is not None
        assert bob.get(f"{version}/quotas/bob").json()[chance] is None
        assert bob.get(f"{version}/quotas").json()["items"][0][chance] is None

    def test_who_are_not_in_a_version_do_not_see_it(
        self, callers: Callers, plan: str, published: str
    ) -> None:
        zoe = callers("rep", rep="zoe")

        assert zoe.get(published).status_code == 404
        assert numbers(zoe, plan) == []


class TestReadersOfWhatIsPublished:
    @pytest.mark.parametrize("role", ["hr", "integration"])
    def test_see_all_of_it_and_no_draft(
        self, admin: TestClient, callers: Callers, plan: str, published: str, role: str
    ) -> None:
        a_version(admin, plan)
        reader = callers(role)

        assert numbers(reader, plan) == [1]
        assert quotas(reader, published).keys() == WEST | EAST
        assert reader.get(f"{plan}/versions/2").status_code == 404
        assert reader.get(f"{plan}/versions/2/quotas").status_code == 404
        assert reader.get(f"{plan}/versions?status=draft").json()["items"] == []

    def test_hr_compares_groups_of_what_is_published_only(
        self, admin: TestClient, callers: Callers, plan: str, published: str
    ) -> None:
        a_version(admin, plan)
        hr = callers("hr")

        assert hr.get(f"{published}/fairness").status_code == 200
        assert hr.get(f"{plan}/versions/2/fairness").status_code == 404

    def test_an_auditor_reads_drafts_and_proofs(self, callers: Callers, draft: str) -> None:
        auditor = callers("auditor")

        assert auditor.get(f"{draft}/verify").json()["valid"]
        assert quotas(auditor, draft).keys() == WEST | EAST


def reading(callers: Callers, **known: str) -> list[str]:
    """The address of every call that reads something of a plan, today's and tomorrow's."""
    known = {"rep": "cyd", "unit": "east"} | known
    paths = {
        context.path_format or ""
        for context in iter_route_contexts(callers.app.routes)
        if "GET" in (context.methods or ())
    }
    return [
        re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], "none"), path)
        for path in sorted(paths)
        if path.startswith("/v1/plans")
    ]


OTHERS = re.compile(r"\bann\b|\bbob\b|\bwest\b|\bleft the west\b", re.IGNORECASE)


@pytest.fixture
def of_the_west(admin: TestClient) -> dict[str, str]:
    """A plan in which everything that happens is about the west, by the names of parameters.

    1, published: a limit of the west binds. 2: bob was adjusted, for a reason, so that the west
    carries less than it should. 3: bob was granted another quota, which all others carry. 4: the
    west was frozen. 5, submitted: put together of it. Bob is to be away, and asks once more.
    """
    units = [{"id": "east"}, {"id": "east/1", "parent": "east"}, {"id": "west", "max": 210}]
    plan = a_plan(admin, four_reps(units=units))
    first = f"{plan}/versions/{a_version(admin, plan, note='bob left the west')['number']}"
    assert publish(admin, first).status_code == 200
    body = {
        "adjustments": [{"rep": "bob", "quota": 100, "reason": "left the west"}],
        "funding": "unfunded",
    }
    made(admin.patch(f"{first}/quotas", json=body, headers={"If-Match": "*"}))
    granted = a_request(admin, plan, "bob", 100, note="left the west")
    answer(admin, granted, "accept", funding="parent").raise_for_status()
    asked = a_request(admin, plan, "ann", 100, note="left the west")
    away = admin.post(f"{plan}/events", json={"kind": "leave", "rep": "bob", "from": "2027-07-01"})
    made(away)
    frame = f"{plan}/versions/{a_version(admin, plan, base_version=1)['number']}"
    made(admin.post(f"{frame}/units/west/freeze", json={"note": "left the west"}))
    signed = admin.post(f"{frame}/units/west/sign-off", headers={"If-Match": "*"})
    assert signed.status_code == 200, signed.text
    put = made(admin.post(f"{frame}/assemble", json={"note": "left the west"}))
    take(admin, put.headers["location"], "submit").raise_for_status()
    return {
        "plan_id": plan.rpartition("/")[2],
        "request_id": asked.rpartition("/")[2],
        "event_id": away.headers["location"].rpartition("/")[2],
    }


def made(answer: Response) -> Response:
    assert answer.status_code == 201, answer.text
    return answer


def test_no_call_tells_of_another_team(callers: Callers, of_the_west: dict[str, str]) -> None:
    addresses = {
        address
        for number in "1235"  # of 4 all is in 5
        for address in reading(callers, **of_the_west, number=number, other="1")
    }
    theirs = {
        address
        for address in reading(callers, **of_the_west, number="5", rep="ann", unit="west")
        if re.search("/(ann|west|chg_|evt_)", address)
    }

    for client in (callers("manager", unit="east"), callers("rep", rep="cyd")):
        told = {address: client.get(address) for address in addresses}
        refused = {address: client.get(address).status_code for address in theirs}

        assert len(refused) >= 7
        assert {at: status for at, status in refused.items() if status not in (403, 404)} == {}
        assert sum(answer.status_code == 200 for answer in told.values()) >= 20
        leaks = {address: OTHERS.findall(answer.text) for address, answer in told.items()}
        assert {address: found for address, found in leaks.items() if found} == {}
