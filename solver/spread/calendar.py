"""Working days of months and weeks, for a country or for plain Mondays to Fridays.

Months are counted `year * 12 + month - 1`, weeks run from Monday to Sunday. A week across two
months is two pieces, one in each, so that pieces add up to months and to weeks alike.

Holidays are those of the `holidays` library, make-up days at weekends included. They are settled
late: China's State Council says in November which weekends of the next year are worked. A year is
provisional where the library cannot know it yet:

* China: no weekend of the year is worked. Every notice since 2001 names at least five such days.
* the name of a holiday of the year says that its date is estimated, as of feasts by the moon;
* it knows no holiday of the country in that year, or warns that it does not know all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from threading import Lock
from typing import Any, Final

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import BoolArray, IntArray, frozen

YEAR: Final = 12
_ANNOUNCED_BY_YEAR: Final = "CN"
_MOST: Final = 1_200
"""Months of one calendar; a longer one is a mistake in the data."""


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The working days of consecutive months."""

    country: str | None
    start: int
    """First month."""
    days: IntArray
    """(t,) working days of each month."""
    piece_week: IntArray
    """(p,) ordinal of the Monday that begins the piece's week; ascending."""
    piece_month: IntArray
    """(p,) the piece's month, as a place in `days`; ascending."""
    piece_days: IntArray
    """(p,) working days of the piece; those of one month add up to its `days`."""
    worked: BoolArray
    """(d,) whether each day is worked, from the first day of the first month on."""
    provisional: tuple[int, ...]
    """Years whose holidays may still change, ascending."""

    def __len__(self) -> int:
        return len(self.days)


@lru_cache(maxsize=128)
def working_calendar(country: str | None, start: int, end: int) -> Calendar:
    """The working days from month `start` up to, and without, month `end`; kept, because plans of
    one company ask for the same ones again and again.

    `country` is an ISO 3166 code that the `holidays` library knows, such as CN; None: every Monday
    to Friday. Raises `InvalidProblem` for an unknown country or months out of reach.
    """
    first_year, last_year = start // YEAR, (end - 1) // YEAR
    if not (0 < end - start <= _MOST and first_year >= 1 and last_year < date.max.year):
        reason = f"must be 1 to {_MOST} months of years 1 to {date.max.year - 1}"
        raise InvalidProblem([Fault("", None, "period", reason)])
    is_worked, provisional = _rules(country, first_year, last_year)
    pieces = list(_pieces(start, end, is_worked))
    week, month, days = np.array(pieces, dtype=np.int64).T
    return Calendar(
        country=country,
        start=start,
        days=frozen(np.bincount(month, days, minlength=end - start), np.int64),
        piece_week=frozen(week, np.int64),
        piece_month=frozen(month, np.int64),
        piece_days=frozen(days, np.int64),
        worked=frozen(np.array([*map(is_worked, _days(start, end))]), np.bool_),
        provisional=provisional,
    )


def known_countries() -> frozenset[str]:
    """The ISO 3166 codes of countries whose holidays are known."""
    from holidays.registry import COUNTRIES  # its list_supported_countries loads every country

    return frozenset(code for _, code, *_ in COUNTRIES.values())


def _pieces(
    start: int, end: int, is_worked: Callable[[date], bool]
) -> Iterator[tuple[int, int, int]]:
    """Monday, place of the month and working days of each piece of a week."""
    for place, month in enumerate(range(start, end)):
        day, after = _first_day(month), _first_day(month + 1)
        while day < after:
            monday = day - timedelta(days=day.weekday())
            stop = min(monday + timedelta(days=7), after)
            days = (day + timedelta(days=k) for k in range((stop - day).days))
            yield monday.toordinal(), place, sum(map(is_worked, days))
            day = stop


def _days(start: int, end: int) -> Iterator[date]:
    first, after = _first_day(start), _first_day(end)
    return (first + timedelta(days=k) for k in range((after - first).days))


def _first_day(month: int) -> date:
    return date(month // YEAR, month % YEAR + 1, 1)


_ONE_AT_A_TIME: Final = Lock()
"""Whoever listens to warnings does so for the whole process."""


def _not_all_known(known: Any, years: range) -> set[int]:
    """Look the years up, and answer those of which the library warns that it does not know all.

    Numbers that overflow elsewhere meanwhile say nothing of holidays, so the kind has to fit.
    """
    found = set()
    for year in years:
        with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as told_off:
            warnings.simplefilter("always")
            date(year, 1, 1) in known  # noqa: B015 - asking makes it look the year up
        if any(warning.category is UserWarning for warning in told_off):
            found.add(year)
    return found


def _rules(
    country: str | None, first: int, last: int
) -> tuple[Callable[[date], bool], tuple[int, ...]]:
    """Which days are worked, and which of the years are provisional."""
    if country is None:
        return (lambda day: day.weekday() < 5), ()
    import holidays

    if country not in known_countries():
        reason = f"{country!r} is no country whose holidays are known; use a code such as CN or US"
        raise InvalidProblem([Fault("", None, "country", reason)])
    kind: Any = getattr(holidays, country)
    # The language of names is named, for else it is that of the machine.
    known = kind(language=kind.default_language)
    # Weekends are worked for holidays of the next year, too.
    unsure = _not_all_known(known, range(max(first - 1, 1), last + 2))
    labels = (
        getattr(known, name, None) for name in ("estimated_label", "observed_estimated_label")
    )
    marks = [label.replace("%s", "").strip() for label in labels if label]
    unsure |= {day.year for day, name in known.items() if any(mark in name for mark in marks)}
    told = {day.year for day in known}
    if country == _ANNOUNCED_BY_YEAR:
        told &= {day.year for day in known.weekend_workdays}
    provisional = tuple(y for y in range(first, last + 1) if y in unsure or y not in told)
    return known.is_working_day, provisional
