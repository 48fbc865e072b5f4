"""Single cells: what a value must look like to be read as a number, a day, a yes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_DAY: Final = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_MONTH: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_YES: Final = frozenset({"true", "yes", "1"})
_NO: Final = frozenset({"false", "no", "0"})

_ERRORS: Final = frozenset(
    {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"}
)

type Parser = Callable[[Any], Any]
"""From a cell that is not blank to a value; raises ValueError with the reason."""


class Uncomputed(str):
    """A formula of a workbook that no spreadsheet has worked out."""

    __slots__ = ()


def refuse_what_is_no_value(cell: Any) -> None:
    """Raises ValueError for formulas without a value, and for errors of spreadsheets."""
    if isinstance(cell, Uncomputed):
        raise ValueError(  # noqa: TRY004 -- the reason of a fault, like all others
            "is a formula without its value: open and save the file in a spreadsheet, or paste "
            "the values"
        )
    if isinstance(cell, str) and cell.startswith("#") and cell.strip() in _ERRORS:
        raise ValueError("is an error of the spreadsheet: mend the formula, or paste the value")


def shown(cell: Any) -> str:
    """A cell in a message, and as text: whole numbers of a workbook without a point."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    return str(cell)


def key(cell: Any) -> str:
    refuse_what_is_no_value(cell)
    text = shown(cell).strip()
    if not 1 <= len(text) <= 128 or _CONTROL.search(text):
        raise ValueError("must be an id of 1 to 128 characters without control characters")
    return text


def text(cell: Any) -> str:
    refuse_what_is_no_value(cell)
    value = shown(cell).strip()
    if len(value) > 1000 or "\x00" in value:
        raise ValueError("must be a text of at most 1000 characters, none of them NUL")
    return value


def amount(cell: Any) -> float | str:
    """Money as it came; how many decimals it may have is known to the currency."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    value = str(cell).strip()
    if not _DECIMAL.fullmatch(value):
        refuse_what_is_no_value(cell)
        raise ValueError("must be a plain decimal such as 20500.25")
    return value


def number(cell: Any) -> float:
    return float(amount(cell))


def positive(cell: Any) -> float:
    value = number(cell)
    if not 0 < value <= 100:
        raise ValueError("must be a number above 0, at most 100")
    return value


def factor(cell: Any) -> float:
    value = number(cell)
    if not 0 < value <= 10:
        raise ValueError("must be a factor above 0, at most 10")
    return value


def spread(cell: Any) -> float:
    value = number(cell)
    if not 0 < value <= 10:
        raise ValueError("must be a number above 0, at most 10")
    return value


def share(cell: Any) -> float:
    value = number(cell)
    if not 0 <= value <= 1:
        raise ValueError("must be a share between 0 and 1")
    return value


def margin(cell: Any) -> float:
    value = number(cell)
    if not -1 <= value <= 1:
        raise ValueError("must be a share between -1 and 1")
    return value


def peers(cell: Any) -> str:
    value = text(cell)
    if len(value) > 128:
        raise ValueError("must be a text of at most 128 characters")
    return value


def hedge(cell: Any) -> float:
    value = number(cell)
    if not -0.9 <= value <= 10:
        raise ValueError("must be a fraction between -0.9 and 10")
    return value


def yes_or_no(cell: Any) -> bool:
    value = shown(cell).strip().lower()
    if value not in _YES | _NO:
        raise ValueError("must be true or false")
    return value in _YES


def one_of(*words: str) -> Parser:
    """A parser of these words, in any case."""

    def parse(cell: Any) -> str:
        value = shown(cell).strip().lower()
        if value not in words:
            raise ValueError(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return value

    return parse


def day(cell: Any) -> date:
    refuse_what_is_no_value(cell)
    if isinstance(cell, datetime):
        return cell.date()
    value = str(cell).strip()
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("must be a date written YYYY-MM-DD")


def month(cell: Any) -> str:
    refuse_what_is_no_value(cell)
    value = f"{cell:%Y-%m}" if isinstance(cell, datetime) else str(cell).strip()
    if not _MONTH.fullmatch(value):
        raise ValueError("must be a month written YYYY-MM")
    return value
