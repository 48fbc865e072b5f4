"""The bundled companies are complete, consistent and honest about what they are."""

from __future__ import annotations

import csv
import importlib.util
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLES = Path(__file__).parent.parent / "examples"
FOLDERS = ("adventureworks", "huadong_manufacturer", "iowa_counties")
COLUMNS = {
    "reps": "rep_id name unit fte hired capacity min max fixed last_year vacant potential"
    " cohort:渠道",
    "territories": "territory_id rep_id share potential from to",
    "history": "rep_id territory_id period actual",
    "units": "unit_id name parent owner min max target",
}

type Rows = list[dict[str, str]]


@pytest.fixture(params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> Path:
    return EXAMPLES / str(request.param)


def rows(folder: Path, table: str) -> Rows:
    path = folder / f"{table}.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def plan(folder: Path) -> dict[str, Any]:
    document = yaml.safe_load((folder / "plan.yaml").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def keys(found: Rows, column: str) -> set[str]:
    return {row[column] for row in found}


def test_every_folder_is_covered_here() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == list(FOLDERS)


class TestHonesty:
    def test_readme_and_plan_say_what_kind_of_company_it_is(self, folder: Path) -> None:
        kind = plan(folder)["kind"]

        assert kind in {"real", "fictional", "synthetic"}
        title = (folder / "README.md").read_text(encoding="utf-8").splitlines()[0]
        assert kind.upper() in title

    @pytest.mark.parametrize(
        ("name", "licence"), [("adventureworks", "LICENSE"), ("iowa_counties", "LICENSE.md")]
    )
    def test_a_source_keeps_its_licence(self, name: str, licence: str) -> None:
        text = (EXAMPLES / name / licence).read_text(encoding="utf-8")

        assert "Permission is hereby granted, free of charge" in text

    def test_the_synthetic_company_can_be_made_again(self, tmp_path: Path) -> None:
        source = EXAMPLES / "huadong_manufacturer"
        spec = importlib.util.spec_from_file_location("make", source / "make.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)

        script.main(tmp_path)

        made = sorted(tmp_path.iterdir())
        assert [path.stem for path in made] == sorted(COLUMNS)
        for path in made:
            assert path.read_bytes() == (source / path.name).read_bytes()


class TestPlan:
    def test_it_has_everything_the_files_do_not_say(self, folder: Path) -> None:
        found = plan(folder)

        assert set(found) == {
            "name", "kind", "currency", "increment", "period", "target", "policy",
        }  # fmt: skip
        assert set(found["name"]) == {"en", "zh"}
        assert set(found["period"]) == {"start", "end"}
        start, end = (date.fromisoformat(found["period"][side]) for side in ("start", "end"))
        assert start < end
        assert found["target"] % found["increment"] == 0

    def test_rules_across_teams_name_only_known_reps_and_cohorts(self, folder: Path) -> None:
        policy, reps = plan(folder)["policy"], rows(folder, "reps")

        for group in policy.get("groups", ()):
            assert set(group["reps"]) <= keys(reps, "rep_id")
        for parity in policy.get("parity", ()):
            assert f"cohort:{parity['cohort']}" in reps[0]

    def test_history_ends_before_the_plan_starts(self, folder: Path) -> None:
        assert max(keys(rows(folder, "history"), "period")) < plan(folder)["period"]["start"][:7]


class TestTables:
    @pytest.mark.parametrize("table", COLUMNS)
    def test_columns_are_those_of_the_contract(self, folder: Path, table: str) -> None:
        for row in rows(folder, table)[:1]:
            assert set(row) <= set(COLUMNS[table].split())

    def test_ids_are_unique_and_rows_name_only_known_ones(self, folder: Path) -> None:
        reps, units = rows(folder, "reps"), rows(folder, "units")
        territories, history = rows(folder, "territories"), rows(folder, "history")
        rep_ids, unit_ids = keys(reps, "rep_id"), keys(units, "unit_id")

        assert len(rep_ids) == len(reps)
        assert len(unit_ids) == len(units)
        assert {row.get("unit", "") for row in reps} <= unit_ids | {""}
        assert keys(units, "parent") <= unit_ids | {""}
        assert keys(territories, "rep_id") <= rep_ids
        for row in history:
            assert ("rep_id" in row) != ("territory_id" in row)
        assert {row["rep_id"] for row in history if "rep_id" in row} <= rep_ids
        held = {row["territory_id"] for row in history if "territory_id" in row}
        assert held <= keys(territories, "territory_id")

    def test_shares_of_a_territory_sum_to_one_on_every_day(self, folder: Path) -> None:
        holders = defaultdict(list)
        for row in rows(folder, "territories"):
            holders[row["territory_id"]].append(row)

        for held in holders.values():
            for day in {*_days(held), plan(folder)["period"]["start"]}:
                in_force = [
                    Decimal(row["share"])
                    for row in held
                    if (row.get("from") or "0") <= day <= (row.get("to") or "9")
                ]
                assert sum(in_force) == 1
            assert len({row["potential"] for row in held}) == 1

    def test_amounts_are_numbers_and_potentials_not_negative(self, folder: Path) -> None:
        for table in ("reps", "territories", "history", "units"):
            for row in rows(folder, table):
                for column in ("capacity", "min", "max", "fixed", "last_year", "target", "actual"):
                    assert Decimal(row.get(column) or 0).is_finite()
                assert Decimal(row.get("potential") or 0) >= 0

    def test_a_row_of_history_comes_once(self, folder: Path) -> None:
        history = rows(folder, "history")

        assert len({tuple(list(row.values())[:2]) for row in history}) == len(history)


class TestHuadong:
    folder = EXAMPLES / "huadong_manufacturer"

    def test_every_amount_is_a_multiple_of_ten_thousand(self) -> None:
        assert plan(self.folder)["increment"] == 10_000
        assert plan(self.folder)["target"] == 100_000_000
        for table in COLUMNS:
            for row in rows(self.folder, table):
                for column in ("capacity", "min", "max", "fixed", "last_year", "actual"):
                    assert int(row.get(column) or 0) % 10_000 == 0
                assert int(row.get("potential") or 0) % 10_000 == 0

    def test_forty_percent_of_every_year_is_in_the_fourth_quarter(self) -> None:
        year: dict[str, int] = defaultdict(int)
        quarter: dict[str, int] = defaultdict(int)
        for row in rows(self.folder, "history"):
            year[row["period"][:4]] += int(row["actual"])
            if row["period"][5:] >= "10":
                quarter[row["period"][:4]] += int(row["actual"])

        assert list(year) == ["2024", "2025", "2026"]
        for name, total in year.items():
            assert quarter[name] / total == pytest.approx(0.40, abs=0.005)


def _days(held: Rows) -> Iterator[str]:
    """The days on which somebody starts or stops holding the territory."""
    for row in held:
        yield from (row[side] for side in ("from", "to") if row.get(side))
