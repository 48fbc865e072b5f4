"""One function per event: the seats as they are after it.

Every function changes what is carried from a day on and leaves all days before as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from solver.seats.cuts import parted, tidied, whole_again
from solver.seats.presence import carried
from solver.seats.tables import People, Seats, Segment, Why


def leave(seats: Seats, rep: str, first: int, last: int | None = None) -> Seats:
    """`rep` is not there from the first day to the last one; None: leaves for good."""
    if last is not None:
        absences = seats.people.absences | {(rep, first, last)}
        return _seated_again(_with(seats, absences=absences), rep, first)
    return _given(seats, _own(rep), first, lambda piece: replace(piece, why=Why.VACANT))


def come_back(seats: Seats, rep: str, first: int) -> Seats:
    """`rep` is there again from that day on, in every seat that nobody took over."""
    over = {own for own in seats.people.absences if own[0] == rep and own[1] <= first <= own[2]}
    kept = {(rep, left, first - 1) for _, left, _ in over if left < first}
    absences = seats.people.absences - over | kept
    return _seated(_with(seats, absences=absences), _any_of(rep), rep, first)


def take_over(seats: Seats, of: str, by: str, first: int) -> Seats:
    """`by` carries what `of` has left, or is away from, from that day on."""
    return _seated(seats, left_by(of), by, first)


def left_by(rep: str) -> Callable[[Segment], bool]:
    """What somebody else can take over."""
    return lambda segment: segment.holder == rep and segment.why in {Why.VACANT, Why.AWAY}


def move(seats: Seats, rep: str, unit: str | None, first: int) -> Seats:
    """`rep` goes on in another unit, and takes the seats along."""
    others, inside = parted(seats, _any_of(rep), first, seats.end)
    return seats.with_segments(tidied([*others, *(replace(own, unit=unit) for own in inside)]))


def hand_over(seats: Seats, rep: str, to: str, first: int) -> Seats:
    """`to` carries what `rep` carried until then."""
    return _seated(seats, _own(rep), to, first)


def swap(seats: Seats, one: str, other: str, first: int) -> Seats:
    """Two people exchange their seats."""
    others, inside = parted(seats, lambda own: _own(one)(own) or _own(other)(own), first, seats.end)
    found = list(others)
    for rep, by in ((one, other), (other, one)):
        pieces = [own for own in inside if own.holder == rep]
        found += carried(whole_again(pieces, seats), by, seats)
    return seats.with_segments(tidied(found))


def work_part_of_the_time(seats: Seats, rep: str, fte: float, first: int) -> Seats:
    """`rep` works so many full-time equivalents from that day on."""
    kept = {row for row in seats.people.working_time if row[0] != rep or row[1] < first}
    working_time = frozenset(kept | {(rep, first, fte)})
    return _seated_again(_with(seats, working_time=working_time), rep, first)


def _own(rep: str) -> Callable[[Segment], bool]:
    """What is of somebody who has not left it."""
    return lambda segment: segment.holder == rep and segment.why is not Why.VACANT


def _any_of(rep: str) -> Callable[[Segment], bool]:
    return lambda segment: segment.holder == rep


def _seated_again(seats: Seats, rep: str, first: int) -> Seats:
    return _seated(seats, _own(rep), rep, first)


def _seated(seats: Seats, chosen: Callable[[Segment], bool], by: str, first: int) -> Seats:
    """`by` sits in the seats that the chosen segments are parts of."""
    others, inside = parted(seats, chosen, first, seats.end)
    now = carried(whole_again(inside, seats), by, seats)
    return seats.with_segments(tidied([*others, *now]))


def _given(
    seats: Seats, chosen: Callable[[Segment], bool], first: int, to: Callable[[Segment], Segment]
) -> Seats:
    others, inside = parted(seats, chosen, first, seats.end)
    now: Iterable[Segment] = map(to, whole_again(inside, seats))
    return seats.with_segments(tidied([*others, *now]))


def _with(seats: Seats, **facts: object) -> Seats:
    people: People = replace(seats.people, **facts)  # type: ignore[arg-type]
    return replace(seats, people=people)
