"""What one can do with operations. The caller commits."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.kit.audit import record
from service.kit.auth import Caller
from service.operations.domain import OperationIsDone
from service.operations.repository import Operations
from service.operations.tables import Operation


def cancel_operation(
    session: Session, caller: Caller, operation_id: str, *, now: datetime
) -> Operation:
    """It is done, and stores nothing any more; who carries it out ends as soon as they look up. To
    cancel it again changes nothing.

    Raises OperationNotFound, and OperationIsDone.
    """
    operations = Operations(session, caller.workspace_id)
    operation = operations.get(caller, operation_id, lock=True)
    if operation.cancelled:
        return operation
    if operation.done_at is not None or operation.action is not None:
        stored = operation.action and f" It stored {operation.subject} ({operation.action})."
        raise OperationIsDone(f"{operation.id} cannot be cancelled any more.{stored or ''}")
    operations.end(operation.id, None, now)
    record(session, caller, "operation.cancel", operation.id, now=now)
    session.refresh(operation)
    return operation
