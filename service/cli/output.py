"""What commands print and write: tables for people and programs: terminal, pipe, CSV and XLSX.

A text that a spreadsheet would run as a formula is defused: in CSV by an apostrophe in front, which
spreadsheets take as "this is text"; in XLSX the cell itself says that it is text. A file appears
whole or not at all: it is written beside its place and then renamed.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from service.cli.failure import Failure

type Cell = str | int | float | None

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Table:
    """A named table; numbers are int or float, anything unknown is None."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    figures: frozenset[int] = frozenset()
    """Columns that are drawn at the right although their cells are texts."""
    formats: Mapping[int, str] = field(default_factory=dict)
    """How a workbook shows the numbers of a column."""


def on_a_terminal() -> bool:
    return sys.stdout.isatty()


def show(table: Table, drawn: Table | None = None) -> None:
    """Tab-separated values into a pipe; to a person on a terminal `drawn`, or the table itself."""
    if on_a_terminal():
        _draw(drawn or table)
    else:
        _separate_by_tabs(table, sys.stdout)


def _separate_by_tabs(table: Table, stream: TextIO) -> None:
    for row in (table.columns, *table.rows):
        cells = (" ".join(_plain(cell).split()) for cell in row)
        stream.write("\t".join(cells) + "\n")


def _draw(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Drawing
    from rich.text import Text

    drawing = Drawing()
    for number, column in enumerate(table.columns):
        numbers = any(isinstance(row[number], int | float) for row in table.rows)
        figures = numbers or number in table.figures
        drawing.add_column(column, justify="right" if figures else "left")
    for row in table.rows:
        drawing.add_row(*(Text(_readable(cell)) for cell in row))
    Console().print(drawing)


def _plain(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _readable(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int | float) else _plain(cell)


def write_csv(table: Table, path: Path) -> None:
    """UTF-8 with a byte order mark, which is how spreadsheets recognise it."""

    def write(stream: BinaryIO) -> None:
        text = _Utf8(stream)
        writer = csv.writer(text)
        writer.writerow(table.columns)
        writer.writerows([_defused(cell) for cell in row] for row in table.rows)

    _write_whole(path, write)


class _Utf8:
    """The little of a text stream that the csv module wants."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(b"\xef\xbb\xbf")

    def write(self, text: str) -> int:
        return self._stream.write(text.encode())


def _defused(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def write_xlsx(tables: Sequence[Table], path: Path) -> None:
    """One sheet per table, its header row frozen."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

    workbook = Workbook(write_only=True)
    for table in tables:
        sheet = workbook.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        sheet.append(table.columns)
        for row in table.rows:
            cells = []
            for column, value in enumerate(row):
                cell = WriteOnlyCell(sheet)
                if isinstance(value, str):
                    cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
                    cell.data_type = "s"  # a text, even where it begins with "="
                    cell.quotePrefix = value.startswith(_FORMULA)
                else:
                    cell.value = value
                    cell.number_format = table.formats.get(column, cell.number_format)
                cells.append(cell)
            sheet.append(cells)
    _write_whole(path, workbook.save)


def write_bytes(data: bytes, path: Path) -> None:
    _write_whole(path, lambda stream: stream.write(data))


def _write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    try:
        with _beside(path) as stream:
            write(stream)
    except OSError as reason:
        raise Failure(f"{path} cannot be written: {reason.strerror or reason}.") from reason


@contextmanager
def _beside(path: Path) -> Iterator[BinaryIO]:
    """A new file in the same folder that takes the path's place when all went well."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(descriptor)
        beside.chmod(0o666 & ~_umask())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
