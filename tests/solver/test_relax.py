"""Rules give way as the caller says, or as far as it takes for all of them to hold."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.bounds import Bounds
from solver.conflict import diagnose
from solver.errors import InfeasibleProblem, InvalidProblem
from solver.fairness import SCALES
from solver.hierarchy import lay_out
from solver.infeasibility import Relaxation
from solver.mending.asked import Asked, mended, stated
from solver.mending.relaxing import applied
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy, Relax
from solver.problem import NOT_SET, UNLIMITED, Problem
from solver.solve import solve
from solver.watch import Watch
from tests.solver.builders import a_problem, limits_of, problems
from tests.solver.tight import tight_cases

TEAM = a_problem(
    1_000,
    {
        "ann": {"unit": "west", "min": 100, "max": 300, "margin": 0.5},
        "bob": {"unit": "west", "fixed": 200, "margin": 0.5},
        "cyd": {"unit": "east", "margin": 0.5},
        "a:b": {"unit": "east", "max": 50, "margin": 0.5},
    },
    {"west": {"min": 400, "max": 600}, "east": {"target": 500, "over_assignment": 0.1}},
)
RULES = Policy(
    over_assignment=0.05,
    groups=(Group("overlay", ("ann", "cyd"), min=10, max=90), Group("pair", ("ann",), max=5)),
    parity=(Parity("role:kind", 0.1),),
    margin_floors=(MarginFloor("gross", 700),),
    rows=(LinearRow("mix", (("ann", 1.0),), min=5, max=8),),
)


def after(*relax: Relax, problem: Problem = TEAM) -> tuple[Bounds, Policy]:
    hierarchy = lay_out(problem)
    policy = replace(RULES, relax=relax)
    return applied(problem, policy, hierarchy, limits_of(problem, policy))


def refused(*relax: Relax) -> list[str]:
    with pytest.raises(InvalidProblem) as error:
        after(*relax)
    return [str(fault) for fault in error.value.faults]


class TestARelaxation:
    def test_of_the_target_is_stated_before_over_assignment(self) -> None:
        limits, _ = after(Relax("target", 800), Relax("unit:east:target", 300))

        assert limits.total == 840
        assert (limits.unit_min[1], limits.unit_max[1]) == (330, 330)  # east stands before west

    @pytest.mark.parametrize(
        ("rule", "column", "place"),
        [
            ("rep:ann:floor", "floor", 2),
            ("rep:ann:cap", "cap", 2),
            ("rep:bob:fixed", "fixed", 3),
            ("rep:a:b:cap", "cap", 0),
            ("unit:west:min", "unit_min", 2),
            ("unit:west:max", "unit_max", 2),
        ],
    )
    def test_of_a_rep_or_unit_changes_one_limit(self, rule: str, column: str, place: int) -> None:
        before, _ = after()
        to = 77 if rule.endswith(("floor", "min", "fixed")) else 777
        limits, _ = after(Relax(rule, to))

        expected = getattr(before, column).copy()
        expected[place] = to
        assert getattr(limits, column).tolist() == expected.tolist()

    def test_of_rules_across_the_tree_changes_the_policy(self) -> None:
        _, policy = after(
            Relax("group:overlay:max", 120),
            Relax("margin:gross:min", 650),
            Relax("row:mix:min", -3),
            Relax("parity:role:kind", 0.25),
        )

        assert policy.groups[0] == Group("overlay", ("ann", "cyd"), min=10, max=120)
        assert policy.margin_floors == (MarginFloor("gross", 650),)
        assert policy.rows == (LinearRow("mix", (("ann", 1.0),), min=-3, max=8),)
        assert policy.parity == (Parity("role:kind", 0.25),)
        assert policy.relax == ()

    def test_may_lift_a_rule_altogether(self) -> None:
        limits, policy = after(
            Relax("rep:ann:cap", math.inf),
            Relax("rep:bob:fixed", math.inf),
            Relax("unit:west:max", math.inf),
            Relax("unit:east:target", math.inf),
            Relax("group:overlay:max", math.inf),
            Relax("group:pair:max", math.inf),
            Relax("margin:gross:min", -math.inf),
            Relax("row:mix:min", -math.inf),
            Relax("row:mix:max", math.inf),
            Relax("parity:role:kind", math.inf),
        )

        assert (limits.cap[2], limits.unit_max[2]) == (UNLIMITED, UNLIMITED)
        assert (limits.lowest[3], limits.highest[3]) == (0, UNLIMITED)
        assert (limits.unit_min[1], limits.unit_max[1]) == (0, UNLIMITED)
        assert not limits.unit_target[1]
        assert policy.groups == (Group("overlay", ("ann", "cyd"), min=10),)
        assert (policy.margin_floors, policy.rows, policy.parity) == ((), (), ())

    def test_of_a_rule_that_is_not_there_is_refused_each_by_name(self) -> None:
        assert refused(
            Relax("rep:eve:cap", 1),
            Relax("rep:cyd:cap", 1),
            Relax("rep:cyd:floor", 1),
            Relax("rep:ann:fixed", 1),
            Relax("unit:north:max", 1),
            Relax("unit:west:target", 1),
            Relax("unit:east:min", 1),
            Relax("group:other:max", 1),
            Relax("group:pair:min", 1),
            Relax("margin:net:min", 1),
            Relax("row:own:max", 1),
            Relax("parity:age", 1),
        ) == [
            "relax[0].rule: 'eve' is the id of no rep",
            "relax[1].rule: rep 'cyd' has no cap that could give way",
            "relax[2].rule: rep 'cyd' has no floor that could give way",
            "relax[3].rule: rep 'ann' has no fixed that could give way",
            "relax[4].rule: 'north' is the id of no unit",
            "relax[5].rule: unit 'west' has no target that could give way",
            "relax[6].rule: unit 'east' has no min that could give way",
            "relax[7].rule: 'other' is the id of no group",
            "relax[8].rule: group 'pair' has no min that could give way",
            "relax[9].rule: 'net' is the id of no margin floor",
            "relax[10].rule: 'own' is the id of no row",
            "relax[11].rule: 'age' is the cohort of no parity",
        ]

    def test_of_something_that_is_no_rule_says_what_rules_are_called(self) -> None:
        (fault,) = refused(Relax("rep:ann", 1))

        assert fault.startswith("relax[0].rule: 'rep:ann' names no rule: write target, rep:ID:")

    def test_to_something_that_is_no_limit_is_refused(self) -> None:
        found = refused(
            Relax("rep:ann:cap", -1),
            Relax("rep:ann:floor", 0.5),
            Relax("rep:bob:fixed", -2),
            Relax("target", math.inf),
            Relax("unit:east:target", 2**53 - 1),
            Relax("parity:role:kind", -0.1),
            Relax("row:mix:max", 2.0**60),
        )

        assert [fault.split(":")[0] for fault in found] == [f"relax[{k}].to" for k in range(7)]

    def test_that_makes_a_rule_narrower_or_leaves_it_is_refused(self) -> None:
        found = refused(
            Relax("target", 1_000),
            Relax("rep:ann:cap", 299),
            Relax("rep:ann:floor", 100),
            Relax("rep:bob:fixed", 200),
            Relax("unit:west:min", 401),
            Relax("unit:west:max", 600),
            Relax("unit:east:target", 500),
            Relax("group:overlay:min", 10),
            Relax("group:overlay:max", 89),
            Relax("margin:gross:min", 700),
            Relax("row:mix:min", 6),
            Relax("row:mix:max", 8),
            Relax("parity:role:kind", 0.1),
        )

        assert [fault.split(":")[0] for fault in found] == [f"relax[{k}].to" for k in range(13)]
        assert found[1] == ("relax[1].to: must be above the cap as it is, for the rule to give way")


def asked(problem: Problem, policy: Policy) -> Asked:
    scale = SCALES[policy.fairness](problem.reps)
    return Asked(problem, policy, lay_out(problem), limits_of(problem, policy), scale)


class TestTheRelaxationThatMendsEverything:
    def test_lowers_a_target_to_a_whole_one_that_is_possible(self) -> None:
        """A tenth more makes 4 of 4 and 6 of 5: of a cap of 5 only 4 can be used."""
        case = asked(a_problem(10, {"ann": {"max": 5}}), Policy(over_assignment=0.1))
        found = case.diagnosed()
        assert found is not None

        assert found.relaxation == (Relaxation("target", 11, 5),)
        assert stated(case, found) == (Relax("target", 4),)
        after, changes, _ = mended(case)
        assert after.bounds.total == 4
        assert changes == (Relaxation("target", 11, 4),)

    def test_states_decimals_where_no_whole_target_will_do(self) -> None:
        case = asked(a_problem(10, {"ann": {"fixed": 5}}), Policy(over_assignment=0.1))
        found = case.diagnosed()
        assert found is not None

        ((relax),) = stated(case, found)
        assert relax.to == pytest.approx(5 / 1.1)
        assert mended(case)[0].bounds.total == 5

    def test_is_nothing_where_everything_can_hold(self) -> None:
        case = asked(a_problem(10, ["ann"]), Policy())

        after, changes, _ = mended(case)

        assert (after.bounds.total, changes) == (10, ())


hedges = st.sampled_from([0.0, 0.0, 0.1, 0.37, 1.0, -0.5])


@given(tight_cases(), hedges)
def test_what_is_mended_can_hold(case: tuple[Problem, Policy], hedge: float) -> None:
    problem, policy = case
    before = asked(problem, replace(policy, over_assignment=hedge))

    after, changes, _ = mended(before)

    assert after.diagnosed() is None
    assert bool(changes) == (before.diagnosed() is not None)


@given(problems(), hedges, st.data())
def test_what_is_mended_in_a_tree_can_hold(problem: Problem, hedge: float, data: Any) -> None:
    """Problems that can hold, and then the targets of some units are others."""
    target = problem.units.target.copy()
    for row in np.flatnonzero(target != NOT_SET):
        target[row] = data.draw(st.sampled_from([target[row], target[row] // 2, target[row] + 7]))
    units = replace(problem.units, target=target, over_assignment=np.full(len(target), hedge))
    before = asked(replace(problem, units=units), Policy(over_assignment=hedge))

    after, _, _ = mended(before)

    assert diagnose(problem, after.hierarchy, after.bounds) is None


@given(tight_cases())
def test_whoever_lets_rules_give_way_gets_a_plan(case: tuple[Problem, Policy]) -> None:
    problem, policy = case

    allocation = solve(problem, replace(policy, on_infeasible="relax"))

    assert allocation.checks.valid


def over_once_a_plan_is_sought() -> Watch:
    """The time is over as soon as the rules have given way, or the gaps are booked."""
    stages: list[str] = []
    return Watch(
        seconds_left=lambda: 0.0 if {*stages} & {"largest stretch", "even spread"} else 1.0,
        tell=lambda stage, _done: stages.append(stage),
    )


def test_where_the_plan_takes_too_long_the_conflict_is_still_named() -> None:
    groups = Group("two", ("ann", "bob"), min=70), Group("more", ("bob", "cyd"), min=80)
    policy = Policy(groups=(*groups, Group("odd", ("ann", "cyd"), min=90)), on_infeasible="relax")

    with pytest.raises(InfeasibleProblem) as error:
        solve(a_problem(100, ["ann", "bob", "cyd"]), policy, over_once_a_plan_is_sought())

    infeasibility = error.value.infeasibility
    assert len(infeasibility.conflict) == 4
    assert len(infeasibility.relaxation) == 1
    assert infeasibility.sentence.endswith(" Even then no plan is found in time.")


def test_so_it_is_beside_gaps_where_there_are_many_rules() -> None:
    reps = [f"r{k:03}" for k in range(101)]
    groups = tuple(Group(f"g{k:03}", (reps[k], reps[k - 1]), max=100 + k) for k in range(101))
    case = a_problem(10_100, reps), Policy(groups=groups, on_infeasible="gap")

    with pytest.raises(InfeasibleProblem) as error:
        solve(*case, over_once_a_plan_is_sought())

    assert error.value.infeasibility.sentence.endswith(" Even then no plan is found in time.")


@given(tight_cases())
def test_whoever_books_gaps_gets_a_plan_or_a_conflict(case: tuple[Problem, Policy]) -> None:
    problem, policy = case
    try:
        allocation = solve(problem, replace(policy, on_infeasible="gap"))
    except InfeasibleProblem:
        return

    assert allocation.checks.valid
    assert allocation.gap is not None
    assert allocation.assigned + allocation.gap.sum() == problem.target
