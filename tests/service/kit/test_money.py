"""Money is exact: a decimal that goes in comes out the same, and nothing is rounded."""

import json
from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st

from service.kit.money import (
    MAX_MINOR,
    InvalidMoney,
    column_from_minor,
    column_to_minor,
    from_minor,
    known_currencies,
    minor_digits,
    plain_text,
    to_minor,
)

digits = st.sampled_from([0, 2, 3, 4])
amounts = st.integers(-MAX_MINOR, MAX_MINOR)
measured = st.one_of(st.integers(-(10**18), 10**18), st.floats(), amounts.map(lambda n: n / 100))


def read(value: float | str, digits: int) -> tuple[int, str | None]:
    try:
        return to_minor(value, digits), None
    except InvalidMoney as fault:
        return 0, str(fault)


def test_currencies_have_none_two_or_three_minor_digits() -> None:
    assert [minor_digits(code) for code in ("JPY", "USD", "CNY", "KWD")] == [0, 2, 2, 3]


def test_minor_digits_are_those_of_babel() -> None:
    assert all(minor_digits(code) == get_currency_precision(code) for code in known_currencies())


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(InvalidMoney, match="is no ISO 4217 currency code"):
        minor_digits("XXQ")


@given(amounts, digits)
def test_an_amount_survives_the_way_out_and_back_as_json_number(minor: int, digits: int) -> None:
    sent = json.loads(json.dumps(from_minor(minor, digits)))

    assert to_minor(sent, digits) == minor


@given(amounts, digits)
def test_an_amount_survives_the_way_out_and_back_as_text(minor: int, digits: int) -> None:
    assert to_minor(plain_text(minor, digits), digits) == minor


@given(amounts, digits)
def test_a_json_number_prints_the_exact_amount(minor: int, digits: int) -> None:
    printed = Decimal(json.dumps(from_minor(minor, digits)))

    assert printed == Decimal(minor).scaleb(-digits)


@pytest.mark.parametrize(
    ("value", "digits", "why"),
    [
        (1.005, 2, "has more than 2 decimals"),
        ("0.0001", 3, "has more than 3 decimals"),
        (0.5, 0, "must be whole"),
        (float("nan"), 2, "must be a finite number"),
        (float("inf"), 2, "must be a finite number"),
        ("NaN", 2, "must be a plain decimal"),
        ("1e5", 0, "must be a plain decimal"),
        ("", 2, "must be a plain decimal"),
        ("1,000", 2, "must be a plain decimal"),
        ("٣", 2, "must be a plain decimal"),
        (5 * 10**15 + 1, 0, "is too large"),
        (50000000000000.02, 2, "is too large"),
        ("50000000000000.01", 2, "is too large"),
        (1e300, 2, "is too large"),
        ("9" * 400, 2, "has too many digits"),
        (True, 2, "must be a number or a decimal string"),
    ],
)
def test_what_cannot_be_exact_is_refused_not_rounded(
    value: float | str, digits: int, why: str
) -> None:
    with pytest.raises(InvalidMoney, match=why):
        to_minor(value, digits)


@given(st.lists(st.one_of(st.none(), measured, st.text(max_size=5)), max_size=20), digits)
def test_a_column_is_read_like_its_values_one_by_one(
    values: list[float | str | None], digits: int
) -> None:
    minor, given, faults = column_to_minor(values, digits)

    assert given.tolist() == [value is not None for value in values]
    one_by_one = [(0, None) if value is None else read(value, digits) for value in values]
    assert [(minor[row], faults.get(row)) for row in range(len(values))] == one_by_one


@given(st.lists(measured, max_size=20), digits)
def test_a_column_of_numbers_alone_is_read_like_its_values(
    values: list[float], digits: int
) -> None:
    minor, _, faults = column_to_minor(values, digits)

    one_by_one = [read(value, digits) for value in values]
    assert [(minor[row], faults.get(row)) for row in range(len(values))] == one_by_one


def test_a_column_goes_out_as_whole_numbers_where_amounts_are_whole() -> None:
    minor, _, _ = column_to_minor([100, 0.5, None], 2)

    assert json.dumps(column_from_minor(minor, 2)) == "[100, 0.5, 0]"
