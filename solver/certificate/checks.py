"""All checks of a certificate in their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Self

import numpy as np

from solver.bounds import Bounds
from solver.certificate import conditions, largest
from solver.certificate.claim import AcrossTheTree, Certificate
from solver.certificate.readable import layout_of
from solver.errors import RoundingFailed
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray
from solver.rounding.on_the_tree import round_quotas

type Kind = Literal["leximin-tree", "least-squares-lp"]

_NOISE: Final = 32 * np.finfo(np.float64).eps
"""What an evenest plan in float64 may be off by, as a part of all money (3 epsilons measured)."""
_NEGLIGIBLE: Final = 1e-6
"""The same in minor units, for plans of little money."""
_LOST: Final = 0.01, 1e-12
"""The most that digits may be lost by, in minor units or as a part of all money: no price may be so
large that a cent counts for nothing where floats can count it."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What was checked and whether it held; None: this kind of plan has no such check."""

    sums: bool
    """The company's and every unit's sum lies in its range, to the last minor unit."""
    bounds: bool
    """Every quota keeps floor and cap, and is what rounding makes of the unrounded plan."""
    leximin: bool | None = None
    """The unrounded plan is the leximin plan of a tree."""
    rows: bool | None = None
    """Every rule that crosses the tree holds exactly."""
    largest: bool | None = None
    """Nobody stretches further than t*, and nobody could make the largest stretch smaller."""
    squares: bool | None = None
    """Within the limits and t*, the unrounded plan has the least sum of (q - c)^2 / R."""

    @classmethod
    def failed(cls, kind: Kind) -> Self:
        """All checks of this kind, none of which holds."""
        if kind == "leximin-tree":
            return cls(sums=False, bounds=False, leximin=False)
        return cls(sums=False, bounds=False, rows=False, largest=False, squares=False)

    @property
    def kind(self) -> Kind:
        return "leximin-tree" if self.squares is None else "least-squares-lp"

    @property
    def by_name(self) -> dict[str, bool]:
        """The checks that this kind of plan has, in their order."""
        names = ("sums", "bounds", "leximin", "rows", "largest", "squares")
        found = {name: getattr(self, name) for name in names}
        return {name: held for name, held in found.items() if held is not None}

    @property
    def valid(self) -> bool:
        return all(self.by_name.values())


def check(certificate: Certificate) -> Checks:
    """Check a plan from its numbers alone, without any engine: O(n log n + m + entries of rules).

    A certificate that cannot be read (columns of other lengths or types, numbers that are none,
    units, reps or entries out of order) proves nothing: all checks fail.
    """
    c = certificate
    hierarchy = layout_of(c)
    if hierarchy is None:
        return Checks.failed("leximin-tree" if c.across is None else "least-squares-lp")
    limits = c.limits
    # Amounts beyond every number are simply too large, and what they leave is no number.
    with np.errstate(over="ignore", invalid="ignore"):
        if c.across is None:
            return _check_on_the_tree(c, hierarchy, limits)
        return _check_across_the_tree(c, c.across, hierarchy, limits)


def _check_on_the_tree(c: Certificate, hierarchy: Hierarchy, limits: Bounds) -> Checks:
    slack = _slack(c)
    level = c.levels
    sums = conditions.keeps_sums(hierarchy, limits, c.quota)
    leximin = conditions.nodes_explained(c, hierarchy, limits, level, slack)
    leximin &= conditions.reps_explained(c, level[hierarchy.rep_node], slack)
    bounds = _is_rounded(c, hierarchy, limits, slack, provable=sums and leximin)
    return Checks(sums=sums, bounds=bounds, leximin=leximin)


def _check_across_the_tree(
    c: Certificate, across: AcrossTheTree, hierarchy: Hierarchy, limits: Bounds
) -> Checks:
    level = c.levels
    own = level[hierarchy.rep_node] + across.coupling.pushes(across.row_level)
    slack = _slack(c) + _lost_by_levels(c, across, np.abs(level[hierarchy.rep_node]))
    sums = conditions.keeps_sums(hierarchy, limits, c.quota)
    rows = conditions.keeps_rows(across.coupling, c.quota)
    is_least = largest.largest_is_least(c, across, hierarchy, limits, slack)
    squares = conditions.nodes_explained(c, hierarchy, limits, level, slack)
    squares &= conditions.rows_explained(c, across, slack)
    squares &= largest.reps_explained_below(c, across, own, slack)
    provable = sums and rows and squares
    bounds = _is_rounded(c, hierarchy, limits, slack, provable=provable)
    return Checks(sums=sums, bounds=bounds, rows=rows, largest=is_least, squares=squares)


def _slack(c: Certificate) -> float:
    return _NEGLIGIBLE + _NOISE * c.scale.magnitude(c.total, c.unrounded)


def _lost_by_levels(c: Certificate, across: AcrossTheTree, level: FloatArray) -> float:
    """The money whose digits are lost where levels (n,) and those of rules cancel each other."""
    coupling = across.coupling
    sizes = np.abs(coupling.coefficient * across.row_level[coupling.row])
    added = level + np.bincount(coupling.rep, sizes, coupling.reps)
    lost = float(np.finfo(np.float64).eps * np.sum(c.yardstick * added))
    cents, part = _LOST
    most = max(cents, part * c.scale.magnitude(c.total, c.unrounded))
    return min(lost, most) if np.isfinite(lost) else 0.0


def _is_rounded(
    c: Certificate, hierarchy: Hierarchy, limits: Bounds, slack: float, *, provable: bool
) -> bool:
    """Whether the quotas keep floors and caps and are what the unrounded plan rounds to.

    Rounding relies on sums, limits and an unrounded plan that keeps them: where they are not
    `provable`, all that can be said is that nobody is farther than an increment away.
    """
    if not np.all((c.floor <= c.quota) & (c.quota <= c.cap)):
        return False
    if not provable:
        return bool(np.all(np.abs(c.quota - c.unrounded) <= c.increment + slack))
    coupling = None if c.across is None else c.across.coupling
    try:
        rounded = round_quotas(hierarchy, limits, c.unrounded, c.increment, coupling)
    except RoundingFailed:
        return False
    return bool(np.array_equal(c.quota, rounded))
