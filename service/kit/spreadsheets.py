"""Tables as files that spreadsheets open: CSV and XLSX. No text in them runs as a formula.

In CSV an apostrophe stands before such a text, which people and spreadsheets take as "this is
text"; in XLSX the cell itself says that it is text.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import BinaryIO, Final, Protocol

from service.kit.workbooks import FORMULA, Page, write_workbook

type Cell = str | int | float | Decimal | None

_CHANGED: Final = (*FORMULA, "'")
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
    stream.writelines(csv_lines(sheet.columns, sheet.rows))


def csv_lines(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, marked: bool = True
) -> Iterator[bytes]:
    """UTF-8; `marked` with a byte order mark, which is how spreadsheets recognise it."""
    writer = csv.writer(_Utf8())
    if marked:
        yield b"\xef\xbb\xbf"
    for row in chain([columns], rows):
        yield writer.writerow(map(defused, row))  # what `write` answers


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
    if not isinstance(cell, str) or not cell.startswith(_CHANGED):
        return cell  # as nearly all are: a million rows are looked at cell by cell
    return f"'{cell}" if cell.startswith(FORMULA) else _told_apart(cell)


def restored(text: str) -> str:
    """What stands in CSV or XLSX as this text."""
    return text[1:] if _LOOKS_DEFUSED.match(text) else text


def _told_apart(cell: Cell) -> Cell:
    """With an apostrophe more where `restored` would take one away."""
    return f"'{cell}" if isinstance(cell, str) and _LOOKS_DEFUSED.match(cell) else cell


class _Utf8:
    """The little of a text stream that the csv module wants; it hands on what is written."""

    def write(self, text: str) -> bytes:
        return text.encode()
