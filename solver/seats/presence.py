"""What a person carries of a whole seat, and what is left to nobody."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from solver.estimate.ramp import productivity
from solver.seats.cuts import cut
from solver.seats.tables import Seats, Segment, Why

_NOISE: Final = 1e-9
"""Part of an increment that is noise of products."""


def carried(whole: Iterable[Segment], holder: str, seats: Seats) -> list[Segment]:
    """The segments that whole pieces of seats become with somebody in them.

    Absences take the piece; then goes what the person does not work; of the rest, what somebody new
    does not sell yet.
    """
    people = seats.people
    away = [(first, last) for person, first, last in people.absences if person == holder]
    hours = sorted((day, fte) for person, day, fte in people.working_time if person == holder)
    borders = {day for first, last in away for day in (first, last + 1)} | {day for day, _ in hours}
    found: list[Segment] = []
    for piece in whole:
        for part in cut(replace(piece, holder=holder, why=None), borders, seats):
            if any(first <= part.first and part.last <= last for first, last in away):
                found.append(replace(part, why=Why.AWAY))
                continue
            fte = next((fte for day, fte in reversed(hours) if day <= part.first), None)
            if fte is None:
                found += _ramped(part, seats)
            else:
                own, rest = _split(part, fte / seats.working_time.get(part.seat, 1.0), seats)
                found += [*_ramped(own, seats), replace(rest, why=Why.PART_TIME)]
    return found


def _ramped(part: Segment, seats: Seats) -> list[Segment]:
    since = seats.people.hired.get(part.holder)
    if since is None:
        return [part]
    months = seats.calendar.start + np.arange(len(part.months)) - since
    sold = productivity(months.astype(float), seats.people.ramp_months)
    own, rest = _split(part, sold.tolist(), seats)
    return [own, replace(rest, why=Why.RAMP)]


def _split(part: Segment, share: float | Sequence[float], seats: Seats) -> tuple[Segment, Segment]:
    """The share of each month in whole increments, and the rest of it.

    Months together lie within half an increment of their share: what one got too little the next
    ones get. Nobody gets more than the whole of a month, unless the share is above 1.
    """
    shares = share if isinstance(share, Sequence) else [share] * len(part.months)
    own: list[int] = []
    owed = 0.0
    for amount, of in zip(part.months, shares, strict=True):
        exact = amount * of
        near = math.floor((exact + owed) / seats.increment + 0.5 + _NOISE) * seats.increment
        most = amount if of < 1 else near
        month = amount if of == 1 else max(min(near, most), 0)
        own.append(month)
        owed += exact - month
    rest = (amount - month for amount, month in zip(part.months, own, strict=True))
    return replace(part, months=tuple(own)), replace(part, months=tuple(rest))
