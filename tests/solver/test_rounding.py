"""Rounded quotas add up exactly, keep every limit, and stay within one increment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.bounds import Bounds, bounds
from solver.hierarchy import Hierarchy, exact_sums, lay_out, slice_sums
from solver.policy import Policy
from solver.problem import COMPANY, NOT_SET, UNLIMITED, FloatArray, IntArray, Problem, Reps, Units
from solver.rounding.on_the_tree import round_quotas
from tests.solver.builders import coupling_of
from tests.solver.drawing import one_of

NOBODY = Units.of([])


@dataclass(frozen=True)
class Case:
    """A problem with unrounded quotas, in layout order."""

    hierarchy: Hierarchy
    bounds: Bounds
    exact: FloatArray
    increment: int

    def rounded(self) -> IntArray:
        return round_quotas(self.hierarchy, self.bounds, self.exact, self.increment)


def a_case(
    exact: Sequence[float], *, increment: int = 1, units: Units = NOBODY, **reps: Any
) -> Case:
    """Reps a, b, c … with these unrounded quotas; the target is their sum."""
    ids = [f"r{row:02}" for row in range(len(exact))]
    problem = Problem(round(sum(exact)), Reps.of(ids, **reps), units, increment)
    hierarchy = lay_out(problem)
    return Case(
        hierarchy,
        bounds(problem, Policy(), hierarchy),
        np.array(exact, dtype=np.float64)[hierarchy.rep_row],
        increment,
    )


def quotas(case: Case) -> list[int]:
    """In the order in which the reps were listed."""
    listed = np.empty(len(case.exact), dtype=np.int64)
    listed[case.hierarchy.rep_row] = case.rounded()
    return listed.tolist()


class TestTheOddCent:
    def test_goes_by_id_among_equals(self) -> None:
        case = a_case([10500] + [33500 / 3] * 3, max=[10500] + [UNLIMITED] * 3)

        assert quotas(case) == [10500, 11167, 11167, 11166]

    def test_nobody_gets_it_where_none_is_left(self) -> None:
        case = a_case([12500, 10500, 10500, 10500], min=[12500, 0, 0, 0])

        assert quotas(case) == [12500, 10500, 10500, 10500]

    def test_goes_to_the_largest_remainder(self) -> None:
        assert quotas(a_case([10.2, 10.1, 10.7])) == [10, 10, 11]

    def test_differences_of_noise_are_no_reason(self) -> None:
        assert quotas(a_case([1.5, 1.5 + 1e-9])) == [2, 1]


class TestTheIncrement:
    def test_makes_every_quota_a_multiple(self) -> None:
        assert quotas(a_case([270, 330, 400], increment=100)) == [300, 300, 400]

    def test_one_rep_carries_what_multiples_cannot(self) -> None:
        assert quotas(a_case([333, 333, 333], increment=100)) == [399, 300, 300]

    def test_a_quota_of_zero_may_rise_by_no_more_than_one(self) -> None:
        assert quotas(a_case([0.5, 0.5, 299], increment=100)) == [0, 0, 300]

    def test_a_rep_held_by_a_bound_gets_exactly_the_bound(self) -> None:
        case = a_case([250, 175, 175], increment=100, min=[250, 0, 0])

        assert quotas(case) == [250, 200, 150]

    def test_a_rep_near_a_bound_is_not_held_by_it_however_huge_the_amounts(self) -> None:
        """Five above a floor of 10**15 is not the floor, nor is a cap of 145 a floor of 119."""
        exact, low = [3e15, 1e15 + 5, 145, 130.5, 124.5], [0, 10**15, 119, 0, 0]
        case = a_case(exact, min=low, max=[2**52, 2**52, 145, 200, 200])

        assert quotas(case) == [3 * 10**15, 10**15 + 5, 145, 131, 124]

    def test_caps_below_one_increment_are_kept(self) -> None:
        case = a_case([20.5, 20.5, 59], increment=100, max=[30, 30, 60])

        assert sorted(quotas(case)) in ([10, 30, 60], [20, 21, 59], [11, 29, 60])
        assert sum(quotas(case)) == 100

    def test_a_floor_between_two_multiples_is_kept(self) -> None:
        case = a_case([230, 230, 230], increment=100, min=[210, 210, 210])

        assert sum(quotas(case)) == 690
        assert min(quotas(case)) >= 210

    def test_may_be_larger_than_the_target(self) -> None:
        assert quotas(a_case([5, 7], increment=2**53 - 1)) == [12, 0]

    def test_a_rep_alone_carries_all(self) -> None:
        assert quotas(a_case([1234], increment=100)) == [1234]

    def test_nothing_to_carry_is_nothing_for_everyone(self) -> None:
        assert quotas(a_case([0, 0, 0], increment=100)) == [0, 0, 0]


class TestUnits:
    def test_an_exact_sum_is_met_by_one_odd_rep_in_each_unit(self) -> None:
        teams = Units.of(["a", "b"], target=[1050, 1010])
        case = a_case([350] * 3 + [505] * 2, increment=100, units=teams, unit=[0, 0, 0, 1, 1])

        assert quotas(case) == [400, 350, 300, 510, 500]

    def test_an_odd_lock_does_not_make_a_colleague_odd_where_the_sum_is_free(self) -> None:
        teams = Units.of(["a", "b"])
        case = a_case(
            [133, 350, 350, 167, 500, 500],
            increment=100,
            units=teams,
            unit=[0, 0, 0, 1, 1, 1],
            fixed=[133, NOT_SET, NOT_SET, 167, NOT_SET, NOT_SET],
        )

        assert quotas(case) == [133, 400, 300, 167, 500, 500]

    def test_an_odd_maximum_is_no_reason_for_odd_quotas(self) -> None:
        teams = Units.of(["a", "b"], max=[1050, UNLIMITED])
        case = a_case([525, 525, 475, 475], increment=100, units=teams, unit=[0, 0, 1, 1])

        assert quotas(case) == [500, 500, 500, 500]

    def test_units_without_reps_carry_nothing(self) -> None:
        case = a_case([10, 20], units=Units.of(["empty"]))

        assert quotas(case) == [10, 20]

    def test_reps_on_inner_units_are_siblings_of_the_units_below(self) -> None:
        tree = Units.of(["region", "team"], parent=[COMPANY, 0], max=[31, 21])
        case = a_case([10.4, 10.3, 10.3, 9], units=tree, unit=[0, 1, 1, COMPANY])

        assert quotas(case) == [10, 11, 10, 9]


@pytest.mark.parametrize("increment", [1, 100, 10**9])
def test_amounts_beyond_the_precision_of_floats_still_add_up(increment: int) -> None:
    rng = np.random.default_rng(5)
    share = rng.lognormal(0, 1, 40)
    exact = share / share.sum() * (2**53 - 7)
    exact[0] += 2**53 - 7 - exact.sum()
    cap = np.floor(exact).astype(np.int64) + rng.integers(1, 3, 40)
    units = Units.of([f"u{row}" for row in range(8)])
    case = a_case(exact.tolist(), increment=increment, units=units, unit=np.arange(40) % 8, max=cap)

    rounded = case.rounded()

    assert rounded.sum() == case.bounds.total
    assert (rounded <= case.bounds.cap).all()
    assert (rounded >= 0).all()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any tree with unrounded quotas that keep all its limits, many of them tight or tied."""
    parent = [draw(st.integers(COMPANY, row - 1)) for row in range(draw(st.integers(0, 5)))]
    unit = draw(st.lists(st.integers(COMPANY, len(parent) - 1), min_size=1, max_size=9))
    fraction = draw(one_of(1, 2, 3, 7))
    amount = st.sampled_from([0, 1, 50, 250, 300]) | st.integers(0, 2000)
    # Whole quotas first; then fractions are swapped between neighbours inside the limits.
    exact = np.array([draw(amount) for _ in unit], dtype=np.float64)
    locked = np.array([draw(st.integers(0, 4)) == 0 for _ in unit])
    kept = [draw(st.integers(0, 2)) == 0 for _ in parent]
    for first, second in zip(range(len(unit)), range(1, len(unit)), strict=False):
        free = not (locked[first] or locked[second])
        if (
            free
            and exact[first] >= 1
            and _keepers(unit[first], parent, kept) == _keepers(unit[second], parent, kept)
        ):
            part = draw(st.integers(0, fraction - 1)) / fraction
            exact[first] -= part
            exact[second] += part
    slack = st.sampled_from([0, 0, 1, 40, 100, 5000])
    floor = [max(int(np.floor(value)) - draw(slack), 0) for value in exact]
    cap = [int(np.ceil(value)) + draw(slack) for value in exact]
    sums = [
        sum(value for value, home in zip(exact, unit, strict=True) if row in _above(home, parent))
        for row in range(len(parent))
    ]
    low = [
        max(int(np.floor(s + 1e-9)) - (0 if k else draw(slack)), 0)
        for s, k in zip(sums, kept, strict=True)
    ]
    high = [
        int(np.ceil(s - 1e-9)) + (0 if k else draw(slack)) for s, k in zip(sums, kept, strict=True)
    ]
    return a_case(
        exact.tolist(),
        increment=draw(one_of(1, 1, 7, 100, 1000)),
        units=Units.of([f"u{row}" for row in range(len(parent))], parent=parent, min=low, max=high),
        unit=unit,
        min=floor,
        max=cap,
        fixed=np.where(locked, exact, NOT_SET).astype(np.int64),
    )


def _above(unit: int, parent: Sequence[int]) -> list[int]:
    """The unit and those above it, the company left out."""
    chain = []
    while unit != COMPANY:
        chain.append(unit)
        unit = parent[unit]
    return chain


def _keepers(unit: int, parent: Sequence[int], kept: Sequence[bool]) -> list[int]:
    """Units above whose sum must not change."""
    return [row for row in _above(unit, parent) if kept[row]]


def windows(case: Case) -> tuple[IntArray, IntArray]:
    """Where the specification lets each quota end."""
    exact, limit = case.exact, case.bounds
    down = np.floor(exact / case.increment + 1e-6).astype(np.int64) * case.increment
    low = np.clip(down, limit.lowest, limit.highest)
    high = np.minimum(low + case.increment, limit.highest)
    for bound in (limit.highest, limit.lowest):
        held = np.abs(exact - bound) < 1e-7
        low, high = np.where(held, bound, low), np.where(held, bound, high)
    return low, high


@given(cases())
def test_every_sum_and_every_limit_is_kept(case: Case) -> None:
    rounded, limit, tree = case.rounded(), case.bounds, case.hierarchy
    sums = exact_sums(rounded, tree.first, tree.last)

    assert sums[0] == limit.total
    assert (limit.unit_min <= sums).all()
    assert (sums <= limit.unit_max).all()
    assert (limit.lowest <= rounded).all()
    assert (rounded <= limit.highest).all()


@given(cases())
def test_a_policy_without_rules_across_the_tree_rounds_as_the_tree_does(case: Case) -> None:
    reps = Reps.of([f"r{row:02}" for row in range(len(case.exact))])
    problem = Problem(case.bounds.total, reps, NOBODY, case.increment)
    no_rows = coupling_of(problem, Policy())

    quota = round_quotas(case.hierarchy, case.bounds, case.exact, case.increment, no_rows)

    assert quota.tobytes() == case.rounded().tobytes()


@given(cases())
def test_no_quota_leaves_its_increment(case: Case) -> None:
    low, high = windows(case)

    assert (low <= case.rounded()).all()
    assert (case.rounded() <= high).all()


@given(cases())
def test_equals_differ_by_one_increment_at_most_and_the_first_carry_it(case: Case) -> None:
    rounded = case.rounded()
    by_facts: dict[tuple[float, ...], list[int]] = {}
    for k, node in enumerate(case.hierarchy.rep_node):
        facts = (node, case.exact[k], case.bounds.lowest[k], case.bounds.highest[k])
        by_facts.setdefault(facts, []).append(int(rounded[k]))

    for equals in by_facts.values():
        assert equals == sorted(equals, reverse=True)
        assert equals[0] - equals[-1] <= case.increment


@given(cases())
def test_a_plan_that_is_already_round_stays_as_it_is(case: Case) -> None:
    whole = round_quotas(case.hierarchy, case.bounds, case.exact, 1)
    times = case.increment
    coarser = Bounds(
        floor=case.bounds.floor * times,
        cap=case.bounds.cap * times,
        fixed=np.where(case.bounds.fixed == NOT_SET, NOT_SET, case.bounds.fixed * times),
        unit_min=case.bounds.unit_min * times,
        unit_max=case.bounds.unit_max * times,
        unit_target=case.bounds.unit_target,
    )

    again = round_quotas(case.hierarchy, coarser, whole.astype(np.float64) * times, times)

    assert again.tolist() == (whole * times).tolist()


@given(cases())
def test_only_exact_sums_make_quotas_odd(case: Case) -> None:
    """With room for every rep, one odd quota for each exact sum is all that there is."""
    tree, increment = case.hierarchy, case.increment
    free = Bounds(
        floor=np.zeros_like(case.bounds.floor),
        cap=np.full_like(case.bounds.cap, UNLIMITED),
        fixed=case.bounds.fixed,
        unit_min=np.where(case.bounds.unit_min == case.bounds.unit_max, case.bounds.unit_min, 0),
        unit_max=np.where(
            case.bounds.unit_min == case.bounds.unit_max, case.bounds.unit_max, UNLIMITED
        ),
        unit_target=case.bounds.unit_target,
    )
    rounded = round_quotas(tree, free, case.exact, increment)
    odd = (rounded % increment != 0) & (free.fixed == NOT_SET)

    assert odd.sum() <= (free.unit_min == free.unit_max).sum()


@given(cases())
def test_a_free_unit_rounds_like_one_rep(case: Case) -> None:
    """Less than one increment away, where neither its own range nor its reps' limits say more."""
    tree, increment = case.hierarchy, case.increment
    n, m = len(tree.rep_node), tree.nodes
    total = np.array([case.bounds.total])
    free = Bounds(
        floor=np.zeros(n, dtype=np.int64),
        cap=np.full(n, UNLIMITED),
        fixed=np.full(n, NOT_SET),
        unit_min=np.append(total, np.zeros(m - 1, dtype=np.int64)),
        unit_max=np.append(total, np.full(m - 1, UNLIMITED)),
        unit_target=case.bounds.unit_target,
    )

    sums = exact_sums(round_quotas(tree, free, case.exact, increment), tree.first, tree.last)

    assert (np.abs(sums - slice_sums(case.exact, tree.first, tree.last)) < increment + 1e-6).all()
