"""Which method would have come nearest, what it may know, and who is scored."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.assess.backtest import Backtest, Score, backtest
from solver.assess.methods import METHODS, Method, Own, PastQuotas, planned
from solver.assess.origins import Window, windows
from solver.errors import SolveStopped, TimeIsUp
from solver.estimate import Evidence
from solver.policy import Group, Parity, Policy
from solver.watch import Watch
from tests.solver.estimate.company import START, Actual, Holding, a_company, month, year


def score(answer: Backtest, method: Method) -> Score:
    return next(found for found in answer.scores if found.method == method)


def errors(answer: Backtest) -> list[dict[Method, float]]:
    return [each.errors for each in answer.rounds]


def years(who: str, *totals: float, until: int = 2026) -> list[Actual]:
    """Even years that end with `until`."""
    first = until + 1 - len(totals)
    return [row for k, total in enumerate(totals) for row in year(who, first + k, total)]


def months(who: str, first: int, *amounts: float) -> list[Actual]:
    return [(who, first + k, amount) for k, amount in enumerate(amounts)]


def a_world(reps: int = 12, seed: int = 3, periods: int = 6, luck: float = 0.3) -> Evidence:
    """Quarters of reps of constant strength, whose sales are that strength times luck alone."""
    rng = np.random.default_rng(seed)
    ids = [f"r{k:02}" for k in range(reps)]
    strength = np.exp(rng.normal(10, 0.8, reps))
    rows: list[Actual] = []
    for back in range(periods, 0, -1):
        sold = strength * np.exp(rng.normal(0, luck, reps))
        for key, amount in zip(ids, sold.tolist(), strict=True):
            rows += months(key, START - 3 * back, *([amount / 3] * 3))
    potential = dict(zip(ids, (strength * np.exp(rng.normal(0, 0.5, reps))).tolist(), strict=True))
    return a_company(ids, history=rows, length=3, potential=potential)


def changed_from(evidence: Evidence, first: int, factor: Any) -> Evidence:
    """All sales from month `first` on times a factor."""
    history = evidence.history
    actual = np.where(history.month >= first, history.actual * factor, history.actual)
    return replace(evidence, history=replace(history, actual=actual))


def without_rows_from(evidence: Evidence, first: int) -> Evidence:
    history = evidence.history
    kept = history.month < first
    columns = {name: getattr(history, name)[kept] for name in history.__slots__}
    return replace(evidence, history=type(history)(**columns))


def the_windows(evidence: Evidence) -> list[Window]:
    return [window for window in windows(evidence) if isinstance(window, Window)]


class TestWhatIsMeasured:
    def test_every_method_splits_what_was_sold(self) -> None:
        """Ann sold 300 of 400 after 100 of 200: half the total is a third too little for her."""
        evidence = a_company(
            ["ann", "bob"],
            history=[*years("ann", 100, 300), *years("bob", 100, 100)],
            potential={"ann": 3, "bob": 1},
        )

        answer = backtest(evidence)

        missed = (log(300 / 200) + log(200 / 100)) / 2
        (each,) = answer.rounds
        assert each.total == pytest.approx(400)
        assert each.errors["equal_split"] == pytest.approx(missed)
        assert each.errors["flat_growth"] == pytest.approx(missed)
        assert each.errors["potential_share"] == pytest.approx(0, abs=1e-12)
        assert each.errors["half_and_half"] == pytest.approx((log(300 / 250) + log(150 / 100)) / 2)
        flat = score(answer, "flat_growth")
        assert (flat.rows, flat.attaining, flat.overloaded) == (2, 0.5, 0.5)
        assert (flat.within_10, flat.within_20) == (0, 0)
        assert score(answer, "potential_share").attaining == 1

    def test_the_average_takes_three_periods_and_no_more(self) -> None:
        evidence = a_company(
            ["ann", "bob"],
            history=[*years("ann", 900, 100, 100, 100, 100), *years("bob", 1, 40, 50, 60, 50)],
        )

        last = backtest(evidence, origins=1).rounds[0]

        assert last.errors["three_period_average"] == pytest.approx(0, abs=1e-12)
        assert last.errors["flat_growth"] > 0.05

    def test_of_who_sold_nothing_the_error_is_that_of_a_fiftieth(self) -> None:
        history = [*years("ann", 100, 100), *years("bob", 100, 0)]

        (each,) = backtest(a_company(["ann", "bob"], history=history)).rounds

        assert each.errors["flat_growth"] == pytest.approx((log(100 / 50) + log(50)) / 2)

    def test_nothing_asked_and_nothing_sold_is_no_error(self) -> None:
        history = [*years("ann", 100, 100), *years("bob", 0, 0)]

        (each,) = backtest(a_company(["ann", "bob"], history=history)).rounds

        assert each.errors["flat_growth"] == pytest.approx(0, abs=1e-12)

    def test_where_only_luck_changes_flat_growth_punishes_the_best(self) -> None:
        """The usual sales stay; whoever was lucky is asked for it again and misses it."""
        answer = backtest(a_world(reps=60, periods=8))

        flat, ours = score(answer, "flat_growth"), score(answer, "fairquota")
        assert flat.best
        assert flat.last
        assert ours.best
        assert flat.penalty
        assert ours.penalty
        assert flat.penalty > ours.penalty + 0.05
        assert flat.best.attaining is not None
        assert flat.last.attaining is not None
        assert ours.best.attaining is not None
        assert flat.best.attaining < 0.3
        assert flat.last.attaining > 0.7
        assert ours.best.attaining > flat.best.attaining + 0.1
        assert ours.against
        assert ours.against.high is not None
        assert ours.against.high < 0
        assert ours.error == pytest.approx(ours.against.flat_growth + ours.against.mean)

    def test_fewer_than_five_rows_of_a_fifth_say_nothing(self) -> None:
        flat = score(backtest(a_world(reps=6, periods=3)), "flat_growth")

        assert flat.best
        assert (flat.best.rows, flat.best.attaining, flat.penalty) == (1, None, None)

    def test_the_oldest_window_has_no_fifths_for_it_has_one_period_before(self) -> None:
        two, three = (
            score(backtest(a_world(reps=30, periods=periods)), "flat_growth").best
            for periods in (2, 3)
        )

        assert two
        assert three
        assert (two.rows, three.rows) == (0, 6)


class TestWhatIsKnown:
    """Invariant 23: data dated after the start changes nothing, the start being each origin."""

    def test_sales_after_a_window_change_nothing_of_it(self) -> None:
        evidence = a_world()
        *before, _, _ = errors(backtest(evidence))
        later = START - 6

        for other in (
            changed_from(evidence, later, np.linspace(0.2, 5, len(evidence.history))),
            without_rows_from(evidence, later),
        ):
            assert errors(backtest(other))[: len(before)] == before

    @pytest.mark.parametrize("method", [name for name in METHODS if name != "own_quotas"])
    def test_who_sold_what_in_a_window_changes_no_quota_of_it(self, method: Method) -> None:
        """The others take over each other's sales: the total stays, which all methods are told."""
        evidence = a_world()
        history = evidence.history
        swapped = np.where(history.month >= START - 3, len(evidence) - 1 - history.rep, history.rep)
        other = replace(evidence, history=replace(history, rep=swapped))
        mine, theirs = the_windows(evidence)[0], the_windows(other)[0]

        assert not np.allclose(mine.sold, theirs.sold)
        assert planned(method, mine, Own(), Watch()).quota == pytest.approx(
            planned(method, theirs, Own(), Watch()).quota, abs=1
        )

    def test_what_is_given_for_the_plan_is_not_known_at_its_origins(self) -> None:
        evidence = a_world()
        many = len(evidence)
        told = replace(
            evidence,
            baseline=np.linspace(1, 9e6, many),
            reach=np.linspace(9e6, 1, many),
            capacity=np.full(many, 1.0),
            last_year=np.linspace(1, 9e6, many),
            in_seat=np.linspace(0, 1, many),
            forecast=1e9,
            target=5e8,
        )

        assert backtest(told) == backtest(evidence)

    def test_a_holding_that_begins_later_is_not_known(self) -> None:
        holdings = [Holding("t1", "ann"), Holding("t2", "bob")]
        territories = {"t1": 100.0, "t2": 200.0}
        history = [*years("t1", 100, 110), *years("t2", 200, 170)]
        known = a_company(
            ["ann", "bob"], history=history, territories=territories, holdings=holdings
        )
        later = [
            Holding("t1", "ann", last=month(2026, 6)),
            Holding("t1", "bob", first=month(2026, 7)),
            holdings[1],
        ]
        changed = a_company(
            ["ann", "bob"], history=history, territories=territories, holdings=later
        )

        assert backtest(changed) == backtest(known)
        assert backtest(known).rounds[0].reps == 2

    def test_territories_are_counted_for_who_held_them_at_the_origin(self) -> None:
        """Bob took t2 over in July 2025: what it sold before 2026 is his in the window of 2026."""
        evidence = a_company(
            ["ann", "bob"],
            history=[*years("t1", 100, 100, 100), *years("t2", 50, 60, 70)],
            territories={"t1": 100.0, "t2": 50.0},
            holdings=[
                Holding("t1", "ann"),
                Holding("t2", "ann", last=month(2025, 6)),
                Holding("t2", "bob", first=month(2025, 7)),
            ],
        )

        of_2026, of_2025 = the_windows(evidence)

        assert (of_2026.ids, of_2026.last.tolist()) == (("ann", "bob"), pytest.approx([100, 60]))
        assert of_2026.sold.tolist() == pytest.approx([100, 70])
        assert (of_2025.ids, of_2025.sold.tolist()) == (("ann",), pytest.approx([160]))

    def test_whoever_came_later_is_unknown_to_the_estimate(self) -> None:
        evidence = a_world()
        newcomer = {"new": 1e9}
        rows = [
            (evidence.rep_ids[rep], when, actual)
            for rep, when, actual in zip(
                evidence.history.rep.tolist(),
                evidence.history.month.tolist(),
                evidence.history.actual.tolist(),
                strict=True,
            )
        ]
        potential = dict(zip(evidence.rep_ids, evidence.potential.tolist(), strict=True))
        joined = a_company(
            [*evidence.rep_ids, "new"],
            history=[*rows, *months("new", START - 2, 5e6, 5e6)],
            length=3,
            potential=potential | newcomer,
        )

        answer = backtest(joined)

        assert errors(answer) == errors(backtest(evidence))
        assert [each.joined for each in answer.rounds] == [0, 0, 0, 0, 1]


class TestWhoIsScored:
    def test_who_joined_or_left_within_a_window_is_counted_and_not_scored(self) -> None:
        """Cyd comes in March 2026, dan is gone after March; eve sells nothing but is there."""
        history = [
            *years("ann", 100, 110),
            *years("bob", 100, 120),
            *months("cyd", month(2026, 3), *[10] * 10),
            *years("dan", 100, until=2025),
            *months("dan", month(2026, 1), 10, 10, 10),
            *years("eve", 100, 0),
        ]

        (each,) = backtest(a_company(["ann", "bob", "cyd", "dan", "eve"], history=history)).rounds

        assert (each.reps, each.joined, each.left) == (3, 1, 1)
        assert each.total == pytest.approx(230)

    def test_windows_are_counted_back_from_the_start_of_the_plan(self) -> None:
        history = years("ann", *[100] * 4)

        answer = backtest(a_company(["ann"], history=history, start=month(2026, 11), length=3))

        assert [each.first for each in answer.rounds][-2:] == [month(2026, 5), month(2026, 8)]
        assert answer.rounds[0].first - 3 >= month(2023, 1)
        assert answer.months == 3

    def test_windows_with_unknown_months_are_skipped_and_told(self) -> None:
        history = [row for row in years("ann", *[100] * 4) if row[1] < month(2026, 11)]

        answer = backtest(a_company(["ann"], history=history))

        assert [each.first for each in answer.rounds] == [month(2024, 1), month(2025, 1)]
        assert [(each.first, each.why) for each in answer.skipped] == [
            (month(2026, 1), "months_unknown")
        ]

    def test_only_the_newest_origins_are_taken_where_that_is_asked(self) -> None:
        evidence = a_world()

        assert errors(backtest(evidence, origins=2)) == errors(backtest(evidence))[-2:]


class TestDegenerate:
    @pytest.mark.parametrize("history", [[], years("ann", 100), months("ann", month(2026, 1), 5.0)])
    def test_one_period_of_history_is_nothing_to_score(self, history: list[Actual]) -> None:
        answer = backtest(a_company(["ann", "bob"], history=history))

        assert (answer.rounds, answer.skipped) == ((), ())
        assert {found.not_applicable for found in answer.scores} == {
            ("there is no past period to score",)
        }

    def test_one_rep_meets_every_quota_and_shows_nothing(self) -> None:
        answer = backtest(a_company(["ann"], history=years("ann", 100, 500, 70)))

        for found in answer.scores:
            if found.windows:
                assert found.error == pytest.approx(0, abs=1e-12)
                assert found.against is None or found.against.low is None

    def test_a_window_without_sales_is_skipped(self) -> None:
        history = [*years("ann", 100, 0), *years("bob", 50, 0)]

        answer = backtest(a_company(["ann", "bob"], history=history))

        assert [each.why for each in answer.skipped] == ["nothing_sold"]

    def test_after_a_period_without_sales_flat_growth_is_not_applicable(self) -> None:
        history = [*years("ann", 0, 100), *years("bob", 0, 50)]

        answer = backtest(a_company(["ann", "bob"], history=history))

        assert score(answer, "flat_growth").not_applicable == (
            "nothing was sold in the period before",
        )
        assert score(answer, "equal_split").windows == 1
        assert score(answer, "equal_split").against is None

    def test_without_potential_a_method_says_whose_is_missing(self) -> None:
        history = [row for who in "abc" for row in years(who, 100, 100)]

        answer = backtest(a_company([*"abc"], history=history, potential={"a": 5.0}))

        of_potential: tuple[Method, ...] = ("potential_share", "half_and_half")
        for method in of_potential:
            found = score(answer, method)
            assert found.not_applicable == ("the potential of 2 of 3 reps is not known",)
            assert found.error is None

    def test_returns_above_sales_count_as_a_fiftieth(self) -> None:
        history = [*years("ann", 100, 300), *years("bob", 100, -100)]

        (each,) = backtest(a_company(["ann", "bob"], history=history)).rounds

        assert each.errors["equal_split"] == pytest.approx((log(3) + log(50)) / 2)


class TestOwnQuotas:
    def company(self) -> Evidence:
        return a_company(
            ["ann", "bob", "cyd"],
            history=[*years("ann", 90, 100), *years("bob", 110, 200), *years("cyd", 100, 300)],
        )

    def quotas(self, rows: list[tuple[int, int, float]]) -> Own:
        rep, when, quota = zip(*rows, strict=True)
        return Own(quotas=PastQuotas(np.array(rep), np.array(when), np.array(quota)))

    def test_they_are_scaled_to_what_was_sold(self) -> None:
        first = month(2026, 1)
        exact = [(rep, first, quota) for rep, quota in enumerate((150.0, 300.0, 450.0))]

        answer = backtest(self.company(), self.quotas(exact))

        assert score(answer, "own_quotas").error == pytest.approx(0, abs=1e-12)

    def test_a_rep_without_quotas_for_the_whole_window_is_left_out_of_the_comparison(self) -> None:
        """Cyd's second half has none: ann and bob alone are compared, by flat growth too."""
        halves = month(2026, 1), month(2026, 7)
        rows = [(0, halves[0], 50.0), (0, halves[1], 50.0), (1, halves[0], 100.0)]
        rows += [(1, halves[1], 100.0), (2, halves[0], 1.0)]

        found = score(backtest(self.company(), self.quotas(rows)), "own_quotas")

        assert found.rows == 2
        assert found.error == pytest.approx(0, abs=1e-12)
        assert found.against
        flat = [300 * 90 / 200, 300 * 110 / 200]
        assert found.against.flat_growth == pytest.approx(
            (log(flat[0] / 100) + log(200 / flat[1])) / 2
        )

    def test_quotas_of_other_times_say_nothing(self) -> None:
        found = score(
            backtest(self.company(), self.quotas([(0, month(2020, 1), 5.0)])), "own_quotas"
        )

        assert found.not_applicable == ("no quotas of this window were given",)


class TestOurs:
    def test_keeps_the_limits_that_are_shares_of_expected_sales(self) -> None:
        """The same share for everybody is no limit: expected sales add up to the total."""
        evidence = a_world()

        capped = backtest(evidence, Own(Policy(max_over_baseline=0.001)))

        assert errors(capped) == [
            pytest.approx(each, abs=1e-3) for each in errors(backtest(evidence))
        ]

    def test_limits_that_cannot_hold_give_way_and_that_is_told(self) -> None:
        evidence = a_world()

        answer = backtest(evidence, Own(Policy(max_over_baseline=-0.1)))

        assert all(each.relaxed for each in answer.rounds)
        assert not any(each.relaxed for each in backtest(evidence).rounds)

    def test_amounts_that_were_set_for_the_plan_are_left_out(self) -> None:
        evidence = a_world()
        rules = Policy(over_assignment=0.2, groups=(Group("g", ("r00", "r01"), max=1),))

        assert backtest(evidence, Own(rules)) == backtest(evidence)

    def test_parity_is_asked_of_the_past_too(self) -> None:
        """Limits over last year hold one peer group back; parity evens the two groups out again."""
        evidence = a_world()
        limit = Policy(max_over_last_year=-0.62)
        own = Own(limit, cohorts={"role": tuple("ab" * 6)})
        balanced = replace(own, policy=replace(limit, parity=(Parity("role", 0.001),)))

        with_it = backtest(evidence, balanced, origins=1)
        without = backtest(evidence, own, origins=1)

        assert with_it.rounds[0].errors["fairquota"] != without.rounds[0].errors["fairquota"]

    def test_a_policy_that_lacks_a_figure_is_not_applicable(self) -> None:
        evidence = replace(a_world(), potential=np.full(12, np.nan))

        found = score(backtest(evidence, Own(Policy("equal_potential_share"))), "fairquota")

        assert found.windows == 0
        assert "potential" in found.not_applicable[0]

    def test_the_time_limit_ends_it_without_an_answer(self) -> None:
        with pytest.raises(TimeIsUp):
            backtest(a_world(), watch=Watch(lambda: 0.0))
        with pytest.raises(SolveStopped):
            backtest(a_world(), watch=Watch(stopped=lambda: True))


class TestOrderAndScale:
    def test_no_order_of_rows_matters(self) -> None:
        """Invariant 3."""
        evidence = a_world()
        order = np.random.default_rng(5).permutation(len(evidence))
        rows = np.random.default_rng(6).permutation(len(evidence.history))
        moved = evidence.reordered(order)
        columns = {name: getattr(moved.history, name)[rows] for name in moved.history.__slots__}
        quotas = PastQuotas(
            np.arange(12), np.full(12, START - 3), np.random.default_rng(7).uniform(1, 2, 12)
        )
        place = np.argsort(order)
        same = PastQuotas(place[quotas.rep], quotas.month, quotas.quota)

        mixed = backtest(replace(moved, history=type(moved.history)(**columns)), Own(quotas=same))

        assert mixed == backtest(evidence, Own(quotas=quotas))

    @given(st.sampled_from([1e-2, 7.0, 1e6]))
    def test_no_currency_matters(self, factor: float) -> None:
        """Invariant 6, up to the minor unit that quotas are rounded to."""
        evidence = changed_from(a_world(), 0, 1e4)

        for mine, theirs in zip(
            errors(backtest(evidence)),
            errors(backtest(changed_from(evidence, 0, factor))),
            strict=True,
        ):
            assert theirs == pytest.approx(mine, abs=1e-4)

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        evidence = a_world()
        first, second, other = (
            score(backtest(evidence, seed=seed), "fairquota").against for seed in (1, 1, 2)
        )

        assert first == second
        assert other
        assert first
        assert (other.mean, other.low) != (first.mean, first.low)
        assert other.mean == first.mean


def test_attainment_is_a_geometric_mean() -> None:
    """Thirty reps sell 100, 100 and then 200 or 50 by turns: their ratios' mean logarithm is 0."""
    ids = [f"r{k:02}" for k in range(30)]
    history = [
        row for k, who in enumerate(ids) for row in years(who, 100, 100 + k, 200 if k % 2 else 50)
    ]

    equal = score(backtest(a_company(ids, history=history), origins=1), "equal_split")

    assert equal.best
    ratios = [(200 if k % 2 else 50) / 125 for k in range(24, 30)]
    assert equal.best.attainment == pytest.approx(exp(sum(map(log, ratios)) / 6))
