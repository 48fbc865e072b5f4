"""The lines of business that quotas are told by, and targets of parts, as pages show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from service.web.figures import Amount, Figures
from service.web.i18n import Language
from service.web.months import last_day

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LineShown:
    """What somebody carries of one line."""

    name: str
    amount: Amount | None
    share: str


@dataclass(frozen=True, slots=True)
class PartShown:
    """A target of a part of the business; amounts beside each other, what is missed in words."""

    name: str
    target: Amount | None
    carried: Amount | None
    missed: str


@dataclass(frozen=True, slots=True)
class LineWords:
    """The lines of one version for one reader."""

    language: Language
    figures: Figures
    unit_name: Callable[[str], str]
    lines: Sequence[Row]

    def drawn(self, carried: Mapping[int, int] | None) -> list[LineShown]:
        """What the template draws of the amounts of lines, by their numbers."""
        if not carried:
            return []
        total = max(sum(carried.values()), 1)
        return [
            LineShown(
                self.name(self.lines[number]),
                self.figures.money(amount),
                self.figures.percent(amount / total) or "",
            )
            for number, amount in sorted(carried.items())
        ]

    def name(self, line: Row) -> str:
        named = [line["product"], self._customers(line["customer_type"])]
        return _crossed(named) or self.language.gettext("Everything else")

    def targets(self, rows: Sequence[Row]) -> Iterator[PartShown]:
        for row in rows:
            unit = None if row["unit"] is None else self.unit_name(row["unit"])
            customers, period = self._customers(row["customer_type"]), self._period(row["period"])
            yield PartShown(
                _crossed([unit, row["product"], customers, period]),
                self.figures.money(row["amount"]),
                self.figures.money(row["carried"]),
                self._missed(row["missed"]),
            )

    def _customers(self, kind: str | None) -> str | None:
        """The usual kinds in the reader's language, for `new` alone may be a product as well."""
        known = {
            "existing": self.language.gettext("existing customers"),
            "new": self.language.gettext("new customers"),
        }
        return None if kind is None else known.get(kind, kind)

    def _period(self, period: str | None) -> str | None:
        """Months as `2027-03` or `2027-01/2027-06` by their names."""
        if period is None:
            return None
        first, _, last = period.partition("/")
        start, end = (date.fromisoformat(f"{month}-01") for month in (first, last or first))
        return self.figures.period(start, last_day(end))

    def _missed(self, missed: int) -> str:
        if not missed:
            return ""
        amount = self.figures.exact(abs(missed))
        if missed < 0:
            return self.language.gettext("%(amount)s less than wanted", amount=amount)
        return self.language.gettext("%(amount)s more than wanted", amount=amount)


def _crossed(names: Sequence[str | None]) -> str:
    return " × ".join(name for name in names if name is not None)
