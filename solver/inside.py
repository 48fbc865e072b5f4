"""What is shared out inside one unit: its own reps and sub-units, and one exact sum.

A part of a leximin plan is the leximin plan of the part: reps of a unit whose sum is given stand as
the same reps of the whole company do (consistency: Young 1987, On dividing an amount; the tree of
`solver.tree` needs nothing from above a node but its sum). So a unit is solved without the others,
and nobody outside it can move. Rules across the tree are asked for what those outside leave of
them.

Limits of reps and sub-units hold as in a whole plan, and what cannot hold is told by name: the sum
to share out is the unit's `target`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, isnan

import numpy as np

from solver.bounds import Bounds
from solver.conflict import diagnose
from solver.conflict.names import Names
from solver.conflict.tree import Intervals, conflict_of_the_tree
from solver.coupled.coupling import Coupling
from solver.coupled.two_stages import solve_coupled
from solver.errors import InfeasibleProblem, LinearProgramFailed
from solver.fairness import Scale
from solver.hierarchy import Hierarchy, as_laid_out, exact_sums
from solver.infeasibility import Infeasibility
from solver.problem import COMPANY, NOT_SET, UNLIMITED, BoolArray, IntArray, Problem, Reps, Units
from solver.rounding.on_the_tree import round_quotas
from solver.tree import equalise
from solver.watch import Watch


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """What a unit's reps have to share out, and within which limits; money in minor units.

    n reps and m units in the order of `hierarchy`, whose first unit is the one that it is about.
    """

    problem: Problem
    """Only its ids and its organisation count: limits are those of `bounds`."""
    hierarchy: Hierarchy
    bounds: Bounds
    coupling: Coupling | None = None
    """What the rules across the tree ask of these reps, (n,)."""

    @classmethod
    def of(
        cls,
        *,
        total: int,
        reps: Sequence[str],
        unit: IntArray,
        units: Sequence[str],
        parent: IntArray,
        limits: Limits,
        increment: int,
        coupling: Coupling | None = None,
    ) -> Inside:
        """`unit` (n,) is the row of each rep's unit; the first of `units` is the one to fill, and
        all stand in the order of a `Hierarchy`, or `ValueError` is raised.
        """
        hierarchy = as_laid_out(unit, parent)
        if hierarchy is None or COMPANY not in parent[:1]:
            raise ValueError("reps and units do not stand in layout order below one unit")
        problem = Problem(
            target=total,
            reps=Reps.of(reps, unit=unit),
            units=Units.of(units, parent=parent),
            increment=increment,
        )
        unit_min, unit_max = limits.unit_min.copy(), limits.unit_max.copy()
        unit_min[0] = unit_max[0] = total
        exact = np.zeros(len(units) + 1, dtype=np.bool_)
        exact[:2] = True  # the company here is the unit and nothing else
        bounds = Bounds(
            floor=limits.floor,
            cap=limits.cap,
            fixed=limits.fixed,
            unit_min=np.append(total, unit_min),
            unit_max=np.append(total, unit_max),
            unit_target=exact | np.append(False, limits.unit_target),
        )
        return cls(problem, hierarchy, bounds, coupling)

    def why_not(self, watch: Watch | None = None) -> Infeasibility | None:
        """Why the limits cannot all hold, and which sums of the unit could; None where they can."""
        found = diagnose(self.problem, self.hierarchy, self.bounds, self.coupling, watch)
        if found is None:
            return None
        # What the company would say is the unit's own rule again, and no rule of anybody's.
        anything = self.bounds.unit_min.copy(), self.bounds.unit_max.copy()
        anything[0][0], anything[1][0] = 0, UNLIMITED
        alone = replace(self.bounds, unit_min=anything[0], unit_max=anything[1])
        of_tree = conflict_of_the_tree(Names(self.problem, self.hierarchy, alone))
        conflict, words = of_tree or (found.conflict, found.words)
        below = Intervals.of(self.hierarchy, alone)
        most = int(below.high[1])
        return Infeasibility(
            conflict=tuple(rule for rule in conflict if rule.name != "target"),
            # a balance between all peers of the company has become limits that nobody stated
            relaxation=tuple(
                change
                for change in found.relaxation
                if change.name != "target" and not isnan(change.before)
            ),
            feasible_min=int(below.low[1]),
            feasible_max=None if most >= UNLIMITED else most,
            words=words,
        )

    def keeps(self, quota: IntArray) -> bool:
        """Whether these whole quotas (n,) keep every limit, and add up."""
        h, b = self.hierarchy, self.bounds
        sums = exact_sums(quota, h.first, h.last)
        return bool(
            np.all((b.lowest <= quota) & (quota <= b.highest))
            and np.all((b.unit_min <= sums) & (sums <= b.unit_max))
            and not self.broken_rules(quota)
        )

    def broken_rules(self, quota: IntArray) -> list[str]:
        """The rules across the tree that these whole quotas (n,) do not keep, by their names."""
        if self.coupling is None:
            return []
        misses = enumerate(self.coupling.misses(quota))
        return [self.coupling.side(k, "max" if miss > 0 else "min") for k, miss in misses if miss]

    def share_out(self, scale: Scale, watch: Watch | None = None) -> IntArray:
        """(n,) the whole quotas that are even in the stretch of `scale`, which is in this order.

        Raises `InfeasibleProblem`, and what `solver.solve.solve` does of rules across the tree.
        """
        watch = watch or Watch()
        if found := self.why_not(watch):
            raise InfeasibleProblem(found)
        full = scale.complete
        if self.coupling is None:
            even = equalise(
                self.hierarchy, self.bounds, full.anchor, full.yardstick, full.response
            ).quota
        else:
            coupled = solve_coupled(self.hierarchy, self.bounds, scale, self.coupling, watch)
            if coupled is None:
                raise LinearProgramFailed(
                    "one linear programme finds a plan and another finds none"
                )
            even = coupled.levels.quota
        quota = round_quotas(
            self.hierarchy, self.bounds, even, self.problem.increment, self.coupling, watch=watch
        )
        if not self.keeps(quota):
            raise LinearProgramFailed("the quotas that were found break a limit of the unit")
        return quota


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits of n reps and m units in minor units, `UNLIMITED` where there is no maximum."""

    floor: IntArray
    cap: IntArray
    fixed: IntArray
    """(n,) `NOT_SET` where nothing is locked; a lock wins over floor and cap."""
    unit_min: IntArray
    unit_max: IntArray
    unit_target: BoolArray
    """(m,) whose two limits are one sum that was agreed."""

    @classmethod
    def none(cls, reps: int, units: int) -> Limits:
        return cls(
            floor=np.zeros(reps, dtype=np.int64),
            cap=np.full(reps, UNLIMITED),
            fixed=np.full(reps, NOT_SET),
            unit_min=np.zeros(units, dtype=np.int64),
            unit_max=np.full(units, UNLIMITED),
            unit_target=np.zeros(units, dtype=np.bool_),
        )

    def locked(self, quota: IntArray) -> Limits:
        """With the quotas (n,) that are not `NOT_SET` locked, whatever floor and cap say."""
        lock = quota != NOT_SET
        return replace(
            self,
            floor=np.where(lock, np.minimum(self.floor, quota), self.floor),
            cap=np.where(lock, np.maximum(self.cap, quota), self.cap),
            fixed=np.where(lock, quota, self.fixed),
        )


def narrowed(coupling: Coupling, kept: BoolArray, outside: IntArray) -> Coupling | None:
    """What rules across the tree leave to the reps that are `kept` (n,), when all others carry what
    `outside` (n,) says; None where no rule is about any of them.

    Limits that leave a part of a minor unit go inwards.
    """
    entry_kept = kept[coupling.rep]
    mine = np.bincount(coupling.row, entry_kept, len(coupling)) > 0
    if not mine.any():
        return None
    others = coupling.exact_sums(np.where(kept, 0, outside))
    limits = zip(coupling.min.tolist(), coupling.max.tolist(), others, strict=True)
    ends = [
        (
            low if low <= -UNLIMITED else ceil(low - taken),
            high if high >= UNLIMITED else floor(high - taken),
        )
        for low, high, taken in limits
    ]
    least, most = np.array(ends, dtype=np.int64).T
    entries = entry_kept & mine[coupling.row]
    number = np.cumsum(mine) - 1
    rows = number[coupling.row[entries]]
    count = int(mine.sum())
    place = np.cumsum(kept) - 1
    named = [k for k, own in enumerate(mine.tolist()) if own]
    return Coupling(
        name=tuple(coupling.name[k] for k in named),
        peers=tuple(coupling.peers[k] for k in named),
        start=np.searchsorted(rows, np.arange(count + 1)),
        rep=place[coupling.rep[entries]],
        coefficient=coupling.coefficient[entries],
        min=least[mine],
        max=most[mine],
        # What is even is said of the whole company, and has become plain limits here.
        tolerance=np.full(count, np.nan),
        even=np.full((count, 2), np.nan),
        reps=int(kept.sum()),
    )
