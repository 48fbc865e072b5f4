"""Targets at several levels, out of a body or a file: they agree, or it is said which do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
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


class TestTargetsOfParts:
    YEAR = (date(2027, 1, 1), date(2027, 12, 31))

    def part(self, **row: Any) -> dict[str, Any]:
        """What is kept of one target of a part of a plan of 2027."""
        inputs = read_inputs(
            {"units": UNITS, "reps": REPS, "targets": [{"amount": 100}, {"amount": 9, **row}]},
            digits=2,
            period=self.YEAR,
        )
        [unit], parts = inputs.parts.unit.tolist(), inputs.parts
        ends = (int(parts.first[0]), int(parts.last[0]))
        return {
            "unit": None if unit == NONE else inputs.units.id[unit],
            "product": parts.product[0],
            "customer_type": parts.customer_type[0],
            "months": None if NONE in ends else tuple(end - 2027 * 12 + 1 for end in ends),
            "amount": int(parts.amount[0]),
        }

    def test_are_kept_beside_those_of_the_company_and_of_units(self) -> None:
        part = self.part(unit="shanghai", product="core", customer_type="new", period="2027-H1")

        assert part == {
            "unit": "shanghai", "product": "core", "customer_type": "new", "months": (1, 6),
            "amount": 9_00,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("period", "months"),
        [
            ("2027-03", (3, 3)),
            ("2027-03/2027-05", (3, 5)),
            ("2027-q2", (4, 6)),
            ("2027-H2", (7, 12)),
            ("Q4", (10, 12)),
            ("h1", (1, 6)),
        ],
    )
    def test_name_months_in_several_ways(self, period: str, months: tuple[int, int]) -> None:
        assert self.part(period=period)["months"] == months

    def test_count_quarters_and_halves_from_the_start_of_the_period(self) -> None:
        july, nine = date(2027, 7, 1), date(2028, 3, 31)
        targets = [{"amount": 9}, {"amount": 1, "period": "Q1"}, {"amount": 2, "period": "H2"}]
        body = {"units": UNITS, "reps": REPS, "targets": targets}

        parts = read_inputs(body, digits=2, period=(july, nine)).parts

        assert (parts.first - 2027 * 12).tolist() == [6, 12]
        assert (parts.last - 2027 * 12).tolist() == [8, 14]  # the second half has three months

    def test_follow_the_history_where_no_period_is_given(self) -> None:
        history = [{"rep": "ann", "period": "2026-12", "actual": 1}]

        parts = read([{"amount": 9}, {"amount": 1, "period": "Q1"}], history=history).parts

        assert parts.first.tolist() == [2027 * 12]

    @pytest.mark.parametrize(
        ("period", "reason"),
        [
            ("2026-12", "is no part of the plan's period, 2027-01 to 2027-12"),
            ("2027-12/2028-01", "is no part of the plan's period, 2027-01 to 2027-12"),
            ("Q5", "is no part of the plan's period, 2027-01 to 2027-12"),
            ("2027-05/2027-03", "ends before it begins"),
            ("spring", "must be a month (2027-03)"),
            ("2027-01/2027-02/2027-03", "must be a month (2027-03)"),
        ],
    )
    def test_must_name_months_of_the_plan(self, period: str, reason: str) -> None:
        with pytest.raises(InvalidInputs) as error:
            self.part(period=period)

        [fault] = error.value.faults
        assert fault.pointer == "/targets/1/period"
        assert fault.detail.startswith(reason)

    def test_make_other_facts_and_older_ones_keep_their_hash(self) -> None:
        plain = read([{"amount": 100}])
        part = read([{"amount": 100}, {"amount": 9, "product": "core"}])

        assert plain.hash != part.hash
        assert b"parts" not in plain.content
        assert Inputs.of_content(part.content).content == part.content

    def test_have_no_order(self) -> None:
        rows: list[dict[str, Any]] = [
            {"amount": 100},
            {"amount": 9, "product": "core"},
            {"amount": 8, "unit": "east"},
            {"amount": 3, "product": "core", "unit": "west"},
        ]

        assert read(rows).hash == read(rows[::-1]).hash

    def test_do_not_agree_where_they_are_more_than_the_whole(self) -> None:
        parts = [{"amount": 60, "product": "a"}, {"amount": 41, "product": "b"}]

        assert faults([{"amount": 100}, *parts]) == {
            "/targets/2/amount": "does not agree with 100 for the company and 60 for a; 40 would"
        }


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
        row = {"period": "May"}

        assert faults([{"unit": "north", "amount": -1} | row], target=7) == {
            "/period": "is required: a target names months, and there is no history to follow",
            "/target": "stands beside `targets`: send one of the two",
            "/targets/0/amount": "must be 0 or more",
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
