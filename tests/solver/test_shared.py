"""A change that comes from outside is shared by equal parts of quotas, inside limits"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solver.amend import CannotCarry, shared
from solver.problem import UNLIMITED


def after(
    change: int,
    *quotas: int,
    floor: list[int] | None = None,
    cap: list[int] | None = None,
    increment: int = 1,
) -> list[int]:
    count = len(quotas)
    ends = (
        np.full(count, 0) if floor is None else np.array(floor),
        np.full(count, UNLIMITED) if cap is None else np.array(cap),
    )
    found: list[int] = shared(change, np.array(quotas), *ends, increment).tolist()
    return found


def test_everybody_carries_the_same_part_more() -> None:
    assert after(60, 100, 200, 300) == [110, 220, 330]


def test_everybody_carries_the_same_part_less() -> None:
    assert after(-60, 100, 200, 300) == [90, 180, 270]


def test_whoever_is_at_a_cap_leaves_it_to_the_others() -> None:
    assert after(60, 100, 200, 300, cap=[100, UNLIMITED, UNLIMITED]) == [100, 224, 336]


def test_who_carries_nothing_stays_at_nothing() -> None:
    assert after(30, 0, 100, 200) == [0, 110, 220]


def test_what_nobody_can_carry_is_told() -> None:
    with pytest.raises(CannotCarry) as caught:
        after(60, 100, 200, cap=[110, 220])

    assert caught.value.could == {0: 30}  # who hands it over comes first


@given(
    st.lists(st.integers(0, 10_000), min_size=1, max_size=8).filter(any),
    st.integers(-10_000, 10_000),
    st.sampled_from([1, 100]),
)
def test_the_sum_is_exact_and_parts_are_equal(
    quotas: list[int], change: int, increment: int
) -> None:
    change = max(change, -sum(quotas))

    found = after(change, *quotas, increment=increment)

    part = change / sum(quotas)
    assert sum(found) - sum(quotas) == change
    assert all(own >= 0 for own in found)
    assert all(
        abs(new - old * (1 + part)) <= increment + 1e-6
        for old, new in zip(quotas, found, strict=True)
    )


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=6), st.integers(0, 2_000))
def test_order_does_not_matter_but_for_the_odd_increment(quotas: list[int], change: int) -> None:
    one = after(change, *quotas)
    other = after(change, *reversed(quotas))

    assert all(abs(a - b) <= 1 for a, b in zip(one, reversed(other), strict=True))
