"""What prices prove about costs within limits, in whole numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.conflict.equations import Equations, Limits
from solver.problem import UNLIMITED

type Answer = tuple[Equations, list[int]]
"""Equations, and whole numbers for their free columns."""

sizes = st.sampled_from([1.0, -1.0, 0.1, 3.7, -1e-6, 1e6])
amounts = st.integers(-9, 9)


def equations(*rows: tuple[int, dict[int, float]], columns: int) -> Equations:
    """From the told columns and what each is made of."""
    terms = [(told, np.array([*of]), np.array([*of.values()])) for told, of in rows]
    return Equations.of(np.ones(columns), terms)


def limits(*ends: tuple[int | None, int | None]) -> Limits:
    """None is no limit."""
    low = [-UNLIMITED if end is None else end for end, _ in ends]
    high = [UNLIMITED if end is None else end for _, end in ends]
    return Limits(np.array(low), np.array(high))


def least(found: Equations, within: Limits, cost: list[int], reduced: list[float]) -> float | None:
    """The bound by prices that make the `reduced` costs of told columns."""
    bound = found.bound(within, np.array(cost, dtype=float), reduced, money=1)
    return None if bound is None else float(bound.least)


TWO = equations((2, {0: 1.0, 1: 1.0}), columns=3)
"""Column 2 is the sum of columns 0 and 1."""


class TestPrices:
    def test_prove_what_a_sum_costs_at_least(self) -> None:
        """10 in all, at 1 and at 3 each: 7 of the cheap ones, 3 of the others."""
        within = limits((0, 7), (0, None), (10, 10))

        assert least(TWO, within, [1, 3, 0], [0.0, 0.0, 3.0]) == 16

    def test_prove_that_limits_contradict_each_other(self) -> None:
        assert least(TWO, limits((0, 4), (0, 5), (10, None)), [0, 0, 0], [0.0, 0.0, 1.0]) == 1
        assert least(TWO, limits((0, 5), (0, 5), (10, None)), [0, 0, 0], [0.0, 0.0, 1.0]) == 0

    def test_prove_nothing_by_limits_that_are_not_there(self) -> None:
        """Column 1 may be anything, so no sum is too large."""
        assert least(TWO, limits((0, 4), (0, None), (10, None)), [0, 0, 0], [0.0, 0.0, 1.0]) is None

    def test_of_a_tenth_and_a_fifth_are_not_off_by_the_last_digit_of_a_float(self) -> None:
        tenths = equations((2, {0: 0.1, 1: 0.2}), columns=3)
        free = limits((10, 10), (10, 10), (3, 3))

        assert least(tenths, free, [0, 0, 0], [0.0, 0.0, 1.0]) == 0

    def test_may_be_any_numbers_but_then_prove_little(self) -> None:
        within = limits((0, 7), (0, 9), (10, 10))

        assert least(TWO, within, [1, 3, 0], [0.0, 0.0, -1e-3]) == -0.01

    def test_of_nothing_are_no_proof_and_no_error(self) -> None:
        assert least(TWO, limits((0, 7), (0, 9), (10, 10)), [0, 0, 0], [0.0, 0.0, 0.0]) == 0


def test_sums_are_exact_where_floats_would_lose_them() -> None:
    wide = equations((2, {0: 1e-6, 1: 1e6}), columns=3)

    sums = wide.sums(np.array([2]), np.array([0, 1]), np.array([1, 9_007_199_254]))

    assert sums == [(9_007_199_254_000_000, 9_007_199_254_000_001)]


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Three free columns; of the others the later ones are made of the earlier ones, too."""
    told = draw(st.integers(1, 3))
    rows = [
        (k, draw(st.dictionaries(st.integers(0, k - 1), sizes, min_size=1)))
        for k in range(3, 3 + told)
    ]
    return equations(*rows, columns=3 + told), draw(st.lists(amounts, min_size=3, max_size=3))


@given(answers(), st.data())
def test_nothing_within_limits_costs_less_than_any_prices_prove(
    case: Answer, data: st.DataObject
) -> None:
    found, free = case
    value = [Fraction(each) for each in free] + [Fraction()] * len(found)
    for told, terms in found.rows():
        value[told] = sum((a * value[j] for j, a in terms), Fraction())
    room = data.draw(st.lists(st.sampled_from([0, 0, 1, 50, None]), min_size=2 * len(value)))
    ends = [
        (
            None if below is None else int(each // 1) - below,
            None if above is None else -int(-each // 1) + above,
        )
        for each, below, above in zip(value, room[::2], room[1::2], strict=False)
    ]
    cost = data.draw(st.lists(amounts, min_size=len(value), max_size=len(value)))
    reduced = data.draw(st.lists(st.floats(-5, 5), min_size=len(value), max_size=len(value)))

    bound = found.bound(limits(*ends), np.array(cost, dtype=float), reduced, money=10**9)

    if bound is not None:
        assert bound.least <= sum(c * each for c, each in zip(cost, value, strict=True))
