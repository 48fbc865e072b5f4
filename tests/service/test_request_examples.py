"""Every example of the OpenAPI document runs, and is answered as the document says."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Response
from pydantic import TypeAdapter, ValidationError
from starlette.testclient import TestClient

from service.kit.db import Database
from tests.service.season import Season, a_season, media_type_of, operations


class Answers:
    """Holds answers against what the document declares; `faults` are by operation."""

    def __init__(self, app: FastAPI) -> None:
        self.declared = dict(operations(app))
        self.models: dict[str, TypeAdapter[Any]] = {}
        for context in iter_route_contexts(app.routes):
            if (model := getattr(context.original_route, "response_model", None)) is not None:
                for method in context.methods or ():
                    self.models[f"{method} {context.path_format}"] = TypeAdapter(model)
        self.faults: dict[str, str] = {}

    def look(self, name: str, answer: Response) -> None:
        declared = self.declared[name]["responses"][str(answer.status_code)].get("content", {})
        media_type = media_type_of(answer)
        if answer.content and media_type not in declared:
            self.faults[name] = f"answers {media_type}, which is not declared"
        elif name in self.models and (fault := _fault(self.models[name], answer)):
            self.faults[name] = fault


def _fault(model: TypeAdapter[Any], answer: Response) -> str | None:
    """Whether a value is of another type than declared, or a member is not declared at all."""
    try:
        read = model.validate_json(answer.content)
    except ValidationError as error:
        return str(error)
    declared = model.dump_python(read, mode="json", by_alias=True, exclude_unset=True)
    return None if answer.json() == declared else f"only {declared} of {answer.text} is declared"


def parameters(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a query that ask for something; what pages and choices take needs no example."""
    return [
        own
        for own in said.get("parameters", [])
        if own.get("in") == "query"
        and own["name"] not in ("limit", "cursor")
        and not {"enum", "const", "boolean", "$ref"} & _kinds(own["schema"])
    ]


def _kinds(schema: dict[str, Any]) -> set[str]:
    schemas = [schema, *schema.get("anyOf", ())]
    return {kind for own in schemas for kind in (*own, str(own.get("type")))}


def test_every_body_has_an_example(app: FastAPI) -> None:
    without = [
        f"{name} as {media_type}"
        for name, said in operations(app)
        for media_type, content in said.get("requestBody", {}).get("content", {}).items()
        if not content.get("examples")
    ]

    assert without == []


def test_every_parameter_of_a_query_has_an_example(app: FastAPI) -> None:
    without = [
        f"{name}?{own['name']}="
        for name, said in operations(app)
        for own in parameters(said)
        if not own["schema"].get("examples")
    ]

    assert without == []


def test_every_example_runs(app: FastAPI, client: TestClient, database: Database) -> None:
    answers = Answers(app)
    season = Season(app, client, database, answers.look)

    a_season(season)
    asks = Asks(season, season.ids["plan_id"])
    for name, said in operations(app):
        for own in parameters(said):
            for value in own["schema"]["examples"]:
                asks.with_one(name, said, own["name"], value)

    assert answers.faults == {}
    assert season.sent == {
        (name, example.name) for name, found in season.examples.items() for example in found
    }


@dataclass(frozen=True)
class Asks:
    """Reads what the season has left behind."""

    season: Season
    plan: str

    def with_one(self, name: str, said: dict[str, Any], parameter: str, value: Any) -> None:
        """With one parameter and those that are needed."""
        needed = [own for own in parameters(said) if own["required"]]
        asked = {own["name"]: own["schema"]["examples"][0] for own in needed} | {parameter: value}
        if "plan" in asked:  # an id that the service has made
            asked["plan"] = self.plan
        of_parts = parameter in ("product", "customer_type")
        self.season.send(
            name,
            {"params": asked},
            plan_id=self.season.ids["other_plan_id"] if of_parts else self.plan,
            number="1",
            other="2",
            format=_KNOWN_TO.get(parameter, "hr-csv"),
        )


_KNOWN_TO = {"forecasting_type": "salesforce", "fiscal_year": "erpnext"}
