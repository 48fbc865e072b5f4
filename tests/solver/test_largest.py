"""What is known of the largest stretch before anything is searched: never too much, often all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.coupled import two_stages as coupled
from solver.coupled.duality import Comparison, Prices
from solver.coupled.formulation import least_largest_stretch
from solver.coupled.largest import prices_at_hand, prices_of_the_tree
from solver.coupled.two_stages import solve_coupled
from solver.fairness import SCALES, Scale
from solver.hierarchy import lay_out
from solver.policy import Group, LinearRow, Policy
from solver.problem import Problem
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


def alike(ids: str) -> dict[str, dict[str, Any]]:
    """Everybody expects 100, and may be expected to add 100."""
    return {key: {"baseline": 100.0, "reach": 100.0} for key in ids}


class Case:
    """A problem under a policy, as the engine of rules across the tree meets it."""

    def __init__(self, problem: Problem, policy: Policy) -> None:
        of_rows = SCALES[policy.fairness](problem.reps)
        self.hierarchy, self.bounds = lay_out(problem), limits_of(problem, policy)
        row = self.hierarchy.rep_row
        self.drawn = Scale(of_rows.anchor[row], of_rows.yardstick[row])
        self.scale = of_rows.laid_out(row)
        self.coupling = coupling_of(problem, policy)
        self.comparison = Comparison.pinned(self.bounds, self.scale)
        self.plan = equalise(self.hierarchy, self.bounds, self.scale.anchor, self.scale.yardstick)

    @property
    def of_the_tree(self) -> Prices:
        return prices_of_the_tree(self.hierarchy, self.coupling, self.comparison, self.plan)

    @property
    def at_hand(self) -> tuple[float, Prices]:
        return prices_at_hand(
            self.hierarchy, self.bounds, self.coupling, self.comparison, self.plan
        )

    def proven_by(self, prices: Prices) -> float:
        return prices.shown(self.hierarchy, self.bounds, self.coupling, self.comparison)

    @property
    def least(self) -> float:
        """t* by linear programmes that know nothing beforehand; infinite where there is no plan."""
        scale = self.scale
        found = least_largest_stretch(
            self.hierarchy, self.bounds, scale.anchor, scale.yardstick, self.coupling
        )
        return np.inf if found is None else found.value


class TestWhatTheTreeProves:
    @given(problems(yardstick_zero=False), st.sampled_from(POLICIES))
    def test_is_the_largest_stretch_of_its_plan(self, problem: Problem, policy: Policy) -> None:
        case = Case(problem, policy)
        of = case.comparison
        pinned = np.clip(case.plan.quota, of.low, of.high)
        assume(np.abs(pinned - case.plan.quota).max() <= 1e-9 * problem.target)
        largest = ((case.plan.quota - of.anchor) / of.yardstick)[of.compared].max()

        assert case.proven_by(case.of_the_tree) == pytest.approx(largest, rel=1e-9, abs=1e-9)

    def test_counts_a_unit_that_must_carry_more_and_one_inside_that_may_carry_less(self) -> None:
        reps = alike("abcd")
        for rep, unit in zip("abc", ("north", "north", "fjord"), strict=True):
            reps[rep]["unit"] = unit
        units = {"north": {"min": 350}, "fjord": {"parent": "north", "max": 100}}
        case = Case(a_problem(420, reps, units), Policy(groups=(Group("d", ("d",), max=400),)))

        assert case.proven_by(case.of_the_tree) == pytest.approx(0.25)  # 125 for a and for b


class TestWhatIsKnownAtHand:
    @given(coupled_problems(yardstick_zero=False))
    def test_is_never_too_much(self, drawn: tuple[Problem, Policy]) -> None:
        case = Case(*drawn)
        proven, prices = case.at_hand

        assert proven <= case.least + 1e-9 * max(1.0, abs(case.least))
        assert case.proven_by(prices) == proven

    def test_is_all_where_one_row_alone_asks_for_more(self) -> None:
        case = Case(
            a_problem(440, alike("abcd")), Policy(groups=(Group("overlay", ("a", "b"), min=250),))
        )

        assert case.at_hand[0] == pytest.approx(0.25)
        assert case.at_hand[0] == pytest.approx(case.least, abs=1e-12)

    def test_is_all_where_one_row_alone_asks_for_less(self) -> None:
        case = Case(
            a_problem(440, alike("abcd")),
            Policy(rows=(LinearRow("mix", (("a", -2.0), ("b", -1.0)), max=-375),)),
        )

        assert case.at_hand[0] == pytest.approx(0.25)
        assert case.at_hand[0] == pytest.approx(case.least, abs=1e-12)

    def test_is_infinite_where_a_row_is_out_of_everybodys_reach(self) -> None:
        capped = {key: {**row, "max": 120} for key, row in alike("abcd").items()}
        case = Case(a_problem(440, capped), Policy(groups=(Group("ab", ("a", "b"), min=250),)))

        assert case.at_hand[0] == np.inf == case.least

    def test_is_less_than_all_where_two_rows_do_it_together(self) -> None:
        case = Case(
            a_problem(480, alike("abcd")),
            Policy(groups=(Group("ab", ("a", "b"), max=210), Group("bc", ("b", "c"), max=210))),
        )

        assert case.at_hand[0] < case.least - 0.01


class TestThePlan:
    @given(coupled_problems())
    def test_is_the_same_whether_the_largest_stretch_is_known_or_searched(
        self, drawn: tuple[Problem, Policy]
    ) -> None:
        case = Case(*drawn)

        def solved() -> coupled.Coupled | None:
            return solve_coupled(case.hierarchy, case.bounds, case.drawn, case.coupling, Watch())

        at_once = solved()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(coupled, "squares_at_hand", lambda *_, **__: None)
            searched = solved()

        assert at_once is not None
        assert searched is not None
        assert at_once.levels.quota == pytest.approx(searched.levels.quota, rel=1e-6, abs=1e-3)
        assert at_once.largest.value == pytest.approx(searched.largest.value, rel=1e-9, abs=1e-9)
