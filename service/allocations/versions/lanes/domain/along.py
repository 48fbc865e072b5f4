"""What of the lanes of a draft goes along into a version that is made of it.

A lane whose people carry, and may carry, what they did goes along with its work and its signature.
Where the new version moves somebody in it, the work begins anew from the new rows: it is frozen at
the same envelope, less what reserves inside it gave, and has to be signed again. An envelope that
the new version does not carry is never dropped in silence: such a version is not made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.lanes.domain.lane import Lane, Tree

_OF_REP: Final = ("unit", "quota", "floor", "cap", "anchor", "yardstick")
_OF_UNIT: Final = ("parent", "min", "max")
"""What work in a lane stands on; what a row tells besides (effort, prices) moves nobody. Of a unit
with an envelope the range does not matter: a new solve has the envelope for one.
"""


@dataclass(frozen=True, slots=True)
class Going:
    """A lane in the new version."""

    lane: Lane
    as_it_stands: bool
    """With its work; else it begins anew."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A lane whose envelope the new version does not carry."""

    lane: Lane
    carried: int | None
    """What the reps below the unit carry there; None where there is no such unit any more."""


@dataclass(frozen=True, slots=True)
class Side:
    """A version as far as lanes stand on it."""

    units: Sequence[Row]
    """All of them, parents first."""
    quotas: Sequence[Row]
    """At least the rows that are not the same on the other side."""
    kept: Collection[str] = ()
    """Units with an envelope."""
    by_month: bool = False
    """Whether months count, too: some are over in a lane. Else they only round otherwise."""

    def moved_from(self, other: Side) -> set[str]:
        """The units in which something differs, as far as work stands on it."""
        own, others = _facts(self), _facts(other)
        return {
            unit
            for key in own.keys() | others.keys()
            if own.get(key) != others.get(key)
            for unit in (_unit(own.get(key)), _unit(others.get(key)))
            if unit is not None
        }


def along(
    tree: Tree,
    after: Tree,
    moved: set[str],
    carried: Mapping[str, int],
    given: Mapping[str, int] | None = None,
) -> Iterator[Going | Lost]:
    """Every lane of `tree`, outer ones first.

    `after`: the organisation of the new version; `moved`: units in which something differs;
    `carried`: what the reps below each unit carry there; `given`: what reserves inside each unit
    have given meanwhile.
    """
    anew: set[str] = set()
    for unit in tree.parents:
        if (lane := tree.lanes.get(unit)) is None:
            continue
        if unit not in after.parents:
            yield Lost(lane, None)
            continue
        outer = tree.around(unit)
        begins = not moved.isdisjoint([*tree.below(unit), *after.below(unit)])
        states = begins or (outer is not None and outer.unit in anew)
        if states and lane.envelope - (given or {}).get(unit, 0) != carried[unit]:
            yield Lost(lane, carried[unit])
            continue
        if begins:
            anew.add(unit)
        yield Going(lane, not begins)


def _facts(side: Side) -> dict[tuple[str, str], tuple[Any, ...]]:
    """By what it is about; its unit comes first."""
    of_rep = (*_OF_REP, "months") if side.by_month else _OF_REP
    reps = {("rep", row["rep"]): _told(row, of_rep) for row in side.quotas}
    units = {}
    for row in side.units:
        names = ("parent",) if row["id"] in side.kept else _OF_UNIT
        units["unit", row["id"]] = (row["id"], *_told(row, names))
    return reps | units


def _told(row: Row, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)


def _unit(facts: tuple[Any, ...] | None) -> str | None:
    return facts[0] if facts else None
