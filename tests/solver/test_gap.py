"""What nobody can carry becomes a gap, booked where the shortage arises; people's limits stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from scipy.optimize import Bounds as Box
from scipy.optimize import LinearConstraint, milp

from solver.bounds import Bounds
from solver.conflict import diagnose
from solver.conflict.tree import torn_reps
from solver.coupled.coupling import Coupling
from solver.hierarchy import exact_sums, lay_out
from solver.mending.gap import gaps
from solver.policy import Group, LinearRow, Parity, Policy
from solver.problem import IntArray, Problem
from tests.solver.builders import a_problem, coupled_problems, coupling_of, limits_of
from tests.solver.tight import tight_cases


def booked(problem: Problem, policy: Policy | None = None) -> tuple[Bounds, dict[str, int]]:
    """The limits that are left, and the gaps by unit."""
    policy = policy or Policy()
    limits, gap = gaps(lay_out(problem), limits_of(problem, policy), coupling_of(problem, policy))
    ids = [*problem.units.ids, "company"]
    rows = lay_out(problem).unit_row.tolist()
    return limits, {
        ids[row]: amount for row, amount in zip(rows, gap.tolist(), strict=True) if amount
    }


class TestAGap:
    def test_is_the_companys_where_no_unit_asks_for_it(self) -> None:
        limits, gap = booked(a_problem(100, {"ann": {"max": 30}, "bob": {"max": 50}}))

        assert gap == {"company": 20}
        assert limits.total == 80

    def test_is_booked_on_the_unit_whose_reps_cannot_carry_its_minimum(self) -> None:
        reps = {"ann": {"unit": "team", "max": 30}, "bob": {"unit": "area", "max": 50}, "cyd": {}}
        units = {"area": {"target": 100}, "team": {"parent": "area", "min": 40}}

        limits, gap = booked(a_problem(500, reps, units))

        assert gap == {"team": 10, "area": 10}
        assert limits.total == 480  # cyd carries 400, as without any gap
        assert limits.unit_min.tolist() == [480, 80, 30]
        assert limits.unit_max[1] == 80

    def test_is_booked_on_a_unit_without_reps(self) -> None:
        _, gap = booked(a_problem(100, {"ann": {}}, {"empty": {"min": 5}}))

        assert gap == {"empty": 5}

    def test_leaves_locks_and_floors_alone(self) -> None:
        limits, gap = booked(a_problem(100, {"ann": {"fixed": 30}, "bob": {"min": 40, "max": 50}}))

        assert gap == {"company": 20}
        assert (limits.lowest.tolist(), limits.highest.tolist()) == ([30, 40], [30, 50])

    def test_is_nothing_where_everything_can_hold(self) -> None:
        limits, gap = booked(a_problem(100, ["ann"], {"west": {"max": 70}}))

        assert (limits.total, gap) == (100, {})

    @pytest.mark.parametrize(
        ("target", "reps", "units"),
        [
            (100, {"ann": {"min": 120}}, {}),  # a floor above the target
            (100, {"ann": {"min": 30, "max": 20}}, {}),
            (100, {"ann": {"unit": "west"}}, {"west": {"min": 80, "max": 60}}),
            (100, {"ann": {}}, {"west": {"min": 120}}),
        ],
    )
    def test_mends_no_limits_that_ask_for_too_little(
        self, target: int, reps: dict[str, dict[str, int]], units: dict[str, dict[str, int]]
    ) -> None:
        limits, gap = booked(a_problem(target, reps, units))

        assert (limits.total, gap) == (target, {})

    def test_is_what_a_group_may_not_carry(self) -> None:
        policy = Policy(groups=(Group("overlay", ("ann", "bob"), max=60),))

        limits, gap = booked(a_problem(100, {"ann": {}, "bob": {}, "cyd": {"max": 30}}), policy)

        assert gap == {"company": 10}
        assert limits.total == 90

    def test_stands_on_the_unit_only_as_far_as_it_must(self) -> None:
        """ann may carry 60 of the 80 that west asks for; bob carries the rest of 100."""
        reps = {"ann": {"unit": "west"}, "bob": {}}
        policy = Policy(groups=(Group("few", ("ann",), max=60),))

        _, gap = booked(a_problem(100, reps, {"west": {"min": 80}}), policy)

        assert gap == {"west": 20}

    def test_does_not_mend_what_a_group_must_carry(self) -> None:
        policy = Policy(groups=(Group("few", ("ann",), min=50),))

        limits, gap = booked(a_problem(100, {"ann": {"max": 40}, "bob": {"max": 10}}), policy)

        assert (limits.total, gap) == (100, {})

    def test_lets_peers_stay_around_what_people_carry(self) -> None:
        """The peers of ann may carry 40, so those of cyd, who expect as much, carry 40 too."""
        reps = {"ann": {"max": 20}, "bob": {"max": 20}, "cyd": {}, "dan": {}}
        problem = replace(a_problem(100, reps), cohorts={"role": ("x", "x", "y", "y")})
        policy = Policy(fairness="equal_growth", parity=(Parity("role", 0.0),))

        limits, gap = booked(problem, policy)

        assert gap == {"company": 20}
        assert limits.total == 80

    def test_is_whole_where_rows_would_split_a_minor_unit(self) -> None:
        policy = Policy(rows=(LinearRow("odd", (("ann", 2.0), ("bob", 2.0)), max=25),))

        _, gap = booked(a_problem(20, ["ann", "bob"]), policy)

        assert gap == {"company": 8}  # 12.5 could be carried


def test_limits_whose_sum_no_integer_holds_leave_no_gap() -> None:
    reps = {f"r{k}": {"max": 2**53 - 1} for k in range(2000)}

    _, gap = booked(a_problem(2**53 - 1, reps))

    assert gap == {}


@given(coupled_problems())
def test_rules_that_can_hold_leave_no_gap(case: tuple[Problem, Policy]) -> None:
    _, gap = booked(*case)

    assert gap == {}


@given(tight_cases())
def test_gaps_are_the_least_that_mend_everything_or_none(case: tuple[Problem, Policy]) -> None:
    problem, policy = case
    hierarchy, before = lay_out(problem), limits_of(problem, policy)
    rows = coupling_of(problem, replace(policy, parity=()))
    rows = replace(rows, min=np.minimum(rows.min, rows.max))

    limits, gap = gaps(hierarchy, before, rows)

    least = least_gap(problem, before, rows)
    if least is None:
        assert not gap.any()
    else:
        assert gap.sum() == least
        assert diagnose(problem, hierarchy, limits, rows.at(limits.total)) is None
        below = exact_sums_below(problem, gap)
        assert limits.unit_min.tolist() == np.maximum(before.unit_min - below, 0).tolist()


@given(tight_cases())
def test_a_parity_can_hold_beside_its_gaps(case: tuple[Problem, Policy]) -> None:
    problem, policy = case
    hierarchy, rows = lay_out(problem), coupling_of(problem, policy)

    limits, gap = gaps(hierarchy, limits_of(problem, policy), rows)

    if gap.any():
        assert diagnose(problem, hierarchy, limits, rows.at(limits.total)) is None


def exact_sums_below(problem: Problem, gap: IntArray) -> IntArray:
    hierarchy = lay_out(problem)
    size = [
        sum(node in hierarchy.ancestors(other) for other in range(hierarchy.nodes))
        for node in range(hierarchy.nodes)
    ]
    nodes = np.arange(hierarchy.nodes)
    return exact_sums(gap, nodes, nodes + np.array(size))


def least_gap(problem: Problem, limits: Bounds, rows: Coupling) -> int | None:
    """The same by an integer programme over reps, with a gap at each node that asks."""
    hierarchy = lay_out(problem)
    n, nodes = len(problem.reps), hierarchy.nodes
    upper: list[tuple[np.ndarray, float]] = []

    def between(weights: np.ndarray, low: float, high: float) -> None:
        upper.extend(((weights, high), (-weights, -low)))

    for node in range(nodes):
        weights = np.zeros(n + nodes)
        weights[hierarchy.first[node] : hierarchy.last[node]] = 1.0
        weights[[n + w for w in range(nodes) if node in hierarchy.ancestors(w)]] = 1.0
        between(weights, limits.unit_min[node], limits.unit_max[node])
    for k in range(len(rows)):
        weights = np.zeros(n + nodes)
        entries = slice(rows.start[k], rows.start[k + 1])
        weights[rows.rep[entries]] = rows.coefficient[entries]
        between(weights, rows.min[k], rows.max[k])
    box = [*zip(limits.lowest, limits.highest, strict=True)]
    if torn_reps(limits).any():
        return None
    box += [(0, 1e6 if least > 0 else 0) for least in limits.unit_min]
    cost = np.append(np.zeros(n), np.ones(nodes))
    matrix, limit = zip(*upper, strict=True)
    answer = milp(
        cost,
        constraints=LinearConstraint(np.array(matrix), ub=np.clip(limit, -1e6, 1e6)),
        integrality=cost.astype(np.int64),
        bounds=Box(*np.array(box).T),
    )
    return None if answer.fun is None else round(answer.fun)
