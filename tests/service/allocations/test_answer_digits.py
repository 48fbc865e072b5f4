"""A measurement is told with the same digits in a row of its own and in a column."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from service.allocations.figures import nullable, rounded


@given(st.floats(-1e290, 1e290), st.sampled_from([6, 9]))
@example(float("nan"), 9)
@example(0.5e-9, 9)  # as far from one digit as from the other
@example(2.5e-6, 6)
@example(-1e-12, 9)
def test_one_figure_is_rounded_like_a_column(value: float, places: int) -> None:
    (expected,) = nullable(np.round(np.array([value]), places))

    told = rounded(value, places)

    assert (None if told is None else rounded(told, 9)) == expected


def test_whole_figures_stay_as_they_are() -> None:
    assert rounded(774094805707, 6) == 774094805707
    assert rounded(float("inf"), 6) is None
