"""Who is calling.

* `local` mode: on loopback only, and every caller is the local administrator. So that no web page
  can borrow that power, foreign Host names (DNS rebinding) and cross-site writes are refused.
* `keys` mode: `Authorization: Bearer fq_…`; a key is 256 random bits, shown once, and
  stored as its SHA-256.

Every row belongs to a workspace; use cases filter by `caller.workspace_id`, so that a foreign id
answers 404 exactly as one that does not exist.
"""

import hashlib
import ipaddress
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.kit.db import Base, DatabaseDep, UtcDateTime
from service.kit.errors import AppError, CrossSiteRequest, ForeignHost, NotAuthenticated
from service.kit.ids import new_id
from service.kit.problems import problem_response
from service.kit.settings import Settings

DEFAULT_WORKSPACE = "wsp_default"  # made by the first migration


class Role(StrEnum):
    """What a caller is to the company; `access.py` says what each may do."""

    ADMIN = "admin"
    PLANNER = "planner"
    MANAGER = "manager"
    REP = "rep"
    HR = "hr"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class Workspace(Base):
    """A tenant; nothing of one can be read, counted or guessed from another."""

    __tablename__ = "workspace"

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiKey(Base):
    """A key's fingerprint; the key itself is known to its owner only."""

    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20))
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as everything that is written down names them."""

    workspace_id: str
    role: Role
    name: str
    id: str
    """`key_…`, the subject of an identity, or `local`."""
    unit: str | None = None
    """A manager's unit: theirs is what lies at and below it."""
    rep: str | None = None
    """Which rep a rep is."""


LOCAL_ADMINISTRATOR = Caller(DEFAULT_WORKSPACE, Role.ADMIN, "local administrator", "local")


def create_key(
    session: Session, name: str, role: Role = Role.ADMIN, *, now: datetime
) -> tuple[ApiKey, str]:
    """Store a new key of the default workspace; the text is answered once and kept nowhere."""
    text = f"fq_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=new_id("key"),
        workspace_id=DEFAULT_WORKSPACE,
        name=name,
        role=role.value,
        sha256=_fingerprint(text),
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key, text


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_bearer = HTTPBearer(
    auto_error=False, scheme_name="api_key", description="An API key; local mode needs none."
)


def current_caller(
    request: Request,
    database: DatabaseDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    settings: Settings = request.app.state.settings
    if settings.access == "local":
        return LOCAL_ADMINISTRATOR
    if credentials is None:
        raise NotAuthenticated(
            "Send Authorization: Bearer fq_…; `fairquota keys create` makes a key."
        )
    query = sa.select(ApiKey).filter_by(sha256=_fingerprint(credentials.credentials))
    with database.reading.begin() as session:
        key = session.scalar(query)
    if key is None:
        raise NotAuthenticated("The API key is not known here.")
    return Caller(key.workspace_id, Role(key.role), key.name, key.id)


CallerDep = Annotated[Caller, Depends(current_caller)]


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


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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
