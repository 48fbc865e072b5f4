"""What an event comes to on the version in force: nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from service.kit.errors import Fault, InvalidInput
from service.negotiations.events.domain.closed import Open
from service.negotiations.events.domain.consequence import Told, segments_of, vacancies
from service.negotiations.events.domain.kinds import Event
from service.negotiations.events.domain.life import NothingChanges
from service.negotiations.events.domain.seating import happened
from service.negotiations.events.usecases.standing import InForce
from solver.seats import Moved, Seats, moved

type Row = dict[str, Any]
type Months = tuple[int, ...]

MOST_PEOPLE: Final = 1_000
"""People that a consequence lists; of a new target in a large company there are more."""
_WHO: Final = (("reps", "other"), ("takes_over", "takes_over"), ("hands_to", "hands_to"),
               ("to_unit", "rep"))  # fmt: skip
"""Members of a body that can bring a seat to somebody, and what they are called in an event."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """An event on the version in force. Amounts in minor units, by month."""

    event: Event
    since: date
    """The day from which on it counts."""
    open: Open
    before: Seats
    after: Seats
    moved: Moved
    change_of_target: int = 0
    """What quotas together are to carry more, or less, by a new target."""
    others: Mapping[str, tuple[str | None, Months]] = field(default_factory=dict)
    """Who carries the difference: unit, and what each carries more or less."""

    @property
    def of_people(self) -> dict[str, Months]:
        """What each person carries more or less."""
        found: dict[str, Months] = {}
        for (rep, _), months in self.moved.people.items():
            found[rep] = _sum(found.get(rep), months)
        for rep, (_, months) in self.others.items():
            found[rep] = _sum(found.get(rep), months)
        return found

    @property
    def of_units(self) -> dict[str | None, Months]:
        """The same by the unit itself, without those above it."""
        found: dict[str | None, Months] = {}
        for (_, unit), months in self.moved.people.items():
            found[unit] = _sum(found.get(unit), months)
        for unit, months in self.others.values():
            found[unit] = _sum(found.get(unit), months)
        return found

    @property
    def left_open(self) -> dict[str | None, Months]:
        """What nobody carries any more, as long as nobody else carries it; by unit."""
        return {} if self.others else self.moved.open


def outcome_of(standing: InForce, event: Event, today: date, through: str | None) -> Outcome:
    """What comes of an event before anybody else carries the difference.

    Raises `EveryMonthIsClosed` and `NothingChanges`.
    """
    open_ = standing.open_on(today, through)
    since = open_.since(event.first)
    before = standing.seats(event)
    after = happened(before, event, since, standing.unfilled(event))
    change = 0
    if event.amount is not None:
        change = standing.assigned_for(event.amount) - standing.assigned_for(standing.target)
        if not change:
            raise NothingChanges("The target is that already.")
    found = moved(before, after)
    _check_company(standing, event, found)
    return Outcome(event, since, open_, before, after, found, change)


def _check_company(standing: InForce, event: Event, found: Moved) -> None:
    """A part of a quota can belong to another unit than its row, but not to none."""
    for rep, unit in found.people:
        row = standing.row_of(rep)
        if unit is None and row is not None and row["unit"] is not None:
            member = next(name for name, said in _WHO if getattr(event, said) is not None)
            reason = f"hangs {rep}, who is of unit {row['unit']}, on the company itself"
            raise InvalidInput([Fault(f"/{member}", reason)])


def told(standing: InForce, outcome: Outcome) -> Row:
    """The API's consequence."""
    digits = standing.digits
    tell = Told(standing.stored.months, digits)
    people = outcome.of_people
    shown = sorted(people, key=lambda rep: _by_change(outcome, people, rep))[:MOST_PEOPLE]
    rows = standing.rows_of(shown)
    return {
        "version": standing.head.number,
        "counts_from": outcome.since.isoformat(),
        "closed_through": outcome.open.closed_through,
        "people": [
            {"rep": rep, **_person(outcome, tell, rep, rows.get(rep), people[rep])}
            for rep in sorted(shown)
        ],
        "more_people": len(people) - len(shown),
        "units": _units(standing, tell, outcome.of_units),
        "open": [
            {"unit": unit, **tell.amount(months)}
            for unit, months in sorted(outcome.left_open.items(), key=_by_unit)
        ],
        "vacancies": vacancies(outcome.after, digits),
    }


def _by_change(outcome: Outcome, people: Mapping[str, Months], rep: str) -> tuple[bool, int, str]:
    """Those whom it is about first, then who changes most."""
    return rep not in outcome.event.concerned, -abs(sum(people[rep])), rep


def _person(outcome: Outcome, tell: Told, rep: str, row: Row | None, change: Months) -> Row:
    before: Months = (0,) * len(change) if row is None else tuple(row["months"])
    about = rep in {own.holder for own in outcome.after.segments}
    return {
        "unit": row["unit"] if row else outcome.event.to_unit,
        **tell.change(before, _sum(before, change)),
        "segments": segments_of(outcome.after, rep, tell.digits) if about else None,
    }


def _units(standing: InForce, tell: Told, changes: Mapping[str | None, Months]) -> list[Row]:
    """The units that change and all above them, parents first, the company before all."""
    nothing = (0,) * len(standing.stored.months)
    whole = {row["id"]: changes.get(row["id"], nothing) for row in standing.units}
    company = changes.get(None, nothing)
    for row in reversed(standing.units):
        if row["parent"] is None:
            company = _sum(company, whole[row["id"]])
        else:
            whole[row["parent"]] = _sum(whole[row["parent"]], whole[row["id"]])
    touched = _touched(changes, standing.units)
    facts: Row = {**standing.stored.manifest}
    rows: list[tuple[str | None, list[int], Months]] = [(None, facts["months"], company)]
    rows += [(row["id"], row["months"], whole[row["id"]]) for row in standing.units]
    return [
        {"unit": unit, **tell.change(before, _sum(tuple(before), change))}
        for unit, before, change in rows
        if unit is None or unit in touched
    ]


def _by_unit(each: tuple[str | None, Months]) -> str:
    return each[0] or ""


def _touched(
    changes: Mapping[str | None, Months], units: Sequence[Mapping[str, Any]]
) -> set[str | None]:
    """The units in which anything changes, or below which, even if it adds up to nothing."""
    found = {*changes}
    for row in reversed(units):  # parents stand first
        if row["id"] in found:
            found.add(row["parent"])
    return found


def _sum(one: Months | None, other: Months) -> Months:
    return other if one is None else tuple(a + b for a, b in zip(one, other, strict=True))
