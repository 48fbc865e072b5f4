"""Policies side by side: each is what a version would be, and none beats the frontier."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from service.allocations.patience import Patience
from service.allocations.scenarios.domain.frontier import Standing, beaten_by
from service.allocations.scenarios.usecases import Question, compare
from service.allocations.solving import CallerLeft
from service.allocations.versions.usecases.solving import solve_handed
from service.kit.audit import AuditEntry
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
from tests.service.allocations.plans import (
    Document,
    a_plan,
    a_version,
    decided,
    four_reps,
    publish,
    quotas,
)
from tests.service.callers import Callers


def scenarios(client: TestClient, plan: str, **body: Any) -> Document:
    answer = client.post(f"{plan}/scenarios", json=body)
    assert answer.status_code == 200, answer.text
    found: Document = answer.json()
    return found


def uneven() -> Document:
    """Small and large accounts, so that the ideas of fairness differ."""
    sizes = {"ann": (400, 10, 105), "bob": (100, 50, 40), "cyd": (200, 60, 30), "d/d": (60, 30, 90)}
    reps = [
        row
        | dict(zip(("baseline", "reach", "potential"), sizes[row["id"]], strict=True))
        | {"sigma": 0.3, "max": None}
        for row in four_reps()["reps"]
    ]
    return four_reps(target=900, reps=reps)


GRID = {
    "fairness": ["equal_stretch", "equal_growth", "equal_amount"],
    "max_over_baseline": [None, 0.5],
}


class TestScenarios:
    def test_are_all_combinations_of_the_axes(self, client: TestClient) -> None:
        plan = a_plan(client, uneven())

        found = scenarios(client, plan, grid=GRID, target=[900, 950])["scenarios"]

        assert [row["number"] for row in found] == list(range(1, 13))
        assert len({row["name"] for row in found}) == 12
        assert found[1]["values"] == {
            "fairness": "equal_stretch", "max_over_baseline": None, "target": 950,
        }  # fmt: skip
        assert found[1]["name"] == "fairness equal_stretch, max_over_baseline none, target 950"
        assert [row["plan"]["target"] for row in found[:2]] == [900, 950]

    def test_carry_what_a_version_of_the_same_policy_carries(self, client: TestClient) -> None:
        plan = a_plan(client, uneven())
        base = {"over_assignment": 0.02}
        policies = [{"name": "by chance", "policy": {"fairness": "equal_probability"}}]

        stored = [
            *scenarios(client, plan, base_policy=base, grid=GRID, store=True)["scenarios"],
            *scenarios(client, plan, policies=policies, store=True)["scenarios"],
        ]

        for row in stored:
            values = {k: v for k, v in row["values"].items() if k != "policy"}
            policy = base | values if values else policies[0]["policy"]
            solved = a_version(client, plan, policy=policy, base_version=1)
            address = f"{plan}/versions/{row['version']}"
            one, other = (
                client.get(f"{plan}/versions/{number}/certificate").json()["manifest"]
                for number in (row["version"], solved["number"])
            )
            told = ("parent", "base_version")  # the first ones build on nothing
            assert {k: v for k, v in one.items() if k not in told} == {
                k: v for k, v in other.items() if k not in told
            }
            assert quotas(client, address) == quotas(client, f"{plan}/versions/{solved['number']}")
            assert client.get(f"{address}/verify").json()["valid"]

    def test_keep_the_locks_that_a_version_would_keep(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)
        decided(database, plan, 1, {"bob": 130}, locks=True)  # version 2

        (row,) = scenarios(client, plan, store=True)["scenarios"]

        solved = a_version(client, plan, base_version=2)
        told = quotas(client, f"{plan}/versions/{solved['number']}")
        assert quotas(client, f"{plan}/versions/{row['version']}") == told
        assert told["bob"] == 130
        manifests = [
            client.get(f"{plan}/versions/{number}/certificate").json()["manifest"]
            for number in (row["version"], solved["number"])
        ]
        assert manifests[0] == manifests[1]

    def test_tell_figures_that_policies_share(self, client: TestClient) -> None:
        """900 over 760: growth is even at 18.4 %, which asks ann for 73.7 of the 10 she can add."""
        plan = a_plan(client, uneven())

        (row,) = scenarios(client, plan, base_policy={"fairness": "equal_growth"})["scenarios"]

        told = row["plan"]
        assert told["largest_stretch"] == pytest.approx((474 - 400) / 10)
        assert told["growth"]["median"] == pytest.approx(0.184, abs=0.005)
        assert told["gini"] < 0.01
        assert 0 < told["attaining"] < 1
        assert 0 < told["reaching"] < 1
        assert told["moved"] is None
        assert row["status"] == "optimal"

    def test_that_cannot_hold_say_why_and_the_others_are_solved(self, client: TestClient) -> None:
        plan = a_plan(client, uneven())

        fine, tight = scenarios(client, plan, grid={"max_over_baseline": [0.5, 0.1]})["scenarios"]

        refused = client.post(f"{plan}/versions", json={"policy": {"max_over_baseline": 0.1}})
        problem = refused.json()
        assert fine["status"] == "optimal"
        assert tight["status"] == "infeasible"
        assert tight["plan"] is None
        for name in ("type", "status", "detail", "conflict", "relaxation", "feasible_target"):
            assert tight["problem"][name] == problem[name]

    def test_without_what_the_policy_needs_are_told_as_unsolved(self, client: TestClient) -> None:
        plan = a_plan(client)  # nobody has a sigma

        found = scenarios(client, plan, grid={"fairness": ["equal_probability", "equal_stretch"]})

        assert [row["status"] for row in found["scenarios"]] == ["unsolved", "optimal"]
        assert found["scenarios"][0]["problem"]["type"] == "/problems/invalid-input"
        assert found["frontier"] == [2]

    def test_name_who_would_move_most(self, client: TestClient) -> None:
        plan = a_plan(client)
        a_version(client, plan)  # 105, 112, 112, 112
        assert publish(client, f"{plan}/versions/1").status_code == 200
        a_version(client, plan, policy={"over_assignment": 0.1})

        found = scenarios(client, plan, target=[441, 405])

        assert found["base_version"] == 1
        same, less = found["scenarios"]
        assert same["plan"]["movers"] == []
        assert same["plan"]["moved"] == 0
        assert less["plan"]["moved"] == 36
        assert [row["rep"] for row in less["plan"]["movers"]] == ["bob", "d/d", "cyd", "ann"]
        assert less["plan"]["movers"][0] == {
            "rep": "bob", "unit": "west", "from": 112, "to": 101, "change": -11,
        }  # fmt: skip

    def test_that_come_to_the_same_quotas_say_so(self, client: TestClient) -> None:
        plan = a_plan(client)

        found = scenarios(client, plan, grid={"max_over_baseline": [None, 5, 0.12]})["scenarios"]

        assert [row["same_as"] for row in found] == [None, 1, 1]

    def test_are_stored_all_or_none(
        self, client: TestClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Somebody leaves, or cancels, while the second one is solved."""
        plan, once = a_plan(client), iter([solve_handed])

        def solve(*given: Any) -> Any:
            if (own := next(once, None)) is None:
                raise CallerLeft("The caller has left.")
            return own(*given)

        monkeypatch.setattr("service.allocations.scenarios.usecases.solve_handed", solve)
        question = Question({"grid": {"over_assignment": [0, 0.1]}, "store": True})
        where = database.sessions, LOCAL_ADMINISTRATOR, plan.rpartition("/")[2]

        with pytest.raises(CallerLeft):
            compare(*where, question, now=utc_now())

        assert client.get(f"{plan}/versions").json()["items"] == []

    def test_are_stored_only_when_that_is_asked_for(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client)
        a_version(client, plan)

        scenarios(client, plan, grid={"over_assignment": [0, 0.1]})
        assert len(client.get(f"{plan}/versions").json()["items"]) == 1

        found = scenarios(
            client, plan, grid={"over_assignment": [0, 0.1]}, target=[450], store=True
        )
        numbers = [row["version"] for row in found["scenarios"]]
        assert numbers == [2, 3]
        inputs = client.get(plan).json()["inputs_hash"]
        for number in numbers:
            version = client.get(f"{plan}/versions/{number}").json()
            assert version["status"] == "draft"
            assert version["base_version"] == 1
            assert version["note"].startswith("over_assignment 0")
            assert version["inputs_hash"] != inputs
            kept = client.get(f"{plan}/inputs/{version['inputs_hash']}").json()
            assert kept["target"] == 450
            assert client.get(f"{plan}/versions/{number}/verify").json()["valid"]
        with database.sessions.begin() as session:
            made = sa.select(AuditEntry).filter_by(action="version.solve")
            entries = session.scalars(made.order_by(AuditEntry.sequence)).all()
            told = [(entry.facts.get("scenario"), entry.reason) for entry in entries]
        assert told[-2:] == [(True, row["name"]) for row in found["scenarios"]]

    def test_leave_the_versions_of_others_alone(self, callers: Callers) -> None:
        plan = a_plan(callers("planner"))

        for role in ("rep", "hr", "auditor", "integration"):
            own = callers(role, rep="ann") if role == "rep" else callers(role)
            assert own.post(f"{plan}/scenarios", json={}).status_code == 403

    def test_that_have_no_time_left_are_told_as_unsolved(
        self, client: TestClient, database: Database
    ) -> None:
        plan = a_plan(client, uneven())
        ticks = iter(range(10_000))
        patience = Patience(seconds=8, clock=lambda: float(next(ticks)))
        question = Question({"grid": {"over_assignment": [k / 100 for k in range(40)]}})

        found = compare(
            database.sessions,
            LOCAL_ADMINISTRATOR,
            plan.rpartition("/")[2],
            question,
            now=utc_now(),
            patience=patience,
        )

        solved = [outcome.found is not None for outcome in found.outcomes]
        assert solved[0]
        assert not solved[-1]
        assert solved == sorted(solved, reverse=True)
        assert found.outcomes[-1].problem is not None
        assert "32 s" in found.outcomes[-1].problem.detail


class TestRefusals:
    def test_name_every_fault_where_it_was_sent(self, client: TestClient) -> None:
        plan = a_plan(client)
        body = {
            "base_policy": {"groups": [{"id": "g", "reps": ["nobody"], "max": 5}]},
            "grid": {"country": ["CN", "XX"], "max_over_baseline": [0.1, 0.2]},
            "policies": [{"name": "a", "policy": {"min_over_baseline": 0.15}}],
            "target": [100, -5],
        }

        answer = client.post(f"{plan}/scenarios", json=body)

        assert answer.status_code == 422
        assert {fault["pointer"] for fault in answer.json()["errors"]} == {
            "/base_policy/groups/0/reps/0",
            "/grid/country/1",
            "/policies/0/policy/min_over_baseline",
            "/target/1",
        }

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"grid": {"fairness": ["even"]}}, "/grid/fairness/0"),
            ({"grid": {"colour": ["red"]}}, "/grid/colour"),
            ({"grid": {"fairness": []}}, "/grid/fairness"),
            (
                {"grid": {"over_assignment": [0] * 101}},
                "/grid/over_assignment",
            ),
            ({"policies": [{"name": "x"}]}, "/policies/0/policy"),
            ({"base_version": 7}, "/base_version"),
            ({"store": "yes"}, "/store"),
            ({"grid": {"season": [[1, 2, 3]]}}, "/grid/season/0"),
        ],
    )
    def test_of_a_shape(self, client: TestClient, body: Document, pointer: str) -> None:
        plan = a_plan(client)

        answer = client.post(f"{plan}/scenarios", json=body)

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]

    def test_of_too_many(self, client: TestClient) -> None:
        plan = a_plan(client)
        many = {"over_assignment": [k / 100 for k in range(11)]}

        answer = client.post(f"{plan}/scenarios", json={"grid": many, "target": [*range(10)]})

        assert answer.status_code == 422
        assert "makes 110 scenarios" in answer.json()["detail"]

    def test_of_a_plan_that_is_not_there_or_has_no_inputs(self, client: TestClient) -> None:
        empty = client.post(
            "/v1/plans",
            json={"name": "x", "period": {"start": "2027-01-01", "end": "2027-12-31"}},
        ).json()["id"]

        assert client.post(f"/v1/plans/{empty}/scenarios", json={}).status_code == 409
        assert client.post("/v1/plans/plan_x/scenarios", json={}).status_code == 404


class TestTheFrontier:
    def test_is_what_no_other_one_beats(self, client: TestClient) -> None:
        """Equal growth is the most even, equal stretch asks least of whom it asks most."""
        plan = a_plan(client, uneven())

        found = scenarios(client, plan, grid={"fairness": GRID["fairness"]})

        by_name = {row["values"]["fairness"]: row for row in found["scenarios"]}
        assert by_name["equal_stretch"]["beaten_by"] == by_name["equal_growth"]["beaten_by"] == []
        assert {1, 2} <= set(found["frontier"])

    def test_compares_only_what_assigns_the_same(self, client: TestClient) -> None:
        plan = a_plan(client, uneven())

        found = scenarios(client, plan, target=[900, 850], grid={"over_assignment": [0, 0.1]})

        assert found["frontier"] == [1, 2, 3, 4]


costs = st.sampled_from([None, 0.0, 0.1, 0.2, 0.5])
standings = st.lists(
    st.builds(Standing, st.sampled_from([100, 200]), st.tuples(costs, costs, costs)),
    max_size=12,
)


@given(standings)
def test_whoever_is_off_the_frontier_is_beaten_by_somebody_on_it(plans: list[Standing]) -> None:
    found = beaten_by(dict(enumerate(plans)))

    frontier = {number for number, others in found.items() if not others}
    for number, own in enumerate(plans):
        beaters = {k for k, other in enumerate(plans) if other.beats(own)}
        assert set(found[number]) == beaters & frontier
        assert (number in frontier) == (not beaters)
        assert not own.beats(own)
