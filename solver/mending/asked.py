"""`on_infeasible`: the smallest change that mends everything, applied, or gaps booked.

`solver.infeasibility` speaks of amounts to assign, a caller states targets before over-assignment.
Some amounts are the padded amount of no whole target: a tenth more makes 4 of 4, and 6 of 5. Where
5 must be assigned, and nothing near it will do, the target has decimals of a minor unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

from solver.bounds import Bounds, over_assignments
from solver.conflict import diagnose
from solver.coupled.coupling import Coupling, couple
from solver.fairness import Scale
from solver.hierarchy import Hierarchy
from solver.infeasibility import Infeasibility, Relaxation
from solver.mending.gap import gaps
from solver.mending.relaxing import applied
from solver.policy import Policy, Relax
from solver.problem import IntArray, Problem, padded
from solver.watch import Watch


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One allocation before it is solved; what the caller relaxes is applied already."""

    problem: Problem
    policy: Policy
    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale
    """In the problem's row order."""

    def rows(self) -> Coupling | None:
        """The rows of the rules across the tree, None where there are none."""
        if not self.policy.crosses_the_tree:
            return None
        return couple(self.problem, self.policy, self.hierarchy, self.bounds, self.scale)

    def diagnosed(self, watch: Watch | None = None) -> Infeasibility | None:
        """Why the rules cannot all hold, or None where they can."""
        return diagnose(self.problem, self.hierarchy, self.bounds, self.rows(), watch)

    def after(self, relax: tuple[Relax, ...]) -> Asked:
        """The same with these rules as they are relaxed."""
        policy = replace(self.policy, relax=relax)
        bounds, policy = applied(self.problem, policy, self.hierarchy, self.bounds)
        return replace(self, bounds=bounds, policy=policy)

    @property
    def targets(self) -> dict[str, int]:
        """The node of each target, by what the rule would be called."""
        ids, rows = self.problem.units.ids, self.hierarchy.unit_row.tolist()
        names = {f"unit:{ids[row]}:target": node for node, row in enumerate(rows) if node}
        return {"target": 0, **names}


def stated(asked: Asked, found: Infeasibility, watch: Watch | None = None) -> tuple[Relax, ...]:
    """The relaxation of rules that cannot hold, as `policy.relax` takes it: it mends everything.

    Targets are whole wherever that is possible.
    """
    over = over_assignments(asked.problem, asked.policy, asked.hierarchy)
    targets = asked.targets
    exact, whole = [], []
    for change in found.relaxation:
        if (node := targets.get(change.name)) is None:
            exact.append(Relax(change.name, change.after))
            whole.append(exact[-1])
        else:
            share = float(over[node])
            exact.append(Relax(change.name, _target(int(change.after), share)))
            whole.append(Relax(change.name, _whole_target(change, share)))
    if exact != whole and asked.after(tuple(whole)).diagnosed(watch) is None:
        return tuple(whole)
    return tuple(exact)


def mended(
    asked: Asked, watch: Watch | None = None
) -> tuple[Asked, tuple[Relaxation, ...], Infeasibility | None]:
    """`on_infeasible: relax`: limits and rules that can hold, what gave way for it, and why.

    Raises `LinearProgramFailed`, `TimeIsUp` and `SolveStopped` as `diagnose` does.
    """
    found = asked.diagnosed(watch)
    if found is None:
        return asked, (), None
    after, targets = asked.after(stated(asked, found, watch)), asked.targets
    changes = tuple(
        replace(change, after=int(after.bounds.unit_min[targets[change.name]]))
        if change.name in targets
        else change
        for change in found.relaxation
    )
    return after, changes, found


def _target(amount: int, over_assignment: float) -> float:
    """The target that comes to this amount: a whole one if there is, else one with decimals."""
    factor = 1 + Decimal(repr(over_assignment))
    exact = Decimal(amount) / factor if factor else Decimal(amount)
    near = round(exact)
    fits = (near + step for step in (0, -1, 1) if padded(near + step, over_assignment) == amount)
    return next(fits, float(exact))


def _whole_target(change: Relaxation, over_assignment: float) -> int:
    """The whole target whose amount is next to the one that is needed, on its far side."""
    amount = int(change.after)
    near = math.floor(_target(amount, over_assignment))
    lower = change.after < change.before
    steps = (2, 1, 0, -1) if lower else (-1, 0, 1, 2)
    for target in (near + step for step in steps):
        reached = padded(target, over_assignment)
        if target >= 0 and (reached <= amount if lower else reached >= amount):
            return target
    return near


def gapped(asked: Asked, watch: Watch | None = None) -> tuple[Asked, IntArray]:
    """`on_infeasible: gap`: limits of what people carry, and the gap of each node, (m + 1,).

    See `gap`. Raises `LinearProgramFailed`, `TimeIsUp` and `SolveStopped` as `diagnose`.
    """
    limits, gap = gaps(asked.hierarchy, asked.bounds, asked.rows(), watch)
    return (replace(asked, bounds=limits) if gap.any() else asked), gap
