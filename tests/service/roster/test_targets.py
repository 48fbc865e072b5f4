"""Targets at several levels, out of a body or a file: they agree, or it is said which do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from service.roster.domain import NONE, Inputs, InvalidInputs, read_inputs
from service.roster.files import FileFaults, read_files

UNITS = [{"id": "west"}, {"id": "east"}, {"id": "shanghai", "parent": "east"}]
REPS = [
    {"id": "ann", "unit": "west"},
    {"id": "bob", "unit": "shanghai"},
    {"id": "cyd", "unit": "east"},
]


def read(targets: Sequence[Mapping[str, Any]], **body: Any) -> Inputs:
    return read_inputs({"units": UNITS, "reps": REPS, "targets": targets, **body}, digits=2)


def faults(targets: Sequence[Mapping[str, Any]], **body: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputs) as error:
        read(targets, **body)
    return {fault.pointer: fault.detail for fault in error.value.faults}


EAST_AND_WEST = [{"unit": "east", "amount": 60}, {"unit": "west", "amount": 40}]


class TestTargetsThatAgree:
    def test_are_those_of_the_company_and_of_its_units(self) -> None:
        inputs = read([{"amount": "100.50"}, {"unit": "east", "amount": 60}])

        assert inputs.target == 100_50
        assert dict(zip(inputs.units.id, inputs.units.target.tolist(), strict=True)) == {
            "east": 60_00, "shanghai": NONE, "west": NONE,
        }  # fmt: skip

    def test_are_the_same_facts_as_a_target_and_targets_of_units(self) -> None:
        units = [UNITS[0] | {"target": 40}, UNITS[1] | {"target": 60}, UNITS[2]]
        short = read_inputs({"target": 100, "units": units, "reps": REPS}, digits=2)

        assert read(EAST_AND_WEST).hash == short.hash
        assert (
            read([*EAST_AND_WEST[::-1], {"amount": 100, "measure": "revenue"}]).hash == short.hash
        )

    def test_may_stand_in_both_places(self) -> None:
        units = [UNITS[0], UNITS[1] | {"target": 60}, UNITS[2]]

        assert read(EAST_AND_WEST, units=units).hash == read(EAST_AND_WEST).hash


class TestTargetsThatDoNot:
    def test_are_named_with_what_would_mend_them(self) -> None:
        targets: list[dict[str, Any]] = [
            {"amount": 100},
            {"unit": "east", "amount": 60.5},
            {"unit": "west", "amount": 30},
        ]

        assert faults(targets) == {
            "/targets/2/amount": (
                "does not agree with 100 for the company and 60.5 for east; 39.5 would"
            )
        }

    def test_may_be_a_row_and_a_unit(self) -> None:
        units = [UNITS[0], UNITS[1], UNITS[2] | {"target": 70}]

        assert faults(EAST_AND_WEST, units=units) == {
            "/targets/0/amount": "does not agree with 70 for shanghai; 70 would"
        }

    def test_may_be_two_of_the_same(self) -> None:
        assert faults([{"amount": 100}, {"amount": 90}]) == {
            "/targets/0/amount": "does not agree with 90 for the company; 90 would"
        }


class TestTargetsThatMakeNoSense:
    def test_every_one_is_refused_by_name(self) -> None:
        row = {"measure": "revenue", "product": "core", "customer_type": "new", "period": "2027-Q1"}

        assert faults([{"unit": "north", "amount": -1} | row], target=7) == {
            "/target": "stands beside `targets`: send one of the two",
            "/targets/0/amount": "must be 0 or more",
            "/targets/0/customer_type": (
                "is not available yet: quotas are not told by kind of customer"
            ),
            "/targets/0/period": "is not available yet: targets are those of the whole period",
            "/targets/0/product": "is not available yet: quotas are not told by product",
            "/targets/0/unit": "names no unit of `units`",
        }  # fmt: skip

    def test_a_unit_needs_reps_for_one(self) -> None:
        assert faults([{"amount": 9}, {"unit": "shanghai", "amount": 9}], reps=REPS[::2]) == {
            "/targets/1/unit": "has no reps who could carry it"
        }

    def test_a_range_beside_one_is_refused(self) -> None:
        units = [UNITS[0] | {"max": 50}, *UNITS[1:]]

        assert faults(EAST_AND_WEST, units=units) == {
            "/targets/1/unit": "has min or max, and a target is both at once"
        }

    def test_the_company_has_one(self) -> None:
        assert [*faults([])] == ["/targets"]
        assert faults(EAST_AND_WEST[:1])["/targets"].startswith("do not say what the company is to")
        with pytest.raises(InvalidInputs) as error:
            read_inputs({"reps": REPS, "units": UNITS}, digits=2)
        assert [fault.detail for fault in error.value.faults] == ["is required, or `targets`"]


class TestAFileOfTargets:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "reps.csv").write_text("rep_id,team\nann,west\nbob,east\n")
        (tmp_path / "targets.csv").write_text("unit,amount\neast,60\nwest,40.25\n")
        return tmp_path

    def test_says_what_is_to_be_sold(self, folder: Path) -> None:
        assert read_files(folder, target=None, digits=2).inputs.target == 100_25

    def test_is_told_its_faults_by_line_and_column(self, folder: Path) -> None:
        (folder / "targets.csv").write_text("unit,amount\n,90\neast,60\nwest,40\n")

        with pytest.raises(FileFaults) as error:
            read_files(folder, target=None, digits=2)

        assert [str(fault) for fault in error.value.faults] == [
            (
                "targets.csv:3, column amount: '60' does not agree with 90 for the company and 40 "
                "for west; 50 would"
            )
        ]

    def test_is_not_read_beside_a_target_and_a_note_says_so(self, folder: Path) -> None:
        read = read_files(folder, target=7, digits=2)

        assert read.inputs.target == 7_00
        assert "not read: targets.csv" in read.notes

    def test_is_needed_where_no_target_is_given(self, folder: Path) -> None:
        (folder / "targets.csv").unlink()

        with pytest.raises(FileFaults, match="is missing, and no target is given"):
            read_files(folder, target=None, digits=2)
