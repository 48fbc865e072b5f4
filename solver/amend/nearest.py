"""The plan that keeps every limit and every sum and is nearest to quotas that do not.

What changes is measured in parts of what stands: (quota - standing) / standing. Making that
leximin is the problem of any plan, with what stands as anchor and as yardstick, so the same engines
solve it. For limits of reps and units the answer is also the one with the least total change: no
other plan inside the limits has a smaller sum of |quota - standing|, and of all that have it, this
one spreads it most evenly. With rules across the tree it is the plan whose largest rise is the
least possible one, and then the one of least squares.

Where all quotas that stand are multiples of the increment, all that come out are, too, as far as
the limits allow it. Otherwise whole minor units will do, so that nobody is moved for the sake of a
multiple.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.policy import LinearRow, Policy
from solver.problem import NOT_SET, UNLIMITED, IntArray, Problem, Reps, Units
from solver.solve import solve
from solver.watch import Watch

_ROW: Final = "rule-{}"
"""What the rules across the tree are called here."""


def nearest(
    plan: Allocation,
    standing: IntArray,
    *,
    locked: Mapping[int, int] | None = None,
    frozen: Mapping[int, int] | None = None,
    watch: Watch | None = None,
) -> IntArray:
    """(n,) quotas that keep the limits of the plan, nearest to those that stand, in minor units.

    Both are in layout order. `locked` reps, by place, and `frozen` nodes carry what is said of
    them. Raises `InfeasibleProblem` where that contradicts the limits.
    """
    h, b = plan.hierarchy, plan.bounds
    ids = tuple(f"{place:07d}" for place in range(len(standing)))
    fixed = np.full(len(standing), NOT_SET)
    for place, quota in (locked or {}).items():
        fixed[place] = quota
    least, most = b.unit_min.copy(), b.unit_max.copy()
    for node, amount in (frozen or {}).items():
        least[node] = most[node] = amount
    problem = Problem(
        target=b.total,
        reps=Reps.of(
            ids,
            unit=h.rep_node - 1,
            baseline=standing,
            reach=standing,
            min=b.lowest,
            max=b.highest,
            fixed=fixed,
        ),
        units=Units.of(
            tuple(f"{node:07d}" for node in range(1, len(h.parent))),
            parent=h.parent[1:] - 1,  # the company is node 0, and COMPANY -1
            min=least[1:],
            max=most[1:],
        ),
        increment=_increment(plan, standing),
    )
    policy = Policy(rows=_rows(plan, ids))
    return solve(problem, policy, watch or Watch()).quota


def _increment(plan: Allocation, standing: IntArray) -> int:
    increment = plan.problem.increment
    return 1 if (standing % increment).any() else increment


def _rows(plan: Allocation, ids: tuple[str, ...]) -> tuple[LinearRow, ...]:
    """The rules across the tree as sums of quotas, whatever kind they were."""
    if plan.coupling is None:
        return ()
    c = plan.coupling
    rows = []
    for row in range(len(c.name)):
        entries = slice(c.start[row], c.start[row + 1])
        reps = (ids[place] for place in c.rep[entries].tolist())
        least, most = int(c.min[row]), int(c.max[row])
        rows.append(
            LinearRow(
                _ROW.format(f"{row:04d}"),
                tuple(zip(reps, c.coefficient[entries].tolist(), strict=True)),
                None if least <= -UNLIMITED else least,
                None if most >= UNLIMITED else most,
            )
        )
    return tuple(rows)
