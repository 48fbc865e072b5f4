"""In which unit somebody works, where parts of a quota belong to several since an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from solver.problem import IntArray


@dataclass(frozen=True, slots=True)
class Workplace:
    """One unit until the end of the period."""

    unit: str | None
    """None: the company."""
    since: int
    """The first month, by place, from which on nothing of it belongs to another unit."""


def workplace(carried: Mapping[str | None, IntArray], first_open: int) -> Workplace | None:
    """The unit that somebody works for in the end, among the months from `first_open` on.

    `carried` (t,) by unit, the own one first, is what the months carry. A month of which the own
    unit has a part is the own unit's. None where the last one belongs to several others.
    """
    own = next(iter(carried))
    place = Workplace(own, first_open)
    found: str | None = None
    is_found, since = False, len(carried[own])
    for month in range(since - 1, first_open - 1, -1):
        here = [unit for unit, months in carried.items() if months[month] > 0]
        units = [own] if own in here else here
        if len(units) > 1 or (is_found and units and units[0] != found):
            break
        if units:
            found, is_found = units[0], True
        since = month
    if is_found:
        place = Workplace(found, since)
    return place if is_found or since == first_open else None
