"""Whose quota is furthest from last year's sales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Mover:
    """One quota beside last year's sales, in minor units."""

    rep: str
    unit: str | None
    quota: int
    last_year: float

    @property
    def change(self) -> float:
        return self.quota - self.last_year

    @property
    def growth(self) -> float | None:
        return self.quota / self.last_year - 1 if self.last_year > 0 else None


@dataclass(frozen=True, slots=True)
class Movers:
    """The furthest first; of two who moved alike the one whose id comes first."""

    up: list[Mover]
    down: list[Mover]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], most: int) -> Self:
        """`rows`: stored quotas; at most so many each way. Without a last year nobody moves."""
        known = [
            Mover(row["rep"], row["unit"], row["quota"], row["last_year"])
            for row in rows
            if row.get("last_year") is not None
        ]
        up = (mover for mover in known if mover.change > 0)
        down = (mover for mover in known if mover.change < 0)
        return cls(
            nsmallest(most, up, key=lambda mover: (-mover.change, mover.rep)),
            nsmallest(most, down, key=lambda mover: (mover.change, mover.rep)),
        )
