"""Tables as files that spreadsheets open: CSV and XLSX. No text in them runs as a formula.

In CSV an apostrophe stands before such a text, which people and spreadsheets take as "this is
text"; in XLSX the cell itself says that it is text.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import BinaryIO, Final, Protocol

from service.kit.workbooks import FORMULA, Page, write_workbook

type Cell = str | int | float | Decimal | None

_LOOKS_DEFUSED: Final = re.compile(f"'+[{re.escape(''.join(FORMULA))}]")


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
    """A workbook with a frozen header row in each sheet. Raises TooManyRows."""
    pages = (
        Page(
            sheet.name,
            [str(_told_apart(name)) for name in sheet.columns],
            (map(_told_apart, row) for row in sheet.rows),
            sheet.formats,
        )
        for sheet in sheets
    )
    write_workbook(pages, stream)


def defused(cell: Cell) -> Cell:
    """As it stands in CSV."""
    dangerous = isinstance(cell, str) and cell.startswith(FORMULA)
    return f"'{cell}" if dangerous else _told_apart(cell)


def restored(text: str) -> str:
    """What stands in CSV or XLSX as this text."""
    return text[1:] if _LOOKS_DEFUSED.match(text) else text


def _told_apart(cell: Cell) -> Cell:
    """With an apostrophe more where `restored` would take one away."""
    return f"'{cell}" if isinstance(cell, str) and _LOOKS_DEFUSED.match(cell) else cell


class _Utf8:
    """The little of a text stream that the csv module wants."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.write(b"\xef\xbb\xbf")

    def write(self, text: str) -> int:
        return self._stream.write(text.encode())
