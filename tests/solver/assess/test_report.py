"""The fairness report of a plan, before and after its period."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom

from solver.assess import Comparison, Inequality, People, Report, assess
from solver.assess.people import _COLUMNS
from solver.errors import InvalidProblem
from tests.solver.assess.people import a_team, ids, shuffled


def everything(report: Report) -> tuple[Comparison, ...]:
    return (*report.comparisons, *(report.review.comparisons if report.review else ()))


def by_name(report: Report) -> dict[tuple[str, str], Comparison]:
    return {(told.measure, told.against): told for told in everything(report)}


@pytest.mark.parametrize("reps", [26, 450])
def test_invariant_32_false_alarms_are_at_most_alpha_on_shuffled_data(reps: int) -> None:
    """32: fairness report's false alarms <= alpha on shuffled data.

    A report that shows anything at all is a false alarm here. Of 150 honest reports at 5 % at
    most 17 alarm in 999 of 1,000 worlds.
    """
    reports = [assess(shuffled(reps, seed), seed=seed) for seed in range(150)]
    alarms = sum(any(told.shown() for told in everything(report)) for report in reports)

    assert all(told.p is not None for told in everything(reports[0]))
    assert alarms <= binom.ppf(0.999, len(reports), 0.05)
    assert sum(told.p <= 0.3 for report in reports for told in everything(report) if told.p) > 100


def test_what_is_there_is_found() -> None:
    people = shuffled(60, seed=1)
    harder = replace(people, stretch=np.log(people.size) + people.stretch)

    found = by_name(assess(harder))["stretch", "size"]

    assert found.shown()
    assert found.effect is not None
    assert found.effect > 0.5


def test_sales_of_the_period_itself_correlate_even_under_even_quotas() -> None:
    """Why traits are those of before: everybody has the quota expected, and only luck differs."""
    rng = np.random.default_rng(36)
    n = 4_000
    expected = rng.lognormal(4, 0.6, n)
    sold = expected * rng.lognormal(0, 0.25, n)
    even = a_team(n, quota=expected, baseline=expected, actual=sold)

    wrong = by_name(assess(replace(even, size=sold)))["log_attainment", "size"]
    right = by_name(assess(replace(even, size=expected)))["log_attainment", "size"]

    assert wrong.effect == pytest.approx(0.35, abs=0.01)
    assert right.effect == pytest.approx(0, abs=0.04)


def test_equal_effort_leaves_nothing_to_compare() -> None:
    report = assess(a_team(20, size=np.arange(1.0, 21), tenure=np.arange(20.0)))

    told = by_name(report)
    assert told["stretch", "size"].reason == "all_equal"
    assert told["stretch", "potential"].reason == "unknown"
    assert report.effort_index.gini == 0
    assert report.over_potential == Inequality(0, reason="unknown")
    assert report.review is None


def test_the_best_and_the_last_fifth_of_before_are_compared_with_all_others() -> None:
    """The best five of 25 come out at half of their quotas: whipping the fast ox."""
    standing = np.arange(25.0)
    sold = np.where(standing >= 20, 55.0, 110.0 + standing / 100)
    report = assess(a_team(25, standing=standing, actual=sold))

    told = by_name(report)
    best, last = told["log_attainment", "top_fifth"], told["log_attainment", "bottom_fifth"]
    assert best.inside == last.inside == 5
    assert best.effect == pytest.approx(np.log(0.5), abs=0.01)
    assert best.shown()
    assert not last.shown()


def test_fifths_of_fewer_than_five_get_no_verdict() -> None:
    report = assess(a_team(24, standing=np.arange(24.0), actual=np.arange(100.0, 124)))

    assert by_name(report)["log_attainment", "top_fifth"].reason == "too_few"


def test_attainment_is_told_with_its_shares_and_intervals() -> None:
    """Of 110: 110 is all of it, 99 90 %, 132 120 %, and 55 half."""
    review = assess(a_team(4, actual=[110, 99, 132, 55], probability=[0.5, 0.4, 0.6, 0.5])).review

    assert review is not None
    assert (review.attaining.count, review.within_10.count, review.within_20.count) == (2, 2, 3)
    assert review.mean_abs_log.value == pytest.approx(
        (0 - np.log(0.9) + np.log(1.2) - np.log(0.5)) / 4
    )
    assert review.attaining.low == pytest.approx(0.150, abs=0.001)  # Wilson's, of 2 in 4
    assert review.expected == pytest.approx(0.5)


def test_nothing_sold_counts_as_two_per_cent_and_a_quota_of_nothing_is_left_out() -> None:
    review = assess(a_team(3, quota=[110, 110, 0], actual=[0, 110, 50])).review

    assert review is not None
    assert (review.n, review.left_out, review.floored) == (2, 1, 1)
    assert review.mean_abs_log.value == pytest.approx(-np.log(0.02) / 2)


def test_far_growth_is_a_question_about_somebody() -> None:
    """Nine grow by 9 to 11 %, one by 40 %."""
    growth = np.array([0.09, 0.1, 0.11] * 3 + [0.4])
    far = assess(a_team(10, quota=100 * (1 + growth))).far

    assert far.reps == (ids(10)[9],)
    assert far.usual == pytest.approx(0.1)


def test_less_than_a_percentage_point_is_not_far() -> None:
    quota = np.where(np.arange(40) == 7, 110.5, 110.0)

    assert assess(a_team(40, quota=quota)).far.reps == ()


def test_where_most_are_equal_the_odd_one_is_far() -> None:
    quota = np.where(np.arange(40) == 7, 150.0, 110.0)

    assert assess(a_team(40, quota=quota)).far.reps == (ids(40)[7],)


def test_order_of_rows_never_matters_not_in_the_last_bit() -> None:
    people = shuffled(30, seed=3)
    order = np.random.default_rng(1).permutation(30)
    columns = {name: getattr(people, name)[order] for name in _COLUMNS}
    moved = People.of([people.ids[row] for row in order], **columns)

    assert assess(moved) == assess(people)


@pytest.mark.parametrize(
    "people",
    [
        a_team(1),
        a_team(1, actual=[120.0], size=[1.0], potential=[0.0], standing=[1.0]),
        a_team(6, baseline=[0.0] * 6, stretch=[np.nan] * 6, effort=[np.nan] * 6),
        a_team(6, quota=[0.0] * 6, actual=[0.0] * 6),
        a_team(8, size=[5.0] * 8, potential=[0.0] * 8, tenure=[1.0, 2.0] * 4),
        People.of([]),
    ],
)
def test_degenerate_plans_are_told_without_a_number_that_is_none(people: People) -> None:
    report = assess(people)

    assert report.reps == len(people)
    assert all(told.p is None for told in everything(report))
    assert "nan" not in repr(report)
    assert "inf" not in repr(report)


def test_a_rep_named_twice_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="twice"):
        People.of(["a", "a"])
