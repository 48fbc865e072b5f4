"""Files as people have them: Parquet, Chinese, spellings of all kinds; and those meant as traps."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from service.roster.files import FileFaults, FileInputs, read_files, read_sent, sent, workbook_rows
from service.roster.files import rows as limits
from service.roster.files.csv_rows import csv_rows
from service.roster.present import present
from tests.service.roster.test_files import replace_part

YEAR = (date(2027, 1, 1), date(2027, 12, 31))
REPS = "rep_id,unit\na,west\nb,east\n"


def in_parquet(**columns: Any) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def in_xlsx(*rows: list[Any], title: str = "Sheet") -> bytes:
    book = Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def read(*, good_rows_only: bool = False, **files: Any) -> FileInputs:
    """Files by name, `_` for the point; texts are CSV."""
    sources = [
        sent(name.replace("_", "."), io.BytesIO(raw.encode() if isinstance(raw, str) else raw))
        for name, raw in files.items()
    ]
    return read_sent(sources, target=100, digits=2, period=YEAR, good_rows_only=good_rows_only)


def faults(**files: Any) -> list[str]:
    with pytest.raises(FileFaults) as refused:
        read(**files)
    return [str(fault) for fault in refused.value.faults]


class TestParquet:
    def test_says_the_same_as_csv_whatever_the_types_of_its_columns(self) -> None:
        day = date(2024, 5, 1)
        moment = datetime(2024, 4, 30, 16, tzinfo=UTC)  # the first of May in Shanghai
        whole = in_parquet(
            rep_id=pa.array([1, 2, 3], pa.int64()),
            unit=pa.array(["west", "west", "east"]).dictionary_encode(),
            max=pa.array([Decimal("49.99"), None, Decimal("50.00")], pa.decimal128(9, 2)),
            fte=pa.array([0.5, float("nan"), 1], pa.float32()),
            vacant=pa.array([None, True, False]),
            hired=pa.array([day, None, day], pa.date32()),
            left=pa.array([None] * 3, pa.null()),
        )
        history = in_parquet(
            rep_id=["1", "3", None],
            period=pa.array([moment, moment, None], pa.timestamp("ns", "Asia/Shanghai")),
            actual=pa.array([5, 6, None], pa.int8()),
        )

        found = read(reps_parquet=whole, history_parquet=history)

        same = read(
            reps_csv="rep_id,unit,max,fte,vacant,hired\n1,west,49.99,0.5,,2024-05-01\n"
            "2,west,,,true,\n3,east,50,1,false,2024-05-01\n",
            history_csv="rep_id,period,actual\n1,2024-05,5\n3,2024-05,6\n",
        )
        assert found.inputs.hash == same.inputs.hash
        assert present(found.inputs) == present(same.inputs)
        assert not found.repaired

    def test_names_rows_as_csv_names_lines(self) -> None:
        raw = in_parquet(rep_id=["a", "b"], fte=["1", "half"], rank=[1, 2])

        assert faults(reps_parquet=raw) == [
            "reps.parquet:2, column fte: 'half' must be a plain decimal such as 20500.25"
        ]

    @pytest.mark.parametrize(
        ("column", "kind"),
        [
            (pa.array([["x"]]), "list<element: string>"),
            (pa.array([{"x": 1}]), "struct<x: int64>"),
            (pa.array([b"x"]), "binary"),
            (pa.array([1], pa.duration("s")), "duration[s]"),
        ],
    )
    def test_refuses_types_that_are_no_cells_by_name(self, column: Any, kind: str) -> None:
        (told,) = faults(reps_parquet=in_parquet(rep_id=["a"], extra=column))

        assert f"column 'extra' is of type {kind}" in told

    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", "cannot be read as a Parquet file (ArrowInvalid)"),
            (b"PAR1" + b"\x00" * 40 + b"PAR1", "cannot be read as a Parquet file (OSError)"),
            (b"PARE" + b"\x00" * 40 + b"PARE", "is encrypted: write it without encryption"),
            (in_parquet(rep_id=["a"] * 9)[:-20], "cannot be read as a Parquet file (ArrowInvalid)"),
        ],
    )
    def test_that_is_damaged_or_locked_is_refused_in_words(self, raw: bytes, reason: str) -> None:
        assert faults(reps_parquet=raw) == [f"reps.parquet: {reason}"]

    def test_that_claims_more_than_it_may_is_refused_before_it_is_unpacked(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = in_parquet(rep_id=["a"] * 5_000, max=pa.array(range(5_000)))
        monkeypatch.setattr(limits, "MAX_UNPACKED", 30_000)
        assert faults(reps_parquet=numbers) == ["reps.parquet: unpacks to more than 0 MB"]

        monkeypatch.setattr(limits, "MOST_ROWS", 4_999)
        assert "more than 4,999 rows" in faults(reps_parquet=numbers)[0]

    def test_that_hides_long_texts_behind_few_bytes_is_refused(self) -> None:
        stream = io.BytesIO()
        table = pa.table({"rep_id": ["x" * 100] * 9})
        parquet.write_table(
            table, stream, use_dictionary=False, column_encoding={"rep_id": "DELTA_BYTE_ARRAY"}
        )

        assert faults(reps_parquet=stream.getvalue()) == [
            "reps.parquet: is encoded as DELTA_BYTE_ARRAY: write it with dictionaries"
        ]


class TestSpellings:
    @pytest.mark.parametrize(
        ("column", "written", "meant"),
        [
            ("max", "1,080,000.5", "1080000.5"),
            ("max", "10.5万", "105000"),
            ("max", "\uff11\uff12\uff10\uff10", "1200"),
            ("max", "¥2亿", "200000000"),
            ("fte", "50%", "0.5"),
            ("hired", "2024/5/1", "2024-05-01"),
            ("hired", "2024年5月1日", "2024-05-01"),
            ("hired", "20240501", "2024-05-01"),
            ("vacant", "是", "true"),
        ],
    )
    def test_of_people_are_read_and_told(self, column: str, written: str, meant: str) -> None:
        found = read(reps_csv=f'rep_id,{column}\na,"{written}"\n')

        plain = read(reps_csv=f"rep_id,{column}\na,{meant}\n")
        assert found.inputs.hash == plain.inputs.hash
        assert [str(note) for note in found.repaired] == [
            f"reps.csv:2, column {column}: {written!r} was read as {meant}"
        ]

    @pytest.mark.parametrize("written", ["2026-1", "2026/01", "2026年1月", "202601", "2026/1/1"])
    def test_of_months_are_read_and_told(self, written: str) -> None:
        found = read(reps_csv=REPS, history_csv=f"rep_id,period,actual\na,{written},5\n")

        assert present(found.inputs)["history"][0]["period"] == "2026-01"
        assert len(found.repaired) == 1

    @pytest.mark.parametrize(
        ("column", "written"),
        [("max", "1,5"), ("max", "1.080.000"), ("hired", "01/02/2026"), ("hired", "2026/2/30"),
         ("hired", "2026-01-05 13:30"), ("vacant", "maybe"), ("fte", "150%%")],
    )  # fmt: skip
    def test_that_may_mean_two_things_are_refused(self, column: str, written: str) -> None:
        (told,) = faults(reps_csv=f'rep_id,{column}\na,"{written}"\n')

        assert f"reps.csv:2, column {column}: {written!r} must be" in told

    def test_a_chinese_plan_is_read_by_its_own_headers(self) -> None:
        reps = "工号,姓名,组织,产能,入职日期,对比组：职级\na,李安,西区,50万,2024/5/1,经理\n"
        history = '工号,月份,完成额\na,2026年1月,"5,000"\n'

        found = read(销售员_csv=reps.encode("gb18030"), 历史业绩_csv=history.encode("utf-16"))

        assert present(found.inputs)["reps"] == [
            {"id": "a", "name": "李安", "unit": "西区", "capacity": 500000, "hired": "2024-05-01",
             "cohorts": {"职级": "经理"}}
        ]  # fmt: skip
        assert [str(note) for note in found.repaired][:2] == [
            "销售员.csv: was read as GB18030",
            "历史业绩.csv: was read as UTF-16",
        ]
        assert len(found.repaired) == 6

    def test_repairs_of_a_column_are_summed_up_for_terminals(self) -> None:
        found = read(reps_csv='rep_id,max\na,"1,000"\nb,"2,000"\nc,3000\n')

        assert found.told == (
            "reps.csv:2, column max: '1,000' was read as 1000 (and 1 more of that column)",
        )

    def test_formulas_without_a_value_are_refused_and_errors_too(self) -> None:
        raw = in_xlsx(["rep_id", "max", "name"], ["a", "=1+1", "#N/A"])

        formula, error = faults(reps_xlsx=raw)
        assert "reps.xlsx:2, column max: '=1+1' is a formula without its value" in formula
        assert "reps.xlsx:2, column name: '#N/A' is an error of the spreadsheet" in error

    def test_a_workbook_that_claims_endless_blank_lines_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workbook_rows, "MOST_LINES", 1000)
        path = tmp_path / "reps.xlsx"
        path.write_bytes(in_xlsx(["rep_id"], ["a"]))
        spreadsheet = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        row = '<row r="99999999999"><c t="inlineStr"><is><t>x</t></is></c></row>'
        sheet = f'<worksheet xmlns="{spreadsheet}"><sheetData>{row}</sheetData></worksheet>'
        replace_part(path, "xl/worksheets/sheet1.xml", sheet)

        assert "more than 3,000,000 rows" in faults(reps_xlsx=path.read_bytes())[0]

    def test_a_csv_of_more_cells_than_can_be_held_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MOST_CELLS", 5)

        with pytest.raises(FileFaults):
            csv_rows(sent("reps.csv", io.BytesIO(b"rep_id,a,b\n" + b"x,,\n" * 2)))

    def test_more_faults_than_anybody_mends_are_told_so_far(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "MOST_FAULTS", 3)
        bad = "rep_id,max,fte\n" + "a,much,half\n" * 2 + "b,more,half\n" * 2

        assert [told.partition(",")[0] for told in faults(reps_csv=bad)] == [
            "reps.csv:2",
            "reps.csv:3",
            "reps.csv:4",
        ]
        assert len(faults(reps_csv="rep_id\n" + "a,b\n" * 5)) == 3

    def test_headers_cannot_write_on_terminals(self) -> None:
        found = read(reps_csv="rep_id,\x1b[31mshoe size\x00\na,44\n")

        assert found.notes == ("reps.csv: columns not read: [31mshoe_size",)


class TestGoodRowsOnly:
    def test_leave_out_the_others_and_what_depends_on_them(self) -> None:
        found = read(
            good_rows_only=True,
            units_csv="unit_id,parent,max\nall,,\nwest,all,1.234\nfar,west,\neast,all,\n",
            reps_csv="rep_id,unit,fte\na,west,\nb,east,\nc,far,\nd,east,half\ne,east\n",
            territories_csv="territory_id,rep_id\nt,a\nu,b\n",
            history_csv="rep_id,territory_id,period,actual\na,,2026-01,1\n,t,2026-01,2\n"
            "b,,2026-01,3\nz,,2026-01,4\ne,,2026-01,5\n",
        )

        assert found.inputs.reps.id == ("b",)
        assert found.inputs.units.id == ("all", "east")
        lost = "depends on territories.csv:2, which was left out"
        assert sorted(map(str, found.left_out)) == [
            "history.csv:2, column rep_id: 'a' depends on reps.csv:2, which was left out",
            f"history.csv:3, column territory_id: 't' {lost}",
            "history.csv:5, column rep_id: 'z' names no rep of reps",
            "history.csv:6, column rep_id: 'e' names no rep of reps",
            "reps.csv:2, column unit: 'west' depends on units.csv:3, which was left out",
            "reps.csv:4, column unit: 'far' depends on units.csv:4, which was left out",
            "reps.csv:5, column fte: 'half' must be a plain decimal such as 20500.25",
            "reps.csv:6: has 2 cells where the header has 3",
            "territories.csv:2, column rep_id: 'a' depends on reps.csv:2, which was left out",
            "units.csv:3, column max: '1.234' has more than 2 decimals",
            "units.csv:4, column parent: 'west' depends on units.csv:3, which was left out",
        ]

    def test_are_not_enough_where_what_is_to_be_reached_is_at_fault(self) -> None:
        targets = "unit,amount\n,100\nwest,much\n"
        files = [("reps.csv", REPS), ("targets.csv", targets)]

        with pytest.raises(FileFaults, match=r"targets\.csv:3, column amount: 'much'"):
            read_sent(
                [sent(name, io.BytesIO(text.encode())) for name, text in files],
                target=None, digits=2, period=YEAR, good_rows_only=True,
            )  # fmt: skip

    def test_are_what_the_files_would_be_without_the_others(self) -> None:
        found = read(good_rows_only=True, reps_csv=REPS + "b,west\n,west\n")

        assert found.inputs.hash == read(reps_csv=REPS).inputs.hash

    @pytest.mark.parametrize(
        "files",
        [{"reps_csv": "name\nAnn\n"}, {"reps_csv": "rep_id,fte\na,half\n"}, {"reps_csv": ""}],
    )
    def test_are_not_enough_where_a_whole_file_is_at_fault(self, files: dict[str, Any]) -> None:
        with pytest.raises(FileFaults):
            read(good_rows_only=True, **files)


class TestNamesOfFiles:
    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("../../etc/reps.csv", "reps.csv"),
            ("C:\\plans\\reps.csv", "reps.csv"),
            ("销售\x00员.csv", "销售员.csv"),
            ("\x1b[31mreps.csv", "[31mreps.csv"),
            ("销售员.csv".encode("gb18030").decode("latin-1"), "销售员.csv"),
            ("Zürich.csv", "Zürich.csv"),
            ("", "file"),
            ("x" * 200 + ".csv", "x" * 76 + ".csv"),
        ],
    )
    def test_lead_nowhere_and_say_nothing_else(self, name: str, kept: str) -> None:
        assert sent(name, io.BytesIO()).name == kept

    def test_two_files_of_one_table_are_refused_of_whatever_kind(self) -> None:
        raw = in_parquet(rep_id=["a"])

        assert faults(reps_csv=REPS, reps_parquet=raw, 销售员_csv=REPS) == [
            "reps.parquet: reps.csv says the same: leave one of them",
            "销售员.csv: reps.csv says the same: leave one of them",
        ]

    def test_sheets_below_the_first_one_of_a_table_are_told_as_not_read(self) -> None:
        book = Workbook()
        for title, cell in (("people", "rep_id"), ("units", "unit_id"), ("blank", None)):
            book.create_sheet(title).append([cell])
        del book["Sheet"]
        book["people"].append(["a"])
        stream = io.BytesIO()
        book.save(stream)

        assert read(reps_xlsx=stream.getvalue()).notes == ("not read: reps.xlsx[units]",)

    def test_what_is_no_file_of_a_known_kind_is_refused(self) -> None:
        assert faults(reps_csv=REPS, notes_pdf=b"%PDF") == [
            "notes.pdf: is no file of a kind that is read: .csv, .xlsx, .parquet"
        ]


def test_a_folder_is_read_from_the_command_line_as_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "reps.parquet").write_bytes(in_parquet(rep_id=["a", "b"], unit=["west", "east"]))
    ask: Callable[[], FileInputs] = partial(read_files, tmp_path, target=100, digits=2)

    assert ask().inputs.hash == read(reps_csv=REPS).inputs.hash
