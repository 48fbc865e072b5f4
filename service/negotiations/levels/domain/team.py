"""A unit cut out of its frame: who is in its hands, what they carry, and within which limits.

Anchors, yardsticks, floors and caps are those that are frozen into the version, so nothing that
changed in the inputs since moves anybody here. Lanes inside are left out with their reps; what they
carry is taken off every sum around them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from service.allocations.versions.domain.written.content import Row
from service.allocations.versions.lanes.domain.lane import Tree
from service.negotiations.levels.domain.limits import Ends, Member
from solver.coupled.coupling import Coupling
from solver.fairness import SCALES, Scale
from solver.inside import Inside, Limits
from solver.policy import Fairness
from solver.problem import COMPANY, NOT_SET, UNLIMITED, FloatArray, IntArray, Reps


@dataclass(frozen=True, eq=False)
class Team:
    """n reps and m units in the order of the version, the unit itself first."""

    unit: str
    rows: Sequence[Row]
    """The frame's rows of the reps in the unit's own hands."""
    others: Sequence[Row]
    """Those of the reps in the hands of lanes inside."""
    units: Sequence[Row]
    """The frame's rows of the unit and of the units below it that belong to no lane inside."""
    manifest: Mapping[str, Any]
    tree: Tree
    agreed: Mapping[str, int] = field(default_factory=dict)
    """The envelopes that the frame keeps, by unit."""
    coupling: Coupling | None = None
    """What the rules across the tree leave to these reps."""
    over: int = 0
    """How many months are over, and stay as they are."""

    @property
    def reps(self) -> list[str]:
        return [row["rep"] for row in self.rows]

    @cached_property
    def place(self) -> dict[str, int]:
        """The rows of the reps in the unit's own hands."""
        return {rep: number for number, rep in enumerate(self.reps)}

    @cached_property
    def frame_quotas(self) -> dict[str, int]:
        """Of all reps below the unit, those of lanes inside too."""
        return {row["rep"]: row["quota"] for row in (*self.rows, *self.others)}

    @cached_property
    def frame_locks(self) -> dict[str, Mapping[str, Any]]:
        """The locks that the frame itself keeps, by rep."""
        return {lock["rep"]: lock for lock in self.manifest.get("locks", ())}

    @cached_property
    def members(self) -> dict[str, Member]:
        """All reps below the unit."""
        lane_of = {
            unit: lane.unit
            for lane in self.tree.inside(self.unit)
            for unit in self.tree.below(lane.unit)
        }
        return {
            row["rep"]: Member(
                row["quota"],
                row["floor"],
                row["cap"],
                self.frame_locks.get(row["rep"], {}).get("reference"),
                self._closed(row),
                lane_of.get(row["unit"]),
            )
            for row in (*self.rows, *self.others)
        }

    @cached_property
    def unit_place(self) -> IntArray:
        """(n,) the row of each rep's unit."""
        place = {row["id"]: number for number, row in enumerate(self.units)}
        return np.array([place[row["unit"]] for row in self.rows], dtype=np.int64)

    @cached_property
    def parent(self) -> IntArray:
        """(m,)"""
        place = {row["id"]: number for number, row in enumerate(self.units)}
        below = [place[row["parent"]] for row in self.units[1:]]
        return np.array([COMPANY, *below], dtype=np.int64)

    def limits(self, locks: Mapping[str, int], asked: Mapping[str, Ends]) -> Limits:
        """Those of the frame, narrowed by what the owner asks for, and every lock."""
        ends = [asked.get(rep, (None, None)) for rep in self.reps]
        pairs = [*zip(self.rows, ends, strict=True)]
        floors = [max(row["floor"], own[0] or 0, self._closed(row)) for row, own in pairs]
        caps = [
            row["quota"]
            if self._has_gone(row)
            else max(min(_cap(row), UNLIMITED if own[1] is None else own[1]), self._closed(row))
            for row, own in pairs
        ]
        kept = {rep: lock["quota"] for rep, lock in self.frame_locks.items()} | dict(locks)
        least, most = self._ranges
        limits = Limits(
            floor=np.array(floors, dtype=np.int64),
            cap=np.array(caps, dtype=np.int64),
            fixed=np.full(len(self.rows), NOT_SET),
            unit_min=least,
            unit_max=most,
            unit_target=least == most,
        )
        return limits.locked(
            np.array([kept.get(rep, NOT_SET) for rep in self.reps], dtype=np.int64)
        )

    def _closed(self, row: Row) -> int:
        return sum(row["months"][: self.over]) if self.over else 0

    def _has_gone(self, row: Row) -> bool:
        """Whoever has left, or handed everything on: nothing is carried in the months to come."""
        return bool(self.over) and not any(row["months"][self.over :])

    @cached_property
    def _ranges(self) -> tuple[IntArray, IntArray]:
        """(m,) what each unit's own reps may carry together, lanes inside it taken off.

        A sum beyond its range (an import, an approved exception) may stay where it is.
        """
        least, most = [], []
        for row in self.units:
            low, high = row["min"], UNLIMITED if row["max"] is None else row["max"]
            if row["id"] in self.agreed:
                low = high = self.agreed[row["id"]]
            low, high = min(low, row["quota"]), max(high, row["quota"])
            taken = self._taken(row)
            least.append(max(low - taken, 0))
            most.append(high if high >= UNLIMITED else max(high - taken, 0))
        return np.array(least, dtype=np.int64), np.array(most, dtype=np.int64)

    def _taken(self, row: Row) -> int:
        """What of a unit's sum is not carried by reps in the unit's own hands: envelopes of lanes
        inside, and what people of other units carry for it since they moved.
        """
        below = [own for own in (*self.rows, *self.others) if own["unit"] in self._below[row["id"]]]
        elsewhere: int = row["quota"] - sum(own["quota"] for own in below)
        lanes = self.tree.inside(self.unit)
        inner = [lane.envelope for lane in lanes if self.tree.is_below(lane.unit, row["id"])]
        return elsewhere + sum(inner)

    @cached_property
    def _below(self) -> dict[str, set[str]]:
        return {row["id"]: set(self.tree.below(row["id"])) for row in self.units}

    def inside(self, total: int, limits: Limits) -> Inside:
        """The unit's problem when its own reps carry `total`."""
        return Inside.of(
            total=total,
            reps=self.reps,
            unit=self.unit_place,
            units=[row["id"] for row in self.units],
            parent=self.parent,
            limits=limits,
            increment=self.manifest["increment"],
            coupling=self.coupling,
        )

    def own_total(self, envelope: int) -> int:
        """What is left of the envelope for the reps in the unit's own hands."""
        return envelope - sum(lane.envelope for lane in self.tree.inside(self.unit))

    @property
    def fairness(self) -> Fairness:
        stated: Fairness = self.manifest["policy"]["fairness"]
        return stated

    def scale(self, fairness: Fairness, potential: FloatArray | None = None) -> Scale:
        """Anchors and yardsticks, (n,): those frozen into the version, or of another idea.

        Raises `InvalidProblem` where that idea needs what is not known of everybody.
        """
        if fairness == self.fairness:
            return Scale(
                _floats(row["anchor"] for row in self.rows),
                _floats(row["yardstick"] for row in self.rows),
                self.manifest.get("response", "linear"),
            )
        unknown = np.full(len(self.rows), np.nan)
        reps = Reps.of(
            self.reps,
            baseline=_floats(row["baseline"] for row in self.rows),
            reach=_floats(row["reach"] for row in self.rows),
            potential=unknown if potential is None else potential,
            sigma=_floats(row.get("sigma") for row in self.rows),
        )
        return SCALES[fairness](reps)

    def column(self, amounts: Mapping[str, int]) -> IntArray:
        """(n,)"""
        return np.array([amounts[rep] for rep in self.reps], dtype=np.int64)


def _cap(row: Row) -> int:
    return UNLIMITED if row["cap"] is None else int(row["cap"])


def _floats(values: Any) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
