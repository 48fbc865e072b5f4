"""The receiver that the guide to webhooks shows takes what the service sends, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from service.kit.clock import utc_now
from service.kit.db import Database
from service.kit.settings import Settings
from service.webhooks import sending
from service.webhooks.domain import DEFAULT_OVERLAP, KINDS, LONGEST_OVERLAP, SCHEDULE
from tests.service.apps import serving
from tests.service.conftest import LOOPBACK
from tests.service.guides.pages import documents, examples, guide
from tests.service.webhooks.post import Post, a_webhook, address, happens

PAGE = guide("webhooks")
[PROGRAM] = examples(PAGE, "python")


@pytest.fixture
def app(database_url: str) -> Iterator[FastAPI]:
    with serving(Settings(database_url=database_url, webhooks_to_private_addresses=True)) as app:
        yield app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, base_url=LOOPBACK) as client:
        yield client


@pytest.fixture
def program() -> dict[str, Any]:
    """The names of the shown program, which is not started."""
    names: dict[str, Any] = {"__name__": "shown"}
    exec(PROGRAM, names)  # noqa: S102 - our own page
    names["Receiver"].log_message = lambda *_: None
    return names


@pytest.fixture
def url(program: dict[str, Any]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), program["Receiver"]) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_whole_page(
    client: TestClient, app: FastAPI, database: Database, program: dict[str, Any], url: str
) -> None:
    _, _, refused, rotation = documents(PAGE)
    webhook = a_webhook(client, url)
    program["SECRET"] = "whsec_" + "A" * 43 + "="

    answer = client.post(f"{address(webhook)}/test").json()
    assert {**answer, "id": refused["id"]} == refused
    assert program["seen"] == {}

    program["SECRET"] = webhook["secret"]
    assert client.post(f"{address(webhook)}/test").json()["delivered"]
    program["SECRET"] = client.post(f"{address(webhook)}/rotate", json=rotation).json()["secret"]
    happens(database, "version.published")
    Post(app.state.database).go()

    assert [said["type"] for said in program["seen"].values()] == [
        "webhook.test",
        "version.published",
    ]


def test_a_changed_body_is_not_taken(program: dict[str, Any], url: str) -> None:
    program["SECRET"] = secret = "whsec_" + "A" * 43 + "="
    body = b'{"type": "version.published"}'
    headers = sending.signed("msg_1", body, [secret], utc_now())

    answers = [
        sending.send(url, headers, sent, private_allowed=True).status
        for sent in (body, body.replace(b"published", b"withdrawn"), body)
    ]

    assert answers == [204, 401, 204]
    assert len(program["seen"]) == 1


def test_the_page_names_what_there_is() -> None:
    assert all(f"`{kind}`" in PAGE for kind in KINDS)
    assert [wait.total_seconds() for wait in SCHEDULE] == [
        5, 30, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)),
    ]  # fmt: skip
    assert (DEFAULT_OVERLAP.days, LONGEST_OVERLAP.days) == (1, 7)
