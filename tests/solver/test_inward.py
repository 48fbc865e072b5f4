"""A plan a little inside its rules has the room that was asked for, and stays near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import SolveStopped
from solver.hierarchy import slice_sums
from solver.policy import Group, LinearRow
from solver.rounding.chains import Effort
from solver.rounding.inward import Corner
from solver.watch import Watch
from tests.solver.to_round import Case, a_case, cases

_NEAR = 2e-3


def corner_of(case: Case) -> Corner:
    return Corner.of(case.hierarchy, case.bounds, case.coupling, case.exact)


def plenty() -> Effort:
    return Effort(1e8, Watch())


def test_reps_at_the_maximum_of_their_group_hand_to_the_others_alike() -> None:
    """a and b make room of 2 between them; c and d take it."""
    quotas = {"a": 10.25, "b": 9.75, "c": 30.5, "d": 29.5}
    case = a_case(quotas, groups=(Group("ab", ("a", "b"), max=20),))
    corner = corner_of(case)

    inside = corner.inside(2.0, corner.part, plenty())

    assert inside is not None
    moved = inside - corner.part
    assert moved[0] == pytest.approx(moved[1])
    assert moved[2] == pytest.approx(moved[3])
    assert moved.sum() == pytest.approx(0, abs=_NEAR)
    assert -4 <= moved[0] + moved[1] <= -2 + _NEAR


def test_rules_that_ask_for_one_sum_leave_no_room_and_are_met() -> None:
    quotas = {"a": 10.25, "b": 9.75, "c": 30.0}
    case = a_case(quotas, groups=(Group("ab", ("a", "b"), min=20, max=20),))
    corner = corner_of(case)

    assert corner.inside(2.0, corner.part, plenty()) is not None


def test_nothing_is_found_where_there_is_no_room_between_two_rules() -> None:
    """a and b carry at most 20, and c at most 30: of 50."""
    quotas = {"a": 10.25, "b": 9.75, "c": 30.0}
    groups = (Group("ab", ("a", "b"), max=20), Group("c", ("c",), max=30))
    corner = corner_of(a_case(quotas, groups=groups))

    assert corner.inside(2.0, corner.part, plenty()) is None


def test_whoever_waits_may_hang_up() -> None:
    row = LinearRow("row", (("a", 2.0), ("b", 1.0)), max=40)
    corner = corner_of(a_case({"a": 10.0, "b": 20.0, "c": 5.0}, rows=(row,)))

    with pytest.raises(SolveStopped):
        corner.inside(1.0, corner.part, Effort(1e8, Watch(stopped=lambda: True)))


@given(cases(disjoint=False), st.sampled_from([0.5, 2.0, 8.0]))
def test_every_rule_has_the_room_and_every_limit_is_kept(case: Case, room: float) -> None:
    corner, limit, tree = corner_of(case), case.bounds, case.hierarchy
    inside = corner.inside(room, corner.part, Effort(1e6, Watch()))
    if inside is None:
        return
    rows = corner.rows
    sums = np.bincount(rows.row, rows.coefficient * inside[rows.rep], len(rows))
    half = np.minimum(room, (rows.high - rows.low) / 2)
    assert np.all((rows.low + half - _NEAR <= sums) & (sums <= rows.high - half + _NEAR))
    quota = corner.origin + inside
    assert np.all((limit.lowest <= quota) & (quota <= limit.highest))
    sums = slice_sums(quota, tree.first, tree.last)
    assert np.all((limit.unit_min - _NEAR <= sums) & (sums <= limit.unit_max + _NEAR))
