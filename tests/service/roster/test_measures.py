"""Several measures in one body: which is the main one, what the others are, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.roster.domain import NONE, Inputs, InvalidInputs, read_inputs
from service.roster.domain.measures import KNOWN
from service.roster.files import FileFaults, read_files
from service.roster.present import present

UNITS = [{"id": "west"}, {"id": "east"}]
REPS = [{"id": "ann", "unit": "west"}, {"id": "bob", "unit": "east"}]
MONEY: dict[str, Any] = {"amount": "100.50"}
CUSTOMERS: list[dict[str, Any]] = [
    {"measure": "new_customers", "amount": 12},
    {"measure": "new_customers", "unit": "east", "amount": 5},
]


def read(targets: Sequence[Mapping[str, Any]] | None, **body: Any) -> Inputs:
    document = {"units": UNITS, "reps": REPS, "targets": targets, **body}
    return read_inputs(document, digits=2)


def faults(targets: Sequence[Mapping[str, Any]] | None, **body: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputs) as error:
        read(targets, **body)
    return {fault.pointer: fault.detail for fault in error.value.faults}


def sale(rep: str, actual: float, **row: Any) -> dict[str, Any]:
    return {"rep": rep, "period": "2026-12", "actual": actual, **row}


class TestTheMainMeasure:
    def test_is_revenue_where_it_has_a_target(self) -> None:
        inputs = read([*CUSTOMERS, MONEY])

        assert inputs.measures.main == KNOWN["revenue"]
        assert inputs.target == 100_50

    def test_is_else_the_only_additive_one(self) -> None:
        inputs = read([*CUSTOMERS, {"measure": "satisfaction", "amount": 4.5}])

        assert inputs.measures.main.id == "new_customers"
        assert inputs.target == 12_00
        assert inputs.units.target.tolist() == [5_00, NONE]

    def test_is_what_history_without_a_name_is_of(self) -> None:
        inputs = read([{"measure": "volume", "amount": 7}], history=[sale("ann", 3)])

        assert inputs.history.actual.tolist() == [3]

    def test_is_revenue_where_a_target_has_no_name(self) -> None:
        listed = [{"id": "volume"}]

        assert read([MONEY, {"measure": "volume", "amount": 7}], measures=listed).target == 100_50
        assert faults(None, target=7, measures=listed) == {
            "/measures/0/id": "has no target: add a row to `targets`, or do not list it"
        }

    def test_is_unknown_beside_several_others(self) -> None:
        told = faults([*CUSTOMERS, {"measure": "volume", "amount": 3}])

        assert told["/targets"].startswith("name new_customers and volume and no revenue")

    def test_is_whole_where_things_are_counted(self) -> None:
        assert faults([{"measure": "volume", "amount": 1.5}]) == {
            "/targets": "must be whole: volume is counted in units"
        }

    def test_alone_and_plain_leaves_the_hash_what_it_was(self) -> None:
        plain = read_inputs({"units": UNITS, "reps": REPS, "target": "100.50"}, digits=2)

        assert read([MONEY | {"measure": "revenue"}]).hash == plain.hash
        assert read([MONEY], measures=[{"id": "revenue"}]).hash == plain.hash
        assert b"measures" not in plain.content


class TestFurtherMeasures:
    def test_have_targets_and_history_of_their_own(self) -> None:
        history = [
            sale("ann", 40.5),
            sale("bob", 3, measure="new_customers"),
            sale("ann", 2, measure="new_customers"),
            sale("bob", 60, measure="revenue"),
        ]

        inputs = read([MONEY, *CUSTOMERS], history=history)

        (customers,) = inputs.measures.further
        assert (customers.target, customers.of_units.tolist()) == (12, [5, NONE])
        assert customers.history.actual.tolist() == [2, 3]
        assert inputs.history.actual.tolist() == [40.5, 60]
        assert inputs.counts["history"] == 4

    def test_count_in_things_or_in_the_plans_money(self) -> None:
        other = {"id": "leads", "kind": "additive", "counted_in": "leads", "increment": 5}
        rows: list[dict[str, Any]] = [
            MONEY,
            {"measure": "gross_margin", "amount": "30.25"},
            {"measure": "leads", "amount": 40},
        ]

        margin, leads = read(rows, measures=[other]).measures.further[:2]

        assert (margin.target, leads.target, leads.measure.increment) == (30_25, 40, 5)

    def test_have_to_agree_among_themselves(self) -> None:
        rows: list[dict[str, Any]] = [
            MONEY,
            *CUSTOMERS,
            {"measure": "new_customers", "unit": "west", "amount": 8},
        ]

        told = faults(rows)

        assert len(told) == 1
        assert "does not agree with" in next(iter(told.values()))

    def test_are_named_where_nothing_says_what_the_whole_company_is_to_sell(self) -> None:
        told = faults([MONEY, {"measure": "volume", "unit": "west", "amount": 3}])

        assert told["/targets"].startswith("volume: do not say what the company is to sell in all")

    def test_do_not_depend_on_the_order_of_anything(self) -> None:
        rows: list[dict[str, Any]] = [MONEY, *CUSTOMERS, {"measure": "volume", "amount": 3}]
        listed = [{"id": "volume", "weight": 0.4}, {"id": "revenue", "weight": 0.6}]
        history = [sale("ann", 2, measure="volume"), sale("bob", 3, measure="volume")]

        forth = read(rows, measures=listed, history=history)
        back = read(
            rows[::-1], measures=listed[::-1], history=history[::-1],
            units=UNITS[::-1], reps=REPS[::-1],
        )  # fmt: skip

        assert forth.hash == back.hash

    def test_without_a_target_have_their_history_left_out_with_a_word(self) -> None:
        inputs = read([MONEY], history=[sale("ann", 2, measure="volume"), sale("bob", 9)])

        assert inputs.history.actual.tolist() == [9]
        assert [warning.detail for warning in inputs.warnings] == [
            "1 row is of volume, which has no target, and not read"
        ]

    def test_are_all_named_where_several_have_none(self) -> None:
        sales = [sale("ann", 2, measure="volume"), sale("ann", 2, measure="gross_margin")]

        assert [warning.detail for warning in read([MONEY], history=sales).warnings] == [
            "2 rows are of gross_margin, volume, which have no target, and not read"
        ]


class TestRatios:
    def test_keep_their_standards_as_they_are_stated(self) -> None:
        rows: list[dict[str, Any]] = [
            MONEY,
            {"measure": "market_share", "unit": "east", "amount": 0.02, "base": 0.45},
            {"measure": "market_share", "amount": "-0.01"},
        ]
        listed = [{"id": "market_share", "change": "change_points"}]

        (share,) = read(rows, measures=listed).measures.ratios

        assert share.standards.unit.tolist() == [NONE, 0]
        assert share.standards.amount.tolist() == [-0.01, 0.02]
        np.testing.assert_array_equal(share.standards.base, [np.nan, 0.45])

    def test_have_one_standard_a_unit_and_no_history(self) -> None:
        rows: list[dict[str, Any]] = [
            MONEY,
            *[{"measure": "satisfaction", "unit": "east", "amount": 4}] * 2,
        ]

        assert faults(rows, history=[sale("ann", 4, measure="satisfaction")]) == {
            "/targets/2/unit": "has a satisfaction already in /targets/1",
            "/history/0/measure": (
                "is a ratio: it has standards, and months of it do not add up"
            ),
        }  # fmt: skip

    def test_may_be_beaten_downwards(self) -> None:
        listed: list[dict[str, Any]] = [
            {"id": "returns", "kind": "ratio", "lower_is_better": True,
             "levels": {"floor": 1.2, "stretch_target": 0.8}},
        ]  # fmt: skip

        inputs = read([MONEY, {"measure": "returns", "amount": 0.05}], measures=listed)

        assert inputs.measures.ratios[0].measure.lower_is_better


class TestAPlanOfAllKinds:
    def test_is_presented_as_it_can_be_sent_again(self) -> None:
        rows: list[dict[str, Any]] = [
            MONEY,
            *CUSTOMERS,
            {"unit": "west", "amount": 50},
            {"measure": "market_share", "unit": "east", "amount": 0.02, "base": 0.45},
        ]
        listed: list[dict[str, Any]] = [
            {"id": "revenue", "basis": "signed", "weight": 0.5, "levels": {"floor": 0.8}},
            {"id": "new_customers", "weight": 0.25, "counted_in": "logos", "increment": 1},
            {"id": "market_share", "weight": 0.25, "change": "growth"},
        ]
        history = [sale("ann", 2, measure="new_customers"), sale("bob", 9)]
        inputs = read(rows, measures=listed, history=history)

        again = read_inputs(present(inputs), digits=2)

        assert again.hash == inputs.hash
        assert Inputs.of_content(inputs.content).content == inputs.content


class TestWhatIsWrongWithMeasures:
    def test_is_named_all_at_once(self) -> None:
        listed: list[dict[str, Any]] = [
            {"id": "revenue", "counted_in": "boats", "weight": 0.5},
            {"id": "leads", "weight": 0.4},
            {"id": "market_share", "kind": "additive", "increment": 0.1},
            {"id": "volume", "basis": "signed", "lower_is_better": True, "increment": 0.5},
            {"id": "new_customers", "levels": {"floor": 1.1, "stretch_target": 0.9}},
            {"id": "new_customers"},
        ]
        rows: list[dict[str, Any]] = [MONEY, *CUSTOMERS, {"measure": "shoes", "amount": 1}]

        assert faults(rows, measures=listed) == {
            "/measures/0/counted_in": "is for what is counted, and revenue is money",
            "/measures/0/weight": "makes 0.9 with those of all measures, not 1",
            "/measures/1/kind": "is required: additive or ratio",
            "/measures/2/kind": "is ratio for market_share",
            "/measures/2/increment": "is for additive measures, and market_share is none",
            "/measures/3/basis": "is for measures in money, and volume is none",
            "/measures/3/lower_is_better": "is for ratios, and volume is none",
            "/measures/3/increment": "must be whole",
            "/measures/4/levels/floor": "is 1.1 times the target, and must be at most 1",
            "/measures/4/levels/stretch_target": "is 0.9 times the target, and must be at least 1",
            "/measures/5/id": "stands already in /measures/4",
            "/targets/3/measure": (
                "is not listed in `measures`, and none of revenue, gross_margin, volume, "
                "new_customers, market_share, satisfaction, repurchase_rate"
            ),
        }  # fmt: skip

    def test_is_also_what_has_no_target_or_belongs_to_the_plan(self) -> None:
        listed = [{"id": "revenue", "increment": 10, "forecast": 90}, {"id": "volume"}]

        assert faults([MONEY], measures=listed) == {
            "/measures/0/increment": (
                "of the main measure is the plan's own: state it as the plan's `increment`"
            ),
            "/measures/0/forecast": (
                "of the main measure is the plan's own: state it as the plan's `forecast`"
            ),
            "/measures/1/id": "has no target: add a row to `targets`, or do not list it",
        }  # fmt: skip

    def test_is_a_base_or_a_part_where_there_can_be_none(self) -> None:
        rows: list[dict[str, Any]] = [
            MONEY | {"base": 3},
            {"measure": "volume", "amount": 3, "base": 2, "product": "core"},
            {"measure": "satisfaction", "amount": 4, "base": 4, "period": "2027-Q1"},
        ]

        assert faults(rows) == {
            "/targets/0/base": "is for ratios",
            "/targets/1/base": "volume: is for ratios",
            "/targets/1/product": "volume: is for targets of the main measure, and volume is not",
            "/targets/2/base": (
                "is what a change starts from, and `measures` states no `change` of this one"
            ),
            "/targets/2/period": "is for targets of the main measure, and satisfaction is a ratio",
        }  # fmt: skip


class TestFilesOfMeasures:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        files = {
            "reps.csv": "rep_id,team\nann,west\nbob,east\n",
            "targets.csv": (
                "measure,unit,amount,base\n,,100.50,\nnew_customers,,12,\n"
                "new_customers,east,5,\nmarket_share,east,0.02,0.45\n"
            ),
            "measures.csv": (
                "measure,weight,floor,stretch_target,change\nrevenue,0.6,0.8,1.2,\n"
                "new_customers,0.3,0.8,,\nmarket_share,0.1,,,change_points\n"
            ),
            "history.csv": (
                "rep_id,period,actual,measure\nann,2026-12,40,\nbob,2026-12,3,new_customers\n"
            ),
        }
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    def test_say_what_a_body_says(self, folder: Path) -> None:
        inputs = read_files(folder, target=None, digits=2).inputs

        (customers,), (share,) = inputs.measures.further, inputs.measures.ratios
        assert (inputs.target, customers.target) == (100_50, 12)
        assert customers.history.actual.tolist() == [3]
        assert inputs.measures.main.levels == {"floor": 0.8, "stretch_target": 1.2}
        assert customers.measure.levels == {"floor": 0.8}
        assert share.standards.base.tolist() == [0.45]
        assert [each.weight for each in (inputs.measures.main, share.measure)] == [0.6, 0.1]

    def test_are_not_read_beside_a_target_of_revenue(self, folder: Path) -> None:
        read = read_files(folder, target=7, digits=2)

        assert read.inputs.measures.are_plain
        assert read.inputs.history.actual.tolist() == [40]
        assert "not read: measures.csv, targets.csv" in read.notes
        assert any(note.startswith("history: 1 row is of other measures") for note in read.notes)

    def test_are_told_their_faults_by_line_and_column(self, folder: Path) -> None:
        (folder / "measures.csv").write_text(
            "measure,kind,weight,floor,change\nrevenue,,2,0.8,\nnew_customers,many,0.3,1.5,\n"
        )

        with pytest.raises(FileFaults) as error:
            read_files(folder, target=None, digits=2)

        assert [str(fault) for fault in error.value.faults] == [
            "measures.csv:2, column weight: '2' must be a share between 0 and 1",
            "measures.csv:3, column floor: is 1.5 times the target, and must be at most 1",
            "measures.csv:3, column kind: 'many' must be additive or ratio",
            "measures.csv:3, column weight: '0.3' makes 0.3 with those of all measures, not 1",
            (
                "targets.csv:5, column base: '0.45' is what a change starts from, and measures "
                "states no change of this one"
            ),
        ]  # fmt: skip
