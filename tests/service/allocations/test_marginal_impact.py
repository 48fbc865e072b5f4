"""What one more unit costs whom, and what over-assignment does: over HTTP and in versions."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.allocations.plans import FY27, Document, a_version

WEST_AND_EAST: Document = {
    "target": 1_000_000,
    "units": [{"id": "west", "max": 380_000}, {"id": "east"}],
    "reps": [
        {"id": "ann", "unit": "west", "baseline": 200_000},
        {"id": "bob", "unit": "west", "baseline": 200_000},
        *({"id": f"east-{k}", "unit": "east", "baseline": 200_000} for k in range(3)),
    ],
    "policy": {"fairness": "equal_growth"},
}


def padded(**changes: Any) -> Document:
    """Two regions whose reps' sales are uncertain; the second region has its own target."""
    reps = [
        {"id": f"{unit}-{k}", "unit": unit, "baseline": 100_000, "sigma": 0.25}
        for unit in ("north", "south")
        for k in range(2)
    ]
    units = [{"id": "north"}, {"id": "south", "target": 200_000}]
    policy = {"fairness": "equal_growth", "over_assignment": 0.1}
    return {"target": 400_000, "units": units, "reps": reps, "policy": policy, **changes}


def allocated(client: TestClient, case: Document) -> Document:
    answer = client.post("/v1/allocations", json=case)
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def a_plan_of(client: TestClient, case: Document) -> str:
    plan = f"/v1/plans/{client.post('/v1/plans', json=FY27 | {'increment': 1}).json()['id']}"
    inputs = {key: value for key, value in case.items() if key != "policy"}
    assert client.put(f"{plan}/inputs", json=inputs).status_code == 200
    return plan


class TestPrices:
    def test_more_of_target_is_told_by_unit_with_who_carries_most(self, client: TestClient) -> None:
        target = allocated(client, WEST_AND_EAST)["prices"]["target"]

        assert target["step"] == 10_000
        assert target["range"] is None
        assert target["units"] == [{"unit": "east", "reps": 3, "amount": 10_000}]
        assert target["most"] == {"rep": "east-0", "amount": pytest.approx(3_333.33)}
        assert target["price"] == pytest.approx(1 / 600_000)

    def test_a_maximum_that_gives_way_relieves_the_others(self, client: TestClient) -> None:
        prices = allocated(client, WEST_AND_EAST)["prices"]

        assert prices["rules"] == [
            {
                "rule": "unit:west:max",
                "to": 390_000,
                "step": 10_000,
                "range": 20_000,
                "price": pytest.approx(-1 / 600_000),
                "inside": {
                    "reps": 2,
                    "amount": 10_000,
                    "most": {"rep": "ann", "amount": 5_000},
                },
                "around": {
                    "reps": 3,
                    "amount": -10_000,
                    "most": {"rep": "east-0", "amount": pytest.approx(-3_333.33)},
                },
            }
        ]

    def test_units_and_reps_carry_the_price_of_their_own_limits(self, client: TestClient) -> None:
        reps = [*WEST_AND_EAST["reps"], {"id": "cap", "baseline": 200_000, "max": 100_000}]
        answer = allocated(client, WEST_AND_EAST | {"reps": reps, "target": 1_100_000})

        around = pytest.approx(-1 / 600_000)
        assert [unit["price"] for unit in answer["units"]] == [0, around]
        priced = {row["rep"]: row["price"] for row in answer["quotas"] if row["price"] is not None}
        assert priced == {"cap": around}

    def test_a_target_that_nobody_can_carry_more_of_says_so(self, client: TestClient) -> None:
        case = {"target": 200, "reps": [{"id": "a", "max": 100}, {"id": "b", "max": 100}]}

        prices = allocated(client, case)["prices"]

        assert prices == {"target": None, "can_grow": False, "rules": []}

    def test_a_version_keeps_its_prices_and_still_proves_itself(self, client: TestClient) -> None:
        plan = a_plan_of(client, WEST_AND_EAST)
        a_version(client, plan, policy=WEST_AND_EAST["policy"])

        kept = client.get(f"{plan}/versions/1/prices")

        assert kept.status_code == 200
        assert kept.json() == allocated(client, WEST_AND_EAST)["prices"]
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]

    def test_a_version_that_is_not_there_has_no_prices(self, client: TestClient) -> None:
        plan = a_plan_of(client, WEST_AND_EAST)

        assert client.get(f"{plan}/versions/1/prices").status_code == 404


class TestOverAssignment:
    def test_every_target_is_reported_with_what_it_does_to_those_who_attain(
        self, client: TestClient
    ) -> None:
        company, south = allocated(client, padded())["over_assignment"]

        assert company == {
            "unit": None,
            "target": 400_000,
            "assigned": 440_000,
            "over_assignment": 0.1,
            "stated_by": None,
            "reps": 4,
            "reps_with_sigma": 4,
            "attaining": pytest.approx(0.306, abs=0.001),
            "attaining_without": pytest.approx(0.450, abs=0.001),
        }
        assert (south["unit"], south["assigned"], south["stated_by"]) == ("south", 220_000, None)

    def test_a_unit_s_own_factor_wins_and_is_told_as_its_own(self, client: TestClient) -> None:
        units = [{"id": "north"}, {"id": "south", "target": 200_000, "over_assignment": 0.0}]

        south = allocated(client, padded(units=units))["over_assignment"][1]

        assert (south["over_assignment"], south["assigned"]) == (0, 200_000)
        assert south["stated_by"] == "south"

    def test_survives_every_re_solve_of_a_plan(self, client: TestClient) -> None:
        plan, policy = a_plan_of(client, padded()), padded()["policy"]
        first = a_version(client, plan, policy=policy)
        again = a_version(client, plan, policy=policy)
        from_first = a_version(client, plan, policy=policy, base_version=1)

        rows = [told(client, plan, version["number"]) for version in (first, again, from_first)]

        assert rows[0] == rows[1] == rows[2]
        assert [row["assigned"] for row in rows[0]] == [44_000_000, 22_000_000]
        assert [version["assigned"] for version in (first, again, from_first)] == [440_000] * 3


def told(client: TestClient, plan: str, number: int) -> list[Document]:
    """What the manifest of a version says of over-assignment, in minor units."""
    proof = client.get(f"{plan}/versions/{number}/certificate").json()
    rows: list[Document] = proof["manifest"]["over_assignment"]
    return rows


class TestPricesAcrossTheTree:
    def test_a_group_at_its_maximum_has_a_price_and_carries_none_of_what_is_more(
        self, client: TestClient
    ) -> None:
        reps = [{"id": name, "baseline": 100_000} for name in ("ann", "bob", "cid", "dan")]
        groups = [{"id": "overlay", "reps": ["ann", "bob"], "max": 190_000}]
        policy = {"fairness": "equal_growth", "groups": groups}

        prices = allocated(client, {"target": 400_000, "reps": reps, "policy": policy})["prices"]

        assert (prices["target"]["reps"], prices["target"]["step"]) == (2, 2_000)
        assert prices["can_grow"] is True
        (rule,) = prices["rules"]
        assert (rule["rule"], rule["to"]) == ("group:overlay:max", 192_000)
        assert rule["inside"] == {
            "reps": 2,
            "amount": 2_000,
            "most": {"rep": "ann", "amount": 1_000},
        }
        assert rule["around"]["reps"] == 2
        assert rule["around"]["amount"] == -2_000
        assert rule["around"]["most"]["amount"] == -1_000

    def test_a_margin_floor_that_counts_everybody_moves_money_between_them(
        self, client: TestClient
    ) -> None:
        """For 200 less of margin, 2,000 of quota go from a margin of 0.3 to one of 0.2."""
        reps = [
            {"id": "low", "baseline": 10_000, "margin": 0.2},
            {"id": "high", "baseline": 10_000, "margin": 0.3},
        ]
        floors = [{"id": "year", "min": 5_200}]
        policy = {"fairness": "equal_growth", "margin_floors": floors}

        prices = allocated(client, {"target": 20_000, "reps": reps, "policy": policy})["prices"]

        (rule,) = prices["rules"]
        assert (rule["rule"], rule["step"]) == ("margin:year:min", 200)
        assert (rule["inside"]["reps"], rule["inside"]["amount"]) == (2, 0)
        assert abs(rule["inside"]["most"]["amount"]) == 2_000
        assert rule["around"]["reps"] == 0

    def test_where_a_gap_is_booked_or_limits_are_reached_that_count_everybody_nobody_can_carry_more(
        self, client: TestClient
    ) -> None:
        """Everybody but dan, who stands at the own limit, is in a group that is full."""
        reps: list[Document] = [{"id": name, "baseline": 100} for name in ("ann", "bob", "cid")]
        reps.append({"id": "dan", "baseline": 100, "max": 100})
        group = {"id": "most", "reps": ["ann", "bob", "cid"], "max": 300}
        full = {"target": 400, "reps": reps, "policy": {"groups": [group]}}
        gap = {**full, "target": 450, "policy": {"groups": [group], "on_infeasible": "gap"}}

        for case in (full, gap):
            plan = a_plan_of(client, case)
            a_version(client, plan, policy=case["policy"])
            stored = client.get(f"{plan}/versions/1/prices").json()
            assert allocated(client, case)["prices"]["can_grow"] is False
            assert stored["can_grow"] is False
            assert client.get(f"{plan}/versions/1/verify").json()["valid"]
