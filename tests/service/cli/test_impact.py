"""What `fairquota allocate` says of more to assign and of over-assignment."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from service.allocations.patience import Patience
from service.cli import app

REPS = """rep_id,unit,baseline,reach,sigma
ann,west,100,100,0.25
bob,west,100,100,0.25
cyd,east,100,100,
dan,east,100,100,
"""
UNITS = "unit_id,max\nwest,205\neast,\n"


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "reps.csv").write_text(REPS)
    (tmp_path / "units.csv").write_text(UNITS)
    return tmp_path


def said(company: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["allocate", str(company), *options])
    assert result.exit_code == 0, result.stderr
    return result.stderr


def test_more_to_assign_is_told_in_one_line(company: Path) -> None:
    line = "$2 more to assign would fall like this: $2 on east (2 reps); $1 on each rep."

    assert line in said(company, "--target", "440")


def test_over_assignment_is_told_with_what_it_does(company: Path) -> None:
    (company / "policy.yaml").write_text("over_assignment: 0.1\n")

    lines = said(company, "--target", "400", "--policy", str(company / "policy.yaml"))

    assert "Company: quotas of $440 for a target of $400, +10.0%" in lines
    assert "of the 2 reps whose uncertainty is known are expected to attain" in lines
    assert "does not by itself make it likelier that the company reaches its target" in lines


def test_the_workbook_has_a_sheet_of_marginal_impact(company: Path) -> None:
    said(company, "--target", "440", "--out", str(company / "plan.xlsx"))

    sheet = openpyxl.load_workbook(company / "plan.xlsx")["marginal impact"]
    rows = [tuple(cell.value for cell in row) for row in sheet.iter_rows()]

    assert rows[0] == ("limit", "gives way by", "holds up to", "who", "reps", "carry more")
    assert rows[1] == ("target", 2, None, "east", 2, 2)
    assert [row[0] for row in rows[2:]] == ["maximum of west"] * 2
    assert [row[3:] for row in rows[2:]] == [("those it counts", 2, 2), ("others", 2, -2)]


def test_the_workbook_names_rules_and_units_as_the_pages_do(company: Path) -> None:
    (company / "units.csv").write_text("unit_id,name,max\nwest,The West,205\neast,,\n")
    (company / "duo.yaml").write_text("groups: [{id: duo, reps: [ann, cyd], max: 200}]\n")

    policy, out = company / "duo.yaml", company / "plan.xlsx"
    said(company, "--target", "430", "--policy", str(policy), "--out", str(out))

    limits = {row[0] for row in openpyxl.load_workbook(out)["marginal impact"].values}
    assert limits == {"limit", "target", "maximum of duo", "maximum of The West"}


def test_a_workbook_has_no_sheet_of_prices_where_there_are_none(company: Path) -> None:
    (company / "reps.csv").write_text("rep_id,baseline,max\nann,100,100\nbob,100,100\n")
    (company / "units.csv").unlink()

    lines = said(company, "--target", "200", "--out", str(company / "plan.xlsx"))

    assert openpyxl.load_workbook(company / "plan.xlsx").sheetnames == ["quotas", "summary"]
    assert "Nobody can carry more than this." in lines


class TestWhereTheTimeIsUpBeforePrices:
    @pytest.fixture
    def order(self, company: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
        """The clock of the solve jumps once prices are looked for."""
        (company / "duo.yaml").write_text("groups: [{id: duo, reps: [ann, cyd], max: 200}]\n")
        stages: list[str] = []

        def impatiently(solve: Callable[[Patience], Any], seconds: float) -> Any:
            clock = lambda: seconds + 1 if "prices" in stages else 0.0  # noqa: E731
            return solve(Patience(seconds, tell=lambda stage, _: stages.append(stage), clock=clock))

        command = import_module("service.cli.allocate")
        monkeypatch.setattr(command, "solved_while_waiting", impatiently)
        policy = str(company / "duo.yaml")
        return ("--target", "430", "--policy", policy, "--time-limit", "60")

    def test_the_plan_is_there_and_a_note_says_what_is_not(
        self, company: Path, order: tuple[str, ...]
    ) -> None:
        lines = said(company, *order)

        assert "note: The plan was found and proved" in lines
        assert "430 over 4 reps" in lines
        assert "more to assign" not in lines

    def test_a_proof_has_them_in_any_case(self, company: Path, order: tuple[str, ...]) -> None:
        lines = said(company, *order, "--out", str(company / "plan.json"))

        document = json.loads((company / "plan.json").read_text())
        assert "note:" not in lines
        assert document["prices"]["target"] is not None
        assert document["proof"]["manifest"]["prices"]["target"] is not None
