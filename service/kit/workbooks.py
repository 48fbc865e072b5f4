"""Workbooks (XLSX) of plain tables, written row by row by XlsxWriter.

Only numbers and texts are written, so nothing in a workbook can run: a text says that it is one,
also where it begins with "=". Rows wait on the disk, not in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Final

from service.kit.errors import NotAcceptable

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

type _Cell = str | bool | float | Decimal | None

FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What texts begin with that a spreadsheet would run, were they typed in; full width, too."""
MAX_ROWS: Final = 1_048_576
"""Of a sheet, with its header."""
_MAX_TEXT: Final = 32_767
"""UTF-16 units of a cell."""
_ALWAYS: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""When every workbook was made, so that the same tables are the same bytes."""
_SPECIAL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)|^<(?=r>)"
)
"""What XML cannot hold, and what would be read as the name of such; XlsxWriter takes a text that
begins with `<r>` for XML.
"""
_ESCAPED: Final = re.compile(r"_x005[fF]_(?=x[0-9a-fA-F]{4}_)|^_x003C_(?=r>)")


class TooManyRows(NotAcceptable):
    """A sheet of a workbook has no room for so many rows."""


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet of a workbook; its rows are gone through once."""

    name: str
    header: Sequence[str]
    rows: Iterable[Iterable[_Cell]]
    formats: Mapping[int, str] = field(default_factory=dict)
    """How numbers of a column are shown, and what is typed into it."""
    widths: Mapping[int, int] = field(default_factory=dict)
    """Of columns, in characters."""
    bold: frozenset[int] = frozenset()
    """Columns with a bold header."""
    wrapped: bool = False
    """Whether long texts take several lines."""


def write_workbook(pages: Iterable[Page], stream: BinaryIO) -> None:
    """Raises TooManyRows, and OSError where there is no room; then nothing, or not all, was written
    into the stream.
    """
    with TemporaryDirectory() as folder:
        with _in_folder(folder, name := f"{folder}/book") as book:
            book.set_properties({"created": _ALWAYS})
            for page in pages:
                _write_page(book, page)
        with Path(name).open("rb") as written:
            copyfileobj(written, stream)


@contextmanager
def _in_folder(folder: str, name: str) -> Iterator[Workbook]:
    # Slow to import, and most commands write none.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    book = Workbook(name, {"constant_memory": True, "tmpdir": folder})
    try:
        yield book
        book.close()
    except FileCreateError as error:
        (reason,) = error.args
        raise reason from None
    finally:
        for sheet in book.worksheets():
            sheet.row_data_fh.close()  # type: ignore[attr-defined]  # an open file by now


def _write_page(book: Workbook, page: Page) -> None:
    sheet = book.add_worksheet(page.name)
    # Its own sees one of two names that share an underscore, and no half of a character.
    sheet._escape_control_characters = _escaped  # type: ignore[method-assign]  # noqa: SLF001
    sheet.freeze_panes(1, 0)
    for column in range(len(page.header)):
        sheet.set_column(column, column, page.widths.get(column), _format(book, page, column))
    bold, quoted = book.add_format({"bold": True}), book.add_format({"quote_prefix": True})
    for column, name in enumerate(page.header):
        style = quoted if name.startswith(FORMULA) else bold if column in page.bold else None
        sheet.write_string(0, column, name, style)
    for number, row in enumerate(page.rows, 1):
        if number >= MAX_ROWS:
            raise TooManyRows(
                f"A sheet of a workbook has room for {MAX_ROWS:,} rows; take another format."
            )
        _write_row(sheet, number, row, quoted)


def _format(book: Workbook, page: Page, column: int) -> Format | None:
    said = {"text_wrap": True, "valign": "top"} if page.wrapped else {}
    if column in page.formats:
        said["num_format"] = page.formats[column]
    return book.add_format(said) if said else None


def _write_row(sheet: Worksheet, number: int, row: Iterable[_Cell], quoted: Format) -> None:
    """Blank where there is nothing, or a number that is none. `quoted`: what stays a text when it
    is edited.
    """
    for column, cell in enumerate(row):
        if isinstance(cell, str):
            if cell:
                quote = quoted if cell.startswith(FORMULA) else None
                sheet.write_string(number, column, _cut(cell), quote)
        elif isinstance(cell, bool):
            sheet.write_boolean(number, column, cell)
        elif cell is not None and isfinite(cell):
            # It writes 16 digits, and so every amount that there is; also those of a Decimal.
            sheet.write_number(number, column, cell)  # type: ignore[arg-type]


def _cut(text: str) -> str:
    if len(text) <= _MAX_TEXT // 2:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * _MAX_TEXT:
        return text
    return units[: 2 * (_MAX_TEXT - 1)].decode("utf-16-le", "ignore") + "…"


def _escaped(text: str) -> str:
    """As a cell holds it: `_x0001_` is a character that XML has not, and `_x005F_` the underscore
    of a text that only looks like it.
    """
    return _SPECIAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """A text that a cell holds, as it was before; characters that XML has not stay named."""
    return _ESCAPED.sub(lambda found: chr(int(found[0][2:6], 16)), text)
