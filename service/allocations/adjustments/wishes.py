"""What a body wants of an adjustment, with every fault of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from service.allocations.adjustments.domain import Adjusted, Wish
from service.allocations.versions.usecases.amending import Fetched
from service.allocations.versions.usecases.closing import Closing
from service.kit.errors import Fault, InvalidInput
from service.kit.money import InvalidMoney, to_minor
from service.plans.sight import Sight


def read_wish(
    body: Mapping[str, Any],
    known: Sequence[Fault],
    found: Fetched,
    sight: Sight,
    closing: Closing,
) -> Wish:
    """Raises InvalidInput with the faults that are `known` and all others. Reps whom the caller
    does not see are as unknown as those who do not exist.
    """
    rows = found.version.quotas
    reps = {rep for rep, place in found.version.names.rep.items() if sight.sees_rep(rows[place])}
    wanted = body.get("adjustments") or ()
    named = {row.get("rep") for row in wanted}
    faults = [
        *known,
        *_odd_names(wanted, reps),
        *_odd_quotas(wanted, found.digits),
        *_odd_releases(body.get("release") or (), found, reps, named),
    ]
    effective = body.get("effective")
    if effective is not None and effective not in found.months:
        faults.append(Fault("/effective", "is no month of the version's period", effective))
    elif effective is not None and effective <= closing.over:
        reason = f"lies in a month that is over; {closing.first_open} is the first to come"
        faults.append(Fault("/effective", reason, effective))
    if not faults and not wanted and not body.get("release"):
        faults.append(Fault("", "names neither an adjustment nor a lock to release"))
    if faults:
        raise InvalidInput(faults)
    adjusted = [
        Adjusted(row["rep"], to_minor(row["quota"], found.digits), row["reason"]) for row in wanted
    ]
    return Wish(
        adjusted=sorted(adjusted, key=lambda own: own.rep),
        released=sorted(body.get("release") or ()),
        funding=body.get("funding"),
        effective=effective or closing.first_open,
        note=body.get("note"),
    )


def _odd_names(wanted: Sequence[Mapping[str, Any]], reps: Collection[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, row in enumerate(wanted):
        rep = row.get("rep")
        if not isinstance(rep, str):
            continue  # its shape is a fault already
        if rep in seen:
            yield Fault(f"/adjustments/{number}/rep", "stands twice", rep)
        elif rep not in reps:
            yield Fault(f"/adjustments/{number}/rep", "has no quota in this version", rep)
        seen.add(rep)


def _odd_quotas(wanted: Sequence[Mapping[str, Any]], digits: int) -> Iterator[Fault]:
    for number, row in enumerate(wanted):
        at, quota = f"/adjustments/{number}/quota", row.get("quota")
        if quota is None:
            continue
        try:
            if to_minor(quota, digits) < 0:
                yield Fault(at, "must be 0 or more", quota)
        except InvalidMoney as reason:
            yield Fault(at, str(reason), quota)


def _odd_releases(
    released: Sequence[Any], found: Fetched, reps: Collection[str], named: Collection[Any]
) -> Iterator[Fault]:
    locked = {own["rep"] for own in found.version.manifest.get("locks", [])} & {*reps}
    for number, rep in enumerate(released):
        at = f"/release/{number}"
        if not isinstance(rep, str):
            continue  # its shape is a fault already
        if rep in named:
            yield Fault(at, "is adjusted as well", rep)
        elif rep not in locked:
            yield Fault(at, "has no lock in this version", rep)
        elif rep in released[:number]:
            yield Fault(at, "stands twice", rep)
