"""`fairquota allocate` where the rules cannot all hold: what conflicts, what gives way, gaps."""

from pathlib import Path

import openpyxl
import pytest

from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestAllocate:
    def test_says_what_targets_of_parts_lost(self, company: Path) -> None:
        reps = company / "reps.csv"
        reps.write_text(reps.read_text(encoding="utf-8").replace("100,100,\nc", "100,100,110\nc"))
        (company / "targets.csv").write_text("amount,product,unit\n420,,\n300,new,west\n")
        Path("relax.yaml").write_text("on_infeasible: relax\n")

        told = run("allocate", company, "--policy", "relax.yaml")

        assert told.exit_code == 0
        assert "missed: west × new: 215, 85 less than wanted" in told.stderr

    def test_rules_that_cannot_all_hold_end_with_3_and_say_how_to_mend_it(
        self, company: Path
    ) -> None:
        Path("policy.json").write_text('{"max_over_baseline": 0.05}')

        said = failed(run("allocate", company, "--target", "440", "--policy", "policy.json"), 3)

        assert "The rules cannot all hold." in said
        assert "upper limit of Bob = 105" in said
        assert "target: 440 -> 420" in said
        assert "targets from 0 to 420 are feasible" in said

    def test_a_conflict_calls_units_and_reps_by_name_and_id(self, company: Path) -> None:
        (company / "units.csv").write_text("unit_id,name,min\neast,华东大区,\nwest,West,300\n")
        reps = (company / "reps.csv").read_text()
        (company / "reps.csv").write_text(reps.replace("100,100,\n", "100,100,120\n"))

        said = failed(run("allocate", company, "--target", "440"), 3)

        assert "Unit West must carry at least 300, but its 2 reps can carry at most 225." in said
        assert "minimum of West = 300" in said
        assert "upper limit of =1+1 (ann) = 105" in said

        (company / "units.csv").write_text("unit_id,name,min\neast,华东大区,300\nwest,,\n")
        Path("policy.yaml").write_text("on_infeasible: relax\n")

        said = failed(run("allocate", company, "--target", "440"), 3)
        solved = run("allocate", company, "--target", "440", "--policy", "policy.yaml")

        assert "Unit 华东大区 (east) must carry at least 300" in said
        assert "upper limit of 丹 (dan) = 120" in said
        assert "gave way: minimum of 华东大区 (east): 300 -> 240" in solved.stderr

    def test_says_what_gave_way_and_proves_the_rest(self, company: Path) -> None:
        Path("policy.yaml").write_text(
            "groups: [{id: all, reps: [ann, bob, cyd, dan], max: 400}]\non_infeasible: relax\n"
        )

        result = run("allocate", company, "--target", "440", "--policy", "policy.yaml",
                     "--out", "plan.json")  # fmt: skip

        assert result.exit_code == 0, result.output
        assert "gave way: maximum of all: 400 -> 440" in result.stderr
        assert run("verify", "plan.json").exit_code == 0

        run("allocate", company, "--target", "440", "--policy", "policy.yaml", "--out", "plan.xlsx")
        rows = list(openpyxl.load_workbook("plan.xlsx")["summary"].values)
        assert rows[-1] == ("gave way", None, "maximum of all", 400, 440)

    def test_books_a_gap_with_who_has_to_sign(self, company: Path) -> None:
        (company / "units.csv").write_text("unit_id,owner,min\nwest,m-12,\neast,m-7,300\n")
        with (company / "reps.csv").open("a", encoding="utf-8") as stream:
            stream.write("eve,Eve,west,100,100,\n")
        reps = (company / "reps.csv").read_text().replace("east,100,100,", "east,100,100,140")
        (company / "reps.csv").write_text(reps)
        Path("policy.yaml").write_text("on_infeasible: gap\n")

        result = run("allocate", company, "--target", "600", "--policy", "policy.yaml",
                     "--out", "plan.xlsx")  # fmt: skip

        assert result.exit_code == 0, result.output
        why = "east, for m-7 to sign; held by upper limit (2 reps)"
        assert f"nobody can carry 20 in {why}" in result.stderr
        assert "580 over 5 reps" in result.stderr
        rows = list(openpyxl.load_workbook("plan.xlsx")["summary"].values)
        assert rows[0] == ("what", "value", "unit or rule", "from", "to")
        assert rows[-1] == ("not assigned (gap)", 20, why, None, None)
