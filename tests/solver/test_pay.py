"""Pay curves: what a year pays out, and what it pays on average."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtri

from solver.errors import InvalidProblem
from solver.pay import MOST_KNOTS, PayCurve, attainment_of
from solver.probability import expected_excess
from solver.problem import FloatArray
from tests.solver.drawing import one_of

PROPORTIONAL = PayCurve.of([(0, 0), (1, 1)], beyond=1)
USUAL = PayCurve.of([(0.5, 0), (1, 1), (1.5, 2)])
"""Nothing below half of the quota, twice as steep above, never more than twice the target pay."""
STEPPED = PayCurve.of([(0.6, 0.3), (1, 0.8), (1, 1), (1.2, 1)], beyond=3)
"""A step at a threshold of 60 %, one at the quota, a flat piece, and steep without an end."""
CURVES = {"proportional": PROPORTIONAL, "usual": USUAL, "stepped": STEPPED}


def paid(curve: PayCurve, *attainment: float) -> list[float]:
    found: list[float] = curve.at(np.array(attainment)).tolist()
    return found


def expected(curve: PayCurve, quota: float, baseline: float, sigma: float) -> float:
    columns = (np.array([float(value)]) for value in (quota, baseline, sigma))
    return float(curve.expected(*columns)[0])


@st.composite
def curves(draw: st.DrawFn) -> PayCurve:
    """Any curve: with and without threshold, steps, flat pieces, a cap; its quota pays 1."""
    below = _ascending(draw, [0, 0.25, 1 / 3, 0.9], [0, 0, 0.1, 1 / 3, 0.8, 1])
    above = _ascending(draw, [1.1, 4 / 3, 3], [1, 1, 1.2, 5 / 3, 4])
    with_step = draw(st.booleans())
    step = [(1, below[-1][1])] if below and with_step else []
    beyond = draw(one_of(0, 0.5, 3))
    return PayCurve.of([*below, *step, (1, 1), *above], beyond)


def _ascending(
    draw: st.DrawFn, attainments: list[float], pays: list[float]
) -> list[tuple[float, float]]:
    """Knots, none of whose attainments stands more than twice."""
    places = [(x, side) for x in attainments for side in (0, 1)]
    chosen = sorted(draw(st.lists(st.sampled_from(places), unique=True, max_size=5)))
    pay = sorted(draw(st.sampled_from(pays)) for _ in chosen)
    return [(x, of) for (x, _), of in zip(chosen, pay, strict=True)]


@given(curves(), st.lists(st.floats(0, 1e9), min_size=2, max_size=20))
def test_31_pay_curve_is_monotone_and_pays_the_target_pay_for_the_quota(
    curve: PayCurve, attainments: list[float]
) -> None:
    steps = [x * side for x in curve.attainment for side in (1 - 1e-15, 1, 1 + 1e-15)]
    found = paid(curve, *sorted(attainments + steps))

    assert found == sorted(found)
    assert found[0] >= 0
    assert paid(curve, 1) == [pytest.approx(1, abs=1e-9)]


@given(curves(), st.floats(0.2, 5), st.floats(1e-6, 1.5), st.floats(1, 3))
def test_31_more_expected_sales_pay_no_less_and_a_larger_quota_no_more(
    curve: PayCurve, size: float, sigma: float, more: float
) -> None:
    pay = expected(curve, 1_000, 1_000 * size, sigma)

    assert expected(curve, 1_000, 1_000 * size * more, sigma) >= pay - 1e-9
    assert expected(curve, 1_000 * more, 1_000 * size, sigma) <= pay + 1e-9


@given(curves(), st.floats(0.5, 2), st.sampled_from([0.05, 0.3, 0.8]))
def test_expected_pay_is_the_integral_of_the_curve_over_the_years(
    curve: PayCurve, size: float, sigma: float
) -> None:
    """By the middles of 20,000 years of the same chance; the best of them stand for all better."""
    years = ndtri((np.arange(20_000) + 0.5) / 20_000)
    sold = 1_000 * size * np.exp(sigma * years - sigma**2 / 2)

    mean = float(curve.at(sold / 1_000).mean())

    assert expected(curve, 1_000, 1_000 * size, sigma) == pytest.approx(mean, rel=2e-3, abs=2e-3)


def test_a_threshold_pays_nothing_below_and_a_cap_no_more_above() -> None:
    assert paid(USUAL, 0, 0.499, 0.5, 0.75, 1, 1.25, 1.5, 99) == [0, 0, 0, 0.5, 1, 1.5, 2, 2]


def test_a_step_pays_the_higher_of_its_knots() -> None:
    below, above = 1 - 1e-12, 1 + 1e-12
    found = paid(STEPPED, 0.599, 0.6, 0.8, below, 1, above, 1.2, 1.3)

    assert found == pytest.approx([0, 0.3, 0.55, 0.8, 1, 1, 1, 1.3])


def test_pay_in_proportion_is_on_average_what_is_expected_over_the_quota() -> None:
    for sigma in (1e-9, 0.3, 2.0):
        assert expected(PROPORTIONAL, 80, 100, sigma) == pytest.approx(1.25)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("size", [0.4, 0.95, 1.1, 2.0])
def test_somebody_who_is_sure_is_paid_what_the_curve_says(name: str, size: float) -> None:
    curve = CURVES[name]

    assert [expected(curve, 100, 100 * size, 1e-9)] == pytest.approx(paid(curve, size), abs=1e-6)


def test_who_is_expected_to_sell_nothing_is_paid_what_nothing_pays() -> None:
    with_a_floor = PayCurve.of([(0, 0.2), (1, 1)])

    assert expected(USUAL, 100, 0, 0.3) == 0
    assert expected(with_a_floor, 100, 0, 0.3) == 0.2


def test_without_a_quota_the_target_pay_is_paid() -> None:
    assert expected(STEPPED, 0, 100, 0.3) == 1
    assert expected(STEPPED, 0, 0, 0.3) == 1
    assert attainment_of(np.array([5.0, 0.0, 6.0]), np.array([0.0, 0.0, 3.0])).tolist() == [1, 1, 2]


def test_without_a_sigma_no_pay_is_known() -> None:
    assert np.isnan(expected(USUAL, 100, 100, nan))
    assert np.isnan(expected(USUAL, 0, 100, nan))


@pytest.mark.parametrize("sigma", [50.0, 1e100])
def test_who_is_as_good_as_never_known_to_sell_is_paid_as_good_as_nothing(sigma: float) -> None:
    assert expected(USUAL, 100, 100, sigma) == pytest.approx(0, abs=1e-9)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(1e-6, 3))
def test_what_is_sold_beyond_a_limit_lies_between_the_difference_and_all_of_it(
    limit: float, baseline: float, sigma: float
) -> None:
    columns: list[FloatArray] = [np.array([value]) for value in (limit, baseline, sigma)]

    excess = float(expected_excess(*columns)[0])

    noise = 1e-12 * (limit + baseline)
    assert max(baseline - limit, 0) - noise <= excess <= baseline + noise


def faults_of(knots: list[Any], beyond: float = 0.0) -> list[str]:
    with pytest.raises(InvalidProblem) as refused:
        PayCurve.of(knots, beyond)
    return list(map(str, refused.value.faults))


def test_a_curve_that_falls_or_turns_back_is_refused_with_every_fault() -> None:
    assert faults_of([(0, 0.5), (0.5, 0.4), (0.4, 0.3), (1, 1)]) == [
        "knots[2].attainment: is 0.4, below 0.5 of the knot before",
        "knots[1].pay: is 0.4, below 0.5 of the knot before",
        "knots[2].pay: is 0.3, below 0.4 of the knot before",
    ]


def test_what_is_no_number_of_0_or_more_is_refused_with_every_fault() -> None:
    assert faults_of([(-1, 0), (1, nan), (inf, -2)], beyond=-1) == [
        "knots[0].attainment: is -1; must be a number from 0 to 1,000",
        "knots[2].attainment: is inf; must be a number from 0 to 1,000",
        "knots[1].pay: is nan; must be a number from 0 to 1,000",
        "knots[2].pay: is -2; must be a number from 0 to 1,000",
        "beyond: is -1; must be a number from 0 to 1,000",
    ]


@pytest.mark.parametrize(
    ("knots", "beyond", "pays"),
    [
        ([(0, 0), (1, 0.9)], 0, 0.9),
        ([(0, 0), (2, 1)], 0, 0.5),
        ([(1.1, 1)], 0, 0),
        ([(0, 0)], 0.5, 0.5),
    ],
)
def test_a_quota_must_pay_the_target_pay(knots: list[Any], beyond: float, pays: float) -> None:
    assert faults_of(knots, beyond) == [
        f"knots: pays {pays:g} of the target pay for an attainment of 1, and must pay 1"
    ]


def test_a_curve_of_one_knot_may_pay_the_quota_by_its_slope_or_by_a_step() -> None:
    assert paid(PayCurve.of([(0, 0)], beyond=1), 0.5, 2) == [0.5, 2]
    assert paid(PayCurve.of([(1, 1)]), 0.999, 1, 2) == [0, 1, 1]


def test_knots_too_near_to_make_a_line_and_curves_without_measure_are_refused() -> None:
    assert faults_of([(0, 0), (1e-9, 0.5), (1, 1)]) == [
        "knots[1].attainment: is 1e-09, too near to 0; two knots at one attainment make a step"
    ]
    assert faults_of([(0, 0), (1, 1), (1001, 2000)], beyond=1e308) == [
        "knots[2].attainment: is 1001; must be a number from 0 to 1,000",
        "knots[2].pay: is 2000; must be a number from 0 to 1,000",
        "beyond: is 1e+308; must be a number from 0 to 1,000",
    ]


def test_three_knots_at_one_attainment_an_empty_curve_and_too_many_knots_are_refused() -> None:
    assert faults_of([(1, 0), (1, 0.5), (1, 1)]) == [
        "knots[2].attainment: is 1 for the third time; a step has two knots"
    ]
    assert faults_of([]) == ["knots: has no knot; [0, 0] and [1, 1] pay in proportion"]
    many = [(k / MOST_KNOTS, k / MOST_KNOTS) for k in range(MOST_KNOTS + 1)]
    assert faults_of(many) == [f"knots: has {MOST_KNOTS + 1} knots; at most {MOST_KNOTS} are read"]
    with pytest.raises(InvalidProblem, match="has 2 attainments and 1 pays"):
        PayCurve((0.0, 1.0), (1.0,))
