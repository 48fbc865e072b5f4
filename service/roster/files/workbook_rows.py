"""Workbooks (XLSX), sheet by sheet."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from service.kit.workbooks import unescaped
from service.roster.files import rows as limits
from service.roster.files.cells import Uncomputed
from service.roster.files.rows import Rows, refuse, too_many_rows
from service.roster.files.sources import Source

_ENCRYPTED: Final = b"\xd0\xcf\x11\xe0"
"""How files of the old kind begin, and new ones that are locked with a password."""
_FORMULA: Final = re.compile(rb"<(?:[A-Za-z0-9]{1,16}:)?f[\s/>]")
_PIECE: Final = 1 << 20
MOST_LINES: Final = 1_048_576
"""As many as spreadsheets have; a file may claim any number of blank ones."""
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
"""What the libraries that read workbooks raise for one that is damaged."""


def workbook_rows(source: Source) -> Generator[tuple[str, Rows]]:
    """Title and rows of every sheet. Raises `FileFaults`."""
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with source.open() as stream, ExitStack() as books:
            _refuse_locked(source.name, stream)
            has_formulas = _looked_through(source.name, stream)
            values = _opened(books, stream, values=True)
            formulas = _opened(books, stream, values=False) if has_formulas else None
            for place, sheet in enumerate(values.worksheets):
                beside = None if formulas is None else formulas.worksheets[place]
                yield sheet.title, _rows(source.name, _cells(sheet, beside))
    except (InvalidFileException, *_BROKEN) as error:
        reason = f"cannot be read as an .xlsx workbook ({type(error).__name__})"
        raise refuse(source.name, reason) from None


def _opened(books: ExitStack, stream: BinaryIO, *, values: bool) -> Any:
    from openpyxl import load_workbook

    book = load_workbook(stream, read_only=True, data_only=values)
    books.callback(book.close)
    for sheet in book.worksheets:
        # One stray cell in the last corner makes a rectangle of 17 thousand million cells.
        sheet.reset_dimensions()
    return book


def _cells(sheet: Any, formulas: Any | None) -> Iterator[Sequence[Any]]:
    """Row by row; `formulas` is the same sheet with formulas where the other has values."""
    if formulas is None:
        yield from sheet.iter_rows(values_only=True)
        return
    for row, beside in zip(sheet.iter_rows(), formulas.iter_rows(), strict=True):
        yield [_value(cell, other) for cell, other in zip(row, beside, strict=True)]


def _value(cell: Any, other: Any) -> Any:
    # A formula that made an empty text has no value either, and says so by its type.
    if cell.value is None and other.data_type == "f" and cell.data_type != "str":
        return Uncomputed(getattr(other.value, "text", other.value))
    return cell.value


def _rows(name: str, found: Iterator[Sequence[Any]]) -> Rows:
    header, cells, lines = None, [], []
    width = size = 0
    for line, row in enumerate(found, start=1):
        size += len(row)
        if size > limits.MOST_CELLS or line > MOST_LINES:
            raise too_many_rows(name)
        known = _trimmed([*map(_as_meant, row)])
        if not known:
            continue
        if header is None:
            header, width = (known, line), len(known)
        else:
            # Rows end with their last cell, be it blank.
            cells.append(known + [""] * (width - len(known)))
            lines.append(line)
    return Rows(header and header[0], cells, lines, header and header[1])


def _as_meant(cell: Any) -> Any:
    if isinstance(cell, str) and "_x005" in cell:
        return unescaped(cell)  # openpyxl does it for texts that stand in a table of their own
    return "" if cell is None else cell


def _trimmed(row: list[Any]) -> list[Any]:
    end = len(row)
    while end and row[end - 1] == "":
        end -= 1
    return row[:end]


def _refuse_locked(name: str, stream: BinaryIO) -> None:
    start = stream.read(4)
    stream.seek(0)
    if start == _ENCRYPTED:
        raise refuse(name, "is locked with a password or of the old kind (.xls): save it as .xlsx")


def _looked_through(name: str, stream: BinaryIO) -> bool:
    """Whether there are formulas. A small file can unpack to anything; what it will be is written
    in it, and refused before it is unpacked.
    """
    with zipfile.ZipFile(stream) as book:
        parts = book.infolist()
        if sum(part.file_size for part in parts) > limits.MAX_UNPACKED:
            reason = f"holds more than {limits.MAX_UNPACKED // 10**6} MB: save its sheets as CSV"
            raise refuse(name, reason)
        sheets = [part for part in parts if part.filename.startswith("xl/worksheets/")]
        found = any(_says(book, part, _FORMULA) for part in sheets)
    stream.seek(0)
    return found


def _says(book: zipfile.ZipFile, part: zipfile.ZipInfo, wanted: re.Pattern[bytes]) -> bool:
    with book.open(part) as stream:
        end = b""
        while piece := stream.read(_PIECE):
            if wanted.search(end + piece):
                return True
            end = piece[-32:]
    return False
