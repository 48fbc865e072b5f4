"""From when a change holds: months that are over never change."""

from collections.abc import Iterator
from datetime import date

from service.kit.errors import Fault


def effective_faults(
    effective: date | None, period: tuple[date, date], today: date
) -> Iterator[Fault]:
    """What is wrong with a day that a caller names; `period`: the plan's first and last day."""
    if effective is None:
        return
    said = effective.isoformat()
    if effective.day != 1:
        yield Fault("/effective", "must be the first day of a month", said)
    elif not period[0] <= effective <= period[1]:
        yield Fault("/effective", f"must lie between {period[0]} and {period[1]}", said)
    elif effective < today.replace(day=1):
        yield Fault("/effective", "lies in a month that is over", said)


def effective_month(effective: date | None, period: tuple[date, date], today: date) -> str | None:
    """The first month that changes, as `2027-04`; None: the whole period.

    Left out: the whole of a period that has not begun, else the first month that has not begun, or
    the last one.
    """
    day = effective
    if day is None:
        if today < period[0]:
            return None
        day = min(_next_month(today), period[1].replace(day=1))
    return None if day == period[0] else f"{day:%Y-%m}"


def not_before(month: str | None, period: tuple[date, date], today: date) -> str | None:
    """The month that was agreed, or, where it is over by now, the first that is not."""
    agreed = period[0] if month is None else date.fromisoformat(f"{month}-01")
    if agreed >= today.replace(day=1):
        return month
    return effective_month(None, period, today)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
