"""The tables of files as the rows of a body, which is read like one that came as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from service.roster.files.absences import AbsenceRows, absence_rows
from service.roster.files.columns import COHORT, HISTORY, TARGETS, Columns
from service.roster.files.faults import FileFault
from service.roster.files.measures import left_out, measure_rows, of_revenue
from service.roster.files.organisation import Organisation, organise
from service.roster.files.places import Places
from service.roster.files.seats import present_reps
from service.roster.files.table import NOTHING, Table
from service.roster.files.territories import territory_rows

type Row = dict[str, Any]

_REP_FIELDS: Final = (
    "name", "vacant", "baseline", "reach", "sigma", "capacity", "margin", "min", "max", "fixed",
    "last_year", "fte", "hired",
)  # fmt: skip
_UNIT_FIELDS: Final = (
    "id", "name", "parent", "owner", "min", "max", "target", "over_assignment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Body:
    """Facts in the shape of `InputsBody`, where they came from, and what there is to say."""

    document: Row
    places: Places
    left: frozenset[str]
    """Reps who left before the plan begins."""
    notes: tuple[str, ...]
    faults: tuple[FileFault, ...]


def body_of(
    tables: Mapping[str, Table],
    *,
    target: float | str | None,
    forecast: float | str | None,
    start: date | None,
) -> Body:
    """`target` None: the tables of targets and measures count."""
    units, reps, territories, assignments, history, absences, targets, measures = (
        tables.get(name, NOTHING)
        for name in ("units", "reps", "territories", "assignments", "history", "absences",
                     "targets", "measures")
    )  # fmt: skip
    faults: list[FileFault] = []
    seats = present_reps(reps, history, start)
    sales = len(seats.history)
    if target is not None:
        seats = replace(seats, history=of_revenue(history, seats.history))
    away = absence_rows(absences, set(reps.column("id")), seats.left, faults)
    organisation = organise(units, reps, seats.kept)
    held = territory_rows(territories, assignments, seats.left)
    document = {
        "target": target,
        "targets": rows_of(targets, TARGETS) if target is None else None,
        "measures": measure_rows(measures),
        "forecast": forecast,
        "units": _unit_rows(units, organisation),
        "reps": _rep_rows(reps, seats.kept, organisation, held.own_potential, away),
        "territories": held.rows,
        "history": _history_rows(history, seats.history),
    }
    notes = (
        *organisation.notes, *seats.notes, *left_out(sales, len(seats.history)), *held.notes,
    )  # fmt: skip
    places = Places(units, reps, held, history, seats, away, targets, measures)
    return Body(document, places, seats.left, notes, tuple(faults))


def rows_of(table: Table, columns: Columns) -> list[Row]:
    """The rows of a table, with the fields that it has."""
    names = [field.name for field in columns.fields if field.name in table.values]
    values = (table.column(name) for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def _unit_rows(units: Table, organisation: Organisation) -> list[Row]:
    if organisation.units is not None:
        return organisation.units
    columns = [units.column(name) for name in _UNIT_FIELDS]
    return [dict(zip(_UNIT_FIELDS, row, strict=True)) for row in zip(*columns, strict=True)]


def _rep_rows(
    reps: Table,
    kept: Sequence[int],
    organisation: Organisation,
    own_potential: Mapping[str, float] | None,
    away: AbsenceRows,
) -> list[Row]:
    ids, columns = reps.column("id"), [reps.column(name) for name in _REP_FIELDS]
    cohorts = {name.removeprefix(COHORT): reps.column(name)
               for name in reps.values if name.startswith(COHORT)}  # fmt: skip
    potential = reps.column("potential")
    unit = organisation.unit_of
    rows = []
    for row in kept:
        values = {name: column[row] for name, column in zip(_REP_FIELDS, columns, strict=True)}
        own = potential[row]
        if own is None and own_potential is not None:
            own = own_potential.get(ids[row])
        peers = {name: column[row] for name, column in cohorts.items() if column[row] is not None}
        rows.append(
            {
                "id": ids[row],
                "unit": unit[row],
                "potential": own,
                "cohorts": peers,
                "absences": away.rows.get(ids[row]),
                **values,
            }
        )
    return rows


def _history_rows(history: Table, kept: Sequence[int]) -> list[Row]:
    rows = rows_of(history, HISTORY)
    return rows if len(kept) == len(rows) else [rows[row] for row in kept]
