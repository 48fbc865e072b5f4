"""What is in force in the months of a plan that are closed: nothing that comes later changes it.

For what is planned again a month is closed once it has begun, for people work by its quota, or when
an event has said that the books are closed through it. Of a month before the plan's first version
took effect, that version says what it carries. Where nothing was ever published, or the whole
period is over, nothing is closed: such a solve is a look, and publishing checks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from service.allocations.months import month_names
from service.allocations.versions.domain.deciding.closed import ClosedMonths
from service.allocations.versions.domain.deciding.closed_of_measure import (
    ClosedOfMeasure,
    in_months,
    lines_in_months,
)
from service.allocations.versions.repository import Chunks, StoredVersion
from service.kit.errors import Conflict
from service.plans.repository import PlanVersions
from service.plans.tables import Plan, PlanVersion
from solver.spread.lines import Line

type Amounts = dict[str, dict[str | None, list[int]]]
type Lines = dict[str, dict[Line, list[int]]]

_NAMED: Final = 20
"""People whom a refusal names."""


class ClosedMonthsDiffer(Conflict):
    """The version says something else of months that are over than what was in force in them."""


@dataclass(frozen=True, slots=True)
class Course:
    """The versions of a plan that were, are or are to be in force, in the order of days."""

    versions: Sequence[PlanVersion]
    chunks: Chunks
    months: Sequence[str]
    """Of the plan's period."""

    @classmethod
    def of(cls, session: Session, plan: Plan) -> Course:
        period = {"start": plan.period_start.isoformat(), "end": plan.period_end.isoformat()}
        versions = PlanVersions(session).ever_in_force(plan.id)
        return cls(versions, Chunks(session, plan.workspace_id), month_names(period))

    def begun(self, today: date) -> list[str]:
        """The months that later decisions leave as they are; none where nothing is closed."""
        if not self.versions:
            return []
        through = max([f"{today:%Y-%m}", *map(_closed_by, self._stored())])
        closed = [name for name in self.months if name <= through]
        return closed if len(closed) < len(self.months) else []

    def by_version(self, months: Sequence[str]) -> Iterator[tuple[StoredVersion, list[str]]]:
        """The versions that say what these months carry, each with its own ones."""
        for version, stored in zip(self.versions, self._stored(), strict=True):
            own = [name for name in months if self._says(name) == version.number]
            if own := [name for name in own if name in stored.months]:
                yield stored, own

    def over(self, today: date, effective: date | None) -> list[str]:
        """The months that are over, had a version in force, and lie before a day."""
        until = min(f"{each:%Y-%m}" for each in (today, effective or today))
        since = min((f"{each.effective_from:%Y-%m}" for each in self.versions), default=until)
        return [name for name in self.months if since <= name < until]

    def _stored(self) -> list[StoredVersion]:
        return [StoredVersion(each, self.chunks) for each in self.versions]

    def _says(self, month: str) -> int:
        """The version in force on the first day of a month, or the first that came to be."""
        day = date.fromisoformat(f"{month}-01")
        begun = [each.number for each in self.versions if (each.effective_from or day) <= day]
        return begun[-1] if begun else self.versions[0].number


def closed_months(session: Session, plan: Plan, today: date) -> ClosedMonths | None:
    """None where a solve plans the whole period."""
    course = Course.of(session, plan)
    closed = course.begun(today)
    if not closed:
        return None
    versions = [*course.by_version(closed)]
    tell_lines = any(stored.lines for stored, _ in versions)
    found: dict[str, _Sums] = {}
    for stored, own in versions:
        for measure in stored.measures:
            of = stored.of_measure(measure)
            sums = found.setdefault(measure, _Sums(of.manifest.get("counted_in"), of.digits))
            sums.add(of, own, closed, tell_lines=tell_lines)
    through, count = closed[-1], len(closed)
    measures = {
        name: ClosedOfMeasure(through, count, own.carried, own.counted_in, own.digits, own.lines)
        for name, own in found.items()
    }
    return ClosedMonths(through, count, measures)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What closed months carry of a measure, version by version."""

    counted_in: str | None
    digits: int
    carried: Amounts = field(default_factory=dict)
    lines: Lines = field(default_factory=dict)

    def add(
        self, stored: StoredVersion, own: Sequence[str], closed: Sequence[str], *, tell_lines: bool
    ) -> None:
        """What a version says of its `own` ones of the closed months. What it does not tell by line
        is everything else.
        """
        places, to = ([names.index(name) for name in own] for names in (stored.months, closed))
        told = stored.lines
        for row in stored.quotas():
            of_units = in_months(row, places)
            _put(self.carried.setdefault(row["rep"], {}), of_units, to, len(closed))
            if tell_lines:
                whole = {Line(): [row["months"][place] for place in places]}
                of_lines = whole if told is None else lines_in_months(row, told, places)
                _put(self.lines.setdefault(row["rep"], {}), of_lines, to, len(closed))


def _put[Key](
    sums: dict[Key, list[int]], amounts: Mapping[Key, list[int]], to: Sequence[int], count: int
) -> None:
    for key, own in amounts.items():
        there = sums.setdefault(key, [0] * count)
        for place, amount in zip(to, own, strict=True):
            there[place] = amount


@dataclass(frozen=True, slots=True)
class Closing:
    """Which months a change of quotas may move."""

    over: str = ""
    """The last month that is over, `2027-04`, and was in force; empty: none."""
    first_open: str | None = None
    """The first month that it moves by itself; None: all months of the period."""


def closing_of(session: Session, plan: Plan, today: date) -> Closing:
    course = Course.of(session, plan)
    closed = course.begun(today)
    if not closed:
        return Closing()
    over = [name for name in closed if name != f"{today:%Y-%m}"]
    return Closing(over[-1] if over else "", course.months[len(closed)])


def refuse_other_closed_months(
    session: Session, plan: Plan, version: PlanVersion, effective: date | None, today: date
) -> None:
    """Raises ClosedMonthsDiffer where a version that holds from a day on says of months that are
    over something else than the versions that were in force in them.
    """
    course = Course.of(session, plan)
    if not (over := course.over(today, effective)):
        return
    stored = StoredVersion(version, course.chunks)
    for before, own in course.by_version(over):
        for measure in dict.fromkeys((*before.measures, *stored.measures)):
            was, now = (_carried(one, measure, own) for one in (before, stored))
            nothing = [0] * len(own)
            for place, month in enumerate(own):
                differing = [
                    rep
                    for rep in sorted({*was, *now})
                    if was.get(rep, nothing)[place] != now.get(rep, nothing)[place]
                ]
                if differing:
                    of = "" if measure == before.measures[0] else f"{measure} of "
                    raise _differs((before.number, version.number), month, differing, of)


def _differs(
    numbers: tuple[int, int], month: str, reps: Sequence[str], of: str
) -> ClosedMonthsDiffer:
    """`of`: the measure in words, where it is not the main one."""
    before, after = numbers
    others = f" and {len(reps) - 1} others" if len(reps) > 1 else ""
    return ClosedMonthsDiffer(
        f"Version {before} was in force in {month}, which is over, and version {after} says "
        f"something else of it for {of}{reps[0]}{others}. If it was agreed to hold from then on, "
        f"publish it with effective {month}-01; else solve again: a new solve keeps such months.",
        month=month,
        reps=[*reps[:_NAMED]],
    )


def _carried(whole: StoredVersion, measure: str, months: Sequence[str]) -> dict[str, list[int]]:
    """What each rep carries of a measure in these months; nothing of a measure, and in months, that
    the version does not have.
    """
    if measure not in whole.measures:
        return {}
    stored = whole.of_measure(measure)
    known = {name: place for place, name in enumerate(stored.months)}
    places = [known.get(name) for name in months]
    return {
        row["rep"]: [0 if place is None else row["months"][place] for place in places]
        for row in stored.quotas()
    }


def _closed_by(version: StoredVersion) -> str:
    """The last month that decisions in its ledger say is closed."""
    parts: Sequence[Mapping[str, Any]] = version.manifest.get("amendments", ())
    return max((part.get("through", "") for part in parts), default="")
