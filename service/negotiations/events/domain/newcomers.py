"""The row of somebody whom a version did not know: nothing was solved, so nothing is proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.allocations.versions.domain.ledger.unsolved import unsolved

type Row = dict[str, Any]


def with_newcomer(
    rows: Sequence[Row],
    units: Sequence[Mapping[str, Any]],
    manifest: Mapping[str, Any],
    *,
    rep: str,
    unit: str | None,
) -> list[Row]:
    """The rows with one more: unit by unit in the order of the units, the company's own first, reps
    by id.
    """
    places: dict[str | None, int] = {None: 0}
    places |= {own["id"]: place for place, own in enumerate(units, start=1)}
    at = (places[unit], rep)
    before = [row for row in rows if (places[row["unit"]], row["rep"]) < at]
    return [*before, _newcomer(rows, manifest, rep, unit), *rows[len(before) :]]


def _newcomer(rows: Sequence[Row], manifest: Mapping[str, Any], rep: str, unit: str | None) -> Row:
    """The members that rows of this version have."""
    nothing = [0] * len(manifest["months"])
    row: Row = {
        "rep": rep,
        "unit": unit,
        "quota": 0,
        "solved": None,
        "amended": [],
        **unsolved(manifest),
        "stretch": None,
        "effort": None,
        "growth": None,
        "over_last_year": None,
        "attainment_probability": None,
        "estimate": None,
        "months": nothing,
        "solved_months": nothing,
    }
    if rows and rows[0].get("lines") is not None:
        row |= {"lines": [], "solved_lines": []}
    if rows and rows[0].get("levels"):
        row["levels"] = dict.fromkeys(rows[0]["levels"], 0)
    return row
