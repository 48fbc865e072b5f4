"""Somebody is erased, whom operations may name: in what they were sent, have read or answered."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.kit.forgetting import changed
from service.operations.domain import EndedByErasure
from service.operations.repository import Operations
from service.operations.tables import Operation


def forget(session: Session, workspace_id: str, now: datetime) -> int:
    """The results of all operations; answers how many that were.

    Those under way end and store nothing any more, and what failed of a batch is not tried again.
    """
    kept = sa.update(Operation).where(
        Operation.workspace_id == workspace_id, Operation.result.is_not(None)
    )
    results = changed(session, kept.values(result=sa.null()))
    operations = Operations(session, workspace_id)
    for operation_id, path in operations.wholes_under_way():
        operations.end_parts(operation_id, path, _erased("Nothing was stored."), now)
    for operation_id, action, subject in operations.under_way():
        stored = "Nothing was stored; send it again."
        if action is not None:
            stored = f"It stored {subject} ({action}); its answer is not kept. Look there."
        operations.end(operation_id, _erased(stored), now)
    said = sa.update(Operation).where(
        Operation.workspace_id == workspace_id, Operation.body.is_not(None)
    )
    session.execute(said.values(body=sa.null(), headers=sa.null()))
    return results


def _erased(stored: str) -> EndedByErasure:
    return EndedByErasure(f"Somebody was erased meanwhile, whom it may name. {stored}")
