"""A small company whose quotas are told by month."""

from typing import Any

from starlette.testclient import TestClient

type Document = dict[str, Any]


PERIOD = {"start": "2027-01-01", "end": "2027-12-31"}


MONTHS = [f"2027-{month:02}" for month in range(1, 13)]


def facts(**changes: Any) -> Document:
    """Ann and Bob in the west, Cyd in the east; they carry 1,200 together, 400 each."""
    reps = [
        {"id": "ann", "unit": "west", "baseline": 380, "reach": 40},
        {"id": "bob", "unit": "west", "baseline": 380, "reach": 40},
        {"id": "cyd", "unit": "east", "baseline": 380, "reach": 40},
    ]
    units = [{"id": "east"}, {"id": "west"}]
    return {"target": 1200, "units": units, "reps": reps, "period": PERIOD} | changes


def with_rep(key: str, **more: Any) -> Document:
    reps = [rep | (more if rep["id"] == key else {}) for rep in facts()["reps"]]
    return facts(reps=reps)


def allocated(client: TestClient, body: Document, **policy: Any) -> Document:
    answer = client.post("/v1/allocations", json=body | {"policy": policy})
    assert answer.status_code == 200, answer.text
    document: Document = answer.json()
    return document


def months(document: Document, rep: str) -> list[float]:
    row: Document = next(row for row in document["quotas"] if row["rep"] == rep)
    assert list(row["months"]) == MONTHS
    return list(row["months"].values())


def faults_of(client: TestClient, body: Document, **policy: Any) -> dict[str, str]:
    answer = client.post("/v1/allocations", json=body | {"policy": policy})
    assert answer.status_code == 422, answer.text
    return {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]}
