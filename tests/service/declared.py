"""No call answers a status that the OpenAPI document does not declare for it."""

from functools import cache
from pathlib import Path

import yaml
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DOCUMENT = Path(__file__).parents[2] / "openapi/fairquota.yaml"


@cache
def declared() -> dict[tuple[str, str], frozenset[int]]:
    """The statuses of each operation, by method and path. The file that is checked in is quicker to
    read than the document is to make.
    """
    paths = yaml.load(DOCUMENT.read_text(encoding="utf-8"), yaml.CSafeLoader)["paths"]
    return {
        (method.upper(), path): frozenset(map(int, operation["responses"]))
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


class DeclaredStatuses:
    """A middleware that holds every answer of the app against the document.

    What the document does not have is left alone: pages, routes that a test adds, and 405, which
    says that a word stands where another operation has an id.
    """

    def __init__(self, app: ASGIApp, service: FastAPI) -> None:
        self.app, self.service = app, service
        self.paths: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        statuses: list[int] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await self.app(scope, receive, sending)
        for status in statuses:
            self._check(scope, status)

    def _check(self, scope: Scope, status: int) -> None:
        if not self.paths:
            self.paths = {
                id(context.original_route): context.path_format or ""
                for context in iter_route_contexts(self.service.routes)
            }
        operation = scope["method"], self.paths.get(id(scope.get("route")), "")
        known = declared().get(operation)
        if known is not None and status not in known | {405}:
            raise AssertionError(
                f"{' '.join(operation)} answered {status}, and declares {sorted(known)}: name the "
                "problem in the route's `responses`, then `make openapi`"
            )
