"""Spread, Gini, Jain and Theil."""

from __future__ import annotations

from math import log, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.assess import Inequality, Spread
from solver.assess.inequality import inequality

amounts = st.lists(
    st.tuples(st.floats(0, 1e9, allow_subnormal=False), st.integers(0, 4)), min_size=1, max_size=40
)


def test_quartiles_mean_and_deviation() -> None:
    told = Spread.of(np.array([4.0, nan, 2.0, 1.0, 3.0, 5.0]))

    assert (told.n, told.min, told.low_quarter, told.median) == (5, 1, 2, 3)
    assert (told.high_quarter, told.max, told.mean) == (4, 5, 3)
    assert told.deviation == pytest.approx(2**0.5)


def test_equal_values_have_no_inequality() -> None:
    told = inequality(np.full(6, 7.0), np.arange(6))

    assert (told.gini, told.jain, told.theil, told.between, told.within) == (0, 1, 0, 0, 0)


def test_one_of_four_has_everything() -> None:
    told = inequality(np.array([0.0, 0, 8, 0]), np.array([0, 0, 1, 1]))

    assert told.gini == pytest.approx(3 / 4)
    assert told.jain == pytest.approx(1 / 4)
    assert told.theil == pytest.approx(log(4))
    assert told.between == pytest.approx(log(2))


def test_inequality_of_two_even_units_lies_between_them() -> None:
    told = inequality(np.array([1.0, 1, 3, 3]), np.array([0, 0, 1, 1]))

    assert told.within == 0
    assert told.between == told.theil


@given(amounts, st.floats(1e-6, 1e6))
def test_invariant_28_indices_are_currency_free_theil_is_between_and_within(
    rows: list[tuple[float, int]], rate: float
) -> None:
    """28: indices are currency-free, Theil = between + within; null where undefined."""
    values, unit = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    told, elsewhere = inequality(values, unit), inequality(values * rate, unit)

    if not values.max() > 0:
        assert told == Inequality(len(rows), reason="all_zero")
        return
    assert told.theil is not None
    assert told.between is not None
    assert told.within is not None
    assert told.between + told.within == pytest.approx(told.theil, abs=1e-9)
    for name in ("gini", "jain", "theil", "between", "within"):
        assert getattr(elsewhere, name) == pytest.approx(getattr(told, name), abs=1e-9)


@pytest.mark.parametrize(
    ("values", "reason"),
    [([nan, nan], "unknown"), ([], "unknown"), ([-1.0, 2.0], "negative"), ([0.0, 0.0], "all_zero")],
)
def test_undefined_indices_are_null_and_say_why(values: list[float], reason: str) -> None:
    told = inequality(np.array(values), np.zeros(len(values), np.int64))

    assert told.reason == reason
    assert (told.gini, told.jain, told.theil, told.between, told.within) == (None,) * 5


def test_one_rep_and_one_unit_are_even() -> None:
    assert inequality(np.array([3.0]), np.array([-1])).gini == 0
    assert inequality(np.array([1.0, 2.0]), np.array([-1, -1])).between == 0
