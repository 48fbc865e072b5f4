"""The kinds of events, and what each says.

    leave     rep, from, to?                 away for a while; without `to` for good
    hire      rep (a row), from, takes_over  somebody new, or somebody who comes back
    transfer  rep, from, to_unit             takes the own seat along; with `hands_to` or
                                             `takes_over` the seat stays, and another one is taken
    swap      reps (two), from               exchange their seats
    fte       rep, from, share               works so many full-time equivalents
    target    from, amount                   the company's new target of the whole period

Why somebody is away is nobody's business: there is no field for it. Names of people are kept apart
from what an event says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from service.kit.errors import Fault, InvalidInput
from service.kit.kinds import Fields, Stored, listed
from service.kit.money import amount_faults, to_minor

type Row = Mapping[str, Any]


class EventKind(StrEnum):
    LEAVE = "leave"
    HIRE = "hire"
    TRANSFER = "transfer"
    SWAP = "swap"
    FTE = "fte"
    TARGET = "target"


FIELDS: Final[Mapping[EventKind, Fields]] = {
    EventKind.LEAVE: Fields.of("rep from", "to"),
    EventKind.HIRE: Fields.of("rep from takes_over", "ramp"),
    EventKind.TRANSFER: Fields.of("rep from to_unit", "takes_over hands_to"),
    EventKind.SWAP: Fields.of("reps from"),
    EventKind.FTE: Fields.of("rep from share"),
    EventKind.TARGET: Fields.of("from amount", "spread"),
}
"""What each kind has to say, and what it may say besides."""
_UNTOLD: Final = ("kind", "version", "closed_through")
_BY_NULL: Final = ("to_unit", "takes_over")
"""A transfer to the company itself, and a hire of somebody without a seat, say so by null."""


@dataclass(frozen=True, slots=True)
class Event(Stored):
    """What happens, and from which day on; without anybody's name."""

    kind: EventKind
    first: dt.date
    """The day it happens, as stated; it may lie in a closed month."""
    last: dt.date | None = None
    """Of a leave: the last day away; None: for good."""
    rep: str | None = None
    other: str | None = None
    """With whom `rep` swaps."""
    takes_over: str | None = None
    """Whose seat `rep` takes over."""
    hands_to: str | None = None
    to_unit: str | None = None
    """Of a transfer; None: the company itself."""
    fte: float | None = None
    """Of an fte event, and of a hire where it is told."""
    ramp: bool | None = None
    """Whether somebody hired begins with one; None: as is usual."""
    amount: int | None = None
    """The new target, in minor units."""

    @property
    def concerned(self) -> frozenset[str]:
        """Those whom it is about, whether they have a quota yet or not."""
        named = {self.rep, self.other, self.takes_over, self.hands_to}
        return frozenset(rep for rep in named if rep is not None)


@dataclass(frozen=True, slots=True)
class Known:
    """What the version has that an event may name."""

    units: Collection[str]
    reps: Collection[str]
    """Those of the names in the event who have a quota, or whose seat is told by earlier events."""
    period: tuple[dt.date, dt.date]
    digits: int
    territories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Those of the names that are territories instead, and who holds them."""


def read_event(body: Row, known: Known, faults: Sequence[Fault] = ()) -> Event:
    """The event that a body says. Raises `InvalidInput` with every fault.

    `faults`: what was found wrong with the shape of the body, whose faulty values are left out.
    """
    body, found = _with_days(body), [*faults]
    kind = EventKind(body["kind"]) if "kind" in body else None
    if kind is not None:
        found += FIELDS[kind].faults(body, _a(kind), untold=_UNTOLD, by_null=_BY_NULL)
        found += _wrong_days(body, known.period)
        found += _WRONG[kind](body, known)
    if found or kind is None:
        places: dict[str, Fault] = {}
        for fault in found:
            places.setdefault(fault.pointer, fault)
        raise InvalidInput(list(places.values()))
    return _event(kind, body, known.digits)


def _with_days(body: Row) -> Row:
    """A body of which some values were faulty has the others as JSON has them."""
    said = {name: body[name] for name in ("from", "to") if isinstance(body.get(name), str)}
    return {**body, **{name: dt.date.fromisoformat(day) for name, day in said.items()}}


def named_in(body: Row) -> frozenset[str]:
    """The ids of reps in a body, whatever is wrong with it."""
    said = [body.get(name) for name in ("rep", "takes_over", "hands_to")]
    reps = body.get("reps")
    said += list(reps) if isinstance(reps, list) else []
    said = [value.get("id") if isinstance(value, Mapping) else value for value in said]
    return frozenset(value for value in said if isinstance(value, str))


def _wrong_days(body: Row, period: tuple[dt.date, dt.date]) -> Iterator[Fault]:
    first, last = body.get("from"), body.get("to")
    start, end = period
    if first is not None and first > end:
        yield Fault("/from", f"lies after the end of the plan, {end}", first.isoformat())
    elif first is not None and first < start:
        reason = f"lies before the plan begins, {start}: change its inputs instead"
        yield Fault("/from", reason, first.isoformat())
    if first is not None and last is not None and last < first:
        yield Fault("/to", "must not be before from", last.isoformat())


def _rep(body: Row, known: Known, name: str = "rep") -> Iterator[Fault]:
    value = body.get(name)
    if isinstance(value, Mapping):
        yield Fault(f"/{name}", "must be the id of a rep")
    elif isinstance(value, str) and value in known.territories:
        held = known.territories[value]
        whose = f", such as {listed(held)}" if held else ""
        reason = f"is a territory, which changes hands with a seat: name whose seat it is{whose}"
        yield Fault(f"/{name}", reason, value)
    elif value is not None and value not in known.reps:
        yield Fault(f"/{name}", "has no quota in the version in force", value)


def _wrong_leave(body: Row, known: Known) -> Iterator[Fault]:
    yield from _rep(body, known)


def _wrong_hire(body: Row, known: Known) -> Iterator[Fault]:
    row = body.get("rep")
    if isinstance(row, str):
        yield Fault("/rep", 'must be a row such as {"id": "r9", "name": "…", "unit": "west"}', row)
    elif row is not None:
        unit = row.get("unit")
        if unit is not None and unit not in known.units:
            yield Fault("/rep/unit", "names no unit of the version in force", unit)
        if row.get("id") in known.reps and body.get("takes_over") != row["id"]:
            reason = "has a quota already: to come back, take over the own seat"
            yield Fault("/rep/id", reason, row["id"])
    yield from _rep(body, known, "takes_over")


def _wrong_transfer(body: Row, known: Known) -> Iterator[Fault]:
    for name in ("rep", "takes_over", "hands_to"):
        yield from _rep(body, known, name)
    for name in ("takes_over", "hands_to"):
        if body.get(name) is not None and body[name] == body.get("rep"):
            yield Fault(f"/{name}", "is the rep who moves", body[name])
    unit = body.get("to_unit")
    if unit is not None and unit not in known.units:
        yield Fault("/to_unit", "names no unit of the version in force", unit)


def _wrong_swap(body: Row, known: Known) -> Iterator[Fault]:
    reps = body.get("reps")
    if reps is None:
        return
    if len(reps) != 2 or reps[0] == reps[1]:
        yield Fault("/reps", "must be two people")
    for number, rep in enumerate(reps):
        if isinstance(rep, str) and rep not in known.reps:  # else it is told already
            yield Fault(f"/reps/{number}", "has no quota in the version in force", rep)


def _wrong_target(body: Row, known: Known) -> Iterator[Fault]:
    if body.get("amount") is not None:
        yield from amount_faults(body["amount"], known.digits, "/amount")


_WRONG: Final = {
    EventKind.LEAVE: _wrong_leave,
    EventKind.HIRE: _wrong_hire,
    EventKind.TRANSFER: _wrong_transfer,
    EventKind.SWAP: _wrong_swap,
    EventKind.FTE: _wrong_leave,
    EventKind.TARGET: _wrong_target,
}


def _event(kind: EventKind, body: Row, digits: int) -> Event:
    rep, reps, amount = body.get("rep"), body.get("reps"), body.get("amount")
    own: str | None = rep["id"] if isinstance(rep, Mapping) else reps[0] if reps else rep
    return Event(
        kind=kind,
        first=body["from"],
        last=body.get("to"),
        rep=own,
        other=reps[1] if reps else None,
        takes_over=body.get("takes_over"),
        hands_to=body.get("hands_to"),
        to_unit=rep.get("unit") if isinstance(rep, Mapping) else body.get("to_unit"),
        fte=rep.get("fte") if isinstance(rep, Mapping) else body.get("share"),
        ramp=body.get("ramp"),
        amount=None if amount is None else to_minor(amount, digits),
    )


def in_words(event: Event) -> str:
    """Whom it is about and from which day on, in a few words."""
    match event.kind:
        case EventKind.TARGET:
            what = "New target"
        case EventKind.SWAP:
            what = f"Swap of {event.rep} and {event.other}"
        case EventKind.HIRE if event.takes_over == event.rep:
            what = f"Return of {event.rep}"
        case EventKind.FTE:
            what = f"Working time of {event.rep}"
        case kind:
            what = f"{kind.capitalize()} of {event.rep}"
    return f"{what} from {event.first} on"


def _a(kind: EventKind) -> str:
    return f"an {kind}" if kind is EventKind.FTE else f"a {kind}"
