"""What comes of an event: the seats after it, and how they are kept until the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

from service.negotiations.events.domain.kinds import Event, Kind
from service.negotiations.events.domain.life import NothingChanges
from solver.seats import (
    Seats,
    Segment,
    Why,
    come_back,
    hand_over,
    leave,
    move,
    swap,
    take_over,
    work_part_of_the_time,
)

type Row = dict[str, Any]


def happened(seats: Seats, event: Event, since: dt.date) -> Seats:
    """The seats once the event counts, from that day on.

    `seats` hold everybody whom the event is about; a target is not about anybody. Raises
    `NothingChanges`.
    """
    first = since.toordinal()
    rep = event.rep or ""
    match event.kind:
        case Kind.LEAVE:
            after = _left(seats, event, since)
        case Kind.HIRE:
            after = _hired(seats, event, since)
        case Kind.TRANSFER:
            after = _transferred(seats, event, first)
        case Kind.SWAP:
            after = swap(seats, rep, event.other or "", first)
        case Kind.FTE:
            after = work_part_of_the_time(seats, rep, event.fte or 1.0, first)
        case Kind.TARGET:
            return seats
        case unknown:
            assert_never(unknown)
    if after.segments == seats.segments:
        raise NothingChanges(_nothing(event, since))
    return after


def _left(seats: Seats, event: Event, since: dt.date) -> Seats:
    if event.last is not None and event.last < since:
        raise NothingChanges(
            f"The leave ends on {event.last}, and all months up to then are closed."
        )
    last = None if event.last is None else event.last.toordinal()
    return leave(seats, event.rep or "", since.toordinal(), last)


def _hired(seats: Seats, event: Event, since: dt.date) -> Seats:
    rep, first = event.rep or "", since.toordinal()
    if event.takes_over == rep:
        return come_back(seats, rep, first)
    if event.fte is not None:
        hours = seats.people.working_time | {(rep, first, event.fte)}
        seats = replace(seats, people=replace(seats.people, working_time=hours))
    if event.takes_over is None:
        nothing = [0] * len(seats.calendar)
        return seats.with_row(rep, event.to_unit, nothing, first)
    month = event.first.year * 12 + event.first.month - 1
    hired = month if event.ramp else None
    return take_over(seats, event.takes_over, rep, first, hired=hired)


def _transferred(seats: Seats, event: Event, first: int) -> Seats:
    rep = event.rep or ""
    if event.takes_over is None and event.hands_to is None:
        return move(seats, rep, event.to_unit, first)
    if event.hands_to is not None:
        seats = hand_over(seats, rep, event.hands_to, first)
    else:
        seats = leave(seats, rep, first)
    if event.takes_over is not None:
        return take_over(seats, event.takes_over, rep, first)
    nothing = [0] * len(seats.calendar)
    return seats.with_row(rep, event.to_unit, nothing, first)


def _nothing(event: Event, since: dt.date) -> str:
    if event.takes_over is not None:
        return f"Nobody has left the seat of {event.takes_over}: there is nothing to take over."
    return f"Nothing that {event.rep} carries from {since} on would change."


def kept(seats: Seats) -> Row:
    """The seats as JSON, without what the version tells of its calendar."""
    people = seats.people
    return {
        "segments": [
            [
                own.seat,
                own.holder,
                own.unit,
                _day(own.first),
                _day(own.last),
                list(own.months),
                own.why,
            ]
            for own in seats.segments
        ],
        "absences": sorted([rep, _day(first), _day(last)] for rep, first, last in people.absences),
        "working_time": sorted([rep, _day(first), fte] for rep, first, fte in people.working_time),
        "hired": dict(sorted(people.hired.items())),
    }


def with_kept(seats: Seats, stored: Mapping[str, Any]) -> Seats:
    """The same calendar with the segments and people that were kept."""
    segments = [
        Segment(
            seat,
            holder,
            unit,
            _ordinal(first),
            _ordinal(last),
            tuple(months),
            None if why is None else Why(why),
        )
        for seat, holder, unit, first, last, months, why in stored["segments"]
    ]
    people = replace(
        seats.people,
        absences=frozenset(
            (rep, _ordinal(first), _ordinal(last)) for rep, first, last in stored["absences"]
        ),
        working_time=frozenset(
            (rep, _ordinal(first), fte) for rep, first, fte in stored["working_time"]
        ),
        hired=stored["hired"],
    )
    return replace(seats, segments=tuple(segments), people=people)


def holders(seats: Seats) -> frozenset[str]:
    """Whoever carries, or carried, a segment of these seats."""
    return frozenset(own.holder for own in seats.segments)


def _day(ordinal: int) -> str:
    return dt.date.fromordinal(ordinal).isoformat()


def _ordinal(day: str) -> int:
    return dt.date.fromisoformat(day).toordinal()
