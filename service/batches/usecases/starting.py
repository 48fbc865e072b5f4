"""Start a batch: an operation with a part for each plan."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.batches.domain import TURNS, Item
from service.batches.usecases.listing import AT_ONCE, Known, listed
from service.kit.access import Permission, require
from service.kit.audit import record
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import new_id
from service.operations.repository import UNCLAIMED
from service.operations.tables import Operation

KIND: Final = "create_batch"
_OF_EVERY_PART: Final = ("policy", "note", "then", "deadline")


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller wants done, with plans that are there."""

    body: Mapping[str, Any]
    """A `BatchIn`."""
    items: Sequence[Item]
    known: Mapping[str, Known]


def read_order(session: Session, caller: Caller, body: Mapping[str, Any], now: datetime) -> Order:
    """Raises NotPermitted and InvalidInput."""
    if body.get("then") == "submit":
        require(caller, Permission.SUBMIT)
    if body.get("inputs") == "rolled_forward":
        require(caller, Permission.WRITE_INPUTS)
    _check_deadline(body, now)
    return Order(body, *listed(session, caller, body))


def create_batch(
    session: Session,
    caller: Caller,
    order: Order,
    *,
    began: Sequence[Sequence[str]] = (),
    now: datetime,
) -> Operation:
    """An operation with a part for each plan. What is said of all plans is kept once, and a part
    has what is its own. `began` are the headers by which the log of every part leads to this call.
    """
    body, items = order.body, order.items
    of_all = {name: body[name] for name in _OF_EVERY_PART if body.get(name) is not None}
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
        headers=headers(began),
        body=packed(of_all),
        claimed_until=UNCLAIMED,
    )
    session.add(whole)
    session.flush()
    turn = TURNS[body.get("priority") or "normal"]
    parts = (
        _part(whole, item, order.known[item.plan].published, turn, place)
        for place, item in enumerate(items)
    )
    for some in batched(parts, AT_ONCE):
        session.execute(sa.insert(Operation), some)
    record(session, caller, "batch.create", whole.id, now=now, facts={"plans": len(items)})
    return whole


def headers(began: Sequence[Sequence[str]]) -> list[list[str]]:
    """Of the request that every part is."""
    return [*map(list, began), ["content-type", "application/json"], ["host", "localhost"]]


def packed(document: Mapping[str, Any]) -> bytes:
    """A body as operations keep it."""
    return zlib.compress(orjson.dumps(document), 1)


def _check_deadline(body: Mapping[str, Any], now: datetime) -> None:
    """Raises InvalidInput, rather than have every part fail."""
    deadline: datetime | None = body.get("deadline")
    if deadline is None:
        return
    if body.get("then") != "submit":
        reason = 'is of what is submitted: send `"then": "submit"` with it'
        raise InvalidInput([Fault("/deadline", reason)])
    if deadline <= now:
        raise InvalidInput([Fault("/deadline", "must be later than now", deadline.isoformat())])


def _part(whole: Operation, item: Item, published: int, turn: int, place: int) -> dict[str, Any]:
    own: dict[str, Any] = {"published": published}
    if item.policy is not None:
        own["policy"] = item.policy
    if item.rolled is not None:
        own["roll_forward"] = item.rolled
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
        "body": packed(own),
        "claimed_until": UNCLAIMED,
    }
