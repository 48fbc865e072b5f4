"""The row of somebody whom a version did not know: nothing was solved, so nothing is proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

type Row = dict[str, Any]


def with_newcomer(
    rows: Sequence[Row], units: Sequence[Mapping[str, Any]], rep: str, unit: str | None, months: int
) -> list[Row]:
    """The rows with one more: unit by unit in the order of the units, the company's own first, reps
    by id.
    """
    places: dict[str | None, int] = {None: 0}
    places |= {own["id"]: place for place, own in enumerate(units, start=1)}
    at = (places[unit], rep)
    before = [row for row in rows if (places[row["unit"]], row["rep"]) < at]
    return [*before, _newcomer(rows, rep, unit, months), *rows[len(before) :]]


def _newcomer(rows: Sequence[Row], rep: str, unit: str | None, months: int) -> Row:
    """The members that rows of this version have."""
    nothing = [0] * months
    row: Row = {
        "rep": rep,
        "unit": unit,
        "quota": 0,
        "solved": None,
        "amended": [],
        "floor": 0,
        "cap": None,
        "anchor": 0.0,
        "yardstick": 1.0,
        "unrounded": 0.0,
        "baseline": 0.0,
        "reach": 0.0,
        "last_year": None,
        "sigma": None,
        "stretch": None,
        "effort": None,
        "growth": None,
        "over_last_year": None,
        "attainment_probability": None,
        "price": None,
        "estimate": None,
        "binding": [],
        "explanation": [0, 0, 0],
        "months": nothing,
        "solved_months": nothing,
    }
    if rows and rows[0].get("lines") is not None:
        row |= {"lines": [], "solved_lines": []}
    if rows and rows[0].get("levels"):
        row["levels"] = dict.fromkeys(rows[0]["levels"], 0)
    return row
