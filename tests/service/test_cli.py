"""The command line: what it prints where, what it writes, and how it ends."""

import csv
import json
import re
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import openpyxl
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pyarrow import parquet

from service.cli.failure import Failure
from service.cli.output import Table, write_csv, write_xlsx
from service.kit.db import open_database
from service.kit.keys import ApiKey
from service.kit.spreadsheets import restored
from tests.commands import address_in, on_a_terminal, started
from tests.service.typed import failed, run

EXAMPLES = Path(__file__).parents[2] / "examples"


pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def company() -> Path:
    """Four reps of expected sales 100 and reach 100 each; ann can carry 105 at most."""
    folder = Path("company")
    folder.mkdir()
    (folder / "reps.csv").write_text(
        "rep_id,name,unit,baseline,reach,max\n"
        "ann,=1+1,west,100,100,105\n"
        "bob,Bob,west,100,100,\n"
        "cyd,Cyd,east,100,100,\n"
        "dan,丹,east,100,100,\n",
        encoding="utf-8",
    )
    return folder


class TestAllocate:
    def test_prints_tab_separated_values_into_a_pipe(self, company: Path) -> None:
        result = run("allocate", company, "--target", "440")

        assert result.exit_code == 0, result.output
        header, *rows = [line.split("\t") for line in result.stdout.splitlines()]
        assert header[:4] == ["rep", "name", "unit", "quota"]
        assert [row[:1] + row[2:4] for row in rows] == [
            ["cyd", "east", "111.67"],
            ["dan", "east", "111.66"],
            ["ann", "west", "105"],
            ["bob", "west", "111.67"],
        ]
        assert [row[-1] for row in rows] == ["", "", "cap", ""]
        assert "440 over 4 reps, +10.0% on expected sales." in result.stderr
        assert "more to assign would fall like this:" in result.stderr

    def test_draws_a_table_on_a_terminal(self, company: Path) -> None:
        shown = on_a_terminal("allocate", company, "--target", "440")

        assert "expected sales" in shown
        assert "111.67" in shown
        assert "丹" in shown
        assert "\t" not in shown

    def test_a_period_that_is_missing_is_asked_for_by_its_option(self, company: Path) -> None:
        (company.parent / "season.yaml").write_text("season: even\n")

        told = run(
            "allocate", company, "--target", "480", "--policy", company.parent / "season.yaml"
        )

        assert told.exit_code == 2
        assert "--period: is required: the policy names a season or a country" in told.stderr

    def test_quarters_that_come_to_whole_amounts_are_told_so(self, company: Path) -> None:
        """160 over three months is 53.34, 53.33 and 53.33: together 160, as any whole amount."""
        (company.parent / "season.yaml").write_text("season: even\n")
        order = ("allocate", company, "--target", "320", "--period", "2027-01-01..2027-06-30")

        told = run(*order, "--policy", company.parent / "season.yaml")

        assert "By quarter: 2027-01 to 2027-03 160 (50.0%), 2027-04 to 2027-06 160 (50.0%)." in (
            told.stderr
        )

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

    def test_draws_the_lines_of_teams_on_a_terminal(self, company: Path) -> None:
        (company / "targets.csv").write_text("amount,product\n480,\n120,new\n")

        shown = on_a_terminal("allocate", company)

        assert "company" in shown
        assert "120" in shown

    def test_says_what_targets_of_parts_lost(self, company: Path) -> None:
        reps = company / "reps.csv"
        reps.write_text(reps.read_text(encoding="utf-8").replace("100,100,\nc", "100,100,110\nc"))
        (company / "targets.csv").write_text("amount,product,unit\n420,,\n300,new,west\n")
        Path("relax.yaml").write_text("on_infeasible: relax\n")

        told = run("allocate", company, "--policy", "relax.yaml")

        assert told.exit_code == 0
        assert "missed: west × new: 215, 85 less than wanted" in told.stderr

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

    def test_tells_chances_where_they_were_made_even(self, company: Path) -> None:
        reps = company / "reps.csv"
        header, *rows = reps.read_text(encoding="utf-8").splitlines()
        lines = [f"{header},sigma", *(f"{row},0.{k}" for k, row in enumerate(rows, start=1))]
        reps.write_text("\n".join(lines), encoding="utf-8")
        Path("policy.yaml").write_text("fairness: equal_probability\n")
        order = ("allocate", company, "--target", "380", "--policy", "policy.yaml")

        shown = on_a_terminal(*map(str, order))
        run(*order, "--out", "plan.csv")
        run(*order, "--out", "plan.xlsx")

        assert "chance" in shown
        assert "effort" not in shown
        with Path("plan.csv").open(encoding="utf-8-sig", newline="") as stream:
            chances = {r["rep"]: float(r["attainment_probability"]) for r in csv.DictReader(stream)}
        assert chances == pytest.approx(dict.fromkeys(chances, chances["ann"]), abs=1e-3)
        workbook = openpyxl.load_workbook("plan.xlsx")
        assert workbook["quotas"]["H1"].value == "chance of attaining"
        assert workbook["quotas"]["H2"].number_format == "0.0%"
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

    def test_says_what_the_api_says(self, company: Path) -> None:
        Path("policy.yaml").write_text("fairness: equal_growth\nover_assignment: 0.1\n")

        result = run("allocate", company, "--target", "400", "--policy", "policy.yaml",
                     "--increment", "10", "--currency", "JPY", "--out", "plan.json")  # fmt: skip

        assert result.exit_code == 0, result.output
        document = json.loads(Path("plan.json").read_bytes())
        assert document["assigned"] == 440
        assert {row["quota"] for row in document["quotas"]} == {105, 115, 110}

    def test_reads_the_examples(self) -> None:
        result = run("allocate", EXAMPLES / "huadong_manufacturer", "--target", "100000000",
                     "--currency", "CNY", "--increment", "10000",
                     "--period", "2027-01-01..2027-12-31")  # fmt: skip

        assert result.exit_code == 0, result.output
        quotas = [line.split("\t")[3] for line in result.stdout.splitlines()[1:]]
        assert sum(map(int, quotas)) == 100_000_000

    def test_rules_that_cannot_all_hold_end_with_3_and_say_how_to_mend_it(
        self, company: Path
    ) -> None:
        Path("policy.json").write_text('{"max_over_baseline": 0.05}')

        said = failed(run("allocate", company, "--target", "440", "--policy", "policy.json"), 3)

        assert "The rules cannot all hold." in said
        assert "upper limit of Bob = 105" in said
        assert "target: 440 -> 420" in said
        assert "targets from 0 to 420 are feasible" in said

    def test_a_conflict_calls_units_and_reps_by_name_and_id(self, company: Path) -> None:
        (company / "units.csv").write_text("unit_id,name,min\neast,华东大区,\nwest,West,300\n")
        reps = (company / "reps.csv").read_text()
        (company / "reps.csv").write_text(reps.replace("100,100,\n", "100,100,120\n"))

        said = failed(run("allocate", company, "--target", "440"), 3)

        assert "Unit West must carry at least 300, but its 2 reps can carry at most 225." in said
        assert "minimum of West = 300" in said
        assert "upper limit of =1+1 (ann) = 105" in said

        (company / "units.csv").write_text("unit_id,name,min\neast,华东大区,300\nwest,,\n")
        Path("policy.yaml").write_text("on_infeasible: relax\n")

        said = failed(run("allocate", company, "--target", "440"), 3)
        solved = run("allocate", company, "--target", "440", "--policy", "policy.yaml")

        assert "Unit 华东大区 (east) must carry at least 300" in said
        assert "upper limit of 丹 (dan) = 120" in said
        assert "gave way: minimum of 华东大区 (east): 300 -> 240" in solved.stderr

    def test_says_what_gave_way_and_proves_the_rest(self, company: Path) -> None:
        Path("policy.yaml").write_text(
            "groups: [{id: all, reps: [ann, bob, cyd, dan], max: 400}]\non_infeasible: relax\n"
        )

        result = run("allocate", company, "--target", "440", "--policy", "policy.yaml",
                     "--out", "plan.json")  # fmt: skip

        assert result.exit_code == 0, result.output
        assert "gave way: maximum of all: 400 -> 440" in result.stderr
        assert run("verify", "plan.json").exit_code == 0

        run("allocate", company, "--target", "440", "--policy", "policy.yaml", "--out", "plan.xlsx")
        rows = list(openpyxl.load_workbook("plan.xlsx")["summary"].values)
        assert rows[-1] == ("gave way", None, "maximum of all", 400, 440)

    def test_books_a_gap_with_who_has_to_sign(self, company: Path) -> None:
        (company / "units.csv").write_text("unit_id,owner,min\nwest,m-12,\neast,m-7,300\n")
        with (company / "reps.csv").open("a", encoding="utf-8") as stream:
            stream.write("eve,Eve,west,100,100,\n")
        reps = (company / "reps.csv").read_text().replace("east,100,100,", "east,100,100,140")
        (company / "reps.csv").write_text(reps)
        Path("policy.yaml").write_text("on_infeasible: gap\n")

        result = run("allocate", company, "--target", "600", "--policy", "policy.yaml",
                     "--out", "plan.xlsx")  # fmt: skip

        assert result.exit_code == 0, result.output
        why = "east, for m-7 to sign; held by upper limit (2 reps)"
        assert f"nobody can carry 20 in {why}" in result.stderr
        assert "580 over 5 reps" in result.stderr
        rows = list(openpyxl.load_workbook("plan.xlsx")["summary"].values)
        assert rows[0] == ("what", "value", "unit or rule", "from", "to")
        assert rows[-1] == ("not assigned (gap)", 20, why, None, None)

    def test_a_workbook_has_a_sheet_of_the_rules_across_teams(self, company: Path) -> None:
        Path("policy.yaml").write_text(
            "rows: [{id: pair, coefficients: {bob: 1, cyd: -1}, max: -10}]\n"
        )

        result = run("allocate", company, "--target", "440", "--policy", "policy.yaml",
                     "--out", "plan.xlsx")  # fmt: skip

        assert result.exit_code == 0, result.output
        sheet = openpyxl.load_workbook("plan.xlsx")["rules"]
        assert list(sheet.values) == [
            ("rule", "reps", "sum", "lower limit", "upper limit", "limiting rule"),
            ("row pair", 2, -10, None, -10, "maximum of pair"),
        ]

    def test_a_plan_file_is_no_policy(self, company: Path) -> None:
        plan = EXAMPLES / "adventureworks" / "plan.yaml"

        said = failed(run("allocate", company, "--target", "1", "--policy", plan), 2)

        assert "it is a plan, not a policy" in said
        assert "fault" not in said

    def test_help_tells_the_exit_codes(self) -> None:
        for command in ("allocate", "verify"):
            said = run(command, "--help").output

            assert "Exit codes:" in said
        assert re.search(r"4\W+no\W+plan\W+in\W+the\W+time", run("allocate", "--help").output)

    def test_a_fault_of_a_policy_is_named_by_file_and_place(self, company: Path) -> None:
        Path("policy.yaml").write_text(
            "groups:\n  - {id: g, reps: [ann, eve], max: .nan}\n"
            "rows:\n  - {id: r, coefficients: {ann: 1}, max: 1.005}\n"
        )
        said = failed(run("allocate", company, "--target", "1", "--policy", "policy.yaml"), 2)
        assert "policy.yaml/groups/0/max: must be a finite number" in said

        Path("policy.yaml").write_text(
            "groups:\n  - {id: g, reps: [ann, eve], max: 1}\n"
            "rows:\n  - {id: r, coefficients: {ann: 1}, max: 1.005}\n"
        )
        said = failed(run("allocate", company, "--target", "1", "--policy", "policy.yaml"), 2)
        assert "policy.yaml/groups/0/reps/1: names no rep of `reps`" in said
        assert "policy.yaml/rows/0/max: has more than 2 decimals" in said

    def test_a_solve_beyond_the_time_limit_ends_with_4(self, company: Path) -> None:
        Path("policy.yaml").write_text("groups: [{id: g, reps: [ann, cyd], max: 200}]\n")

        said = failed(run("allocate", company, "--target", "440", "--policy", "policy.yaml",
                          "--time-limit", "1e-9"), 4)  # fmt: skip

        assert "No plan within 1e-09 s." in said

    @pytest.mark.parametrize("limit", ["0", "-1", "nan"])
    def test_a_time_limit_of_no_time_is_refused(self, company: Path, limit: str) -> None:
        said = failed(run("allocate", company, "--target", "440", "--time-limit", limit), 2)

        assert f"--time-limit {limit} must be above 0 seconds." in said

    def test_names_every_fault_of_the_files(self, company: Path) -> None:
        with (company / "reps.csv").open("a", encoding="utf-8") as stream:
            stream.write("eve,Eve,west,lots,100,\nfay,Fay,west,100,100,1.234\n")

        said = failed(run("allocate", company, "--target", "440"), 2)

        assert "2 faults:" in said
        assert "reps.csv:6, column baseline: 'lots'" in said
        assert "reps.csv:7, column max: '1.234'" in said

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--target", "1e3"], "--target 1e3 must be a plain decimal"),
            (["--target", "-1"], "--target -1 must be 0 or more."),
            (["--target", "1.234"], "--target 1.234 has more than 2 decimals."),
            (["--target", "1", "--currency", "ABC"], "--currency ABC is no ISO 4217"),
            (["--target", "1", "--increment", "0"], "--increment 0 must be above 0."),
            (["--target", "1", "--period", "2027"], "--period 2027 is not START..END"),
            (["--target", "1", "--period", "2027-01-02..2027-12-31"], "first day of a month"),
            (["--target", "1", "--period", "2027-01-01..2026-12-31"], "not be before the start"),
            (["--target", "1", "--policy", "none.json"], "none.json cannot be read"),
            (["--target", "1", "--policy", "bad.yaml"], "bad.yaml/fairnes: is not a known field"),
            (["--target", "1", "--policy", "broken.yaml"], "neither JSON nor YAML"),
            (["--target", "1", "--policy", "twice.yaml"], "'parity' stands in line 1 and again in"),
            (["--target", "1", "--policy", "deep.yaml"], "it is nested too deeply"),
            (["--target", "1", "--out", "plan.doc"], "--out takes a file that ends in"),
            (["--target", "1", "--out", "none/plan.csv"], "cannot be written"),
        ],
    )
    def test_a_slip_is_named(self, company: Path, options: list[str], said: str) -> None:
        Path("bad.yaml").write_text("fairnes: equal_growth\n")
        Path("broken.yaml").write_text("a: [\n")
        Path("twice.yaml").write_text("parity: []\ngroups: []\nparity: []\n")
        Path("deep.yaml").write_text("groups: " + "[" * 5_000)

        assert said in failed(run("allocate", company, *options), 2)

    def test_a_folder_that_is_not_there_is_named(self) -> None:
        assert "nowhere: does not exist" in failed(run("allocate", "nowhere", "--target", "1"), 2)


class TestVerify:
    @pytest.fixture
    def plan(self, company: Path) -> dict[str, Any]:
        run("allocate", company, "--target", "440", "--out", "plan.json")
        document: dict[str, Any] = json.loads(Path("plan.json").read_bytes())
        return document

    def test_takes_the_certificate_alone(self, plan: dict[str, Any]) -> None:
        Path("proof.json").write_text(json.dumps(plan["proof"], indent=1))

        assert run("verify", "proof.json").exit_code == 0

    def test_says_which_check_failed(self, plan: dict[str, Any]) -> None:
        plan["proof"]["quotas"][0]["quota"] += 1
        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")

        assert result.exit_code == 1
        assert "sums\tFAILS" in result.stdout
        assert "answer\tFAILS" in result.stdout
        assert "the rows of chunk 1 (unit east) have been changed" in result.stderr

    def test_an_answer_beside_a_foreign_proof_does_not_hold(self, plan: dict[str, Any]) -> None:
        plan["quotas"][0]["quota"] = 1_000_000
        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")

        assert result.exit_code == 1
        assert "answer\tFAILS" in result.stdout
        assert "hash\tholds" in result.stdout
        assert "quotas.cyd.quota says 1000000, and 111.67 follows from the proof" in result.stderr

    def test_names_every_other_figure_that_is_not_the_proved_one(
        self, plan: dict[str, Any]
    ) -> None:
        growth, gini = plan["units"][0]["growth"], plan["fairness"]["gini"]
        plan["status"] = "relaxed"
        plan["fairness"]["gini"] = 0
        plan["units"][0]["growth"] = 0.2
        plan["over_assignment"][0]["assigned"] = 450
        Path("plan.json").write_text(json.dumps(plan))

        said = run("verify", "plan.json").stderr

        assert 'status says "relaxed", and "optimal" follows from the proof' in said
        assert f"units.east.growth says 0.2, and {growth} follows from the proof" in said
        assert "over_assignment.company.assigned says 450, and 440 follows from the proof" in said
        assert f"fairness.gini says 0, and {gini} follows from the proof" in said

    def test_says_what_no_proof_covers(self, plan: dict[str, Any]) -> None:
        plan["bonus"] = 1_000

        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")
        assert result.exit_code == 0
        assert result.stderr.startswith(
            "Not covered by the proof: bonus; what only the inputs tell"
        )

    def test_names_in_a_file_write_nothing_of_their_own_on_the_terminal(
        self, plan: dict[str, Any]
    ) -> None:
        wipes = "\x1b[2J\rall holds\n"
        Path("plan.json").write_text(json.dumps(plan | {wipes: 1}))
        said = run("verify", "plan.json").stderr
        assert said.startswith("Not covered by the proof: \\x1b[2J\\rall holds\\n; what only")

        plan["quotas"][0]["rep"] = wipes
        Path("plan.json").write_text(json.dumps(plan))
        said = run("verify", "plan.json").stderr
        assert "all holds" in said
        assert not {"\x1b", "\r"} & {*said}
        assert said.count("\n") == 1

    def test_refuses_a_name_that_stands_twice(self, plan: dict[str, Any]) -> None:
        """One reader takes the first, another one the last."""
        text = json.dumps(plan)
        assert text.count('"assigned"') > 1
        Path("plan.json").write_text(text.replace('"assigned"', '"assigned": 1, "assigned"', 1))

        assert "assigned stands twice" in failed(run("verify", "plan.json"), 2)

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[]", b"\xff", b'{"proof": 3}', b"[" * 100_000, b"NaN"]
    )
    def test_what_is_no_proof_cannot_be_read(self, content: bytes) -> None:
        Path("file.json").write_bytes(content)

        assert failed(run("verify", "file.json"), 2)

    def test_a_missing_file_cannot_be_read(self) -> None:
        assert "none.json cannot be read" in failed(run("verify", "none.json"), 2)


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


class TestKeys:
    def test_are_shown_once_and_stored_hashed(self) -> None:
        result = run("keys", "create", "--name", "CRM", "--role", "admin")

        assert result.exit_code == 0, result.output
        key = result.stdout.strip()
        assert re.fullmatch(r"fq_[\w-]{43}", key)
        database = open_database("sqlite:///fairquota.db")
        with database.reading.begin() as session:
            stored = session.scalars(sa.select(ApiKey)).one()
        database.close()
        assert stored.name == "CRM"
        assert key not in (stored.sha256, stored.id)

    def test_have_a_scope_and_an_end_and_are_listed_without_their_text(self) -> None:
        options = ("--role", "manager", "--unit", "west", "--expires", "2927-01-01")
        key = run("keys", "create", "--name", "Wes", *options).stdout.strip()

        listed = run("keys", "list").stdout
        header, row = (line.split("\t") for line in listed.splitlines())
        columns = ["name", "role", "unit", "rep", "state", "expires", "last_used", "person"]
        assert header[1:] == columns
        assert row[1:] == ["Wes", "manager", "west", "", "valid", "2927-01-01 00:00", "", ""]
        assert key[3:] not in listed

        assert run("keys", "revoke", row[0]).exit_code == 0
        assert "\trevoked\t" in run("keys", "list").stdout

    def test_of_another_workspace_are_kept_apart(self) -> None:
        workspace = run("workspaces", "create", "Daughter").stdout.strip()
        run("keys", "create", "--workspace", workspace, "--name", "hers")

        assert f"{workspace}\tDaughter" in run("workspaces", "list").stdout
        assert "hers" in run("keys", "list", "--workspace", workspace).stdout
        assert "hers" not in run("keys", "list").stdout

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--role", "king"], "There is no role 'king'"),
            (["--name", ""], "1 to 200 characters"),
            (["--role", "manager", "--rep", "r1"], "--unit: is required: a manager has one unit."),
            (["--role", "hr", "--rep", "r1"], "--rep: is for the role rep, not for hr."),
            (["--expires", "soon"], "soon is no date"),
            (["--expires", "2020-01-01"], "is in the past"),
            (["--workspace", "wsp_none"], "There is no workspace wsp_none"),
        ],
    )
    def test_a_slip_is_named(self, options: list[str], said: str) -> None:
        assert said in failed(run("keys", "create", *options), 2)


class TestDatabase:
    def test_upgrade_makes_the_tables(self) -> None:
        assert run("db", "upgrade").exit_code == 0
        assert Path("fairquota.db").exists()

    @pytest.mark.parametrize("command", [["db", "upgrade"], ["keys", "create"]])
    @pytest.mark.parametrize(
        ("url", "said"),
        [
            ("sqlite:////nowhere/x.db", "unable to open database file"),
            ("postgresql://me:secret@127.0.0.1:1/x", "Connection refused"),
            ("nonsense", "cannot be used"),
            ("oracle://x", "cannot be used"),
        ],
    )
    def test_one_that_cannot_be_used_is_named_without_its_password(
        self, monkeypatch: pytest.MonkeyPatch, command: list[str], url: str, said: str
    ) -> None:
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", url)

        message = failed(run(*command), 2)

        assert said in message
        assert "secret" not in message

    def test_a_file_that_is_none_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("notes.db").write_text("no database at all " * 100)
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", "sqlite:///notes.db")

        assert "file is not a database" in failed(run("db", "upgrade"), 2)


class TestOpenApi:
    def test_the_checked_in_document_is_what_the_app_says(self) -> None:
        result = run("openapi", "--check")

        assert result.exit_code == 0, result.stderr

    def test_a_drift_is_shown_shortly(self) -> None:
        run("openapi", "--out", "api.yaml")
        path = Path("api.yaml")
        path.write_text(path.read_text(encoding="utf-8").replace("/v1/plans:", "/v1/plan:"))

        said = failed(run("openapi", "--check", "--out", "api.yaml"), 1)

        assert "-  /v1/plan:" in said
        assert "+  /v1/plans:" in said
        assert len(said.splitlines()) < 50


class TestServe:
    def test_makes_its_tables_answers_and_ends_cleanly_at_ctrl_c(self) -> None:
        with started("serve", "--port", "0") as (process, said):
            with urlopen(f"{address_in(said)}/readyz") as answer:  # noqa: S310 - our own address
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)

        assert process.returncode == 0
        assert "Traceback" not in rest

    def test_the_command_line_wins_over_the_settings(self) -> None:
        with started("serve", "--port", "0", FAIRQUOTA_PORT="1") as (_, said):
            assert address_in(said) != "http://127.0.0.1:1"

    def test_a_taken_port_is_named(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            said = failed(run("serve", "--port", port), 2)

        assert f"Port {port} of 127.0.0.1 cannot be used: Address already in use." in said

    @pytest.mark.parametrize("command", ["serve", "demo"])
    def test_local_mode_listens_on_this_machine_only(self, command: str) -> None:
        said = failed(run(command, "--host", "0.0.0.0"), 2)  # noqa: S104 - refused

        assert "it listens on 127.0.0.1 only" in said

    def test_an_odd_setting_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FAIRQUOTA_PORT", "many")

        assert "FAIRQUOTA_PORT" in failed(run("serve"), 2)

    def test_postgresql_wants_to_be_upgraded_first(
        self, monkeypatch: pytest.MonkeyPatch, postgresql_server: sa.URL
    ) -> None:
        """The server's own database has none of our tables."""
        url = postgresql_server.render_as_string(hide_password=False)
        monkeypatch.setenv("FAIRQUOTA_DATABASE_URL", url)

        said = failed(run("serve", "--port", "0"), 2)

        assert "run `fairquota db upgrade` first" in said


class TestDemo:
    def test_solves_every_example_once_and_shows_where_to_look(self) -> None:
        with started("demo", "--port", "0") as (process, said):
            assert said.count("Solving ") == said.count(": version 1, published") == 3
            assert f"{address_in(said)}/docs" in said
            rows = json.loads(self.pasted(said))["items"]
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        assert len(rows) == 3
        assert (process.returncode, rest.strip()) == (0, "")

        with started("demo", "--port", "0") as (process, said):
            assert "Solving " not in said
            assert said.count(": version 1, published") == 3
            assert json.loads(self.pasted(said))["items"] == rows

    def test_goes_on_where_an_interrupted_run_stopped(self) -> None:
        with started("demo", "--port", "0", until="Solving Huadong") as (process, _):
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        assert process.returncode != 0
        assert "Traceback" not in rest

        with started("demo", "--port", "0") as (_, said):
            assert "Solving AdventureWorks" not in said
            assert said.count(": version 1, published") == 3

    @staticmethod
    def pasted(said: str) -> bytes:
        """What the printed line answers when it is pasted into a shell."""
        line = re.search(r"curl .*", said)
        assert line
        return subprocess.run(  # noqa: S602 - the very point
            line[0], shell=True, check=True, capture_output=True
        ).stdout

    def test_a_folder_that_cannot_be_used_is_named(self) -> None:
        Path("file").write_text("")

        assert "file/data cannot be used" in failed(run("demo", "--data", "file/data"), 2)


class TestHelp:
    def test_is_quick_for_it_imports_nothing_heavy(self) -> None:
        heavy = (
            "numpy", "sqlalchemy", "fastapi", "pydantic", "scipy", "pulp", "openpyxl", "xlsxwriter",
        )  # fmt: skip
        program = (
            "import sys; from typer.testing import CliRunner; from service.cli import app; "
            "assert CliRunner().invoke(app, ['--help']).exit_code == 0; "
            f"print([name for name in {heavy} if name in sys.modules])"
        )

        found = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )

        assert found.stdout.strip() == "[]"

    def test_python_m_service_is_the_same(self) -> None:
        found = subprocess.run(
            [sys.executable, "-m", "service", "--help"], check=True, capture_output=True, text=True
        )

        assert "allocate" in found.stdout


@pytest.mark.parametrize(("told", "threads"), [(None, "1"), ("2", "2")])
def test_sums_take_one_thread_where_nobody_says_otherwise(
    told: str | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is settled before anything reads it."""
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", told)
    script = (
        "import atexit, os, sys\n"
        "from service.cli import main\n"
        "assert 'numpy' not in sys.modules\n"
        "atexit.register(lambda: print(os.environ['OPENBLAS_NUM_THREADS']))\n"
        "sys.argv = ['fairquota', '--help']\n"
        "main()\n"
    )

    said = subprocess.run(  # noqa: S603 - the script above
        [sys.executable, "-c", script], check=True, capture_output=True
    )

    assert said.stdout.decode().splitlines()[-1] == threads
