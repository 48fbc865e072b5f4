"""Cutting segments at a day, and putting pieces together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from solver.proration.parts import first_of, weight_between, weights_of_days
from solver.seats.tables import Seats, Segment, Why
from solver.spread.calendar import Calendar


def segment_days(calendar: Calendar, first: int, last: int) -> list[int]:
    """The working days of each month from one day to another; all days where none is worked."""
    edge, weight = weights_of_days(calendar)
    start = first_of(calendar.start)
    ends = (np.array([day]) for day in (first - start, last + 1 - start))
    days: list[int] = weight_between(weight, edge, *ends)[0].astype(int).tolist()
    return days


def parted(
    seats: Seats, chosen: Callable[[Segment], bool], first: int, last: int
) -> tuple[list[Segment], list[Segment]]:
    """All that is not chosen or lies outside the days from `first` to `last`; and what is inside.

    Segments across these days are cut.
    """
    others: list[Segment] = []
    inside: list[Segment] = []
    for segment in seats.segments:
        if not chosen(segment):
            others.append(segment)
            continue
        for piece in cut(segment, (first, last + 1), seats):
            (inside if first <= piece.first and piece.last <= last else others).append(piece)
    return others, inside


def cut(segment: Segment, days: Iterable[int], seats: Seats) -> list[Segment]:
    """The pieces of a segment, a new one beginning on each of these days that lies inside it."""
    pieces, rest = [], segment
    for day in sorted(set(days)):
        if rest.first < day <= rest.last:
            head, rest = _halves(rest, day, seats)
            pieces.append(head)
    return [*pieces, rest]


def _halves(segment: Segment, day: int, seats: Seats) -> tuple[Segment, Segment]:
    """Before the day, and from it on: of the day's month each gets the part of its working days,
    whole increments where that is possible.
    """
    before = segment_days(seats.calendar, segment.first, day - 1)
    whole = segment_days(seats.calendar, segment.first, segment.last)
    day_of_month = [first_of(seats.calendar.start + k) for k in range(len(seats.calendar))]
    head = []
    for amount, own, all_, begins in zip(segment.months, before, whole, day_of_month, strict=True):
        if own == all_:
            head.append(amount if begins < day else 0)
        else:
            head.append(_part(amount, own, all_, seats.increment))
    tail = (amount - own for amount, own in zip(segment.months, head, strict=True))
    return (
        replace(segment, last=day - 1, months=tuple(head)),
        replace(segment, first=day, months=tuple(tail)),
    )


def _part(amount: int, own: int, of: int, increment: int) -> int:
    """`amount` x own / of in whole increments, never beyond either end."""
    near = (2 * amount * own + of * increment) // (2 * of * increment) * increment
    return max(min(near, max(amount, 0)), min(amount, 0))


def whole_again(pieces: Iterable[Segment], seats: Seats) -> list[Segment]:
    """The seats that these pieces are parts of: whatever somebody carries of them, and does not."""
    found: dict[tuple[str, str, str | None, int, int], Segment] = {}
    for piece in _aligned(pieces, seats):
        key = piece.seat, piece.holder, piece.unit, piece.first, piece.last
        if (so_far := found.get(key)) is None:
            found[key] = replace(piece, why=None)
        else:
            found[key] = replace(so_far, months=_sum(so_far.months, piece.months))
    return list(found.values())


def _aligned(pieces: Iterable[Segment], seats: Seats) -> Iterator[Segment]:
    """The same, cut so that those of one seat begin and end together."""
    every = list(pieces)
    for piece in every:
        ends = (day for own in every if own.seat == piece.seat for day in (own.first, own.last + 1))
        yield from cut(piece, ends, seats)


def tidied(segments: Iterable[Segment]) -> list[Segment]:
    """In order, neighbours put together, without what is left of whole seats where nothing is."""
    found: list[Segment] = []
    for segment in sorted(segments, key=_order):
        if segment.why in {Why.PART_TIME, Why.RAMP} and not any(segment.months):
            continue
        if found and _goes_on(found[-1], segment):
            months = _sum(found[-1].months, segment.months)
            found[-1] = replace(found[-1], last=segment.last, months=months)
        else:
            found.append(segment)
    return found


def _order(segment: Segment) -> tuple[str, str, str, str, int]:
    why = "" if segment.why is None else segment.why.value
    return segment.seat, segment.holder, why, segment.unit or "", segment.first


def _goes_on(before: Segment, after: Segment) -> bool:
    return _order(before)[:-1] == _order(after)[:-1] and before.last + 1 == after.first


def _sum(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
