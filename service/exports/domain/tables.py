"""Formats that are tables, as CSV files without a byte order mark: programs read them, and would
take it for a part of the first column's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from service.kit.spreadsheets import Cell, csv_lines


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under names of columns; gone through once."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]

    def write(self, stream: BinaryIO) -> None:
        stream.writelines(csv_lines(self.columns, self.rows, marked=False))
