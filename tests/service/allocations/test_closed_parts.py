"""Targets of parts, solved again in the middle of the period: closed months keep their lines."""

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.allocations.versions.domain.proof.examine import examine
from tests.service.allocations.plans import Document, publish, quotas
from tests.service.allocations.test_closed_months import put, solved_again
from tests.service.negotiations.happenings import (
    EVENLY,
    given_today,
    happens,
    in_force,
    months,
    twelve_hundred_each,
)

MAY = "2027-05-20"


def with_parts(*parts: Document, total: int = 4800) -> Document:
    inputs = twelve_hundred_each()
    del inputs["target"]
    return inputs | {"targets": [{"amount": total}, *parts]}


def new(amount: int, **more: str) -> Document:
    return {"product": "new", "amount": amount} | more


def lines(client: TestClient, version: str, rep: str) -> dict[str | None, list[float]]:
    row = client.get(f"{version}/quotas/{rep}").json()
    return {line["product"]: list(line["months"].values()) for line in row["lines"]}


def part_targets(client: TestClient, version: str) -> list[tuple[float, float, float]]:
    told = client.get(version).json()["part_targets"]
    return [(row["amount"], row["carried"], row["missed"]) for row in told]


@pytest.fixture
def plan(client: TestClient) -> str:
    """100 a month for everybody, 25 of it of the new product."""
    return in_force(client, with_parts(new(1200)))


def test_a_part_gets_in_open_months_what_closed_ones_do_not_carry_of_it(
    app: FastAPI, client: TestClient, plan: str
) -> None:
    given_today(app, MAY)
    put(client, plan, with_parts(new(2600)))

    again = solved_again(client, plan)

    assert months(client, again, "ann") == [100] * 12
    # 500 in closed months; 2,100 in seven months and of four people are 75 a month
    assert lines(client, again, "ann") == {
        "new": [25] * 5 + [75] * 7, None: [75] * 5 + [25] * 7,
    }  # fmt: skip
    assert part_targets(client, again) == [(2600, 2600, 0)]
    proof = client.get(f"{again}/certificate").json()
    assert examine(proof).valid
    assert publish(client, again).status_code == 200
    happens(client, plan, "siblings", kind="leave", rep="ann", **{"from": "2027-07-01"})
    assert lines(client, f"{plan}/versions/3", "bob")["new"][:6] == [25] * 5 + [75]


def test_a_new_company_target_and_a_new_product_fall_into_the_open_months(
    app: FastAPI, client: TestClient, plan: str
) -> None:
    given_today(app, MAY)
    newest = {"product": "newest", "amount": 280}
    put(client, plan, with_parts(new(1200), newest, total=7600))

    again = solved_again(client, plan)

    own = lines(client, again, "ann")
    assert months(client, again, "ann") == [100] * 5 + [200] * 7
    assert own["newest"] == [0] * 5 + [10] * 7
    assert own["new"] == [25] * 12
    assert all(np.sum([*own.values()], axis=0) == [100] * 5 + [200] * 7)


def test_a_target_of_months_that_are_closed_is_told_and_binds_nobody(
    app: FastAPI, client: TestClient, plan: str
) -> None:
    given_today(app, MAY)
    put(client, plan, with_parts(new(1200), new(500, period="2027-03"), new(300, period="2027-06")))

    again = solved_again(client, plan)

    assert part_targets(client, again) == [(1200, 1200, 0), (500, 100, -400), (300, 300, 0)]
    assert lines(client, again, "ann")["new"][:6] == [25] * 5 + [75]


def test_lines_of_before_count_where_the_plan_had_none(app: FastAPI, client: TestClient) -> None:
    plan = in_force(client, twelve_hundred_each())
    given_today(app, MAY)
    put(client, plan, with_parts(new(1400)))

    again = solved_again(client, plan)

    assert lines(client, again, "ann")["new"] == [0] * 5 + [50] * 7


def test_more_than_open_months_can_carry_is_refused_by_name(
    app: FastAPI, client: TestClient, plan: str
) -> None:
    given_today(app, MAY)
    put(client, plan, with_parts(new(3400)))  # 500 and 2,800 at most

    answer = client.post(f"{plan}/versions", json=EVENLY)

    assert answer.status_code == 422
    assert "new" in answer.text


def test_who_carried_closed_months_for_another_unit_is_named(
    app: FastAPI, client: TestClient, plan: str
) -> None:
    happens(client, plan, kind="transfer", rep="ann", to_unit="east", **{"from": "2027-04-01"})
    publish(client, f"{plan}/versions/2").raise_for_status()
    given_today(app, MAY)

    refused = client.post(f"{plan}/versions", json=EVENLY)

    assert refused.status_code == 409
    assert "Of ann they carry something for another unit" in refused.json()["detail"]
    assert "use events" in refused.json()["detail"]
    assert quotas(client, f"{plan}/versions/2")["ann"] == 1200
