"""What came of a change: amounts of people by unit and month, and what is left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from solver.proration.parts import first_of
from solver.seats.cuts import tidied
from solver.seats.tables import Seats, Segment

type ByMonth = tuple[int, ...]
type OfPeople = dict[tuple[str, str | None], ByMonth]
"""By person and unit."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The change of everybody whom an event is about, minor units by month."""

    people: OfPeople
    """By person and unit; without those for whom nothing changes."""
    open: dict[str | None, ByMonth]
    """By unit: what nobody carries any more; below 0 what is carried again."""


def carried_by(seats: Seats) -> OfPeople:
    """What each person carries in each unit."""
    found: OfPeople = {}
    for own in seats.segments:
        if own.why is None:
            found[own.holder, own.unit] = _sum(found.get((own.holder, own.unit)), own.months)
    return found


def moved(before: Seats, after: Seats) -> Moved:
    """What people carry more or less; with what is open it adds up to 0 in every month."""
    return Moved(
        _changes(carried_by(before), carried_by(after)), _changes(_open(before), _open(after))
    )


def _open(seats: Seats) -> dict[str | None, ByMonth]:
    found: dict[str | None, ByMonth] = {}
    for gap in seats.segments:
        if gap.why is not None:
            found[gap.unit] = _sum(found.get(gap.unit), gap.months)
    return found


def _changes[Key](
    before: Mapping[Key, ByMonth], after: Mapping[Key, ByMonth]
) -> dict[Key, ByMonth]:
    found = {}
    for key in dict.fromkeys((*before, *after)):
        minus = tuple(-amount for amount in before.get(key, ()))
        change = _sum(after.get(key), minus) if minus else after[key]
        if any(change):
            found[key] = change
    return found


def with_amounts(seats: Seats, months: Mapping[str, ByMonth]) -> Seats:
    """The same people in the same segments, who carry these amounts together.

    What others had to give, or gave, since the segments were told goes to what each held last in a
    month, so that segments add up to quotas again.
    """
    so_far: dict[str, ByMonth] = {}
    for (holder, _), amounts in carried_by(seats).items():
        so_far[holder] = _sum(so_far.get(holder), amounts)
    found = list(seats.segments)
    for rep in sorted(so_far.keys() & months.keys()):
        for month, (told, carried) in enumerate(zip(months[rep], so_far[rep], strict=True)):
            if told != carried:
                _add(found, rep, month, told - carried, seats)
    return seats.with_segments(tidied(found))


def _add(segments: list[Segment], rep: str, month: int, change: int, seats: Seats) -> None:
    """Give a change of one month to the last of the person's segments in it that have room."""
    ends = first_of(seats.calendar.start + month), first_of(seats.calendar.start + month + 1)
    held = [k for k, each in enumerate(segments) if each.holder == rep and each.why is None]
    own = [k for k in held if segments[k].first < ends[1] and segments[k].last >= ends[0]] or held
    own.sort(key=lambda k: (segments[k].first, segments[k].seat), reverse=True)
    for k in own:
        room = max(change, -segments[k].months[month]) if k != own[-1] else change
        amounts = list(segments[k].months)
        amounts[month] += room
        segments[k] = replace(segments[k], months=tuple(amounts))
        change -= room


def _sum(one: ByMonth | None, other: ByMonth) -> ByMonth:
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))
