"""How far an operation has come that consists of others, however many these are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.operations.tables import Operation

FAILED: Final = (sa.func.coalesce(Operation.status, 0) >= 300) & Operation.action.is_(None)
_LATELY: Final = timedelta(minutes=1), timedelta(minutes=10)
_ENOUGH: Final = 10
"""So many that were done lately tell how quickly the others will be."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the parts of a whole."""

    finished: int = 0
    failed: int = 0
    per_second: float | None = None
    """Lately; None where nobody can say. Of a whole that is done, since it was begun (again)."""


def counts_of(session: Session, whole: Operation, now: datetime) -> Counts:
    """Each is the question of an index, for whoever follows asks twice a second."""
    if whole.parts is None:
        return Counts()
    done = sa.select(sa.func.count()).where(
        Operation.parent_id == whole.id, ~Operation.cancelled, Operation.done_at.is_not(None)
    )
    refused = Operation.status >= sa.literal_column("300")  # as the index has it
    failed = sa.select(sa.func.count()).where(Operation.parent_id == whole.id, refused, FAILED)

    def done_since(moment: datetime) -> int:
        return session.scalar(done.where(Operation.done_at > moment)) or 0

    begun, until = whole.begun_at or whole.started_at, whole.done_at or now
    since, lately = begun, 0
    if whole.done_at is None:
        for window in _LATELY:
            if until - window > begun and (lately := done_since(until - window)) >= _ENOUGH:
                since = until - window
                break
    if since == begun:
        lately = done_since(begun)
    seconds = (until - since).total_seconds()
    return Counts(
        session.scalar(done) or 0,
        session.scalar(failed) or 0,
        lately / seconds if lately and seconds > 0 else None,
    )
