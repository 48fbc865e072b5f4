"""Carry out once more what failed of a batch."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import datetime
from itertools import batched

import orjson
from sqlalchemy.orm import Session

from service.batches.domain import (
    BatchIsUnderWay,
    BatchWasCancelled,
    BatchWasForgotten,
    NothingFailed,
)
from service.batches.usecases.finding import find_batch
from service.batches.usecases.listing import AT_ONCE, known_plans
from service.batches.usecases.starting import headers, packed
from service.kit.audit import record
from service.kit.auth import Caller
from service.operations.repository import Operations
from service.operations.tables import Operation


def retry_failed(
    session: Session,
    caller: Caller,
    batch_id: str,
    *,
    began: Sequence[Sequence[str]] = (),
    now: datetime,
) -> Operation:
    """Carry out again what failed, for this caller; what was stored stays. What is published by now
    is known. `began`: as in `create_batch`.

    Raises BatchNotFound, BatchIsUnderWay, BatchWasCancelled, BatchWasForgotten, NothingFailed.
    """
    operations = Operations(session, caller.workspace_id)
    whole = find_batch(session, caller, batch_id, lock=True)
    if whole.cancelled:
        raise BatchWasCancelled(f"{whole.id} was cancelled. Start a new one with what is left.")
    if whole.done_at is None:
        raise BatchIsUnderWay(f"{whole.id} is under way. Retry what failed when it is done.")
    failed = operations.bodies_of_failed_parts(whole)
    if not failed:
        raise NothingFailed(f"All plans of {whole.id} have their version.")
    if not all(body for *_, body in failed):
        raise BatchWasForgotten(f"Start a new one with what failed of {whole.id}.")
    _know_what_is_published(operations, failed)
    again = operations.begin_failed_parts_again(whole, now)
    whole.done_at, whole.status, whole.caller = None, None, caller.told()
    whole.begun_at, whole.headers = now, headers(began)
    record(session, caller, "batch.retry", whole.id, now=now, facts={"plans": again})
    return whole


def _know_what_is_published(
    operations: Operations, failed: Sequence[tuple[str, str, bytes]]
) -> None:
    for some in batched(failed, AT_ONCE):
        plans = {plan for _, plan, _ in some}
        known = known_plans(operations.session, operations.workspace_id, plans)
        changed = dict[str, bytes]()
        for part_id, plan, body in some:
            said = orjson.loads(zlib.decompress(body))
            if plan in known and said.get("published") != known[plan].published:
                changed[part_id] = packed(said | {"published": known[plan].published})
        operations.put_bodies(changed)
