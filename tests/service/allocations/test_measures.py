"""Several measures in one plan: over HTTP, as a caller meets them, and case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient

from service.allocations.assemble import Terms, assemble
from service.allocations.measures.cases import further_cases
from service.allocations.patience import Patience
from service.allocations.versions.domain.proof.examine import examine
from service.allocations.versions.domain.written.document import UnreadableProof
from service.cli.verify import verified
from service.roster.domain import read_inputs
from solver.policy import Group, Policy
from tests.service.allocations.plans import a_plan, a_version, quotas
from tests.service.allocations.test_proof_tampering import with_new_hashes

type Document = dict[str, Any]

LEVELS = {"floor": 0.8, "stretch_target": 1.2}


def company(**changes: Any) -> Document:
    """Two teams; money is limited, customers were won by ann and cyd."""
    reps = [
        {"id": "ann", "unit": "west", "baseline": 100, "reach": 100, "potential": 30, "max": 105},
        {"id": "bob", "unit": "west", "baseline": 100, "reach": 100, "potential": 10},
        {"id": "cyd", "unit": "east", "baseline": 100, "reach": 100, "potential": 20},
    ]
    return {
        "reps": reps,
        "units": [{"id": "east"}, {"id": "west", "max": 215}],
        "targets": [
            {"amount": 330},
            {"measure": "new_customers", "amount": 61},
            {"measure": "satisfaction", "amount": 4.5},
            {"measure": "satisfaction", "unit": "west", "amount": 4.2},
        ],
    } | changes


def allocate(client: TestClient, **body: Any) -> Document:
    response = client.post("/v1/allocations", json=body)
    assert response.status_code == 200, response.text
    answer: Document = response.json()
    return answer


def by_rep(answer: Document, name: str = "quota") -> dict[str, Any]:
    return {row["rep"]: row[name] for row in answer["quotas"]}


class TestAnAnswer:
    def test_has_every_additive_measure_and_the_standards_of_ratios(
        self, client: TestClient
    ) -> None:
        answer = allocate(client, **company())

        (customers,) = answer["measures"]
        assert (answer["measure"], answer["counted_in"]) == ("revenue", None)
        assert (customers["measure"], customers["counted_in"]) == ("new_customers", "customers")
        assert sum(by_rep(answer).values()) == answer["target"] == 330
        assert sum(by_rep(customers).values()) == customers["target"] == 61
        assert customers["certificate"]["checks"] == {
            "sums": True, "bounds": True, "leximin": True,
        }  # fmt: skip
        (satisfaction,) = answer["standards"]
        assert [
            (row["unit"], row["stated_by"], row["standard"]) for row in satisfaction["units"]
        ] == [(None, None, 4.5), ("east", None, 4.5), ("west", "west", 4.2)]

    def test_goes_by_potential_where_a_measure_has_no_history(self, client: TestClient) -> None:
        (customers,) = allocate(client, **company())["measures"]

        assert by_rep(customers) == {"cyd": 20, "ann": 31, "bob": 10}
        assert customers["estimate"] is not None

    def test_leaves_limits_in_money_out_of_other_measures(self, client: TestClient) -> None:
        policy = {
            "groups": [{"id": "duo", "reps": ["ann", "cyd"], "max": 214}],
            "min_over_baseline": -0.5,
        }

        answer = allocate(client, **company(), policy=policy)

        (customers,) = answer["measures"]
        assert customers["left_out"] == ["groups"]
        assert customers["rules"] == []
        assert by_rep(customers, "cap") == {"ann": None, "bob": None, "cyd": None}
        assert by_rep(answer)["ann"] + by_rep(answer)["cyd"] <= 214

    def test_estimates_a_measure_from_its_own_history(self, client: TestClient) -> None:
        history = [
            {"rep": rep, "period": f"2026-{month:02}", "actual": actual, "measure": "new_customers"}
            for rep, actual in (("ann", 1), ("bob", 4), ("cyd", 1))
            for month in range(1, 13)
        ]

        answer = allocate(client, **company(history=history))

        (customers,) = answer["measures"]
        assert answer["period"] == customers["period"] == {
            "start": "2027-01-01", "end": "2027-12-31",
        }  # fmt: skip
        assert by_rep(customers)["bob"] > by_rep(customers)["ann"]
        assert by_rep(customers, "over_last_year")["bob"] == pytest.approx(
            by_rep(customers)["bob"] / 48 - 1, abs=1e-9
        )
        assert by_rep(answer) == by_rep(allocate(client, **company()))

    def test_tells_levels_in_whole_increments_that_add_up(self, client: TestClient) -> None:
        listed = [{"id": "new_customers", "levels": LEVELS, "weight": 0.3},
                  {"id": "revenue", "levels": {"floor": 0.9}, "weight": 0.7}]  # fmt: skip

        answer = allocate(client, **company(measures=listed))

        (customers,) = answer["measures"]
        assert customers["levels"] == {
            "floor": {"factor": 0.8, "amount": 49},
            "stretch_target": {"factor": 1.2, "amount": 73},
        }
        assert answer["levels"] == {"floor": {"factor": 0.9, "amount": 297}}
        assert (answer["weight"], customers["weight"]) == (0.7, 0.3)
        for name, level in customers["levels"].items():
            assert sum(row["levels"][name] for row in customers["quotas"]) == level["amount"]
            assert sum(row["levels"][name] for row in customers["units"]) == level["amount"]
            assert all(isinstance(row["levels"][name], int) for row in customers["quotas"])
        assert by_rep(answer) == by_rep(allocate(client, **company()))  # nothing changes quotas

    def test_warns_of_months_that_are_not_as_given_for_each_measure(
        self, client: TestClient
    ) -> None:
        reps = [rep | {"hired": "2027-07-01"} for rep in company()["reps"]]
        period = {"start": "2027-01-01", "end": "2027-12-31"}

        answer = allocate(
            client, **company(reps=reps), period=period, policy={"season": [1, 1, 1, 1]}
        )

        details = [warning["detail"] for warning in answer["warnings"]]
        assert [detail.startswith("new_customers: cannot be kept") for detail in details] == [
            False, True,
        ]  # fmt: skip
        (customers,) = answer["measures"]
        assert sum(customers["months"].values()) == 61

    def test_may_be_of_things_alone_which_are_whole(self, client: TestClient) -> None:
        answer = allocate(client, **company(targets=[{"measure": "volume", "amount": 320}]))

        assert answer["counted_in"] == "units"
        assert all(isinstance(quota, int) for quota in by_rep(answer).values())
        assert answer["measures"] == []

    def test_is_the_same_in_any_order_of_rows(self, client: TestClient) -> None:
        body = company(measures=[{"id": "new_customers", "weight": 0.4},
                                 {"id": "satisfaction", "weight": 0.6}])  # fmt: skip
        back = {name: rows[::-1] for name, rows in body.items()}

        assert allocate(client, **back) == allocate(client, **body)


class TestAProblem:
    def test_names_the_measure_whose_rules_cannot_hold(self, client: TestClient) -> None:
        policy = {"max_over_last_year": 0.1}
        history = [
            {"rep": rep, "period": "2026-12", "actual": 1, "measure": "new_customers"}
            for rep in ("ann", "bob", "cyd")
        ]

        response = client.post(
            "/v1/allocations", json=company(history=history) | {"policy": policy}
        )

        assert response.status_code == 422
        problem = response.json()
        assert problem["type"] == "/problems/infeasible"
        assert problem["measure"] == "new_customers"
        assert problem["detail"].startswith("new_customers: ")
        assert problem["feasible_target"]["max"] == 3

    def test_is_found_by_a_check_as_well(self, client: TestClient) -> None:
        history = [
            {"rep": rep, "period": "2026-12", "actual": 1, "measure": "new_customers"}
            for rep in ("ann", "bob", "cyd")
        ]
        body = company(history=history) | {"policy": {"max_over_last_year": 0.1}}

        told = client.post("/v1/allocations/check", json=body).json()

        assert (told["feasible"], told["measure"]) == (False, "new_customers")

    def test_says_of_which_measure_a_figure_is_missing(self, client: TestClient) -> None:
        reps = [rep | {"sigma": 0.2} for rep in company()["reps"]]
        body = company(reps=reps) | {"policy": {"fairness": "equal_probability"}}

        response = client.post("/v1/allocations", json=body)

        assert response.status_code == 422
        details = [error["detail"] for error in response.json()["errors"]]
        assert details[0] == (
            "new_customers: ann: equal_probability needs the sigma of every rep, and this one is "
            "unknown: of new_customers it is learned, where its history is long enough"
        )
        assert len(details) == 3

    def test_is_a_level_beyond_all_amounts(self, client: TestClient) -> None:
        listed = [{"id": "new_customers", "levels": {"stretch_target": 10}}]
        targets = [{"amount": 330}, {"measure": "new_customers", "amount": 4 * 10**15}]

        response = client.post("/v1/allocations", json=company(measures=listed, targets=targets))

        assert response.status_code == 422
        assert [error["detail"] for error in response.json()["errors"]] == [
            "new_customers: stretch_target is 10 times the target, and too large an amount"
        ]

    def test_of_another_measure_stores_no_version(self, client: TestClient) -> None:
        plan = a_plan(client, company())
        policy = {"fairness": "equal_probability"}

        assert client.post(f"{plan}/versions", json={"policy": policy}).status_code == 422
        assert client.get(f"{plan}/versions").json()["items"] == []


class TestAVersion:
    def test_keeps_every_measure_and_is_verified_with_all(self, client: TestClient) -> None:
        plan = a_plan(client, company(measures=[{"id": "new_customers", "levels": LEVELS}]))
        a_version(client, plan)
        answer = allocate(
            client,
            **company(measures=[{"id": "new_customers", "levels": LEVELS}]),
            increment=1,
            period={"start": "2027-01-01", "end": "2027-12-31"},
        )

        told = quotas(client, f"{plan}/versions/1", measure="new_customers")

        (customers,) = answer["measures"]
        assert told == by_rep(customers)
        assert quotas(client, f"{plan}/versions/1", measure="revenue") == by_rep(answer)
        assert quotas(client, f"{plan}/versions/1") == by_rep(answer)
        verification = client.get(f"{plan}/versions/1/verify").json()
        assert verification["valid"], verification["faults"]
        proof = client.get(f"{plan}/versions/1/certificate").json()
        assert not verified({**answer, "proof": proof}).faults

    def test_lists_its_measures_and_what_nobody_can_carry_of_each(self, client: TestClient) -> None:
        history = [
            {"rep": rep, "period": "2026-12", "actual": 10, "measure": "new_customers"}
            for rep in ("ann", "bob", "cyd")
        ]
        plan = a_plan(client, company(history=history))
        policy = {"max_over_last_year": 0.5, "on_infeasible": "gap"}

        version = a_version(client, plan, policy=policy)

        assert (version["assigned"], version["gap"]) == (330, 0)
        held = [{"rule": "cap", "reps": 3}]
        assert version["measures"] == [
            {
                "measure": "new_customers",
                "counted_in": "customers",
                "target": 61,
                "assigned": 45,
                "gaps": [{"unit": None, "amount": 16, "owner": None, "held_by": held}],
                "relaxed": [],
            }
        ]

    def test_tells_all_measures_of_a_rep(self, client: TestClient) -> None:
        plan = a_plan(client, company())
        a_version(client, plan)

        told = client.get(f"{plan}/versions/1/quotas/ann").json()

        (customers,) = told["measures"]
        assert (customers["measure"], customers["quota"]) == ("new_customers", 31)
        (satisfaction,) = told["standards"]
        assert (satisfaction["measure"], satisfaction["standard"]) == ("satisfaction", 4.2)
        assert satisfaction["stated_by"] == "west"

    def test_pages_through_a_measure_with_a_cursor_of_its_own(self, client: TestClient) -> None:
        plan = a_plan(client, company())
        version = a_version(client, plan)["number"]
        path = f"{plan}/versions/{version}/quotas"

        first = client.get(path, params={"measure": "new_customers", "limit": 2}).json()
        rest = client.get(
            path, params={"measure": "new_customers", "cursor": first["next_cursor"]}
        ).json()

        assert [row["rep"] for row in (*first["items"], *rest["items"])] == ["cyd", "ann", "bob"]
        assert client.get(path, params={"cursor": first["next_cursor"]}).status_code == 422

    @pytest.mark.parametrize("measure", ["volume", "satisfaction", ""])
    def test_says_which_measures_it_has(self, client: TestClient, measure: str) -> None:
        plan = a_plan(client, company())
        a_version(client, plan)

        response = client.get(f"{plan}/versions/1/quotas", params={"measure": measure})

        assert response.status_code == 422
        assert "revenue, new_customers" in response.json()["detail"]

    @pytest.mark.parametrize(
        ("place", "value", "said"),
        [
            (("manifest", "measures", 0, "policy", "min_over_baseline"), -0.9, "its policy is not"),
            (("measures", 0, "quotas", 1, "unit"), "east", "its reps and units are not those"),
            (("manifest", "is_further"), True, "its manifest is that of a further measure"),
        ],
    )
    def test_cannot_have_other_people_or_rules_in_another_measure(
        self, client: TestClient, place: tuple[Any, ...], value: Any, said: str
    ) -> None:
        plan = a_plan(client, company())
        a_version(client, plan)
        proof = client.get(f"{plan}/versions/1/certificate").json()
        *path, last = place
        at = proof
        for key in path:
            at = at[key]
        at[last] = value

        try:
            faults: Sequence[str] = examine(with_new_hashes(proof)).faults
        except UnreadableProof as reason:
            faults = [str(reason)]

        assert any(said in fault for fault in faults), faults

    def test_with_a_damaged_row_of_another_measure_does_not_verify(
        self, client: TestClient
    ) -> None:
        plan = a_plan(client, company())
        a_version(client, plan)
        proof = client.get(f"{plan}/versions/1/certificate").json()
        proof["measures"][0]["quotas"][0]["quota"] += 1

        found = verified(proof)

        assert not found.checks["hash"]
        assert not found.checks["sums"]
        assert any(fault.startswith("new_customers: ") for fault in found.faults)


class TestBesideTargetsOfProducts:
    def test_a_version_holds_with_all_of_them(self, client: TestClient) -> None:
        targets = [*company()["targets"], {"product": "core", "period": "H1", "amount": 90}]
        body = company(targets=targets, measures=[{"id": "new_customers", "levels": LEVELS}])
        plan = a_plan(client, body)
        a_version(client, plan)
        answer = allocate(client, **body, increment=1,
                          period={"start": "2027-01-01", "end": "2027-12-31"})  # fmt: skip

        (customers,) = answer["measures"]
        assert answer["part_targets"][0]["carried"] == 90
        assert not customers["part_targets"]
        assert client.get(f"{plan}/versions/1/verify").json()["valid"]
        proof = client.get(f"{plan}/versions/1/certificate").json()
        assert not verified({**answer, "proof": proof}).faults


class TestFurtherCases:
    @staticmethod
    def case(policy: Policy, **changes: Any) -> Any:
        inputs = read_inputs(company(**changes), digits=2)
        return assemble(inputs, Terms("USD", 2, 100), policy)

    def test_have_no_limits_but_those_of_growth(self) -> None:
        policy = Policy(max_over_baseline=0.3, groups=(Group("duo", ("ann", "bob"), max=5),))

        (case,) = further_cases(self.case(policy))

        assert case.policy == Policy(max_over_baseline=0.3)
        assert (case.terms.digits, case.terms.increment) == (0, 1)
        assert case.problem.units.max.tolist() == [2**60, 2**60]

    def test_in_money_follow_the_plans_increment_unless_they_state_one(self) -> None:
        targets = [{"amount": 330}, {"measure": "gross_margin", "amount": 100}]

        (plain,) = further_cases(self.case(Policy(), targets=targets))
        (own,) = further_cases(
            self.case(Policy(), targets=targets, measures=[{"id": "gross_margin", "increment": 5}])
        )

        assert (plain.terms.increment, own.terms.increment) == (100, 500)

    def test_have_the_time_of_one_solve_together(self) -> None:
        now = [0.0]
        patience = Patience(10, clock=lambda: now[0]).from_now_on()

        before = patience.watch().seconds_left()
        now[0] = 8  # the main measure took so long

        assert (before, patience.watch().seconds_left()) == (10, 2)
