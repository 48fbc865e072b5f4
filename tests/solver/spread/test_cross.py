"""Reps x products x months."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.errors import InvalidProblem
from solver.problem import FloatArray, IntArray
from solver.spread.cross import spread_cross
from solver.spread.periods import spread_over_time
from solver.spread.season import even
from solver.spread.table import spread


def a_company(
    number: int, increment: int, zeros: float = 0.0, reps: int = 6
) -> tuple[FloatArray, IntArray, IntArray, IntArray]:
    """Seed, months of reps, company's products by month, products of reps."""
    random = np.random.default_rng(number)
    k, t = 4, 12
    mix = random.lognormal(0, 0.6, (reps, k))
    mix[1:, 1:] *= random.random((reps - 1, k - 1)) >= zeros  # somebody sells everything
    quota = random.integers(100, 2_000, reps) * 100 * increment
    months = spread_over_time(quota, even(reps, t), increment).months
    products = spread(mix, quota, _parts(mix, quota, increment), increment=increment).cells
    company = spread(
        np.ones((k, t)), products.sum(axis=0), months.sum(axis=0), increment=increment
    ).cells
    return np.repeat(mix[:, :, None], t, axis=2), months, company, products


def _parts(mix: FloatArray, quota: IntArray, increment: int) -> IntArray:
    wanted = (mix / mix.sum(axis=1, keepdims=True) * quota[:, None]).sum(axis=0)
    parts = (wanted // increment).astype(np.int64) * increment
    parts[0] += quota.sum() - parts.sum()
    return parts


@given(st.integers(0, 10_000), st.sampled_from([1, 100]), st.sampled_from([0.0, 0.4]))
def test_30_cross_tables_of_three_ways_are_exact_in_both_families_and_zeros_stay_zero(
    number: int, increment: int, zeros: float
) -> None:
    seed, months, company, _ = a_company(number, increment, zeros)

    found = spread_cross(seed, months, company, increment=increment)

    assert np.array_equal(found.cells.sum(axis=1), months)
    assert np.array_equal(found.cells.sum(axis=0), company)
    assert not found.cells[seed == 0].any()
    assert found.cells.min() >= 0


@given(st.integers(0, 10_000))
def test_what_a_rep_carries_of_a_product_is_kept_within_an_increment(number: int) -> None:
    seed, months, company, _ = a_company(number, 100)

    found = spread_cross(seed, months, company, increment=100)

    over_the_months = found.cells.sum(axis=2) - found.exact.sum(axis=2)
    assert np.abs(over_the_months).max() < 100 + 1e-6
    assert np.abs(found.cells - found.exact).max() < 200 + 1e-6
    assert not found.missed.any()


def test_a_third_family_is_met_where_cells_are_many_increments() -> None:
    seed, months, company, products = a_company(0, 100, reps=20)

    found = spread_cross(seed, months, company, rep_products=products, increment=100)

    assert not found.missed.any()
    assert np.array_equal(found.cells.sum(axis=2), products)


def test_what_a_third_family_misses_is_told() -> None:
    # Rep 0 sells all of A by its own margin; but A is sold in January only, and rep 0 works then
    # for no more than half of it.
    months = np.array([[50, 50], [50, 50]])
    company = np.array([[100, 0], [0, 100]])
    products = np.array([[100, 0], [0, 100]])

    found = spread_cross(np.ones((2, 2, 2)), months, company, rep_products=products)

    assert np.array_equal(found.cells.sum(axis=1), months)
    assert np.array_equal(found.cells.sum(axis=0), company)
    assert found.missed.tolist() == [[-50, 50], [50, -50]]


def test_tables_that_do_not_fit_together_are_refused_at_once() -> None:
    with pytest.raises(InvalidProblem) as caught:
        spread_cross(np.ones((2, 3, 4)), np.ones((2, 3), np.int64), np.ones((4, 3), np.int64))

    assert [fault.field for fault in caught.value.faults] == ["rep_months", "company"]


def test_products_of_a_rep_that_are_not_the_quota_are_refused() -> None:
    seed, months, company, products = a_company(0, 1)
    products[0, 0] += 1

    with pytest.raises(InvalidProblem, match=r"rep_products\[0\].sum"):
        spread_cross(seed, months, company, rep_products=products)
