"""Who is calling.

* `local` mode: every caller is the local administrator (`local_mode.py` keeps strangers out).
* `keys` mode: `Authorization: Bearer fq_…` (`keys.py`).
* `oidc` mode: the same, or a token of the company's identity provider (`identities.py`).

Every row belongs to a workspace; use cases filter by `caller.workspace_id`, so that a foreign id
answers 404 exactly as one that does not exist. On PostgreSQL the database itself shows nothing else
(`row_security`).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

import sqlalchemy as sa
from fastapi import Depends, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.kit.clock import NowDep
from service.kit.db import Base, Database, DatabaseDep, UtcDateTime, work_in
from service.kit.errors import NotAuthenticated, NotPermitted
from service.kit.identities import Identities
from service.kit.keys import PREFIX, KeyUses, find_key, keys_of_person
from service.kit.rates import Rates
from service.kit.roles import Role
from service.kit.row_security import EVERYWHERE
from service.kit.settings import Settings

__all__ = [  # Role, because whoever asks about a caller needs it
    "DEFAULT_WORKSPACE",
    "LOCAL_ADMINISTRATOR",
    "Caller",
    "CallerDep",
    "Role",
    "Workspace",
    "current_caller",
]

DEFAULT_WORKSPACE = "wsp_default"  # made by the first migration


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
    """Which rep a rep is, or somebody of another role who carries a quota, too."""
    other_ids: frozenset[str] = frozenset()
    """Other keys of the same person, and their subject, where it is known whose key it is."""

    def told(self) -> dict[str, Any]:
        """As JSON, for what is done later."""
        return asdict(self) | {"other_ids": sorted(self.other_ids)}

    @classmethod
    def of_told(cls, told: Mapping[str, Any]) -> Self:
        role, others = Role(told["role"]), frozenset(told["other_ids"])
        return cls(**{**told, "role": role, "other_ids": others})

    def acted_as(self, actor: str | None) -> bool:
        """Whether what was done under this id was done by the same person, as far as is known."""
        return actor is not None and (actor == self.id or actor in self.other_ids)


LOCAL_ADMINISTRATOR = Caller(DEFAULT_WORKSPACE, Role.ADMIN, "local administrator", "local")


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="api_key",
    description="An API key, or a token of the company's identity provider; local mode needs none.",
)


async def current_caller(
    request: Request,
    database: DatabaseDep,
    now: NowDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Caller:
    """Raises NotAuthenticated and TooManyRequests. The request's sessions work in the caller's
    workspace from here.
    """
    caller: Caller | None = getattr(request.state, KNOWN_CALLER, None)
    if caller is None:
        caller = await _identified(request, database, now, credentials)
        rates: Rates = request.app.state.rates
        rates.count(request, f"{caller.workspace_id} {caller.id}")
    work_in(request, caller.workspace_id)
    return caller


KNOWN_CALLER: Final = "known_caller"
"""In the state of a request that this service makes for somebody whom it has identified before."""


async def _identified(
    request: Request,
    database: Database,
    now: datetime,
    credentials: HTTPAuthorizationCredentials | None,
) -> Caller:
    settings: Settings = request.app.state.settings
    if settings.access == "local":
        return LOCAL_ADMINISTRATOR
    everywhere = database.of(EVERYWHERE)
    return await run_in_threadpool(_identify, request, everywhere, now, credentials)


def _identify(
    request: Request,
    database: Database,
    now: datetime,
    credentials: HTTPAuthorizationCredentials | None,
) -> Caller:
    if credentials is None:
        raise NotAuthenticated(
            "Send Authorization: Bearer fq_…; `fairquota keys create` makes a key."
        )
    text = credentials.credentials
    rates: Rates = request.app.state.rates
    rates.may_try(request, text)
    if text.startswith(PREFIX):
        found = _by_key(request, database, now, text)
    else:
        found = _by_identity(request, database, text)
    if found is None:
        rates.was_refused(request, text)
        raise NotAuthenticated("The key or token is not valid here, or not any more.")
    rates.was_valid(text)
    return found


def _by_key(request: Request, database: Database, now: datetime, text: str) -> Caller | None:
    with database.reading.begin() as session:
        key = find_key(session, text, now)
        if key is None:
            return None
        others = _ids_of(session, key.workspace_id, key.person) if key.person else frozenset()
    uses: KeyUses = request.app.state.key_uses
    uses.note(key, now)
    role = Role(key.role)
    return Caller(key.workspace_id, role, key.name, key.id, key.unit, key.rep, others)


def _by_identity(request: Request, database: Database, token: str) -> Caller | None:
    identities: Identities | None = request.app.state.identities
    identity = identities and identities.read(token)
    if not identity:
        return None
    workspace_id = identity.workspace_id or DEFAULT_WORKSPACE
    with database.reading.begin() as session:
        if session.get(Workspace, workspace_id) is None:
            raise NotPermitted("The workspace of this identity is not known here.")
        others = _ids_of(session, workspace_id, identity.subject)
    return Caller(
        workspace_id,
        identity.role,
        identity.name,
        identity.subject,
        identity.unit,
        identity.rep,
        others,
    )


def _ids_of(session: Session, workspace_id: str, person: str) -> frozenset[str]:
    """All ids under which somebody may have acted: their subject, and their keys."""
    return keys_of_person(session, workspace_id, person) | {person}


CallerDep = Annotated[Caller, Depends(current_caller)]
