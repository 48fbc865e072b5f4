"""`fairquota verify`: what holds, what does not, and what is no proof."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.typed import failed, run

pytestmark = pytest.mark.usefixtures("own_folder")


class TestVerify:
    @pytest.fixture
    def plan(self, company: Path) -> dict[str, Any]:
        run("allocate", company, "--target", "440", "--out", "plan.json")
        document: dict[str, Any] = json.loads(Path("plan.json").read_bytes())
        return document

    def test_takes_the_certificate_alone(self, plan: dict[str, Any]) -> None:
        Path("proof.json").write_text(json.dumps(plan["proof"], indent=1))

        assert run("verify", "proof.json").exit_code == 0

    def test_says_which_check_failed(self, plan: dict[str, Any]) -> None:
        plan["proof"]["quotas"][0]["quota"] += 1
        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")

        assert result.exit_code == 1
        assert "sums\tFAILS" in result.stdout
        assert "answer\tFAILS" in result.stdout
        assert "the rows of chunk 1 (unit east) have been changed" in result.stderr

    def test_an_answer_beside_a_foreign_proof_does_not_hold(self, plan: dict[str, Any]) -> None:
        plan["quotas"][0]["quota"] = 1_000_000
        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")

        assert result.exit_code == 1
        assert "answer\tFAILS" in result.stdout
        assert "hash\tholds" in result.stdout
        assert "quotas.cyd.quota says 1000000, and 111.67 follows from the proof" in result.stderr

    def test_names_every_other_figure_that_is_not_the_proved_one(
        self, plan: dict[str, Any]
    ) -> None:
        growth, gini = plan["units"][0]["growth"], plan["fairness"]["gini"]
        plan["status"] = "relaxed"
        plan["fairness"]["gini"] = 0
        plan["units"][0]["growth"] = 0.2
        plan["over_assignment"][0]["assigned"] = 450
        Path("plan.json").write_text(json.dumps(plan))

        said = run("verify", "plan.json").stderr

        assert 'status says "relaxed", and "optimal" follows from the proof' in said
        assert f"units.east.growth says 0.2, and {growth} follows from the proof" in said
        assert "over_assignment.company.assigned says 450, and 440 follows from the proof" in said
        assert f"fairness.gini says 0, and {gini} follows from the proof" in said

    def test_says_what_no_proof_covers(self, plan: dict[str, Any]) -> None:
        plan["bonus"] = 1_000

        Path("plan.json").write_text(json.dumps(plan))

        result = run("verify", "plan.json")
        assert result.exit_code == 0
        assert result.stderr.startswith(
            "Not covered by the proof: bonus; what only the inputs tell"
        )

    def test_names_in_a_file_write_nothing_of_their_own_on_the_terminal(
        self, plan: dict[str, Any]
    ) -> None:
        wipes = "\x1b[2J\rall holds\n"
        Path("plan.json").write_text(json.dumps(plan | {wipes: 1}))
        said = run("verify", "plan.json").stderr
        assert said.startswith("Not covered by the proof: \\x1b[2J\\rall holds\\n; what only")

        plan["quotas"][0]["rep"] = wipes
        Path("plan.json").write_text(json.dumps(plan))
        said = run("verify", "plan.json").stderr
        assert "all holds" in said
        assert not {"\x1b", "\r"} & {*said}
        assert said.count("\n") == 1

    def test_refuses_a_name_that_stands_twice(self, plan: dict[str, Any]) -> None:
        """One reader takes the first, another one the last."""
        text = json.dumps(plan)
        assert text.count('"assigned"') > 1
        Path("plan.json").write_text(text.replace('"assigned"', '"assigned": 1, "assigned"', 1))

        assert "assigned stands twice" in failed(run("verify", "plan.json"), 2)

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[]", b"\xff", b'{"proof": 3}', b"[" * 100_000, b"NaN"]
    )
    def test_what_is_no_proof_cannot_be_read(self, content: bytes) -> None:
        Path("file.json").write_bytes(content)

        assert failed(run("verify", "file.json"), 2)

    def test_a_missing_file_cannot_be_read(self) -> None:
        assert "none.json cannot be read" in failed(run("verify", "none.json"), 2)
