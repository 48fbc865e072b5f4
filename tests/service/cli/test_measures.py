"""Several measures on the command line: out of a folder, into a pipe, a workbook and a proof."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pytest

from tests.commands import on_a_terminal
from tests.service.typed import failed, run

FILES = {
    "reps.csv": (
        "rep_id,name,unit,baseline,reach,potential\n"
        "ann,Ann,West,100,100,30\nbob,Bob,West,100,100,10\ncyd,Cyd,East,100,100,20\n"
    ),
    "targets.csv": (
        "measure,unit,amount,base\nrevenue,,330,\nnew_customers,,61,\n"
        "market_share,,0.01,0.30\nmarket_share,West,0.02,\n"
    ),
    "measures.csv": (
        "measure,weight,floor,change\n"
        "revenue,0.5,,\nnew_customers,0.3,0.8,\nmarket_share,0.2,,change_points\n"
    ),
}


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "company"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


def test_a_pipe_gets_a_row_for_each_rep_and_measure(company: Path) -> None:
    result = run("allocate", company)

    assert result.exit_code == 0, result.output
    header, *rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert (header[0], header[-1]) == ("measure", "level_floor")
    assert [(row[0], row[1], row[4], row[-1]) for row in rows] == [
        ("revenue", "cyd", "110", ""),
        ("revenue", "ann", "110", ""),
        ("revenue", "bob", "110", ""),
        ("new_customers", "cyd", "20", "16"),
        ("new_customers", "ann", "31", "25"),
        ("new_customers", "bob", "10", "8"),
    ]
    assert "new_customers: 61 customers over 3 reps, 0.0% on what is expected." in result.stderr


def test_a_file_of_one_measure_stays_what_it_was(company: Path) -> None:
    (company / "measures.csv").unlink()
    (company / "targets.csv").unlink()

    header = run("allocate", company, "--target", "330").stdout.splitlines()[0].split("\t")

    assert header[0] == "rep"
    assert not [name for name in header if name.startswith(("measure", "level"))]


def test_a_person_sees_other_measures_and_standards(company: Path) -> None:
    said = on_a_terminal("allocate", str(company))

    assert "new_customers" in said
    assert "market_share" in said
    assert "+0.02" in said  # only a change is stated for West


def test_a_workbook_has_a_sheet_of_measures_and_one_of_standards(company: Path) -> None:
    assert run("allocate", company, "--out", "plan.xlsx").exit_code == 0

    book = openpyxl.load_workbook("plan.xlsx")
    measures = [[cell.value for cell in row] for row in book["measures"].iter_rows()]
    assert measures[0][:8] == [
        "measure", "counted in", "weight", "rep", "name", "unit", "target", "floor (level)",
    ]  # fmt: skip
    assert ["new_customers", "customers", 0.3, "ann", "Ann", "West", 31, 25] in measures
    standards = [[cell.value for cell in row] for row in book["standards"].iter_rows()]
    assert ["market_share", "Company", 0.31] in [row[:3] for row in standards]
    assert ["market_share", "West", None] in [row[:3] for row in standards]


def test_a_proof_of_all_measures_is_verified_and_a_change_in_any_is_found(company: Path) -> None:
    assert run("allocate", company, "--out", "plan.json").exit_code == 0
    assert run("verify", "plan.json").exit_code == 0

    plan = json.loads(Path("plan.json").read_text())
    plan["measures"][0]["quotas"][0]["quota"] += 1
    Path("plan.json").write_text(json.dumps(plan))

    result = run("verify", "plan.json")
    assert result.exit_code == 1
    assert "measures.new_customers.quotas.cyd.quota says 21, and 20 follows" in result.stderr


def test_a_csv_of_all_measures_can_be_read_by_its_names(company: Path) -> None:
    assert run("allocate", company, "--out", "plan.csv").exit_code == 0

    with Path("plan.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["quota"]) for row in rows if row["measure"] == "new_customers") == 61


def test_a_measure_that_cannot_hold_is_named_with_exit_code_3(company: Path) -> None:
    (company / "history.csv").write_text(
        "rep_id,period,actual,measure\n"
        + "".join(f"{rep},2026-12,1,new_customers\n" for rep in ("ann", "bob", "cyd"))
    )
    (company.parent / "policy.yaml").write_text("max_over_last_year: 0.5\n")

    said = failed(run("allocate", company, "--policy", "policy.yaml"), 3)

    assert "The rules cannot all hold. new_customers: " in said
