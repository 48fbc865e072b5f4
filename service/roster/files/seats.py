"""Who carries quota: everybody in the file who has not left before the plan starts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from service.roster.files.table import Table

_LEFT = "left"


@dataclass(frozen=True, slots=True)
class Seats:
    """Rows of the reps' file and of the history that count, and the ids of those who left."""

    kept: list[int]
    history: list[int]
    left: frozenset[str]
    notes: tuple[str, ...]


def present_reps(reps: Table, history: Table, start: date | None) -> Seats:
    """Reps with a day of leaving before the start, or whose status is `left`, carry no quota.

    History that hangs on them is not used, as nothing says who took over.
    """
    start = start or _month_after(history)
    days, status = reps.column("left"), reps.column("status")
    gone, later = [], 0
    for row, (day, state) in enumerate(zip(days, status, strict=True)):
        before = day is not None and (start is None or day < start)
        if before or (day is None and (state or "").lower() == _LEFT):
            gone.append(row)
        elif day is not None:
            later += 1
    ids = reps.column("id")
    still_here = {ids[row] for row in set(range(len(reps))) - set(gone)}
    left = frozenset(ids[row] for row in gone if ids[row] is not None) - still_here
    away = set(gone)
    kept = [row for row in range(len(reps)) if row not in away]
    sellers = history.column("rep")
    used = [row for row, rep in enumerate(sellers) if rep not in left]
    notes = []
    if gone:
        when = f" before {start.isoformat()}" if start else ""
        who = "1 rep" if len(gone) == 1 else f"{len(gone)} reps"
        notes.append(f"{reps.file}: no quota for {who} who left{when}{_unused(history, used)}")
    if later:
        who = "1 rep who leaves" if later == 1 else f"{later} reps who leave"
        notes.append(f"{reps.file}: a quota for the whole period for {who} later")
    return Seats(kept, used, left, tuple(notes))


def _unused(history: Table, used: list[int]) -> str:
    actual = history.column("actual")
    lost = sorted(set(range(len(history))) - set(used))
    amount = math.fsum(actual[row] or 0 for row in lost)
    rows = "1 row" if len(lost) == 1 else f"{len(lost)} rows"
    return f"; {rows} of their history ({amount:,.0f}) not used" if lost else ""


def _month_after(history: Table) -> date | None:
    """The first day after the last month of the history."""
    months = [month for month in history.column("period") if month is not None]
    if not months:
        return None
    year, month = map(int, max(months).split("-"))
    return date(year + month // 12, month % 12 + 1, 1)
