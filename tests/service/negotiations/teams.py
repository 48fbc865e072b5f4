"""Three teams with a published plan, and requests of theirs that are granted."""

from typing import Any

from starlette.testclient import TestClient

from tests.service.allocations.plans import quotas
from tests.service.negotiations.requests import Document, a_published_plan, answer

TEAMS = {"west": ("ann", "bob", "cyd"), "east": ("dan", "eve"), "south": ("fay", "gus")}


def three_teams(**changes: Any) -> Document:
    """West and east below north, south beside it; everybody expects 100 and can add 100."""
    units = [
        {"id": "north", "owner": "m-north"},
        {"id": "west", "parent": "north"},
        {"id": "east", "parent": "north"},
        {"id": "south", "target": 220, "owner": "m-south"},
    ]
    reps = [
        {"id": rep, "unit": unit, "baseline": 100, "reach": 100, "sigma": 0.2, "max": 140}
        for unit, team in TEAMS.items()
        for rep in team
    ]
    return {"target": 770, "units": units, "reps": reps} | changes


EVERYBODY = {rep: 110 for team in TEAMS.values() for rep in team}
RESERVES = {"policy": {"reserves": [{"unit": "north", "amount": 20}]}}


def published_teams(client: TestClient) -> str:
    path = a_published_plan(client, three_teams())
    assert quotas(client, f"{path}/versions/1") == EVERYBODY
    return path


def accepted(client: TestClient, request: str, **body: Any) -> Document:
    told = answer(client, request, "accept", **body)
    assert told.status_code == 200, told.text
    document: Document = told.json()
    return document
