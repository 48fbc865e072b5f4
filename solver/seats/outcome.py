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


def with_amounts(seats: Seats, amounts: OfPeople) -> Seats:
    """The same people in the same segments, who carry these amounts in each unit; those of whom
    nothing is told carry what they did.

    What others had to give, or gave, since the segments were told goes to what each held last of
    the unit in a month. Who held nothing there has it as a segment of the own seat. So segments add
    up to quotas and to units again.
    """
    so_far = carried_by(seats)
    holders = {holder for holder, _ in so_far} & {rep for rep, _ in amounts}
    found, nothing = list(seats.segments), (0,) * len(seats.calendar)
    for key in sorted({*so_far, *amounts}, key=lambda own: (own[0], own[1] or "")):
        if key[0] not in holders:
            continue
        pairs = zip(amounts.get(key, nothing), so_far.get(key, nothing), strict=True)
        for month, (told, carried) in enumerate(pairs):
            if told != carried:
                _add(found, key, month, told - carried, seats)
    return seats.with_segments(tidied(found))


def _add(
    segments: list[Segment], of: tuple[str, str | None], month: int, change: int, seats: Seats
) -> None:
    """Give a change of one month to the last of the person's segments of the unit in it that have
    room.
    """
    ends = first_of(seats.calendar.start + month), first_of(seats.calendar.start + month + 1)
    own = [
        k
        for k, each in enumerate(segments)
        if (each.holder, each.unit) == of
        and each.why is None
        and each.first < ends[1]
        and each.last >= ends[0]
    ]
    if not own:
        days = max(ends[0], seats.start), min(ends[1] - 1, seats.end)
        segments.append(Segment(of[0], *of, *days, (0,) * len(seats.calendar)))
        own = [len(segments) - 1]
    own.sort(key=lambda k: (segments[k].first, segments[k].seat), reverse=True)
    for k in own:
        room = max(change, -segments[k].months[month]) if k != own[-1] else change
        amounts = list(segments[k].months)
        amounts[month] += room
        segments[k] = replace(segments[k], months=tuple(amounts))
        change -= room


def _sum(one: ByMonth | None, other: ByMonth) -> ByMonth:
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))
