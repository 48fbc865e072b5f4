"""Safe retries: a write that names an `Idempotency-Key` is done once, however often it is sent.

    the same key of the same caller comes   is answered by
    for the first time                      carrying it out; the answer is kept for 24 hours
    again, with the same request            the kept answer, and `Idempotent-Replayed: true`
    again, with another request             422
    while the first is still under way      409
    after something was done, but the       409, with what was done: the process ended in between,
    answer was not kept                     or the answer has a secret that is told once

`claim` stores a row before anything is done. Whatever a request does it writes into the trail, and
`kit.audit.record` stamps that row in the same transaction: so what was done and that it was done
are stored together or not at all, and no process that fell behind can do it a second time. The
answer follows in a transaction of its own, before the caller sees it. A request that did nothing
and failed leaves its key free: to send it again is safe, and the answer may be another one.

Rows whose process ended are claimed anew after `LEASE`. Kept answers are deleted when the workspace
uses the next key.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, cast

import sqlalchemy as sa
import structlog
from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Depends, FastAPI, Request, Response
from python_multipart.multipart import parse_options_header
from sqlalchemy.orm import Mapped, Session, mapped_column
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.kit import stamps
from service.kit.auth import Caller, current_caller
from service.kit.body import read_bytes
from service.kit.clock import NowDep
from service.kit.db import Base, Database, UtcDateTime, database_of_caller, told_sessions
from service.kit.errors import AppError, Conflict, Unprocessable
from service.kit.forgetting import changed
from service.kit.forms import MULTIPART
from service.kit.problems import InvalidParameters
from service.kit.settings import Settings

HEADER: Final = "Idempotency-Key"
KEPT_FOR: Final = timedelta(hours=24)
LEASE: Final = timedelta(minutes=2)
"""After so long another process may try what seems to be under way; a stamp stops the first one."""
SAFE_METHODS: Final = frozenset({"get", "head", "options", "trace"})
_ACCEPTABLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_AT_ONCE: Final = 4
"""Keys that are looked up at the same time, in threads beside those that carry requests out: else
32 retries of one request could take every thread that its first try needs to end."""

log = structlog.get_logger()


class KeyOfAnotherRequest(Unprocessable):
    """The Idempotency-Key was used for another request."""


class StillUnderWay(Conflict):
    """A request with this Idempotency-Key is still under way."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": "1"}


class AnswerNotKept(Conflict):
    """The request was carried out before, but its answer was not kept."""


class IdempotencyKey(Base):
    """A key of a caller, what was asked for with it, what was done, and the answer.

    `token` names the try that may stamp the row. `action` and `subject` are those of the trail,
    None as long as nothing was done. `status` is None as long as there is no answer, 409 where none
    may be kept any more; `body` is compressed by zlib, None where the answer must not be kept.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (
        sa.Index(None, "workspace_id", "claimed_at"),
        sa.Index("uq_idempotency_key_token", "token", unique=True),
    )

    workspace_id: Mapped[str] = mapped_column(sa.ForeignKey("workspace.id"), primary_key=True)
    caller: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    request: Mapped[str] = mapped_column(sa.String(64))
    token: Mapped[str] = mapped_column(sa.String(32))
    claimed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    action: Mapped[str | None] = mapped_column(sa.String(60))
    subject: Mapped[str | None] = mapped_column(sa.String(400))
    status: Mapped[int | None]
    headers: Mapped[list[list[str]] | None] = mapped_column(sa.JSON)
    body: Mapped[bytes | None] = mapped_column(sa.LargeBinary)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent to a caller; `headers` as ASGI has them, without those of the connection."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def kept(self) -> dict[str, Any]:
        """The columns of what may be answered again: no failure, and no secret."""
        if self.status >= 500 or ("cache-control", "no-store") in self.headers:
            return {}
        headers = [list(header) for header in self.headers]
        return {"headers": headers, "body": zlib.compress(self.body, 1)}


class Replayed(Exception):
    """The request was carried out before: this is its answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to carry out what a key was sent for."""

    database: Database
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def stamp(self, session: Session, action: str, subject: str) -> None:
        """Something is done in this transaction. Raises StillUnderWay where another try took over:
        then nothing of it is stored.
        """
        done = session.execute(self._own().values(action=action, subject=subject))
        if cast("sa.CursorResult[Any]", done).rowcount == 0:
            raise StillUnderWay("Another try of this request was begun after this one. Send again.")

    def finish(self, answer: Answer) -> None:
        """Keep the answer, or leave the key free where nothing was done."""
        with self.database.sessions.begin() as session:
            if answer.status >= 300:
                undone = sa.delete(IdempotencyKey).filter_by(token=self.token, action=None)
                session.execute(undone)
            own = self._own().where(IdempotencyKey.status.is_(None))
            session.execute(own.values(status=answer.status, **answer.kept()))

    def _own(self) -> sa.Update:
        return sa.update(IdempotencyKey).filter_by(token=self.token)


def claim(database: Database, caller: Caller, key: str, request: str, *, now: datetime) -> Attempt:
    """The try that may carry the request out; `request` is a hash of it.

    Raises Replayed with the kept answer, KeyOfAnotherRequest, StillUnderWay and AnswerNotKept.
    """
    own = {"workspace_id": caller.workspace_id, "caller": caller.id, "key": key}
    with database.reading.begin() as session:  # most retries end here and keep no writer waiting
        _look_at(session.get(IdempotencyKey, own), request, now)
    attempt = Attempt(database)
    try:
        with database.sessions.begin() as session:
            _forget(session, caller.workspace_id, now - KEPT_FOR)
            row = session.get(IdempotencyKey, own, with_for_update=True)
            _look_at(row, request, now)
            if row is None:
                row = IdempotencyKey(**own, request=request)
                session.add(row)
            row.token, row.claimed_at, row.status = attempt.token, now, None
    except sa.exc.IntegrityError:  # somebody else inserted it while this one looked
        raise _under_way() from None
    return attempt


def _forget(session: Session, workspace_id: str, before: datetime) -> None:
    session.execute(
        sa.delete(IdempotencyKey).where(
            IdempotencyKey.workspace_id == workspace_id, IdempotencyKey.claimed_at < before
        )
    )


def forget_answers(session: Session, workspace_id: str) -> int:
    """Of all keys, for they may name anybody; answers how many that were.

    Those that only tell of an operation stay, for it may not be begun again. One that was done and
    whose answer is not there yet is told to have no answer, so that none is kept.
    """
    own = IdempotencyKey.workspace_id == workspace_id
    late = sa.update(IdempotencyKey).where(
        own, IdempotencyKey.status.is_(None), IdempotencyKey.action.is_not(None)
    )
    session.execute(late.values(status=HTTPStatus.CONFLICT))
    kept = sa.update(IdempotencyKey).where(
        own, IdempotencyKey.body.is_not(None), IdempotencyKey.status != HTTPStatus.ACCEPTED
    )
    return changed(session, kept.values(headers=sa.null(), body=sa.null()))


def _look_at(row: IdempotencyKey | None, request: str, now: datetime) -> None:
    """Returns where the key may be claimed."""
    if row is None or row.claimed_at < now - KEPT_FOR:
        return
    if row.request != request:
        raise KeyOfAnotherRequest(
            f"{HEADER} {row.key} came with another method, path, query or body before. A key is "
            "for one request: take a new one."
        )
    if row.body is not None and row.status is not None:
        headers = tuple((name, value) for name, value in row.headers or ())
        raise Replayed(Answer(row.status, headers, zlib.decompress(row.body)))
    if row.status is None and row.claimed_at + LEASE > now:
        raise _under_way()
    if row.action is not None:
        raise AnswerNotKept(
            f"It was carried out ({row.action} of {row.subject}) and is not done again; its answer "
            "was not kept. Look there, and take a new key for whatever you send next.",
            action=row.action,
            subject=row.subject,
        )


def _under_way() -> StillUnderWay:
    return StillUnderWay("It is under way; send the same again in a moment to have its answer.")


async def claim_key(
    request: Request,
    caller: Annotated[Caller, Depends(current_caller)],
    now: NowDep,
) -> None:
    """Of a write with an `Idempotency-Key`: only its first try goes on from here."""
    keys = request.headers.getlist(HEADER)
    if not keys or request.method.lower() in SAFE_METHODS:
        return
    if len(keys) > 1 or not _ACCEPTABLE.fullmatch(keys[0]):
        reason = "must be one text of 1 to 255 visible ASCII characters"
        fault = {"parameter": HEADER, "detail": reason}
        raise InvalidParameters(f"{HEADER} {reason}.", errors=[fault])
    settings: Settings = request.app.state.settings
    limit = settings.max_upload_bytes if _is_form(request) else settings.max_body_bytes
    asked = fingerprint(request, await read_bytes(request, limit))
    database = await database_of_caller(request)  # no dependency: sessions are told more below
    own = partial(claim, database, caller, keys[0], asked, now=now)
    request.state.attempt = attempt = await to_thread.run_sync(own, limiter=_own_threads())
    stamps.put(told_sessions(request.scope["state"]), attempt)


def fingerprint(request: Request, body: bytes) -> str:
    """The SHA-256 of what is asked for: method, path, query and body.

    Of a form it is what stands between its boundaries: clients make up others each time.
    """
    if _is_form(request):
        _, told = parse_options_header(request.headers["content-type"])
        line = b"\r\n--" + told.get(b"boundary", b"")
        fields = (b"\r\n" + body).split(line)
        body = b"".join(b"%d:%b" % (len(own), own) for own in fields)
    head = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(head.encode() + body).hexdigest()


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").lower().startswith(MULTIPART)


class KeepingAnswers:
    """Keeps the answers of tries before their callers see them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _may_be_kept(scope):
            await self.app(scope, receive, send)
            return
        sent: list[Message] = []

        async def hold(message: Message) -> None:
            sent.append(message)

        finished = False
        try:
            await self.app(scope, receive, hold)
            finished = True
        finally:
            attempt: Attempt | None = scope.get("state", {}).get("attempt")
            if attempt is not None:
                await _finish(attempt, _answer(sent) if finished else _NO_ANSWER)
        for message in sent:
            await send(message)


def _may_be_kept(scope: Scope) -> bool:
    """Whether it is the answer to a write with a key; it is held in memory until it is whole."""
    is_named = any(name == HEADER.lower().encode() for name, _ in scope["headers"])
    return is_named and scope["method"].lower() not in SAFE_METHODS


async def _finish(attempt: Attempt, answer: Answer) -> None:
    """An answer that cannot be kept is sent all the same: what was done is stored."""
    try:
        await to_thread.run_sync(attempt.finish, answer, limiter=_own_threads())
    except (sa.exc.SQLAlchemyError, AppError):
        log.exception("answer_not_kept")


_limiter: Final = RunVar[CapacityLimiter]("threads of idempotency keys")


def _own_threads() -> CapacityLimiter:
    """Of this event loop."""
    try:
        return _limiter.get()
    except LookupError:
        _limiter.set(own := CapacityLimiter(_AT_ONCE))
        return own


_NO_ANSWER: Final = Answer(500, (), b"")


def _answer(sent: list[Message]) -> Answer:
    start = next(own for own in sent if own["type"] == "http.response.start")
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, value in start.get("headers", ())
    )
    return Answer(start["status"], headers, b"".join(own.get("body", b"") for own in sent))


def install_idempotency(app: FastAPI) -> None:
    """Answer what was carried out before by the answer of then."""
    app.add_middleware(KeepingAnswers)

    @app.exception_handler(Replayed)
    async def replay(_request: Request, replayed: Replayed) -> Response:
        answer = replayed.answer
        response = Response(answer.body, answer.status)
        response.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
        ]
        response.headers["Idempotent-Replayed"] = "true"
        return response
