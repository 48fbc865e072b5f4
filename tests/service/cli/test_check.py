"""`fairquota check`: what is wrong in files and what was made of them, before there is a plan."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")

REPS = "rep_id,unit,baseline,reach\nann,west,100,100\n"


def folder(**files: str) -> Path:
    path = Path("company")
    path.mkdir()
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def rows(printed: str) -> list[list[str]]:
    return [line.split("\t") for line in printed.splitlines()[1:]]


def test_files_that_are_plain_have_nothing_to_tell() -> None:
    told = run("check", folder(reps=REPS, units="unit_id\nwest\n"))

    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == "company can be read: units 1, reps 1, territories 0, history 0.\n"


def test_every_cell_that_is_repaired_or_refused_is_listed_by_its_place() -> None:
    path = folder(
        reps=REPS + 'bob,west,"1,000",100\ncyd,west,"1,5",100\n',
        history="rep_id,period,actual\ncyd,2026-01,10\nann,2026-01,x\n",
        quotas="rep_id,period,quota\nnobody,2025-01,10\n",
    )

    told = run("check", path, "--out", "report.json")

    assert told.exit_code == 2
    assert rows(told.stdout) == [
        ["history.csv", "3", "actual", "x", "refused", "must be a plain decimal such as 20500.25"],
        ["quotas.csv", "2", "rep_id", "nobody", "refused", "names no rep of the reps file"],
        ["reps.csv", "3", "baseline", "1,000", "repaired", "was read as 1000"],
        ["reps.csv", "4", "baseline", "1,5", "refused", "must be a plain decimal such as 20500.25"],
    ]
    assert "company is refused: 3 faults. Read otherwise than written: 1 place." in told.stderr
    report = json.loads(Path("report.json").read_bytes())
    assert report["counts"] == {"units": 1, "reps": 2, "territories": 0, "history": 0}
    assert [note["value"] for note in report["refused"]] == ["x", "nobody", "1,5"]
    assert report["repaired"] == [
        {"file": "reps.csv", "line": 3, "column": "baseline", "value": "1,000",
         "detail": "was read as 1000"}
    ]  # fmt: skip


def test_of_the_good_rows_it_is_told_what_else_is_left_out() -> None:
    path = folder(
        reps=REPS + 'cyd,west,"1,5",100\n', history="rep_id,period,actual\ncyd,2026-01,10\n"
    )

    told = run("check", path, "--good-rows-only")

    assert told.exit_code == 0
    assert [row[:2] + row[4:] for row in rows(told.stdout)] == [
        ["history.csv", "2", "refused", "depends on reps.csv:3, which was left out"],
        ["reps.csv", "3", "refused", "must be a plain decimal such as 20500.25"],
    ]
    assert "without what is refused (2 faults): units 1, reps 1" in told.stderr


def test_targets_count_where_there_are_some() -> None:
    path = folder(reps=REPS, targets="amount,unit\n100,\nx,west\n")

    for more in ((), ("--good-rows-only",)):
        told = run("check", path, *more)
        assert told.exit_code == 2
        assert [row[:5] for row in rows(told.stdout)] == [
            ["targets.csv", "3", "amount", "x", "refused"]
        ]
        assert "cannot be read: 1 fault." in told.stderr


def test_a_workbook_is_checked_by_its_sheets() -> None:
    book = Workbook()
    del book[book.sheetnames[0]]
    sheet = book.create_sheet("reps")
    sheet.append(["rep_id", "baseline", "reach"])
    sheet.append(["ann", "10万", 100])
    book.save("company.xlsx")

    told = run("check", "company.xlsx")

    assert told.exit_code == 0
    assert [row[1:] for row in rows(told.stdout)] == [
        ["2", "baseline", "10万", "repaired", "was read as 100000"]
    ]


def test_what_cannot_be_done_is_said() -> None:
    assert "ends in .json" in failed(run("check", folder(reps=REPS), "--out", "x.csv"), 2)
    assert rows(run("check", "nowhere").stdout) == [
        ["nowhere", "", "", "", "refused", "does not exist"]
    ]
    assert "--target many" in failed(run("check", "company", "--target", "many"), 2)
    assert "--period" in failed(run("check", "company", "--period", "2027"), 2)
