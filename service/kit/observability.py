"""One request id through answers, logs and problems; headers that every answer carries."""

import logging
import re
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.kit.errors import AppError
from service.kit.ids import new_id
from service.kit.problems import problem_response
from service.kit.settings import Settings
from service.kit.tracing import add_trace, name_request

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",  # pages set their own
    "Cache-Control": "no-cache",
}

_FACTS: Final[ContextVar[dict[str, str] | None]] = ContextVar("facts_of_log_lines", default=None)

log = structlog.get_logger()


def say_in_log(**facts: str) -> None:
    """In every line about this request from now on, also in threads that are at work already."""
    known = _FACTS.get()
    if known is not None:
        known.update(facts)


def _with_facts(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {**(_FACTS.get() or {}), **event}


class Observed:
    """The outermost layer: request id, log line, default headers, and no traceback to callers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ACCEPTABLE_ID.fullmatch(given) else new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        started, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.update(scope["state"].get("headers", {}))  # of every answer to this caller
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        name_request(request_id)
        facts = {"request_id": request_id, "method": scope["method"], "path": scope["path"]}
        later = _FACTS.set({})
        with structlog.contextvars.bound_contextvars(**facts):
            try:
                await self.app(scope, receive, send_with_headers)
            except ClientDisconnect:
                log.info("caller_left")  # before the whole body was here: there is nobody to answer
            except Exception:
                log.exception("unexpected_error")
                if status:  # the answer has begun: all that is left is to break it off
                    raise
                failure = AppError("An unexpected error; the log tells more under this request id.")
                answer = problem_response(Request(scope), failure)
                await answer(scope, receive, send_with_headers)
            finally:
                elapsed = round(1000 * (time.perf_counter() - started), 1)
                log.info("request", status=status, milliseconds=elapsed)
                _FACTS.reset(later)


def configure_logging(settings: Settings) -> None:
    """Our own and the libraries' logs as one stream of lines on stderr."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_facts,
        add_trace,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        last: list[Any] = [
            structlog.processors.format_exc_info,  # no local variables: people's data
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        plain = structlog.dev.plain_traceback
        last = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.getLogger("uvicorn.access").disabled = True  # Observed writes that line
