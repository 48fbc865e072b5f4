"""Parts of a plan's period, as people write them.

    2027-03              a month
    2027-01/2027-06      months, first and last
    2027-Q1, 2027-H1     a quarter or a half of the calendar
    Q1, H1               a quarter or a half of the plan's period, counted from its first month; the
                         last one may be shorter

Months are counted `year * 12 + month - 1`, as everywhere.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

YEAR: Final = 12
_LENGTHS: Final = {"Q": 3, "H": 6}
_MONTH: Final = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])")
_OF_YEAR: Final = re.compile(r"([12][0-9]{3})-(Q[1-4]|H[12])")
_OF_PERIOD: Final = re.compile(r"([QH])([1-9][0-9]?)")


class InvalidPart(ValueError):
    """The text names no part of the period; the message says why."""


def months_between(period: tuple[date, date]) -> range:
    """The months of a period from its first to its last day."""
    start, end = period
    return range(start.year * YEAR + start.month - 1, end.year * YEAR + end.month)


def read_part(text: str, months: range) -> range:
    """The months that a text names, all of them months of the plan. Raises `InvalidPart`."""
    found = read_months(text, months)
    if not found or found.start < months.start or found.stop > months.stop:
        raise InvalidPart(f"is no part of the plan's period, {in_words(months)}")
    return found


def read_months(text: str, months: range) -> range:
    """The months that a text names, of the plan or not. Raises `InvalidPart`."""
    text = text.strip().upper()
    if of_year := _OF_YEAR.fullmatch(text):
        year, part = of_year.groups()
        return _nth(int(year) * YEAR, _LENGTHS[part[0]], int(part[1]))
    if of_period := _OF_PERIOD.fullmatch(text):
        kind, number = of_period.groups()
        part = _nth(months.start, _LENGTHS[kind], int(number))
        return range(part.start, min(part.stop, months.stop))
    ends = [_MONTH.fullmatch(end) for end in text.split("/")]
    if None in ends or len(ends) > len(("first", "last")):
        raise InvalidPart(
            "must be a month (2027-03), two of them (2027-01/2027-06), a quarter or half of the "
            "calendar (2027-Q1, 2027-H1) or of the plan's period (Q1, H1)"
        )
    numbers = [int(end[1]) * YEAR + int(end[2]) - 1 for end in ends if end is not None]
    if numbers[-1] < numbers[0]:
        raise InvalidPart("ends before it begins")
    return range(numbers[0], numbers[-1] + 1)


def _nth(start: int, length: int, number: int) -> range:
    first = start + length * (number - 1)
    return range(first, first + length)


def in_words(months: range) -> str:
    """`2027-01 to 2027-12`."""
    return " to ".join(map(month_name, dict.fromkeys((months[0], months[-1]))))


def as_text(months: range) -> str:
    """The text that `read_part` reads these months from: `2027-01/2027-06`."""
    return "/".join(map(month_name, dict.fromkeys((months[0], months[-1]))))


def month_name(month: int) -> str:
    return f"{month // YEAR:04d}-{month % YEAR + 1:02d}"
