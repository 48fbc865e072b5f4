"""`fairquota keys` and `fairquota workspaces`: who may call, said by whoever runs the server."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
import typer
from sqlalchemy.orm import Session

from service.cli.database import opened, read_settings
from service.cli.failure import Failure
from service.cli.output import Table, show
from service.keys.domain import LONGEST_ID, LONGEST_NAME, KeyNotFound
from service.keys.repository import Keys
from service.keys.usecases import Terms, create_key, revoke_key
from service.kit.auth import DEFAULT_WORKSPACE, Caller, Workspace
from service.kit.clock import utc_now
from service.kit.errors import InvalidInput
from service.kit.ids import new_id
from service.kit.keys import ApiKey
from service.kit.roles import Role, Scope, scope_fault
from service.kit.row_security import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Wanted:
    """A new key, as it was typed."""

    name: str
    role: str
    unit: str | None
    rep: str | None
    person: str | None
    expires: str | None
    workspace: str | None


def make_key(wanted: Wanted) -> None:
    """Print the new key and nothing else on stdout, so that a script can catch it."""
    terms = _terms(wanted)
    with _working_in(wanted.workspace) as (session, operator):
        try:
            key, text = create_key(session, operator, terms, now=utc_now())
        except InvalidInput:
            raise Failure(f"--expires: {wanted.expires} is in the past.") from None
    if sys.stderr.isatty():
        said = f"{key.id} for {key.name}; keep it now, it cannot be shown again:"
        typer.echo(said, err=True)
    typer.echo(text)


def list_keys(workspace: str | None) -> None:
    now = utc_now()
    with _working_in(workspace) as (session, operator):
        keys = Keys(session, operator.workspace_id).every()
    columns = ("id", "name", "role", "unit", "rep", "state", "expires", "last_used", "person")
    show(Table("keys", columns, [_row(key, now) for key in keys]))


def end_key(key_id: str, workspace: str | None) -> None:
    with _working_in(workspace) as (session, operator):
        try:
            revoke_key(session, operator, key_id, now=utc_now(), even_the_last=True)
        except KeyNotFound as missing:
            raise Failure(missing.detail) from None
    typer.echo(f"{key_id} is revoked.", err=True)


def make_workspace(name: str) -> None:
    """Print the id of the new workspace and nothing else on stdout."""
    _check_name("workspace", name)
    workspace = Workspace(id=new_id("wsp"), name=name, created_at=utc_now())
    with opened(read_settings()) as database, database.of(workspace.id).sessions.begin() as session:
        session.add(workspace)
    typer.echo(workspace.id)


def list_workspaces() -> None:
    with opened(read_settings()) as database, database.of(EVERYWHERE).reading.begin() as session:
        found = session.scalars(sa.select(Workspace).order_by(Workspace.id)).all()
    show(Table("workspaces", ("id", "name"), [(each.id, each.name) for each in found]))


@contextmanager
def _working_in(workspace: str | None) -> Iterator[tuple[Session, Caller]]:
    """A writing session in a workspace, and as whom the trail names who types this."""
    wanted = workspace or DEFAULT_WORKSPACE
    with opened(read_settings()) as database, database.of(wanted).sessions.begin() as session:
        if session.get(Workspace, wanted) is None:
            raise Failure(f"There is no workspace {wanted}; see `fairquota workspaces list`.")
        yield session, Caller(wanted, Role.ADMIN, "command line", "command-line")


def _terms(wanted: Wanted) -> Terms:
    if wanted.role not in list(Role):
        known = ", ".join(Role)
        raise Failure(f"There is no role {wanted.role!r}; choose one of: {known}.")
    _check_name("key", wanted.name)
    role = Role(wanted.role)
    scopes: dict[Scope, str | None] = {"unit": wanted.unit, "rep": wanted.rep}
    faults = [
        f"--{scope}: {fault}."
        for scope, value in scopes.items()
        if (fault := scope_fault(role, scope, value) or _id_fault(value))
    ]
    if faults:
        raise Failure(" ".join(faults))
    if wanted.person is not None:
        _check_name("person", wanted.person)
    expires = None if wanted.expires is None else _moment(wanted.expires)
    return Terms(wanted.name, role, wanted.unit, wanted.rep, wanted.person, expires)


def _check_name(what: str, name: str) -> None:
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        raise Failure(f"The name of a {what} has 1 to {LONGEST_NAME} characters that can be seen.")


def _id_fault(value: str | None) -> str | None:
    if value is None or re.fullmatch(rf"[^\x00-\x1f\x7f]{{1,{LONGEST_ID}}}", value):
        return None
    return f"has 1 to {LONGEST_ID} characters that can be seen"


def _moment(text: str) -> datetime:
    """The beginning of a day, or a moment; in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failure(
            f"--expires: {text} is no date; write 2027-12-31 or 2027-12-31T18:00:00Z."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(key: ApiKey, now: datetime) -> tuple[str | None, ...]:
    state = "revoked" if key.revoked_at else "valid" if key.is_valid(now) else "expired"
    expires, last_used = _minute(key.expires_at), _minute(key.last_used_at)
    return (key.id, key.name, key.role, key.unit, key.rep, state, expires, last_used, key.person)


def _minute(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M}"
