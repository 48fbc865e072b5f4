"""Empty files to fill in: headed in English or Chinese, with a sheet that explains every column.

They are made of the definitions that the reader goes by, so both know the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePath
from typing import ClassVar, Final

from service.kit.spreadsheets import Cell, write_csv
from service.kit.workbooks import Page, write_workbook
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
        pages = [_empty(table, language) for table in tables]
        write_workbook([*pages, _explanation(tables, language)], stream)
    return stream.getvalue()


def _empty(table: Columns, language: str) -> Page:
    """Columns of ids and months are text: 007 stays 007, and 2026-01 no day."""
    header = [field.header(language) for field in table.fields]
    wide = 2 if language == CHINESE else 1
    fields = [*enumerate(table.fields)]
    return Page(
        table.title(language),
        header,
        rows=(),
        formats={n: _AS_TEXT for n, field in fields if field.kind.is_text},
        widths={n: max(12, wide * len(name) + 4) for n, name in enumerate(header)},
        bold=frozenset(n for n, field in fields if field.required),
    )


def _explanation(tables: Sequence[Columns], language: str) -> Page:
    return Page(
        EXPLAINED.in_(language),
        [words.in_(language) for words in _HEADERS],
        _explained(tables, language),
        formats=dict.fromkeys(range(len(_HEADERS)), _AS_TEXT),
        widths=dict(enumerate(_WIDTHS)),
        bold=frozenset(range(len(_HEADERS))),
        wrapped=True,
    )


def _explained(tables: Sequence[Columns], language: str) -> Iterator[list[str]]:
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
