"""The published document tells the truth about bodies, problems and names."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from service.kit.examples import examples_of
from service.kit.settings import Settings
from service.main import create_app
from service.plans.schemas import PlanIn
from tests.service.kit.references import followed


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """Makes its document once for all that look at it."""
    file = tmp_path_factory.mktemp("openapi") / "unused.db"
    app = create_app(Settings(database_url=f"sqlite:///{file}"))
    yield app
    app.state.database.close()


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, operation)
        for path, methods in document["paths"].items()
        for operation in methods.values()
    ]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_bodies_read_by_json_body_are_documented(app: FastAPI) -> None:
    body = app.openapi()["paths"]["/v1/plans"]["post"]["requestBody"]

    content = body["content"]["application/json"]
    assert body["required"]
    assert content["schema"] == {"$ref": "#/components/schemas/PlanIn"}
    assert content["examples"] == {
        name: {"value": value} for name, value in examples_of(PlanIn).items()
    }


def test_every_reference_leads_somewhere(app: FastAPI) -> None:
    document = app.openapi()

    there = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses", "parameters", "headers")
        for name in document["components"][kind]
    }
    assert set(references(document)) <= there


def test_names_of_operations_are_unique_and_short(app: FastAPI) -> None:
    names = [operation["operationId"] for _, operation in operations(app.openapi())]

    assert len(set(names)) == len(names)
    assert not [name for name in names if "v1" in name]


def test_names_of_schemas_are_short_readable_and_no_two_share_a_title(app: FastAPI) -> None:
    """Generators name classes by them; two of one title would be one class, or `Kind1`."""
    schemas = app.openapi()["components"]["schemas"]

    assert not [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]{2,29}", name)]
    titles = [schema["title"] for schema in schemas.values() if "title" in schema]
    assert sorted(titles) == sorted(set(titles))
    assert set(titles) <= set(schemas)


def test_no_parameter_can_be_null(app: FastAPI) -> None:
    """FastAPI says so of each that may be left out; an address and a header cannot."""
    nullable = [
        (operation["operationId"], parameter["name"])
        for _, operation in operations(app.openapi())
        for parameter in operation.get("parameters", ())
        if "null" in str(parameter.get("schema"))
    ]

    assert nullable == []


def test_calls_under_v1_say_which_problems_they_answer(app: FastAPI) -> None:
    for path, operation in operations(app.openapi()):
        if path.startswith("/v1/"):
            assert {"401", "422", "500", "503"} <= set(operation["responses"])
        for status, told in operation["responses"].items():
            if int(status) >= 400:
                answer = followed(app.openapi(), told)
                assert list(answer["content"]) == ["application/problem+json"]


def test_no_route_reads_a_json_body_in_frameworks_own_way(app: FastAPI) -> None:
    """Theirs validates on the event loop and knows neither 413 nor line and column."""
    for context in iter_route_contexts(app.routes):
        assert getattr(context, "body_field", None) is None, context.path


def test_a_stream_of_events_is_anything_to_openapi_3_1(app: FastAPI) -> None:
    document = app.openapi()

    events = document["paths"]["/v1/operations/{operation_id}/events"]["get"]["responses"]["200"]

    assert document["openapi"].startswith("3.1")
    assert events["content"]["text/event-stream"].keys() == {"schema"}
    assert events["content"]["text/event-stream"]["schema"].keys() == {"description"}


def test_the_document_is_made_once(app: FastAPI) -> None:
    assert app.openapi() is app.openapi()
