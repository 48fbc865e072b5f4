"""How far a cause reaches: not into a unit, nor out of one, that carries what it carried before.

Inside a unit the leximin plan follows from its sum, and from the reps and limits below it, alone
(allocation theory calls such rules consistent). So where the sum is the same in both versions,
whatever moved somebody inside lies inside, and whatever lies inside moved nobody outside. Such
units are closed; a region is what lies between closed units. Rules across the tree, or another
tree, leave no unit closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, Self

from service.allocations.diff.domain.sides import Change, Side, solved

_NOISE: Final = 1e-9


class Regions:
    """Of two versions. A region is named by its closed unit, the company's by None."""

    def __init__(self, after: Side, closed: frozenset[str]) -> None:
        self._after = after
        self._closed = closed

    @classmethod
    def of(cls, before: Side, after: Side, found: Iterable[Change], *, crossed: bool) -> Self:
        """`found`: every row of the chunks that differ. `crossed`: rules cut across the tree."""
        if crossed or before.parent != after.parent:
            return cls(after, frozenset())
        quota: dict[str, int] = defaultdict(int)
        unrounded: dict[str, float] = defaultdict(float)
        for change in found:
            for row, side, sign in ((change.before, before, -1), (change.after, after, 1)):
                if row is not None:
                    for unit in side.above(row["unit"]):
                        quota[unit] += sign * solved(row)
                        unrounded[unit] += sign * float(row["unrounded"] or 0)
        noise = max(_NOISE * max(side.manifest["assigned"] for side in (before, after)), 1e-6)
        return cls(
            after,
            frozenset(
                unit for unit in after.unit if quota[unit] == 0 and abs(unrounded[unit]) <= noise
            ),
        )

    def is_closed(self, unit: str) -> bool:
        return unit in self._closed

    def at(self, unit: str | None) -> str | None:
        """The region in which somebody of this unit is."""
        return next((each for each in self._after.above(unit) if each in self._closed), None)
