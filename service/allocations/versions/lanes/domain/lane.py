"""A lane is one frozen unit of one draft version, its frame; lanes may lie inside lanes.

What its reps carry together is the envelope. Every rep is in the hands of the innermost lane alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from service.allocations.versions.domain.written.content import Row


class LaneStatus(StrEnum):
    FROZEN = "frozen"
    SIGNED = "signed"
    UNFROZEN = "unfrozen"


@dataclass(frozen=True, slots=True)
class Lane:
    """What other lanes have to know of one."""

    unit: str
    status: LaneStatus
    envelope: int
    """In minor units."""
    revision: int
    deadline: datetime | None = None

    @property
    def stands(self) -> bool:
        return self.status is not LaneStatus.UNFROZEN

    def overdue(self, now: datetime) -> bool:
        """Told from the clock, and never stored."""
        waits = self.status is LaneStatus.FROZEN and self.deadline is not None
        return waits and self.deadline is not None and self.deadline < now


@dataclass(frozen=True, slots=True)
class Tree:
    """The organisation of the frame, and which of its units are lanes."""

    parents: Mapping[str, str | None]
    """By unit, parents first."""
    lanes: Mapping[str, Lane]

    @classmethod
    def of(cls, units: Sequence[Row], lanes: Iterable[Lane]) -> Tree:
        standing = {lane.unit: lane for lane in lanes if lane.stands}
        return cls({row["id"]: row["parent"] for row in units}, standing)

    def around(self, unit: str) -> Lane | None:
        """The next lane outwards."""
        above = self.parents[unit]
        while above is not None:
            if above in self.lanes:
                return self.lanes[above]
            above = self.parents[above]
        return None

    def all_around(self, unit: str) -> list[Lane]:
        """Every lane outwards, the next one first."""
        found = []
        while lane := self.around(unit):
            found.append(lane)
            unit = lane.unit
        return found

    def inside(self, unit: str) -> list[Lane]:
        """The next lanes inwards, in the order of the units."""
        return [
            lane
            for key, lane in self.lanes.items()
            if key != unit and self.is_below(key, unit) and self._next_is(key, unit)
        ]

    def _next_is(self, unit: str, outer: str) -> bool:
        """Whether no lane stands between the two."""
        above = self.parents[unit]
        while above is not None and above != outer:
            if above in self.lanes:
                return False
            above = self.parents[above]
        return True

    def is_below(self, unit: str | None, outer: str) -> bool:
        """A unit is below itself."""
        while unit is not None and unit != outer:
            unit = self.parents[unit]
        return unit is not None

    def below(self, unit: str) -> list[str]:
        """The unit and all below it, parents first."""
        found = {unit}
        for key, above in self.parents.items():
            if above in found:
                found.add(key)
        return [key for key in self.parents if key in found]

    def carried_below(self, quotas: Iterable[Row]) -> dict[str, int]:
        """What the reps below each unit carry together; people of other units may carry for it,
        too.
        """
        sums = dict.fromkeys(self.parents, 0)
        for row in quotas:
            if row["unit"] is not None:
                sums[row["unit"]] += row["quota"]
        for unit, parent in reversed([*self.parents.items()]):  # children before their parents
            if parent is not None:
                sums[parent] += sums[unit]
        return sums

    def own(self, unit: str) -> list[str]:
        """The units whose reps are in the hands of the lane of this unit."""
        inner = {key for lane in self.inside(unit) for key in self.below(lane.unit)}
        return [key for key in self.below(unit) if key not in inner]
