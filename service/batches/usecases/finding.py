"""A batch by its id."""

from sqlalchemy.orm import Session

from service.batches.domain import BatchNotFound
from service.batches.usecases.starting import KIND
from service.kit.auth import Caller
from service.operations.domain import OperationNotFound
from service.operations.repository import Operations
from service.operations.tables import Operation


def find_batch(session: Session, caller: Caller, batch_id: str, *, lock: bool = False) -> Operation:
    """One that the caller may see. Raises BatchNotFound, which says what else has the id."""
    try:
        whole = Operations(session, caller.workspace_id).get(caller, batch_id, lock=lock)
    except OperationNotFound:
        raise BatchNotFound(f"There is no batch {batch_id[:80]}.") from None
    if whole.kind != KIND:
        raise BatchNotFound(
            f"{whole.id} is an operation, but no batch: look at GET /v1/operations/{whole.id}."
        )
    return whole
