"""People added up, unit by unit: whole numbers stay exact, and no order of people matters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any, Final, Self

from service.roster.domain import Inputs

type Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seat:
    """What the inputs of a version say of a seat."""

    vacant: bool = False
    fte: float | None = None
    """None: somebody who came after the inputs."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the quotas."""

    reps: int = 0
    quota: int = 0
    """What they carry, in minor units."""
    amount: float = 0.0
    """What they are measured by: expected sales or last year's, in minor units, or FTE."""

    @classmethod
    def of(cls, rows: Sequence[Row], amount: Callable[[Row], float]) -> Self:
        return cls(len(rows), sum(row["quota"] for row in rows), fsum(map(amount, rows)))

    @classmethod
    def together(cls, parts: Sequence[Part]) -> Self:
        return cls(
            sum(part.reps for part in parts),
            sum(part.quota for part in parts),
            fsum(part.amount for part in parts),
        )

    @property
    def growth(self) -> float | None:
        """Of the quotas on the amount; None where that is nothing to grow from."""
        return self.quota / self.amount - 1 if self.amount > 0 else None

    def per(self, count: float) -> float | None:
        """What one of so many carries, in minor units."""
        return self.quota / count if count > 0 else None


NOBODY: Final = Part()


@dataclass(frozen=True, slots=True)
class Sums:
    """The people of a unit and of all below it."""

    expected: Part = NOBODY
    """Everybody who has a quota, vacant seats too, by expected sales."""
    people: Part = NOBODY
    """Without vacant seats."""
    vacant: Part = NOBODY
    full_time: Part = NOBODY
    """The people whose FTE is known, by FTE."""
    last_year: Part = NOBODY
    """Everybody whose last year is known, by last year's sales."""

    @classmethod
    def of(cls, rows: Sequence[Row], seats: Mapping[str, Seat]) -> Self:
        """`rows`: quotas as they are stored, each with its `last_year`."""
        people: list[Row] = []
        vacant: list[Row] = []
        for row in rows:
            (vacant if seats.get(row["rep"], _NEW).vacant else people).append(row)
        fte = {row["rep"]: seats.get(row["rep"], _NEW).fte for row in people}
        return cls(
            expected=Part.of(rows, lambda row: row["baseline"]),
            people=Part.of(people, _nothing),
            vacant=Part.of(vacant, _nothing),
            full_time=Part.of(
                [row for row in people if fte[row["rep"]] is not None],
                lambda row: fte[row["rep"]] or 0.0,
            ),
            last_year=Part.of(
                [row for row in rows if row.get("last_year") is not None],
                lambda row: row["last_year"],
            ),
        )

    @classmethod
    def together(cls, sums: Sequence[Sums]) -> Self:
        return cls(
            Part.together([own.expected for own in sums]),
            Part.together([own.people for own in sums]),
            Part.together([own.vacant for own in sums]),
            Part.together([own.full_time for own in sums]),
            Part.together([own.last_year for own in sums]),
        )


_NEW: Final = Seat()


def _nothing(_row: Row) -> float:
    return 0.0


def seats_in(inputs: Inputs) -> dict[str, Seat]:
    """By rep; who states no FTE works full time, as everywhere."""
    reps = inputs.reps
    columns = reps.id, reps.vacant.tolist(), reps.fte.tolist()
    return {
        rep: Seat(vacant, 1.0 if fte != fte else fte)  # noqa: PLR0124 -- nan: not stated
        for rep, vacant, fte in zip(*columns, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Tree:
    """Units that are seen, parents first, and what hangs on whom."""

    units: Sequence[Row]
    above: Mapping[str, str | None] = field(default_factory=dict)
    """The unit above each, as far as it is seen; None: none is."""

    @classmethod
    def of(cls, units: Sequence[Row]) -> Self:
        seen = {row["id"] for row in units}
        above = {row["id"]: row["parent"] if row["parent"] in seen else None for row in units}
        return cls(units, above)

    def rolled_up(self, own: Mapping[str | None, Sums]) -> dict[str | None, Sums]:
        """What hangs on each unit and below it, and under None on all there is; `own`: on the unit
        itself.
        """
        parts: dict[str | None, list[Sums]] = {None: []} | {row["id"]: [] for row in self.units}
        for unit, sums in own.items():
            parts[unit].append(sums)
        found: dict[str | None, Sums] = {}
        for row in reversed(self.units):
            found[row["id"]] = Sums.together(parts[row["id"]])
            parts[self.above[row["id"]]].append(found[row["id"]])
        return found | {None: Sums.together(parts[None])}

    def amounts_below(self, own: Iterable[tuple[str | None, int]]) -> dict[str | None, int]:
        """Whole amounts that hang on units, added up in the same way."""
        found: dict[str | None, int] = {None: 0} | {row["id"]: 0 for row in self.units}
        for unit, amount in own:
            found[unit] += amount
        for row in reversed(self.units):
            found[self.above[row["id"]]] += found[row["id"]]
        return found


def sums_of(rows: Sequence[Row], tree: Tree, seats: Mapping[str, Seat]) -> dict[str | None, Sums]:
    """The sums of each unit, and of all under None."""
    at_home: dict[str | None, list[Row]] = {}
    for row in rows:
        at_home.setdefault(row["unit"], []).append(row)
    return tree.rolled_up({unit: Sums.of(own, seats) for unit, own in at_home.items()})
