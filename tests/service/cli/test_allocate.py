"""`fairquota allocate`: what it prints, and what it refuses."""

import csv
import json
import re
from pathlib import Path

import openpyxl
import pytest

from tests.commands import on_a_terminal
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


EXAMPLES = Path(__file__).parents[3] / "examples"


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

    def test_draws_the_lines_of_teams_on_a_terminal(self, company: Path) -> None:
        (company / "targets.csv").write_text("amount,product\n480,\n120,new\n")

        shown = on_a_terminal("allocate", company)

        assert "company" in shown
        assert "120" in shown

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
            (
                ["--target", "1", "--policy", "none.json"],
                "there is no none.json",
            ),
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
