"""How amounts, shares and dates are written, in the reader's language.

Tables leave out the cents of large amounts, and Chinese pages count in 万 and 亿 with at most two
decimals; every such number carries the full one with it (a tooltip), so that nothing is lost.
Halves are rounded away from zero, as people do it: 0.625 is 0.63.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from babel import Locale
from babel.dates import format_date, format_interval
from babel.lists import format_list
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_name,
)

_WAN = 4  # 万 is ten to the fourth
_YI = 8  # 亿 is ten to the eighth
_MYRIADS_FROM = 10**6
"""A page whose largest amount is at least this many yuan (dollars …) is read in 万."""
CENTS_BELOW = 10**5
"""From here on, tables leave out the cents."""
_WAN_FROM = 10**3
"""From here on, an amount can be said in 万 beside larger ones: 0.1 万."""
_NAMES_OF_POWERS = {_YI: "亿", _WAN: "万"}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as it is shown, and the same to the last minor unit."""

    shown: str
    exact: str

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of one plan for one reader. Amounts come in minor units."""

    locale: Locale
    currency: str
    digits: int
    """Minor digits of the currency."""
    power: int
    """Tables show amounts in units of ten to this power: 0, or 4 for 万."""
    decimals: int
    counted_in: str | None = None
    """What is counted where the amounts are no money: no currency stands beside them."""

    @classmethod
    def of(cls, locale: Locale, currency: str, digits: int, amounts: Iterable[int]) -> Self:
        """Choose the unit and the decimals that suit all these amounts, the largest included."""
        known = list(amounts)
        largest = max(map(abs, known), default=0)
        myriads = locale.language == "zh" and largest >= _MYRIADS_FROM * 10**digits
        power = _WAN if myriads else 0
        whole = 10 ** (digits + power)
        if all(amount % whole == 0 for amount in known):
            return cls(locale, currency, digits, power, decimals=0)
        cents = digits if largest < CENTS_BELOW * 10**digits else 0
        return cls(locale, currency, digits, power, decimals=2 if myriads else cents)

    def money(self, minor: float | None) -> Amount | None:
        """An amount in the unit of the page's tables."""
        if minor is None:
            return None
        value = _scaled(minor, self.digits + self.power)
        return Amount(self._decimal(value, self.decimals), self.exact(minor))

    def exact(self, minor: float) -> str:
        """With the currency, to the last minor unit."""
        value = _scaled(half_up(minor), self.digits)
        if self.counted_in is not None:
            return f"{self._decimal(value, 0)} {self.counted_in}"
        return format_currency(value, self.currency, locale=self.locale).replace("-", "−")

    def headline(self, minor: float, power: int | None = None) -> Amount:
        """A large amount as people say it: 1.08 亿元 in Chinese, else in full without cents.

        `power`: what a list says all its amounts in (`spoken_power`); the amount's own if left out.
        """
        power = self.spoken_power([minor]) if power is None else power
        told = half_up(minor)
        if not power and abs(told) >= CENTS_BELOW * 10**self.digits:
            told = half_up(told / 10**self.digits) * 10**self.digits
        return Amount(self.spoken(told, power), self.exact(minor))

    def spoken(self, minor: int, power: int) -> str:
        """In units of ten to this power and with its name; without them, cents where it has any."""
        value = _scaled(minor, self.digits)
        if power:
            number = self._decimal(value.scaleb(-power), 2, needed_only=True)
            return f"{number} {_NAMES_OF_POWERS[power]}{self._currency_name}"
        if self.counted_in is not None:
            return f"{self._decimal(value, 0)} {self.counted_in}"
        whole = value == value.to_integral_value()
        shown = format_currency(
            value.quantize(Decimal(1)) if whole else value,
            self.currency,
            locale=self.locale,
            currency_digits=False,
            format="¤#,##0" if whole else None,
        )
        return shown.replace("-", "−")

    def spoken_power(self, amounts: Iterable[float]) -> int:
        """The power of ten of one unit for a whole list: 8 for 亿, 4 for 万, 0 for neither.

        Two decimals have to tell each amount to a few per cent.
        """
        sizes = [abs(amount) / 10**self.digits for amount in amounts if amount]
        if not (self._chinese and sizes) or max(sizes) < 10**_WAN:
            return 0
        return _YI if min(sizes) >= 10**_YI else _WAN if min(sizes) >= _WAN_FROM else 0

    def tick(self, minor: float) -> str:
        """An amount on an axis: 200K, 20万."""
        value = _scaled(minor, self.digits)
        return format_compact_decimal(value, locale=self.locale, fraction_digits=1)

    @property
    def unit(self) -> str:
        """What the numbers of the tables count: 万元, or the currency's code."""
        if self.locale.language == "zh":
            return ("万" if self.power else "") + self._currency_name
        return self.counted_in or self.currency

    @property
    def _currency_name(self) -> str:
        if self.counted_in is not None:
            return self.counted_in
        return (
            "元" if self.currency == "CNY" else get_currency_name(self.currency, locale=self.locale)
        )

    def _decimal(self, value: Decimal, decimals: int, *, needed_only: bool = False) -> str:
        pattern = "#,##0." + ("#" if needed_only else "0") * decimals if decimals else "#,##0"
        rounded = rounded_to(value, decimals) or Decimal(0)  # never -0
        return format_decimal(rounded, format=pattern, locale=self.locale).replace("-", "−")

    def percent(self, share: float | None, *, signed: bool = False) -> str | None:
        """0.164 is 16.4%, or +16.4% where it is a change."""
        if share is None:
            return None
        rounded = rounded_to(share, 3) or Decimal(0)  # never -0.0%
        sign = "+" if signed and rounded > 0 else ""
        return sign + format_percent(rounded, "#,##0.0%", locale=self.locale).replace("-", "−")

    def percent_tick(self, share: float) -> str:
        """A share on an axis: 10%, or 2.5% where it is needed."""
        rounded = rounded_to(share, 4) or Decimal(0)
        return format_percent(rounded, "#,##0.##%", locale=self.locale).replace("-", "−")

    def number(self, value: float | None, decimals: int = 2) -> str | None:
        if value is None:
            return None
        return self._decimal(Decimal(repr(float(value))), decimals)

    def count(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def day(self, day: date) -> str:
        return format_date(day, format="medium", locale=self.locale)

    def period(self, start: date, end: date) -> str:
        """A whole year as the year, other whole months by their names."""
        whole_months = start.day == 1 and (end + timedelta(days=1)).day == 1
        if whole_months and (start.month, end.month) == (1, 12) and start.year == end.year:
            return format_date(start, format="y年" if self._chinese else "y", locale=self.locale)
        skeleton = "yMMM" if whole_months else "yMMMd"
        return format_interval(start, end, skeleton, locale=self.locale)

    def month(self, first: date) -> str:
        """A month by its name alone: Jan, 1月."""
        return format_date(first, format="LLL", locale=self.locale)

    def listed(self, words: Sequence[str]) -> str:
        """2026 and 2027."""
        return format_list(words, locale=self.locale)

    @property
    def _chinese(self) -> bool:
        return bool(self.locale.language == "zh")


def rounded_to(value: float | Decimal, decimals: int) -> Decimal:
    """The decimal that a person would round the written number to: halves away from zero."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def half_up(amount: float) -> int:
    """The whole number next to it, by the same rule."""
    return int(rounded_to(amount, 0))


def _scaled(minor: float, power: int) -> Decimal:
    return Decimal(minor if isinstance(minor, int) else repr(float(minor))).scaleb(-power)
