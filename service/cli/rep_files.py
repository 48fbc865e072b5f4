"""Files with a row for each rep, cell by cell: what is wrong is told by line and column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.roster.files import FileFault, FileFaults, Sheet, read_sheet
from service.roster.files.cells import shown

REP: Final = "rep_id"
_NEEDED: Final = frozenset({REP, "actual", "period"})
"""Columns whose cells must say something."""


def sheet_with(path: Path, *columns: str) -> Sheet:
    """The table of a file; raises `FileFaults` where it lacks one of the columns."""
    sheet = read_sheet(path)
    missing = [name for name in columns if name not in sheet.header]
    if missing:
        raise FileFaults(
            [FileFault(sheet.file, 1, name, None, "is missing: it is needed") for name in missing]
        )
    return sheet


def rows_of(sheet: Sheet) -> zip[tuple[list[Any], int]]:
    """Rows and their lines."""
    return zip(sheet.cells, sheet.lines, strict=True)


@dataclass(frozen=True, slots=True)
class Cells:
    """One row."""

    sheet: Sheet
    row: list[Any]
    line: int
    faults: list[FileFault]
    tells: bool = True
    """Whether faults tell the value."""

    def read(self, column: str, parse: Any) -> Any:
        """None for a blank cell of an attribute, and for a fault, which is noted."""
        cell = self.row[self.sheet.header.index(column)]
        blank = cell == "" or (isinstance(cell, str) and not cell.strip())
        if blank and column not in _NEEDED:
            return None
        try:
            return parse(cell)
        except ValueError as reason:
            value = shown(cell) if self.tells else None
            fault = FileFault(self.sheet.file, self.line, column, value, str(reason))
            self.faults.append(fault)
            return None
