"""What a folder says of measures: the rows of `measures`, and which history belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from service.roster.domain.measures import REVENUE
from service.roster.files.columns import MEASURES
from service.roster.files.table import Table

type Row = dict[str, Any]

_LEVELS: Final = ("floor", "stretch_target")


def measure_rows(measures: Table) -> list[Row]:
    """Rows of the body, with the levels in an object of their own."""
    rows = []
    for place in range(len(measures)):
        row = {field.name: measures.column(field.name)[place] for field in MEASURES.fields}
        levels = {name: row.pop(name) for name in _LEVELS}
        rows.append(row | {"levels": levels})
    return rows


def of_revenue(history: Table, kept: Sequence[int]) -> list[int]:
    """Those of the rows that are of revenue, the only measure that a single target can be of."""
    measure = history.column("measure")
    return [row for row in kept if measure[row] in (None, REVENUE)]


def left_out(before: int, after: int) -> list[str]:
    """A note on the rows that were not."""
    count = before - after
    if not count:
        return []
    rows = "1 row is" if count == 1 else f"{count:,} rows are"
    return [f"history: {rows} of other measures than revenue, whose target is given, and not read"]
