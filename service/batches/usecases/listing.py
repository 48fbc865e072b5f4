"""Which plans a batch is about, what is known of each, and every fault of the list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.batches.domain import MOST_PLANS, Item, matching, named_twice
from service.kit.auth import Caller
from service.kit.errors import Fault, InvalidInput
from service.kit.ids import is_id
from service.kit.money import MAX_MINOR, amount_faults, minor_digits
from service.plans.domain import VersionStatus
from service.plans.policy import to_policy
from service.plans.tables import Plan, PlanVersion

AT_ONCE: Final = 10_000
_WAYS: Final = ("plans", "items", "filter")
_OF_ROLLING: Final = ("from", "target", "targets")


@dataclass(frozen=True, slots=True)
class Known:
    """A plan, as it is when a batch is asked for."""

    currency: str
    published: int
    """The number of the version; 0: none is."""


def listed(
    session: Session, caller: Caller, body: Mapping[str, Any]
) -> tuple[Sequence[Item], Mapping[str, Known]]:
    """The plans of a `BatchIn`, and what is known of them. Raises InvalidInput."""
    given = [way for way in _WAYS if body.get(way) is not None]
    if len(given) != 1:
        told = " and ".join(given) or "none of them is there"
        raise InvalidInput([Fault("", f"wants one of {', '.join(_WAYS)}: {told}")])
    items = _found(session, caller, body) if given == ["filter"] else [*_named(body)]
    named = {item.plan for item in items} | {item.source for item in items if item.source}
    known = known_plans(session, caller.workspace_id, named)
    faults = [
        *_unknown(items, known),
        *named_twice(items),
        *_rolled_without_a_word(body),
        *_of_targets(items, known),
        *_of_policies(items, known, body),
    ]
    if faults:
        raise InvalidInput(faults)
    return items, known


def known_plans(session: Session, workspace_id: str, ids: Collection[str]) -> Mapping[str, Known]:
    """By id; without those that there are not."""
    is_published = (PlanVersion.plan_id == Plan.id) & (
        PlanVersion.status == VersionStatus.PUBLISHED
    )
    query = sa.select(Plan.id, Plan.currency, sa.func.coalesce(PlanVersion.number, 0))
    query = query.outerjoin(PlanVersion, is_published).where(Plan.workspace_id == workspace_id)
    found: dict[str, Known] = {}
    for some in batched((own for own in ids if is_id("plan", own)), AT_ONCE):
        for plan, currency, number in session.execute(query.where(Plan.id.in_(some))):
            found[plan] = Known(currency, number)
    return found


def _named(body: Mapping[str, Any]) -> Iterator[Item]:
    rolls = body.get("inputs") == "rolled_forward"
    for place, plan in enumerate(body.get("plans") or ()):
        yield Item(plan, f"/plans/{place}", rolled={} if rolls else None)
    for place, row in enumerate(body.get("items") or ()):
        at = f"/items/{place}"
        said = {name: row[name] for name in _OF_ROLLING if row.get(name) is not None}
        yield Item(row["plan"], f"{at}/plan", at, row.get("policy"), said if rolls else None)


def _found(session: Session, caller: Caller, body: Mapping[str, Any]) -> Sequence[Item]:
    pattern, period = body["filter"]["name"], body["filter"].get("period") or {}
    query = sa.select(Plan.id, Plan.name).filter_by(workspace_id=caller.workspace_id)
    query = query.order_by(Plan.id)
    for column, day in ((Plan.period_start, "start"), (Plan.period_end, "end")):
        if period.get(day) is not None:
            query = query.where(column == period[day])
    is_meant = matching(pattern)
    found = [plan for plan, name in session.execute(query) if is_meant(name)]
    if not found:
        reason = "matches the name of no plan" + (" of this period" if period else "")
        raise InvalidInput([Fault("/filter/name", reason, pattern)])
    if len(found) > MOST_PLANS:
        reason = f"matches more than {MOST_PLANS:,} plans; make several batches"
        raise InvalidInput([Fault("/filter/name", reason, pattern)])
    rolled: dict[str, Any] | None = {} if body.get("inputs") == "rolled_forward" else None
    return [Item(plan, "/filter/name", rolled=rolled) for plan in found]


def _unknown(items: Sequence[Item], known: Collection[str]) -> Iterator[Fault]:
    for item in items:
        if item.plan not in known:
            yield Fault(item.pointer, "names no plan", item.plan)
        if item.source is not None and item.source not in known:
            yield Fault(f"{item.row}/from", "names no plan", item.source)


def _rolled_without_a_word(body: Mapping[str, Any]) -> Iterator[Fault]:
    if body.get("inputs") == "rolled_forward":
        return
    for place, row in enumerate(body.get("items") or ()):
        for name in _OF_ROLLING:
            if row.get(name) is not None:
                reason = 'is for inputs that are rolled forward: send `"inputs": "rolled_forward"`'
                yield Fault(f"/items/{place}/{name}", reason)


def _of_targets(items: Sequence[Item], known: Mapping[str, Known]) -> Iterator[Fault]:
    """What is wrong with a target whatever the plan; whom `targets` name is the plan's business."""
    for item in items:
        said = item.rolled or {}
        target, rows = said.get("target"), said.get("targets")
        if target is not None and rows is not None:
            yield Fault(f"{item.row}/target", "stands beside `targets`: send one of the two")
        elif target is not None and item.plan in known:
            digits = minor_digits(known[item.plan].currency)
            yield from amount_faults(target, digits, f"{item.row}/target")
        for place, row in enumerate(rows or ()):
            if isinstance(row["amount"], int) and abs(row["amount"]) > MAX_MINOR:
                at = f"{item.row}/targets/{place}/amount"
                yield Fault(at, "is too large", row["amount"])


def _of_policies(
    items: Sequence[Item], known: Mapping[str, Known], body: Mapping[str, Any]
) -> Iterator[Fault]:
    """What is wrong with a policy whatever the plan; whom it names is each plan's business."""
    of_currency = {own: minor_digits(own) for own in {each.currency for each in known.values()}}
    digits = {plan: of_currency[own.currency] for plan, own in known.items()}
    shared = [item for item in items if item.policy is None and item.plan in digits]
    of_all = [
        [*_faults(body.get("policy"), own, ("policy",))]
        for own in {digits[item.plan] for item in shared}
    ]
    if of_all and all(of_all):
        yield from of_all[0]
    sound: set[tuple[str, int]] = set()
    for place, item in enumerate(items):
        if item.policy is None or item.plan not in digits:
            continue
        same = repr(item.policy), digits[item.plan]
        if same not in sound:
            faults = _faults(item.policy, digits[item.plan], ("items", place, "policy"))
            sound |= set() if faults else {same}
            yield from faults


def _faults(
    policy: Mapping[str, Any] | None, digits: int, path: tuple[str | int, ...]
) -> Sequence[Fault]:
    try:
        to_policy(policy, digits=digits, path=path)
    except InvalidInput as error:
        return error.faults
    return ()
