"""The inputs of a plan after an event, so that the next solve begins with what is known.

What was given of somebody for the whole period (expected sales, reach, limits) goes with the seats:
who carries half a seat from now on is expected to sell half of what was expected of the seat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from service.kit.money import from_minor
from service.negotiations.events.domain.kinds import Event, EventKind
from solver.seats import Seats

type Row = dict[str, Any]

_OF_SEATS: Final = ("baseline", "reach")
"""What is expected of whoever holds a seat."""
_OF_PEOPLE: Final = ("potential", "capacity", "min", "max", "fixed")
"""What holds for a person, for as long as the person is there."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and all that the inputs need to know of it."""

    event: Event
    seats: Seats
    """After it, before anybody else carries what it leaves open."""
    solved: Mapping[str, Row]
    """The rows of the reps that the version was solved from."""
    months: Mapping[str, Sequence[int]]
    """What each seat was solved to carry, month by month."""
    person: Mapping[str, Any] | None
    """The row of somebody hired."""
    digits: int


def changed(document: Row, happened: Happened) -> Row:
    """The inputs after the event; rows are changed in place."""
    _say(document, happened)
    _pass_on(document, happened.event)
    for row in document["reps"]:
        if row["id"] in happened.event.concerned:
            row.update(_by_seats(row["id"], happened))
    return document


def _say(document: Row, happened: Happened) -> None:
    event = happened.event
    reps: dict[str, Row] = {row["id"]: row for row in document["reps"]}
    rep = reps.get(event.rep or "")
    match event.kind:
        case EventKind.LEAVE if rep is not None:
            last = None if event.last is None else event.last.isoformat()
            away = {"from": event.first.isoformat(), "to": last}
            rep.setdefault("absences", []).append(away)
        case EventKind.HIRE if event.takes_over == event.rep and rep is not None:
            rep["absences"] = _until(rep.get("absences", []), event.first)
        case EventKind.HIRE:
            _hire(document, happened, reps.get(event.takes_over or ""))
        case EventKind.TRANSFER if rep is not None:
            rep["unit"] = event.to_unit
        case EventKind.SWAP if rep is not None:
            other = reps[event.other or ""]
            rep["unit"], other["unit"] = other.get("unit"), rep.get("unit")
        case EventKind.FTE if rep is not None:
            rep["fte"] = event.fte
        case EventKind.TARGET:
            _set_target(document, from_minor(event.amount or 0, happened.digits))


def _hire(document: Row, happened: Happened, seat: Row | None) -> None:
    event, first = happened.event, happened.event.first.isoformat()
    document["reps"].append({"hired": first, **(happened.person or {}), "id": event.rep})
    if seat is not None and seat.get("vacant"):
        seat.setdefault("absences", []).append({"from": first})


def _by_seats(rep: str, happened: Happened) -> Row:
    """What was given of the seats that somebody holds, by the parts that the person carries.

    What somebody new states is left as it is, and so is what was estimated.
    """
    solved, digits = happened.solved, happened.digits
    parts = _parts(rep, happened)
    stated = {} if rep in solved else happened.person or {}
    found: Row = {}
    for name in _OF_SEATS:
        given = [solved.get(seat, {}).get(name) for seat in parts]
        if parts and stated.get(name) is None and None not in given:
            pairs: Any = zip(parts.values(), given, strict=True)
            found[name] = round(sum(part * whole for part, whole in pairs), digits)
    own = solved.get(rep, {})
    for name in _OF_PEOPLE:
        if parts and own.get(name) is not None:
            found[name] = round(own[name] * min(1.0, sum(parts.values())), digits)
    return found


def _parts(rep: str, happened: Happened) -> dict[str, float]:
    """Of each seat that somebody held or holds, the part that the person carries of what it was
    solved to carry: 0 … 1, or more where the person works more than the seat asks for.
    """
    segments = happened.seats.segments
    found: dict[str, float] = {}
    for seat in sorted({own.seat for own in segments if own.holder == rep}):
        every = [own for own in segments if own.seat == seat]
        mine = [own for own in every if own.holder == rep and own.why is None]
        solved = happened.months.get(seat, ())
        if sum(solved):
            carried = (
                amount * sum(own.months[month] for own in mine) / whole
                for month, amount in enumerate(solved)
                if (whole := sum(own.months[month] for own in every))
            )
            found[seat] = sum(carried) / sum(solved)
    return found


def _until(absences: list[Row], back: date) -> list[Row]:
    """The absences of somebody who is back that day."""
    day, before = back.isoformat(), (back - timedelta(days=1)).isoformat()
    kept = []
    for own in absences:
        over = own["from"] <= day <= (own.get("to") or day)
        if over and own["from"] < day:
            kept.append({**own, "to": before})
        elif not over:
            kept.append(own)
    return kept


def _set_target(document: Row, amount: float) -> None:
    if document.get("target") is not None:
        document["target"] = amount
        return
    document["targets"][0]["amount"] = amount  # the company's own stands first


def _pass_on(document: Row, event: Event) -> None:
    """Territories go with the seats that change hands."""
    pairs: dict[str, str] = {}
    rep = event.rep or ""
    if event.kind is EventKind.SWAP:
        pairs = {rep: event.other or "", event.other or "": rep}
    if event.hands_to is not None:
        pairs[rep] = event.hands_to
    if event.takes_over is not None and event.takes_over != rep:
        pairs[event.takes_over] = rep
    if not pairs:
        return
    first, before = event.first, (event.first - timedelta(days=1)).isoformat()
    for territory in document["territories"]:
        held = []
        for own in territory.get("holders", []):
            ends = own.get("to")
            if own["rep"] not in pairs or (ends is not None and ends < first.isoformat()):
                held.append(own)
                continue
            begins = own.get("from")
            if begins is None or begins < first.isoformat():
                held.append({**own, "to": before})
                begins = first.isoformat()
            held.append({**own, "rep": pairs[own["rep"]], "from": begins})
        territory["holders"] = held
