"""What one can do with batches. The caller commits."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.batches.domain import (
    MOST_PLANS,
    TURNS,
    BatchIsUnderWay,
    BatchWasCancelled,
    Item,
    NothingFailed,
    matching,
    named_twice,
)
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.operations.repository import UNCLAIMED, Operations
from service.operations.tables import Operation
from service.plans.tables import Plan

KIND: Final = "create_batch"
_AT_ONCE: Final = 10_000
_WAYS: Final = ("plans", "items", "filter")


def create_batch(
    session: Session,
    caller: Caller,
    body: Mapping[str, Any],
    *,
    now: datetime,
    began: Sequence[Sequence[str]] = (),
) -> Operation:
    """An operation with a part for each plan. `body` is a `BatchIn`; `began` are the headers by
    which the log of every part leads to this call. Raises InvalidInput.
    """
    items = _items(session, caller, body)
    whole = Operation(
        id=new_id("op"),
        workspace_id=caller.workspace_id,
        caller_id=caller.id,
        kind=KIND,
        method="POST",
        path="/v1/batches",
        query="",
        started_at=now,
        parts=len(items),
        caller=caller.told(),
        headers=[list(own) for own in began],
        claimed_until=UNCLAIMED,
    )
    session.add(whole)
    session.flush()
    note, turn = body.get("note"), TURNS[body.get("priority") or "normal"]
    rows = [_part(whole, item, note, turn, place) for place, item in enumerate(items)]
    for first in range(0, len(rows), _AT_ONCE):
        session.execute(sa.insert(Operation), rows[first : first + _AT_ONCE])
    facts = {"plans": len(items)}
    record(session, caller, "batch.create", whole.id, now=now, facts=facts)
    return whole


def _part(whole: Operation, item: Item, note: str | None, turn: int, place: int) -> dict[str, Any]:
    order = {"policy": item.policy, "note": note}
    return {
        "id": new_id("op"),
        "workspace_id": whole.workspace_id,
        "caller_id": whole.caller_id,
        "kind": "solve_version",
        "method": "POST",
        "path": f"/v1/plans/{item.plan}/versions",
        "query": "",
        "started_at": whole.started_at,
        "turn": turn,
        "parent_id": whole.id,
        "place": place,
        "about": item.plan,
        "headers": [["content-type", "application/json"], ["host", "localhost"]],
        "body": zlib.compress(orjson.dumps(order), 1),
        "claimed_until": UNCLAIMED,
    }


def _items(session: Session, caller: Caller, body: Mapping[str, Any]) -> Sequence[Item]:
    given = [way for way in _WAYS if body.get(way) is not None]
    if len(given) != 1:
        told = " and ".join(given) or "none of them is there"
        raise InvalidInput([Fault("", f"wants one of {', '.join(_WAYS)}: {told}")])
    if given == ["filter"]:
        return _found(session, caller, body)
    items = [*_named(body)]
    faults = [*_unknown(session, caller, items), *named_twice(items)]
    if faults:
        raise InvalidInput(faults)
    return items


def _named(body: Mapping[str, Any]) -> Iterator[Item]:
    policy = body.get("policy") or {}
    for place, plan in enumerate(body.get("plans") or ()):
        yield Item(plan, f"/plans/{place}", policy)
    for place, row in enumerate(body.get("items") or ()):
        own = row.get("policy")
        yield Item(row["plan"], f"/items/{place}/plan", policy if own is None else own)


def _unknown(session: Session, caller: Caller, items: Sequence[Item]) -> Iterator[Fault]:
    known: set[str] = set()
    for first in range(0, len(items), _AT_ONCE):
        ids = [item.plan for item in items[first : first + _AT_ONCE]]
        query = sa.select(Plan.id).filter_by(workspace_id=caller.workspace_id)
        known.update(session.scalars(query.where(Plan.id.in_(ids))))
    for item in items:
        if item.plan not in known:
            yield Fault(item.pointer, "names no plan", item.plan)


def _found(session: Session, caller: Caller, body: Mapping[str, Any]) -> Sequence[Item]:
    pattern = body["filter"]["name"]
    query = sa.select(Plan.id).filter_by(workspace_id=caller.workspace_id)
    query = query.where(Plan.name.ilike(matching(pattern), escape="\\")).order_by(Plan.id)
    found = session.scalars(query.limit(MOST_PLANS + 1)).all()
    if not found:
        raise InvalidInput([Fault("/filter/name", "matches the name of no plan", pattern)])
    if len(found) > MOST_PLANS:
        reason = f"matches more than {MOST_PLANS:,} plans; make several batches"
        raise InvalidInput([Fault("/filter/name", reason, pattern)])
    return [Item(plan, "/filter/name", body.get("policy") or {}) for plan in found]


def retry_failed(
    session: Session,
    caller: Caller,
    batch_id: str,
    *,
    now: datetime,
    began: Sequence[Sequence[str]] = (),
) -> Operation:
    """Carry out again what failed, for this caller; what was stored stays.

    Raises OperationNotFound, BatchIsUnderWay, BatchWasCancelled and NothingFailed.
    """
    operations = Operations(session, caller.workspace_id)
    whole = operations.get(caller, batch_id, kind=KIND, lock=True)
    if whole.cancelled:
        raise BatchWasCancelled(f"{whole.id} was cancelled. Start a new one with what is left.")
    if whole.done_at is None:
        raise BatchIsUnderWay(f"{whole.id} is under way. Retry what failed when it is done.")
    again = operations.begin_failed_parts_again(whole, now)
    if not again:
        raise NothingFailed(f"All plans of {whole.id} have their version.")
    whole.done_at, whole.status, whole.caller = None, None, caller.told()
    whole.headers = [list(own) for own in began]
    record(session, caller, "batch.retry", whole.id, now=now, facts={"plans": again})
    return whole
