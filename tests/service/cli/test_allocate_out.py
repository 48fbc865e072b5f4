"""The files that `fairquota allocate` writes."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from service.kit.spreadsheets import restored
from tests.service.typed import run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestAllocate:
    def test_writes_a_column_for_each_month_of_the_period(self, company: Path) -> None:
        (company.parent / "season.yaml").write_text("season: even\n")
        order = ("allocate", company, "--target", "480", "--period", "2027-01-01..2027-04-30")

        told = run(*order, "--policy", company.parent / "season.yaml", "--out", "plan.csv")
        run(*order, "--out", "plan.xlsx")

        with Path("plan.csv").open(encoding="utf-8-sig", newline="") as stream:
            (header, *rows) = csv.reader(stream)
        assert header[-4:] == ["2027-01", "2027-02", "2027-03", "2027-04"]
        quota = header.index("quota")
        assert all(sum(map(float, row[-4:])) == float(row[quota]) for row in rows)
        assert "By quarter: 2027-01 to 2027-03 360 (75.0%), 2027-04 120 (25.0%)." in told.stderr
        workbook = openpyxl.load_workbook("plan.xlsx")
        assert [cell.value for cell in workbook["quotas"][1]][-4:] == header[-4:]
        assert [cell.value for cell in workbook["units"][1]][-4:] == header[-4:]
        (_, *months) = workbook["months"].iter_rows(values_only=True)
        assert [month for month, *_ in months] == header[-4:]
        assert sum(float(str(quotas)) for *_, quotas in months) == 480

    def test_writes_lines_where_targets_are_of_products(self, company: Path) -> None:
        rows = ("amount,product,unit,period", "480,,,", "120,new,,", "30,new,west,Q1")
        (company / "targets.csv").write_text("\n".join(rows) + "\n")
        order = ("allocate", company, "--period", "2027-01-01..2027-12-31")

        told = run(*order, "--out", "plan.csv")
        run(*order, "--out", "plan.xlsx")
        run(*order, "--out", "plan.json")

        assert "Written to plan.csv and plan-lines.csv." in told.stderr
        with Path("plan-lines.csv").open(encoding="utf-8-sig", newline="") as stream:
            lines = [*csv.DictReader(stream)]
        new = [line for line in lines if line["product"] == "new"]
        assert sum(float(line["quota"]) for line in new) == pytest.approx(120)
        west = [
            float(line[f"2027-0{k}"]) for line in new if line["unit"] == "west" for k in (1, 2, 3)
        ]
        assert sum(west) == pytest.approx(30)
        workbook = openpyxl.load_workbook("plan.xlsx")
        assert len([*workbook["lines"].values]) == len(lines) + 1
        assert [*workbook["part targets"].values][1:] == [
            (None, "new", None, None, 120, 120, 0),
            ("west", "new", None, "2027-01/2027-03", 30, 30, 0),
        ]
        workbook.close()
        assert run("verify", "plan.json").exit_code == 0

    def test_writes_csv_whose_texts_no_spreadsheet_runs(self, company: Path) -> None:
        run("allocate", company, "--target", "440", "--out", "plan.csv")

        with Path("plan.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = {row["rep"]: row for row in csv.DictReader(stream)}
        assert rows["ann"]["name"] == "'=1+1"
        assert rows["ann"]["quota"] == "105"
        assert rows["dan"]["name"] == "丹"

    def test_writes_parquet_with_the_figures_of_the_csv(self, company: Path) -> None:
        (company / "targets.csv").write_text("amount,product\n440.01,\n120,new\n")
        run("allocate", company, "--out", "plan.csv")
        run("allocate", company, "--out", "plan.parquet")

        for name in ("plan", "plan-lines"):
            with Path(f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
                expected = [*csv.DictReader(stream)]
            table = parquet.read_table(f"{name}.parquet")
            assert table.schema.field("quota").type == pa.decimal128(18, 2)
            assert sum(table["quota"].to_pylist()) == Decimal("440.01")
            for row, exact in zip(expected, table.to_pylist(), strict=True):
                for text, value in zip(row.values(), exact.values(), strict=True):
                    if isinstance(value, Decimal | float):
                        assert Decimal(text) == Decimal(str(value))
                    else:
                        assert restored(text) == (value or "")

    def test_writes_a_workbook_with_units_and_summary(self, company: Path) -> None:
        run("allocate", company, "--target", "440", "--out", "plan.xlsx")

        workbook = openpyxl.load_workbook("plan.xlsx")
        quotas = list(workbook["quotas"].values)
        assert workbook.sheetnames == ["quotas", "units", "summary", "marginal impact"]
        assert quotas[0][3:6] == ("quota", "expected sales", "growth on expected sales")
        assert quotas[3][:4] == ("ann", "=1+1", "west", 105)
        assert quotas[3][-1] == "upper limit"
        assert workbook["quotas"]["F4"].number_format == "0.0%"
        assert workbook["quotas"]["B4"].data_type == "s"
        assert [row[:2] for row in workbook["units"].values][1:] == [
            ("east", 223.33), ("west", 216.67)
        ]  # fmt: skip
        workbook.close()

    def test_writes_json_that_verify_accepts(self, company: Path) -> None:
        run("allocate", company, "--target", "440", "--out", "plan.json")

        document = json.loads(Path("plan.json").read_bytes())
        assert document["assigned"] == 440
        result = run("verify", "plan.json")
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == [
            "check\tresult",
            *(f"{name}\tholds" for name in ("answer", "hash", "sums", "bounds", "leximin")),
        ]
