"""Several measures, solved again in the middle of the period: each keeps its own closed months."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import Document, a_version, publish, quotas
from tests.service.allocations.test_closed_months import put, solved_again
from tests.service.allocations.test_proof_tampering import with_new_hashes
from tests.service.negotiations.happenings import (
    EVENLY,
    given_today,
    happens,
    in_force,
    twelve_hundred_each,
)

MAY = "2027-05-20"
CUSTOMERS = "new_customers"


def sales_and(**others: int) -> Document:
    """4,800 of revenue and these amounts of other measures, for four people who are alike."""
    inputs = twelve_hundred_each()
    del inputs["target"]
    for rep in inputs["reps"]:
        rep["potential"] = 100
    targets: list[Document] = [{"amount": 4800}]
    targets += [{"measure": name, "amount": amount} for name, amount in others.items()]
    return inputs | {"targets": targets}


def months_of(client: TestClient, version: str, rep: str, measure: str) -> list[float]:
    answer = client.get(f"{version}/quotas", params={"measure": measure, "rep": rep})
    (row,) = answer.json()["items"]
    return list(row["months"].values())


@pytest.fixture
def plan(client: TestClient) -> str:
    """100 of revenue and 10 new customers a month for everybody."""
    return in_force(client, sales_and(new_customers=480))


class TestSolvingAgain:
    def test_keeps_the_closed_months_of_every_measure(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        put(client, plan, sales_and(new_customers=760))

        again = solved_again(client, plan)

        assert months_of(client, again, "ann", CUSTOMERS) == [10] * 5 + [20] * 7
        assert months_of(client, again, "ann", "revenue") == [100] * 12
        found = examine(client.get(f"{again}/certificate").json())
        assert found.valid, found.faults
        assert found.checks["ledger"]
        forged = client.get(f"{again}/certificate").json()
        (entry,) = forged["measures"][0]["quotas"][0]["amended"]
        entry[3][0], entry[3][5] = entry[3][0] + 1, entry[3][5] - 1
        assert not examine(with_new_hashes(forged)).valid
        of_customers = {"measure": CUSTOMERS}
        changed = client.get(f"{plan}/versions/1/diff/2", params=of_customers).json()["changed"]
        assert {row["change"] for row in changed} == {70}

        assert publish(client, again).status_code == 200
        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-07-01"})
        assert months_of(client, f"{plan}/versions/3", "ann", CUSTOMERS) == [10] * 5 + [20] * 7

    def test_leaves_them_in_the_unit_that_carried_them(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-04-01"})
        assert publish(client, f"{plan}/versions/2").status_code == 200
        given_today(app, MAY)

        again = solved_again(client, plan)

        told = client.get(f"{again}/months", params={"measure": CUSTOMERS}).json()["units"]
        months = {row["id"]: list(row["months"].values()) for row in told}
        # the event was about revenue: of customers the west carries ann's until May
        assert months == {"east": [20] * 5 + [30] * 7, "west": [20] * 5 + [10] * 7}

    def test_gives_who_has_left_no_more_of_any(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-06-01"})
        given_today(app, MAY)

        again = solved_again(client, plan)

        assert months_of(client, again, "ann", CUSTOMERS) == [10] * 5 + [0] * 7
        found = quotas(client, again, measure=CUSTOMERS)
        assert (found["ann"], sum(found.values())) == (50, 480)

    def test_plans_a_new_measure_in_the_open_months(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        put(client, plan, sales_and(new_customers=480, volume=280))

        again = solved_again(client, plan)

        assert months_of(client, again, "ann", "volume") == [0] * 5 + [10] * 7


class TestWhatIsRefused:
    def test_a_measure_that_closed_months_carry_and_inputs_do_not_name(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        put(client, plan, sales_and())

        dropped = client.post(f"{plan}/versions", json=EVENLY)
        put(client, plan, sales_and(new_customers=200))
        again = solved_again(client, plan)

        assert dropped.status_code == 409
        assert dropped.json()["type"] == "/problems/closed-months-not-kept"
        assert f"They carry {CUSTOMERS}" in dropped.json()["detail"]
        assert months_of(client, again, "ann", CUSTOMERS) == [10] * 5 + [0] * 7

    def test_a_measure_that_is_counted_otherwise(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        alone = sales_and(new_customers=480)
        put(client, plan, alone | {"targets": alone["targets"][1:]})

        refused = client.post(f"{plan}/versions", json=EVENLY)

        assert refused.status_code == 409
        assert "revenue" in refused.json()["detail"]
        moved = alone | {"measures": [{"id": CUSTOMERS, "kind": "additive", "counted_in": "firms"}]}
        put(client, plan, moved)
        counted = client.post(f"{plan}/versions", json=EVENLY)
        assert counted.status_code == 409
        assert f"{CUSTOMERS}, counted in customers" in counted.json()["detail"]

    def test_a_target_below_what_closed_months_carry(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        given_today(app, MAY)
        put(client, plan, sales_and(new_customers=150))

        answer = client.post(f"{plan}/versions", json=EVENLY)

        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"{CUSTOMERS}: ")

    def test_publishing_another_amount_of_any_measure(
        self, app: FastAPI, client: TestClient, plan: str
    ) -> None:
        put(client, plan, sales_and(new_customers=960))
        a_version(client, plan, **EVENLY)
        given_today(app, MAY)

        late = publish(client, f"{plan}/versions/2")

        assert late.status_code == 409
        assert late.json()["type"] == "/problems/closed-months-differ"
        assert f"{CUSTOMERS} of ann" in late.json()["detail"]
