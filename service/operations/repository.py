"""Operations in the database, those of one workspace."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from service.kit.auth import Caller, Role, Workspace
from service.kit.db import forget_soon
from service.kit.errors import AppError
from service.kit.forgetting import changed
from service.kit.ids import is_id
from service.kit.pages import PageRequest, fetch_page
from service.kit.problems import problem_document
from service.operations.counts import FAILED
from service.operations.domain import (
    MOST_TRIES,
    OperationNotFound,
    ResultNotKept,
)
from service.operations.figures import all_ended, ended, problem_in
from service.operations.tables import Operation

LEASE: Final = timedelta(seconds=30)
"""After so long without a sign of life another process carries an operation out."""
UNCLAIMED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Until when nobody carries out what nobody has claimed, whatever the clocks of machines say."""
KEPT_FOR: Final = timedelta(days=7)
"""So long after its end an operation can be read."""
_MAY_GO_ON: Final = Operation.parent_id.is_not(None) | Operation.parts.is_not(None)
"""A part that failed may be carried out again, with what its whole says."""
_OF_CARRYING_OUT: Final = {
    "caller": sa.null(),
    "headers": sa.case((_MAY_GO_ON, Operation.headers), else_=sa.null()),
    "body": sa.case((_MAY_GO_ON, Operation.body), else_=sa.null()),
    "token": None,
}
_AS_NEW: Final = {"done_at": None, "status": None, "result": sa.null(), "tries": 0}
_ANEW: Final = {"populate_existing": True}


@dataclass(frozen=True, slots=True)
class Ending:
    """What a request was answered, as far as it is kept; `body` is JSON."""

    status: int
    location: str | None = None
    etag: str | None = None
    body: bytes | None = None


class Operations:
    """Of one workspace."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self.session, self.workspace_id = session, workspace_id

    def get(self, caller: Caller, operation_id: str, *, lock: bool = False) -> Operation:
        """One that the caller may see. Raises OperationNotFound."""
        found = None
        if is_id("op", operation_id):
            query = self._of(caller).filter_by(id=operation_id)
            found = self.session.scalar(query)
            if found is not None and lock:
                self._lock_whole(found.parent_id)
                found = self.session.scalar(query.with_for_update(), execution_options=_ANEW)
        if found is None:
            raise OperationNotFound(f"There is no operation {operation_id[:80]}.")
        return found

    def page(
        self, caller: Caller, page: PageRequest, *, done: bool | None
    ) -> tuple[Sequence[Operation], str | None]:
        """Those that the caller may see and that are no parts, the newest first."""
        query = self._of(caller).where(Operation.parent_id.is_(None))
        if done is not None:
            query = query.where(Operation.done_at.is_not(None) == done)
        listing = f"operations of {self.workspace_id}"
        return fetch_page(
            self.session, query, page, Operation.id, listing=listing, newest_first=True
        )

    def _of(self, caller: Caller) -> sa.Select[Operation]:
        """An administrator sees all, everybody else the own ones."""
        query = sa.select(Operation).filter_by(workspace_id=self.workspace_id)
        if caller.role is Role.ADMIN:
            return query
        return query.where(Operation.caller_id.in_([caller.id, *caller.other_ids]))

    def left_alone(self, now: datetime, limit: int) -> Sequence[str]:
        """Whose process gives no sign of life any more, in their turn."""
        return self.session.scalars(self._left_alone(now).limit(limit)).all()

    def lock_left_alone(self, now: datetime) -> tuple[str, str | None] | None:
        """The first of these and its last try, to be claimed, but for those that somebody else
        claims just now.
        """
        first = self._left_alone(now).limit(1).add_columns(Operation.token)
        row = self.session.execute(first.with_for_update(skip_locked=True)).first()
        return None if row is None else (row.id, row.token)

    def carried_out(self, now: datetime) -> int:
        """How many processes carry out; until the transaction ends nobody else is told."""
        forget_soon(self.session)
        row = sa.select(Workspace.id).filter_by(id=self.workspace_id)
        # key_share: who stores something for the workspace need not wait
        self.session.execute(row.with_for_update(key_share=True))
        query = sa.select(sa.func.count()).where(
            Operation.workspace_id == self.workspace_id,
            Operation.token.is_not(None),
            Operation.claimed_until > now,
        )
        return self.session.execute(query).scalar_one()

    def _left_alone(self, now: datetime) -> sa.Select[str]:
        query = self._under_way().where(Operation.claimed_until <= now)
        in_turn = query.order_by(Operation.turn, Operation.id)
        return in_turn.with_only_columns(Operation.id)

    def _under_way(self) -> sa.Select[Operation]:
        """Nobody carries out a whole: its parts are."""
        return sa.select(Operation).filter_by(
            workspace_id=self.workspace_id, done_at=None, parts=None
        )

    def asked_to_end(self, tokens: Collection[str]) -> set[str]:
        """Those of these tries that shall end: cancelled, or taken over by another process."""
        query = self._under_way().where(Operation.token.in_(tokens))
        return set(tokens) - set(self.session.scalars(query.with_only_columns(Operation.token)))

    def renew(self, token: str, stage: str | None, steps: int, now: datetime) -> None:
        """A sign of life, and how far it has come."""
        self.session.execute(
            self._update(token).values(claimed_until=now + LEASE, stage=stage, steps=steps)
        )

    def stamp(self, token: str, action: str, subject: str) -> bool:
        """Something is done in this transaction; whether this try still may."""
        return self._changed(self._update(token).values(action=action, subject=subject))

    def stored(self, token: str) -> tuple[str, str | None] | None:
        """Action and subject of what this try has done, if it has. A commit that has not come
        through yet, and of which nobody will hear, is waited for.
        """
        part_of = sa.select(Operation.parent_id).where(Operation.token == token)
        self._lock_whole(self.session.scalar(part_of))
        columns = Operation.action, Operation.subject
        query = sa.select(*columns).where(Operation.token == token).with_for_update()
        row = self.session.execute(query).first()
        return None if row is None or row.action is None else (row.action, row.subject)

    def finish(self, token: str, ending: Ending, now: datetime) -> bool:
        """Note what came of it; whether this try still may."""
        columns = Operation.parent_id, Operation.kind, Operation.action
        found = self.session.execute(sa.select(*columns).where(Operation.token == token)).first()
        if found is None:
            return False
        parent_id, kind, action = found
        self._lock_whole(parent_id)
        done = self._changed(
            self._update(token).values(
                **_OF_CARRYING_OUT,
                done_at=now,
                status=ending.status,
                location=ending.location,
                etag=ending.etag,
                result=None if ending.body is None else zlib.compress(ending.body, 1),
            )
        )
        self._end_whole(parent_id, now)
        if done:
            ended(self.session, kind, action, problem_in(ending.status, ending.body))
        return done

    def _lock_whole(self, parent_id: str | None) -> None:
        """Before the part, as everybody does who changes both."""
        if parent_id is not None:
            forget_soon(self.session)
            self.session.get_one(Operation, parent_id, with_for_update=True)

    def _end_whole(self, parent_id: str | None, now: datetime) -> None:
        """With its last part; it is locked."""
        if parent_id is None:
            return
        left = self._under_way().filter_by(parent_id=parent_id).with_only_columns(Operation.id)
        if self.session.scalar(left.limit(1)) is None:
            whole = sa.update(Operation).filter_by(id=parent_id, done_at=None)
            self.session.execute(whole.values(done_at=now, status=200, caller=sa.null()))

    def wholes_under_way(self) -> Sequence[tuple[str, str]]:
        """Their ids and paths; each locked, as everybody does before its parts."""
        wholes = sa.select(Operation.id, Operation.path).where(
            Operation.workspace_id == self.workspace_id,
            Operation.done_at.is_(None),
            Operation.parts.is_not(None),
        )
        locked = wholes.order_by(Operation.id).with_for_update()
        return [(*row,) for row in self.session.execute(locked)]

    def under_way(self) -> Sequence[tuple[str, str | None, str | None]]:
        """Their ids, and the action and subject of what they have done; each locked. Whoever asks
        has locked the wholes.
        """
        columns = Operation.id, Operation.action, Operation.subject
        query = self._under_way().with_only_columns(*columns).order_by(Operation.id)
        return [(*row,) for row in self.session.execute(query.with_for_update())]

    def end(self, operation_id: str, problem: AppError | None, now: datetime) -> None:
        """It is done, whoever carries it out, and with it its parts; even if its row cannot be
        read. Without a problem it is cancelled; parts that have stored something are not.
        """
        own = Operation.workspace_id == self.workspace_id, Operation.id == operation_id
        columns = Operation.path, Operation.parent_id
        path, parent_id = self.session.execute(sa.select(*columns).where(*own)).one()
        self._lock_whole(parent_id)
        self._end_these(problem, path, now, *own)
        self.end_parts(operation_id, path, problem, now)
        parts = Operation.workspace_id == self.workspace_id, Operation.parent_id == operation_id
        told = sa.select(Operation.id, Operation.path, Operation.action, Operation.subject)
        stored = self.session.execute(told.where(*parts, Operation.done_at.is_(None)))
        for part in stored.all():
            lost = ResultNotKept.of(part.action or "", part.subject)
            self._end_these(lost, part.path, now, Operation.id == part.id)
        self._end_whole(parent_id, now)

    def end_parts(
        self, operation_id: str, path: str, problem: AppError | None, now: datetime
    ) -> None:
        """Those of a whole that have stored nothing. Where one is being stored just now this waits,
        and then leaves it. The whole ends with its last part.
        """
        parts = Operation.workspace_id == self.workspace_id, Operation.parent_id == operation_id
        self._end_these(problem, path, now, *parts, Operation.action.is_(None))
        self._end_whole(operation_id, now)

    def end_try(
        self, operation_id: str, token: str | None, problem: AppError, now: datetime
    ) -> bool:
        """It is done, unless it has been begun again since somebody saw `token`; whether it is."""
        query = sa.select(Operation.parent_id).filter_by(id=operation_id)
        self._lock_whole(self.session.scalar(query))
        same = sa.select(Operation.id).filter_by(id=operation_id, token=token)
        if self.session.scalar(same.with_for_update()) is None:
            return False
        self.end(operation_id, problem, now)
        return True

    def _end_these(
        self, problem: AppError | None, path: str, now: datetime, *which: sa.ColumnElement[bool]
    ) -> None:
        all_ended(self.session, which, None if problem is None else problem.type_path())
        under_way = sa.update(Operation).where(*which, Operation.done_at.is_(None))
        self.session.execute(under_way.values(**_ended(path, now, problem)))

    def page_of_parts(
        self, whole: Operation, page: PageRequest, *, failed: bool | None
    ) -> tuple[Sequence[Operation], str | None]:
        """In their order; those that failed, or did not, or all."""
        query = sa.select(Operation).filter_by(parent_id=whole.id)
        if failed is not None:
            query = query.where(FAILED if failed else ~FAILED)
        return fetch_page(
            self.session, query, page, Operation.place, listing=f"parts of {whole.id}"
        )

    def bodies_of_failed_parts(self, whole: Operation) -> Sequence[tuple[str, str, bytes]]:
        """Their ids, what they are about, and their own part of the body."""
        columns = Operation.id, Operation.about, Operation.body
        query = sa.select(*columns).where(Operation.parent_id == whole.id, FAILED)
        rows = self.session.execute(query.order_by(Operation.place))
        return [(own, about or "", body or b"") for own, about, body in rows]

    def put_bodies(self, bodies: Mapping[str, bytes]) -> None:
        """By the ids of operations that nobody carries out."""
        if bodies:
            rows = [{"id": own, "body": body} for own, body in bodies.items()]
            self.session.execute(sa.update(Operation), rows)

    def begin_failed_parts_again(self, whole: Operation, now: datetime) -> int:
        """They wait since `now`; answers how many that are."""
        failed = sa.update(Operation).where(Operation.parent_id == whole.id, FAILED)
        again = failed.values(**_AS_NEW, started_at=now, claimed_until=UNCLAIMED)
        return changed(self.session, again)

    def release(self, token: str) -> None:
        """Let another process carry it out at once; that this one did not is no failed try."""
        self.session.execute(
            self._update(token).values(
                token=None,
                claimed_until=UNCLAIMED,
                tries=Operation.tries - 1,
                stage=None,
                steps=0,
            )
        )

    def put_off(self, token: str, now: datetime) -> bool:
        """Have it carried out again after a lease's time, if it has done nothing and may be tried
        once more; whether that is so.
        """
        again = self._update(token).where(Operation.action.is_(None), Operation.tries < MOST_TRIES)
        return self._changed(again.values(token=None, claimed_until=now + LEASE, stage=None))

    def forget_old(self, now: datetime) -> None:
        """Those that ended long ago; parts with the whole."""
        whole = aliased(Operation)
        long_ago = now - KEPT_FOR
        kept = sa.exists().where(
            whole.id == Operation.parent_id,
            whole.done_at.is_(None) | (whole.done_at >= long_ago),
        )
        self.session.execute(
            sa.delete(Operation).where(
                Operation.workspace_id == self.workspace_id, Operation.done_at < long_ago, ~kept
            )
        )

    def _update(self, token: str) -> sa.Update:
        return sa.update(Operation).where(Operation.token == token)

    def _changed(self, statement: sa.Update) -> bool:
        done = cast("sa.CursorResult[Any]", self.session.execute(statement))
        return done.rowcount > 0


def _ended(path: str, now: datetime, problem: AppError | None) -> dict[str, Any]:
    columns = {**_OF_CARRYING_OUT, "done_at": now, "cancelled": problem is None}
    if problem is None:
        return columns
    document = problem_document(problem, path)
    return columns | {"status": problem.status, "result": zlib.compress(document, 1)}
