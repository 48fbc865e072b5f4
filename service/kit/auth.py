"""Who is calling.

* `local` mode: every caller is the local administrator (`local_mode.py` keeps strangers out).
* `keys` mode: `Authorization: Bearer fq_…` (`keys.py`).

Every row belongs to a workspace; use cases filter by `caller.workspace_id`, so that a foreign id
answers 404 exactly as one that does not exist. On PostgreSQL the database itself shows nothing else
(`row_security`).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

import sqlalchemy as sa
from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Mapped, mapped_column

from service.kit.clock import NowDep
from service.kit.db import Base, Database, DatabaseDep, UtcDateTime, work_in
from service.kit.errors import NotAuthenticated
from service.kit.keys import KeyUses, find_key
from service.kit.row_security import EVERYWHERE
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


type Scope = Literal["unit", "rep"]

_SCOPES: Final[dict[Scope, Role]] = {"unit": Role.MANAGER, "rep": Role.REP}


def scope_fault(role: Role, scope: Scope, value: str | None) -> str | None:
    """What is wrong with the unit or rep of a caller of this role; None if nothing is."""
    if role is _SCOPES[scope]:
        return f"is required: a {role} has one {scope}" if value is None else None
    return None if value is None else f"is for the role {_SCOPES[scope]}, not for {role}"


class Workspace(Base):
    """A tenant; nothing of one can be read, counted or guessed from another."""

    __tablename__ = "workspace"

    id: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200))
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


_bearer = HTTPBearer(
    auto_error=False, scheme_name="api_key", description="An API key; local mode needs none."
)


def current_caller(
    request: Request,
    database: DatabaseDep,
    now: NowDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Raises NotAuthenticated. The request's sessions work in the caller's workspace from here."""
    caller = _identify(request, database.of(EVERYWHERE), now, credentials)
    work_in(request, caller.workspace_id)
    return caller


def _identify(
    request: Request,
    database: Database,
    now: datetime,
    credentials: HTTPAuthorizationCredentials | None,
) -> Caller:
    settings: Settings = request.app.state.settings
    if settings.access == "local":
        return LOCAL_ADMINISTRATOR
    if credentials is None:
        raise NotAuthenticated(
            "Send Authorization: Bearer fq_…; `fairquota keys create` makes a key."
        )
    with database.reading.begin() as session:
        key = find_key(session, credentials.credentials, now)
    if key is None:
        raise NotAuthenticated("This key is not valid here, or not any more.")
    uses: KeyUses = request.app.state.key_uses
    uses.note(key, now)
    return Caller(key.workspace_id, Role(key.role), key.name, key.id, key.unit, key.rep)


CallerDep = Annotated[Caller, Depends(current_caller)]
