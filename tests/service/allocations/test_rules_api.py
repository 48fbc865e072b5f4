"""Rules across the tree over HTTP: solved, refused, relaxed, and what nobody can carry."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from starlette.testclient import TestClient

from service.kit.settings import Settings
from service.main import create_app

type Document = dict[str, Any]

GROUP: Document = {"id": "overlay", "reps": ["ann", "cyd"], "max": 210}


def a_client(folder: Path, **settings: Any) -> Iterator[TestClient]:
    url = f"sqlite:///{folder / 'missing.db'}"
    app = create_app(Settings(database_url=url, **{"answer_within": 600} | settings))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Calls a service whose database does not exist."""
    yield from a_client(tmp_path_factory.mktemp("nothing"))


def four_reps(**changes: Document) -> Document:
    """Everybody expects 100 and can add 100; two units, two roles, margins of 30 and 50 %."""
    reps = [
        {"id": "ann", "unit": "west", "cohorts": {"role": "AE"}, "margin": 0.3},
        {"id": "bob", "unit": "west", "cohorts": {"role": "AE"}, "margin": 0.5},
        {"id": "cyd", "unit": "east", "cohorts": {"role": "SDR"}, "margin": 0.3},
        {"id": "dan", "unit": "east", "cohorts": {"role": "SDR"}, "margin": 0.5},
    ]
    rows = [
        {"baseline": 100, "reach": 100, **rep, **changes.get(str(rep["id"]), {})} for rep in reps
    ]
    units = [{"id": "east"}, {"id": "west", "owner": "m-12"}]
    return {"target": 440, "units": units, "reps": rows}


def solved(client: TestClient, body: Document, **policy: Any) -> Document:
    response = client.post("/v1/allocations", json={**body, "policy": policy})
    assert response.status_code == 200, response.text
    answer: Document = response.json()
    return answer


def refused(client: TestClient, body: Document, **policy: Any) -> Document:
    """The problem without what differs from call to call."""
    response = client.post("/v1/allocations", json={**body, "policy": policy})
    problem: Document = response.json()
    assert response.status_code == problem["status"]
    assert problem.pop("request_id") == response.headers["x-request-id"]
    assert problem.pop("instance") == "/v1/allocations"
    return problem


def invalid(*faults: Document) -> Document:
    first = f"{faults[0]['pointer']}: {faults[0]['detail']}"
    return {
        "type": "/problems/invalid-input",
        "title": "The input has faults.",
        "status": 422,
        "detail": first if len(faults) == 1 else f"{len(faults)} faults; the first is {first}",
        "errors": list(faults),
    }


def infeasible(detail: str, **members: Any) -> Document:
    return {
        "type": "/problems/infeasible",
        "title": "The rules cannot all hold.",
        "status": 422,
        "detail": detail,
        **members,
    }


def quotas_of(answer: Document) -> dict[str, float]:
    return {row["rep"]: row["quota"] for row in answer["quotas"]}


class TestSolves:
    def test_a_group_of_two_units(self, client: TestClient) -> None:
        """212 for two of them would be 106 each; 210 leave 105 each and 115 for the others."""
        answer = solved(client, four_reps(), groups=[GROUP])

        assert quotas_of(answer) == {"ann": 105, "bob": 115, "cyd": 105, "dan": 115}
        assert {row["rep"]: row["binding"] for row in answer["quotas"]} == {
            "ann": ["group:overlay:max"],
            "bob": [],
            "cyd": ["group:overlay:max"],
            "dan": [],
        }
        assert (answer["status"], answer["engine"], answer["gap"]) == ("optimal", "lp", 0)
        assert answer["common"]["stretch"] == pytest.approx(0.15, abs=1e-8)
        assert answer["rules"] == [
            {
                "rule": "group:overlay",
                "peers": None,
                "reps": 2,
                "sum": 210,
                "min": None,
                "max": 210,
                "even_share": None,
                "binding": ["group:overlay:max"],
            }
        ]
        assert answer["certificate"] == {
            "kind": "least-squares-lp",
            "checks": {
                "sums": True,
                "bounds": True,
                "rows": True,
                "largest": True,
                "squares": True,
            },
        }

    def test_a_parity_with_a_row_for_each_peer_group(self, client: TestClient) -> None:
        """Ann carries 100, so that roles are even only if bob carries 120."""
        answer = solved(
            client, four_reps(ann={"max": 100}), parity=[{"cohort": "role", "tolerance": 0}]
        )

        assert quotas_of(answer) == {"ann": 100, "bob": 120, "cyd": 110, "dan": 110}
        assert answer["rules"] == [
            {
                "rule": "parity:role",
                "peers": peers,
                "reps": 2,
                "sum": 220,
                "min": 220,
                "max": 220,
                "even_share": 220,
                "binding": ["parity:role"],
            }
            for peers in ("AE", "SDR")
        ]

    def test_a_margin_floor(self, client: TestClient) -> None:
        """0.3 x 220 + 0.5 x 220 is 176; 180 need 20 to go over from the 30 to the 50 per cent."""
        answer = solved(client, four_reps(), margin_floors=[{"id": "year", "min": 180}])

        assert quotas_of(answer) == {"ann": 100, "bob": 120, "cyd": 100, "dan": 120}
        assert answer["rules"][0]["sum"] == 180

    def test_a_row_of_the_callers_own(self, client: TestClient) -> None:
        """Ann shall carry 20 less than bob; the others are not concerned."""
        row = {"id": "mentor", "coefficients": {"ann": 1, "bob": -1}, "max": -20}

        answer = solved(client, four_reps(), rows=[row])

        quotas = quotas_of(answer)
        assert quotas["bob"] - quotas["ann"] == 20
        assert quotas["cyd"] == quotas["dan"]
        assert answer["rules"][0] == {
            "rule": "row:mentor",
            "peers": None,
            "reps": 2,
            "sum": -20,
            "min": None,
            "max": -20,
            "even_share": None,
            "binding": ["row:mentor:max"],
        }

    def test_rules_that_hold_nobody_change_nothing(self, client: TestClient) -> None:
        alone = solved(client, four_reps())
        beside = solved(client, four_reps(), groups=[{**GROUP, "max": 400}])

        assert quotas_of(beside) == quotas_of(alone)
        assert beside["rules"][0]["binding"] == []

    def test_the_order_of_everything_changes_no_quota(self, client: TestClient) -> None:
        body, turned = four_reps(dan={"min": 130}), four_reps(dan={"min": 130})
        turned["reps"].reverse()
        rows = [
            {"id": "b", "coefficients": {"ann": 1, "bob": -0.5}, "max": 60},
            {"id": "a", "coefficients": {"dan": 0.25, "cyd": 1}, "min": 130},
        ]
        turned_rows = [
            row | {"coefficients": dict(reversed(row["coefficients"].items()))}  # type: ignore[attr-defined]
            for row in reversed(rows)
        ]
        group = {**GROUP, "reps": GROUP["reps"][::-1]}

        one = solved(client, body, rows=rows, groups=[GROUP])
        other = solved(client, turned, rows=turned_rows, groups=[group])

        assert one == other

    def test_a_thousand_rows(self, client: TestClient) -> None:
        chance = random.Random(7)
        ids = [f"r{k}" for k in range(200)]
        rows = [
            {
                "id": f"row{k}",
                "coefficients": {rep: chance.choice([1, 0.5]) for rep in chance.sample(ids, 4)},
                "max": 440,
            }
            for k in range(1000)
        ]
        reps = [{"id": rep, "baseline": 100, "reach": 100} for rep in ids]

        answer = solved(client, {"target": 22_000, "reps": reps}, rows=rows)

        assert len(answer["rules"]) == 1000
        assert all(rule["sum"] <= 440 for rule in answer["rules"])

    def test_coefficients_over_twelve_orders_of_magnitude(self, client: TestClient) -> None:
        rows = [
            {"id": "large", "coefficients": {"ann": 1e6, "bob": 1e-6}, "max": 100_000_000},
            {"id": "small", "coefficients": {"cyd": 1e-6, "dan": 1e6}, "min": 100_000_000},
        ]

        answer = solved(client, four_reps(), rows=rows)

        assert quotas_of(answer)["ann"] < 100
        assert all(answer["certificate"]["checks"].values())


class TestRefuses:
    def test_a_group_that_names_nobody_there(self, client: TestClient) -> None:
        group = {"id": "g", "reps": ["ann", "nobody"], "max": 1}

        assert refused(client, four_reps(), groups=[group]) == invalid(
            {
                "pointer": "/policy/groups/0/reps/1",
                "detail": "names no rep of `reps`",
                "value": "nobody",
            }
        )

    def test_a_parity_of_a_cohort_that_nobody_belongs_to(self, client: TestClient) -> None:
        assert refused(
            client, four_reps(), parity=[{"cohort": "rolle", "tolerance": 0.1}]
        ) == invalid(
            {
                "pointer": "/policy/parity/0/cohort",
                "detail": "no rep belongs to a cohort 'rolle'",
            }
        )

    def test_a_parity_with_a_peer_group_of_one(self, client: TestClient) -> None:
        body = four_reps(bob={"cohorts": {"role": "SDR"}})

        assert refused(client, body, parity=[{"cohort": "role", "tolerance": 0.1}]) == invalid(
            {
                "pointer": "/policy/parity/0/cohort",
                "detail": "'ann' is the only rep whose 'role' is 'AE': a balance of one person is "
                "a limit on that person, so give the rep a min and a max instead",
            }
        )

    def test_a_margin_floor_where_a_margin_is_unknown(self, client: TestClient) -> None:
        body = four_reps(cyd={"margin": None})

        assert refused(client, body, margin_floors=[{"id": "year", "min": 1}]) == invalid(
            {
                "pointer": "/reps/2/margin",
                "detail": "cyd: is unknown, and the margin floor 'year' needs it",
            }
        )

    @pytest.mark.parametrize(
        ("amount", "detail"),
        [
            (1e15, "is too large"),
            ("1" * 41, "has too many digits"),
            (0.005, "has more than 2 decimals"),
            (-1, "must be 0 or more"),
        ],
    )
    def test_amounts_that_are_none(
        self, client: TestClient, amount: float | str, detail: str
    ) -> None:
        problem = refused(client, four_reps(), groups=[{**GROUP, "max": amount}])

        assert [(fault["pointer"], fault["detail"]) for fault in problem["errors"]] == [
            ("/policy/groups/0/max", detail)
        ]

    def test_a_rule_sent_beside_the_policy_is_told_where_it_belongs(
        self, client: TestClient
    ) -> None:
        body = {**four_reps(), "groups": [GROUP], "surprise": 1}

        errors = client.post("/v1/allocations", json=body).json()["errors"]

        assert {fault["pointer"]: fault["detail"] for fault in errors} == {
            "/groups": "is a member of `policy`: put it there",
            "/surprise": "is not a known field",
        }

    def test_more_than_a_thousand_rules(self, client: TestClient) -> None:
        groups = [{**GROUP, "id": str(k)} for k in range(1001)]

        assert refused(client, four_reps(), groups=groups) == invalid(
            {"pointer": "/policy/groups", "detail": "must have at most 1000 items, not 1001"}
        )

    def test_rules_that_contradict_each_other_three_ways(self, client: TestClient) -> None:
        """The west and a pair outside it carry 200 at most each, all four must carry 440."""
        body = four_reps()
        body["units"][1]["max"] = 200
        group = {"id": "pair", "reps": ["cyd", "dan"], "max": 200}

        assert refused(client, body, groups=[group]) == infeasible(
            "Group pair may carry at most 200, but with all other rules its 2 reps must carry at "
            "least 240.",
            conflict=[
                {"rule": "group:pair:max", "value": 200},
                {"rule": "target", "value": 440},
                {"rule": "unit:west:max", "value": 200},
            ],
            relaxation=[{"rule": "group:pair:max", "from": 200, "to": 240}],
            feasible_target={"min": 0, "max": 440},
        )

    def test_a_solve_beyond_the_time_limit(self, tmp_path: Path) -> None:
        for client in a_client(tmp_path, solve_time_limit=0.001):
            assert refused(client, four_reps(), groups=[GROUP]) == {
                "type": "/problems/solve-took-too-long",
                "title": "The plan was not solved in the time that one solve may take.",
                "status": 503,
                "detail": "It was not solved within 0.001 s, and nothing is stored. Fewer rules "
                "across the tree (groups, parity, margin_floors, rows) are quicker; the server's "
                "FAIRQUOTA_SOLVE_TIME_LIMIT gives a solve more seconds.",
            }


class TestRelaxes:
    TIGHT: ClassVar[Document] = {"id": "all", "reps": ["ann", "bob", "cyd", "dan"], "max": 400}
    CHANGE: ClassVar[Document] = {"rule": "group:all:max", "from": 400, "to": 440}

    def test_what_a_conflict_proposes_sent_back_as_it_came(self, client: TestClient) -> None:
        problem = refused(client, four_reps(), groups=[self.TIGHT])
        assert problem["relaxation"] == [self.CHANGE]

        answer = solved(client, four_reps(), groups=[self.TIGHT], relax=problem["relaxation"])

        assert (answer["status"], answer["relaxed"]) == ("relaxed", [self.CHANGE])
        assert set(quotas_of(answer).values()) == {110}

    def test_a_change_of_yesterday_is_out_of_date(self, client: TestClient) -> None:
        stale = {**self.CHANGE, "from": 390}

        assert refused(client, four_reps(), groups=[self.TIGHT], relax=[stale]) == invalid(
            {
                "pointer": "/policy/relax/0/from",
                "detail": "is out of date: the value of group:all:max is 400 today",
                "value": 390,
            }
        )

    def test_rules_that_are_not_there(self, client: TestClient) -> None:
        relax = [{"rule": "group:none:max", "to": 1}, {"rule": "unit:west:max", "to": 1}]

        problem = refused(client, four_reps(), relax=relax)

        assert [fault["pointer"] for fault in problem["errors"]] == [
            "/policy/relax/0/rule",
            "/policy/relax/1/rule",
        ]

    @pytest.mark.parametrize(
        "rule",
        [
            "group:all:reps", "group:all:id", "group:all:__class__", "row:own:coefficients",
            "rep:ann:total", "rep:ann:__class__", "rep:ann:unit_min", "unit:west:over", "target:",
        ],
    )  # fmt: skip
    def test_names_of_no_rule_at_all(self, client: TestClient, rule: str) -> None:
        own = {"id": "own", "coefficients": {"ann": 1}, "max": 400}
        relax = [{"rule": rule, "to": 1}]

        problem = refused(client, four_reps(), groups=[self.TIGHT], rows=[own], relax=relax)

        assert [fault["pointer"] for fault in problem["errors"]] == ["/policy/relax/0/rule"]

    def test_a_balance_whose_cohort_is_named_like_a_minimum_is_lifted(
        self, client: TestClient
    ) -> None:
        body = four_reps()
        for rep, step in zip(body["reps"], "aabb", strict=True):
            rep["cohorts"] = {"x:min": step}
        rules = {"parity": [{"cohort": "x:min", "tolerance": 0.01}]}

        answer = solved(client, body, **rules, relax=[{"rule": "parity:x:min", "to": None}])

        assert answer["status"] == "relaxed"

    def test_a_relaxation_mends_the_rules_across_teams_as_well(self, client: TestClient) -> None:
        """Everybody can carry 100, so 400 in all; ann and bob then carry 200, more than 150."""
        body = four_reps(**{rep: {"max": 100} for rep in ("ann", "bob", "cyd", "dan")})
        pair = {"id": "pair", "reps": ["ann", "bob"], "max": 150}
        problem = refused(client, body, groups=[pair])

        answer = solved(client, body, groups=[pair], relax=problem["relaxation"])

        assert sum(quotas_of(answer).values()) == answer["assigned"]

    @pytest.mark.parametrize(
        ("rule", "changes", "to"),
        [
            ("unit:west:min", {"west": {"min": 300}}, 0),
            ("unit:west:target", {"west": {"target": 300}}, None),
            ("rep:ann:floor", {"ann": {"min": 300}}, 0),
            ("rep:ann:fixed", {"ann": {"fixed": 300}}, None),
            ("group:pair:min", {"group": {"min": 300}}, 0),
        ],
    )
    def test_null_lifts_a_rule_altogether(
        self, client: TestClient, rule: str, changes: dict[str, Document], to: float | None
    ) -> None:
        body = four_reps(ann=changes.get("ann", {}))
        body["units"][1] |= changes.get("west", {})
        pair = {"id": "pair", "reps": ["ann", "bob"], "max": 440} | changes.get("group", {})
        relax = [{"rule": rule, "from": 300, "to": None}]

        held, lifted = (solved(client, body, groups=[pair], relax=way) for way in ([], relax))

        assert quotas_of(held)["ann"] > 110
        assert set(quotas_of(lifted).values()) == {110}
        assert lifted["relaxed"] == [{"rule": rule, "from": 300, "to": to}]

    def test_the_target_of_the_company_cannot_be_lifted(self, client: TestClient) -> None:
        assert refused(client, four_reps(), relax=[{"rule": "target", "to": None}]) == invalid(
            {
                "pointer": "/policy/relax/0/to",
                "detail": "must be an amount: the company's target cannot be lifted",
            }
        )

    def test_a_rule_that_is_not_there_has_no_value_to_be_out_of_date(
        self, client: TestClient
    ) -> None:
        relax = [{"rule": "unit:west:min", "from": 100, "to": 50}]

        assert refused(client, four_reps(), relax=relax) == invalid(
            {
                "pointer": "/policy/relax/0/rule",
                "detail": "unit 'west' has no min that could give way",
            }
        )

    def test_are_listed_by_name_however_they_came_about(self, client: TestClient) -> None:
        """A floor above the cap, and a group that can carry too little."""
        body = four_reps(dan={"min": 200, "max": 150})
        answer = solved(client, body, groups=[self.TIGHT], on_infeasible="relax")
        again = solved(client, body, groups=[self.TIGHT], relax=answer["relaxed"][::-1])

        names = [change["rule"] for change in answer["relaxed"]]
        assert len(names) == 2
        assert names == sorted(names)
        assert again["relaxed"] == answer["relaxed"]

    def test_targets_are_stated_without_over_assignment(self, client: TestClient) -> None:
        """440 and a tenth of it are 484; four caps of 110 carry 440, which is 400 and a tenth."""
        body = four_reps(**{rep: {"max": 110} for rep in ("ann", "bob", "cyd", "dan")})
        problem = refused(client, body, over_assignment=0.1)
        assert problem["relaxation"] == [{"rule": "target", "from": 440, "to": 400}]

        answer = solved(client, body, over_assignment=0.1, relax=problem["relaxation"])

        assert (answer["target"], answer["assigned"]) == (440, 440)
        assert answer["relaxed"] == problem["relaxation"]

    def test_a_second_conflict_tells_all_that_has_to_give_way(self, client: TestClient) -> None:
        """So that its relaxation takes the place of the first one."""
        first = {**self.CHANGE, "to": 420}

        problem = refused(client, four_reps(), groups=[self.TIGHT], relax=[first])

        assert problem["conflict"][0] == {"rule": "group:all:max", "value": 420}
        assert problem["relaxation"] == [self.CHANGE]

    def test_at_once_where_the_policy_says_so(self, client: TestClient) -> None:
        answer = solved(client, four_reps(), groups=[self.TIGHT], on_infeasible="relax")

        assert (answer["status"], answer["relaxed"]) == ("relaxed", [self.CHANGE])

    def test_nothing_where_all_can_hold(self, client: TestClient) -> None:
        answer = solved(client, four_reps(), groups=[GROUP], on_infeasible="relax")

        assert (answer["status"], answer["relaxed"]) == ("optimal", [])


class TestBooksGaps:
    def test_on_the_unit_that_cannot_carry_its_minimum(self, client: TestClient) -> None:
        body = four_reps(ann={"max": 110}, bob={"max": 110})
        body["units"][1]["min"] = 250

        answer = solved(client, body, on_infeasible="gap")

        assert answer["status"] == "gap"
        assert (answer["assigned"], answer["gap"]) == (410, 30)
        held = [{"rule": "cap", "reps": 2}]
        west = {"unit": "west", "amount": 30, "owner": "m-12", "held_by": held}
        assert answer["gaps"] == [west]
        assert quotas_of(answer) == {"ann": 110, "bob": 110, "cyd": 95, "dan": 95}

    def test_on_the_company_where_a_group_is_in_the_way(self, client: TestClient) -> None:
        answer = solved(client, four_reps(), groups=[TestRelaxes.TIGHT], on_infeasible="gap")

        held = [{"rule": "group:all:max", "reps": 4}]
        company = {"unit": None, "amount": 40, "owner": None, "held_by": held}
        assert answer["gaps"] == [company]
        assert set(quotas_of(answer).values()) == {100}

    def test_what_a_gap_cannot_mend_stays_a_conflict(self, client: TestClient) -> None:
        torn = refused(client, four_reps(ann={"min": 120, "max": 110}), on_infeasible="gap")
        margin: Document = {"id": "all", "min": 300}
        unreachable = refused(client, four_reps(), margin_floors=[margin], on_infeasible="gap")

        for problem in (torn, unreachable):
            assert problem["type"] == "/problems/infeasible"
            assert problem["detail"].endswith(" Booking a gap was tried, and does not mend it.")


class TestCheck:
    def test_says_what_is_possible_without_solving(self, client: TestClient) -> None:
        body = four_reps(ann={"max": 110}) | {"policy": {"groups": [GROUP]}}

        assert client.post("/v1/allocations/check", json=body).json() == {
            "feasible": True,
            "measure": None,
            "detail": None,
            "conflict": [],
            "relaxation": [],
            "feasible_target": {"min": 0, "max": None},
            "warnings": [],
        }

    def test_says_why_not(self, client: TestClient) -> None:
        body = four_reps() | {"policy": {"groups": [TestRelaxes.TIGHT]}}

        answer = client.post("/v1/allocations/check", json=body).json()

        assert not answer["feasible"]
        assert answer["relaxation"] == [TestRelaxes.CHANGE]
        assert answer["feasible_target"] == {"min": 0, "max": 440}
