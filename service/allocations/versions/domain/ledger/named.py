"""What an amendment says by names, at its places: reps, units and months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.allocations.months import month_names
from service.allocations.versions.domain.written.document import UnreadableProof
from service.allocations.versions.domain.written.manifest import AmendmentPart, Manifest
from solver.allocation import Allocation
from solver.amend import CARRYING, Amendment
from solver.problem import IntArray


@dataclass(frozen=True, slots=True)
class Change:
    """One amendment with all that it moves."""

    amendment: Amendment
    first_open: int = 0
    """The first month that it moves, by place."""
    moves: Mapping[int, Sequence[int]] = field(default_factory=dict)
    """By the places of reps, of whom the change of each month is stated."""
    units: Mapping[int, int] = field(default_factory=dict)
    """By the places of reps, the node that the change belongs to, where that is not their own."""


@dataclass(frozen=True, slots=True)
class Names:
    """Where reps, units and months stand."""

    rep: Mapping[str, int]
    node: Mapping[str | None, int]
    months: Sequence[str]

    @classmethod
    def of(cls, manifest: Manifest, plan: Allocation) -> Names:
        node: dict[str | None, int] = {None: 0}
        node |= {unit: place for place, unit in enumerate(plan.problem.units.ids, start=1)}
        rep = {name: place for place, name in enumerate(plan.problem.reps.ids)}
        return cls(rep, node, month_names_of(manifest))

    def change_of(
        self, part: AmendmentPart, entries: Mapping[int, Sequence[Any]], quota: IntArray
    ) -> Change:
        """What an amendment says, and the entries of it say. Raises `UnreadableProof`."""
        carrying = part["funding"] in CARRYING
        if carrying != ("reps" in part):
            raise UnreadableProof(
                f"amendments.{part['reference']} says whom it is about where others carry it alone"
            )
        for name in ("reps", "held", "frozen"):
            stated: Any = part.get(name, [])
            if len({*stated}) < len(stated):
                raise UnreadableProof(f"amendments.{part['reference']}.{name} says a name twice")
        try:
            subjects = [self.rep[rep] for rep in part["reps"]] if "reps" in part else [*entries]
            amendment = Amendment(
                {
                    place: int(quota[place]) + (entries[place][1] if place in entries else 0)
                    for place in subjects
                },
                part["funding"],
                self.node[part["unit"]],
                tuple(self.rep[rep] for rep in part.get("held", [])),
                tuple(self.node[unit] for unit in part.get("frozen", [])),
            )
            units = {
                place: self.node[entry[2]]
                for place, entry in entries.items()
                if len(entry) > 2 and entry[2] is not None
            }
        except (KeyError, TypeError) as lost:
            raise UnreadableProof(f"amendments.{part['reference']}: {lost} is unknown") from None
        first_open = self.first_open(part["effective"])
        moves = {
            place: self._moves(entry, first_open)
            for place, entry in entries.items()
            if len(entry) > 3
        }
        if carrying and not {*units, *moves} <= amendment.wanted.keys():
            raise UnreadableProof(
                f"amendments.{part['reference']}: those who carry it say of which unit or months"
            )
        return Change(amendment, first_open, moves, units)

    def are_below(self, change: Change, plan: Allocation) -> bool:
        """Whether all whom an amendment is about hang below its unit, and on itself where siblings
        carry it, or work there by then; and what is kept is another part of those who carry.
        """
        h, one = plan.hierarchy, change.amendment
        node, alone = one.node, one.funding == "siblings"

        def is_below(place: int) -> bool:
            own = h.rep_node[place] == node
            return bool(own if alone else h.first[node] <= place < h.last[node])

        if one.funding not in CARRYING:
            kept = one.held or one.frozen
            return not kept and all(map(is_below, one.wanted.keys() - change.units.keys()))
        guests = change.units.items()
        return (
            all(map(is_below, (*(one.wanted.keys() - change.units.keys()), *one.held)))
            and all(own == node if alone else node in h.ancestors(own) for _, own in guests)
            and one.wanted.keys().isdisjoint(one.held)
            and all(unit != node and node in h.ancestors(unit) for unit in one.frozen)
            and not (alone and one.frozen)
        )

    def first_open(self, effective: str | None) -> int:
        """The place of the first month that a change moves. Raises `UnreadableProof`."""
        if effective is None:
            return 0
        if effective not in self.months:
            raise UnreadableProof(f"{effective} is no month of the period")
        return self.months.index(effective)

    def _moves(self, entry: Sequence[Any], first_open: int) -> Sequence[int]:
        moves: Any = entry[3]
        if not isinstance(moves, list) or len(moves) != len(self.months) or sum(moves) != entry[1]:
            raise UnreadableProof("the months of an amended row are not those of its change")
        if any(moves[:first_open]):
            raise UnreadableProof("an amended row moves months from before its amendment begins")
        return moves


def carried_by_unit(
    own: str | None, months: Sequence[int] | IntArray, entries: Iterable[Sequence[Any]]
) -> dict[str | None, IntArray]:
    """(t,) what a rep carries in each unit by month, the own one first; `months` are the whole of
    it, `entries` what the row says in `amended`.
    """
    found = {own: np.array(months, dtype=np.int64)}
    for entry in entries:
        if len(entry) > 3 and entry[2] is not None:
            moves = np.array(entry[3], dtype=np.int64)
            found[own] = found[own] - moves
            found[entry[2]] = found.get(entry[2], 0) + moves
    return found


def month_names_of(manifest: Manifest) -> Sequence[str]:
    """The months that quotas have; none where the version tells of none."""
    period: Any = manifest.get("period")
    try:
        return month_names(period) if manifest.get("season") is not None else ()
    except (KeyError, TypeError, ValueError) as reason:
        raise UnreadableProof(f"manifest.period: {reason!r}") from None
