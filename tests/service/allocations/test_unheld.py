"""Territories whose holders come too late, or went too early, for the plan."""

from typing import Any

import pytest
from starlette.testclient import TestClient

type Document = dict[str, Any]


def a_plan(*holders: Document, territories: int = 1, **more: Any) -> Document:
    """Territories of 2,000 that sold 500 a month, all held alike."""
    ids = [f"t{k}" for k in range(territories)]
    return {
        "target": 10_000,
        "period": {"start": "2027-01-01", "end": "2027-12-31"},
        "reps": [{"id": "ann"}, {"id": "bob"}],
        "territories": [{"id": t, "potential": 2_000, "holders": list(holders)} for t in ids],
        "history": [
            {"territory": t, "period": f"2026-{month:02d}", "actual": 500}
            for t in ids
            for month in range(1, 13)
        ],
        **more,
    }


def warnings(client: TestClient, body: Document) -> list[Document]:
    answer = client.post("/v1/allocations", json=body)
    assert answer.status_code == 200, answer.text
    checked = client.post("/v1/allocations/check", json=body).json()["warnings"]
    assert checked == answer.json()["warnings"]
    return list(checked)


@pytest.mark.parametrize(
    "holders",
    [
        ({"rep": "ann", "to": "2026-03-15"}, {"rep": "bob", "from": "2027-02-01"}),
        ({"rep": "ann", "to": "2026-12-31"},),
        ({"rep": "bob", "from": "2027-01-02"},),
    ],
)
def test_a_territory_without_a_holder_on_the_first_day_is_told(
    client: TestClient, holders: tuple[Document, ...]
) -> None:
    (told,) = warnings(client, a_plan(*holders))

    assert told == {
        "pointer": "/territories",
        "detail": "1 territory has no holder on 2027-01-01, the first day of the period (t0): its "
        "potential and history count for nobody",
    }


@pytest.mark.parametrize(
    "holders",
    [
        ({"rep": "ann", "to": "2026-03-15"}, {"rep": "bob", "from": "2026-03-16"}),
        ({"rep": "ann", "from": "2027-01-01", "to": "2027-01-01"},),
        ({"rep": "ann", "share": 0.5}, {"rep": "bob", "share": 0.5}),
    ],
)
def test_a_holder_of_the_first_day_is_enough(
    client: TestClient, holders: tuple[Document, ...]
) -> None:
    assert warnings(client, a_plan(*holders)) == []


def test_many_are_one_warning_that_names_three(client: TestClient) -> None:
    (told,) = warnings(client, a_plan({"rep": "ann", "to": "2026-12-31"}, territories=5))

    assert told["detail"].startswith("5 territories have no holder on 2027-01-01")
    assert "(t0, t1, t2, …)" in told["detail"]


def test_who_is_never_held_is_told_once(client: TestClient) -> None:
    (told,) = warnings(client, a_plan())

    assert "1 territory has no holder: its potential" in told["detail"]
