"""What holds somebody away from the common stretch is named, the nearest rule first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from solver.allocation import Allocation
from solver.fairness import SCALES
from solver.policy import MarginFloor, Policy
from solver.problem import NOT_SET, UNLIMITED, Problem
from solver.solve import solve
from tests.solver.builders import TREE_POLICIES, a_problem, problems, rows


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        ({}, ()),
        ({"max": 10_500}, ("cap",)),
        ({"min": 12_000}, ("floor",)),
        ({"fixed": 10_100}, ("fixed",)),
        ({"fixed": 12_100}, ("fixed",)),
        ({"min": 9_000, "max": 20_000}, ()),
        ({"max": 11_000}, ()),  # reached by the common stretch: it touches and does not hold
    ],
)
def test_the_own_limit_is_named_where_it_holds(limits: Any, names: tuple[str, ...]) -> None:
    target = 44_000 if limits.get("max") == 11_000 else 44_100
    reps = {"ada": limits, "bob": {}, "cyn": {}, "dan": {}}

    assert solve(a_problem(target, reps), Policy()).binding[0] == names


def test_ranges_of_units_are_named_from_the_nearest_to_the_farthest() -> None:
    units = {"west": {"max": 21_000}, "team": {"parent": "west", "max": 10_200}}
    reps = {"ada": {"unit": "team"}, "bob": {"unit": "west"}, "cyn": {}}

    plan = solve(a_problem(33_000, reps, units), Policy())

    assert plan.binding == [("unit:team:max", "unit:west:max"), ("unit:west:max",), ()]
    assert plan.unit_binding == [("unit:west:max",), ("unit:team:max", "unit:west:max")]


def test_a_minimum_lifts_and_a_target_is_called_a_target() -> None:
    units = {"west": {"min": 13_000}, "east": {"target": 10_100}}
    reps = {"ada": {"unit": "west"}, "bob": {"unit": "east"}, "cyn": {}}

    plan = solve(a_problem(34_000, reps, units), Policy())

    assert plan.binding == [("unit:west:min",), ("unit:east:target",), ()]


def test_the_own_cap_is_named_before_a_rule_that_pushes_everybody_up() -> None:
    """Only by pushing all but dan up are 2,000.00 of margin brought; ann stops at her 1,000.00."""
    margins = {"ann": 0.3, "bob": 0.3, "cyd": 0.3, "dan": 0.2, "eve": 0.4, "fay": 0.3}
    reps: dict[str, dict[str, Any]] = {
        key: {"baseline": 100_000.0, "reach": 100_000.0, "margin": margin}
        for key, margin in margins.items()
    }
    reps["ann"]["max"] = 100_000

    plan = solve(
        a_problem(660_000, reps), Policy(margin_floors=(MarginFloor("year", min=200_000),))
    )

    assert plan.quota.tolist() == [100_000, 116_000, 116_000, 96_000, 116_000, 116_000]
    assert plan.binding == [("cap", "margin:year:min"), *[("margin:year:min",)] * 5]


def test_a_cap_inside_a_stopped_unit_is_named_before_the_unit() -> None:
    units = {"west": {"max": 21_000}}
    reps = {"ada": {"unit": "west", "max": 10_100}, "bob": {"unit": "west"}, "cyn": {}}

    plan = solve(a_problem(34_000, reps, units), Policy())

    assert plan.binding[0] == ("cap", "unit:west:max")


def test_where_everybody_is_held_the_highest_level_is_the_common_one() -> None:
    reps = {"ada": {"max": 10_500}, "bob": {"max": 11_000}}

    plan = solve(a_problem(21_500, reps), Policy())

    assert plan.common_stretch == pytest.approx(0.1)
    assert plan.binding == [("cap",), ()]


def test_a_lock_is_named_also_where_the_unit_is_lifted_beyond_it() -> None:
    """West stands at a stretch of .6 for its minimum; the common one is 0, ada is locked at .3."""
    reps = {"ada": {"unit": "west", "fixed": 13_000}, "bob": {"unit": "west"}, "cyn": {}}

    plan = solve(a_problem(39_000, reps, {"west": {"min": 29_000}}), Policy())

    assert plan.binding == [("fixed", "unit:west:min"), ("unit:west:min",), ()]


def test_a_target_is_named_also_where_the_unit_above_is_lifted_beyond_it() -> None:
    units = {"west": {"min": 29_000}, "team": {"parent": "west", "target": 13_000}}
    reps = {"ada": {"unit": "team"}, "bob": {"unit": "west"}, "cyn": {}}

    plan = solve(a_problem(39_000, reps, units), Policy())

    assert plan.binding[0] == ("unit:team:target", "unit:west:min")
    assert plan.unit_binding[1] == ("unit:team:target", "unit:west:min")


@given(problems(max_reps=6), st.sampled_from(TREE_POLICIES))
def test_rules_that_are_named_hold_and_no_others_do(problem: Problem, policy: Policy) -> None:
    """Without the named ones the rep moves; without those that hold nobody back, nobody does."""
    assume(SCALES[policy.fairness](problem.reps).yardstick.min() > 0)
    reps, units = with_room_in_every_unit(problem)
    plan = solve(a_problem(problem.target, reps, units), policy)
    assume(_nobody_is_held_nearer_than_the_own_unit(plan))
    noise = 1e-9 * max(problem.target, 1)
    named = {rule for row in _full_names(plan) for rule in row} | {
        rule for row in plan.unit_binding for rule in row
    }

    reps, units = without(_all_rules(reps, units) - named, reps, units)
    free = solve(a_problem(problem.target, reps, units), policy)

    assert free.unrounded == pytest.approx(plan.unrounded, abs=noise)
    assume(_somebody_is_free(plan))
    for row, names in enumerate(_full_names(plan)):
        side = np.sign(plan.stretch[row] - plan.common_stretch)
        if not names or plan.unrounded[row] <= noise:  # nobody goes below zero
            continue
        after = solve(a_problem(problem.target, *without(set(names), reps, units)), policy)
        towards = side * (plan.unrounded[row] - after.unrounded[row])
        still_there = side * (after.stretch[row] - after.common_stretch)
        assert towards > noise or still_there <= 1e-9 * max(1.0, abs(after.common_stretch))


type Rows = dict[str, dict[str, Any]]


def with_room_in_every_unit(problem: Problem) -> tuple[Rows, Rows]:
    """No unit has one possible sum only, which rules of the reps below might force as well."""
    reps, units = rows(problem)
    for row in units.values():
        row["target"] = NOT_SET
        row["min"] = max(0, row["min"] - 1)
        row["max"] += row["max"] < UNLIMITED
    return reps, units


def without(names: set[str], reps: Rows, units: Rows) -> tuple[Rows, Rows]:
    """The same rows but for these rules."""
    tables = {
        "rep": {k: {**v} for k, v in reps.items()},
        "unit": {k: {**v} for k, v in units.items()},
    }
    for name in names:
        table, key, kind = name.split(":")
        column, value = _RULES[kind]
        tables[table][key][column] = value
    return tables["rep"], tables["unit"]


_RULES = {
    "fixed": ("fixed", NOT_SET), "floor": ("min", 0), "cap": ("max", UNLIMITED),
    "min": ("min", 0), "max": ("max", UNLIMITED),
}  # fmt: skip


def _all_rules(reps: Rows, units: Rows) -> set[str]:
    of_reps = {f"rep:{key}:{kind}" for key in reps for kind in ("fixed", "floor", "cap")}
    return of_reps | {f"unit:{key}:{kind}" for key in units for kind in ("min", "max")}


def _full_names(plan: Allocation) -> list[list[str]]:
    return [
        [rule if ":" in rule else f"rep:{key}:{rule}" for rule in names]
        for key, names in zip(plan.problem.reps.ids, plan.binding, strict=True)
    ]


def _nobody_is_held_nearer_than_the_own_unit(plan: Allocation) -> bool:
    """Or a rule would hold somebody in the unit, though not away from the common stretch."""
    level, node = plan.levels.level, plan.hierarchy.rep_node
    row = plan.hierarchy.rep_row
    apart = np.abs(level - level[0])
    nearer = apart[plan.hierarchy.parent[1:]] > apart[1:] + 1e-9
    stretch = np.abs(plan.stretch[row] - level[0])
    return not nearer.any() and bool(np.all(stretch >= apart[node] - 1e-9))


def _somebody_is_free(plan: Allocation) -> bool:
    """Otherwise the sum leaves nobody a choice, whatever rule is dropped."""
    inside = (plan.floor + 1e-6 < plan.unrounded) & (plan.unrounded < plan.cap - 1e-6)
    common = np.abs(plan.stretch - plan.common_stretch) <= 1e-9 * max(1, abs(plan.common_stretch))
    return bool(np.any(inside & common))
