"""Local mode: no keys, every caller is the administrator, and so only this machine may call.

Foreign Host names (DNS rebinding) and cross-site writes are refused, so that no web page can
borrow that power.
"""

import re

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.kit.errors import AppError, CrossSiteRequest, ForeignHost
from service.kit.loopback import is_loopback
from service.kit.problems import problem_response
from service.kit.settings import Settings


class ListeningRefused(Exception):
    """The service must not listen there."""


def check_listening(settings: Settings) -> None:
    """Raises ListeningRefused where local mode would make strangers administrators."""
    if settings.access == "local" and not is_loopback(settings.host):
        raise ListeningRefused(
            f"In local mode everyone who reaches the service is its administrator, so it listens "
            f"on 127.0.0.1 only, not on {settings.host}. To listen there, make a key with "
            f"`fairquota keys create` and set FAIRQUOTA_ACCESS=keys."
        )


_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]*)?")


class LocalModeGuard:
    """Refuses what a browser could be tricked into sending to a service without keys."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := _refusal(scope)):
            response = problem_response(Request(scope), refusal)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)


def _from_elsewhere(scope: Scope) -> bool:
    client = scope.get("client")  # None on a Unix socket
    if client is None or not re.fullmatch(r"[0-9a-fA-F.:]+", client[0]):
        return False
    return not is_loopback(client[0])


def _refusal(scope: Scope) -> AppError | None:
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    name = _HOST.fullmatch(host)
    if name is None or not is_loopback(name[1].lower()) or _from_elsewhere(scope):
        return ForeignHost("Call the service as localhost or 127.0.0.1, or run it with API keys.")
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    origin = headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2] != host
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return CrossSiteRequest(f"A page of {origin or 'another site'} may not write here.")
    return None
