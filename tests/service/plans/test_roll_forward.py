"""A quarter's plan takes the facts of the quarter before; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.service.operations.long_solves import long_solves

type Document = dict[str, Any]

Q1 = {"start": "2027-01-01", "end": "2027-03-31"}
Q2 = {"start": "2027-04-01", "end": "2027-06-30"}


def sales(rep: str, *months: str, actual: float = 10) -> list[Document]:
    return [{"rep": rep, "period": month, "actual": actual} for month in months]


def facts(**changes: Any) -> Document:
    """Of a first quarter: Ann and Bob in the west, Cyd left in February, Dee took over t1."""
    away = [{"from": "2027-02-15"}]
    first = {"rep": "cyd", "to": "2027-02-14"}
    return {
        "target": 300,
        "units": [{"id": "west", "name": "West", "owner": "m-1", "max": 400}],
        "reps": [
            {"id": "ann", "name": "Ann", "unit": "west", "capacity": 90, "fixed": 70, "fte": 0.5},
            {"id": "bob", "unit": "west", "min": 10, "last_year": 130, "hired": "2024-01-01"},
            {"id": "cyd", "unit": "west", "absences": away},
            {"id": "dee", "baseline": 50, "hired": "2027-02-15"},
        ],
        "territories": [
            {"id": "t1", "potential": 900, "holders": [first, {"rep": "dee", "from": "2027-02-15"}]}
        ],
        "history": [*sales("ann", "2026-12", "2027-01"), *sales("cyd", "2026-12")],
    } | changes


def a_plan(client: TestClient, name: str, period: Document, inputs: Document | None = None) -> str:
    """Its id."""
    plan: str = client.post("/v1/plans", json={"name": name, "period": period}).json()["id"]
    if inputs is not None:
        answer = client.put(f"/v1/plans/{plan}/inputs", json=inputs)
        assert answer.status_code == 200, answer.text
    return plan


def rolled(client: TestClient, plan: str, **body: Any) -> Document:
    answer = client.post(f"/v1/plans/{plan}/inputs/roll-forward", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == f'"{answer.json()["hash"]}"'
    told: Document = answer.json()
    return told


def refused(client: TestClient, plan: str, **body: Any) -> list[tuple[str, str]]:
    answer = client.post(f"/v1/plans/{plan}/inputs/roll-forward", json=body)
    assert answer.status_code == 422, answer.text
    return [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]]


def inputs_of(client: TestClient, plan: str) -> Document:
    inputs: Document = client.get(f"/v1/plans/{plan}/inputs").json()
    return inputs


class TestWhatGoesAlong:
    def test_the_company_and_its_past_do_and_what_is_of_the_quarter_does_not(
        self, client: TestClient
    ) -> None:
        before = a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2)

        told = rolled(client, plan, target=360)

        assert inputs_of(client, plan) == {
            "target": 360.0,
            "forecast": None,
            "units": [{"id": "west", "name": "West", "owner": "m-1"}],
            "reps": [
                {"id": "ann", "name": "Ann", "unit": "west", "capacity": 90.0, "fte": 0.5},
                {"id": "bob", "unit": "west", "hired": "2024-01-01"},
                {"id": "dee", "hired": "2027-02-15"},
            ],
            "territories": [
                {
                    "id": "t1",
                    "potential": 900.0,
                    "holders": [{"rep": "dee", "share": 1.0, "from": "2027-04-01"}],
                }
            ],
            "history": sales("ann", "2026-12", "2027-01"),
        }
        assert (told["source"], told["source_hash"]) == (
            before,
            client.get(f"/v1/plans/{before}").json()["inputs_hash"],
        )
        left = {(own["table"], own["field"]): own["ids"] for own in told["left_behind"]}
        assert left == {
            ("units", "max"): ["west"],
            ("reps", "baseline"): ["dee"],
            ("reps", "min"): ["bob"],
            ("reps", "fixed"): ["ann"],
            ("reps", "last_year"): ["bob"],
            ("reps", None): ["cyd"],
        }

    def test_last_year_is_what_was_sold_where_all_of_it_is_known(self, client: TestClient) -> None:
        year = [f"2026-{month:02d}" for month in range(4, 13)] + ["2027-01", "2027-02", "2027-03"]
        a_plan(client, "BU1", Q1, facts(history=sales("bob", "2026-03", *year, actual=11)))
        plan = a_plan(client, "BU1", Q2)

        rolled(client, plan, target=360)

        (bob,) = [own for own in inputs_of(client, plan)["reps"] if own["id"] == "bob"]
        assert bob["last_year"] == 132.0

    def test_what_the_plan_says_of_its_own_period_stays(self, client: TestClient) -> None:
        a_plan(client, "BU1", Q1, facts())
        own = {"id": "ann", "max": 80, "fte": 1}
        new = {"id": "eve", "hired": "2027-05-01"}
        april = sales("ann", "2027-01", actual=12) + sales("ann", "2027-04")
        plan = a_plan(client, "BU1", Q2, {"target": 500, "reps": [own, new], "history": april})

        told = rolled(client, plan)

        inputs = inputs_of(client, plan)
        ann, *_ = inputs["reps"]
        assert (inputs["target"], ann["max"], ann["fte"]) == (500.0, 80.0, 0.5)
        assert [rep["id"] for rep in inputs["reps"]] == ["ann", "bob", "dee", "eve"]
        assert inputs["history"] == sales("ann", "2026-12", "2027-01", "2027-04")
        assert {
            "pointer": "/reps",
            "detail": "1 is not in the earlier plan and stay as they were: eve",
        }
        again = rolled(client, plan)
        assert again["hash"] == told["hash"]

    def test_capacity_grows_with_the_period(self, client: TestClient) -> None:
        before = a_plan(client, "Q1", Q1, facts())
        plan = a_plan(client, "the rest", {"start": "2027-04-01", "end": "2027-12-31"})

        rolled(client, plan, target=900, **{"from": before})

        assert inputs_of(client, plan)["reps"][0]["capacity"] == 270.0

    def test_a_measure_without_a_target_stays_behind(self, client: TestClient) -> None:
        targets = [{"amount": 300}, {"measure": "upsells", "amount": 9}]
        listed = [{"id": "upsells", "kind": "additive", "forecast": 8}]
        revenue, upsells = sales("ann", "2027-01"), {"measure": "upsells"}
        sold = [*revenue, *(row | upsells for row in revenue)]
        before = facts(target=None, targets=targets, measures=listed, history=sold)
        a_plan(client, "BU1", Q1, before)
        both, one = a_plan(client, "BU1", Q2), a_plan(client, "BU1", Q2)

        rolled(client, both, targets=targets)
        told = rolled(client, one, target=300)

        named = [row["id"] for row in inputs_of(client, both)["measures"]]
        assert named == ["revenue", "upsells"]
        assert len(inputs_of(client, both)["history"]) == 2
        assert inputs_of(client, one)["history"] == revenue
        assert "measures" not in inputs_of(client, one)
        assert [own["ids"] for own in told["left_behind"] if own["table"] == "measures"] == [
            ["upsells"]
        ]


class TestWhichPlan:
    def test_the_one_of_the_same_name_that_ends_the_day_before(self, client: TestClient) -> None:
        a_plan(client, "BU1", {"start": "2026-10-01", "end": "2026-12-31"}, facts())
        a_plan(client, "BU2", Q1, facts())
        plan = a_plan(client, "BU1", Q2)
        (fault,) = refused(client, plan, target=1)
        assert fault == ("/from", "say which plan: no plan is called BU1 and ends on 2027-03-31")

        first = a_plan(client, "BU1", Q1, facts())
        assert rolled(client, plan, target=1)["source"] == first

        second = a_plan(client, "BU1", Q1, facts())
        ((_, reason),) = refused(client, plan, target=1)
        assert first in reason
        assert second in reason
        assert rolled(client, plan, target=1, **{"from": second})["source"] == second

    def test_an_earlier_one_with_inputs_in_the_same_currency(self, client: TestClient) -> None:
        plan = a_plan(client, "BU1", Q2)
        yuan = client.post("/v1/plans", json={"name": "元", "currency": "CNY", "period": Q1}).json()
        empty, later = a_plan(client, "Q1", Q1), a_plan(client, "Q2", Q2, facts())
        reasons = {
            "plan_none": "names no plan",
            plan: "is the plan itself",
            later: "ends on 2027-06-30, and this plan begins on 2027-04-01",
            yuan["id"]: "is in CNY, and this plan in USD",
            empty: "has no inputs",
        }

        for source, reason in reasons.items():
            ((pointer, told),) = refused(client, plan, target=1, **{"from": source})
            assert (pointer, told.removeprefix(f"{source}: ")) == ("/from", reason)


class TestWhatIsRefused:
    def test_a_target_is_never_guessed(self, client: TestClient) -> None:
        a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2)

        ((pointer, _),) = refused(client, plan)

        assert pointer == "/target"
        assert refused(client, plan, target=-1) == [("/target", "must be 0 or more")]
        assert client.get(f"/v1/plans/{plan}/inputs").status_code == 409

    def test_somebody_who_is_gone_and_still_holds_a_share(self, client: TestClient) -> None:
        holders = [{"rep": "cyd", "share": 0.5}, {"rep": "dee", "share": 0.5}]
        earlier = a_plan(client, "BU1", Q1, facts(territories=[{"id": "t1", "holders": holders}]))
        plan = a_plan(client, "BU1", Q2)

        ((pointer, reason),) = refused(client, plan, target=1)
        ((at_from, same),) = refused(client, plan, target=1, **{"from": earlier})

        assert (at_from, "cyd" in reason, "t1" in reason) == ("/from", True, True)
        assert (pointer, reason) == ("", same)  # nobody looks for a `from` that was not sent

    def test_an_earlier_plan_that_was_not_named_and_has_nothing(self, client: TestClient) -> None:
        empty, plan = a_plan(client, "BU1", Q1), a_plan(client, "BU1", Q2)

        answer = client.post(f"/v1/plans/{plan}/versions", json={"roll_forward": {"target": 1}})

        (fault,) = answer.json()["errors"]
        assert fault == {"pointer": "/roll_forward", "detail": f"{empty}: has no inputs"}

    def test_inputs_that_somebody_else_has_changed(self, client: TestClient) -> None:
        a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2, facts())

        answer = client.post(
            f"/v1/plans/{plan}/inputs/roll-forward", json={}, headers={"If-Match": '"sha256:0"'}
        )

        assert answer.status_code == 412


class TestSolvedAtOnce:
    def test_the_inputs_become_the_working_ones_with_the_version(self, client: TestClient) -> None:
        before = a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2)

        answer = client.post(f"/v1/plans/{plan}/versions", json={"roll_forward": {"target": 360}})

        assert answer.status_code == 201, answer.text
        assert answer.json()["assigned"] == 360
        assert answer.json()["inputs_hash"] == client.get(f"/v1/plans/{plan}").json()["inputs_hash"]
        (entry,) = [
            own
            for own in client.get("/v1/audit").json()["items"]
            if own["action"] == "inputs.roll_forward"
        ]
        assert (entry["subject"], entry["facts"]["from"]) == (plan, before)
        assert entry["facts"]["left_behind"]["reps.fixed"] == 1
        left = {(own["table"], own["field"]): own["ids"] for own in answer.json()["left_behind"]}
        assert left["reps", "fixed"] == ["ann"]
        assert client.get(f"/v1/plans/{plan}/versions/1/verify").json()["valid"] is True

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/roll_forward/target"),
            ({"target": 1, "from": "plan_none"}, "/roll_forward/from"),
            ({"target": 1, "targets": [{"amount": 1}]}, "/roll_forward/target"),
        ],
    )
    def test_nothing_is_stored_where_it_cannot_be_rolled_forward(
        self, client: TestClient, body: Document, pointer: str
    ) -> None:
        a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2)

        answer = client.post(f"/v1/plans/{plan}/versions", json={"roll_forward": body})

        assert answer.status_code == 422
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
        assert client.get(f"/v1/plans/{plan}").json()["inputs_hash"] is None

    def test_inputs_that_have_changed_meanwhile_are_not_overwritten(
        self, client: TestClient
    ) -> None:
        a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2, {"target": 500, "reps": [{"id": "ann"}]})

        with long_solves() as gate, ThreadPoolExecutor() as pool:
            body: Document = {"roll_forward": {}}
            solving = pool.submit(client.post, f"/v1/plans/{plan}/versions", json=body)
            gate.reached.wait()
            client.patch(f"/v1/plans/{plan}/inputs", json={"target": 510})
            gate.opened.set()
            answer = solving.result()

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-busy")
        assert inputs_of(client, plan)["target"] == 510.0
        assert client.get(f"/v1/plans/{plan}/versions").json()["items"] == []

    def test_who_is_erased_meanwhile_is_not_brought_back(self, client: TestClient) -> None:
        before = a_plan(client, "BU1", Q1, facts())
        plan = a_plan(client, "BU1", Q2)

        with long_solves() as gate, ThreadPoolExecutor() as pool:
            body = {"roll_forward": {"target": 360}}
            solving = pool.submit(client.post, f"/v1/plans/{plan}/versions", json=body)
            gate.reached.wait()
            assert client.delete("/v1/people/ann").status_code == 200
            gate.opened.set()
            answer = solving.result()

        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-busy")
        assert client.get(f"/v1/plans/{plan}").json()["inputs_hash"] is None
        rolled(client, plan, target=360)
        assert all("name" not in own for own in inputs_of(client, plan)["reps"])
        assert "Ann" not in client.get(f"/v1/plans/{before}/inputs").text
