"""Plans and versions made over HTTP, for tests that are about what comes after."""

from typing import Any

from starlette.testclient import TestClient

from service.allocations.versions.domain.deciding.decision import Decision, Wanted
from service.allocations.versions.usecases import amending
from service.kit.auth import LOCAL_ADMINISTRATOR
from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.ids import new_id
from tests.service import steps

type Document = dict[str, Any]

publish = steps.publish

FY27 = {
    "name": "FY27",
    "currency": "USD",
    "increment": 1,
    "period": {"start": "2027-01-01", "end": "2027-12-31"},
}


def four_reps(**changes: Any) -> Document:
    """Everybody expects 100 and can add 100; ann can carry 105 at most."""
    reps = [
        {"id": "ann", "unit": "west", "baseline": 100, "reach": 100, "max": 105, "name": "Ann Lee"},
        {"id": "bob", "unit": "west", "baseline": 100, "reach": 100},
        {"id": "cyd", "unit": "east/1", "baseline": 100, "reach": 100},
        {"id": "d/d", "unit": "east/1", "baseline": 100, "reach": 100},
    ]
    units = [
        {"id": "east"},
        {"id": "east/1", "parent": "east"},
        {"id": "west"},
    ]
    return {"target": 441, "units": units, "reps": reps} | changes


def a_plan(client: TestClient, inputs: Document | None = None, **terms: Any) -> str:
    """The path of a new plan with inputs."""
    plan = client.post("/v1/plans", json=FY27 | terms).json()
    path = f"/v1/plans/{plan['id']}"
    answer = client.put(f"{path}/inputs", json=inputs or four_reps())
    assert answer.status_code == 200, answer.text
    return path


def a_version(client: TestClient, plan: str, **body: Any) -> Document:
    answer = client.post(f"{plan}/versions", json=body)
    assert answer.status_code == 201, answer.text
    version: Document = answer.json()
    return version


def quotas(client: TestClient, version: str, **params: Any) -> dict[str, float]:
    items = client.get(f"{version}/quotas", params=params).json()["items"]
    return {row["rep"]: row["quota"] for row in items}


def decided(
    database: Database,
    plan: str,
    number: int,
    wanted: dict[str, int],
    funding: Any = "siblings",
    **more: Any,
) -> int:
    """The number of a draft in which somebody carries these whole amounts instead."""
    place = LOCAL_ADMINISTRATOR.workspace_id, plan.rpartition("/")[2], number
    reference = new_id("adj")
    wishes = [Wanted(rep, quota * 100) for rep, quota in wanted.items()]
    with database.sessions.begin() as session:
        found = amending.fetch(session, *place)
        after = found.decide(Decision("adjustment", reference, wishes, funding, **more))
        written = amending.write(found, after)
        version = amending.store(session, LOCAL_ADMINISTRATOR, written, note=None, now=utc_now())
        return version.number
