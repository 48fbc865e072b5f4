"""Money at the boundary: JSON numbers and decimal strings in, integer minor units inside.

A currency has 0 (JPY), 2 (USD) or 3 (KWD) minor digits, as the Unicode CLDR says (babel). Nothing
is ever rounded here: an amount with more digits is refused. A JSON number is read as the decimal
that prints it shortest, so 0.1 is a tenth. Amounts reach to 5 * 10**15 minor units (50 trillion
dollars): up to there the neighbours of a float64 are closer than a minor unit of any currency, so
that a JSON number carries the last one; 90071992547409.91, which is 2**53 - 1 cents, prints as .9.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, cast

import numpy as np
import numpy.typing as npt
from babel.core import get_global
from babel.numbers import list_currencies
from pydantic import Field, WithJsonSchema

from service.kit.errors import Fault

MAX_MINOR = 5 * 10**15

MoneyIn = Annotated[
    Annotated[int, Field(strict=True)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
    | Annotated[str, Field(strict=True)],
    Field(union_mode="left_to_right"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
            ],
            "description": "An amount with at most the currency's minor digits",
            "examples": [1080000, "1080000.50"],
        }
    ),
]
"""An amount as it came; `to_minor` turns it into minor units of the plan's currency."""

MoneyOut = Annotated[int | float, WithJsonSchema({"type": "number", "examples": [1080000]})]
"""What `from_minor` answers; whole amounts are written without `.0`."""

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class InvalidMoney(ValueError):
    """An amount that cannot be exact; the message is the rest of a sentence about the value."""


def known_currencies() -> frozenset[str]:
    """The ISO 4217 codes in use or once in use."""
    return frozenset(list_currencies())


def minor_digits(currency: str) -> int:
    """How many decimals the currency has; raises InvalidMoney for an unknown code."""
    if currency not in known_currencies():
        raise InvalidMoney("is no ISO 4217 currency code")
    fractions = get_global("currency_fractions")
    digits: int = fractions.get(currency, fractions["DEFAULT"])[0]
    return digits


def to_minor(value: float | str, digits: int) -> int:
    """`0.1` and `"0.1"` are 10 with two digits. Raises InvalidMoney; never rounds."""
    if isinstance(value, bool):
        raise InvalidMoney("must be a number or a decimal string")
    if isinstance(value, int):
        return _within(value * 10**digits)
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise InvalidMoney("must be a plain decimal such as 1080000.50")
    if isinstance(value, str) and len(value) > 40:
        raise InvalidMoney("has too many digits")
    try:
        scaled = Decimal(repr(value) if isinstance(value, float) else value).scaleb(digits)
    except InvalidOperation:
        raise InvalidMoney("must be a finite number") from None
    if not scaled.is_finite():
        raise InvalidMoney("must be a finite number")
    if abs(scaled) > MAX_MINOR:
        raise InvalidMoney("is too large")
    minor = int(scaled)
    if minor != scaled:
        raise InvalidMoney(f"has more than {digits} decimals" if digits else "must be whole")
    return minor


def amount_faults(value: float | str, digits: int, at: str) -> Iterator[Fault]:
    """Why this is no amount that somebody could sell; `at`: the pointer to it."""
    try:
        if to_minor(value, digits) < 0:
            yield Fault(at, "must not be negative", value)
    except InvalidMoney as fault:
        yield Fault(at, str(fault), value)


def _within(minor: int) -> int:
    if abs(minor) > MAX_MINOR:
        raise InvalidMoney("is too large")
    return minor


def column_to_minor(
    values: Sequence[float | str | None], digits: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], dict[int, str]]:
    """A whole column at once: minor units, where a value was given, and faults by row.

    Missing (None) and faulty rows hold 0. Same rules as `to_minor`, faster for plain numbers.
    """
    given = np.array([value is not None for value in values], dtype=np.bool_)
    minor = np.zeros(len(values), dtype=np.int64)
    faults: dict[int, str] = {}
    types = set(map(type, values)) - {type(None)}
    slow = np.flatnonzero(given)
    if types <= {int, float}:
        numbers = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
        minor, slow = _plain_numbers(numbers, digits)
    for row in slow.tolist():
        try:
            minor[row] = to_minor(cast("float | str", values[row]), digits)
        except InvalidMoney as fault:
            faults[row] = str(fault)
    return minor, given, faults


def _plain_numbers(
    numbers: npt.NDArray[np.float64], digits: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    """Minor units, and the rows that need the exact way.

    Below 10**15 a float that is the nearest one to minor / 10**digits prints as that decimal: it
    has at most 15 significant digits, which every float64 keeps apart.
    """
    scale = 10**digits
    with np.errstate(invalid="ignore", over="ignore"):
        rounded = np.rint(numbers * scale)
        sure = (np.abs(rounded) < 10**15) & (rounded / scale == numbers)
    return np.where(sure, rounded, 0).astype(np.int64), np.flatnonzero(~sure)


def from_minor(minor: int, digits: int) -> float:
    """A JSON number that prints exactly: whole amounts as int, others as the nearest float."""
    whole, rest = divmod(minor, 10**digits)
    return whole if rest == 0 else float(minor / 10**digits)


def column_from_minor(minor: npt.NDArray[np.int64], digits: int) -> list[float]:
    """`from_minor` of a column."""
    scale = 10**digits
    whole, rest = np.divmod(minor, scale)
    if not rest.any():
        units: list[float] = whole.tolist()
        return units
    rows = zip(whole.tolist(), rest.tolist(), (minor / scale).tolist(), strict=True)
    return [amount if odd else even for even, odd, amount in rows]


def plain_text(minor: int, digits: int) -> str:
    """`1080000.50`: for files and messages, always with all minor digits."""
    return str(Decimal(minor).scaleb(-digits).quantize(Decimal(1).scaleb(-digits)))
