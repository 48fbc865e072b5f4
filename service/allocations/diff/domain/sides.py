"""Two versions as far as they differ: the rows of the chunks that only one of them has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

type Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Side:
    """One version of the two, about one measure. Money is in minor units."""

    number: int
    manifest: Mapping[str, Any]
    units: Sequence[Row]
    """All units, parents first."""
    rows: Mapping[str, Row]
    """By rep: the quotas of the chunks that the other version does not have."""
    rules: Sequence[Row] = ()
    """Rules across the tree."""

    @cached_property
    def unit(self) -> dict[str, Row]:
        return {row["id"]: row for row in self.units}

    @cached_property
    def parent(self) -> dict[str, str | None]:
        return {row["id"]: row["parent"] for row in self.units}

    @cached_property
    def place(self) -> dict[str | None, int]:
        """Where a unit stands; who hangs on the company itself comes first."""
        return {None: 0, **{row["id"]: at for at, row in enumerate(self.units, start=1)}}

    def above(self, unit: str | None) -> Iterator[str]:
        """The unit and all units above it."""
        while unit is not None:
            yield unit
            unit = self.parent.get(unit)

    @cached_property
    def locks(self) -> dict[str, Row]:
        return {lock["rep"]: lock for lock in self.manifest.get("locks", ())}

    @cached_property
    def references(self) -> list[str]:
        """Of each amendment, by its number."""
        return [part["reference"] for part in self.manifest.get("amendments", ())]

    @cached_property
    def about(self) -> list[frozenset[str]]:
        """Whom each amendment is about, by its number; nobody where it tells no one."""
        return [frozenset(part.get("reps", ())) for part in self.manifest.get("amendments", ())]

    @cached_property
    def about_labels(self) -> list[tuple[str, ...]]:
        """The same as `rep:r1`, in order: thousands who carry a part are told the same ones."""
        return [tuple(f"rep:{name}" for name in sorted(names)) for names in self.about]

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Of each amendment, by its reference."""
        parts = self.manifest.get("amendments", ())
        return {part["reference"]: part["kind"] for part in parts}

    def policy(self, name: str, default: Any = None) -> Any:
        """A parameter; `default` where versions of before did not know it."""
        return self.manifest["policy"].get(name, default)


def solved(row: Row | None) -> int:
    """What the solver found for a rep, before any amendment; 0 for somebody it did not know."""
    if row is None:
        return 0
    found = row.get("solved", row["quota"])
    return 0 if found is None else int(found)


@dataclass(frozen=True, slots=True)
class Change:
    """One rep in both versions; None in the one where the rep has no quota."""

    rep: str
    before: Row | None
    after: Row | None

    @property
    def by(self) -> int:
        return sum(row["quota"] * sign for row, sign in self._signed())

    @property
    def solved_by(self) -> int:
        return solved(self.after) - solved(self.before)

    @property
    def unrounded_by(self) -> float:
        return sum(float(row["unrounded"] or 0) * sign for row, sign in self._signed())

    @property
    def units(self) -> tuple[str | None, str | None]:
        """Where the rep belongs, before and after; twice the same for who is there once only."""
        there = [row["unit"] for row, _ in self._signed()]
        return there[0], there[-1]

    @property
    def is_seen(self) -> bool:
        """Whether anything is to be told: another amount, another unit, come or gone."""
        gone_or_new = self.before is None or self.after is None
        return gone_or_new or self.by != 0 or self.units[0] != self.units[1]

    def _signed(self) -> Iterator[tuple[Row, int]]:
        if self.before is not None:
            yield self.before, -1
        if self.after is not None:
            yield self.after, 1


def changes(before: Side, after: Side) -> list[Change]:
    """Every rep of a chunk that differs."""
    reps = {**before.rows, **after.rows}
    found = (Change(rep, before.rows.get(rep), after.rows.get(rep)) for rep in reps)
    return in_order(found, before, after)


def in_order(found: Iterable[Change], before: Side, after: Side) -> list[Change]:
    """Unit by unit in the order of the later version, reps by id; units that are gone come last."""
    last = len(after.place)

    def place(change: Change) -> tuple[int, int, str]:
        unit = change.units[1]
        return after.place.get(unit, last), before.place.get(unit, 0), change.rep

    return sorted(found, key=place)


def by_rep(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["rep"]: row for row in rows}
