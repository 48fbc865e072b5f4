"""Closed months: what is over stays as it was.

A month is closed when it has ended, or when the books are closed through it. An event inside a
closed month counts from the first day of the first open one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from service.negotiations.events.domain.life import EveryMonthIsClosed


@dataclass(frozen=True, slots=True)
class Open:
    """What of a period is open."""

    first: dt.date
    """The first open day."""
    closed_through: str | None
    """The last closed month; None: nothing is closed yet."""
    place: int
    """How many months are closed."""

    @classmethod
    def on(cls, today: dt.date, months: Sequence[str], through: str | None = None) -> Self:
        """What is open today of these months, with the books closed `through` a month.

        Raises `EveryMonthIsClosed`.
        """
        this_month = f"{today:%Y-%m}"
        closed = [name for name in months if name < this_month or name <= (through or "")]
        if len(closed) == len(months):
            raise EveryMonthIsClosed(f"The plan is closed through {closed[-1]}, its last month.")
        first = dt.date.fromisoformat(f"{months[len(closed)]}-01")
        return cls(first, closed[-1] if closed else None, len(closed))

    def since(self, first: dt.date) -> dt.date:
        """The day from which on something that happens then counts."""
        return max(first, self.first)
