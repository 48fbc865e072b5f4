"""The linear programme: each rule alone, the whole model on paper, and the tree engine's oracle."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pulp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver import rules
from solver.errors import EnginesDisagree, LinearProgramFailed
from solver.fairness import SCALES, Scale
from solver.formulation import (
    HIGHS,
    LargestStretch,
    Names,
    declare_stretches,
    formulate,
    in_stretch,
    least_largest_stretch,
)
from solver.hierarchy import lay_out
from solver.policy import Policy
from solver.problem import Problem
from solver.rules import InStretch, QuotaModel
from solver.tree import equalise
from tests.solver.builders import POLICIES, a_problem, limits_of, problems

TWO_TEAMS = Path(__file__).with_name("two_teams.lp")

BEYOND_EAST = (
    "0.5*above_ann + 1.5*above_bob + above_eve - 0.5*below_ann - 1.5*below_bob - below_eve"
)
BEYOND_WEST = "above_cid + above_dee - below_cid - below_dee"


def two_teams() -> Problem:
    """Everybody expects 100 and could add 10, ann 5, bob 15 and eve nothing."""
    reps: dict[str, dict[str, Any]] = {
        "ann": {"unit": "east", "reach": 5.0, "max": 105},
        "bob": {"unit": "east", "reach": 15.0},
        "eve": {"unit": "east", "reach": 0.0},
        "cid": {"unit": "west", "min": 115},
        "dee": {"unit": "west", "fixed": 110},
    }
    return a_problem(
        550,
        {key: {"baseline": 100.0, "reach": 10.0, **row} for key, row in reps.items()},
        {"east": {"min": 310, "max": 325}, "west": {"target": 228}},
    )


def case_of(problem: Problem, policy: Policy | None = None) -> InStretch:
    scale, hierarchy = scale_of(problem, policy or Policy()), lay_out(problem)
    counted = scale.yardstick > 0
    return in_stretch(
        hierarchy,
        limits_of(problem),
        Scale(scale.anchor, np.where(counted, scale.yardstick, 10.0)),
        compared=counted,
        anchored=~counted,
        names=Names.of(problem, hierarchy),
    )


def scale_of(problem: Problem, policy: Policy) -> Scale:
    row = lay_out(problem).rep_row
    scale = SCALES[policy.fairness](problem.reps)
    return Scale(scale.anchor[row], scale.yardstick[row])


def with_one_rule(rule: Callable[[QuotaModel, InStretch], None]) -> QuotaModel:
    case = case_of(two_teams())
    model = declare_stretches(case)
    rule(model, case)
    return model


def rows_of(model: QuotaModel) -> dict[str, str]:
    return {row.name: str(row) for row in model.lp.constraints()}


def bounds_of(model: QuotaModel, rep: str) -> tuple[float, float, float, float]:
    """Least and most above the anchor, least and most below it."""
    column = {column.name: column for column in model.lp.variables()}
    above, below = column[f"above_{rep}"], column[f"below_{rep}"]
    return above.lowBound, above.upBound, below.lowBound, below.upBound


def oracle(problem: Problem, policy: Policy | None = None) -> LargestStretch:
    scale = scale_of(problem, policy or Policy())
    return least_largest_stretch(
        lay_out(problem), limits_of(problem), scale.anchor, scale.yardstick
    )


class TestEachRuleAlone:
    def test_the_largest_stretch_is_what_gets_small(self) -> None:
        model = with_one_rule(rules.largest_stretch_is_least)

        assert str(model.lp.objective) == "t"
        assert model.lp.sense == pulp.LpMinimize

    def test_nobody_stretches_further_than_the_largest_stretch(self) -> None:
        rows = rows_of(with_one_rule(rules.rep_stretch))

        assert rows["rep_ann_stretch"].startswith("above_ann - below_ann - t <= ")

    def test_a_rep_without_a_yardstick_has_no_stretch_to_compare(self) -> None:
        rows = rows_of(with_one_rule(rules.rep_stretch))

        assert set(rows) == {f"rep_{key}_stretch" for key in ("ann", "bob", "cid", "dee")}

    def test_a_floor_above_the_anchor_lies_in_the_part_above(self) -> None:
        model = with_one_rule(rules.rep_floor)

        assert bounds_of(model, "cid") == (1.5, np.inf, 0, 0)  # 115 = 100 + 1.5 x 10

    def test_a_floor_below_the_anchor_limits_the_part_below(self) -> None:
        model = with_one_rule(rules.rep_floor)

        assert bounds_of(model, "eve") == (0, np.inf, 0, 10)  # 0 = 100 - 10 x 10

    def test_a_cap_limits_the_part_above(self) -> None:
        model = with_one_rule(rules.rep_cap)

        assert bounds_of(model, "ann") == (0, 1, 0, np.inf)  # 105 = 100 + 1 x 5

    def test_without_a_cap_nobody_carries_more_than_the_whole_target(self) -> None:
        model = with_one_rule(rules.rep_cap)

        assert bounds_of(model, "bob") == (0, 30, 0, np.inf)  # 550 = 100 + 30 x 15

    def test_a_rep_without_a_yardstick_carries_the_anchor_at_most(self) -> None:
        model = with_one_rule(rules.rep_anchor)

        assert bounds_of(model, "eve") == (0, 0, 0, np.inf)

    def test_a_unit_keeps_its_minimum(self) -> None:
        rows = rows_of(with_one_rule(rules.unit_min))

        assert rows == {"unit_east_min": f"{BEYOND_EAST} >= 1"}  # 310 - 3 x 100 = 1 x 10

    def test_a_unit_keeps_its_maximum(self) -> None:
        rows = rows_of(with_one_rule(rules.unit_max))

        assert rows == {"unit_east_max": f"{BEYOND_EAST} <= 2.5"}  # 325 - 3 x 100 = 2.5 x 10

    def test_a_unit_meets_its_target(self) -> None:
        rows = rows_of(with_one_rule(rules.unit_target))

        assert rows == {"unit_west_target": f"{BEYOND_WEST} = 2.8"}  # 228 - 2 x 100 = 2.8 x 10

    def test_all_together_meet_the_target(self) -> None:
        rows = rows_of(with_one_rule(rules.target))

        assert list(rows) == ["target"]
        assert rows["target"].endswith(" = 5")  # 550 - 5 x 100 = 5 x 10


class TestTheModel:
    def test_reads_as_the_file_under_review(self, tmp_path: Path) -> None:
        written = tmp_path / "two_teams.lp"

        formulate(case_of(two_teams())).lp.writeLP(str(written))

        assert written.read_text() == TWO_TEAMS.read_text()

    def test_names_rows_so_that_an_lp_file_can_be_read(self) -> None:
        problem = a_problem(3, {"r 1": {}, "r-1": {}, "张三": {}})

        names = Names.of(problem, lay_out(problem))

        assert names.rep == ["r_1.0", "r_1.1", "__.2"]

    def test_asks_highs_for_one_thread_and_the_tightest_tolerance(self) -> None:
        model = formulate(case_of(two_teams()))

        model.lp.solve(pulp.HiGHS(**HIGHS))

        solver: Any = model.lp.solverModel
        wanted = {name: HIGHS[name] for name in HIGHS if name != "msg"}
        assert {name: solver.getOptionValue(name)[1] for name in wanted} == wanted


class TestTheLeastLargestStretch:
    def test_follows_from_the_target_where_nothing_limits(self) -> None:
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}

        assert oracle(a_problem(440, everybody)).value == pytest.approx(0.1, abs=1e-12)

    def test_grows_when_a_cap_leaves_more_to_the_others(self) -> None:
        reps: dict[str, Any] = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
        reps["a"]["max"] = 105

        assert oracle(a_problem(440, reps)).value == pytest.approx(35 / 300, abs=1e-12)

    def test_is_that_of_the_rep_whom_a_floor_holds_up(self) -> None:
        reps: dict[str, Any] = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
        reps["a"]["min"] = 125

        assert oracle(a_problem(440, reps)).value == pytest.approx(0.25, abs=1e-12)

    def test_may_be_negative(self) -> None:
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}

        assert oracle(a_problem(200, everybody)).value == pytest.approx(-0.5, abs=1e-12)

    def test_sees_units(self) -> None:
        # dee has 110 for good, so cid carries 118 of west's 228
        assert oracle(two_teams()).value == pytest.approx(1.8, abs=1e-12)

    def test_does_not_count_a_rep_without_a_yardstick_whose_own_floor_lies_higher(self) -> None:
        reps = {
            "ann": {"baseline": 100.0, "reach": 100.0},
            "eve": {"baseline": 100.0, "reach": 0.0, "min": 150},
        }

        found = oracle(a_problem(260, reps))

        assert found.value == pytest.approx(0.1, abs=1e-12)
        assert found.compared.tolist() == [True, False]

    def test_is_measured_by_the_others_where_those_without_a_yardstick_must_carry_more(
        self,
    ) -> None:
        reps = {
            "ann": {"baseline": 100.0, "reach": 100.0, "max": 120},
            "eve": {"baseline": 100.0, "reach": 0.0},
        }

        found = oracle(a_problem(260, reps))

        assert found.value == pytest.approx(0.4, abs=1e-12)  # eve carries 140, ann's reach is 100
        assert found.compared.tolist() == [False, True]

    def test_is_money_where_nobody_has_a_yardstick(self) -> None:
        reps = {key: {"baseline": 100.0, "reach": 0.0} for key in "ab"}

        assert oracle(a_problem(230, reps)).value == pytest.approx(15, abs=1e-12)

    def test_stands_whatever_the_currency(self) -> None:
        reps = {
            "ann": {"baseline": 100e12, "reach": 100e12, "max": 105 * 10**12},
            "bob": {"baseline": 100e12, "reach": 1e6},
        }

        found = oracle(a_problem(205 * 10**12 + 10**5, reps))

        assert found.value == pytest.approx(0.1, abs=1e-9)

    def test_is_refused_where_no_plan_keeps_every_limit(self) -> None:
        reps = {"ann": {"max": 100}}

        with pytest.raises(LinearProgramFailed, match="no plan that keeps every limit"):
            oracle(a_problem(101, reps))

    @given(problems(), st.sampled_from(POLICIES))
    def test_is_that_of_the_tree_engines_plan(self, problem: Problem, policy: Policy) -> None:
        hierarchy, limits, scale = lay_out(problem), limits_of(problem), scale_of(problem, policy)

        plan = equalise(hierarchy, limits, scale.anchor, scale.effective)

        found = least_largest_stretch(hierarchy, limits, scale.anchor, scale.yardstick)
        found.confirm(plan.quota)

    def test_of_another_plan_is_not_confirmed(self) -> None:
        problem = a_problem(220, {key: {"baseline": 100.0, "reach": 100.0} for key in "ab"})

        found = oracle(problem)

        found.confirm(np.array([110.0, 110.0]))
        with pytest.raises(EnginesDisagree, match="by the linear programme"):
            found.confirm(np.array([111.0, 109.0]))
