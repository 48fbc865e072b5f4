"""Which unit each rep hangs on, and the units themselves where no file lists them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.roster.files.table import Table


@dataclass(frozen=True, slots=True)
class Organisation:
    """`units` is None where a file lists them; `unit_of` goes by the rows of the reps' file."""

    units: list[dict[str, Any]] | None
    unit_of: list[str | None]
    notes: tuple[str, ...] = ()


def organise(units: Table, reps: Table, kept: Sequence[int]) -> Organisation:
    """The column `unit` (`unit_id`, `team_id`) counts, else `team`, else `region`.

    Without a file of units, the values are the units; teams hang below regions where every team
    lies in one region. `kept`: the rows of those who carry quota; only their units are made.
    """
    column = column_of_units(reps)
    own, region = reps.column(column), reps.column("region")
    if len(units):
        return Organisation(None, own)
    if column == "region":
        made = _flat([own[row] for row in kept])
        return Organisation(made, own, _note(reps, column, len(made)))
    parents = _regions_of_teams([(own[row], region[row]) for row in kept])
    if parents is None:
        made = _flat([own[row] for row in kept])
        return Organisation(made, own, _note(reps, column, len(made)))
    above = sorted({parent for parent in parents.values() if parent is not None})
    made = [{"id": name, "name": name} for name in above]
    made += [
        {"id": name, "name": name, "parent": parent} for name, parent in sorted(parents.items())
    ]
    unit_of = [team or place for team, place in zip(own, region, strict=True)]
    known = {unit["id"] for unit in made}
    made += [
        {"id": name, "name": name}
        for name in sorted({unit_of[row] for row in kept if unit_of[row]} - known)
    ]
    return Organisation(made, unit_of, _note(reps, f"{column} and region", len(made)))


def column_of_units(reps: Table) -> str:
    """The column that says where reps belong."""
    return next((name for name in ("unit", "team") if any(reps.column(name))), "region")


def _flat(names: list[str | None]) -> list[dict[str, Any]]:
    return [{"id": name, "name": name} for name in sorted({name for name in names if name})]


def _regions_of_teams(pairs: list[tuple[str | None, str | None]]) -> dict[str, str | None] | None:
    """The region above each team; None where some team lies in several, or names are the same."""
    found: dict[str, str | None] = {}
    for team, region in pairs:
        if team is not None and found.setdefault(team, region) != region:
            return None
    regions = {region for region in found.values() if region is not None}
    return None if not regions or regions & set(found) else found


def _note(reps: Table, columns: str, count: int) -> tuple[str, ...]:
    if not count:
        return ()
    what = "1 unit was" if count == 1 else f"{count} units were"
    return (f"{reps.file}: {what} made from {columns}; there is no file of units",)
