"""The ways to fund a change as somebody is told them: which can be, and what stops the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.allocations.versions.usecases.amending import ChangeNotCarried, Fetched
from service.kit.errors import AppError, InvalidInput
from service.kit.money import to_minor
from service.negotiations.change_requests.domain.funding import Funding, upwards
from service.negotiations.change_requests.usecases.funding import Change, Option
from service.negotiations.change_requests.usecases.scope import Scope


@dataclass(frozen=True, slots=True)
class Reserve:
    """What a unit may give back, and what is left of it before the change; in minor units."""

    unit: str | None
    amount: int
    left: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way to fund the change; amounts in minor units."""

    funding: Funding
    unit: str | None
    possible: bool
    signs: bool
    at_most: int | None
    """The quota nearest to what is wanted that could be granted so; None: that is not known."""
    reason: str | None
    """Why it is not possible."""
    limits: tuple[tuple[str, float], ...]
    """Rules that stop it and their amounts, as problems tell them."""


def way_of(found: Fetched, change: Change, scope: Scope, one: Option) -> Way:
    """An option as the caller may know it."""
    if not (one.signs or scope.sees_everything):
        return _without_amounts(change, one)
    limits: tuple[tuple[str, float], ...] = ()
    at_most: int | None = change.amount if one.after is not None else None
    if isinstance(one.refusal, ChangeNotCarried):
        context: Mapping[str, Any] = one.refusal.context
        at_most = to_minor(context["could"][0]["quota"], found.digits)
        limits = tuple(_seen_limits(context["limits"], found, scope))
    elif one.funding == "reserve" and at_most is None:
        at_most = _out_of_reserve(found, change, scope)
    reason = _reason(one.refusal) if one.refusal else None
    return Way(one.funding, one.unit, one.after is not None, one.signs, at_most, reason, limits)


def _without_amounts(change: Change, one: Option) -> Way:
    """Whether it is possible, for who may not sign it. How much would be tells what others may
    carry yet, the one colleague in a team of two, and what is left of a reserve.
    """
    is_possible = one.after is not None
    amount = change.amount if is_possible else None
    reason = _reason_without_amounts(one.refusal) if one.refusal else None
    return Way(one.funding, one.unit, is_possible, one.signs, amount, reason, ())


def _reason_without_amounts(refusal: AppError) -> str:
    """What is said of the quota in question; `ChangeNotCarried` names none."""
    if not isinstance(refusal, InvalidInput):
        return refusal.detail
    own = [fault.detail for fault in refusal.faults if fault.pointer == "/amount"]
    return "; ".join(own or ["not so much can be funded in this way"])


def _reason(refusal: AppError) -> str:
    """Why a way is closed; nothing was sent for it, so there is no place to point at."""
    if isinstance(refusal, InvalidInput):
        return "; ".join(fault.detail for fault in refusal.faults)
    return refusal.detail


def _seen_limits(
    limits: Iterable[Mapping[str, Any]], found: Fetched, scope: Scope
) -> Iterator[tuple[str, float]]:
    """Those of people whom the caller sees, and of units that the caller answers for."""
    hidden = () if scope.sees_everything else found.version.quotas
    unseen = {row["rep"] for row in hidden if not scope.sees(row["rep"], row["unit"])}
    for limit in limits:
        table, key = limit["rule"].split(":", 1)
        name = key.rpartition(":")[0]
        if scope.sees_everything or (name not in unseen if table == "rep" else scope.holds(name)):
            yield limit["rule"], limit["value"]


def reserve_of(found: Fetched, change: Change, scope: Scope) -> Reserve | None:
    """The nearest one upwards."""
    reserves = {own["unit"]: own for own in found.version.manifest.get("reserves", [])}
    for unit in upwards(change.unit, scope.parents):
        if (own := reserves.get(unit)) is not None:
            return Reserve(unit, own["amount"], own["amount"] - own["used"])
    return None


def _out_of_reserve(found: Fetched, change: Change, scope: Scope) -> int | None:
    reserve, before = reserve_of(found, change, scope), found.quota(change.request.rep)
    if reserve is None or before is None:
        return None
    if change.amount < before:
        return max(change.amount, before - reserve.left)
    return min(change.amount, before + reserve.amount - reserve.left)
