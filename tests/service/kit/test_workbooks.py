"""Workbooks hold texts and numbers as they are, and nothing that runs."""

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from service.kit import workbooks
from service.kit.money import MAX_MINOR
from service.kit.spreadsheets import Cell
from service.kit.workbooks import Page, TooManyRows, unescaped, write_workbook


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


def texts(*told: str) -> list[str]:
    """What other programs read in the cells that hold these texts."""
    return [row[0].value for row in cells(written([(text,) for text in told]))]


LEGAL = st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
PRINTED = st.text(LEGAL | st.sampled_from(" _x05Ff&<>r/"), max_size=12).filter(str.isprintable)


@settings(max_examples=8)  # workbooks, of many texts each
@given(st.lists(PRINTED.filter(len), min_size=1, max_size=60))
@example(["_x0041_", "_x005F_x0041_", "_x0041_x0042_"])
@example(["<r><t>a</t></r>", "<r></r>", "<r>&</r>", "_x003C_r>"])
def test_a_text_in_a_cell_is_the_same_text_again(told: list[str]) -> None:
    assert [unescaped(text) for text in texts(*told)] == told


def test_what_xml_cannot_hold_is_named() -> None:
    assert texts("a\x01\r\ufffe\ud800b") == ["a_x0001__x000D__xFFFE__xD800_b"]


def test_every_name_of_a_character_in_a_text_is_told_from_one() -> None:
    assert texts("_x0041_x0042_") == ["_x005F_x0041_x005F_x0042_"]


def test_numbers_stay_numbers_and_texts_texts() -> None:
    raw = written([(1, 0.1, Decimal("12.30")), ("1", "=1+1", " -x "), (float("nan"), "", 7)])

    numbers, words, blank = cells(raw)
    assert [cell.value for cell in numbers] == [1, 0.1, 12.3]
    assert {cell.data_type for cell in numbers} == {"n"}
    assert [cell.value for cell in words] == ["1", "=1+1", " -x "]
    assert {cell.data_type for cell in words} == {"s"}
    assert [cell.quotePrefix for cell in words] == [False, True, False]
    assert [cell.value for cell in blank] == [None, None, 7]


def test_headers_stay_texts_too() -> None:
    stream = io.BytesIO()
    write_workbook([Page("one", ["=1+1", "b", "c"], [], bold=frozenset({1}))], stream)

    header = load_workbook(stream).worksheets[0][1]
    assert [(cell.value, cell.data_type) for cell in header] == [
        ("=1+1", "s"), ("b", "s"), ("c", "s"),
    ]  # fmt: skip
    assert [cell.quotePrefix for cell in header] == [True, False, False]
    assert [cell.font.b for cell in header] == [False, True, False]


def test_columns_are_shown_in_their_formats() -> None:
    raw = written([(1, 2, 0.5), ("x", "y", "z")], {1: "0.00", 2: "0.0%"})

    for row in cells(raw):
        assert [cell.number_format for cell in row] == ["General", "0.00", "0.0%"]


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
    # Those beyond the first 65,536 characters count twice.
    whole, cut, wide = texts("x" * 32_767, "y" * 32_768, "🜁" * 16_384)

    assert whole == "x" * 32_767
    assert cut == "y" * 32_766 + "…"
    assert wide == "🜁" * 16_383 + "…"


def test_amounts_are_written_to_the_last_digit() -> None:
    most = Decimal(MAX_MINOR - 1).scaleb(-2)

    ((cell, *_),) = cells(written([(most,)]))

    assert Decimal(str(cell.value)) == most


def test_where_the_disk_is_full_it_is_said_as_of_every_file() -> None:
    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(OSError, match="space"):
        write_workbook([Page("one", ["a"], [])], full)


def test_where_the_room_for_rows_is_lost_it_is_said_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def rows() -> Iterator[Sequence[Cell]]:
        for folder in tmp_path.iterdir():
            shutil.rmtree(folder)
        yield (1, 2, 3)

    with pytest.raises(FileNotFoundError):
        written(rows())


def test_rows_wait_on_the_disk_and_leave_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    during: list[int] = []

    def rows() -> Iterator[Sequence[Cell]]:
        for _ in range(2_000):
            yield ("x" * 9,) * 3
        during.append(sum(file.stat().st_size for file in tmp_path.rglob("*")))
        raise LookupError

    with pytest.raises(LookupError):
        written(rows())

    assert during[0] > 2_000 * 3 * 9
    assert not [*tmp_path.iterdir()]


def test_a_sheet_that_is_full_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS", 3)  # with the header

    assert ZipFile(io.BytesIO(written([(1, 2, 3)] * 2))).testzip() is None
    with pytest.raises(TooManyRows, match="room for 3 rows"):
        written([(1, 2, 3)] * 3)
