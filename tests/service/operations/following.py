"""Operations as their callers see them."""

import asyncio
import json
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

type Document = dict[str, Any]

AT_ONCE = {"Prefer": "respond-async"}


def begun(client: TestClient, path: str, body: Any = None, **headers: str) -> str:
    """The path of the operation that a POST becomes before it begins."""
    answer = client.post(path, json={} if body is None else body, headers=AT_ONCE | headers)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def events(client: TestClient, operation: str) -> list[tuple[str, Document]]:
    """All of them; the last one comes when it is done."""
    return told(client.get(f"{operation}/events"))


def told(answer: Response) -> list[tuple[str, Document]]:
    assert answer.status_code == 200, answer.text
    found = []
    for event in answer.text.split("\n\n"):
        members = dict(line.split(": ", 1) for line in event.splitlines() if line[0] != ":")
        if members:
            found.append((members["event"], json.loads(members["data"])))
    return found


def done(client: TestClient, operation: str) -> Document:
    """The operation once it is done."""
    assert events(client, operation)[-1][0] == "done"
    document: Document = client.get(operation).json()
    assert document["done"] is True
    return document


def settle(client: TestClient, app: FastAPI) -> None:
    """Wait until this process carries nothing out any more."""

    async def ended() -> None:
        if under_way := app.state.runs.under_way:
            await asyncio.wait(under_way.values())

    assert client.portal is not None
    client.portal.call(ended)
