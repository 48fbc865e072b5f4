"""Territories, their holders and their potential out of one file or two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from service.roster.domain.rules import SHARE_TOLERANCE
from service.roster.files.table import Table

type Row = dict[str, Any]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class TerritoryRows:
    """Rows of the body, and the table and line that each, and each holder, came from."""

    rows: list[Row]
    places: list[tuple[Table, int]]
    holder_places: list[list[tuple[Table, int]]]
    own_potential: Mapping[str, float] | None
    """Potential by rep, where the file states it per rep and territory."""
    notes: tuple[str, ...]


def territory_rows(territories: Table, assignments: Table, left: frozenset[str]) -> TerritoryRows:
    """One row of the file is a territory, or a territory and one of its holders.

    Holders may stand in `assignments` instead. Those who left hold nothing any more. Where rows of
    one territory state different potentials, each states what its own rep can reach there. Shares
    that do not sum to 1 are scaled, and that is noted.
    """
    own = _own_potential(territories)
    found = TerritoryRows([], [], [], own, ())
    at: dict[Any, int] = {}
    repeated = _repeated(territories)
    for row, (key, line, potential) in enumerate(
        zip(
            territories.column("id"),
            territories.lines,
            territories.column("potential"),
            strict=True,
        )
    ):
        if key is None or key not in at or key in repeated:
            at[key] = len(found.rows)
            found.rows.append({"id": key, "potential": None if own is not None else potential})
            found.places.append((territories, line))
            found.holder_places.append([])
            found.rows[-1]["holders"] = []
        elif own is None and found.rows[at[key]]["potential"] is None:
            found.rows[at[key]]["potential"] = potential
        _hold(found, at[key], territories, row, left)
    for row, key in enumerate(assignments.column("territory")):
        if key is not None and key not in at:
            at[key] = len(found.rows)
            found.rows.append({"id": key, "holders": []})
            found.places.append((assignments, assignments.lines[row]))
            found.holder_places.append([])
        if key is not None:
            _hold(found, at[key], assignments, row, left)
    notes = [*_scale_shares(found.rows)]
    if own is not None:
        notes.insert(0, f"{territories.file}: rows of one territory differ in potential; each was "
                     "read as the potential of its own rep")  # fmt: skip
    return TerritoryRows(found.rows, found.places, found.holder_places, own, tuple(notes))


def _hold(
    found: TerritoryRows, territory: int, table: Table, row: int, left: frozenset[str]
) -> None:
    rep = table.column("rep")[row] if "rep" in table.values else None
    if rep is None or rep in left:
        return
    fields = {
        name: table.values[name][row] for name in ("share", "from", "to") if name in table.values
    }
    found.rows[territory]["holders"].append({"rep": rep, **fields})
    found.holder_places[territory].append((table, table.lines[row]))


def _repeated(territories: Table) -> set[Any]:
    """Territories that stand in several rows without naming holders: true duplicates."""
    seen: set[Any] = set()
    twice: set[Any] = set()
    for key, rep in zip(territories.column("id"), territories.column("rep"), strict=True):
        if rep is None:
            (twice if key in seen else seen).add(key)
    return twice


def _own_potential(territories: Table) -> Mapping[str, float] | None:
    stated: dict[Any, set[float]] = {}
    sums: dict[str, float] = {}
    columns = (territories.column(name) for name in ("id", "rep", "potential"))
    for key, rep, potential in zip(*columns, strict=True):
        if potential is not None and rep is not None:
            stated.setdefault(key, set()).add(float(potential))
            sums[rep] = sums.get(rep, 0.0) + float(potential)
    return sums if any(len(values) > 1 for values in stated.values()) else None


def _scale_shares(rows: list[Row]) -> Iterator[str]:
    """Bring the shares of every undated territory to a sum of 1."""
    scaled = []
    for row in rows:
        holders = row["holders"]
        if any(holder.get("from") or holder.get("to") for holder in holders):
            continue
        total = sum(1.0 if holder.get("share") is None else holder["share"] for holder in holders)
        if total > 0 and abs(total - 1) > SHARE_TOLERANCE + 1e-9:
            scaled.append(str(row["id"]))
            for holder in holders:
                share = 1.0 if holder.get("share") is None else holder["share"]
                holder["share"] = share / total
    if scaled:
        more = f" and {len(scaled) - _SHOWN} more" if len(scaled) > _SHOWN else ""
        names = ", ".join(scaled[:_SHOWN])
        yield f"the shares of these territories did not sum to 1 and were scaled: {names}{more}"
