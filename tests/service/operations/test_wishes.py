"""What callers say about waiting (RFC 7240)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.operations.domain import LONGEST_WAIT, Wish


@pytest.mark.parametrize(
    ("headers", "seconds", "applied"),
    [
        ([], 1.0, None),
        (["respond-async"], 0.0, "respond-async"),
        (["Respond-Async"], 0.0, "respond-async"),
        (["wait=10"], 10.0, "wait=10"),
        (['wait = "10"'], 10.0, "wait=10"),
        (["wait=0"], 0.0, "wait=0"),
        (["respond-async, wait=10"], 10.0, "respond-async"),
        (["respond-async", "wait=10"], 10.0, "respond-async"),
        (["wait=10, wait=20"], 10.0, "wait=10"),
        (["wait=999999"], LONGEST_WAIT, "wait=600"),
        (["return=minimal, wait=5;x=y"], 5.0, "wait=5"),
        (["wait=soon"], 1.0, None),
        (["wait=-1"], 1.0, None),
        (["wait"], 1.0, None),
    ],
)
def test_a_wish_is_heeded_where_it_can_be_read(
    headers: list[str], seconds: float, applied: str | None
) -> None:
    wish = Wish.of(headers)

    assert (wish.seconds(otherwise=1.0), wish.applied) == (seconds, applied)


@given(st.lists(st.text(max_size=40), max_size=4))
def test_whatever_is_sent_nobody_waits_longer_than_may_be(headers: list[str]) -> None:
    assert 0 <= Wish.of(headers).seconds(otherwise=1.0) <= LONGEST_WAIT
