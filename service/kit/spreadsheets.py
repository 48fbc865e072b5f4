"""Tables as files that spreadsheets open: CSV and XLSX. No text in them runs as a formula.

In CSV an apostrophe stands before such a text, which people and spreadsheets take as "this is
text"; in XLSX the cell itself says that it is text.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from io import BytesIO
from typing import Any, BinaryIO, Final, Protocol

type Cell = str | int | float | Decimal | None

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_LOOKS_DEFUSED: Final = re.compile(r"'+[=+\-@\t\r]")


class Sheet(Protocol):
    """A named table; its rows are gone through once, one by one."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> Sequence[str]: ...

    @property
    def rows(self) -> Iterable[Sequence[Cell]]: ...

    @property
    def formats(self) -> Mapping[int, str]:
        """How a workbook shows the numbers of a column."""


def write_csv(sheet: Sheet, stream: BinaryIO) -> None:
    """UTF-8 with a byte order mark, which is how spreadsheets recognise it."""
    writer = csv.writer(_Utf8(stream))
    writer.writerow([defused(name) for name in sheet.columns])
    writer.writerows([defused(cell) for cell in row] for row in sheet.rows)


def write_xlsx(sheets: Iterable[Sheet], stream: BinaryIO) -> None:
    """A workbook with a frozen header row in each sheet."""
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    try:
        for sheet in sheets:
            _append(workbook, sheet)
    except BaseException:
        with suppress(Exception):
            workbook.save(BytesIO())  # closes its sheets, and removes what it keeps on disk of them
        raise
    workbook.save(stream)


def defused(cell: Cell) -> Cell:
    """As it stands in CSV."""
    dangerous = isinstance(cell, str) and cell.startswith(_FORMULA)
    return f"'{cell}" if dangerous else _told_apart(cell)


def restored(text: str) -> str:
    """What stands in CSV or XLSX as this text."""
    return text[1:] if _LOOKS_DEFUSED.match(text) else text


def _told_apart(cell: Cell) -> Cell:
    """With an apostrophe more where `restored` would take one away."""
    return f"'{cell}" if isinstance(cell, str) and _LOOKS_DEFUSED.match(cell) else cell


def _append(workbook: Any, sheet: Sheet) -> None:
    page = workbook.create_sheet(sheet.name)
    page.freeze_panes = "A2"
    page.append([*_cells(page, sheet.columns, {})])
    for row in sheet.rows:
        page.append([*_cells(page, row, sheet.formats)])


def _cells(page: Any, row: Sequence[Cell], formats: Mapping[int, str]) -> Iterator[Any]:
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

    for column, value in enumerate(map(_told_apart, row)):
        if isinstance(value, str):
            cell = WriteOnlyCell(page)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
            cell.data_type = "s"  # a text, even where it begins with "="
            cell.quotePrefix = value.startswith(_FORMULA)
            yield cell
        elif column in formats:
            cell = WriteOnlyCell(page)
            cell.value = value
            cell.number_format = formats[column]
            yield cell
        else:
            yield value


class _Utf8:
    """The little of a text stream that the csv module wants."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(b"\xef\xbb\xbf")

    def write(self, text: str) -> int:
        return self._stream.write(text.encode())
