"""A folder or workbook as inputs: nothing of it, or all of it, and notes on what was made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from service.kit.errors import Fault
from service.roster.domain import Inputs, InvalidInputs, read_inputs
from service.roster.files.absences import AbsenceRows, absence_rows
from service.roster.files.columns import (
    ABSENCES,
    ASSIGNMENTS,
    COHORT,
    HISTORY,
    MEASURES,
    QUOTAS,
    REPS,
    TARGETS,
    TERRITORIES,
    UNITS,
    Field,
    Table,
    cohort_fields,
    read_table,
)
from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.measures import left_out, measure_rows, of_revenue
from service.roster.files.organisation import Organisation, organise
from service.roster.files.seats import Seats, present_reps
from service.roster.files.sheets import MEASURES as MEASURES_SHEET
from service.roster.files.sheets import NAMES, Tables, read_tables
from service.roster.files.sheets import QUOTAS as QUOTAS_SHEET
from service.roster.files.sheets import TARGETS as TARGETS_SHEET
from service.roster.files.territories import TerritoryRows, territory_rows
from solver.problem import AMOUNT_LIMIT

type Row = dict[str, Any]

_REP_FIELDS: Final = (
    "name", "vacant", "baseline", "reach", "sigma", "capacity", "margin", "min", "max", "fixed",
    "last_year", "fte", "hired",
)  # fmt: skip
_UNIT_FIELDS: Final = (
    "id", "name", "parent", "owner", "min", "max", "target", "over_assignment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileInputs:
    """What the files say, and what was made of what is not plain in them."""

    inputs: Inputs
    notes: tuple[str, ...]
    quotas: tuple[Row, ...] = ()
    """Past quotas (`rep`, `period`, `quota`), where they were asked for."""


def read_files(
    path: Path,
    *,
    target: float | str | None,
    digits: int,
    start: date | None = None,
    period: tuple[date, date] | None = None,
    forecast: float | None = None,
    with_quotas: bool = False,
) -> FileInputs:
    """The inputs in a folder of `reps`, `units`, `territories`, `history` files, or a workbook.

    `target` is the company's; where it is None a file of `targets` tells it, and one of `measures`
    what is planned; otherwise both are not read. `digits`: the minor digits of the currency.
    `start`: first day of the plan's period, the month after the last one of the history where left
    out; who left before it carries no quota. `period`: the plan's, of which targets name months;
    the year after the history where left out. `with_quotas`: read the file of past `quotas` too.
    Raises `FileFaults` with every fault by file, line and column.
    """
    listed = target is None
    more = {QUOTAS_SHEET: with_quotas, TARGETS_SHEET: listed, MEASURES_SHEET: listed}
    names = (*NAMES, *(name for name, wanted in more.items() if wanted))
    tables = read_tables(path, names)
    faults: list[FileFault] = []
    cohorts = cohort_fields(tables.sheets.get("reps"), faults)
    units, reps, territories, assignments, history, absences, targets, measures = (
        read_table(tables.sheets.get(name), fields, faults)
        for name, fields in (
            ("units", UNITS),
            ("reps", (*REPS, *cohorts)),
            ("territories", TERRITORIES),
            ("assignments", ASSIGNMENTS),
            ("history", HISTORY),
            ("absences", ABSENCES),
            (TARGETS_SHEET, TARGETS),
            (MEASURES_SHEET, MEASURES),
        )
    )
    if "reps" not in tables.sheets:
        raise FileFaults([*faults, _no_reps(path)])
    if listed and TARGETS_SHEET not in tables.sheets:
        reason = "is missing, and no target is given"
        raise FileFaults([*faults, FileFault(TARGETS_SHEET, None, None, None, reason)])
    past = read_table(tables.sheets.get(QUOTAS_SHEET), QUOTAS, faults)
    quotas = _quota_rows(past, set(reps.column("id")), faults)
    seats = present_reps(reps, history, start)
    sales = len(seats.history)
    if not listed:
        seats = replace(seats, history=of_revenue(history, seats.history))
    away = absence_rows(absences, set(reps.column("id")), seats.left, faults)
    organisation = organise(units, reps, seats.kept)
    held = territory_rows(territories, assignments, seats.left)
    body: Row = {
        "target": target,
        "targets": _rows(targets, TARGETS) if listed else None,
        "measures": measure_rows(measures),
        "forecast": forecast,
        "units": _unit_rows(units, organisation),
        "reps": _rep_rows(reps, seats.kept, organisation, held.own_potential, away),
        "territories": held.rows,
        "history": _history_rows(history, seats.history),
    }
    places = _Places(units, reps, held, history, seats, away, targets, measures)
    try:
        inputs = read_inputs(body, digits=digits, period=period, shares="report")
    except InvalidInputs as error:
        faults += [places.of(fault) for fault in error.faults]
        raise FileFaults(faults) from None
    if faults:
        raise FileFaults(faults)
    read = (units, reps, territories, assignments, history, absences, targets, measures, past)
    notes = [
        *_unread(tables, read),
        *organisation.notes,
        *seats.notes,
        *left_out(sales, len(seats.history)),
        *held.notes,
        *(warning.detail for warning in inputs.warnings),
    ]
    return FileInputs(inputs, tuple(notes), tuple(q for q in quotas if q["rep"] not in seats.left))


def _no_reps(path: Path) -> FileFault:
    """A folder needs a file of reps, a workbook a sheet of them."""
    if path.is_dir():
        return FileFault("reps.csv", None, None, None, "is missing: who carries the target?")
    reason = "has no sheet named reps: who carries the target?"
    return FileFault(path.name, None, None, None, reason)


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
    rows = _rows(history, HISTORY)
    return rows if len(kept) == len(rows) else [rows[row] for row in kept]


def _rows(table: Table, fields: tuple[Field, ...]) -> list[Row]:
    """The rows of a table, with the fields that it has."""
    names = [name for name in (field.name for field in fields) if name in table.values]
    columns = (table.column(name) for name in names)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _quota_rows(quotas: Table, reps: set[str | None], faults: list[FileFault]) -> list[Row]:
    """Rows whose rep is one of `reps` and whose quota is no less than 0; others are faults."""
    rows = []
    columns = [quotas.column(name) for name in ("rep", "period", "quota")]
    for line, rep, period, quota in zip(quotas.lines, *columns, strict=True):
        if rep is not None and rep not in reps:
            reason = "names no rep of the reps file"
            faults.append(FileFault(quotas.file, line, quotas.headers["rep"], rep, reason))
        elif quota is not None and not 0 <= quota <= AMOUNT_LIMIT:
            reason = f"must be an amount of 0 to {AMOUNT_LIMIT:,}"
            faults.append(FileFault(quotas.file, line, quotas.headers["quota"], str(quota), reason))
        rows.append({"rep": rep, "period": period, "quota": quota})
    return rows


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the rows of the body came from."""

    units: Table
    reps: Table
    held: TerritoryRows
    history: Table
    seats: Seats
    away: AbsenceRows
    targets: Table
    measures: Table

    def of(self, fault: Fault) -> FileFault:
        """A fault of the body as a fault of a file."""
        table, line, field = self._place(fault.pointer.split("/")[1:])
        value = None if fault.value is None else str(fault.value)
        if table is None:
            return FileFault("", None, field or None, value, fault.detail)
        column = table.headers.get(field, field) or None
        return FileFault(table.file, line, column, value, self._in_files(fault.detail))

    def _in_files(self, detail: str) -> str:
        """The sentence of a fault with lines of files for places in the body."""
        before, already, place = detail.partition(" already in ")
        if already:
            table, line, _ = self._place(place.split("/")[1:])
            if table is not None:
                return f"{before} already in line {line}"
        return detail.replace("`", "")

    def _place(self, pointer: list[str]) -> tuple[Table | None, int | None, str]:
        """The table, line and field of a pointer; the field is empty where a row is meant."""
        match pointer:
            case ["units", row, *field]:
                lines = self.units.lines  # none where units were made from columns of the reps
                place = (self.units, lines[int(row)]) if lines else (self.reps, None)
            case ["reps", row, "absences", nth, *field]:
                rep = self.reps.column("id")[self.seats.kept[int(row)]]
                place = self.away.table, self.away.lines[rep][int(nth)]
            case ["reps", row, *field]:
                place = self.reps, self.reps.lines[self.seats.kept[int(row)]]
            case ["targets", row, *field]:
                place = self.targets, self.targets.lines[int(row)]
            case ["measures", row, "levels", *field] | ["measures", row, *field]:
                place = self.measures, self.measures.lines[int(row)]
            case ["history", row, *field]:
                place = self.history, self.history.lines[self.seats.history[int(row)]]
            case ["territories", row, "holders", holder, *field]:
                place = self.held.holder_places[int(row)][int(holder)]
            case ["territories", row, *field]:
                place = self.held.places[int(row)]
            case ["reps" | "targets" as whole]:
                return (self.reps if whole == "reps" else self.targets), None, ""
            case _:
                return None, None, "/".join(pointer)
        return *place, "".join(field[:1])


def _unread(tables: Tables, read: tuple[Table, ...]) -> list[str]:
    notes = [
        f"{table.file}: columns not read: {', '.join(table.ignored)}"
        for table in read
        if table.ignored
    ]
    return [*notes, f"not read: {', '.join(tables.unread)}"] if tables.unread else notes
