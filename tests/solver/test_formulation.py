"""The linear programme: each rule alone, the whole model on paper, and the search on top of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pulp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.bounds import Bounds
from solver.coupled import rules
from solver.coupled.coupling import Coupling
from solver.coupled.duality import Comparison
from solver.coupled.formulation import (
    HIGHS,
    declare,
    formulate,
    handed_over,
    least_largest_stretch,
)
from solver.coupled.largest import LargestStretch
from solver.coupled.rules import QuotaModel
from solver.coupled.trial import InStretch, Names, Trials
from solver.errors import EnginesDisagree, SolveStopped, TimeIsUp
from solver.fairness import SCALES, Scale
from solver.hierarchy import Hierarchy, lay_out
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import UNLIMITED, Problem
from solver.tree import equalise
from solver.watch import Watch
from tests.solver.builders import (
    POLICIES,
    a_problem,
    coupled_problems,
    coupling_of,
    limits_of,
    problems,
)

TWO_TEAMS = Path(__file__).with_name("two_teams.lp")

EVERY_RULE = Policy(
    groups=(Group("overlay", ("bob", "cid"), min=210, max=240),),
    parity=(Parity("role", 0.1),),
    margin_floors=(MarginFloor("gross", 110, "west"),),
    rows=(LinearRow("mix", (("ann", 2.0), ("dee", -1.0)), min=90, max=104),),
)


def two_teams() -> Problem:
    """Everybody expects 100 and could add 10, ann 5, bob 15 and eve nothing."""
    reps: dict[str, dict[str, Any]] = {
        "ann": {"unit": "east", "reach": 5.0, "max": 105},
        "bob": {"unit": "east", "reach": 15.0},
        "eve": {"unit": "east", "reach": 0.0},
        "cid": {"unit": "west", "min": 115, "margin": 0.6},
        "dee": {"unit": "west", "fixed": 110, "margin": 0.4},
    }
    problem = a_problem(
        550,
        {key: {"baseline": 100.0, "reach": 10.0, **row} for key, row in reps.items()},
        {"east": {"min": 309, "max": 324}, "west": {"target": 228}},
    )
    return replace(problem, cohorts={"role": ("AE", "AE", None, "AM", "AM")})


def case_of(problem: Problem, policy: Policy, trial: float) -> InStretch:
    hierarchy, limits, scale = lay_out(problem), limits_of(problem), scale_of(problem, policy)
    coupling = coupling_of(problem, policy)
    trials = Trials.of(hierarchy, limits, coupling, Comparison.pinned(limits, scale))
    return trials.case(trial, Names.of(problem, hierarchy, trials.cells, coupling))


def scale_of(problem: Problem, policy: Policy) -> Scale:
    row = lay_out(problem).rep_row
    scale = SCALES[policy.fairness](problem.reps)
    return Scale(scale.anchor[row], scale.yardstick[row])


def with_one_rule(rule: Callable[[QuotaModel, InStretch], None]) -> QuotaModel:
    case = case_of(two_teams(), EVERY_RULE, trial=2.0)
    model = declare(case)
    rule(model, case)
    return model


def rows_of(model: QuotaModel) -> dict[str, dict[str, float]]:
    """The columns and coefficients of each row; all rows sum to 0."""
    rows = model.lp.constraints()
    assert all(row.sense == pulp.LpConstraintEQ and row.constant == 0 for row in rows)
    return {row.name: {column.name: size for column, size in row.items()} for row in rows}


def bounds_of(model: QuotaModel, kind: str) -> dict[str, tuple[float, float]]:
    """What the columns of a kind lie between, free ones left out."""
    limits = {column.name: (column.lowBound, column.upBound) for column in model.lp.variables()}
    return {
        name: ends
        for name, ends in limits.items()
        if name.startswith(kind) and ends != (-np.inf, np.inf)
    }


def oracle(problem: Problem, policy: Policy | None = None) -> LargestStretch:
    found = found_for(problem, policy or Policy())
    assert found
    return found


def found_for(
    problem: Problem, policy: Policy, watch: Watch | None = None
) -> LargestStretch | None:
    scale = scale_of(problem, policy)
    coupling = coupling_of(problem, policy) if policy.crosses_the_tree else None
    hierarchy, limits = lay_out(problem), limits_of(problem)
    return least_largest_stretch(hierarchy, limits, scale.anchor, scale.yardstick, coupling, watch)


class TestEachRuleAlone:
    def test_what_is_missing_gets_small(self) -> None:
        model = with_one_rule(rules.least_is_missing)

        missing = {"missing_company", "missing_unit_east", "missing_unit_west"}
        rows = ("group_overlay", "margin_gross", "parity_role_AE", "parity_role_AM", "row_mix")
        ends = {f"{end}_{row}" for end in ("under", "over") for row in rows}
        assert model.lp.sense == pulp.LpMinimize
        assert model.lp.objective is not None
        assert set(str(model.lp.objective).split(" + ")) == missing | ends

    def test_a_floor_limits_how_far_a_cell_can_fall_back(self) -> None:
        model = with_one_rule(rules.cell_floor)

        floors = {name: low for name, (low, _) in bounds_of(model, "stretch").items()}
        assert floors["stretch_ann"] == -20  # 0 = 100 - 20 x 5
        assert floors["stretch_cid"] == 1.5  # 115 = 100 + 1.5 x 10
        assert floors["stretch_dee"] == 1  # has 110 for good

    def test_a_cell_carries_up_to_the_trial_or_its_caps(self) -> None:
        model = with_one_rule(rules.cell_cap)

        caps = {name: high for name, (_, high) in bounds_of(model, "stretch").items()}
        assert caps == {
            "stretch_ann": 1,  # 105 = 100 + 1 x 5
            "stretch_bob": 2,
            "stretch_cid": 2,
            "stretch_dee": 1,
            "stretch_eve": 0,  # no yardstick: the anchor
        }

    def test_a_unit_is_the_sum_of_its_own_cells_and_of_the_units_below(self) -> None:
        rows = rows_of(with_one_rule(rules.unit_sum))

        assert set(rows) == {"sum_company", "sum_unit_east", "sum_unit_west"}
        assert rows["sum_unit_west"] == {
            "stretch_cid": 0.5, "stretch_dee": 0.5, "missing_unit_west": 1, "total_unit_west": -1
        }  # fmt: skip
        assert rows["sum_company"] == {  # reaches of 30 and 20
            "total_unit_east": 0.6, "total_unit_west": 0.4,
            "missing_company": 1, "total_company": -1,
        }  # fmt: skip

    def test_a_row_is_the_sum_of_its_cells_by_what_it_counts_them(self) -> None:
        rows = rows_of(with_one_rule(rules.row_sum))

        assert rows["sum_group_overlay"] == {  # reaches of 15 and 10
            "stretch_bob": 0.6, "stretch_cid": 0.4, "sum_group_overlay": -1,
            "under_group_overlay": 1, "over_group_overlay": -1,
        }  # fmt: skip
        assert rows["sum_row_mix"] == {  # 2 x 5 and -1 x 10
            "stretch_ann": 0.5, "stretch_dee": -0.5, "sum_row_mix": -1,
            "under_row_mix": 1, "over_row_mix": -1,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("rule", "limits"),
        [
            (rules.target, {"total_company": (1, 1)}),  # 550 - 5 x 100 = 1 x 50
            (rules.unit_min, {"total_unit_east": (0.3, np.inf), "total_unit_west": (1.4, np.inf)}),
            (
                rules.unit_max,
                {"total_unit_east": (-np.inf, 0.8), "total_unit_west": (-np.inf, 1.4)},
            ),
            (rules.group_min, {"sum_group_overlay": (0.4, np.inf)}),  # 210 - 200 = 0.4 x 25
            (rules.group_max, {"sum_group_overlay": (-np.inf, 1.6)}),
            (  # at one stretch both carry 225, so 202 to 248 each
                rules.parity,
                {"sum_parity_role_AE": (0.1, 2.4), "sum_parity_role_AM": (0.1, 2.4)},
            ),
            (rules.margin_min, {"sum_margin_gross": (1, np.inf)}),  # 110 - 60 - 40
            (rules.row_min, {"sum_row_mix": (-0.5, np.inf)}),  # 90 - (200 - 100) = -0.5 x 20
            (rules.row_max, {"sum_row_mix": (-np.inf, 0.2)}),
        ],
    )
    def test_a_limit_is_a_bound_of_its_sum(
        self,
        rule: Callable[[QuotaModel, InStretch], None],
        limits: dict[str, tuple[float, float]],
    ) -> None:
        model = with_one_rule(rule)

        found = bounds_of(model, "total") | bounds_of(model, "sum")
        assert {name: pytest.approx(ends) for name, ends in found.items()} == limits


class TestTheModel:
    def test_reads_as_the_file_under_review(self, tmp_path: Path) -> None:
        written = tmp_path / "two_teams.lp"

        formulate(case_of(two_teams(), EVERY_RULE, trial=2.0)).lp.writeLP(str(written))

        assert written.read_text() == TWO_TEAMS.read_text()

    def test_is_the_same_in_arrays_as_in_pulp(self) -> None:
        model = formulate(case_of(two_teams(), EVERY_RULE, trial=1.0))
        by_pulp = formulate(case_of(two_teams(), EVERY_RULE, trial=1.0)).lp

        highs = handed_over(model)
        highs.run()
        by_pulp.solve(pulp.HiGHS(msg=False))

        assert by_pulp.objective is not None
        assert highs.getObjectiveValue() == pytest.approx(by_pulp.objective.value(), abs=1e-9)
        assert highs.getObjectiveValue() > 0.1  # west carries 228 with a stretch of 1.8 only

    def test_names_columns_so_that_an_lp_file_can_be_read(self) -> None:
        problem = a_problem(3, {"r 1": {"min": 1}, "r-1": {}, "张三": {}})
        rows = tuple(LinearRow(f"only {key}", ((key, 1.0),), max=2) for key in problem.reps.ids)

        names = case_of(problem, Policy(rows=rows), trial=1.0).names

        assert names.cell == ["r_1.0", "r_1.1", "__.2"]
        assert names.row == ["row_only_r_1.1", "row_only_r_1.2", "row_only___.3"]

    def test_keeps_names_short(self) -> None:
        groups = tuple(Group("g" * 300 + end, ("a",), max=2) for end in "12")

        names = case_of(a_problem(3, "ab"), Policy(groups=groups), trial=1.0).names

        assert len(set(names.row)) == 2
        assert max(map(len, names.row)) < 70

    def test_asks_highs_for_one_thread_and_the_tightest_tolerance(self) -> None:
        highs = handed_over(formulate(case_of(two_teams(), EVERY_RULE, trial=2.0)))

        wanted = {name: HIGHS[name] for name in HIGHS if name != "msg"}
        assert {name: highs.getOptionValue(name)[1] for name in wanted} == wanted


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

    def test_is_none_where_no_plan_keeps_every_limit(self) -> None:
        assert found_for(a_problem(101, {"ann": {"max": 100}}), Policy()) is None

    @given(problems(), st.sampled_from(POLICIES))
    def test_is_that_of_the_tree_engines_plan(self, problem: Problem, policy: Policy) -> None:
        hierarchy, limits, scale = lay_out(problem), limits_of(problem), scale_of(problem, policy)

        plan = equalise(hierarchy, limits, scale.anchor, scale.effective)

        found = least_largest_stretch(hierarchy, limits, scale.anchor, scale.yardstick)
        assert found
        found.confirm(plan.quota)

    def test_of_another_plan_is_not_confirmed(self) -> None:
        problem = a_problem(220, {key: {"baseline": 100.0, "reach": 100.0} for key in "ab"})

        found = oracle(problem)

        found.confirm(np.array([110.0, 110.0]))
        with pytest.raises(EnginesDisagree, match="by the linear programme"):
            found.confirm(np.array([111.0, 109.0]))


class TestRulesAcrossTheTree:
    def test_a_group_that_must_carry_more_stretches_further(self) -> None:
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
        overlay = Policy(groups=(Group("overlay", ("a", "b"), min=250),))

        found = oracle(a_problem(440, everybody), overlay)

        assert found.value == pytest.approx(0.25, abs=1e-12)  # 125 each
        assert found.row_price == pytest.approx([1 / 200])  # 200 more would be a stretch more
        assert not found.node_price.any()

    def test_a_group_that_may_carry_less_leaves_more_to_the_others(self) -> None:
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
        overlay = Policy(groups=(Group("overlay", ("a", "b"), max=200),))

        found = oracle(a_problem(440, everybody), overlay)

        assert found.value == pytest.approx(0.2, abs=1e-12)  # 120 for c and for d
        assert found.node_price == pytest.approx([1 / 200])
        assert found.row_price == pytest.approx([-1 / 200])

    def test_every_rule_at_once(self) -> None:
        assert oracle(two_teams(), EVERY_RULE).value == pytest.approx(1.8, abs=1e-12)

    def test_no_price_is_paid_where_a_floor_alone_makes_it(self) -> None:
        reps = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
        reps["a"]["min"] = 150

        found = oracle(a_problem(440, reps), Policy(groups=(Group("all", tuple("abcd"), 440),)))

        assert found.value == pytest.approx(0.5, abs=1e-12)
        assert not found.node_price.any()
        assert not found.row_price.any()

    def test_a_rep_without_a_yardstick_is_held_on_both_sides(self) -> None:
        reps = {
            "ann": {"baseline": 100.0, "reach": 100.0},
            "eve": {"baseline": 100.0, "reach": 0.0},
        }
        less = Policy(groups=(Group("eve", ("eve",), max=90),))
        as_much = Policy(groups=(Group("eve", ("eve",), max=100),))

        assert found_for(a_problem(210, reps), less) is None
        assert oracle(a_problem(210, reps), as_much).value == pytest.approx(0.1, abs=1e-12)

    def test_three_rules_that_contradict_each_other_have_none(self) -> None:
        apart = Policy(
            groups=tuple(Group(name, tuple(name), max=130) for name in ("ab", "bc", "ac"))
        )

        assert found_for(a_problem(200, "abc"), apart) is None

    def test_coefficients_may_differ_by_twelve_orders_of_magnitude(self) -> None:
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in "abc"}
        row = LinearRow("mix", (("a", 1e6), ("b", 1e-6)), min=120_000_000)

        found = oracle(a_problem(300, everybody), Policy(rows=(row,)))

        assert found.value == pytest.approx(0.2, abs=1e-9)

    def test_a_thousand_rules_are_no_trouble(self) -> None:
        ids = [f"r{number}" for number in range(60)]
        everybody = {key: {"baseline": 100.0, "reach": 100.0} for key in ids}
        pick = np.random.default_rng(5)
        teams = [sorted(pick.choice(60, 20, replace=False).tolist()) for _ in range(1_000)]
        groups = tuple(
            Group(str(number), tuple(ids[place] for place in team), 1_900, 2_300)
            for number, team in enumerate(teams)
        )

        found = oracle(a_problem(6_600, everybody), Policy(groups=groups))

        assert found.value == pytest.approx(0.1, abs=1e-9)

    @given(coupled_problems())
    def test_a_naive_linear_programme_finds_the_same(self, case: tuple[Problem, Policy]) -> None:
        problem, policy = case
        limits, scale = limits_of(problem), scale_of(problem, policy)
        comparison = Comparison.pinned(limits, scale)
        naive = by_scipy(lay_out(problem), limits, coupling_of(problem, policy), comparison)

        found = found_for(problem, policy)

        if naive is None:
            assert found is None
        else:
            assert found
            size = max(abs(naive), max(limits.total, 1) / comparison.yardstick.sum())
            assert found.value == pytest.approx(naive, abs=1e-7 * size)  # scipy's own tolerance

    @given(problems(), st.sampled_from(POLICIES))
    def test_a_row_that_says_nothing_changes_nothing(
        self, problem: Problem, policy: Policy
    ) -> None:
        columns = ("baseline", "reach", "potential")
        measured: Any = {name: 1.0 + getattr(problem.reps, name) for name in columns}
        problem = replace(problem, reps=replace(problem.reps, **measured))
        everybody = Group("all", problem.reps.ids, max=problem.target)

        alone = oracle(problem, policy)
        found = oracle(problem, replace(policy, groups=(everybody,)))

        assert found.value == pytest.approx(alone.value, rel=1e-9, abs=1e-9)

    @given(coupled_problems())
    def test_reps_taken_together_or_one_by_one_make_no_difference(
        self, case: tuple[Problem, Policy]
    ) -> None:
        problem, policy = case
        alone = tuple(
            LinearRow(f"alone {place}", ((key, 1.0 + place / 7),), min=0)
            for place, key in enumerate(problem.reps.ids)
        )

        together = found_for(problem, policy)
        one_by_one = found_for(problem, replace(policy, rows=policy.rows + alone))

        assert (together is None) == (one_by_one is None)
        if together and one_by_one:
            assert together.value == pytest.approx(one_by_one.value, rel=1e-9, abs=1e-9)


def by_scipy(
    hierarchy: Hierarchy, limits: Bounds, coupling: Coupling, comparison: Comparison
) -> float | None:
    """minimise t, row by row as the rules say it; None where there is no plan."""
    reps, total = len(comparison.anchor), max(1.0, float(limits.total))
    unit = comparison.yardstick.mean()
    sums = [
        (np.zeros(reps), int(low), int(high))
        for low, high in zip(limits.unit_min, limits.unit_max, strict=True)
    ]
    for node, (row, _, _) in enumerate(sums):
        row[hierarchy.first[node] : hierarchy.last[node]] = 1.0
    for k in range(len(coupling)):
        entries = slice(coupling.start[k], coupling.start[k + 1])
        row = np.zeros(reps)
        row[coupling.rep[entries]] = coupling.coefficient[entries]
        sums.append((row, int(coupling.min[k]), int(coupling.max[k])))
    below = [(row, high) for row, _, high in sums if high < UNLIMITED]
    below += [(-row, -low) for row, low, _ in sums if low > -UNLIMITED]
    rows = [np.append(row, 0.0) for row, _ in below]
    ends = [end / total for _, end in below]
    for rep in np.flatnonzero(comparison.compared).tolist():
        row = np.zeros(reps + 1)
        row[[rep, -1]] = 1.0, -comparison.yardstick[rep] / unit
        rows.append(row)
        ends.append(comparison.anchor[rep] / total)
    answer = linprog(
        np.append(np.zeros(reps), 1.0),
        A_ub=np.array(rows),
        b_ub=ends,
        bounds=[*zip(comparison.low / total, comparison.high / total, strict=True), (None, None)],
    )
    assert answer.status in (0, 2)
    return None if answer.x is None else float(answer.x[-1] * total / unit)


class TestWaitingForIt:
    def test_progress_is_told(self) -> None:
        told: list[tuple[str, int]] = []

        found_for(two_teams(), EVERY_RULE, Watch(tell=lambda *step: told.append(step)))

        assert {stage for stage, _ in told} == {"largest stretch"}
        assert [done for _, done in told] == sorted(done for _, done in told)

    def test_somebody_else_can_stop_it(self) -> None:
        at_work, stop = threading.Event(), threading.Event()

        def told(_stage: str, _done: int) -> None:
            at_work.set()
            stop.wait()

        def somebody_else() -> None:
            at_work.wait()
            stop.set()

        other = threading.Thread(target=somebody_else)
        other.start()
        with pytest.raises(SolveStopped):
            found_for(two_teams(), EVERY_RULE, Watch(stopped=stop.is_set, tell=told))
        other.join()

    def test_it_ends_with_the_time(self) -> None:
        with pytest.raises(TimeIsUp):
            found_for(two_teams(), EVERY_RULE, Watch(seconds_left=lambda: 0.0))

    def test_highs_ends_with_the_time_too(self) -> None:
        with pytest.raises(TimeIsUp):
            found_for(two_teams(), EVERY_RULE, Watch(seconds_left=lambda: 1e-9))
