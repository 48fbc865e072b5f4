"""A published version as other systems are told of it: who carries what, in which month and days.

Amounts are minor units of the currency, or whole things where a measure counts things.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final

from service.kit.errors import Unprocessable
from service.roster.domain import Person

_TOLD: Final = 3
"""Measures of which it is told what was left out: headers must stay short."""


class SystemCannotHold(Unprocessable):
    """The other system has no place for a part of the version."""


@dataclass(frozen=True, slots=True)
class Part:
    """What somebody carries in one unit from one day to another, both included."""

    unit: str | None
    first: date
    last: date
    months: Sequence[int]
    """By month of the period."""


@dataclass(frozen=True, slots=True)
class Quota:
    """What one seat carries of a measure."""

    rep: str
    unit: str | None
    months: Sequence[int]
    parts: Sequence[Part]
    """Together they are the months."""
    vacant: bool = False
    """Nobody sits there: it is no person."""


@dataclass(frozen=True, slots=True)
class Dated:
    """What is carried in one unit on some days of a month, both included."""

    unit: str | None
    first: date
    last: date
    amount: int


@dataclass(frozen=True, slots=True)
class Measure:
    """The quotas of one measure."""

    name: str
    digits: int
    """Minor digits of the currency; 0 where things are counted."""
    currency: str | None
    """None: things are counted."""
    counted_in: str | None
    quotas: Iterable[Quota]
    """Gone through once."""

    def amount(self, minor: int) -> Decimal:
        """With all digits of the currency."""
        return Decimal(minor).scaleb(-self.digits)


@dataclass(frozen=True)
class Published:
    """A version, and when it is in force."""

    plan_id: str
    plan: str
    """Its name."""
    version: int
    hash: str
    first: date
    """First day of the plan's period."""
    last: date
    since: date | None
    """First day on which the version is in force; None: it is older than such days are."""
    until: date | None
    """The last one; None: the period's last day."""
    months: Sequence[str]
    """`2027-01`, every month of the period."""
    measures: Sequence[Measure]
    people: Mapping[str, Person] = field(default_factory=dict)
    """Whom a format names; nobody where it names none."""

    @cached_property
    def days(self) -> Sequence[tuple[date, date]]:
        """First and last day of each month, as far as it lies in the period."""
        found = []
        for month in self.months:
            year, number = map(int, month.split("-"))
            ends = date(year, number, monthrange(year, number)[1])
            found.append((max(date(year, number, 1), self.first), min(ends, self.last)))
        return found

    def in_force(self, first: date, last: date) -> tuple[date, date] | None:
        """The days from first to last on which this version is in force; None: on none."""
        if self.since is None:
            return None
        begins, ends = max(first, self.since), min(last, self.until or self.last)
        return (begins, ends) if begins <= ends else None

    def dated(self, quota: Quota, month: int) -> Sequence[Dated]:
        """What is carried in a month, from which day to which; together its amount.

        Somebody who carries nothing in it carries nothing on all of its days: a system that was
        told of an earlier version learns of that, too.
        """
        first, last = self.days[month]
        if len(quota.parts) == 1 and (part := quota.parts[0]).first <= first <= last <= part.last:
            return [Dated(part.unit, first, last, part.months[month])]
        found: dict[tuple[str | None, date, date], int] = {}
        for part in quota.parts:
            if amount := part.months[month]:
                days = max(first, part.first), min(last, part.last)
                place = (part.unit, *(days if days[0] <= days[1] else (first, last)))
                found[place] = found.get(place, 0) + amount
        if not found:
            return [Dated(quota.unit, first, last, 0)]
        return [Dated(*place, amount) for place, amount in found.items()]


@dataclass(slots=True)
class LeftOut:
    """The quotas of seats without a person, as they are passed over."""

    seats: set[str] = field(default_factory=set)
    amounts: dict[str, int] = field(default_factory=dict)
    """By measure."""

    def people(self, measure: str, quotas: Iterable[Quota]) -> Iterator[Quota]:
        """These quotas without those of vacant seats."""
        for quota in quotas:
            if not quota.vacant:
                yield quota
            elif amount := sum(quota.months):
                self.seats.add(quota.rep)
                self.amounts[measure] = self.amounts.get(measure, 0) + amount

    def told(self, measures: Iterable[Measure]) -> str:
        """`2 vacant seats carry revenue 1200.00 USD`."""
        own = {measure.name: measure for measure in measures}
        amounts = [
            " ".join(filter(None, (name, str(own[name].amount(minor)), own[name].currency)))
            for name, minor in self.amounts.items()
        ]
        if (more := len(amounts) - _TOLD) > 0:
            amounts[_TOLD:] = [f"and of {more} more measures"]
        one = len(self.seats) == 1
        seats = "1 vacant seat carries" if one else f"{len(self.seats)} vacant seats carry"
        return f"{seats} {', '.join(amounts)}"
