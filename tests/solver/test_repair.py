"""Rounded quotas keep the rules across the tree as well, and wander no further than they must."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from operator import mul

import numpy as np
import pytest

from solver.errors import RoundingFailed, SolveStopped, TimeIsUp
from solver.policy import Group, LinearRow, MarginFloor, Parity
from solver.solve import solve
from solver.watch import Stage, Watch
from tests.solver.to_round import Case, a_case, is_kept


class TestAGroup:
    OVERLAY = Group("overlay", ("a", "b", "c"), min=32, max=32)

    def test_gives_back_what_the_tree_gave_too_much(self) -> None:
        """By largest remainder a, b and c get three more, though they may carry 32 together."""
        quotas = {"a": 10.7, "b": 10.7, "c": 10.6, "d": 10.5, "e": 10.5}
        case = a_case(quotas, groups=(self.OVERLAY,))

        assert case.on_the_tree().tolist() == [11, 11, 11, 10, 10]
        assert case.listed() == [11, 11, 10, 11, 10]

    def test_swaps_where_remainders_are_closest(self) -> None:
        quotas = {"a": 10.7, "b": 10.55, "c": 10.75, "d": 10.5, "e": 10.1, "f": 10.4}
        case = a_case(quotas, groups=(self.OVERLAY,))

        assert case.on_the_tree().tolist() == [11, 11, 11, 10, 10, 10]
        assert case.listed() == [11, 10, 11, 11, 10, 10]

    def test_swaps_inside_the_teams_whose_targets_are_exact(self) -> None:
        """All teams have one rep of the group with a larger remainder, and must keep 21 each."""
        quotas = {"a": 10.6, "b": 10.7, "c": 10.7, "d": 10.4, "e": 10.3, "f": 10.3}
        teams = {"one": {"target": 21}, "two": {"target": 21}, "six": {"target": 21}}
        of = dict(zip("abcdef", ["one", "two", "six"] * 2, strict=True))
        case = a_case(quotas, units=teams, of=of, groups=(self.OVERLAY,))

        assert case.listed() == [10, 11, 11, 11, 10, 10]

    def test_of_equals_the_last_give_back_and_the_first_gain(self) -> None:
        quotas = dict.fromkeys("abcdefgh", 10.5)
        group = Group("first", ("a", "b", "c", "d"), max=42)
        case = a_case(quotas, groups=(group,))

        assert case.on_the_tree().tolist() == [11, 11, 11, 11, 10, 10, 10, 10]
        assert case.listed() == [11, 11, 10, 10, 11, 11, 10, 10]

    def test_ends_at_the_last_increment_below_its_maximum(self) -> None:
        quotas = {"a": 160.0, "b": 190.0, "c": 125.0, "d": 125.0}
        case = a_case(quotas, increment=100, groups=(Group("g", ("a", "b"), max=350),))

        assert case.listed() == [100, 200, 200, 100]

    def test_makes_two_quotas_odd_where_its_sum_is_and_no_more(self) -> None:
        quotas = {"a": 160.0, "b": 190.0, "c": 120.0, "d": 130.0, "e": 200.0}
        case = a_case(quotas, increment=100, groups=(Group("g", ("a", "b"), min=350, max=350),))

        assert case.listed() == [150, 200, 100, 150, 200]

    def test_lets_the_rep_who_is_odd_anyway_carry_its_odd_amount(self) -> None:
        quotas = {"a": 160.0, "b": 190.0, "c": 120.0, "d": 130.0, "e": 50.0}
        case = a_case(quotas, increment=100, groups=(Group("g", ("a", "b"), min=350, max=350),))
        quota = np.array(case.listed())

        assert np.count_nonzero(quota % 100) == 1
        assert quota[:2].sum() == 350


def test_a_chain_of_swaps_hands_a_miss_on_to_the_row_that_has_room() -> None:
    """Reps 1 may carry one of the two odd cents of A and C only. Reps 2 may not carry one more, so
    when one of them takes it, another of them has to hand one to a rep whom no rule holds.
    """
    pairs = {"A": ("a1", "a2"), "B": ("b2", "b3"), "C": ("c1", "c2"), "D": ("d2", "d3")}
    quotas = {rep: 10.5 for pair in pairs.values() for rep in pair}
    of = {rep: unit for unit, pair in pairs.items() for rep in pair}
    groups = (
        Group("ones", ("a1", "c1"), min=21, max=21),
        Group("twos", ("a2", "b2", "c2", "d2"), min=42, max=42),
    )
    case = a_case(quotas, units={unit: {"target": 21} for unit in pairs}, of=of, groups=groups)

    changed = case.rounded() - case.on_the_tree()

    assert is_kept(case, case.rounded())
    assert np.abs(changed).sum() == 4


def test_peers_whose_balance_allows_no_tolerance_carry_their_even_share() -> None:
    quotas = dict.fromkeys("abcdefgh", 10.5)
    roles = ("AE",) * 4 + ("AM",) * 4
    case = a_case(quotas, parity=(Parity("role", 0.0),), cohorts={"role": roles})

    assert case.listed() == [11, 11, 10, 10, 11, 11, 10, 10]


def test_a_margin_floor_moves_the_odd_cent_to_whom_it_earns_more_with() -> None:
    """a earns 10 %, b nothing, c 20 %: the plan earns 51.00, 105 and 202 earn 50.90."""
    case = a_case({"a": 104.8, "b": 100.6, "c": 202.6}, margin_floors=(MarginFloor("gross", 51),))
    earning = replace(case.problem.reps, margin=np.array([0.1, 0.0, 0.2]))
    case = replace(case, problem=replace(case.problem, reps=earning))

    assert case.on_the_tree().tolist() == [105, 101, 202]
    assert case.listed() == [105, 100, 203]


def test_a_row_that_sums_what_floats_cannot_is_met_exactly() -> None:
    """0.1 x 3 reps at 3 x 10**13 each are 9 x 10**12, which a sum of floats misses."""
    quotas = {"a": 3e13 + 0.5, "b": 3e13 - 0.25, "c": 3e13 - 0.25, "d": 1e13}
    row = LinearRow("tenth", (("a", 0.1), ("b", 0.1), ("c", 0.1)), min=9 * 10**12)
    case = a_case(quotas, rows=(row,))

    assert is_kept(case, case.rounded())


def test_a_rule_that_no_whole_quotas_near_by_can_keep_is_named() -> None:
    """Nobody moves by more than 1,000 minor units, so that 1,500 is far away from 10.5."""
    case = a_case({"a": 10.5, "b": 3000.5}, groups=(Group("g", ("a",), min=1500),))

    with pytest.raises(RoundingFailed, match=r"group:g misses its minimum by 490 minor units"):
        case.rounded()


def test_windows_open_by_one_increment_where_nothing_else_helps() -> None:
    """A whole quota within one cent of 10.5 is 10 or 11; the row asks for 12."""
    case = a_case({"a": 10.5, "b": 10.5}, groups=(Group("g", ("a",), min=12),))

    assert case.listed() == [12, 9]


def test_a_few_minor_units_more_are_moved_before_a_plan_is_refused() -> None:
    """3 b + 8 c must be 111: of whole quotas 13 and 9 are the nearest to 10.33 and 10."""
    quotas = {"a": 29 / 3, "b": 31 / 3, "c": 10.0}
    weights = (("a", 1.0), ("b", 4.0), ("c", 9.0))
    rows = (LinearRow("least", weights, min=141), LinearRow("most", weights, max=141))
    case = a_case(quotas, rows=rows)

    assert case.listed() == [8, 13, 9]


def test_as_many_cents_are_moved_as_a_small_weight_asks_for() -> None:
    """a loses its half cent, which counts 4.4 times: 2.2 in the row, and d gives 12.6 for it."""
    quotas = {"a": 1000.5, "b": 100.5, "d": 5300.0}
    row = LinearRow("row", (("a", -4.4), ("d", 0.174)), max=-3480)
    case = a_case(quotas, groups=(Group("a", ("a",), max=1000),), rows=(row,))

    assert case.listed() == [1000, 114, 5287]


def a_corner(reps: int) -> Case:
    """Rows over a fifth of the reps each, four fewer than reps. Before rounding each stands at its
    maximum or minimum; the other way there is all the room in the world.
    """
    rng, many = np.random.default_rng(reps), reps - 4
    sizes = np.round(rng.choice([-1, 1], (many, reps)) * 10 ** rng.uniform(-1, 1, (many, reps)), 3)
    sizes[rng.random((many, reps)) < 0.8] = 0
    rules = np.vstack((sizes, np.ones(reps)))
    exact = rng.uniform(1e6, 9e6, reps)
    sums = np.rint(rules @ exact)
    exact += np.linalg.pinv(rules) @ (sums - rules @ exact)
    ids = [f"r{row:03}" for row in range(reps)]
    rows = tuple(
        LinearRow(
            f"w{row:03}",
            tuple((ids[rep], float(sizes[row, rep])) for rep in np.flatnonzero(sizes[row])),
            **{("min", "max")[row % 2]: int(sums[row])},
        )
        for row in range(many)
    )
    return a_case(dict(zip(ids, exact.tolist(), strict=True)), rows=rows)


@pytest.mark.parametrize("reps", [20, 40])
def test_a_plan_is_found_further_inside_where_many_rules_meet(reps: int) -> None:
    case = a_corner(reps)

    quota = case.rounded()

    assert is_kept(case, quota)
    assert np.abs(quota - case.exact).max() <= 30


def test_rows_that_leave_hardly_any_room_are_met_to_the_minor_unit() -> None:
    """Four narrow rows over five reps: from the multiples of 1,000 around no swaps lead there."""
    quotas = {"a": 2623.0, "b": 3729.0, "c": 1639.0, "d": 2251.0, "e": 3335.0}
    weights = (
        (-1.0, -1.0, 1.0, 0.1, 0.3),
        (1.0, 2.0, 2.0, 0.3, 2.0),
        (0.549, 0.133, 0.85, 0.147, 0.845),
        (0.932, 0.698, 0.245, 0.498, 0.495),
    )
    sums = [round(sum(map(mul, sizes, quotas.values()))) for sizes in weights]
    rows = tuple(
        LinearRow(f"r{k}", tuple(zip(quotas, sizes, strict=True)), sums[k], sums[k])
        for k, sizes in enumerate(weights)
    )
    case = a_case(quotas, increment=1000, rows=rows)
    low, high = case.windows()

    quota = case.rounded()

    assert is_kept(case, quota)
    assert np.all((low <= quota) & (quota <= high))


def test_noise_in_the_sums_of_a_huge_plan_is_no_reason_to_fail() -> None:
    """At 4 x 10**15 minor units floats may leave the unrounded rows a hundred thousand off."""
    quotas = {"a": 1e15 - 1e5, "b": 1e15 - 1e5, "c": 1e15 + 1e5, "d": 1e15 + 1e5}
    case = a_case(quotas, groups=(Group("g", ("a", "b"), min=2 * 10**15, max=2 * 10**15),))

    quota = case.rounded()

    assert is_kept(case, quota)
    assert np.abs(quota - case.exact).max() <= 2e5


def test_a_row_is_met_where_floats_lose_the_last_digits_of_its_sum() -> None:
    """Three more for a and three fewer for b meet it to the last minor unit, of 1.7 x 10**15."""
    weights = {"a": 0.879, "b": 0.702, "c": 0.27}
    whole = {"a": 997516309168231, "b": 933373924011374, "c": 586995850390607}
    total = sum(Fraction(repr(weights[key])) * whole[key] for key in whole)
    row = LinearRow("weighed", tuple(weights.items()), min=floor(total))
    quotas = {"a": whole["a"] - 3.0, "b": whole["b"] + 3.0, "c": float(whole["c"])}
    case = a_case(quotas, rows=(row,))

    assert is_kept(case, case.rounded())


def test_a_row_that_counts_a_lock_a_million_times_has_noise_for_whoever_is_free() -> None:
    """A ten-billionth of a million times 2.00 million is 20,000: b carries 10,000 too little."""
    quotas = {"a": 2e8, "b": 1e8 - 1e4, "c": 1e8 + 1e4}
    row = LinearRow("a-and-b", (("a", 1e6), ("b", 2.0)), min=2 * 10**14 + 2 * 10**8)
    case = a_case(quotas, rows=(row,))
    locked = replace(case.problem.reps, fixed=np.array([200_000_000, -1, -1]))
    case = replace(case, problem=replace(case.problem, reps=locked))

    assert case.listed() == [200_000_000, 100_000_000, 100_000_000]


def test_a_thousand_reps_who_are_alike_but_for_their_group_differ_by_one_cent() -> None:
    """The odd cents go by id, and so all to one group: 250 of them are swapped in one go."""
    quotas = {f"r{row:04}": 10.5 for row in range(1000)}
    group = Group("first", tuple(quotas)[:500], max=5250)
    case = a_case(quotas, groups=(group,))

    quota = case.listed()

    assert sum(quota[:500]) == sum(quota[500:]) == 5250
    assert set(quota) == {10, 11}


def an_odd_ring(increment: int = 1) -> Case:
    """Any two of three reps carry one minor unit together: half a unit each, and nothing whole."""
    pairs = {"ab": ("a", "b"), "bc": ("b", "c"), "ca": ("c", "a")}
    groups = tuple(Group(key, reps, min=1, max=1) for key, reps in pairs.items())
    return a_case({"a": 0.5, "b": 0.5, "c": 0.5, "d": 8.5}, increment=increment, groups=groups)


class TestWhereNoWholeQuotasKeepTheRules:
    def test_the_rules_they_miss_are_told(self) -> None:
        with pytest.raises(RoundingFailed, match=r"group:\w\w .* by 1 minor units; give one of"):
            an_odd_ring().rounded()

    @pytest.mark.parametrize("increment", [1, 100])
    def test_a_smaller_increment_is_advised_where_there_is_one(self, increment: int) -> None:
        with pytest.raises(RoundingFailed) as failed:
            an_odd_ring(increment).rounded()

        assert ("increment" in str(failed.value)) == (increment > 1)


class TestWhoWaitsForARounding:
    def test_is_told_when_the_time_is_over(self) -> None:
        with pytest.raises(TimeIsUp):
            an_odd_ring().rounded(Watch(seconds_left=lambda: 0.0))

    def test_may_hang_up(self) -> None:
        with pytest.raises(SolveStopped):
            an_odd_ring().rounded(Watch(stopped=lambda: True))

    def test_is_asked_again_and_again_during_a_search(self) -> None:
        looks = iter(range(99, -1, -1))

        with pytest.raises(TimeIsUp):
            an_odd_ring().rounded(Watch(seconds_left=lambda: float(next(looks))))

    def test_hears_that_rounding_goes_on(self) -> None:
        heard: list[tuple[Stage, int]] = []
        with pytest.raises(RoundingFailed):
            an_odd_ring().rounded(Watch(tell=lambda *said: heard.append(said)))

        assert {stage for stage, _ in heard} == {"rounding"}
        assert [done for _, done in heard] == sorted({done for _, done in heard})

    def test_is_told_so_too_where_time_ends_while_it_is_asked_why_there_is_no_plan(self) -> None:
        """The rounding fails in time, but it is not known in time whether rules contradict."""
        case, looks = an_odd_ring(), 0

        def counted() -> float:
            nonlocal looks
            looks += 1
            return 1.0

        with pytest.raises(RoundingFailed):
            solve(case.problem, case.policy, Watch(seconds_left=counted))
        left = iter(range(looks - 1, -1, -1))
        with pytest.raises(TimeIsUp):
            solve(case.problem, case.policy, Watch(seconds_left=lambda: float(next(left))))
