"""Whose turn it is: what nobody carries out becomes this process's for a time.

Workspaces take turns, one operation each. Where a setting says how many of one may be carried out
at once, over all processes, the rest of its operations wait and leave workers to the others. To
look into all workspaces takes long where there are many, so a process looks now and then, and goes
on in those where it has found something.
"""

import secrets
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from fastapi import FastAPI
from sqlalchemy.orm import Session
from starlette.types import Scope

from service.kit import stamps
from service.kit.auth import KNOWN_CALLER, Caller, Workspace
from service.kit.db import Database, told_sessions
from service.kit.errors import AppError
from service.kit.row_security import EVERYWHERE
from service.operations.domain import (
    MOST_TRIES,
    OperationDamaged,
    OperationGivenUp,
    ResultNotKept,
)
from service.operations.figures import recovered
from service.operations.repository import LEASE, Operations
from service.operations.run import Held, Run
from service.operations.tables import Operation

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Whole:
    """What all parts of an operation say alike: a part's own members of the body go first."""

    caller: dict[str, Any] | None
    headers: list[list[str]] | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Left:
    """An operation that was left alone and is this process's now, and its request."""

    held: Held
    caller: Caller
    kind: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    is_recovered: bool
    """Whether its process gave no sign of life; else nobody has begun it, or whoever did let go."""

    @classmethod
    def of(
        cls,
        database: Database,
        operation: Operation,
        *,
        whole: "_Whole | None",
        recovered: bool,
    ) -> "Left":
        """Its token claims it for its caller, or for that of the `whole` that it is a part of, by
        whose headers the log of a part leads to the call that began it.
        """
        caller, headers = operation.caller, [*(operation.headers or ())]
        body = b"" if operation.body is None else zlib.decompress(operation.body)
        if whole is not None:
            caller, headers = whole.caller, [*(whole.headers or ()), *headers]
            if whole.body is not None:
                body = orjson.dumps(orjson.loads(zlib.decompress(whole.body)) | orjson.loads(body))
        return cls(
            Held(database, operation.id, operation.workspace_id, operation.token or ""),
            Caller.of_told(caller or {}),
            operation.kind,
            operation.method,
            operation.path,
            operation.query,
            {own[0]: own[1] for own in headers},
            body,
            recovered,
        )

    def scope(self, app: FastAPI, run: Run, trace: dict[str, str]) -> Scope:
        """Of the request as it came, but for what said who the caller is. `trace`: the headers by
        which spans find what they are part of.
        """
        state: dict[str, Any] = {"run": run, KNOWN_CALLER: self.caller}
        stamps.put(told_sessions(state), run)
        length = ("content-length", str(len(self.body)))
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": self.query.encode(),
            "root_path": "",
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in (*(self.headers | trace).items(), length)
            ],
            "client": None,
            "server": None,
            "state": state,
            "app": app,
        }


class Turns:
    """Of one process, in all workspaces."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], of_a_workspace: int = 0
    ) -> None:
        """`of_a_workspace`: how many may be carried out at once, 0 for any number."""
        self._database, self._clock, self._of_a_workspace = database, clock, of_a_workspace
        self._last = ""
        """The workspace that had the last turn."""
        self._known: list[str] = []
        """Where something was left when this process looked."""

    def is_something_left(self) -> bool:
        return any(self._with_something_left())

    def claim(self, limit: int, *, everywhere: bool) -> list[Left]:
        """So many at most. Not `everywhere`: where this process has found something before; where
        that is nowhere, it looks into all workspaces, too.
        """
        if everywhere or not self._known:
            self._known = [*self._with_something_left()]
        claimed: list[Left] = []
        while self._known and len(claimed) < limit:
            workspace_id = min(self._known, key=lambda own: (own <= self._last, own))
            if (left := self._next_in(workspace_id)) is None:
                self._known.remove(workspace_id)
            else:
                claimed.append(left)
                self._last = workspace_id
        return claimed

    def _with_something_left(self) -> Iterator[str]:
        with self._database.of(EVERYWHERE).reading.begin() as session:
            workspaces = session.scalars(sa.select(Workspace.id)).all()
        for workspace_id in workspaces:
            # most of the time there is nothing to write
            with self._database.of(workspace_id).reading.begin() as session:
                if Operations(session, workspace_id).left_alone(self._clock(), limit=1):
                    yield workspace_id

    def _next_in(self, workspace_id: str) -> Left | None:
        """The first that is carried out (again); those before it end. None: nothing is left, or it
        has to wait.
        """
        own = self._database.of(workspace_id)
        while True:
            now = self._clock()
            found = _claim_first(own, workspace_id, now, self._of_a_workspace)
            if not isinstance(found, _Ended):
                return found
            with own.sessions.begin() as session:
                operations = Operations(session, workspace_id)
                ended = operations.end_try(found.id, found.token, found.problem, now)
            if ended:
                reason = found.problem.title()
                log.warning("operation_ended", operation=found.id, reason=reason)


@dataclass(frozen=True, slots=True)
class _Ended:
    """An operation that is not carried out (again)."""

    id: str
    token: str | None
    problem: AppError


def _claim_first(
    own: Database, workspace_id: str, now: datetime, at_once: int
) -> Left | _Ended | None:
    claim = None
    try:
        with own.sessions.begin() as session:
            operations = Operations(session, workspace_id)
            if at_once and operations.carried_out(now) >= at_once:
                return None
            claim = operations.lock_left_alone(now)
            if claim is None:
                return None
            operation_id, token = claim
            operation = session.get_one(Operation, operation_id)
            if (problem := _why_not(operation)) is None:
                return _claimed(own, session, operation, now)
    except (sa.exc.SQLAlchemyError, AppError, MemoryError):
        raise
    except Exception:  # what is stored of it cannot be read: it must not keep others waiting
        if claim is None:
            raise
        operation_id, token = claim
        log.exception("operation_damaged", operation=operation_id)
        problem = OperationDamaged(
            "What was kept of the request cannot be read, so it is not carried out (again). "
            "Send it again, unless `stored` says what it has done."
        )
    return _Ended(operation_id, token, problem)


def _why_not(operation: Operation) -> AppError | None:
    """Why it is not carried out (again), if it is not."""
    if operation.action is not None:
        return ResultNotKept.of(operation.action, operation.subject)
    if operation.tries >= MOST_TRIES:
        return OperationGivenUp(
            f"It was tried {operation.tries} times, and each time the process ended before it "
            "was done. Nothing was stored."
        )
    return None


def _claimed(database: Database, session: Session, operation: Operation, now: datetime) -> Left:
    if is_recovered := operation.token is not None:
        recovered(session, operation.kind)
    operation.token = secrets.token_hex(16)
    operation.claimed_until = now + LEASE
    operation.tries += 1
    operation.stage, operation.steps = None, 0
    whole = None
    if operation.parent_id is not None:
        columns = Operation.caller, Operation.headers, Operation.body
        found = session.execute(sa.select(*columns).filter_by(id=operation.parent_id)).first()
        whole = _Whole(*found) if found is not None else None
    return Left.of(database, operation, whole=whole, recovered=is_recovered)
