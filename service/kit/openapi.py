"""The OpenAPI document, completed by what FastAPI cannot see.

Bodies read by `json_body`, problem documents instead of FastAPI's own error shape, and the problems
that any call under /v1 may answer.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, Protocol, runtime_checkable

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter

from service.kit import errors
from service.kit.body import JsonReader
from service.kit.examples import examples_of, shown
from service.kit.headers import COMPONENTS, RATE_LIMIT, RATE_LIMIT_POLICY, REPLAYED, sent
from service.kit.idempotency import (
    HEADER,
    SAFE_METHODS,
    AnswerNotKept,
    KeyOfAnotherRequest,
    StillUnderWay,
)
from service.kit.problems import InvalidParameters, Problem, problems, response_schema

_SCHEMAS = "#/components/schemas/"
_PARAMETERS = "#/components/parameters/"
_RESPONSES = "#/components/responses/"
_OF_ANY_CALL = problems(
    errors.NotAuthenticated,
    errors.NotPermitted,
    InvalidParameters,
    errors.TooManyRequests,
    errors.AppError,
    errors.Unavailable,
)
_OF_A_WRITE = problems(StillUnderWay, AnswerNotKept, KeyOfAnotherRequest)
_OF_A_BODY = problems(
    errors.BadRequest, errors.BodyTooLarge, errors.UnsupportedMediaType, errors.InvalidInput
)
_WRITTEN_ONCE = (
    errors.NotAuthenticated,
    errors.NotPermitted,
    InvalidParameters,
    errors.TooManyRequests,
    errors.AppError,
    errors.Unavailable,
    errors.BadRequest,
    errors.BodyTooLarge,
    errors.UnsupportedMediaType,
)
"""Problems that most calls answer alike."""
_COUNTED = (RATE_LIMIT, RATE_LIMIT_POLICY)
"""Headers of an answer to a caller whose calls are counted."""
_KEY_OF_A_WRITE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes it safe to send the request again: with the same key and body it is done "
    "once and answered as before, with `Idempotent-Replayed: true`, for 24 hours",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}


@runtime_checkable
class AddsToWrites(Protocol):
    """A dependency that lets a write take and answer more than its route says: parameters by name,
    and one answer by its status, which the document writes once, under the dependency's name.
    """

    parameters: dict[str, dict[str, Any]]
    responses: dict[str, dict[str, Any]]


def install_openapi(app: FastAPI) -> None:
    of_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(of_fastapi(), app)
        return of_fastapi()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way


def _complete(document: dict[str, Any], app: FastAPI) -> None:
    schemas: dict[str, Any] = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _add(schemas, Problem)
    known: dict[str, dict[str, Any]] = {HEADER: _KEY_OF_A_WRITE}
    once = {error.__name__: _headed(response_schema(error), *_COUNTED) for error in _WRITTEN_ONCE}
    for path, method, operation, dependant in _operations(document, app):
        reader = _reader(dependant)
        answers: dict[str, Any] = operation["responses"]
        if answers.get("422", {}).get("description") == "Validation Error":
            del answers["422"]
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        is_write = method not in SAFE_METHODS
        parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
        added = [*_additions(dependant)] if is_write else []
        for own in added:
            known |= own.parameters
            parameters += [{"$ref": _PARAMETERS + name} for name in own.parameters]
            answers |= own.responses
        if path.startswith("/v1/"):
            answers = _of_v1(answers, is_write=is_write, has_body=reader is not None)
        else:
            answers = {status: _headed(own) for status, own in answers.items()}
        if is_write:
            parameters.append({"$ref": _PARAMETERS + HEADER})
        for own in added:
            (status,) = own.responses
            once[type(own).__name__] = answers[status]
        if reader is not None:
            operation["requestBody"] = _body(reader, schemas)
        operation["responses"] = {
            status: next(({"$ref": _RESPONSES + name} for name in once if once[name] == own), own)
            for status, own in sorted(answers.items())
        }
        operation["operationId"] = _operation_id(path, method, operation)
        _say_in_3_1(operation)
    document["components"] |= {
        "responses": once,
        "parameters": known,
        "headers": COMPONENTS,
    }
    _name_by_title(document)


def _say_in_3_1(operation: dict[str, Any]) -> None:
    """FastAPI tells of the events of a stream as OpenAPI 3.2 does, in a document of 3.1."""
    for part in _parts(operation["responses"]):
        if part.pop("itemSchema", None) is not None:
            part["schema"] = {"description": "Events one after the other, each with `data`"}


def _of_v1(answers: dict[str, Any], *, is_write: bool, has_body: bool) -> dict[str, Any]:
    """What a route answers, and what is answered before and around it."""
    around = [_OF_ANY_CALL, *[_OF_A_WRITE] * is_write, *[_OF_A_BODY] * has_body]
    found = dict(answers)
    for status, more in chain.from_iterable(each.items() for each in around):
        own = found.setdefault(str(status), more)
        if more["description"] not in own["description"]:
            both = f"{own['description']} {more['description']}"
            found[str(status)] = own | {"description": both}
    return {
        status: _headed(own, *_COUNTED, *[REPLAYED] * (is_write and status.startswith("2")))
        for status, own in found.items()
    }


def _headed(answer: dict[str, Any], *headers: str) -> dict[str, Any]:
    return answer | {"headers": sent(*headers) | answer.get("headers", {})}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Of a parameter, which is there or left out: an address cannot say null."""
    match schema:
        case {"anyOf": [dict(own), {"type": "null"}], **more}:
            return {**own, **more}
        case _:
            return schema


def _body(reader: JsonReader[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    as_json = {
        "schema": _add(schemas, reader.schema),
        "examples": shown(examples_of(reader.schema)),
    }
    return {
        "required": reader.required,
        "content": {"application/json": as_json, **reader.other_forms},
    }


def _operations(
    document: dict[str, Any], app: FastAPI
) -> Iterator[tuple[str, str, dict[str, Any], Dependant]]:
    for context in iter_route_contexts(app.routes):
        route: Any = context
        if isinstance(context.original_route, APIRoute) and route.include_in_schema:
            path = context.path_format or ""
            for method in sorted(context.methods or ()):
                operation = document["paths"][path][method.lower()]
                yield path, method.lower(), operation, route.dependant


def _reader(dependant: Dependant) -> JsonReader[Any] | None:
    if isinstance(dependant.call, JsonReader):
        return dependant.call
    return next(filter(None, map(_reader, dependant.dependencies)), None)


def _additions(dependant: Dependant) -> Iterator[AddsToWrites]:
    call: object = dependant.call
    if isinstance(call, AddsToWrites):
        yield call
    for own in dependant.dependencies:
        yield from _additions(own)


def _add(schemas: dict[str, Any], type_: Any) -> dict[str, Any]:
    """Add a type and all it uses to the components; answers how to refer to it."""
    schema = TypeAdapter(type_).json_schema(ref_template=_SCHEMAS + "{model}", mode="validation")
    parts: dict[str, Any] = schema.pop("$defs", {})
    if "title" in schema and "properties" in schema:
        parts[schema["title"]] = schema
        schema = {"$ref": _SCHEMAS + schema["title"]}
    for name, part in parts.items():
        if schemas.setdefault(name, part) != part:
            raise ValueError(f"two different types are called {name} in the OpenAPI document")
    return schema


def _name_by_title(document: dict[str, Any]) -> None:
    """`PlanPage` for what pydantic refers to as `Page_PlanOut_`."""
    schemas = document["components"]["schemas"]
    names = {name: schema.get("title", name) for name, schema in schemas.items()}
    if len(set(names.values())) < len(names):
        raise ValueError(f"two schemas of the OpenAPI document share a title: {sorted(names)}")
    document["components"]["schemas"] = dict(
        sorted((names[name], schema) for name, schema in schemas.items())
    )
    for part in _parts(document):
        if (name := str(part.get("$ref")).removeprefix(_SCHEMAS)) in names:
            part["$ref"] = _SCHEMAS + names[name]


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON document."""
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _parts(inner)


def _operation_id(path: str, method: str, operation: dict[str, Any]) -> str:
    """`create_plan`: the function's name, unique by test, so that generated clients read well."""
    suffix = re.sub(r"\W", "_", path) + "_" + method
    return str(operation["operationId"]).removesuffix(suffix)
