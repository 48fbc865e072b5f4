"""Whether figures go together: correlations, differences, p, intervals, power, Holm."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from scipy.stats import binom, permutation_test, spearmanr, ttest_ind

from solver.assess.association import (
    Comparison,
    correlation,
    detectable_rho,
    difference,
    holm,
    judged,
    permutation_p,
    ranks,
)
from solver.problem import FloatArray


def column(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float64)


def of(x: FloatArray, y: FloatArray) -> Comparison:
    return correlation("stretch", x, "size", y, seed=1)


def noise(n: int, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=n), rng.normal(size=n)


def test_rho_is_that_of_scipy_ties_included() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.integers(0, 6, 40).astype(float), rng.normal(size=40)

    assert of(x, y).effect == pytest.approx(spearmanr(x, y).statistic)


def test_all_deals_are_tried_where_they_are_few() -> None:
    """Of the 5! orders only the same one and its reverse are as strict."""
    x = column(1, 2, 3, 4, 5)

    assert of(x, x).p == 2 / 120


def test_every_choice_of_a_group_is_tried_where_they_are_few() -> None:
    """Of the 20 ways to choose three of six, two put the largest or the smallest together."""
    compared = difference("x", column(1, 2, 3, 4, 5, 6), "F", np.arange(6) >= 3, seed=1)

    assert compared.p == 2 / 20
    assert compared.effect == 3


def test_sampled_p_agrees_with_scipys_own_sampling() -> None:
    x, y = noise(30, seed=3)
    y = y + 0.35 * x

    def statistic(dealt: FloatArray) -> float:
        return float(spearmanr(x, dealt).statistic)

    told = of(x, y).p
    scipys = permutation_test(
        (y,),
        statistic,
        permutation_type="pairings",
        n_resamples=3_999,
        rng=np.random.default_rng(1),
    ).pvalue

    assert told is not None
    assert told == pytest.approx(scipys, abs=float(4 * np.sqrt(scipys * (1 - scipys) / 3_999)))


def test_students_t_takes_over_smoothly() -> None:
    """At 400 reps deals are drawn, at 401 they are not: p of nearly the same figures agree."""
    x, y = noise(401, seed=8)
    y = y + 0.1 * x
    drawn, student = permutation_p(x[:400], y[:400], seed=1), permutation_p(x, y, seed=1)

    assert drawn == pytest.approx(student, abs=0.02)


def test_a_small_group_among_many_is_judged_by_drawing_its_members() -> None:
    """Of 1,000 reps seven in a hundred lie far off, and five are compared with the others. Where
    nothing differs Student's t finds p <= .01 in 3 of 100 such groups, and drawing in 1.
    """
    rng = np.random.default_rng(0)
    values = np.where(rng.random(1_000) < 0.93, 1.0, rng.normal(-3, 2, 1_000))
    group = (np.arange(1_000) < 5).astype(float)
    p = np.array([permutation_p(rng.permutation(values), group, seed=1) for _ in range(400)])

    assert np.count_nonzero(p <= 0.01) <= binom.ppf(0.999, len(p), 0.01)
    assert np.count_nonzero(p <= 0.05) <= binom.ppf(0.999, len(p), 0.05)
    assert np.count_nonzero(p <= 0.3) > 0


def test_drawing_members_agrees_with_dealing_everybody() -> None:
    rng = np.random.default_rng(6)
    values = rng.lognormal(size=401)
    group = np.arange(401) % 10 == 0
    values[group] *= 1.3
    far = abs(values[group].mean() - values.mean())
    deals = rng.permuted(np.tile(values, (20_000, 1)), axis=1)[:, : group.sum()].mean(axis=1)
    dealt = float(np.mean(np.abs(deals - values.mean()) >= far))

    assert permutation_p(values, group.astype(float), seed=1) == pytest.approx(dealt, abs=0.02)


def test_the_difference_has_welchs_interval() -> None:
    x, y = noise(12, seed=2)
    told = difference("x", np.concatenate([x, y]), "F", np.arange(24) < 12, seed=1)
    interval = ttest_ind(x, y, equal_var=False).confidence_interval()

    assert (told.low, told.high) == pytest.approx((interval.low, interval.high))


def test_twenty_reps_miss_a_true_rho_below_59_in_more_than_one_of_five_cases() -> None:
    assert detectable_rho(20) == pytest.approx(0.59, abs=0.005)


def test_power_is_what_it_says_it_is() -> None:
    """With 20 reps and a true rho of .59, about four of five tests find it."""
    r = 2 * np.sin(np.pi * 0.59 / 6)  # of normal figures with that rho
    found = 0
    for seed in range(150):
        x, y = noise(20, seed=seed)
        p = of(x, r * x + np.sqrt(1 - r * r) * y).p
        found += p is not None and p <= 0.05

    assert found / 150 == pytest.approx(0.8, abs=3 * np.sqrt(0.8 * 0.2 / 150))


def test_four_reps_can_show_nothing() -> None:
    """Even a perfect order of four has p = 2/24."""
    told = of(column(1, 2, 3, 4), column(1, 2, 3, 4))

    assert (told.reason, told.p, told.detectable) == ("too_few", None, None)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (column(*[0.5] * 9), column(*range(9)), "all_equal"),
        (column(*range(9)), column(*[7.0] * 9), "all_alike"),
        (column(*[nan] * 9), column(*range(9)), "unknown"),
        (column(), column(), "unknown"),
        (column(3.0), column(4.0), "too_few"),
    ],
)
def test_what_cannot_be_tested_says_why(x: FloatArray, y: FloatArray, reason: str) -> None:
    told = of(x, y)

    assert told.reason == reason
    assert (told.effect, told.p, told.low, told.high) == (None, None, None, None)


def test_the_noise_of_floats_is_no_order() -> None:
    x = 0.82 + np.arange(20.0) * 1e-15

    assert of(x, np.arange(20.0)).reason == "all_equal"
    assert ranks(column(1.0, 0.1 + 0.2, 0.3)).tolist() == [3.0, 1.5, 1.5]


def test_reps_with_an_unknown_figure_are_left_out() -> None:
    x = column(1, 2, 3, 4, 5, 6, nan)
    y = column(nan, 2, 3, 4, 5, 6, 1)

    assert of(x, y).n == 5
    assert of(x, y).effect == 1.0


def test_a_perfect_order_of_a_few_leaves_an_interval() -> None:
    told = of(column(*range(8)), column(*range(8)))

    assert told.low is not None
    assert 0 < told.low < 1
    assert told.high == 1.0


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    assert holm([0.04, None, 0.01, 0.03]) == pytest.approx([0.06, None, 0.03, 0.06])


def test_only_the_corrected_p_shows_anything() -> None:
    one = Comparison("correlation", "stretch", "size", 30, p=0.03)
    alone, *_ = judged([one])
    among, *_ = judged([one, one, one])

    assert alone.shown()
    assert not among.shown()
    assert not Comparison("correlation", "stretch", "size", 3).shown()
