"""Conflicts with rules across the tree: what is said, what gives way first, and hard input."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import ClassVar

import numpy as np
import pytest

from solver.conflict import diagnose
from solver.errors import SolveStopped, TimeIsUp
from solver.hierarchy import lay_out
from solver.infeasibility import Infeasibility, Relaxation, Rule
from solver.policy import Group, LinearRow, MarginFloor, Parity, Policy, Relax
from solver.problem import Problem, Reps, Units
from solver.solve import read
from solver.watch import Watch
from tests.solver.builders import a_problem, coupling_of, limits_of


def diagnosed(problem: Problem, policy: Policy) -> Infeasibility | None:
    limits, rows = limits_of(problem, policy), coupling_of(problem, policy)
    return diagnose(problem, lay_out(problem), limits, rows)


def found(problem: Problem, policy: Policy) -> Infeasibility:
    infeasibility = diagnosed(problem, policy)
    assert infeasibility is not None
    return infeasibility


FOUR = {"ann": {}, "bob": {}, "cyd": {"max": 300}, "dan": {"min": 100}}


class TestTheConflict:
    def test_says_what_a_group_would_have_to_carry(self) -> None:
        policy = Policy(groups=(Group("overlay", ("ann", "bob", "dan"), max=500),))

        infeasibility = found(a_problem(1_000, FOUR), policy)

        assert infeasibility.sentence == (
            "Group overlay may carry at most 500, but with all other rules its 3 reps must carry "
            "at least 700."
        )
        assert infeasibility.conflict == (
            Rule("group:overlay:max", 500), Rule("target", 1_000), Rule("rep:cyd:cap", 300),
        )  # fmt: skip
        assert infeasibility.relaxation == (Relaxation("group:overlay:max", 500, 700),)
        assert (infeasibility.feasible_min, infeasibility.feasible_max) == (100, 1_000)

    def test_may_be_of_rules_that_hold_in_pairs(self) -> None:
        pairs = ("ann", "bob"), ("bob", "cyd"), ("ann", "cyd")
        groups = tuple(Group("-".join(pair), pair, max=60) for pair in pairs)

        infeasibility = found(a_problem(100, ["ann", "bob", "cyd"]), Policy(groups=groups))

        assert sorted(rule.name for rule in infeasibility.conflict) == [
            "group:ann-bob:max", "group:ann-cyd:max", "group:bob-cyd:max", "target",
        ]  # fmt: skip
        assert len(infeasibility.relaxation) == 1  # 20 more for any one of them
        (change,) = infeasibility.relaxation
        assert (change.before, change.after) == (60, 80)
        for left_out in range(3):
            assert diagnosed(
                a_problem(100, ["ann", "bob", "cyd"]),
                Policy(groups=groups[:left_out] + groups[left_out + 1 :]),
            ) is None  # fmt: skip

    def test_of_a_parity_is_told_in_per_cent_of_the_even_share(self) -> None:
        """cyd and dan carry 400 at most, where 500 would be even."""
        reps = {**FOUR, "dan": {"max": 100}}
        problem = replace(a_problem(1_000, reps), cohorts={"role": ("x", "x", "y", "y")})

        infeasibility = found(problem, Policy(parity=(Parity("role", 0.05),)))

        assert infeasibility.sentence == (
            "Peer groups of role may stand at most 5 % from their even share, but with all other "
            "rules one must stand at least 20 % from it."
        )
        assert {rule.name: rule.value for rule in infeasibility.conflict} == {
            "parity:role": 0.05, "target": 1_000, "rep:cyd:cap": 300, "rep:dan:cap": 100,
        }  # fmt: skip
        assert infeasibility.relaxation == (Relaxation("parity:role", 0.05, 0.2),)

    def test_of_a_margin_floor_says_what_margin_there_can_be(self) -> None:
        reps = {"ann": {"margin": 0.5, "max": 40}, "bob": {"margin": 0.25}}

        infeasibility = found(
            a_problem(100, reps), Policy(margin_floors=(MarginFloor("gross", 50),))
        )

        assert infeasibility.sentence == (
            "Margin floor gross asks for at least 50, but with all other rules the margin can be "
            "at most 35."
        )

    def test_leaves_out_floors_that_it_does_not_need(self) -> None:
        reps = {"ann": {"min": 10}, "bob": {"min": 70}, "cyd": {"min": 20}, "dan": {"min": 50}}
        policy = Policy(groups=(Group("all", tuple(reps), max=100),))

        infeasibility = found(a_problem(200, {**reps, "eve": {}}), policy)

        assert infeasibility.conflict == (
            Rule("group:all:max", 100), Rule("rep:bob:floor", 70), Rule("rep:dan:floor", 50),
        )  # fmt: skip

    def test_may_be_a_row_whose_own_ends_contradict_each_other(self) -> None:
        row = LinearRow("mix", (("ann", 1.0), ("bob", -1.0)), min=8, max=4)

        infeasibility = found(a_problem(100, ["ann", "bob"]), Policy(rows=(row,)))

        assert infeasibility.sentence == "Row mix must be at least 8, but may be at most 4."
        assert [rule.name for rule in infeasibility.conflict] == ["row:mix:min", "row:mix:max"]
        assert sum(abs(c.after - c.before) for c in infeasibility.relaxation) == 4

    def test_counts_the_rules_that_give_way_where_one_is_not_enough(self) -> None:
        groups = Group("g", ("ann",), min=70), Group("h", ("bob",), min=80)

        infeasibility = found(
            a_problem(100, {"ann": {"max": 60}, "bob": {"max": 50}}), Policy(groups=groups)
        )

        assert infeasibility.sentence == (
            "Group h must carry at least 80, but with the other rules of this conflict its only "
            "rep can carry at most 50. In all, 2 rules across the organisation give way."
        )

    def test_gives_way_to_rounding_only_where_it_must(self) -> None:
        """One of 100,000.00 each carries nothing, and the two others bring margin enough, which
        whole cents at the edge of the floor would miss by a fraction of one.
        """
        margins = {"p1": 0.25, "p3": 0.21, "p4": 0.34}
        reps = {key: {"baseline": 1e7, "margin": margin} for key, margin in margins.items()}
        policy = Policy(
            margin_floors=(MarginFloor("m", 12_267_800),),
            rows=(LinearRow("w", (("p3", 2.0),), max=-500_000),),
        )

        infeasibility = found(a_problem(43_876_900, reps), policy)

        assert infeasibility.relaxation == (Relaxation("row:w:max", -500_000, 0),)

    def test_of_the_tree_comes_first_and_the_rows_are_mended_with_it(self) -> None:
        reps = {"ann": {"unit": "west", "max": 30}, "bob": {}}
        policy = Policy(groups=(Group("few", ("ann",), min=50),))

        infeasibility = found(a_problem(100, reps, {"west": {"min": 40}}), policy)

        assert [rule.name for rule in infeasibility.conflict] == ["unit:west:min", "rep:ann:cap"]
        assert infeasibility.relaxation == (
            Relaxation("unit:west:min", 40, 30), Relaxation("group:few:min", 50, 30),
        )  # fmt: skip


class TestTheOrderInWhichRulesGiveWay:
    TWO: ClassVar = {"ann": {"margin": 1.0}, "bob": {"margin": 0.0}}

    def test_is_parities_before_rows(self) -> None:
        cohorts = {"role": ("x", "x", "y", "y")}
        problem = replace(a_problem(400, ["ann", "bob", "cyd", "dan"]), cohorts=cohorts)
        row = LinearRow("own", (("ann", 1.0), ("bob", 1.0)), min=300)

        infeasibility = found(problem, Policy(parity=(Parity("role", 0.1),), rows=(row,)))

        assert infeasibility.relaxation == (Relaxation("parity:role", 0.1, 0.5),)

    def test_is_rows_before_margins(self) -> None:
        policy = Policy(
            rows=(LinearRow("own", (("ann", 1.0),), max=20),),
            margin_floors=(MarginFloor("gross", 30),),
        )

        infeasibility = found(
            a_problem(100, {"ann": {"margin": 1.0}, "bob": {"margin": 0.0}}), policy
        )

        assert infeasibility.relaxation == (Relaxation("row:own:max", 20, 30),)

    def test_is_margins_before_groups(self) -> None:
        policy = Policy(
            groups=(Group("few", ("ann",), max=20),), margin_floors=(MarginFloor("gross", 30),)
        )

        infeasibility = found(
            a_problem(100, {"ann": {"margin": 1.0}, "bob": {"margin": 0.0}}), policy
        )

        assert infeasibility.relaxation == (Relaxation("margin:gross:min", 30, 20),)


class TestHardInput:
    def test_a_group_of_overflowing_floors_is_still_diagnosed(self) -> None:
        reps = {key: {"min": 2**53 - 1} for key in ("ann", "bob", "cyd")}
        policy = Policy(groups=(Group("all", tuple(reps), max=10),))

        infeasibility = found(a_problem(100, reps), policy)

        assert [rule.name for rule in infeasibility.conflict] == ["target", "rep:ann:floor"]

    def test_a_limit_beyond_every_amount_is_named_beside_small_ones(self) -> None:
        policy = Policy(groups=(Group("all", ("ann", "bob"), min=2**53 - 1),))

        infeasibility = found(a_problem(100, ["ann", "bob"]), policy)

        assert infeasibility.relaxation == (Relaxation("group:all:min", 2**53 - 1, 100),)

    def test_what_no_statable_limit_would_mend_is_lifted(self) -> None:
        row = LinearRow("own", (("ann", 1e6),), max=100)

        infeasibility = found(a_problem(9 * 10**15, ["ann"]), Policy(rows=(row,)))

        assert infeasibility.relaxation == (Relaxation("row:own:max", 100, math.inf),)
        assert "no amount would do" in infeasibility.sentence

    def test_a_loss_cannot_keep_any_margin_floor(self) -> None:
        policy = Policy(margin_floors=(MarginFloor("gross", 1),))

        infeasibility = found(a_problem(100, {"ann": {"margin": -0.5}}), policy)

        assert infeasibility.relaxation == (Relaxation("margin:gross:min", 1, -math.inf),)
        assert infeasibility.sentence.endswith("but with all other rules the margin is a loss.")

    def test_peers_of_an_even_share_of_nothing_have_no_tolerance_that_is_wide_enough(self) -> None:
        reps = {key: {"baseline": 100.0 * (key > "b"), "min": 5} for key in ("a", "b", "c", "d")}
        problem = replace(a_problem(100, reps), cohorts={"role": ("x", "x", "y", "y")})
        policy = Policy(fairness="equal_growth", parity=(Parity("role", 0.1),))

        infeasibility = found(problem, policy)

        assert infeasibility.relaxation == (Relaxation("parity:role", 0.1, math.inf),)

    @pytest.mark.parametrize("missing", [0, 1])
    def test_one_cent_of_a_billion_makes_the_difference(self, missing: int) -> None:
        groups = (
            Group("two", ("ann", "bob"), max=23_456_789_012 - missing),
            Group("one", ("cyd",), max=100_000_000_000),
        )

        infeasibility = diagnosed(
            a_problem(123_456_789_012, ["ann", "bob", "cyd"]), Policy(groups=groups)
        )

        assert (infeasibility is not None) == bool(missing)

    def test_coefficients_over_twelve_orders_of_magnitude_count_all(self) -> None:
        """Only ann, at a millionth, is left to carry the billion: that makes 1,000."""
        rows = (LinearRow("own", (("ann", 1e-6), ("bob", 1e6)), max=100),)

        infeasibility = found(a_problem(10**9, ["ann", "bob"]), Policy(rows=rows))

        assert infeasibility.relaxation == (Relaxation("row:own:max", 100, 1_000),)

    def test_five_hundred_groups_are_answered_for(self) -> None:
        reps = [f"r{k:03}" for k in range(500)]
        groups = tuple(Group(f"g{k}", (reps[k], reps[k - 1]), max=150) for k in range(500))

        infeasibility = found(a_problem(50_000, reps), Policy(groups=groups))

        spent = sum(change.after - change.before for change in infeasibility.relaxation)
        assert 25_000 <= spent <= 25_000 + 500  # 100,000 in groups of 75,000, each rep in two

    def test_a_thousand_groups_that_overlap_are_answered_for(self) -> None:
        """Each of 300 reps is in about 100 groups, and every group asks for twice its share."""
        random = Random(1)
        reps = [f"r{k:03}" for k in range(300)]
        members = [tuple(random.sample(reps, 30)) for _ in range(1_000)]
        groups = tuple(Group(f"g{k:03}", some, min=600_000) for k, some in enumerate(members))
        problem = a_problem(3_000_000, reps)

        infeasibility = found(problem, Policy(groups=groups))

        named = {rule.name for rule in infeasibility.conflict}
        assert {"target"} < named
        few = tuple(group for group in groups if f"group:{group.id}:min" in named)
        assert len(few) == len(named) - 1
        assert diagnosed(problem, Policy(groups=few)) is not None
        for left_out in few:
            others = tuple(group for group in few if group != left_out)
            assert diagnosed(problem, Policy(groups=others)) is None
        to = {change.name: int(change.after) for change in infeasibility.relaxation}
        wider = (replace(group, min=to.get(f"group:{group.id}:min", group.min)) for group in groups)
        still = tuple(group for group in wider if group.min)
        assert diagnosed(problem, Policy(groups=still)) is None

    def test_the_order_of_rules_and_people_changes_nothing(self) -> None:
        groups = tuple(
            Group(key, pair, max=60) for key, pair in (("x", ("a", "b")), ("y", ("b", "c")))
        )
        reps = {"a": {"max": 90}, "b": {}, "c": {"max": 70}}

        one = found(a_problem(200, reps), Policy(groups=groups))
        other = found(
            a_problem(200, dict(reversed(reps.items()))), Policy(groups=tuple(reversed(groups)))
        )

        assert one == other

    def test_no_time_is_no_answer(self) -> None:
        case = a_problem(1_000, FOUR), Policy(groups=(Group("few", ("cyd",), min=400),))
        limits, rows = limits_of(*case), coupling_of(*case)

        for watch, end in (
            (Watch(seconds_left=lambda: 0.0), TimeIsUp),
            (Watch(stopped=lambda: True), SolveStopped),
        ):
            with pytest.raises(end):
                diagnose(case[0], lay_out(case[0]), limits, rows, watch)


def overlapping_groups(seed: int, reps: int, groups: int) -> tuple[Problem, Policy]:
    """Groups of any reps, each limited within 30 % of what one plan has them carry."""
    random = np.random.default_rng(seed)
    ids = [f"r{k:03}" for k in range(reps)]
    baseline, reach = random.integers(
        [[5_000_000], [200_000]], [[20_000_000], [6_000_000]], (2, reps)
    )
    carried = baseline + reach // 2
    rules = []
    for k in range(groups):
        members = random.choice(reps, random.integers(2, 40), replace=False)
        end = ("min", "max")[random.integers(2)]
        limit = int(carried[members].sum() * random.uniform(0.7, 1.3))
        rules.append(Group(f"g{k}", tuple(ids[i] for i in members), **{end: limit}))
    people = Reps.of(ids, baseline=baseline, reach=reach)
    return Problem(int(carried.sum()), people, Units.of(())), Policy(groups=tuple(rules))


def test_many_groups_that_contradict_each_other_are_told_with_what_is_possible() -> None:
    """Where floats cannot tell whether one more minor unit of target is possible, it is not told to
    be, and the conflict is named all the same.
    """
    problem, policy = overlapping_groups(14, 100, 110)

    infeasibility = found(problem, policy)

    mended = replace(policy, relax=tuple(Relax(c.name, c.after) for c in infeasibility.relaxation))
    for target in (infeasibility.feasible_min, infeasibility.feasible_max or problem.target):
        assert read(replace(problem, target=target), mended).diagnosed() is None
