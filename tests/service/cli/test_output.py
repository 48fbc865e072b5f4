"""How tables are written to files."""

import csv
from pathlib import Path

import openpyxl
import pytest

from service.cli.failure import Failure
from service.cli.output import Table, write_csv, write_xlsx

pytestmark = pytest.mark.usefixtures("own_folder")


class TestFiles:
    DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "plain")

    def test_dangerous_texts_are_defused_and_numbers_stay_numbers(self, tmp_path: Path) -> None:
        table = Table("t", ("text", "number"), [(text, -1) for text in self.DANGEROUS])

        write_csv(table, tmp_path / "t.csv")
        write_xlsx([table], tmp_path / "t.xlsx")

        with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.reader(stream))[1:]
        assert [row[0] for row in rows] == [f"'{text}" for text in self.DANGEROUS[:-1]] + ["plain"]
        assert {row[1] for row in rows} == {"-1"}
        sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["t"]
        assert {cell.data_type for cell in sheet["A"]} == {"s"}
        assert {cell.value for cell in sheet["B"][1:]} == {-1}

    def test_a_file_is_replaced_whole_or_not_at_all(self, tmp_path: Path) -> None:
        path = tmp_path / "plan.csv"
        path.write_text("before")

        with pytest.raises(TypeError):
            write_csv(Table("t", ("a",), [(object(),), None]), path)  # type: ignore[list-item]

        assert path.read_text() == "before"
        assert list(tmp_path.glob(".*")) == []

    def test_a_folder_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(Failure, match=r"none/t\.csv cannot be written: No such file"):
            write_csv(Table("t", ("a",), []), tmp_path / "none" / "t.csv")
