"""What an event comes to, as it is shown before anybody accepts it: before and after of everybody
whom it touches, of their units, month by month, and what is left open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.allocations.months import by_name
from service.kit.money import from_minor
from solver.seats import Seats, Why, segment_days

type Row = dict[str, Any]
type Months = Sequence[int]

WHY: Mapping[Why, str] = {
    Why.VACANT: "vacant",
    Why.AWAY: "away",
    Why.PART_TIME: "part_time",
    Why.RAMP: "ramp",
}


@dataclass(frozen=True, slots=True)
class Told:
    """How amounts are named."""

    names: Sequence[str]
    digits: int

    def change(self, before: Months, after: Months) -> Row:
        """Of somebody, or of a unit, with the months that change."""
        moved = {
            name: from_minor(new - old, self.digits)
            for name, old, new in zip(self.names, before, after, strict=True)
            if old != new
        }
        whole = sum(after) - sum(before)
        return {
            "from": from_minor(sum(before), self.digits),
            "to": from_minor(sum(after), self.digits),
            "change": from_minor(whole, self.digits),
            "months": moved,
        }

    def amount(self, months: Months) -> Row:
        """What is open, month by month."""
        named = by_name(self.names, months, self.digits) or {}
        return {
            "amount": from_minor(sum(months), self.digits),
            "months": {name: amount for name, amount in named.items() if amount},
        }


def segments_of(seats: Seats, holder: str, digits: int) -> list[Row]:
    """What somebody carries, segment by segment; they add up to the quota."""
    return [
        {
            "from": dt.date.fromordinal(own.first).isoformat(),
            "to": dt.date.fromordinal(own.last).isoformat(),
            "unit": own.unit,
            "seat": own.seat,
            "working_days": sum(segment_days(seats.calendar, own.first, own.last)),
            "amount": from_minor(own.amount, digits),
        }
        for own in sorted(seats.segments, key=lambda own: (own.first, own.seat))
        if own.holder == holder and own.why is None
    ]


def vacancies(seats: Seats, digits: int) -> list[Row]:
    """What nobody carries, and why; who carries it in their place is told by funding."""
    return [
        {
            "seat": own.seat,
            "holder": own.holder,
            "unit": own.unit,
            "from": dt.date.fromordinal(own.first).isoformat(),
            "to": dt.date.fromordinal(own.last).isoformat(),
            "why": WHY[own.why],
            "amount": from_minor(own.amount, digits),
        }
        for own in sorted(seats.segments, key=lambda own: (own.first, own.seat))
        if own.why is not None and own.amount
    ]
