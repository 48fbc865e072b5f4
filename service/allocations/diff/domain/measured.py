"""Whether what differs in the facts or the policies of a rep reached the quota.

A quota answers to its own anchor, yardstick, floor and cap, and to the common level. Where none of
the four differs in a way that is felt, the rep's own facts moved nothing, whatever else is said of
them: a higher maximum says nothing to somebody who is far below it, nor to somebody whom the policy
holds at less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from service.allocations.diff.domain.facts import Values
from service.allocations.diff.domain.sides import Row, Side
from solver.probability import quota_for_chance

type Pair = tuple[bool, bool]
"""Of the version before and the one after."""

_NOISE: Final = 1e-9
_OF_FAIRNESS: Final = {
    "equal_stretch": ("baseline", "reach"),
    "equal_growth": ("baseline",),
    "equal_potential_share": ("potential",),
    "equal_amount": ("baseline",),
    "equal_probability": ("baseline", "sigma"),
}
"""The measurements that anchors and yardsticks are made of."""
OF_LIMITS: Final = {
    "min_over_baseline": ("floor", ("baseline",)),
    "max_over_baseline": ("cap", ("baseline",)),
    "min_over_last_year": ("floor", ("last_year",)),
    "max_over_last_year": ("cap", ("last_year",)),
    "min_probability": ("cap", ("baseline", "sigma")),
    "max_probability": ("floor", ("baseline", "sigma")),
}
"""The limits that a policy makes: which end, and of which measurements."""
_ESTIMATED_FROM: Final = frozenset(
    {"history", "territories", "potential", "capacity", "fte", "hired", "vacant", "absences",
     "last_year"}
)  # fmt: skip
"""Fields that an estimated baseline or reach is made of."""
_WHOLES: Final = {"territories": "potential", "history": "last_year"}
"""What is a sum of them, even where nothing is estimated."""
_OWN_LIMITS: Final = {"min": ("floor", 1), "max": ("cap", 1), "capacity": ("cap", None)}
"""Which end a rep's own limit makes, and its unit: minor ones, None: the currency itself."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What of the solver's own figures of a rep differs and is felt."""

    rows: tuple[Row, Row]
    scale: bool
    """Anchor or yardstick."""
    felt: dict[str, Pair]
    """Of floor and cap, if they differ: in which of the versions they hold the rep."""
    limits: frozenset[str]
    """The parameters of the policies that make a limit where it is felt."""
    figures: frozenset[str]
    """The measurements that differ and are part of all that."""

    @property
    def at_all(self) -> bool:
        return self.scale or bool(self.felt)

    @property
    def by_estimates(self) -> bool:
        """Whether a baseline or reach differs that follows from history and potential."""
        estimated = any(row.get("estimate") is not None for row in self.rows)
        return estimated and bool(self.figures & {"baseline", "reach"})

    @classmethod
    def of(cls, before: Row, after: Row, sides: tuple[Side, Side]) -> Self:
        rows = before, after
        scale = _differs(rows, "anchor") or _differs(rows, "yardstick")
        scale &= not any(all(_stands_at(row, end) for row in rows) for end in ("floor", "cap"))
        felt = {
            end: pair
            for end in ("floor", "cap")
            if _differs(rows, end) and any(pair := _felt(rows, sides, end))
        }
        limits = [
            name
            for name, (end, _) in OF_LIMITS.items()
            for row, side, held in zip(rows, sides, felt.get(end, ()), strict=False)
            if held and _is(_limit(name, side, row), row[end])
        ]
        counted = {figure for name in limits for figure in OF_LIMITS[name][1]}
        for side in sides if scale else ():
            counted.update(_OF_FAIRNESS[side.policy("fairness")])
        figures = frozenset(name for name in counted if _differs(rows, name))
        return cls(rows, scale, felt, frozenset(limits), figures)

    def reached_by(self, name: str, values: Values, digits: int) -> bool:
        """Whether a field that differs in the inputs is part of what differs here."""
        if name in self.figures or (name in _ESTIMATED_FROM and self.by_estimates):
            return True
        if name in _WHOLES:
            return _WHOLES[name] in self.figures
        if name == "fixed":
            return any(self._is_made_by(values, end) for end in self.felt)
        end, unit = _OWN_LIMITS.get(name, ("", 1))
        return self._is_made_by(values, end, 10**digits if unit is None else unit)

    def _is_made_by(self, values: Values, end: str, unit: int = 1) -> bool:
        """Whether the rep's own limit is the one that is felt."""
        return any(
            held and value is not None and _is(value * unit, row[end])
            for value, row, held in zip(values, self.rows, self.felt.get(end, ()), strict=False)
        )


def _differs(rows: tuple[Row, Row], name: str) -> bool:
    before, after = rows[0].get(name), rows[1].get(name)
    if before is None or after is None:
        return before is not after
    return bool(abs(after - before) > _NOISE * max(abs(before), abs(after)))


def _stands_at(row: Row, end: str) -> bool:
    """Whether the unrounded plan stands at this limit of the rep."""
    limit = row[end]
    return limit is not None and abs(limit - (row["unrounded"] or 0)) <= _noise(limit)


def _felt(rows: tuple[Row, Row], sides: tuple[Side, Side], end: str) -> Pair:
    """Whether the limit holds the rep, or keeps rounding from a multiple next to the plan's."""
    before, after = (
        _is_felt(row, end, side.manifest["increment"])
        for row, side in zip(rows, sides, strict=True)
    )
    return before, after


def _is_felt(row: Row, end: str, increment: int) -> bool:
    limit, found = row[end], row["unrounded"]
    if limit is None or found is None:
        return False
    below = (found + _noise(found)) // increment * increment
    return bool(limit > below - _noise(limit) if end == "floor" else limit < below + increment)


def _limit(name: str, side: Side, row: Row) -> float | None:
    """The limit that a parameter of the policy makes of this row; None without one."""
    stated, figures = side.policy(name), [row.get(each) for each in OF_LIMITS[name][1]]
    if stated is None or None in figures:
        return None
    if name.endswith("_probability"):
        baseline, sigma = (np.array([figure]) for figure in figures)
        return float(quota_for_chance(stated, baseline, sigma)[0])
    return float(np.float64(figures[0]) * (1 + stated))


def _is(amount: Any, limit: int | None) -> bool:
    """Whether it is the limit, which is rounded to the minor unit."""
    return amount is not None and limit is not None and abs(limit - amount) < 1


def _noise(amount: float) -> float:
    return max(_NOISE * abs(amount), 1e-6)
