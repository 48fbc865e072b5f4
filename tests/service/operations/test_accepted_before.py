"""What an earlier release has accepted is carried out by this one; on both databases.

The rows stand here as that release stored them, column by column. They stay as they are: where one
is no longer carried out, the service has to learn to read it again.
"""

import json
import zlib
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.db import Database
from service.operations.carrying import Carrier
from tests.service.allocations.plans import a_plan
from tests.service.operations.following import done

CALLER: dict[str, Any] = {
    "workspace_id": "wsp_default",
    "role": "admin",
    "name": "local administrator",
    "id": "local",
    "unit": None,
    "rep": None,
    "other_ids": [],
}
OF_EACH: dict[str, Any] = {
    "workspace_id": "wsp_default",
    "caller_id": "local",
    "method": "POST",
    "query": "",
    "started_at": "2026-11-23 10:53:05.003697+00:00",
    "claimed_until": "1970-01-01 00:00:00.000000+00:00",
    "steps": 0,
    "cancelled": False,
}
SOLVE = OF_EACH | {
    "kind": "solve_version",
    "body": b'{"policy":{"fairness":"equal_growth"},"note":"Q2"}',
}


def store(database: Database, **row: Any) -> str:
    """As it is in 0.1.0; answers its path."""
    values = row | {
        name: json.dumps(row[name]) for name in ("caller", "headers") if row.get(name) is not None
    }
    if "body" in row:
        values["body"] = zlib.compress(row["body"])
    names = [*values]
    columns, places = ", ".join(names), ", ".join(f":{name}" for name in names)
    statement = sa.text(f"INSERT INTO operation ({columns}) VALUES ({places})")  # noqa: S608 - ours
    with database.engine.begin() as connection:
        connection.execute(statement, values)
    return f"/v1/operations/{row['id']}"


def take_over(client: TestClient, app: FastAPI) -> None:
    assert client.portal is not None
    client.portal.call(Carrier(app).take_over)


def test_a_call_whose_process_has_ended(
    client: TestClient, app: FastAPI, database: Database
) -> None:
    plan = a_plan(client)
    headers = [
        ["x-request-id", "req_01m840kek5dmn6s56rqddver6p"],
        ["content-type", "application/json"],
        ["host", "127.0.0.1:8000"],
        ["accept-language", "en"],
        ["user-agent", "curl/8"],
    ]
    own = {"id": "op_01m840kengj220k4xhmkwajrw7", "path": f"{plan}/versions", "tries": 1, "turn": 0}
    operation = store(database, **SOLVE, **own, caller=CALLER, headers=headers, token="0" * 32)

    take_over(client, app)

    told = done(client, operation)
    assert (told["status"], told["tries"]) == (201, 2)
    assert told["result"]["note"] == "Q2"


def test_a_batch(client: TestClient, app: FastAPI, database: Database) -> None:
    plan = a_plan(client)
    whole = {"id": "op_01m840ken9tp9rcf47x8hs5k71", "path": "/v1/batches", "kind": "create_batch"}
    operation = store(database, **OF_EACH | whole, caller=CALLER, tries=0, turn=0, parts=1)
    part = {
        "id": "op_01m840kengj220k4xhmkwajrw7",
        "path": f"{plan}/versions",
        "headers": [["content-type", "application/json"], ["host", "localhost"]],
        "parent_id": whole["id"],
        "place": 0,
        "about": plan.removeprefix("/v1/plans/"),
    }
    store(database, **SOLVE, **part, tries=0, turn=20)

    take_over(client, app)

    told = done(client, operation)
    assert told["result"]["items"] == [{"plan": part["about"], "version": 1}]
    assert client.get(f"{plan}/versions/1").json()["policy"]["fairness"] == "equal_growth"
