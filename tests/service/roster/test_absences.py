"""Absences: days and a share, never a reason; as rows of reps, and as a file of their own."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.roster.domain import Inputs, InvalidInputs, read_inputs
from service.roster.files import FileFaults, read_files
from service.roster.present import present


def a_body(absences: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "target": 100,
        "reps": [{"id": "ada"}, {"id": "bob", **({"absences": absences} if absences else {})}],
    }


def the_inputs(absences: list[dict[str, Any]] | None = None) -> Inputs:
    return read_inputs(a_body(absences), digits=2)


MARCH = {"from": date(2026, 3, 1), "to": date(2026, 3, 31), "share": 0.5}
OPEN_ENDED = {"from": date(2026, 10, 1)}


class TestRows:
    def test_they_are_presented_as_they_came(self) -> None:
        rows = present(the_inputs([MARCH, OPEN_ENDED]))["reps"]

        assert rows == [
            {"id": "ada"},
            {
                "id": "bob",
                "absences": [
                    {"from": "2026-03-01", "to": "2026-03-31", "share": 0.5},
                    {"from": "2026-10-01", "share": 1.0},
                ],
            },
        ]

    def test_their_order_changes_no_hash_and_their_content_does(self) -> None:
        assert the_inputs([MARCH, OPEN_ENDED]).hash == the_inputs([OPEN_ENDED, MARCH]).hash
        assert the_inputs([MARCH]).hash != the_inputs([OPEN_ENDED]).hash

    def test_facts_without_any_keep_the_hash_they_always_had(self) -> None:
        assert b"absences" not in the_inputs().content

    def test_stored_content_is_read_again(self) -> None:
        inputs = the_inputs([MARCH, OPEN_ENDED])

        again = Inputs.of_content(inputs.content)

        assert again.hash == inputs.hash
        assert present(again) == present(inputs)

    def test_an_end_before_its_beginning_is_refused_where_it_stands(self) -> None:
        with pytest.raises(InvalidInputs) as refused:
            the_inputs([MARCH, {"from": date(2026, 4, 2), "to": date(2026, 4, 1)}])

        (fault,) = refused.value.faults
        assert fault.pointer == "/reps/1/absences/1/to"
        assert fault.detail == "lies before the day in `from`"


class TestFile:
    def folder(self, path: Path, absences: str) -> Path:
        (path / "reps.csv").write_text("rep_id,left\nada,\nbob,\ncyd,2026-01-31\n")
        (path / "history.csv").write_text("rep_id,period,actual\nada,2026-12,5\n")
        (path / "absences.csv").write_text(absences)
        return path

    def test_one_line_an_absence_those_of_who_left_are_not_needed(self, tmp_path: Path) -> None:
        folder = self.folder(
            tmp_path,
            "rep_id,from,to,share\nbob,2026-03-01,2026-03-31,0.5\nbob,2026-10-01,,\n"
            "cyd,2026-01-01,,\n",
        )

        inputs = read_files(folder, target=100, digits=2).inputs

        assert (
            inputs.hash
            == read_inputs(
                a_body([MARCH, OPEN_ENDED])
                | {"history": [{"rep": "ada", "period": "2026-12", "actual": 5}]},
                digits=2,
            ).hash
        )

    def test_every_fault_is_named_by_file_line_and_column(self, tmp_path: Path) -> None:
        folder = self.folder(
            tmp_path,
            "rep_id,from,to,share\neve,2026-03-01,,\nbob,,2026-03-31,\nbob,2026-03-01,,1.5\n"
            "bob,2026-04-02,2026-04-01,\n",
        )

        with pytest.raises(FileFaults) as refused:
            read_files(folder, target=100, digits=2)

        places = {(f.file, f.line, f.column) for f in refused.value.faults}
        assert places == {
            ("absences.csv", 2, "rep_id"),
            ("absences.csv", 3, "from"),
            ("absences.csv", 4, "share"),
            ("absences.csv", 5, "to"),
        }
