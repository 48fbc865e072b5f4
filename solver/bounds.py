"""The limits that hold in one allocation: facts and policy folded into one interval each.

Every limit is a whole number of minor units, so "the sum is exact" and "the cap is kept" can be
checked in integers. A limit that falls between two minor units goes inwards: caps down, floors up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.hierarchy import Hierarchy
from solver.policy import CHANCES, Policy
from solver.probability import quota_for_chance
from solver.problem import (
    AMOUNT_LIMIT,
    NOT_SET,
    UNLIMITED,
    BoolArray,
    FloatArray,
    IntArray,
    Problem,
    Reps,
    padded,
)


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Limits in minor units, in the order of a `Hierarchy`: n reps, m + 1 nodes.

    A rep with a `fixed` quota keeps floor and cap here as they would be without it, so that a
    contradiction between them can be named; `lowest` and `highest` are what holds in the end.
    """

    floor: IntArray
    cap: IntArray
    fixed: IntArray
    """(n,) the locked quota or `NOT_SET`."""
    unit_min: IntArray
    unit_max: IntArray
    """(m + 1,) limits of the sum over a node; for the company both are the amount to assign."""
    unit_target: BoolArray
    """(m + 1,) whether the node's limits are one target (the company's always are)."""

    @property
    def lowest(self) -> IntArray:
        return np.where(self.fixed == NOT_SET, self.floor, self.fixed)

    @property
    def highest(self) -> IntArray:
        return np.where(self.fixed == NOT_SET, self.cap, self.fixed)

    @property
    def total(self) -> int:
        """The amount to assign: the company's target with its over-assignment."""
        return int(self.unit_min[0])


def bounds(problem: Problem, policy: Policy, hierarchy: Hierarchy) -> Bounds:
    """Fold minimum, maximum, capacity, limits of growth and of chances, and targets into one
    interval each.

    A growth limit over last year does not limit a rep whose last year is unknown. The least chance
    of attaining is a cap, the largest one a floor. Raises `InvalidProblem` where over-assignment
    lifts a target above every possible amount, and where a chance is limited and a sigma unknown.
    """
    reps = problem.reps
    _need_sigmas(reps, policy)
    floors = [
        reps.min,
        _floor(reps.baseline, policy.min_over_baseline),
        _floor(reps.last_year, policy.min_over_last_year),
        _floor_by_chance(reps, policy.max_probability),
    ]
    caps = [
        reps.max,
        _round_down(reps.capacity),
        _cap(reps.baseline, policy.max_over_baseline),
        _cap(reps.last_year, policy.max_over_last_year),
        _cap_by_chance(reps, policy.min_probability),
    ]
    row = hierarchy.rep_row
    unit_min, unit_max, is_target = _unit_limits(problem, policy, hierarchy)
    return Bounds(
        floor=np.max(floors, axis=0)[row],
        cap=np.min(caps, axis=0)[row],
        fixed=reps.fixed[row],
        unit_min=unit_min,
        unit_max=unit_max,
        unit_target=is_target,
    )


def _unit_limits(
    problem: Problem, policy: Policy, hierarchy: Hierarchy
) -> tuple[IntArray, IntArray, BoolArray]:
    units, row = problem.units, hierarchy.unit_row
    unit_min = np.append(units.min, 0)[row]  # row -1, the company, is the appended entry
    unit_max = np.append(units.max, UNLIMITED)[row]
    target = np.append(units.target, problem.target)[row]
    over = over_assignments(problem, policy, hierarchy)
    is_target = target != NOT_SET
    for node in np.flatnonzero(is_target).tolist():
        amount = padded(int(target[node]), float(over[node]))
        if amount > AMOUNT_LIMIT:
            reason = f"the target with its over-assignment, {amount}, is above {AMOUNT_LIMIT}"
            table, place = ("units", int(row[node])) if node else ("", None)
            raise InvalidProblem([Fault(table, place, "over_assignment", reason)])
        unit_min[node] = unit_max[node] = amount
    return unit_min, unit_max, is_target


def over_assignments(problem: Problem, policy: Policy, hierarchy: Hierarchy) -> FloatArray:
    """(m + 1,) the share by which each node's target would be exceeded, its own or inherited."""
    own = np.append(problem.units.over_assignment, policy.over_assignment)
    over: FloatArray = own[hierarchy.unit_row]  # row -1, the company, is the appended entry
    for level in [*hierarchy.levels()][-2::-1]:  # from the top
        silent = level[np.isnan(over[level])]
        over[silent] = over[hierarchy.parent[silent]]
    return over


def _need_sigmas(reps: Reps, policy: Policy) -> None:
    asked = [name for name in CHANCES if getattr(policy, name) is not None]
    unknown = np.flatnonzero(np.isnan(reps.sigma))
    if asked and len(unknown):
        needs = " and ".join(asked) + (" need" if len(asked) > 1 else " needs")
        reason = f"{needs} the sigma of every rep, and this one is unknown"
        raise InvalidProblem([Fault("reps", int(row), "sigma", reason) for row in unknown])


def _floor_by_chance(reps: Reps, chance: float | None) -> IntArray:
    """The least quota that is attained with this probability or less.

    A rep of whom nothing is expected never attains more than 0, and has no such floor.
    """
    if chance is None:
        return np.zeros(len(reps), dtype=np.int64)
    limit = np.minimum(quota_for_chance(chance, reps.baseline, reps.sigma), UNLIMITED)
    return _round_up(limit)


def _cap_by_chance(reps: Reps, chance: float | None) -> IntArray:
    """The largest quota that is attained with this probability or more."""
    if chance is None:
        return np.full(len(reps), UNLIMITED)
    return _round_down(quota_for_chance(chance, reps.baseline, reps.sigma))


def _floor(column: FloatArray, growth: float | None) -> IntArray:
    """column x (1 + growth), up to the next minor unit; 0 where unknown or negative."""
    if growth is None:
        return np.zeros(len(column), dtype=np.int64)
    limit = _grown(column, growth)
    return _round_up(np.where(np.isnan(limit), 0.0, limit))


def _cap(column: FloatArray, growth: float | None) -> IntArray:
    """column x (1 + growth), down to the last minor unit; `UNLIMITED` where unknown."""
    if growth is None:
        return np.full(len(column), UNLIMITED)
    limit = _grown(column, growth)
    return _round_down(np.where(np.isnan(limit), np.inf, limit))


def _grown(column: FloatArray, growth: float) -> FloatArray:
    """column x (1 + growth) where that is an amount, else the nearest one; nan where unknown."""
    with np.errstate(over="ignore"):
        return np.clip(column * (1 + growth), 0, UNLIMITED)


def _round_up(limit: FloatArray) -> IntArray:
    return np.asarray(np.ceil(limit - _slack(limit)), dtype=np.int64)


def _round_down(limit: FloatArray) -> IntArray:
    whole = np.floor(np.where(np.isfinite(limit), limit + _slack(limit), UNLIMITED))
    return np.clip(whole, 0, UNLIMITED).astype(np.int64)


def _slack(limit: FloatArray) -> FloatArray:
    """What 100.00 x 1.1 = 110.00000000000001 may be off by before it counts as a cent."""
    return 8 * np.spacing(np.where(np.isfinite(limit), np.abs(limit), 0.0))
