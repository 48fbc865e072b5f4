"""Why each row changed.

A reason of the rep's own (inputs, policy, a lock, an amendment), of a unit above, or of the whole
company moved the quota itself. Where there is none, the change is a consequence of others': of the
causes in the same region (`regions.py`). So it is where the rep carries a part of somebody else's
amendment, which is named beside it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from service.allocations.diff.domain.causes import Cause, Causes, ledger_causes, one_after_another
from service.allocations.diff.domain.measured import Moved
from service.allocations.diff.domain.regions import Regions
from service.allocations.diff.domain.sides import Change, Side

NAMED: Final = 5
"""Of so many causes of a consequence the names are told, those of the largest changes."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Of one change."""

    own: tuple[Cause, ...]
    follows_from: tuple[str, ...] | None = None
    """`rep:r1`, `unit:west`, or the reason itself, those of the largest changes first; None: it is
    no consequence of others'.
    """


@dataclass(frozen=True, slots=True)
class _Solved:
    """A change of what the solver found, and what of the rep's own made it."""

    change: Change
    own: list[Cause]
    is_derived: bool
    """Expected sales that are estimated from others' as well are others."""


def reasons(causes: Causes, found: list[Change]) -> dict[str, Reasons]:
    """Of every change that is seen, by rep; `found`: every row of the chunks that differ."""
    sides = causes.before, causes.after
    crossed = causes.policies.crosses_the_tree
    regions = Regions.of(*sides, found, crossed=crossed)
    seen = [change for change in found if change.is_seen]
    moved = {change.rep: _solved(causes, change, sides) for change in seen if _is_solved(change)}
    reaching = _Reaching(causes, regions, moved)
    told = {}
    for change in seen:
        own, carried = ledger_causes(change, sides)
        follows = None
        if (solved := moved.get(change.rep)) is not None:
            of_solve = [*solved.own, *reaching.above(change)]
            own += of_solve
            others = reaching.others(solved) if solved.is_derived or not of_solve else ()
            follows = others if others or not of_solve else None
        if carried:
            follows = one_after_another([carried, follows] if follows else [carried])
        told[change.rep] = Reasons(tuple(dict.fromkeys(own)), follows)
    return told


def _is_solved(change: Change) -> bool:
    """Whether the solver found something else, not only an amendment."""
    units_differ = change.units[0] != change.units[1]
    known = [
        row for row in (change.before, change.after) if row and row.get("solved", 0) is not None
    ]
    return bool(known) and (change.solved_by != 0 or units_differ or len(known) == 1)


def _solved(causes: Causes, change: Change, sides: tuple[Side, Side]) -> _Solved:
    if change.before is None or change.after is None:
        return _Solved(change, causes.of_rep(change, None), is_derived=False)
    moved = Moved.of(change.before, change.after, sides)
    own = causes.of_rep(change, moved)
    return _Solved(change, own, is_derived=moved.at_all and not own)


class _Reaching:
    """Which causes reach whom."""

    def __init__(self, causes: Causes, regions: Regions, moved: dict[str, _Solved]) -> None:
        self._after = causes.after
        self._regions = regions
        self._company = causes.of_company()
        units = dict.fromkeys((*causes.before.unit, *causes.after.unit))
        self._units = {
            unit: own
            for unit in units
            if not regions.is_closed(unit) and (own := causes.of_unit(unit))
        }
        self._labels = self._by_region(moved)

    def above(self, change: Change) -> list[Cause]:
        """Those of the units above, up to the first closed one, and of the company."""
        found: list[Cause] = []
        unit = change.units[1]
        for above in self._after.above(unit):
            if self._regions.is_closed(above):
                return found
            found += self._units.get(above, ())
        return found + self._company

    def others(self, solved: _Solved) -> tuple[str, ...]:
        """What a change without causes of its own follows from."""
        region = None if solved.is_derived else self._regions.at(solved.change.units[1])
        named = self._labels.get(region, {})
        if not named or solved.is_derived:
            named = {label: by for own in self._labels.values() for label, by in own.items()}
        if solved.is_derived:  # by estimates, which read the history of others
            named = {label: by for label, by in named.items() if label.startswith("rep:")}
        own = {f"rep:{solved.change.rep}"}
        return tuple(sorted(named.keys() - own, key=lambda label: (-named[label], label)))

    def _by_region(self, moved: dict[str, _Solved]) -> dict[str | None, dict[str, int]]:
        """Names of causes and how much they changed, by the region in which they act."""
        found: dict[str | None, dict[str, int]] = defaultdict(dict)
        for rep, solved in moved.items():
            if not solved.own:
                continue
            policies = all(cause.reason.startswith("policy:") for cause in solved.own)
            names = [cause.reason for cause in solved.own] if policies else [f"rep:{rep}"]
            for region in dict.fromkeys(map(self._regions.at, solved.change.units)):
                for name in names:
                    by = abs(solved.change.solved_by)
                    found[region][name] = max(found[region].get(name, 0), by)
        for unit, own in self._units.items():
            region = self._regions.at(unit)
            by = 2**62  # a unit says more than the reps in it
            found[region] |= {f"unit:{unit}": by} if own else {}
        return found
