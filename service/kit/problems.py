"""Problem documents (RFC 9457): every error leaves the service as application/problem+json.

Members: type, title, status, detail, instance, request_id, and what helps: `errors` with JSON
pointers for bodies (or `parameter` for query, path and headers), and whatever an AppError carries.
"""

import logging
from typing import Any

import orjson
import sqlalchemy as sa
import sqlalchemy.orm.exc
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from service.kit import errors
from service.kit.errors import (
    MAX_FAULTS,
    AppError,
    DatabaseUnavailable,
    NeedsMoreMemory,
    Unprocessable,
    short_value,
)
from service.kit.faults import sentence
from service.kit.headers import sent_with_problem
from service.kit.memory import lift_bound

MEDIA_TYPE = "application/problem+json"
_LONGEST_INSTANCE = 500


class FaultOut(BaseModel):
    """One thing to mend."""

    pointer: str | None = Field(default=None, examples=["/reps/3/min"])
    parameter: str | None = Field(default=None, examples=["limit"])
    detail: str
    value: str | float | bool | None = None


class Problem(BaseModel):
    """Why the request was refused (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/problems/invalid-input"])
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    errors: list[FaultOut] | None = None
    more: int | None = Field(default=None, description="How many faults were left out")


class InvalidParameters(Unprocessable):
    """A parameter of the request has faults."""


def problems(*error_classes: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: which problems it may answer, for its OpenAPI entry."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for error in error_classes:
        if known := by_status.get(error.status):
            known["description"] += " " + error.title()
        else:
            by_status[error.status] = response_schema(error)
    return by_status


def response_schema(error: type[AppError]) -> dict[str, Any]:
    return {
        "description": error.title(),
        "headers": sent_with_problem(error.status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def problem_response(request: Request, error: AppError) -> Response:
    request_id = getattr(request.state, "request_id", "")
    return Response(
        problem_document(error, request.url.path, request_id),
        status_code=error.status,
        headers=error.headers,
        media_type=MEDIA_TYPE,
    )


def problem_document(error: AppError, path: str, request_id: str = "") -> bytes:
    """Of a request that nobody waits for any more nobody knows the id."""
    document = {
        "type": error.type_path(),
        "title": error.title(),
        "status": error.status,
        "detail": error.detail,
        "instance": path[:_LONGEST_INSTANCE],
        "request_id": request_id,
        **error.context,
    }
    return orjson.dumps(document)  # writes NaN as null


async def _out_of_memory(request: Request, error: Exception) -> Response:
    lift_bound()
    request.app.state.out_of_memory = True
    structlog.get_logger().log(logging.ERROR, "out_of_memory", exc_info=error)
    why = (
        "The process that carried it out may have no more memory, and nothing is stored. The "
        "server's FAIRQUOTA_WORKER_MEMORY_LIMIT says how much its workers may have."
    )
    return problem_response(request, NeedsMoreMemory(why))


def install_problems(app: FastAPI) -> None:
    """Answer every error as a problem document."""
    app.add_exception_handler(MemoryError, _out_of_memory)

    @app.exception_handler(AppError)
    async def own(request: Request, error: AppError) -> Response:
        if isinstance(error, InvalidParameters | errors.NotFound):
            return of_an_address(request, error)
        return problem_response(request, error)

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> Response:
        return of_an_address(request, _invalid_parameters(error))

    def of_an_address(request: Request, error: AppError) -> Response:
        """No wrong id, but a word that stands in its place, such as in GET …/versions/import."""
        meant = request.method in _methods(request)
        return problem_response(request, error if meant else _wrong_method(request))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return problem_response(request, _from_http(request, error))

    # PostgreSQL gone, SQLite locked or read-only, disk full, tables missing, no free connection,
    # a file that is damaged or no database
    @app.exception_handler(sa.exc.DatabaseError)
    @app.exception_handler(sa.exc.TimeoutError)
    async def database(request: Request, error: sa.exc.SQLAlchemyError) -> Response:
        if isinstance(error, sa.exc.IntegrityError):
            raise error  # a fault of this service
        structlog.get_logger().log(logging.ERROR, "database_error", exc_info=error)
        why = "The database did not answer as it should; the log tells more under this request id."
        return problem_response(request, DatabaseUnavailable(why))

    @app.exception_handler(sa.orm.exc.ObjectDeletedError)
    async def gone(request: Request, error: sa.orm.exc.ObjectDeletedError) -> Response:
        structlog.get_logger().log(logging.WARNING, "deleted_meanwhile", exc_info=error)
        return problem_response(request, errors.NotFound("It was deleted while it was read."))

    @app.exception_handler(sa.exc.DataError)
    async def unstorable(request: Request, error: sa.exc.DataError) -> Response:
        structlog.get_logger().log(logging.WARNING, "unstorable_value", exc_info=error)
        return problem_response(request, errors.BadRequest("A value cannot be stored."))


def _invalid_parameters(error: RequestValidationError) -> InvalidParameters:
    found = error.errors()
    faults = [
        {
            "parameter": str(fault["loc"][-1]),
            "detail": sentence(fault),
            **({} if (value := short_value(fault.get("input"))) is None else {"value": value}),
        }
        for fault in found[:MAX_FAULTS]
    ]
    first = f"{faults[0]['parameter']} {faults[0]['detail']}"
    return InvalidParameters(
        first if len(found) == 1 else f"{len(found)} faults; the first is {first}", errors=faults
    )


_BY_STATUS: dict[int, type[AppError]] = {
    error.status: error
    for error in (
        errors.BadRequest,
        errors.NotAuthenticated,
        errors.NotPermitted,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.Conflict,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
        errors.Unprocessable,
        errors.Unavailable,
    )
}


def _from_http(request: Request, error: HTTPException) -> AppError:
    """What the framework found: an unknown path, a wrong method, too many bytes."""
    path = request.url.path[:_LONGEST_INSTANCE]
    own = _BY_STATUS.get(error.status_code, _Other)
    if error.status_code == 404:
        detail = f"There is nothing at {path}; /docs shows what there is."
    elif error.status_code == 405:
        return _wrong_method(request)
    else:
        detail = str(error.detail)
    problem = own(detail)
    if isinstance(problem, _Other):
        problem.status = error.status_code  # type: ignore[misc] # of this one
    problem.headers = {**problem.headers, **(error.headers or {})}
    return problem


def _wrong_method(request: Request) -> errors.MethodNotAllowed:
    path = request.url.path[:_LONGEST_INSTANCE]
    problem = errors.MethodNotAllowed(f"{path} does not answer {request.method}.")
    problem.headers["Allow"] = ", ".join(_methods(request))
    return problem


def _methods(request: Request) -> list[str]:
    """What the resource answers, from all its routes; Starlette would name the first one's only.

    Of addresses that match, the one with the fewest parameters, and then the longest one is meant:
    `/versions/import` is no version with the number `import`.
    """
    found: dict[tuple[int, int], set[str]] = {}
    for context in iter_route_contexts(request.app.routes):
        pattern = getattr(context, "path_regex", None)
        if pattern is not None and pattern.match(request.url.path):
            address = (pattern.groups, -len(pattern.pattern))
            found.setdefault(address, set()).update(context.methods or ())
    return sorted(found[min(found)]) if found else []


class _Other(AppError):
    """The request was refused."""

    @classmethod
    def type_path(cls) -> str:
        return "about:blank"
