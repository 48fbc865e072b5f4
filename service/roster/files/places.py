"""Where the rows of a body stand in the files that it was made of."""

from __future__ import annotations

from dataclasses import dataclass

from service.kit.errors import Fault
from service.roster.files.absences import AbsenceRows
from service.roster.files.faults import FileFault
from service.roster.files.seats import Seats
from service.roster.files.table import Table
from service.roster.files.territories import TerritoryRows


@dataclass(frozen=True, slots=True)
class Places:
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
