"""What commands print and write, for people and programs: terminal, pipe, CSV, XLSX, Parquet.

A file appears whole or not at all: it is written beside its place and then renamed.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO

from service.cli.failure import Failure
from service.kit import parquet, spreadsheets
from service.kit.parquet import Kind
from service.kit.spreadsheets import Cell
from service.kit.workbooks import TooManyRows


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
        drawing.add_column(column, justify="right" if figures else "left", overflow="fold")
    for row in table.rows:
        drawing.add_row(*(Text(_readable(cell)) for cell in row))
    Console().print(drawing)


def _plain(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _readable(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int | float) else _plain(cell)


def write_csv(table: Table, path: Path) -> None:
    _write_whole(path, partial(spreadsheets.write_csv, table))


def write_xlsx(tables: Sequence[Table], path: Path) -> None:
    """One sheet per table."""
    try:
        _write_whole(path, partial(spreadsheets.write_xlsx, tables))
    except TooManyRows as reason:
        raise Failure(f"{path} cannot be written: {reason.detail}") from reason


def write_parquet(kinds: Mapping[str, Kind], table: Table, path: Path) -> None:
    """`kinds`: of its columns; those that it does not name hold texts."""
    columns: dict[str, Kind] = {name: kinds.get(name, str) for name in table.columns}
    amounts = [isinstance(kind, int) for kind in columns.values()]
    rows = (
        [
            Decimal(str(cell)) if exact and cell is not None else cell
            for cell, exact in zip(row, amounts, strict=True)
        ]
        for row in table.rows
    )
    _write_whole(path, partial(parquet.write_parquet, columns, rows, {}))


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
