"""Tables of cells out of CSV and Parquet files and workbooks, with the line of every row.

csv_rows.py, parquet_rows.py, workbook_rows.py     one kind of file each
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.roster.files import rows as limits
from service.roster.files.columns import EXPLAINED, table_named
from service.roster.files.csv_rows import csv_rows
from service.roster.files.faults import FileFault, FileFaults
from service.roster.files.parquet_rows import parquet_rows
from service.roster.files.rows import Rows
from service.roster.files.sources import Source, on_disk
from service.roster.files.workbook_rows import workbook_rows

KINDS: Final = (".csv", ".xlsx", ".parquet")
_READERS: Final = {".csv": csv_rows, ".parquet": parquet_rows}
_COHORT_HEADERS: Final = ("cohort", "对比组")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one table; `cells[k]` stands in line `lines[k]` of `file`."""

    file: str
    header: tuple[str, ...]
    cells: list[list[Any]]
    lines: list[int]
    refused: tuple[FileFault, ...] = ()
    """Rows that do not fit the header; they are not among the cells."""
    repaired: tuple[FileFault, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """The known tables of some files, and the names of what was not read."""

    sheets: Mapping[str, Sheet]
    unread: tuple[str, ...]


def read_tables(path: Path, names: Sequence[str]) -> Tables:
    """The tables of these names in a folder of files, or in one workbook.

    Raises `FileFaults` for what cannot be read as a table at all.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.is_file())
        return tables_of([on_disk(file) for file in files if file.suffix.lower() in KINDS], names)
    if path.suffix.lower() == ".xlsx" and path.is_file():
        return _gathered(_of_workbook(on_disk(path), names))
    reason = "is no folder and no .xlsx workbook" if path.exists() else "does not exist"
    raise FileFaults([FileFault(str(path), None, None, None, reason)])


def tables_of(sources: Sequence[Source], names: Sequence[str]) -> Tables:
    """The same of files that are each named like their table. Raises `FileFaults`."""
    return _gathered(_of_files(sources, names))


def workbook_tables(source: Source, names: Sequence[str]) -> Tables:
    """The same of the sheets of one workbook. Raises `FileFaults`."""
    return _gathered(_of_workbook(source, names))


def read_sheet(file: Path) -> Sheet:
    """The table in one file; of a workbook, in its first sheet. Raises `FileFaults`."""
    if not file.exists():
        raise FileFaults([FileFault(str(file), None, None, None, "does not exist")])
    return sheet_of(on_disk(file))


def sheet_of(source: Source) -> Sheet:
    """The same of any one file. Raises `FileFaults`."""
    if source.suffix not in KINDS:
        reason = f"is no {', '.join(KINDS[:-1])} or {KINDS[-1]} file"
        raise FileFaults([FileFault(source.name, None, None, None, reason)])
    sheet = _only(source)
    if sheet.refused:
        raise FileFaults(sheet.refused)
    return sheet


def _gathered(found: Iterator[tuple[str, str | None, Sheet | FileFaults]]) -> Tables:
    """Of titles, the tables that they name (None: is not read), and what stands in them."""
    sheets: dict[str, Sheet] = {}
    unread = []
    faults: list[FileFault] = []
    for title, name, sheet in found:
        if isinstance(sheet, FileFaults):
            faults += sheet.faults
        elif name is None:
            if sheet.cells:
                unread.append(title)
        elif name in sheets:
            reason = f"{sheets[name].file} says the same: leave one of them"
            faults.append(FileFault(sheet.file, None, None, None, reason))
        else:
            sheets[name] = sheet
    if faults:
        raise FileFaults(faults)
    return Tables(sheets, tuple(unread))


def _of_files(
    sources: Sequence[Source], names: Sequence[str]
) -> Iterator[tuple[str, str | None, Sheet | FileFaults]]:
    for source in sources:
        table = table_named(source.stem)
        if table is None or table.name not in names:
            yield source.name, None, _UNREAD
            continue
        try:
            yield from _of_file(source, table.name)
        except FileFaults as faults:
            yield source.name, table.name, faults


def _of_file(source: Source, name: str) -> Iterator[tuple[str, str | None, Sheet]]:
    """The table, and what stands below it in further sheets of a workbook: that is not read."""
    if source.suffix in _READERS:
        yield source.name, name, _only(source)
        return
    first = None
    with closing(workbook_rows(source)) as pages:
        for title, rows in pages:
            if first is None:
                first = _sheet(source.name, rows)
                yield source.name, name, first
            elif rows.header is not None and not _is_explanation(title):
                yield f"{source.name}[{title}]", None, _UNREAD
    if first is None:
        raise _without_sheets(source)


def _is_explanation(title: str) -> bool:
    return title.strip().lower() in {EXPLAINED.en, EXPLAINED.zh}


def _of_workbook(
    source: Source, names: Sequence[str]
) -> Iterator[tuple[str, str | None, Sheet | FileFaults]]:
    with closing(workbook_rows(source)) as pages:
        for title, rows in pages:
            if _is_explanation(title):
                continue
            table = table_named(title)
            if table is None:
                if rows.header is not None:
                    yield title, None, _UNREAD
                continue
            named = table.name if table.name in names else None
            try:
                yield title, named, _sheet(f"{source.name}[{title}]", rows)
            except FileFaults as faults:
                yield title, named, faults if named else _UNREAD


_UNREAD: Final = Sheet("", (), [[]], [1])


def _only(source: Source) -> Sheet:
    if source.suffix in _READERS:
        return _sheet(source.name, _READERS[source.suffix](source))
    with closing(workbook_rows(source)) as pages:
        for _, rows in pages:
            return _sheet(source.name, rows)
    raise _without_sheets(source)


def _without_sheets(source: Source) -> FileFaults:
    return FileFaults([FileFault(source.name, None, None, None, "has no sheets")])


def _sheet(file: str, rows: Rows) -> Sheet:
    if rows.header is None:
        raise FileFaults([FileFault(file, None, None, None, "is empty: a header row is needed")])
    header = tuple(map(_column_name, rows.header))
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise FileFaults([FileFault(file, rows.header_line, name, None, _TWICE) for name in twice])
    repaired = [FileFault(file, None, None, None, note) for note in rows.notes]
    misfits = {k for k, row in enumerate(rows.cells) if len(row) != len(header)}
    if not misfits:
        return Sheet(file, header, rows.cells, rows.lines, (), tuple(repaired))
    refused = [
        FileFault(file, rows.lines[k], None, None, _misfit(len(rows.cells[k]), len(header)))
        for k in sorted(misfits)[: limits.MOST_FAULTS]
    ]
    if len(misfits) > limits.MOST_FAULTS:
        raise FileFaults(refused)
    kept = [k for k in range(len(rows.cells)) if k not in misfits]
    cells, lines = [rows.cells[k] for k in kept], [rows.lines[k] for k in kept]
    return Sheet(file, header, cells, lines, tuple(refused), tuple(repaired))


_TWICE: Final = "stands twice in the header"


def _misfit(cells: int, columns: int) -> str:
    return f"has {cells} cells where the header has {columns}"


def _column_name(cell: Any) -> str:
    """`Rep ID` is rep_id; the name of a cohort is the caller's own and stays as it is."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(cell))
    kind, colon, name = text.strip().replace("：", ":").partition(":")
    kind = unicodedata.normalize("NFKC", kind).strip().lower().replace(" ", "_")
    if colon and kind in _COHORT_HEADERS:
        kind = _COHORT_HEADERS[0]
    return kind + colon + name.strip()
