"""Empty files to fill in: headed in English or Chinese, with a sheet that explains every column.

They are made of the definitions that the reader goes by, so both know the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import Any, ClassVar, Final

from service.kit.spreadsheets import Cell, write_csv
from service.roster.files.columns import (
    CHINESE,
    EXPLAINED,
    QUOTAS,
    TABLES,
    Columns,
    Words,
    table_named,
)

WHOLE: Final = "plan"
"""The workbook with a sheet for each table that a plan is read from."""
WHOLE_WORDS: Final = Words(WHOLE, "方案")
KINDS: Final = (".xlsx", ".csv")
_OF_A_PLAN: Final = tuple(table for table in TABLES if table is not QUOTAS)
_HEADERS: Final = (
    Words("sheet", "工作表"),
    Words("column", "列"),
    Words("also called", "也可写作"),
    Words("what it is", "含义"),
    Words("cells", "格式"),
    Words("needed", "必填"),
    Words("example", "示例"),
)
_YES: Final = Words("yes", "是")
_WIDTHS: Final = (14, 18, 34, 64, 40, 10, 16)
_AS_TEXT: Final = "@"


@dataclass(frozen=True, slots=True)
class _Heading:
    """A table without rows."""

    columns: Sequence[str]
    name: ClassVar = ""
    rows: ClassVar[Sequence[Sequence[Cell]]] = ()
    formats: ClassVar[Mapping[int, str]] = {}


def template_names() -> list[str]:
    """Every file that there is."""
    return [f"{WHOLE}.xlsx", *(table.name + kind for table in TABLES for kind in KINDS)]


def find_template(name: str) -> tuple[tuple[Columns, ...], str] | None:
    """The tables of a template, and its kind; None where there is no such file."""
    path = PurePath(name.lower())
    if path.suffix not in KINDS:
        return None
    if path.stem in {WHOLE_WORDS.en, WHOLE_WORDS.zh}:
        return (_OF_A_PLAN, path.suffix) if path.suffix == ".xlsx" else None
    table = table_named(path.stem)
    return None if table is None else ((table,), path.suffix)


def file_name(tables: Sequence[Columns], kind: str, language: str) -> str:
    """As it is to be saved: under a name by which the reader knows it."""
    whole = WHOLE_WORDS.in_(language)
    return (tables[0].title(language) if len(tables) == 1 else whole) + kind


def template(tables: Sequence[Columns], kind: str, language: str) -> bytes:
    """The bytes of an empty file."""
    stream = BytesIO()
    if kind == ".csv":
        write_csv(_Heading([field.header(language) for field in tables[0].fields]), stream)
    else:
        _workbook(tables, language).save(stream)
    return stream.getvalue()


def _workbook(tables: Sequence[Columns], language: str) -> Any:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font

    book = Workbook()
    del book[book.sheetnames[0]]
    for table in tables:
        _fill_in(book.create_sheet(table.title(language)), table, language)
    page = book.create_sheet(EXPLAINED.in_(language))
    for row in _explained(tables, language):
        page.append(row)
    page.freeze_panes = "A2"
    for number, width in enumerate(_WIDTHS, start=1):
        column = page.column_dimensions[page.cell(1, number).column_letter]
        column.width, column.number_format = width, _AS_TEXT
        page.cell(1, number).font = Font(bold=True)
    for cells in page.iter_rows(min_row=2):
        for cell in cells:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    return book


def _fill_in(page: Any, table: Columns, language: str) -> None:
    """Heads a sheet. Columns of ids and months are text: 007 stays 007, and 2026-01 no day."""
    from openpyxl.styles import Font

    page.append([field.header(language) for field in table.fields])
    page.freeze_panes = "A2"
    for cell, field in zip(page[1], table.fields, strict=True):
        cell.font = Font(bold=field.required)
        column = page.column_dimensions[cell.column_letter]
        wide = 2 if language == CHINESE else 1
        column.width = max(12, wide * len(cell.value) + 4)
        if field.kind.is_text:
            column.number_format = _AS_TEXT


def _explained(tables: Sequence[Columns], language: str) -> Iterator[list[str]]:
    yield [words.in_(language) for words in _HEADERS]
    for table in tables:
        yield [table.title(language), "", "", table.words.in_(language), "", "", ""]
        for field in table.fields:
            own = field.header(language)
            others = [name for name in field.all_headers if name != own]
            yield [
                table.title(language),
                own,
                ", ".join(others),
                field.words.in_(language),
                field.kind.words.in_(language),
                _YES.in_(language) if field.required else "",
                field.example,
            ]
