"""What holds somebody away from the common stretch is named, the nearest rule first."""

from __future__ import annotations

from typing import Any

import pytest

from solver.problem import Policy
from solver.solve import solve
from tests.solver.builders import a_problem


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
