"""Quotas month by month, as answers say them and versions store them.

Inside, the months of a row are a list: an amount in minor units for each month of the period, the
first one first. The API names the months, `{"2027-01": 24000, …}`. Without a period there are none,
and every list is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import batched
from typing import Any, Final, Self

import numpy as np

from service.kit.money import column_from_minor
from service.plans.policy import EVEN
from service.roster.domain.periods import read_months
from solver.allocation import Allocation
from solver.problem import FloatArray, IntArray
from solver.spread.periods import Periods, spread_over_time
from solver.spread.season import QUARTER, Season, even, given, present

type Row = dict[str, Any]

YEAR: Final = 12
_PLACES: Final = 9
"""Decimals of what was learned, and of the part of a month somebody is there."""


@dataclass(frozen=True, slots=True, eq=False)
class Months:
    """The months of everybody and of all above them; rows in the order of the hierarchy."""

    reps: IntArray
    """(n, t)"""
    units: IntArray
    """(m, t)"""
    company: IntArray
    """(t,)"""

    @classmethod
    def of(cls, plan: Allocation, months: IntArray) -> Self:
        """`months` (n, t) of the reps in the order of the problem."""
        h = plan.hierarchy
        reps = months[h.rep_row]
        before = np.vstack((np.zeros_like(reps[:1]), np.cumsum(reps, axis=0)))
        sums = before[h.last] - before[h.first]
        return cls(reps, sums[1:], sums[0])


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The quotas of a plan over its months, and the season that they go by."""

    months: Months
    season: Row
    """What is told of it, amounts in minor units."""
    present: list[list[float] | None]
    """Per rep the part of each month in which the rep is there, where a season is given to all and
    the rep is not always there: what the months follow from."""

    @property
    def facts(self) -> Row:
        return {"months": self.months.company.tolist(), "season": self.season}


NO_MONTHS: Final[Row] = {"months": None, "season": None}


def facts_of(spread: Spread | None) -> Row:
    return NO_MONTHS if spread is None else spread.facts


def rep_months(spread: Spread | None, reps: int) -> list[Any]:
    """The months of each rep; None where there are none."""
    return [None] * reps if spread is None else spread.months.reps.tolist()


def unit_months(spread: Spread | None, units: int) -> list[Any]:
    """The same of each unit."""
    return [None] * units if spread is None else spread.months.units.tolist()


def months_of(plan: Allocation, season: Season) -> Periods:
    """The quotas of a plan over time; those of its lines, where it has any.

    Ties go by the ids of reps, whatever their order.
    """
    ids, quota = plan.problem.reps.ids, plan.quota
    if plan.told is not None:
        months = plan.told.cells.sum(axis=1)
        starts = np.arange(0, months.shape[1], QUARTER)
        held = kept(months.sum(axis=0), season.company, plan.problem.increment)
        return Periods(np.add.reduceat(months, starts, axis=1), months, held)
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    found = spread_over_time(quota[order], season.taken(order), plan.problem.increment)
    place = np.argsort(order)
    return Periods(found.quarters[place], found.months[place], found.as_given)


def given_season(
    season: str | Sequence[float], presence: FloatArray, inside: Season | None = None
) -> Season:
    """One season for everybody, `even` or weights, for people who are there for `presence` (n, t).

    `inside`: how the months of a quarter go where only quarters have weights; even if left out.
    """
    plain = even(*presence.shape)
    if season == EVEN:
        return present(plain, presence)
    weights = [float(weight) for weight in season]
    return present(given(inside or plain, weights), presence)


def season_facts(plan: Allocation, season: Season, found: Periods) -> Row:
    """What is told of a season beside its calendar."""
    learned = season.pool is not None and season.years is not None
    as_given = None
    if season.company:
        company = found.months.sum(axis=0)
        of_months = len(season.company) == len(company)
        increment = plan.problem.increment
        as_given = found.as_given if of_months else kept(company, season.company, increment)
    return {
        "basis": season.basis,
        "as_given": as_given,
        "pool": _rounded(season.pool) if season.pool is not None else None,
        "between": round(season.between, _PLACES) if learned else None,
        "within": _known(season.within) if learned else None,
        "reps": int(np.count_nonzero(season.years)) if season.years is not None else None,
    }


def kept(company: IntArray, parts: Sequence[Fraction], increment: int) -> bool:
    """Whether each of the company's months or quarters is its part, to less than an increment."""
    carried = company
    if len(parts) != len(company):
        carried = np.add.reduceat(company, range(0, len(company), QUARTER))
    due = (int(company.sum()) * part for part in parts)
    pairs = zip(carried.tolist(), due, strict=False)
    return all(abs(own - part) < increment for own, part in pairs)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, _PLACES)


def _rounded(column: FloatArray) -> list[float]:
    values: list[float] = np.round(column, _PLACES).tolist()
    return values


def rounded_presence(presence: FloatArray) -> FloatArray:
    """The parts of months that somebody is there as a version can write them down."""
    return np.asarray(np.round(presence, _PLACES))


def month_names(period: Mapping[str, str] | None) -> tuple[str, ...]:
    """`2027-01` and so on: the months of a period with its first and last day."""
    if period is None:
        return ()
    start, end = (date.fromisoformat(period[day]) for day in ("start", "end"))
    months = range(start.year * YEAR + start.month - 1, end.year * YEAR + end.month)
    return tuple(f"{month // YEAR:04d}-{month % YEAR + 1:02d}" for month in months)


def compares_years(period: Mapping[str, str] | None) -> bool:
    """Whether quotas of a period can stand beside last year's sales, which are of twelve months;
    so they can where no period is told.
    """
    return len(month_names(period)) in {0, YEAR}


def places_in(period: str, names: Sequence[str]) -> list[int]:
    """Which of the months a part of the period has (`service.roster.domain.periods`).

    Raises `ValueError` with what is wrong.
    """
    if not names:
        raise ValueError("cannot be told: this version has no months")
    start = int(names[0][:4]) * YEAR + int(names[0][5:]) - 1
    wanted = read_months(period, range(start, start + len(names)))
    places = [place for place in range(len(names)) if start + place in wanted]
    if not places:
        raise ValueError(f"lies outside the period from {names[0]} to {names[-1]}")
    return places


def by_name(names: Sequence[str], months: Sequence[int] | None, digits: int) -> Row | None:
    """The API's member of the months of one row; null where months have no names."""
    if months is None or not names:
        return None
    amounts = column_from_minor(np.array(months, dtype=np.int64), digits)
    return dict(zip(names, amounts, strict=True))


def all_by_name(names: Sequence[str], spread: Spread | None, digits: int) -> Iterator[Row | None]:
    """The same of every rep, for as long as somebody asks."""
    if spread is None:
        while True:
            yield None
    amounts = column_from_minor(spread.months.reps.ravel(), digits)
    for row in batched(amounts, len(names)):
        yield dict(zip(names, row, strict=True))


def with_months(rows: Iterable[Row], months: Iterable[Any]) -> Iterator[Row]:
    for row, own in zip(rows, months, strict=False):
        row["months"] = own
        yield row


def present_season(season: Mapping[str, Any] | None, names: Sequence[str]) -> Row | None:
    """The API's figures of a stored season."""
    if season is None:
        return None
    days = dict(zip(names, season["working_days"], strict=True))
    return {**season, "working_days": days}
