"""Events as tests have them happen: a plan in force, what is proposed, what is accepted."""

from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.clock import time_of_request
from tests.service.allocations.plans import Document, a_plan, a_version, four_reps, publish

EVENLY = {"policy": {"season": "even"}}


def twelve_hundred_each() -> Document:
    """ann and bob in the west, cyd and d/d in the east; everybody carries 1,200, evenly."""
    reps = [
        {"id": rep, "unit": unit, "baseline": 1000, "reach": 1000, "name": f"Name of {rep}"}
        for rep, unit in (("ann", "west"), ("bob", "west"), ("cyd", "east"), ("d/d", "east"))
    ]
    return four_reps(target=4800, units=[{"id": "east"}, {"id": "west"}], reps=reps)


def in_force(client: TestClient, inputs: Document) -> str:
    """A plan whose version 1 is in force; with the same amount in every month."""
    path = a_plan(client, inputs)
    a_version(client, path, **EVENLY)
    assert publish(client, f"{path}/versions/1").status_code == 200
    return path


def given_today(app: FastAPI, day: str) -> None:
    """From now on every request is made on this day."""
    app.dependency_overrides[time_of_request] = lambda: datetime.fromisoformat(
        f"{day}T12:00:00+00:00"
    )


def propose(client: TestClient, plan: str, **body: Any) -> Document:
    answer = client.post(f"{plan}/events", json=body)
    assert answer.status_code == 201, answer.text
    event: Document = answer.json()
    return event


def accept(client: TestClient, plan: str, event: Document, **body: Any) -> Document:
    path = f"{plan}/events/{event['id']}"
    etag = client.get(path).headers["etag"]
    answer = client.post(f"{path}/accept", json=body, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    accepted: Document = answer.json()
    version = f"{plan}/versions/{accepted['accepted_in']}"
    verified = client.get(f"{version}/verify").json()
    assert verified["valid"], verified["faults"]
    return accepted


def happens(client: TestClient, plan: str, funding: str | None = None, **body: Any) -> Document:
    """Proposed and accepted."""
    return accept(client, plan, propose(client, plan, **body), funding=funding)


def from_july(**body: Any) -> Document:
    return {"from": "2027-07-01", **body}


def months(client: TestClient, version: str, rep: str) -> list[float]:
    row = client.get(f"{version}/quotas/{rep}").json()
    return list(row["months"].values())
