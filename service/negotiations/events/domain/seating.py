"""What comes of an event: the seats after it, and how they are kept until the next one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, assert_never

from service.negotiations.events.domain.kinds import Event, EventKind
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


def happened(seats: Seats, event: Event, since: dt.date, unfilled: Collection[str] = ()) -> Seats:
    """The seats once the event counts, from that day on.

    `seats` hold everybody whom the event is about; a target is not about anybody. `unfilled`: the
    rows that the plan was solved with as vacant seats. Raises `NothingChanges`.
    """
    first = since.toordinal()
    rep = event.rep or ""
    match event.kind:
        case EventKind.LEAVE:
            after = _left(seats, event, since)
        case EventKind.HIRE:
            after = _hired(seats, event, since, unfilled)
        case EventKind.TRANSFER:
            after = _transferred(seats, event, first, unfilled)
        case EventKind.SWAP:
            after = swap(seats, rep, event.other or "", first)
        case EventKind.FTE:
            after = work_part_of_the_time(seats, rep, event.fte or 1.0, first)
        case EventKind.TARGET:
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


def _hired(seats: Seats, event: Event, since: dt.date, unfilled: Collection[str]) -> Seats:
    rep, first = event.rep or "", since.toordinal()
    if event.takes_over == rep:
        return come_back(seats, rep, first)
    if event.fte is not None:
        hours = seats.people.working_time | {(rep, first, event.fte)}
        seats = replace(seats, people=replace(seats.people, working_time=hours))
    if event.takes_over is None:
        nothing = [0] * len(seats.calendar)
        return seats.with_row(rep, event.to_unit, nothing, first)
    # What a vacant seat carries was planned with whoever fills it in mind.
    usual = event.takes_over not in unfilled
    if event.ramp if event.ramp is not None else usual:
        month = event.first.year * 12 + event.first.month - 1
        hired = {**seats.people.hired, rep: month}
        seats = replace(seats, people=replace(seats.people, hired=hired))
    return _taken_over(seats, event.takes_over, rep, first, unfilled)


def _taken_over(seats: Seats, of: str, by: str, first: int, unfilled: Collection[str]) -> Seats:
    """With a seat that somebody left, or that nobody has filled yet."""
    if of in unfilled:
        return hand_over(seats, of, by, first)
    return take_over(seats, of, by, first)


def _transferred(seats: Seats, event: Event, first: int, unfilled: Collection[str]) -> Seats:
    rep = event.rep or ""
    if event.takes_over is None and event.hands_to is None:
        return move(seats, rep, event.to_unit, first)
    if event.hands_to is not None:
        seats = hand_over(seats, rep, event.hands_to, first)
    else:
        seats = leave(seats, rep, first)
    if event.takes_over is not None:
        return _taken_over(seats, event.takes_over, rep, first, unfilled)
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
