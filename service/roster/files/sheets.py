"""Tables of cells out of CSV files and workbooks, with the line of every row."""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final
from xml.etree.ElementTree import ParseError

from service.roster.files.faults import FileFault, FileFaults

NAMES: Final = ("units", "reps", "territories", "assignments", "history", "absences")
TARGETS: Final = "targets"
MEASURES: Final = "measures"
"""Both are read where no target is given."""
QUOTAS: Final = "quotas"
"""Past quotas; read only where they are asked for."""
_FILES: Final = (".csv", ".xlsx")
MAX_UNPACKED = 500_000_000
"""Bytes in all parts of a workbook; a million rows of five columns are about 300 MB."""
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
)
"""What the libraries that read workbooks raise for one that is damaged."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one table; `cells[k]` stands in line `lines[k]` of `file`."""

    file: str
    header: tuple[str, ...]
    cells: list[list[Any]]
    lines: list[int]


@dataclass(frozen=True, slots=True)
class Tables:
    """The known tables of a folder or workbook, and the names of what was not read."""

    sheets: Mapping[str, Sheet]
    unread: tuple[str, ...]


def read_tables(path: Path, names: tuple[str, ...] = NAMES) -> Tables:
    """The tables of these names in a folder of CSV and XLSX files, or in one workbook.

    Raises `FileFaults` for what cannot be read as a table at all.
    """
    if path.is_dir():
        return _folder(path, names)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return _workbook(path, names)
    reason = "is no folder and no .xlsx workbook" if path.exists() else "does not exist"
    raise FileFaults([FileFault(str(path), None, None, None, reason)])


def read_sheet(file: Path) -> Sheet:
    """The table in one CSV file, or in the first sheet of a workbook. Raises `FileFaults`."""
    suffix = file.suffix.lower()
    if suffix not in _FILES or not file.is_file():
        reason = "is no .csv and no .xlsx file" if file.exists() else "does not exist"
        raise FileFaults([FileFault(str(file), None, None, None, reason)])
    return _csv(file) if suffix == ".csv" else _first_sheet(file)


def _folder(path: Path, names: tuple[str, ...]) -> Tables:
    found: dict[str, Sheet] = {}
    unread = []
    faults: list[FileFault] = []
    for file in sorted(path.iterdir()):
        suffix, name = file.suffix.lower(), file.stem.lower()
        if suffix not in _FILES or not file.is_file():
            continue
        if name not in names:
            unread.append(file.name)
        elif name in found:
            reason = f"{found[name].file} says the same: leave one of them"
            faults.append(FileFault(file.name, None, None, None, reason))
        else:
            try:
                found[name] = _csv(file) if suffix == ".csv" else _first_sheet(file)
            except FileFaults as error:
                faults += error.faults
    if faults:
        raise FileFaults(faults)
    return Tables(found, tuple(unread))


def _csv(file: Path) -> Sheet:
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reason = "is not UTF-8: save the file as CSV UTF-8"
        raise FileFaults([FileFault(file.name, line, None, None, reason)]) from None
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    before = 0
    try:
        for row in reader:
            if any(row):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        fault = FileFault(file.name, before + 1, None, None, f"is not CSV: {error}")
        raise FileFaults([fault]) from None
    return _sheet(file.name, rows, lines)


def _first_sheet(file: Path) -> Sheet:
    for _, rows, lines in _sheets(file):
        return _sheet(file.name, rows, lines)
    raise FileFaults([FileFault(file.name, None, None, None, "has no sheets")])


def _workbook(file: Path, names: tuple[str, ...]) -> Tables:
    found: dict[str, Sheet] = {}
    unread = []
    faults: list[FileFault] = []
    for title, rows, lines in _sheets(file):
        name = title.strip().lower()
        if name not in names:
            unread.append(title)
            continue
        try:
            found[name] = _sheet(f"{file.name}[{title}]", rows, lines)
        except FileFaults as error:
            faults += error.faults
    if faults:
        raise FileFaults(faults)
    return Tables(found, tuple(unread))


def _sheets(file: Path) -> Iterator[tuple[str, list[list[Any]], list[int]]]:
    """Title, rows that are not blank, and their numbers, of every sheet of a workbook."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with file.open("rb") as stream:
            _refuse_too_much(file.name, stream)
            with closing(load_workbook(stream, read_only=True, data_only=True)) as book:
                for sheet in book.worksheets:
                    yield sheet.title, *_rows(sheet)
    except (InvalidFileException, *_BROKEN) as error:
        reason = f"cannot be read as an .xlsx workbook ({type(error).__name__})"
        raise FileFaults([FileFault(file.name, None, None, None, reason)]) from None


def _rows(sheet: Any) -> tuple[list[list[Any]], list[int]]:
    # One stray cell in the last corner makes a rectangle of 17 thousand million cells.
    sheet.reset_dimensions()
    rows, lines = [], []
    for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = ["" if cell is None else cell for cell in row]
        if any(cell != "" for cell in cells):
            rows.append(cells)
            lines.append(line)
    width = len(_trimmed(rows[0])) if rows else 0
    # Rows end with their last cell, be it blank.
    return [_fitted(row, width) for row in rows], lines


def _refuse_too_much(name: str, stream: BinaryIO) -> None:
    """A small file can unpack to anything; what it will be is written in it."""
    with zipfile.ZipFile(stream) as parts:
        size = sum(part.file_size for part in parts.infolist())
    if size > MAX_UNPACKED:
        reason = f"holds more than {MAX_UNPACKED // 10**6} MB: save its sheets as CSV"
        raise FileFaults([FileFault(name, None, None, None, reason)])


def _trimmed(row: list[Any]) -> list[Any]:
    end = len(row)
    while end and row[end - 1] == "":
        end -= 1
    return row[:end]


def _fitted(row: list[Any], width: int) -> list[Any]:
    row = _trimmed(row)
    return row + [""] * (width - len(row))


def _sheet(file: str, rows: list[list[Any]], lines: list[int]) -> Sheet:
    if not rows:
        raise FileFaults([FileFault(file, None, None, None, "is empty: a header row is needed")])
    header = tuple(map(_column_name, rows[0]))
    faults = [
        FileFault(file, lines[0], name, None, "stands twice in the header")
        for name in sorted({name for name in header if name and header.count(name) > 1})
    ]
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(header):
            reason = f"has {len(row)} cells where the header has {len(header)}"
            faults.append(FileFault(file, line, None, None, reason))
    if faults:
        raise FileFaults(faults)
    return Sheet(file, header, rows[1:], lines[1:])


def _column_name(cell: Any) -> str:
    """`Rep ID` is rep_id; the name of a cohort is the caller's own and stays as it is."""
    kind, colon, name = str(cell).strip().partition(":")
    return kind.strip().lower().replace(" ", "_") + colon + name.strip()
