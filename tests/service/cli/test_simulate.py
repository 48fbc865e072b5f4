"""`fairquota simulate`: what it prints where, what it writes, and how it ends."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import on_a_terminal
from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


@pytest.fixture
def company() -> Path:
    """Ann and Bob expect 100 each, Bob's sales are the less sure; West has a target of 90."""
    folder = Path("company")
    folder.mkdir()
    reps = ["rep_id,unit,baseline,reach,sigma", "ann,west,100,10,0.1", "bob,east,100,10,0.5"]
    (folder / "reps.csv").write_text("\n".join(reps), encoding="utf-8")
    units = ["unit_id,name,target", "west,West,90", "east,East,"]
    (folder / "units.csv").write_text("\n".join(units), encoding="utf-8")
    Path("pay.yaml").write_text(
        "knots:\n"
        "  - {attainment: 0.5, pay: 0}\n"
        "  - {attainment: 1, pay: 1}\n"
        "  - {attainment: 1.5, pay: 2}\n",
        encoding="utf-8",
    )
    return folder


def simulated(*options: Any) -> list[dict[str, str]]:
    """The figures that go into a pipe."""
    result = run("simulate", "company", "--target", 190, *options)
    assert result.exit_code == 0, result.output
    header, *rows = [line.split("\t") for line in result.stdout.splitlines()]
    return [dict(zip(header, row, strict=True)) for row in rows]


class TestSimulate:
    def test_prints_formulas_and_draws_into_a_pipe(self, company: Path) -> None:
        assert company.is_dir()
        figures = {(row["of"], row["unit"], row["figure"]): row for row in simulated()}

        assert ("pay_amount", "", "expected") not in figures
        for unit in ("", "west"):
            reaching = figures["sales", unit, "reaching"]
            off = float(reaching["drawn"]) - float(reaching["formula"])
            assert abs(off) < 5 * float(reaching["error"]) < 0.03
        assert float(figures["attaining", "", "expected"]["formula"]) < 1
        assert figures["attaining", "", "p50"]["formula"] == ""

    def test_the_seed_decides_what_is_drawn(self, company: Path) -> None:
        assert company.is_dir()
        one, same, other = (simulated("--draws", 500, "--seed", seed) for seed in (3, 3, 4))

        assert one == same != other

    def test_tells_what_is_paid_where_a_curve_is_given(self, company: Path) -> None:
        assert company.is_dir()
        curve = ("--draws", 500, "--pay-curve", "pay.yaml")

        shares = {(row["of"], row["figure"]): row for row in simulated(*curve)}
        money = {
            (row["of"], row["figure"]): row for row in simulated(*curve, "--target-pay", "20000.50")
        }

        share = shares["pay_over_target", "expected"]
        assert ("pay_amount", "expected") not in shares
        assert float(money["pay_amount", "expected"]["formula"]) == pytest.approx(
            float(share["formula"]) * 40_001
        )

    def test_draws_tables_on_a_terminal(self, company: Path) -> None:
        shown = on_a_terminal(
            "simulate", company, "--target", 190, "--pay-curve", "pay.yaml", "--draws", 500
        )

        assert "reaches the target" in shown
        assert "pay over target pay" in shown
        assert "West" in shown
        assert "│ ann │" in shown
        assert "500 years drawn at random (seed 1)." in shown
        assert "\t" not in shown

    def test_writes_everything_as_json_and_the_reps_as_csv(self, company: Path) -> None:
        options = ("--target", 190, "--draws", 500, "--pay-curve", "pay.yaml")
        Path("pay.csv").write_text("rep_id,target_pay\nann,1000\nbob,2000\n", encoding="utf-8")
        for out in ("found.json", "found.csv"):
            result = run("simulate", company, *options, "--target-pay", "pay.csv", "--out", out)
            assert result.exit_code == 0, result.output
            assert "Target pay 3,000;" in result.stderr

        found = json.loads(Path("found.json").read_text(encoding="utf-8"))
        with Path("found.csv").open(encoding="utf-8-sig", newline="") as stream:
            rows = {row["rep"]: row for row in csv.DictReader(stream)}
        assert found["pay"]["target"] == 3_000
        for row in found["quotas"]:
            own = rows[row["rep"]]
            assert own["attaining.drawn"] == str(row["attaining"]["drawn"])
            assert own["pay.formula"] == str(row["pay"]["formula"])
            assert own["target_pay"] == str(row["target_pay"])

    def test_says_who_has_no_sigma_and_who_no_target_pay(self, company: Path) -> None:
        reps = "rep_id,baseline,reach,sigma\nann,100,10,0.1\nbob,100,10,\n"
        (company / "reps.csv").write_text(reps, encoding="utf-8")
        (company / "units.csv").unlink()
        Path("pay.csv").write_text("rep_id,target_pay\nann,1000\nzed,5\n", encoding="utf-8")

        result = run(
            "simulate", company, "--target", 190, "--draws", 100,
            "--pay-curve", "pay.yaml", "--target-pay", "pay.csv",
        )  # fmt: skip

        assert result.exit_code == 0, result.output
        assert "note: 1 in pay.csv are no reps of the plan and are left out." in result.stderr
        assert "1 of 2 reps have no sigma: nothing is told of them" in result.stderr
        assert "1 of 2 reps have no target pay and cost nothing here." in result.stderr
        assert "Target pay 1,000;" in result.stderr

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--draws", 0), "--draws 0 must lie between 100 and 1,000,000."),
            (("--draws", 10**12), "--draws 1000000000000 must lie between 100 and 1,000,000."),
            (("--seed", -1), "--seed -1 must lie between 0 and 9007199254740991."),
            (("--target-pay", 5), "--target-pay is what --pay-curve pays for the quota"),
            (("--pay-curve", "none.yaml"), "none.yaml cannot be read"),
            (("--out", "found.txt"), "--out takes a file that ends in .csv, .json"),
            (
                ("--pay-curve", "pay.yaml", "--target-pay", "x"),
                "--target-pay x must be a plain decimal such as 1080000.50, and no file has",
            ),
            (
                ("--pay-curve", "pay.yaml", "--target-pay=-5"),
                "--target-pay -5 must be 0 or more.",
            ),
        ],
    )
    def test_bad_input_is_told(self, company: Path, options: tuple[object, ...], said: str) -> None:
        assert said in failed(run("simulate", company, "--target", 190, *options), 2)

    @pytest.mark.parametrize(
        ("curve", "said"),
        [
            ("knots: []", "wrong.yaml/knots: has no knot"),
            ("", "wrong.yaml: must be an object"),
            ("knots: [{attainment: x}]", "wrong.yaml/knots/0/attainment: must be a number"),
            ("knots: [[1, 1]]", "wrong.yaml/knots/0: must be an object"),
            (
                "knots: [{attainment: 0, pay: 1}, {attainment: 1, pay: 0.5}]",
                "wrong.yaml/knots/1/pay: is 0.5, below 1 of the knot before",
            ),
            (
                "knots: [{attainment: 0, pay: 0}, {attainment: 2, pay: 1}]",
                "wrong.yaml/knots: pays 0.5 of the target pay for an attainment of 1",
            ),
            ("knots: [{attainment: -1, pay: 1}]", "wrong.yaml/knots/0/attainment: is -1; must be"),
        ],
    )
    def test_a_curve_that_is_none_is_refused_at_its_place(
        self, company: Path, curve: str, said: str
    ) -> None:
        Path("wrong.yaml").write_text(curve, encoding="utf-8")

        result = run("simulate", company, "--target", 190, "--pay-curve", "wrong.yaml")

        assert said in failed(result, 2)

    def test_faults_of_a_file_of_target_pay_are_told_by_line_and_without_amounts(
        self, company: Path
    ) -> None:
        Path("pay.csv").write_text(
            "rep_id,target_pay\nann,-1234\nbob,1.2345\nann,5\nann,6\n", encoding="utf-8"
        )

        said = failed(
            run(
                "simulate", company, "--target", 190, "--pay-curve", "pay.yaml",
                "--target-pay", "pay.csv",
            ),
            2,
        )  # fmt: skip

        assert "pay.csv:2, column target_pay: must be 0 or more" in said
        assert "pay.csv:3, column target_pay: has more than 2 decimals" in said
        assert "pay.csv:5, column rep_id: 'ann' stands twice" in said
        assert "1234" not in said

    def test_without_any_sigma_there_is_nothing_to_draw(self, company: Path) -> None:
        reps = "rep_id,baseline,reach\nann,100,10\nbob,100,10\n"
        (company / "reps.csv").write_text(reps, encoding="utf-8")
        (company / "units.csv").unlink()

        said = failed(run("simulate", company, "--target", 190), 2)

        assert "There is nothing to draw around: no rep has a sigma" in said

    def test_rules_that_cannot_hold_end_as_they_do_for_allocate(self, company: Path) -> None:
        (company / "units.csv").write_text(
            "unit_id,name,target\nwest,West,90\neast,East,90\n", encoding="utf-8"
        )

        assert "The rules cannot all hold." in failed(run("simulate", company, "--target", 190), 3)

    def test_draws_that_take_too_long_are_not_cut(self, company: Path) -> None:
        """Twenty million amounts take more than a fifth of a second, the plan much less."""
        reps = ["rep_id,baseline,reach,sigma", *(f"r{k},100,10,0.3" for k in range(20))]
        (company / "reps.csv").write_text("\n".join(reps), encoding="utf-8")
        (company / "units.csv").unlink()

        result = run(
            "simulate", company, "--target", 1_900, "--draws", 1_000_000, "--time-limit", "0.2"
        )

        assert "The draws were not done within 0.2 s." in failed(result, 4)
