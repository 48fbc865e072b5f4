"""The simplex method in whole numbers: the same answers as HiGHS, and those that floats lose."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from solver.conflict.equations import Equations, Limits
from solver.conflict.exact import Vertex, cheapest
from solver.errors import LinearProgramFailed, SolveStopped, TimeIsUp
from solver.problem import UNLIMITED
from solver.watch import Watch
from tests.solver.test_equations import answers, equations, limits

SUM = equations((2, {0: 1.0, 1: 1.0}), columns=3)
WIDE = equations((2, {0: 1.0, 1: 1.0}), (3, {0: 1e-6, 1: 1e6}), columns=4)
"""What two reps carry, and a row that counts one of them by a millionth, the other by a million."""


def solved(found: Equations, within: Limits, cost: list[int], watch: Watch | None = None) -> Vertex:
    return cheapest(found, within, np.array(cost, dtype=float), watch or Watch())


class TestTheCheapestPoint:
    def test_takes_the_cheap_ones_first(self) -> None:
        vertex = solved(SUM, limits((0, 7), (0, None), (10, 10)), [1, 3, 0])

        assert [*map(int, vertex.value)] == [7, 3, 10]
        assert vertex.reduced == [-2, 0, 3]  # one more of the cheap ones saves 2

    def test_may_lie_between_whole_numbers(self) -> None:
        vertex = solved(WIDE, limits((0, None), (0, None), (10, 10), (None, 1)), [-1, 0, 0, 0])
        other = solved(WIDE, limits((0, None), (0, None), (10, 10), (1, None)), [-1, 0, 0, 0])

        assert vertex.value[0] == 10
        assert other.value[0] == 10 - Fraction(1 - Fraction(1, 10**5), 10**6 - Fraction(1, 10**6))

    def test_stands_at_the_limit_nearest_to_nothing_where_all_cost_the_same(self) -> None:
        vertex = solved(SUM, limits((-3, 9), (None, -2), (None, None)), [0, 0, 0])

        assert [*map(int, vertex.value)] == [-3, -2, -5]

    def test_is_not_there_where_limits_contradict_each_other(self) -> None:
        with pytest.raises(LinearProgramFailed, match="no point"):
            solved(SUM, limits((0, 4), (0, 5), (10, 10)), [0, 0, 0])

    def test_is_not_there_where_costs_fall_without_an_end(self) -> None:
        with pytest.raises(LinearProgramFailed, match="for ever"):
            solved(SUM, limits((0, None), (0, 5), (None, None)), [-1, 0, 0])

    def test_is_not_sought_in_a_programme_of_any_size(self) -> None:
        many = equations(*((1_000 + k, {k: 1.0}) for k in range(1_000)), columns=2_000)

        with pytest.raises(LinearProgramFailed, match="differ too much for so many rules"):
            solved(many, limits(*[(0, 9)] * 2_000), [0] * 2_000)

    def test_is_not_sought_without_time(self) -> None:
        within = limits((0, 7), (0, None), (10, 10))

        for watch, end in (
            (Watch(seconds_left=lambda: 0.0), TimeIsUp),
            (Watch(stopped=lambda: True), SolveStopped),
        ):
            with pytest.raises(end):
                solved(SUM, within, [1, 3, 0], watch)


@given(st.data())
def test_it_costs_as_much_as_by_highs_and_its_prices_prove_it(data: st.DataObject) -> None:
    found, _ = data.draw(answers())
    ends = data.draw(
        st.lists(
            st.sampled_from([(0, 9), (-3, 4), (None, 5), (2, None), (6, 6)]),
            min_size=found.columns,
            max_size=found.columns,
        )
    )
    cost = data.draw(st.lists(st.integers(-3, 3), min_size=found.columns, max_size=found.columns))
    for told in found.told.tolist():  # most sums of such numbers have no limit that they keep
        if data.draw(st.booleans()):
            ends[told] = (None, None)
    matrix = np.zeros((len(found), found.columns))
    for row, (told, terms) in enumerate(found.rows()):
        matrix[row, told] = -1.0
        for column, size in terms:
            matrix[row, column] = float(size)
    by_highs = linprog(cost, A_eq=matrix, b_eq=np.zeros(len(found)), bounds=ends)

    try:
        vertex = solved(found, limits(*ends), cost)
    except LinearProgramFailed:
        assert by_highs.status in {2, 3, 4}
        return

    within = limits(*ends)
    assert all(low <= each <= high for low, each, high in zip(
        np.where(within.low > -UNLIMITED, within.low, -np.inf),
        vertex.value,
        np.where(within.high < UNLIMITED, within.high, np.inf),
        strict=True,
    ))  # fmt: skip
    paid = sum((c * each for c, each in zip(cost, vertex.value, strict=True)), Fraction())
    bound = found.bound(within, np.array(cost, dtype=float), vertex.reduced, money=1)
    assert bound is not None
    assert bound.least == pytest.approx(paid, abs=1e-9)
    if by_highs.status == 0:
        assert float(paid) == pytest.approx(by_highs.fun, rel=1e-6, abs=1e-6)
