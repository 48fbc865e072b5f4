"""What answers of a season say in their headers stands in the document, and the other way round."""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from service.kit.rates import Rates
from service.kit.settings import Settings
from tests.service.allocations.plans import FY27
from tests.service.apps import serving
from tests.service.callers import a_key
from tests.service.conftest import as_the_service, empty
from tests.service.kit.references import followed
from tests.service.season import PLAN, Season, a_season, its_end

OF_HTTP = {"cache-control", "content-length", "content-type", "date", "vary", "x-accel-buffering"}
"""Between client, caches and server; what OpenAPI wants to hear of them it asks elsewhere."""
OF_BROWSERS = {
    "content-security-policy", "referrer-policy", "x-content-type-options", "x-frame-options",
}  # fmt: skip
"""The same with every answer, and nothing that a program acts on."""
WRONG_CALLS: dict[str, dict[str, Any]] = {
    "no key": {"headers": {"Authorization": ""}},
    "a parameter that there is not": {"params": {"colour": "red"}},
    "a body of another kind": {"content": "a", "headers": {"Content-Type": "text/plain"}},
    "nobody's format": {"headers": {"Accept": "image/png"}},
    "a key of another request": {"headers": {"Idempotency-Key": "first"}},
}


def look_around(season: Season) -> None:
    """Read all that can be read, and call everything wrongly."""
    plan = PLAN.format(**season.ids)
    stored = season.client.get(plan).json()["inputs_hash"]
    ids = season.ids | {"other": "1", "file": "plan.xlsx", "inputs_hash": stored}
    ids |= {"format": "hr-csv"}
    for path, methods in season.app.openapi()["paths"].items():
        address = re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], path)
        for media_type in _media_types(methods.get("get")):
            asked = {"plan": ids["plan_id"]} if path.startswith("/v1/exports") else None
            season.client.get(address, headers={"Accept": media_type}, params=asked)
        # a DELETE minds neither a body nor a format, and would do it
        for method, wrong in product(methods.keys() - {"delete"}, WRONG_CALLS.values()):
            season.client.request(method, address, **wrong)


def _media_types(read: dict[str, Any] | None) -> Iterable[str]:
    return read["responses"]["200"]["content"] if read else ()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FastAPI]:
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("season") / "season.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        url = f"sqlite:///{file}"
    else:
        url = request.getfixturevalue("postgresql_url")
        empty(url)
    settings = Settings(database_url=as_the_service(url), access="keys", calls_per_minute=100_000)
    with serving(settings) as app:
        yield app


@pytest.fixture(scope="module")
def answers(app: FastAPI) -> list[Response]:
    """Those of a season, and of a call too many."""
    heard: list[Response] = []
    key = a_key(app.state.database)
    with TestClient(app, base_url="https://quota.example.com", headers=key) as client:
        client.event_hooks["response"].append(heard.append)
        for _ in range(2):
            client.post("/v1/plans", json=FY27, headers={"Idempotency-Key": "first"})
        season = Season(app, client, app.state.database, looks=_nothing)
        a_season(season)
        look_around(season)
        its_end(season)
        app.state.rates = Rates(Settings(calls_per_minute=1))
        for _ in range(2):
            client.get("/v1/plans")
    return heard


def _nothing(_name: str, _answer: Response) -> None:
    """The client's hook has heard it."""


@dataclass(frozen=True)
class Told:
    """What the document says of one answer."""

    call: str
    headers: dict[str, dict[str, Any]]


def told_of(document: dict[str, Any], answer: Response) -> Told:
    segments = answer.request.url.raw_path.decode().partition("?")[0].split("/")
    fitting = [path for path in document["paths"] if _fits(path.split("/"), segments)]
    path = min(fitting, key=lambda own: own.count("{"))
    method, status = answer.request.method, str(answer.status_code)
    responses = document["paths"][path][method.lower()]["responses"]
    call = f"{method} {path} {status}"
    assert status in responses, f"{call} is not declared: {answer.text}"
    headers = followed(document, responses[status]).get("headers", {})
    return Told(call, {name.lower(): followed(document, own) for name, own in headers.items()})


def _fits(template: list[str], segments: list[str]) -> bool:
    return len(template) == len(segments) and all(
        own.startswith("{") or own == said for own, said in zip(template, segments, strict=True)
    )


def test_every_header_that_is_sent_is_declared(app: FastAPI, answers: list[Response]) -> None:
    sent_only = {
        (told.call, name)
        for answer in answers
        for told in [told_of(app.openapi(), answer)]
        for name in set(answer.headers) - set(told.headers) - OF_HTTP - OF_BROWSERS
    }

    assert sent_only == set()


def test_every_header_that_is_promised_is_sent(app: FastAPI, answers: list[Response]) -> None:
    promised_only = {
        (told.call, name)
        for answer in answers
        for told in [told_of(app.openapi(), answer)]
        for name, header in told.headers.items()
        if header.get("required") and name not in answer.headers
    }

    assert promised_only == set()


def test_the_season_has_heard_every_declared_header(app: FastAPI, answers: list[Response]) -> None:
    heard = {name for answer in answers for name in answer.headers}

    declared = {name.lower() for name in app.openapi()["components"]["headers"]}
    assert declared - heard == {"left-out"}  # of exports, whose tests have it
