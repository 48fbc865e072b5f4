"""Requests that may outlast their answer, as this process carries them out.

    POST …/versions      done within a second    201, as ever
                         not done by then        202 and `Location: /v1/operations/op_…`

Nothing is stored about a request that is done in time, and nothing is decided beforehand: whoever
is still at work when the caller's patience is over becomes an operation then, in the thread where
it is. Its answer, which nobody waits for any more, is kept with the operation.
A service that has workers stops it instead, and one of them begins anew: what is long keeps nobody
else waiting.

That it was told (202) and that it can be carried out again are one transaction: the request is
stored with it. Whatever it does from then on is stamped in the transaction that does it, which
fails if the operation was cancelled or another process has taken it over. What was done before
that moment was answered before it, too: a request that has stored something is never an operation.

To those who carry it out a cancelled operation is a caller who hangs up, which long work asks
about anyway (`request.is_disconnected`).
"""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Final

import anyio
import sqlalchemy as sa
import structlog
from anyio import to_thread
from fastapi import Depends, FastAPI, Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.kit import stamps
from service.kit.auth import Caller, CallerDep
from service.kit.clock import utc_now
from service.kit.db import Database, told_sessions
from service.kit.errors import AppError, DatabaseUnavailable
from service.kit.forms import MULTIPART
from service.kit.headers import APPLIED, LOCATION, RETRY_AFTER, sent
from service.kit.idempotency import SAFE_METHODS
from service.kit.ids import new_id
from service.kit.observability import say_in_log
from service.kit.problems import problem_response
from service.kit.settings import Settings
from service.kit.tracing import what_began_it
from service.operations.domain import CarriedOutElsewhere, Wish
from service.operations.repository import LEASE
from service.operations.run import Held, Run
from service.operations.runs import Runs
from service.operations.schemas import OperationOut
from service.operations.tables import Operation

_KEPT_HEADERS: Final = frozenset(
    {"accept", "accept-language", "content-type", "host", "if-match", "user-agent"}
)
"""Of a request, to carry it out again; never what says who the caller is."""

PREFER: Final = "Prefer"

log = structlog.get_logger()


def log_accepted(operation_id: str) -> None:
    """From here on the log of this request leads to its operation, and back."""
    say_in_log(operation=operation_id)
    log.info("operation_accepted")


class Exchange:
    """A request and its answer, between whoever carries it out and its caller, who may leave."""

    def __init__(self, run: Run, receive: Receive, send: Send, body: bytes | None = None) -> None:
        """`body`: of a request that came long ago, and that nobody sends any more."""
        self.run = run
        self._receive, self._send, self._body_of_then = receive, send, body
        self._begun = False
        self._start: Message = {"status": 500, "headers": []}
        self._body = bytearray()
        self._deciding = asyncio.Lock()
        self.patience = asyncio.get_running_loop().create_future()
        """Done when it is over."""
        self.decided = asyncio.Event()
        self.asked: Asked | None = None
        self.wish = Wish()

    async def receive(self) -> Message:
        """What the caller sends; of an operation, whether it is to end."""
        if (body := self._body_of_then) is not None:
            self._body_of_then = None
            return {"type": "http.request", "body": body, "more_body": False}
        if self.run.held is None:
            return await self._receive()
        if not self.run.stopped:
            await anyio.sleep_forever()  # until whoever asks asks no more
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """To the caller, or to be kept."""
        async with self._deciding:
            if self.run.held is None:
                self._begun = True
                await self._send(message)
            elif message["type"] == "http.response.start":
                self._start = message
            else:
                self._body += message.get("body", b"")

    @classmethod
    def again(cls, run: Run, body: bytes) -> Exchange:
        """Of an operation that another process has left: all that is answered is kept."""

        async def nobody(*_: Message) -> Message:
            raise AssertionError("nobody sends and nobody hears an answer")

        return cls(run, nobody, nobody, body)  # type: ignore[arg-type] # one for both

    def end_patience(self) -> None:
        if not self.patience.done():
            self.patience.set_result(None)

    async def become_an_operation(self) -> Response | None:
        """If it still can, what its caller is answered. Who cannot be stored as one goes on and is
        answered however long it takes.

        Raises DatabaseUnavailable where nobody knows whether it was stored.
        """
        try:
            async with self._deciding:
                if self._begun or (asked := self.asked) is None:
                    return None
                own = partial(asked.become, self.run, self.wish)
                return await to_thread.run_sync(own, limiter=asked.runs.threads)
        except (sa.exc.SQLAlchemyError, AppError) as reason:
            log.exception("operation_not_begun")
            if self.run.held is None:
                return None
            raise DatabaseUnavailable(
                "The database did not say whether it goes on: look at GET /v1/operations before "
                "you send it again."
            ) from reason
        finally:
            self.decided.set()

    def answer(self) -> Response:
        """What was to be kept."""
        response = Response(bytes(self._body), self._start["status"])
        response.raw_headers = list(self._start["headers"])
        return response


@dataclass(frozen=True, slots=True)
class Asked:
    """What has to be known of a request to carry it out again."""

    request: Request
    caller: Caller

    @property
    def runs(self) -> Runs:
        runs: Runs = self.request.app.state.runs
        return runs

    def become(self, run: Run, wish: Wish) -> Response | None:
        """It is an operation from now on, which its caller is answered; None where it has done
        something already.
        """
        request, caller, now = self.request, self.caller, utc_now()
        database: Database = request.app.state.database
        operation_id, workspace_id = new_id("op"), caller.workspace_id
        held = Held(database.of(workspace_id), operation_id, workspace_id)
        body: bytes = getattr(request, "_body", b"")
        operation = Operation(
            id=operation_id,
            workspace_id=workspace_id,
            caller_id=caller.id,
            kind=request.scope["endpoint"].__name__,
            method=request.method,
            path=request.scope["path"],
            query=request.url.query,
            started_at=now,
            caller=caller.told(),
            headers=[
                *(list(own) for own in request.headers.items() if own[0] in _KEPT_HEADERS),
                *what_began_it(request.state.request_id),
            ],
            body=zlib.compress(body, 1),
            token=held.token,
            claimed_until=now + LEASE,
            tries=1,
            stage=run.stage,
            steps=run.steps,
            cancelled=False,
        )
        attempt = getattr(request.state, "attempt", None)
        if not run.become(held, operation, attempt):
            return None
        log_accepted(operation_id)
        return _accepted(operation, wish)


class MayOutlast:
    """A dependency of requests that go on after the caller was told where to look: ask for it after
    the body. It answers the request's run.

    None of a GET, which is answered however long it takes, as a form with files is.
    """

    parameters: ClassVar[dict[str, dict[str, Any]]] = {
        PREFER: {
            "name": PREFER,
            "in": "header",
            "required": False,
            "description": "`wait=60`: answer within a minute rather than by 202 after a second; "
            "`respond-async`: by 202 at once (RFC 7240)",
            "schema": {"type": "string"},
        },
    }
    responses: ClassVar[dict[str, dict[str, Any]]] = {
        "202": {
            "description": "It goes on; the operation says how, and what became of it",
            "headers": sent(LOCATION, RETRY_AFTER, APPLIED),
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/OperationOut"}}
            },
        }
    }

    async def __call__(self, request: Request, caller: CallerDep) -> Run | None:
        state = request.scope["state"]
        run: Run | None = state.get("run")
        exchange: Exchange | None = state.get("exchange")
        is_form = request.headers.get("content-type", "").lower().startswith(MULTIPART)
        if exchange is None or is_form:
            return run
        settings: Settings = request.app.state.settings
        exchange.wish = Wish.of(request.headers.getlist(PREFER))
        exchange.asked = Asked(request, caller)
        seconds = exchange.wish.seconds(settings.answer_within)
        if seconds > 0:
            asyncio.get_running_loop().call_later(seconds, exchange.end_patience)
        else:
            exchange.end_patience()
            await exchange.decided.wait()
            runs: Runs = request.app.state.runs
            if run is not None and run.held is not None and runs.workers is not None:
                raise CarriedOutElsewhere("A worker carries it out.")
        return run


RunDep = Annotated[Run | None, Depends(MayOutlast())]


class Outlasting:
    """Tells callers whose patience is over where to look, while their requests go on."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state: dict[str, Any] = scope.setdefault("state", {})
        if (
            scope["type"] != "http"
            or scope["method"].lower() in SAFE_METHODS
            or "run" in state  # it is an operation
        ):
            await self.app(scope, receive, send)
            return
        state["run"] = run = Run()
        stamps.put(told_sessions(state), run)
        state["exchange"] = exchange = Exchange(run, receive, send)
        task = asyncio.create_task(carry_out(self.app, scope, exchange))
        try:
            await asyncio.wait({task, exchange.patience}, return_when=asyncio.FIRST_COMPLETED)
            answer = None
            if not task.done():
                try:
                    answer = await exchange.become_an_operation()
                except DatabaseUnavailable as unknown:
                    answer = problem_response(Request(scope), unknown)
            if answer is None:
                await task
            else:
                runs: Runs = scope["app"].state.runs
                runs.begin(run, task)
                if runs.workers is not None:
                    run.hand_over()
                await answer(scope, receive, send)
        finally:
            exchange.patience.cancel()
            if run.held is None:
                task.cancel()


def _accepted(operation: Operation, wish: Wish) -> Response:
    applied = wish.applied
    return Response(
        OperationOut.of(operation).model_dump_json(),
        202,
        {
            LOCATION: f"/v1/operations/{operation.id}",
            RETRY_AFTER: "1",
            **({} if applied is None else {APPLIED: applied}),
        },
        "application/json",
    )


async def carry_out(app: ASGIApp, scope: Scope, exchange: Exchange) -> None:
    """Answer a request, and keep the answer if it is an operation by then."""
    run = exchange.run
    try:
        await app(scope, exchange.receive, exchange.send)
        answer = exchange.answer()
    except Exception:
        if run.held is None:
            raise
        log.exception("unexpected_error", operation=run.held.id)
        failure = AppError("An unexpected error; the log tells more under this request id.")
        answer = problem_response(Request(scope), failure)
    if run.held is not None:
        runs: Runs = scope["app"].state.runs
        await runs.finish(run, run.held, answer)


def install_operations(app: FastAPI) -> None:
    """Let requests go on after their callers were told where to look."""
    app.add_middleware(Outlasting)
