"""Operations over HTTP."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import anyio
import sqlalchemy as sa
from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.kit.access import Permission, needs
from service.kit.auth import Caller, CallerDep
from service.kit.clock import NowDep, utc_now
from service.kit.db import Database, ReadSessionDep, SessionDep, database_of_caller
from service.kit.errors import Unavailable
from service.kit.pages import MAX_LIMIT, Page, PageDep, PageRequest
from service.kit.problems import problems
from service.operations import usecases
from service.operations.counts import counts_of
from service.operations.domain import OperationIsDone, OperationNotFound, TooManyFollow
from service.operations.repository import Operations
from service.operations.runs import Runs
from service.operations.schemas import OperationOut

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
"""Seconds between two looks at an operation that somebody follows; each is twice the one before."""

router = APIRouter(prefix="/operations", tags=["operations"])

OperationIdPath = Annotated[str, Path(description="op_…")]


@router.get("", dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))])
def list_operations(
    *,
    done: Annotated[bool | None, Query(description="Only those that are, or are not")] = None,
    caller: CallerDep,
    session: ReadSessionDep,
    page: PageDep,
    now: NowDep,
) -> Page[OperationOut]:
    """The own operations, of an administrator those of everybody, the newest first."""
    operations = Operations(session, caller.workspace_id)
    found, next_cursor = operations.page(caller, page, done=done)
    items = [OperationOut.of(own, counts_of(session, own, now), now) for own in found]
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/{operation_id}",
    responses=problems(OperationNotFound),
    dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))],
)
def read_operation(
    operation_id: OperationIdPath, caller: CallerDep, session: ReadSessionDep, now: NowDep
) -> OperationOut:
    """How far an operation has come, and what came of it; kept for a week after its end. Of a batch
    the result has the first 1,000 plans; with its `next_cursor` go on at `…/batches/{batch}/items`.
    """
    operations = Operations(session, caller.workspace_id)
    operation = operations.get(caller, operation_id)
    told = OperationOut.of(operation, counts_of(session, operation, now), now)
    if operation.parts is None or operation.done_at is None:
        return told
    first = PageRequest(limit=MAX_LIMIT)
    return told.with_parts(*operations.page_of_parts(operation, first, failed=None))


@router.post(
    "/{operation_id}/cancel",
    responses=problems(OperationNotFound, OperationIsDone),
    dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))],
)
def cancel_operation(
    operation_id: OperationIdPath, caller: CallerDep, session: SessionDep, now: NowDep
) -> OperationOut:
    """End an operation: from this answer on it stores nothing. What it has stored stays (409)."""
    operation = usecases.cancel_operation(session, caller, operation_id, now=now)
    return OperationOut.of(operation, counts_of(session, operation, now), now)


@dataclass(frozen=True, slots=True)
class _Seen:
    """An operation as one caller may see it, looked at again and again."""

    database: Database
    caller: Caller
    id: str

    async def look(self) -> OperationOut:
        """Raises OperationNotFound."""
        return await to_thread.run_sync(self._read)

    def _read(self) -> OperationOut:
        with self.database.reading.begin() as session:
            operations = Operations(session, self.caller.workspace_id)
            operation = operations.get(self.caller, self.id)
            now = utc_now()
            return OperationOut.of(operation, counts_of(session, operation, now), now)


async def _seen(operation_id: OperationIdPath, request: Request, caller: CallerDep) -> _Seen:
    """Raises OperationNotFound and TooManyFollow before the answer begins, and holds no session."""
    runs: Runs = request.app.state.runs
    runs.check_following()
    seen = _Seen(await database_of_caller(request), caller, operation_id)
    await seen.look()
    return seen


@router.get(
    "/{operation_id}/events",
    response_class=EventSourceResponse,
    responses=problems(OperationNotFound, TooManyFollow),
    dependencies=[Depends(needs(Permission.FOLLOW_OPERATIONS))],
)
async def follow_operation(
    request: Request, seen: Annotated[_Seen, Depends(_seen)]
) -> AsyncIterator[ServerSentEvent]:
    """How an operation goes on, as server-sent events: `progress` at first and whenever something
    has changed, at last `done`. Each tells the operation without its result.
    """
    runs: Runs = request.app.state.runs
    told: OperationOut | None = None
    pause = _FIRST_PAUSE
    with runs.following():
        while not request.app.state.leaving:
            with suppress(Unavailable, sa.exc.SQLAlchemyError):  # whoever listens waits on
                now = await seen.look()
                if told is None or now.is_another_state_than(told):
                    told = now
                    kind = "done" if now.done else "progress"
                    raw = now.model_dump_json(exclude={"result"})
                    yield ServerSentEvent(event=kind, raw_data=raw)
                if now.done:
                    return
            await anyio.sleep(pause := min(2 * pause, _LONGEST_PAUSE))
