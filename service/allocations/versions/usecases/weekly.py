"""The quotas of a version week by week.

Weeks are not stored: they follow from the months of a version and from working days, as these are
known when somebody asks. They are spread over the reps of one unit at once (those of one chunk), so
that the weeks of a team come near to its months as well, and do not depend on what else was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from service.allocations.months import YEAR
from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.repository import StoredVersion
from service.allocations.versions.usecases.reading import (
    listing_of,
    open_measure,
    units_wanted,
    unknown,
)
from service.kit.errors import NotFound
from service.kit.money import column_from_minor, from_minor
from service.kit.pages import PageRequest, cursor_after
from service.plans.sight import Sight
from solver.spread.calendar import Calendar, working_calendar
from solver.spread.periods import weeks_of


class MonthsNotFound(NotFound):
    """The version has no months."""


def page_of_weeks(
    session: Session,
    place: tuple[str, str, int],
    page: PageRequest,
    *,
    sight: Sight,
    unit: str | None = None,
    rep: str | None = None,
    measure: str | None = None,
) -> tuple[list[Row], str | None]:
    """The API's rows, and the cursor of the next ones.

    `place`: workspace, plan, number of the version. Raises MonthsNotFound, and InvalidParameters
    for a unit, rep or measure it does not have.
    """
    _, plan_id, number = place
    stored = open_measure(session, *place, measure)
    if not stored.months:
        raise MonthsNotFound(f"Version {number} has none: it is older, or has no period.")
    wanted = units_wanted(stored, sight, unit)
    if (one := rep if rep is not None else sight.rep) is not None:
        rows = stored.together_with(one)
        if not any(row["rep"] == one and sight.sees_rep(row) for row in rows):
            raise unknown("rep", "has no quota in this version")
        kept = unit is None or wanted is None or rows[0]["unit"] in wanted
        return [row for row in _presented(stored, rows) if kept and row["rep"] == one], None
    listing = listing_of("weeks", (plan_id, number), sight, measure, unit)
    after = page.after(listing, int)
    first = 0 if after is None else after + 1
    start, rows, more = stored.chunk_from(first, wanted)
    skipped = max(0, first - start)
    found = _presented(stored, rows)[skipped : skipped + page.limit]
    last = start + skipped + len(found) - 1
    more = more or last < start + len(rows) - 1
    return found, cursor_after(listing, last) if more else None


def _presented(stored: StoredVersion, rows: Sequence[Row]) -> list[Row]:
    """The API's rows of all reps of a chunk."""
    if not rows:
        return []
    calendar = _calendar(stored)
    months = np.array([row["months"] for row in rows], dtype=np.int64)
    pieces = weeks_of(months, calendar, stored.manifest["increment"])
    amounts = (column_from_minor(own, stored.digits) for own in pieces)
    frame = [
        {"week": date.fromordinal(monday).isoformat(), "month": stored.months[month],
         "working_days": days}
        for monday, month, days in zip(
            calendar.piece_week.tolist(), calendar.piece_month.tolist(),
            calendar.piece_days.tolist(), strict=True,
        )
    ]  # fmt: skip
    return [
        {
            "rep": row["rep"],
            "unit": row["unit"],
            "quota": from_minor(row["quota"], stored.digits),
            "weeks": [piece | {"amount": amount} for piece, amount in zip(frame, own, strict=True)],
        }
        for row, own in zip(rows, amounts, strict=True)
    ]


def _calendar(stored: StoredVersion) -> Calendar:
    season: Any = stored.manifest["season"]
    first = stored.months[0]
    start = int(first[:4]) * YEAR + int(first[5:]) - 1
    return working_calendar(season["country"], start, start + len(stored.months))
