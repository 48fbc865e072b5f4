"""`fairquota backtest`: what it prints where, what it writes, and how it ends."""

import csv
import json
import re
from pathlib import Path

import pytest

from tests.commands import on_a_terminal
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def company() -> Path:
    """Two reps, three even years each; Ann's quota of 2026 was what she then sold."""
    folder = Path("company")
    folder.mkdir()
    sold = {"ann": (100, 100, 300), "bob": (100, 100, 100)}
    rows = [
        f"{rep},{2024 + k}-{month:02},{total / 12}"
        for rep, totals in sold.items()
        for k, total in enumerate(totals)
        for month in range(1, 13)
    ]
    (folder / "reps.csv").write_text("rep_id,max\nann,1000\nbob,\n", encoding="utf-8")
    (folder / "history.csv").write_text(
        "\n".join(["rep_id,period,actual", *rows]), encoding="utf-8"
    )
    (folder / "quotas.csv").write_text(
        "rep_id,period,quota\nann,2026-01,300\nbob,2026-01,100\n", encoding="utf-8"
    )
    return folder


class TestBacktest:
    def test_prints_tab_separated_values_into_a_pipe(self, company: Path) -> None:
        result = run("backtest", company)

        assert result.exit_code == 0, result.output
        header, *rows = [line.split("\t") for line in result.stdout.splitlines()]
        methods = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
        assert methods["flat_growth"]["windows"] == "2"
        assert methods["flat_growth"]["attaining"] == "0.75"
        assert methods["own_quotas"]["windows"] == "1"
        assert float(methods["own_quotas"]["error"]) < 1e-9
        assert methods["potential_share"]["not_applicable"] == (
            "the potential of 2 of 2 reps is not known"
        )
        assert "2 windows of 12 months, 2025-01 … 2026-12." in result.stderr
        assert "not asked of the past: reps.max" in result.stderr
        assert "own quotas: not applicable in some windows, no quotas of this" in result.stderr

    def test_draws_tables_on_a_terminal(self, company: Path) -> None:
        shown = on_a_terminal("backtest", company)

        assert "mean of three" in shown
        assert "2026-01" in shown
        assert "n/a" in shown
        assert "\t" not in shown

    def test_windows_are_as_long_as_is_asked(self, company: Path) -> None:
        by_months = run("backtest", company, "--months", 6, "--origins", 2)
        by_period = run("backtest", company, "--period", "2027-01-01..2027-06-30", "--origins", 2)

        assert by_months.stdout == by_period.stdout
        assert "2 windows of 6 months, 2026-01 … 2026-12." in by_months.stderr

    def test_writes_everything_as_json_and_the_methods_as_csv(self, company: Path) -> None:
        run("backtest", company, "--out", "found.json")
        run("backtest", company, "--out", "found.csv")

        found = json.loads(Path("found.json").read_text(encoding="utf-8"))
        with Path("found.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = {row["method"]: row for row in csv.DictReader(stream)}
        assert [window["start"] for window in found["windows"]] == ["2025-01", "2026-01"]
        assert found["windows"][1]["sold"] == 400
        assert [score["method"] for score in found["methods"]] == list(rows)
        for score in found["methods"]:
            assert rows[score["method"]]["error"] == (
                "" if score["error"] is None else str(score["error"])
            )

    def test_too_short_a_history_is_told_and_no_failure(self, company: Path) -> None:
        (company / "history.csv").write_text(
            "rep_id,period,actual\nann,2026-01,5\n", encoding="utf-8"
        )

        result = run("backtest", company)

        assert result.exit_code == 0
        assert "There is no past window of 12 months to score." in result.stderr
        assert "there is no past period to score" in result.stdout

    def test_a_policy_that_lacks_a_figure_is_not_applicable(self, company: Path) -> None:
        Path("policy.yaml").write_text("fairness: equal_potential_share\n", encoding="utf-8")

        result = run("backtest", company, "--policy", "policy.yaml")

        assert result.exit_code == 0
        assert "FairQuota: not applicable, the policy does not fit:" in result.stderr

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("nowhere",), "nowhere: does not exist"),
            (("company", "--months", 0), "--months 0 must lie between 1 and 120."),
            (("company", "--origins", 0), "--origins 0 must be 1 or more."),
            (("company", "--out", "found.txt"), "--out takes a file that ends in .csv, .json"),
            (
                ("company", "--months", 3, "--period", "2027-01-01..2027-12-31"),
                "--period says how long a window is: leave --months out.",
            ),
            (
                ("company", "--policy", "none.yaml"),
                "there is no none.yaml",
            ),
            (("company", "--currency", "XXL"), "--currency XXL is no ISO 4217 currency code."),
        ],
    )
    def test_bad_input_is_told(
        self, company: Path, arguments: tuple[object, ...], said: str
    ) -> None:
        assert company.is_dir()

        assert said in failed(run("backtest", *arguments), 2)

    def test_a_fault_of_the_quotas_is_told_by_line(self, company: Path) -> None:
        (company / "quotas.csv").write_text(
            "rep_id,period,quota\nzed,2026-01,5\n", encoding="utf-8"
        )

        assert "quotas.csv:2, column rep_id: 'zed' names no rep" in failed(
            run("backtest", company), 2
        )

    def test_a_comparison_that_takes_too_long_is_refused_and_not_cut(self, company: Path) -> None:
        said = failed(run("backtest", company, "--time-limit", "0.000001"), 4)

        assert "part of it would mislead" in said


def test_the_guide_shows_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a plain terminal of eighty columns, in the folder of the project."""
    root = Path(__file__).parents[3]
    monkeypatch.chdir(root)
    page = (root / "docs" / "guide" / "backtest.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n\$ fairquota (.*?)\n(.*?)```", page, re.DOTALL)

    shown = on_a_terminal(*block[0].split(), TERM="dumb", COLUMNS="80")

    assert shown.splitlines() == block[1].splitlines()
