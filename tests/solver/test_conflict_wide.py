"""Rows whose coefficients differ by up to twelve orders of magnitude: a conflict, or a plan."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.conflict import diagnose
from solver.errors import InfeasibleProblem
from solver.hierarchy import lay_out
from solver.infeasibility import Infeasibility
from solver.mending.asked import Asked, mended
from solver.policy import Group, LinearRow, Policy
from solver.problem import AMOUNT_LIMIT, UNLIMITED, Problem
from solver.solve import read, solve
from tests.solver.builders import a_problem, coupling_of, limits_of
from tests.solver.drawing import one_of, some_of


def diagnosed(problem: Problem, policy: Policy) -> Infeasibility | None:
    limits, rows = limits_of(problem, policy), coupling_of(problem, policy)
    return diagnose(problem, lay_out(problem), limits, rows)


def names(infeasibility: Infeasibility | None) -> set[str]:
    assert infeasibility is not None
    return {rule.name for rule in infeasibility.conflict}


THREE = (("ann", 1e-6), ("bob", 3.7), ("cyd", 1e6))
"""A row over twelve orders of magnitude."""


class TestThreePeople:
    """174,367 in all; ann and her group carry 116,244 of it at least."""

    PROBLEM = a_problem(174_367, ["ann", "bob", "cyd"])
    MOST = 58_123 * 10**6
    """What the row is at most, but for ann's tenth of a unit: cyd carries all that ann leaves."""

    def policy(self, **ends: int) -> Policy:
        group = Group("few", ("ann",), min=116_244)
        return Policy(groups=(group,), rows=(LinearRow("odd", THREE, **ends),))

    def test_cannot_keep_a_row_that_asks_for_more(self) -> None:
        infeasibility = diagnosed(self.PROBLEM, self.policy(min=2 * self.MOST))

        assert names(infeasibility) == {"row:odd:min", "group:few:min", "target"}
        assert infeasibility is not None
        assert infeasibility.sentence == (
            "Row odd must be at least 116,246,000,000, but with all other rules it can be at most "
            "58,123,000,000."
        )

    @pytest.mark.parametrize("more", [0, 1])
    def test_one_minor_unit_makes_the_difference(self, more: int) -> None:
        infeasibility = diagnosed(self.PROBLEM, self.policy(min=self.MOST + more))

        assert (infeasibility is not None) == bool(more)

    @pytest.mark.parametrize("on_infeasible", ["refuse", "gap"])
    def test_hear_of_the_conflict_whatever_they_asked_for(self, on_infeasible: Any) -> None:
        policy = replace(self.policy(max=0), on_infeasible=on_infeasible)
        nobody = replace(policy, groups=(Group("few", ("cyd",), min=1),))

        with pytest.raises(InfeasibleProblem) as error:
            solve(self.PROBLEM, nobody)

        assert {rule.name for rule in error.value.infeasibility.conflict} == {
            "row:odd:max", "group:few:min",
        }  # fmt: skip

    def test_get_a_plan_where_the_row_gives_way(self) -> None:
        plan = solve(self.PROBLEM, replace(self.policy(min=2 * self.MOST), on_infeasible="relax"))

        assert plan.checks.valid
        assert plan.quota.tolist() == [116_244, 30, 58_093]  # cyd's last units would leave no room


def test_rows_over_hundreds_of_people_have_a_plan() -> None:
    """Ten rows, each over 200 of 1,000 people who carry the same: three times that is too much for
    some of them, and a third too little.
    """
    random = Random(1)
    reps = {
        f"r{k:03}": {"baseline": random.uniform(5e5, 1e6), "reach": random.uniform(1e5, 5e5)}
        for k in range(1_000)
    }
    rows = []
    for k in range(10):
        some = random.sample([*reps], 200)
        terms = tuple((rep, float(f"{10 ** random.uniform(-6, 6):.6g}")) for rep in some)
        even = floor(exactly(terms, dict.fromkeys(some, 10**6)))
        ends = {"min": 3 * even} if random.random() < 0.5 else {"max": even // 3}
        rows.append(LinearRow(f"w{k}", terms, **ends))

    plan = solve(a_problem(10**9, reps), Policy(rows=tuple(rows)))

    assert plan.checks.valid


coefficients = st.builds(
    lambda power, digits, sign: sign * float(f"{10**power:.{digits}g}"),
    st.floats(-5.9, 5.9),
    st.sampled_from([2, 6, 12]),
    st.sampled_from([1.0, 1.0, -1.0]),
)
totals = st.sampled_from([100, 174_367, 10**6, 123_456_789, 10**9])


@st.composite
def companies(draw: st.DrawFn) -> tuple[Problem, dict[str, int]]:
    """People with caps and floors around a plan, on a few units; and the plan."""
    count, total = draw(st.integers(3, 12)), draw(totals)
    shares = draw(st.lists(st.integers(0, 99), min_size=count, max_size=count))
    plan = {f"r{k}": total * share // max(sum(shares), 1) for k, share in enumerate(shares)}
    plan["r0"] += total - sum(plan.values())
    room = st.sampled_from([0, 1, total // 10, total])
    units: dict[str, dict[str, Any]] = {"west": {}, "east": {}}
    reps: dict[str, dict[str, Any]] = {}
    for key, quota in plan.items():
        reps[key] = {"unit": draw(one_of(None, *units)), "reach": total / count}
        if draw(st.booleans()):
            reps[key]["max"] = quota + draw(room)
        if draw(st.booleans()):
            reps[key]["min"] = max(0, quota - draw(room))
    for key, unit in units.items():
        carried = sum(quota for rep, quota in plan.items() if reps[rep]["unit"] == key)
        if draw(st.booleans()):
            unit["max"] = carried + draw(room)
    return a_problem(total, reps, units), plan


def exactly(terms: tuple[tuple[str, float], ...], plan: dict[str, int]) -> Fraction:
    return sum((Fraction(repr(size)) * plan[rep] for rep, size in terms), Fraction())


@st.composite
def wide_rows(draw: st.DrawFn, plan: dict[str, int]) -> tuple[LinearRow, ...]:
    """Rows around a plan, and of numbers that can be stated."""
    rows = []
    for k in range(draw(st.integers(1, 3))):
        reps = draw(some_of(tuple(plan)))
        terms = tuple((rep, draw(coefficients)) for rep in reps)
        total, room = exactly(terms, plan), draw(one_of(0, 0, 1, 10**6))
        if abs(total) < AMOUNT_LIMIT // 2:
            least, most = floor(total) - room, ceil(total) + room
            ends = draw(st.sampled_from([(least, most), (least, None), (None, most)]))
            rows.append(LinearRow(f"w{k}", terms, *ends))
    return tuple(rows)


@given(companies(), st.data())
def test_rules_drawn_around_a_plan_can_hold(
    case: tuple[Problem, dict[str, int]], data: st.DataObject
) -> None:
    problem, plan = case

    assert diagnosed(problem, Policy(rows=data.draw(wide_rows(plan)))) is None


@given(companies(), st.data())
def test_one_unit_more_than_everybody_can_make_of_it_is_a_conflict(
    case: tuple[Problem, dict[str, int]], data: st.DataObject
) -> None:
    """The most of a row over people without units: who counts most carries what the cap allows."""
    problem, plan = case
    problem = replace(problem, units=a_problem(1, ["a"]).units, reps=without_units(problem))
    terms = tuple((rep, data.draw(coefficients)) for rep in plan)
    most = most_of(problem, terms)
    if abs(most) > AMOUNT_LIMIT // 2:
        return

    at_most = Policy(rows=(LinearRow("odd", terms, min=floor(most)),))
    beyond = Policy(rows=(LinearRow("odd", terms, min=floor(most) + 1),))

    assert diagnosed(problem, at_most) is None
    found = diagnosed(problem, beyond)
    assert "row:odd:min" in names(found)
    assert found is not None
    room = ceil(10 * len(terms) * max(abs(size) for _, size in terms))  # for a row that is wide
    assert floor(most) - room - 1 <= found.relaxation[0].after <= floor(most)


def without_units(problem: Problem) -> Any:
    return replace(problem.reps, unit=problem.reps.unit * 0 - 1)


def most_of(problem: Problem, terms: tuple[tuple[str, float], ...]) -> Fraction:
    reps, size = problem.reps, {rep: Fraction(repr(each)) for rep, each in terms}
    left = problem.target - int(reps.min.sum())
    most = sum(
        (size[rep] * int(low) for rep, low in zip(reps.ids, reps.min, strict=True)), Fraction()
    )
    for k in sorted(range(len(reps)), key=lambda k: -size[reps.ids[k]]):
        taken = min(left, int(reps.max[k] - reps.min[k]))
        most += size[reps.ids[k]] * taken
        left -= taken
    return most


@given(companies(), st.data())
def test_every_rule_of_a_conflict_is_needed_and_the_relaxation_mends_all(
    case: tuple[Problem, dict[str, int]], data: st.DataObject
) -> None:
    problem, plan = case
    rows = [
        replace(row, **{end: limit + push * (abs(limit) + 1)})
        for row in data.draw(wide_rows(plan))
        for end, push in (("min", 1), ("max", -1))
        if (limit := getattr(row, end)) is not None
    ]
    policy = Policy(rows=tuple(replace(row, id=f"{k}") for k, row in enumerate(rows)))
    asked = read(problem, policy)
    found = asked.diagnosed()
    if found is None:
        return

    after, changes, _ = mended(asked)

    assert changes == found.relaxation
    assert after.diagnosed() is None
    conflict = {rule.name for rule in found.conflict}
    assert only(asked, conflict).diagnosed() is not None
    if "target" in conflict:
        for rule in conflict - {"target"}:
            assert only(asked, conflict - {rule}).diagnosed() is None


def only(asked: Asked, names: set[str]) -> Asked:
    """These rules by themselves, and the target."""
    ids, units = asked.problem.reps.ids, asked.problem.units.ids
    floor_of, cap_of, most = (
        column.copy() for column in (asked.bounds.floor, asked.bounds.cap, asked.bounds.unit_max)
    )
    for k, row in enumerate(asked.hierarchy.rep_row.tolist()):
        floor_of[k] *= f"rep:{ids[row]}:floor" in names
        cap_of[k] = cap_of[k] if f"rep:{ids[row]}:cap" in names else UNLIMITED
    for node, row in enumerate(asked.hierarchy.unit_row.tolist()):
        if node and f"unit:{units[row]}:max" not in names:
            most[node] = UNLIMITED
    rows = [
        replace(
            row,
            min=row.min if f"row:{row.id}:min" in names else None,
            max=row.max if f"row:{row.id}:max" in names else None,
        )
        for row in asked.policy.rows
        if names & {f"row:{row.id}:min", f"row:{row.id}:max"}
    ]
    bounds = replace(asked.bounds, floor=floor_of, cap=cap_of, unit_max=most)
    return replace(asked, bounds=bounds, policy=Policy(rows=tuple(rows)))
