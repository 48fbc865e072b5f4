"""Rules across the organisation become rows whose limits can be checked to the last minor unit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from solver.bounds import bounds
from solver.coupled.coupling import Coupling, around, couple
from solver.errors import InvalidProblem
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy
from solver.problem import UNLIMITED, Problem
from tests.solver.builders import a_problem


def coupled(problem: Problem, policy: Policy) -> Coupling:
    hierarchy = lay_out(problem)
    limits = bounds(problem, policy, hierarchy)
    return couple(problem, policy, hierarchy, limits, SCALES[policy.fairness](problem.reps))


def faults(problem: Problem, policy: Policy) -> list[str]:
    with pytest.raises(InvalidProblem) as refused:
        coupled(problem, policy)
    return [str(fault) for fault in refused.value.faults]


FOUR = {
    "ann": {"baseline": 100.0, "reach": 10.0, "margin": 0.5},
    "bob": {"baseline": 100.0, "reach": 30.0, "margin": 0.25},
    "cyd": {"baseline": 200.0, "reach": 10.0, "margin": 0.0},
    "dan": {"baseline": 200.0, "reach": 10.0, "margin": -0.125},
}


def test_a_group_is_a_row_of_ones_over_its_reps() -> None:
    policy = Policy(groups=(Group("overlay", ("dan", "ann"), max=300),))

    rows = coupled(a_problem(600, FOUR), policy)

    assert rows.name == ("group:overlay",)
    assert (rows.rep.tolist(), rows.coefficient.tolist()) == ([0, 3], [1.0, 1.0])
    assert (rows.min.tolist(), rows.max.tolist()) == ([0], [300])


def test_peers_stand_around_what_they_would_carry_at_one_stretch_for_all() -> None:
    """60 more over a reach of 60 is one reach each: 110 + 130 for one role, 420 for the other."""
    cohorts = {"role": ("AE", "AE", "AM", "AM")}
    problem = replace(a_problem(660, FOUR), cohorts=cohorts)

    rows = coupled(problem, Policy(parity=(Parity("role", 0.1),)))

    assert rows.peers == ("AE", "AM")
    assert rows.min.tolist() == [216, 378]
    assert rows.max.tolist() == [264, 462]


def test_a_margin_floor_weighs_quotas_by_margins_and_leaves_out_who_has_none() -> None:
    policy = Policy(margin_floors=(MarginFloor("gross", 70),))

    rows = coupled(a_problem(600, FOUR), policy)

    assert (rows.rep.tolist(), rows.coefficient.tolist()) == ([0, 1, 3], [0.5, 0.25, -0.125])
    assert (rows.min.tolist(), rows.max.tolist()) == ([70], [UNLIMITED])


def test_a_sum_is_checked_exactly_where_floats_would_lose_a_cent() -> None:
    row = LinearRow("mix", (("ann", 0.1), ("bob", 0.2)), min=30_000_000_000_000, max=None)
    rows = coupled(a_problem(600, FOUR), Policy(rows=(row,)))
    met = np.array([100_000_000_000_000, 100_000_000_000_000, 0, 0])

    assert rows.misses(met) == (Decimal(0),)
    assert rows.misses(met - np.array([1, 0, 0, 0])) == (Decimal("-0.1"),)


def test_a_row_that_whole_cents_cannot_meet_may_miss_it_by_half_its_largest_coefficient() -> None:
    row = LinearRow("third", (("ann", 0.3), ("bob", -0.7)), min=10, max=10)
    rows = coupled(a_problem(600, FOUR), Policy(rows=(row,)))

    assert rows.misses(np.array([101, 29, 0, 0])) == (Decimal(0),)  # 10.0
    assert rows.misses(np.array([102, 29, 0, 0])) == (Decimal(0),)  # 10.3
    assert rows.misses(np.array([103, 29, 0, 0])) == (Decimal("0.6"),)


def test_rows_are_ordered_by_name_and_not_as_they_were_listed() -> None:
    groups = Group("b", ("ann",), max=1), Group("a", ("bob",), max=1)

    rows = coupled(a_problem(600, FOUR), Policy(groups=groups))

    assert rows.name == ("group:a", "group:b")
    assert rows.rep.tolist() == [1, 0]


def test_a_rule_about_somebody_who_is_not_there_is_refused() -> None:
    policy = Policy(
        groups=(Group("overlay", ("ann", "eve"), max=1),),
        rows=(LinearRow("own", (("fay", 2.0), ("ann", 1.0)), min=1),),
        margin_floors=(MarginFloor("north", 1, unit="north"),),
    )

    assert faults(a_problem(600, FOUR), policy) == [
        "groups[0].reps: 'eve' is the id of no rep",
        "margin_floors[0].unit: 'north' is the id of no unit",
        "rows[0].coefficients: 'fay' is the id of no rep",
    ]


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        ((None,) * 4, "no rep belongs to a cohort 'role'"),
        (("AE", "AE", None, None), "every rep who has a 'role' has the same one, 'AE'"),
        (("AE", "AE", "AM", None), "'cyd' is the only rep whose 'role' is 'AM'"),
    ],
)
def test_a_parity_needs_two_peer_groups_of_two(roles: tuple[str | None, ...], reason: str) -> None:
    problem = replace(a_problem(600, FOUR), cohorts={"role": roles})

    (found,) = faults(problem, Policy(parity=(Parity("role", 0.1),)))

    assert reason in found


def test_a_margin_floor_needs_the_margins_of_its_unit() -> None:
    policy = Policy(margin_floors=(MarginFloor("gross", 1),))

    assert faults(a_problem(600, ["ann"]), policy) == [
        "reps[0].margin: is unknown, and the margin floor 'gross' needs it"
    ]


def test_every_fault_of_the_rules_themselves_is_named_at_once() -> None:
    with pytest.raises(InvalidProblem) as refused:
        Policy(
            engine="tree",
            groups=(Group("g", ()), Group("g", ("a", "a"), min=-1)),
            parity=(Parity("role", float("nan")),),
            margin_floors=(MarginFloor("m", -1),),
            rows=(LinearRow("r", (("a", 1e9), ("b", 0.0))), LinearRow("s", (), min=2**60)),
        )

    assert [str(fault).split(":")[0] for fault in refused.value.faults] == [
        "engine", "groups[1].id", "groups[0].reps", "groups[0].min", "groups[1].reps",
        "groups[1].min", "parity[0].tolerance", "margin_floors[0].min", "rows[0].coefficients",
        "rows[0].min", "rows[1].coefficients", "rows[1].min",
    ]  # fmt: skip


def test_what_is_even_moves_with_the_amount_to_assign() -> None:
    problem = replace(a_problem(660, FOUR), cohorts={"role": ("AE", "AE", "AM", "AM")})
    policy = Policy(parity=(Parity("role", 0.1),), groups=(Group("overlay", ("ann",), max=5),))

    moved = coupled(problem, policy).at(720)

    again = coupled(replace(problem, target=720), policy)
    assert (moved.min.tolist(), moved.max.tolist()) == (again.min.tolist(), again.max.tolist())
    assert moved.max.tolist() == [5, 308, 484]  # 280 and 440, a tenth more; the group stays


@pytest.mark.parametrize(
    ("share", "tolerance", "limits"),
    [
        (300.0, 0.1, (270, 330)),
        (1e5, 1e308, (0, UNLIMITED)),
        (float("inf"), 0.0, (UNLIMITED, UNLIMITED)),
        (float("inf"), 1.0, (0, UNLIMITED)),
    ],
)
def test_limits_around_an_even_share_are_amounts_however_wide(
    share: float, tolerance: float, limits: tuple[int, int]
) -> None:
    assert around(share, tolerance) == limits
