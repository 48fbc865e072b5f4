"""What people write, in the one plain spelling that cells are read in; texts only.

A spelling that may mean two things (`1,5`, `1.080.000`, `01/02/2026`) is answered as it stands, and
the reader of cells refuses it.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Final

_SEPARATED: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_SIGNS: Final = re.compile(r"^(?:¥|\$|€|£|rmb|cny|usd|eur)|(?:元|rmb|cny|usd|eur)$", re.IGNORECASE)
_UNITS: Final = {"万": 4, "亿": 8}
_DAY: Final = re.compile(
    r"([12][0-9]{3})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日?)"
    r"(?:[T ]00:00(?::00(?:\.0+)?)?)?"
)
_JOINED_DAY: Final = re.compile(r"([12][0-9]{3})(0[1-9]|1[0-2])([0-3][0-9])")
_MONTH: Final = re.compile(r"([12][0-9]{3})(?:[-/.]([0-9]{1,2})|年([0-9]{1,2})月?)")
_JOINED_MONTH: Final = re.compile(r"([12][0-9]{3})(0[1-9]|1[0-2])")
_YES: Final = frozenset({"y", "t", "是", "√", "真"})
_NO: Final = frozenset({"n", "f", "否", "×", "假"})


def narrow(text: str) -> str:
    """Full-width digits and letters as plain ones, without spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def as_stands(text: str) -> str:
    return text


def plain_amount(text: str) -> str:
    """`1,080,000`, `¥108万`, `1 080 000` are 1080000."""
    short = _SIGNS.sub("", narrow(text))
    places = _UNITS.get(short[-1:], 0)
    if places:
        short = short[:-1]
    if _SEPARATED.fullmatch(short):
        short = short.replace(",", "")
    if not _PLAIN.fullmatch(short):
        return text
    return f"{Decimal(short).scaleb(places):f}" if places else short


def plain_part(text: str) -> str:
    """`40%` is 0.4; other numbers as amounts."""
    short = narrow(text)
    if short.endswith("%") and _PLAIN.fullmatch(short[:-1]):
        return f"{Decimal(short[:-1]).scaleb(-2).normalize():f}"
    return plain_amount(text)


def plain_day(text: str) -> str:
    """`2026/1/5`, `2026.1.5`, `2026年1月5日`, `20260105` are 2026-01-05."""
    stripped = unicodedata.normalize("NFKC", text).strip()
    if found := _DAY.fullmatch(stripped):
        year, _, *parts = found.groups()
        month, day = filter(None, parts)
        return f"{year}-{int(month):02d}-{int(day):02d}"
    joined = _JOINED_DAY.fullmatch(stripped)
    return "-".join(joined.groups()) if joined else text


def plain_month(text: str) -> str:
    """`2026/1`, `2026年1月`, `202601`, and the first day of the month, are 2026-01."""
    stripped = unicodedata.normalize("NFKC", text).strip()
    if found := _MONTH.fullmatch(stripped) or _JOINED_MONTH.fullmatch(stripped):
        year, *parts = found.groups()
        (month,) = filter(None, parts)
        return f"{year}-{int(month):02d}"
    day = plain_day(stripped)
    return day[:7] if day.endswith("-01") and len(day) == len("2026-01-01") else text


def plain_answer(text: str) -> str:
    """是 and `y` are true, 否 and `n` are false."""
    short = narrow(text).lower()
    return "true" if short in _YES else "false" if short in _NO else text
