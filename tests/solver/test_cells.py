"""Reps whom no limited sum tells apart are one cell, and sums over cells are sums over reps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.bounds import bounds
from solver.coupled.cells import Cells, cells
from solver.hierarchy import lay_out, slice_sums
from solver.policy import Group, LinearRow, Policy
from solver.problem import UNLIMITED, Problem
from tests.solver.builders import a_problem, coupling_of, problems


def cells_of(problem: Problem, policy: Policy | None = None) -> Cells:
    policy = policy or Policy()
    hierarchy = lay_out(problem)
    coupling = coupling_of(problem, policy) if policy.crosses_the_tree else None
    return cells(hierarchy, bounds(problem, policy, hierarchy), coupling)


def names(problem: Problem, found: Cells) -> list[set[str]]:
    place = lay_out(problem).rep_row
    return [
        {problem.reps.ids[place[k]] for k in np.flatnonzero(found.of_rep == c)}
        for c in range(len(found))
    ]


TEAMS: Mapping[str, Any] = {
    "ann": {"unit": "east"},
    "bob": {"unit": "east"},
    "cyd": {"unit": "west"},
    "dan": {"unit": "west"},
    "eve": {},
}


def a_company(**units: Mapping[str, Any]) -> Problem:
    return a_problem(50_000, TEAMS, {"east": {}, "west": {}, **units})


def test_a_company_without_other_limits_is_one_cell() -> None:
    problem = a_company()

    assert names(problem, cells_of(problem)) == [{"ann", "bob", "cyd", "dan", "eve"}]


def test_the_reps_of_a_unit_with_a_limit_are_a_cell_of_their_own() -> None:
    problem = a_company(east={"min": 1})

    found = cells_of(problem)

    assert names(problem, found) == [{"cyd", "dan", "eve"}, {"ann", "bob"}]
    assert found.node.tolist() == [0, 1]
    assert (found.first[1], found.last[1]) == (1, 2)


def test_a_sub_unit_without_a_limit_is_no_cell_of_its_own() -> None:
    units = {"east": {"max": 20_000}, "far": {"parent": "east"}}
    problem = a_problem(50_000, {**TEAMS, "fay": {"unit": "far"}}, {"west": {}, **units})

    assert {"ann", "bob", "fay"} in names(problem, cells_of(problem))


def test_a_group_splits_every_unit_that_it_reaches_into() -> None:
    problem = a_company(east={"min": 1})
    overlay = Policy(groups=(Group("overlay", ("bob", "dan"), max=30_000),))

    found = cells_of(problem, overlay)

    assert names(problem, found) == [{"cyd", "eve"}, {"dan"}, {"ann"}, {"bob"}]
    assert found.cell.tolist() == [1, 3]


def test_other_coefficients_are_other_cells() -> None:
    problem = a_company()
    mix = LinearRow("mix", (("ann", 2.0), ("bob", 2.0), ("cyd", 3.0)), max=0)

    assert names(problem, cells_of(problem, Policy(rows=(mix,)))) == [
        {"dan", "eve"},  # the company's own reps stand first, and dan is like eve here
        {"ann", "bob"},
        {"cyd"},
    ]


def test_a_cell_carries_from_its_floors_to_its_caps_together() -> None:
    reps = {"ann": {"min": 3, "max": 10}, "bob": {"min": 4, "max": 20}}

    found = cells_of(a_problem(20, reps))

    assert (found.low.tolist(), found.high.tolist(), found.count.tolist()) == ([7], [30], [2])


def test_a_cell_with_somebody_without_a_cap_has_none() -> None:
    found = cells_of(a_problem(20, {key: {} for key in "abcdefghi"}))

    assert found.high.tolist() == [UNLIMITED]


@st.composite
def coupled(draw: st.DrawFn) -> tuple[Problem, Policy]:
    problem = draw(problems())
    sizes = st.sampled_from([0.0, 0.5, 1.0, 1.0, -2.0])
    rows = []
    for number in range(draw(st.integers(0, 3))):
        terms = tuple((rep, draw(sizes)) for rep in problem.reps.ids)
        if any(size for _, size in terms):
            rows.append(LinearRow(str(number), terms, min=0))
    return problem, Policy(rows=tuple(rows))


@given(coupled())
def test_every_sum_that_a_limit_is_about_is_a_sum_over_cells(case: tuple[Problem, Policy]) -> None:
    problem, policy = case
    hierarchy = lay_out(problem)
    found = cells_of(problem, policy)
    quota = np.random.default_rng(7).integers(0, 1_000, len(problem.reps)).astype(np.float64)

    carried = found.sums(quota)

    node = found.limited
    at_nodes = slice_sums(quota, hierarchy.first, hierarchy.last)
    assert np.array_equal(found.node_sums(carried)[node], at_nodes[node])
    if policy.crosses_the_tree:
        coupling = coupling_of(problem, policy)
        assert np.allclose(found.row_sums(carried), coupling.sums(quota), rtol=1e-12, atol=0)


@given(coupled())
def test_reps_share_a_cell_just_when_no_limited_sum_tells_them_apart(
    case: tuple[Problem, Policy],
) -> None:
    problem, policy = case
    hierarchy = lay_out(problem)
    found = cells_of(problem, policy)

    def seen(k: int) -> tuple[object, ...]:
        near = next(v for v in hierarchy.ancestors(int(hierarchy.rep_node[k])) if found.limited[v])
        key = problem.reps.ids[hierarchy.rep_row[k]]
        return (near, *(dict(row.coefficients)[key] for row in policy.rows))

    patterns = [seen(k) for k in range(len(problem.reps))]
    for k, pattern in enumerate(patterns):
        assert [pattern == other for other in patterns] == (
            found.of_rep == found.of_rep[k]
        ).tolist()
