"""Quotas first, then the table of each rep's products and months; quotas give way where they must.

Reps get the quotas that `solver.solve` finds. Where limits of cells leave no table with these sums,
the least cut is an inequality about some reps' quotas that every plan with a table keeps:

    sum over S of q_i <= cells of S outside columns C at their highest
                         + all of C - what the other reps carry in C at the least

It becomes a rule of the policy, the reps are solved again with it, and so on. Every cut is a rule
that the one large programme over all cells implies, so the first plan with a table is as even as
that one's, as far as the first aim goes: the largest stretch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.policy import LinearRow, Policy
from solver.problem import FloatArray, IntArray, Problem
from solver.solve import solve
from solver.spread.errors import CannotSpread, Cut, SpreadFailed
from solver.spread.table import Table, spread
from solver.watch import Watch

CUTS: Final = 60
"""After so many inequalities the search is over."""


@dataclass(frozen=True, slots=True, eq=False)
class SpreadPlan:
    """Quotas and their table; rows in the problem's row order."""

    allocation: Allocation
    table: Table
    cuts: tuple[LinearRow, ...]
    """The rules that quotas had to keep so that there is a table; mostly none."""


def solve_and_spread(
    problem: Problem,
    policy: Policy,
    seed: FloatArray,
    columns: IntArray,
    *,
    low: IntArray | None = None,
    high: IntArray | None = None,
    watch: Watch | None = None,
) -> SpreadPlan:
    """The plan of `problem` and `policy`, and its table with the sums `columns` (k,).

    `seed`, `low` and `high` are (n, k) in the problem's row order.

    Raises what `solve` and `spread` raise: `InfeasibleProblem` names the cuts `row:spread-1` and so
    on among the rules that conflict; `CannotSpread` says that the columns cannot be met whatever
    the quotas are; `InvalidProblem` that they do not add up to what is assigned. `SpreadFailed`
    after `CUTS` cuts.
    """
    order = np.array(sorted(range(len(problem.reps)), key=problem.reps.ids.__getitem__), np.int64)
    least, most = (None if end is None else end[order] for end in (low, high))
    cuts: list[LinearRow] = []
    while len(cuts) <= CUTS:
        ruled = replace(policy, rows=(*policy.rows, *cuts)) if cuts else policy
        allocation = solve(problem, ruled, watch)
        quota = allocation.quota[order]
        try:
            table = spread(
                seed[order], quota, columns, low=least, high=most, increment=problem.increment
            )
        except CannotSpread as error:
            if error.whatever_rows_carry:
                raise
            ids = [problem.reps.ids[row] for row in order.tolist()]
            cuts.append(as_row(error.cut, ids, f"spread-{len(cuts) + 1}", allocation.assigned))
            continue
        back = np.argsort(order)
        return SpreadPlan(allocation, Table(table.exact[back], table.cells[back]), tuple(cuts))
    raise SpreadFailed(f"{CUTS} rules on sums of quotas were not enough to leave a table")


def as_row(cut: Cut, ids: list[str], name: str, total: int) -> LinearRow:
    """The cut as a rule of a policy, about the fewer reps: at most, or the others at least."""
    inside = np.flatnonzero(cut.rows).tolist()
    outside = np.flatnonzero(~cut.rows).tolist()
    if len(inside) <= len(outside):
        return LinearRow(name, tuple((ids[k], 1.0) for k in inside), max=cut.most)
    return LinearRow(name, tuple((ids[k], 1.0) for k in outside), min=total - cut.most)
