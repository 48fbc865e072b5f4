"""Any prices bound the largest stretch from below; the right ones meet it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.coupled.coupling import Coupling
from solver.coupled.duality import Comparison, Prices, lower_bound
from solver.coupled.formulation import least_largest_stretch
from solver.coupled.largest import LargestStretch
from solver.fairness import SCALES, Scale
from solver.hierarchy import lay_out
from solver.policy import Group, Policy
from solver.problem import FloatArray, Problem
from tests.solver.builders import a_problem, coupled_problems, coupling_of, limits_of

FOUR = {key: {"baseline": 100.0, "reach": 100.0} for key in "abcd"}
OVERLAY = Policy(groups=(Group("overlay", ("a", "b"), min=250),))


def scale_of(problem: Problem, policy: Policy) -> Scale:
    scale, row = SCALES[policy.fairness](problem.reps), lay_out(problem).rep_row
    return Scale(scale.anchor[row], scale.yardstick[row])


def bound(problem: Problem, policy: Policy, node_price: FloatArray, row_price: FloatArray) -> float:
    return lower_bound(
        lay_out(problem), limits_of(problem), rows_of(problem, policy), scale_of(problem, policy),
        node_price=node_price, row_price=row_price,
    )  # fmt: skip


def rows_of(problem: Problem, policy: Policy) -> Coupling | None:
    return coupling_of(problem, policy) if policy.crosses_the_tree else None


def smallest(problem: Problem, policy: Policy) -> LargestStretch | None:
    scale, rows = scale_of(problem, policy), rows_of(problem, policy)
    limits = limits_of(problem)
    return least_largest_stretch(lay_out(problem), limits, scale.anchor, scale.yardstick, rows)


def typical_stretch(problem: Problem, policy: Policy) -> float:
    comparison = Comparison.pinned(limits_of(problem), scale_of(problem, policy))
    return max(problem.target, 1) / float(comparison.yardstick.sum())


def test_a_price_of_the_target_alone_says_what_everybody_would_carry_at_one_stretch() -> None:
    assert bound(a_problem(440, FOUR), Policy(), np.ones(1), np.empty(0)) == pytest.approx(0.1)


def test_a_price_of_a_group_says_what_its_reps_would_carry_at_one_stretch() -> None:
    problem = a_problem(440, FOUR)

    assert bound(problem, OVERLAY, np.zeros(1), np.ones(1)) == pytest.approx(0.25)


def test_a_price_of_a_maximum_takes_its_reps_out_of_what_others_carry() -> None:
    policy = Policy(groups=(Group("overlay", ("a", "b"), max=200),))

    found = bound(a_problem(440, FOUR), policy, np.ones(1), -np.ones(1))

    assert found == pytest.approx(0.2)  # 240 for the two others


def test_how_large_prices_are_does_not_matter() -> None:
    problem = a_problem(440, FOUR)

    bounds = [bound(problem, OVERLAY, size * np.ones(1), size * np.ones(1)) for size in (1e-9, 7e5)]

    assert bounds[0] == pytest.approx(bounds[1], rel=1e-12)


def test_without_prices_floors_alone_speak() -> None:
    problem = a_problem(440, {**FOUR, "d": {"baseline": 100.0, "reach": 100.0, "min": 105}})

    assert bound(problem, OVERLAY, np.zeros(1), np.zeros(1)) == pytest.approx(0.05)


def test_a_price_of_a_side_that_has_no_limit_says_nothing() -> None:
    problem = a_problem(440, FOUR)

    assert bound(problem, OVERLAY, np.zeros(1), -np.ones(1)) == -1  # nobody falls below 0


def test_prices_can_prove_that_there_is_no_plan_at_all() -> None:
    capped = {key: {**row, "max": 120} for key, row in FOUR.items()}

    assert bound(a_problem(440, capped), OVERLAY, np.zeros(1), np.ones(1)) == np.inf


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_prices_that_are_no_numbers_prove_nothing(odd: float) -> None:
    assert bound(a_problem(440, FOUR), OVERLAY, np.array([odd]), np.ones(1)) == -1


def test_whatever_moves_with_a_limit_is_its_price() -> None:
    problem, more = a_problem(440, FOUR), a_problem(441, FOUR)
    before, after = smallest(problem, Policy()), smallest(more, Policy())

    assert before
    assert after
    assert before.node_price == pytest.approx([after.value - before.value])


@given(coupled_problems())
def test_the_prices_of_the_linear_programme_meet_the_largest_stretch(
    case: tuple[Problem, Policy],
) -> None:
    if found := smallest(*case):
        best = bound(*case, found.node_price, found.row_price)

        size = max(abs(found.value), typical_stretch(*case))
        assert best == pytest.approx(found.value, abs=1e-9 * size)
        assert best <= found.value + 1e-12 * size


@given(coupled_problems(), st.data())
def test_no_prices_pass_the_largest_stretch(
    case: tuple[Problem, Policy], data: st.DataObject
) -> None:
    problem, policy = case
    odd = st.sampled_from([0.0, 0.0, 1.0, -1.0, 1.0, -0.5, 1e-3, -3e-4, 1e-9, 40.0, -2e5, 1e12])
    nodes, rows = lay_out(problem).nodes, len(coupling_of(problem, policy))
    node_price = np.array(data.draw(st.lists(odd, min_size=nodes, max_size=nodes)))
    row_price = np.array(data.draw(st.lists(odd, min_size=rows, max_size=rows)))

    if found := smallest(problem, policy):
        size = max(abs(found.value), typical_stretch(problem, policy))
        assert bound(problem, policy, node_price, row_price) <= found.value + 1e-10 * size


def test_reps_without_a_yardstick_may_be_given_a_negligible_one_instead() -> None:
    reps = {"ann": {"baseline": 100.0, "reach": 100.0}, "eve": {"baseline": 50.0, "reach": 0.0}}
    problem = a_problem(160, reps)
    none = scale_of(problem, Policy())
    prices = Prices.of_the_target(lay_out(problem), None)

    for scale in (none, Scale(none.anchor, none.effective)):
        comparison = Comparison.pinned(limits_of(problem), scale)

        assert comparison.compared.tolist() == [True, False]
        found = prices.bound(lay_out(problem), limits_of(problem), None, comparison)
        assert found == pytest.approx(0.1)
