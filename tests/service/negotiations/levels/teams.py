"""A company with teams, its drafts and frozen units over HTTP, for tests of level by level."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version

type Document = dict[str, Any]

UNITS = [
    {"id": "east"},
    {"id": "east/1", "parent": "east"},
    {"id": "east/2", "parent": "east"},
    {"id": "west", "owner": "m-west"},
]
TEAMS = {
    "west": ["ann", "bob", "cyd", "dan"],
    "east": ["eve"],
    "east/1": ["fay", "gus"],
    "east/2": ["hal", "ida"],
}


def nine_reps(**changes: Any) -> Document:
    """Everybody expects 1,000 and can add 1,000; ann can carry 1,050 at most."""
    reps = [
        {"id": rep, "unit": unit, "baseline": 1000, "reach": 1000}
        for unit, team in TEAMS.items()
        for rep in team
    ]
    reps[0]["max"] = 1050
    return {"target": 9850, "units": UNITS, "reps": reps} | changes


def a_draft(client: TestClient, inputs: Document | None = None, **body: Any) -> str:
    """The path of a draft of such a company: ann carries 1,050 and everybody else 1,100."""
    plan = a_plan(client, inputs or nine_reps())
    return f"{plan}/versions/{a_version(client, plan, **body)['number']}"


def at(version: str, unit: str) -> str:
    return f"{version}/units/{unit.replace('/', '%2F')}"


def freeze(client: TestClient, version: str, unit: str, **body: Any) -> Document:
    answer = client.post(f"{at(version, unit)}/freeze", json=body)
    assert answer.status_code == 201, answer.text
    lane: Document = answer.json()
    return lane


def step(client: TestClient, version: str, unit: str, action: str, **body: Any) -> Response:
    """One step in a unit as it is now; `quotas` is a PATCH, all others are POSTs."""
    etag = client.get(at(version, unit)).headers["etag"]
    method = "PATCH" if action == "quotas" else "POST"
    return client.request(
        method, f"{at(version, unit)}/{action}", json=body, headers={"If-Match": etag}
    )


def adjust(client: TestClient, version: str, unit: str, **quotas: float) -> Response:
    adjustments = [
        {"rep": rep, "quota": quota, "reason": "agreed in the team"}
        for rep, quota in quotas.items()
    ]
    return step(client, version, unit, "quotas", adjustments=adjustments)


def in_lane(client: TestClient, version: str, unit: str) -> dict[str, float]:
    items = client.get(at(version, unit)).json()["items"]
    return {row["rep"]: row["quota"] for row in items}
