"""What a change of a quota does to its months."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from solver.amend import moved


def _one(months: list[int], change: int, first_open: int, increment: int = 1) -> list[int]:
    cells = np.array([[months]], dtype=np.int64)
    found: list[int] = moved(cells, np.array([change]), first_open, increment)[0, 0].tolist()
    return found


def test_months_that_are_over_keep_what_they_carry() -> None:
    assert _one([100, 100, 200, 100], 40, first_open=2) == [100, 100, 227, 113]


def test_the_earlier_month_goes_first() -> None:
    assert _one([100, 100, 100], -2, first_open=0) == [99, 99, 100]


def test_a_change_in_increments_stays_in_increments() -> None:
    assert _one([100, 100, 200, 100], 40, first_open=1, increment=10) == [100, 110, 220, 110]
    assert _one([100, 100, 200], 45, first_open=1, increment=10) == [100, 115, 230]


def test_nothing_is_taken_from_a_month_that_does_not_carry_it() -> None:
    assert _one([50, 50, 0], -100, first_open=0, increment=100) == [0, 0, 0]
    assert _one([0, 7, 0], -7, first_open=0) == [0, 0, 0]


def test_months_that_carry_nothing_share_alike() -> None:
    assert _one([90, 0, 0], 20, first_open=1) == [90, 10, 10]


def test_lines_move_with_their_months() -> None:
    cells = np.array([[[10, 30], [10, 10]]])
    found = moved(cells, np.array([8]), 1)
    assert found.tolist() == [[[10, 36], [10, 12]]]


@given(st.data())
def test_months_add_up_to_the_quota_and_stay_in_proportion(data: st.DataObject) -> None:
    amount = st.integers(0, 10**9)
    shape = (
        data.draw(st.integers(1, 4)),
        data.draw(st.integers(1, 3)),
        data.draw(st.integers(1, 12)),
    )
    size = shape[0] * shape[1] * shape[2]
    flat = data.draw(st.lists(amount, min_size=size, max_size=size))
    cells = np.array(flat, dtype=np.int64).reshape(shape)
    first = data.draw(st.integers(0, shape[2] - 1))
    increment = data.draw(st.sampled_from((1, 7, 100)))
    open_cells = cells[:, :, first:]
    room = open_cells.sum(axis=(1, 2)).tolist()
    change = np.array([data.draw(st.integers(-most, 10**9)) for most in room])
    found = moved(cells, change, first, increment)
    assert np.array_equal(found[:, :, :first], cells[:, :, :first])
    assert np.array_equal(found.sum(axis=(1, 2)), cells.sum(axis=(1, 2)) + change)
    assert found.min() >= 0
    for row in np.flatnonzero(np.array(room)).tolist():
        share = open_cells[row] * (int(change[row]) / room[row])
        off = np.abs(found[row, :, first:] - open_cells[row] - share)
        assert off.max() <= increment + 1e-6 * abs(int(change[row]))
