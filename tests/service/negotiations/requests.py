"""Change requests made over HTTP, for tests that are about what comes after."""

from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from tests.service.allocations.plans import a_plan, a_version, four_reps
from tests.service.steps import publish, take

type Document = dict[str, Any]

LOST = {"kind": "account_lost", "reference": "A-17", "amount": 8, "date": "2027-02-01"}


def a_published_plan(client: TestClient, inputs: Document | None = None, **version: Any) -> str:
    """The path of a plan whose version 1 is published: ann 105, the others 112 each."""
    plan = a_plan(client, inputs or four_reps())
    a_version(client, plan, **version)
    assert publish(client, f"{plan}/versions/1").status_code == 200
    return plan


def a_submitted_plan(client: TestClient) -> str:
    plan = a_plan(client)
    a_version(client, plan)
    take(client, f"{plan}/versions/1", "submit").raise_for_status()
    return plan


def ask(client: TestClient, plan: str, rep: str, proposed: float, **more: Any) -> Response:
    body = {"version": 1, "rep": rep, "proposed": proposed, "evidence": [LOST]} | more
    return client.post(f"{plan}/change-requests", json=body)


def a_request(client: TestClient, plan: str, rep: str, proposed: float, **more: Any) -> str:
    """The path of a new one."""
    answer = ask(client, plan, rep, proposed, **more)
    assert answer.status_code == 201, answer.text
    path: str = answer.headers["location"]
    return path


def answer(client: TestClient, request: str, action: str, **body: Any) -> Response:
    return client.post(f"{request}/{action}", json=body)
