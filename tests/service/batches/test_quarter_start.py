"""What a batch does with every plan when a quarter begins; on both databases."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from service.kit.access import ALLOWED, Permission
from tests.service.allocations.plans import a_plan, a_version, four_reps, publish
from tests.service.batches.test_batches import items_of, plans, refused, started, versions
from tests.service.callers import Callers
from tests.service.negotiations.levels.teams import a_draft, freeze
from tests.service.operations.following import done
from tests.service.operations.long_solves import long_solves

type Document = dict[str, Any]

Q1 = {"start": "2027-01-01", "end": "2027-03-31"}
Q2 = {"start": "2027-04-01", "end": "2027-06-30"}
FORWARD = {"inputs": "rolled_forward"}


def quarters(client: TestClient, *names: str) -> list[tuple[str, str]]:
    """The ids of the first quarter's plan, which has inputs, and of the second one's."""
    first = [a_plan(client, name=name, period=Q1).rpartition("/")[2] for name in names]
    second = [
        client.post("/v1/plans", json={"name": name, "period": Q2}).json()["id"] for name in names
    ]
    return list(zip(first, second, strict=True))


def problems(told: Document) -> list[tuple[str, str] | None]:
    """The kind of each item's problem and its first words, None where there is none."""
    found = (item.get("problem") for item in told["result"]["items"])
    return [own and (own["type"].removeprefix("/problems/"), own["detail"]) for own in found]


class TestSubmitting:
    def test_every_version_is_submitted_as_it_is_stored(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2")
        frozen = a_draft(client)
        freeze(client, frozen, "east")
        unfinished = frozen.split("/")[3]
        deadline = "2999-01-31T18:00:00Z"

        operation = started(
            client, plans=[*ids, unfinished], then="submit", deadline=deadline, note="Q2"
        )
        told = done(client, operation)

        for plan in ids:
            (version,) = versions(client, plan)
            assert (version["status"], version["deadline"]) == ("submitted", deadline)
        *_, kept = problems(told)
        assert kept is not None
        assert kept[0] == "version-unfinished"
        assert [own["number"] for own in versions(client, unfinished)] == [1]

    def test_is_for_who_may(self, callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
        planner = callers("planner")
        (plan,) = plans(planner, "BU1")
        for permission, body in (
            (Permission.SUBMIT, {"then": "submit"}),
            (Permission.WRITE_INPUTS, FORWARD),
        ):
            monkeypatch.setitem(ALLOWED, permission, frozenset())
            answer = planner.post("/v1/batches", json={"plans": [plan]} | body)
            assert (answer.status_code, permission in answer.json()["detail"]) == (403, True)
        assert planner.get("/v1/operations").json()["items"] == []

    def test_a_deadline_that_no_part_could_meet_is_refused_at_once(
        self, client: TestClient
    ) -> None:
        body = {"plans": plans(client, "BU1"), "deadline": "2020-01-31T18:00:00Z"}

        assert refused(client, body)[0][0] == "/deadline"
        assert refused(client, body | {"then": "submit"}) == [
            ("/deadline", "must be later than now")
        ]


class TestPublishedMeanwhile:
    def test_is_that_plans_problem_until_it_is_tried_again(self, client: TestClient) -> None:
        first, second = plans(client, "BU1", "BU2")
        a_version(client, f"/v1/plans/{first}")

        with long_solves() as gate:
            operation = started(client, plans=[first, second])
            gate.reached.wait()
            publish(client, f"/v1/plans/{first}/versions/1")
        told = done(client, operation)

        published, solved = told["result"]["items"]
        assert published["problem"]["status"] == 412
        assert published["problem"]["published"] == 1
        assert solved == {"plan": second, "version": 1}
        assert len(versions(client, first)) == 1
        batch = operation.replace("/operations/", "/batches/")
        assert client.post(f"{batch}/retry").status_code == 202
        assert done(client, operation)["result"]["items"][0] == {"plan": first, "version": 2}


class TestRolledForward:
    def test_every_plan_takes_the_facts_of_the_quarter_before(self, client: TestClient) -> None:
        (_, east), (west_before, west) = quarters(client, "East", "West")
        items = [{"plan": east, "target": 500}, {"plan": west, "from": west_before, "target": 600}]

        batch = started(client, items=items, **FORWARD, then="submit")
        told = done(client, batch)

        assert problems(told) == [None, None]
        for item in items_of(client, batch):
            left = {(own["table"], own["field"]): own["rows"] for own in item["left_behind"]}
            assert left == {("reps", "max"): 1, ("reps", "baseline"): 4, ("reps", "reach"): 4}
        for plan, target in ((east, 500), (west, 600)):
            (version,) = versions(client, plan)
            inputs = client.get(f"/v1/plans/{plan}").json()["inputs_hash"]
            assert (version["assigned"], version["status"]) == (target, "submitted")
            assert version["inputs_hash"] == inputs

    def test_one_that_has_no_predecessor_stops_no_other(self, client: TestClient) -> None:
        ((_, east),) = quarters(client, "East")
        prepared = a_plan(client, four_reps(target=450), name="East", period=Q2).rpartition("/")[2]
        new = client.post("/v1/plans", json={"name": "New", "period": Q2}).json()["id"]

        found = {"name": "*", "period": {"start": "2027-04-01"}}
        told = done(client, started(client, filter=found, **FORWARD))

        of_plan = dict(
            zip((item["plan"] for item in told["result"]["items"]), problems(told), strict=True)
        )
        assert of_plan.keys() == {east, prepared, new}
        no_target, no_earlier = of_plan[east], of_plan[new]
        assert no_target is not None
        assert no_target[1].startswith("/roll_forward/target")
        assert no_earlier is not None
        assert no_earlier[1].startswith("/roll_forward/from: say which plan")
        assert of_plan[prepared] is None
        assert versions(client, prepared)[0]["assigned"] == 450

    def test_what_is_said_of_it_has_to_fit(self, client: TestClient) -> None:
        (plan,) = plans(client, "BU1")
        items = [{"plan": plan, "from": "plan_none", "target": 1}]

        assert [pointer for pointer, _ in refused(client, {"items": items})] == [
            "/items/0/from",
            "/items/0/target",
        ]
        assert refused(client, {"items": items} | FORWARD) == [("/items/0/from", "names no plan")]

    def test_a_target_that_none_could_have_is_refused_whole(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2", "BU3", "BU4")
        huge = 10**30
        said: list[Document] = [
            {"target": huge},
            {"target": -1},
            {"target": 5, "targets": [{"amount": 5}]},
            {"targets": [{"amount": huge}]},
        ]
        items = [{"plan": plan} | own for plan, own in zip(ids, said, strict=True)]

        assert refused(client, {"items": items} | FORWARD) == [
            ("/items/0/target", "is too large"),
            ("/items/1/target", "must not be negative"),
            ("/items/2/target", "stands beside `targets`: send one of the two"),
            ("/items/3/targets/0/amount", "is too large"),
        ]


class TestPolicies:
    def test_one_that_is_wrong_in_itself_is_refused_whole(self, client: TestClient) -> None:
        first, second = plans(client, "BU1", "BU2")
        crossed = {"min_over_baseline": 0.3, "max_over_baseline": 0.1}

        assert refused(client, {"plans": [first], "policy": crossed}) == [
            ("/policy/min_over_baseline", "must not exceed max_over_baseline")
        ]
        items = [{"plan": first}, {"plan": second, "policy": crossed}]
        assert [pointer for pointer, _ in refused(client, {"items": items})] == [
            "/items/1/policy/min_over_baseline"
        ]
        huge = {"groups": [{"id": "g", "reps": ["r1"], "max": 10**30}]}
        assert refused(client, {"items": [{"plan": first, "policy": huge}]}) == [
            ("/items/0/policy/groups/0/max", "is too large")
        ]

    def test_one_that_fits_no_plan_is_what_became_of_each(self, client: TestClient) -> None:
        ids = plans(client, "BU1", "BU2")
        stranger = {"groups": [{"id": "g", "reps": ["zoe"], "max": 1}]}

        told = done(client, started(client, plans=ids, policy=stranger))

        assert told["progress"]["failed"] == 2
        assert {own and own[0] for own in problems(told)} == {"invalid-input"}
        assert [versions(client, plan) for plan in ids] == [[], []]


def test_who_is_erased_is_forgotten_by_batches_too(client: TestClient) -> None:
    """What failed of one is not tried again: what it says may name anybody."""
    ids = plans(client, "BU1")
    operation = started(client, plans=ids, policy={"min_over_baseline": 99}, note="for Ann Lee")
    assert done(client, operation)["progress"]["failed"] == 1

    assert client.delete("/v1/people/ann").status_code == 200

    answer = client.post(f"{operation.replace('/operations/', '/batches/')}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/batch-was-forgotten")
    (failed,) = items_of(client, operation, failed=True)
    assert failed["problem"]["type"] == "/problems/problem-forgotten"
    assert client.get(operation).json()["result"]["items"] == [
        {"plan": ids[0], "problem": failed["problem"]}
    ]
