"""Workbooks hold texts and numbers as they are, and nothing that runs."""

import io
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import load_workbook

from service.kit import workbooks
from service.kit.spreadsheets import Cell
from service.kit.workbooks import Page, TooManyRows, escaped, unescaped, write_workbook


def written(
    rows: Iterable[Sequence[Cell]], formats: Mapping[int, str] | None = None, *names: str
) -> bytes:
    stream = io.BytesIO()
    header = ("a", "b", "c")
    pages = (Page(name, header, rows, formats or {}) for name in names or ("one",))
    write_workbook(pages, stream)
    return stream.getvalue()


def cells(raw: bytes) -> list[list[Any]]:
    """Of the rows below the header."""
    return [[*row] for row in load_workbook(io.BytesIO(raw)).worksheets[0].iter_rows(min_row=2)]


LEGAL = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")


@given(st.text(LEGAL | st.sampled_from(" _x05Ff&<>"), max_size=12).filter(str.isprintable))
@example("_x0041_")
@example("_x005F_x0041_")
def test_a_text_in_a_cell_is_the_same_text_again(text: str) -> None:
    read = fromstring(f"<t>{escaped(text)}</t>").text or ""  # noqa: S314 -- our own

    assert unescaped(read) == text


def test_what_xml_cannot_hold_is_named() -> None:
    assert escaped("a\x01\r\ufffe\ud800b") == "a_x0001__x000D__xFFFE__xD800_b"


def test_numbers_stay_numbers_and_texts_texts() -> None:
    raw = written([(1, 0.1, Decimal("12.30")), ("1", "=1+1", " -x "), (float("nan"), "", 7)])

    numbers, texts, blank = cells(raw)
    assert [cell.value for cell in numbers] == [1, 0.1, 12.3]
    assert {cell.data_type for cell in numbers} == {"n"}
    assert [cell.value for cell in texts] == ["1", "=1+1", " -x "]
    assert {cell.data_type for cell in texts} == {"s"}
    assert [cell.quotePrefix for cell in texts] == [False, True, False]
    assert [cell.value for cell in blank] == [None, None, 7]


def test_columns_are_shown_in_their_formats() -> None:
    raw = written([(1, 2, 0.5), ("x", "y", "z")], {1: "0.00", 2: "0.0%"})

    numbers, texts = cells(raw)
    assert [cell.number_format for cell in numbers] == ["General", "0.00", "0.0%"]
    assert {cell.number_format for cell in texts} == {"General"}


def test_a_workbook_has_its_sheets_and_their_headers_stay_in_sight() -> None:
    book = load_workbook(io.BytesIO(written([(1, 2, 3)], None, "one", 'a & "b"')))

    assert book.sheetnames == ["one", 'a & "b"']
    assert {sheet.freeze_panes for sheet in book} == {"A2"}


def test_columns_go_on_after_z() -> None:
    stream = io.BytesIO()
    wide = Page("wide", [str(number) for number in range(704)], [range(704)], {})
    write_workbook([wide], stream)

    sheet = load_workbook(stream).worksheets[0]
    assert (sheet["Z2"].value, sheet["AA2"].value, sheet["AAB2"].value) == (25, 26, 703)


def test_the_same_tables_are_the_same_bytes() -> None:
    assert written([(1, "x", 3)]) == written([(1, "x", 3)])


def test_a_text_too_long_for_a_cell_ends_with_an_ellipsis() -> None:
    raw = written([("x" * 32_767, "y" * 32_768, 0)])

    ((whole, cut, _),) = cells(raw)
    assert whole.value == "x" * 32_767
    assert cut.value == "y" * 32_766 + "…"


def test_a_sheet_that_is_full_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS", 3)  # with the header

    assert ZipFile(io.BytesIO(written([(1, 2, 3)] * 2))).testzip() is None
    with pytest.raises(TooManyRows, match="room for 3 rows"):
        written([(1, 2, 3)] * 3)
