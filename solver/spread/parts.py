"""Quotas told by lines of business and months, so that targets of parts come out exactly.

A target may be of a part of what a unit sells: East x new product x the first half year. Reps get
the quotas that `solver.solve` finds. Then these are told apart by lines (`lines`) and
months, near to what each rep would sell: quota x mix x season.

1. The coarse table (`coarse.py`): blocks of reps x lines x spans of months that targets tell apart.
   It meets every target, in whole money wherever a whole table does (`coarse_whole.py`).
2. The fine table (`fine.py`): reps inside blocks, months inside spans. It always exists.

Targets are stated before over-assignment. They grow as their unit's target does, in exact
fractions; so they do where a target gives way, or a gap is booked.

Where quotas leave no coarse table (East carries less than is wanted of what only East sells), the
reason is an inequality about sums of quotas. It becomes a rule of the policy, named after the
targets that made it, and the reps are solved again. Every plan that meets the targets keeps these
rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.errors import Fault, InfeasibleProblem, InvalidProblem
from solver.infeasibility import Infeasibility
from solver.policy import LinearRow, Policy
from solver.problem import UNLIMITED, FloatArray, IntArray, Problem
from solver.solve import solve
from solver.spread.coarse import Coarse, nearest
from solver.spread.coarse_cuts import Cut, cut_of, shortfall
from solver.spread.coarse_whole import missed_by, misses, whole_cells
from solver.spread.errors import InfeasibleInParts, PartsCannotHold, SpreadFailed
from solver.spread.lines import Line
from solver.spread.told_apart import Parts, ToldApart, wanted_of
from solver.targets import Target
from solver.watch import Watch

CUTS: Final = 60
"""After so many inequalities the search is over."""
_NAMES: Final = 3
"""Targets that the name of a rule tells."""


@dataclass(frozen=True, slots=True, eq=False)
class PartPlan:
    """Quotas, and what they carry of each line and month; rows in the problem's row order."""

    allocation: Allocation
    targets: tuple[Target, ...]
    """(m,)"""
    lines: tuple[Line, ...]
    cells: IntArray
    """(n, k, t) in minor units; over lines and months they add up to the quotas."""
    wanted: tuple[Fraction, ...]
    """(m,) each of `targets`, with its over-assignment."""
    carried: tuple[int, ...]
    """(m,) what quotas carry of it."""
    missed: tuple[int, ...]
    """(m,) carried less wanted; 0 for the whole numbers next to a target with decimals."""
    cuts: tuple[LinearRow, ...]
    """The rules that quotas had to keep for the targets' sake; mostly none."""


def solve_in_parts(
    problem: Problem, policy: Policy, parts: Parts, watch: Watch | None = None
) -> PartPlan:
    """The plan of `problem` and `policy` that also meets the targets of `parts`.

    Raises what `solve` raises; `InfeasibleInParts` where rules named after targets may be among
    those that conflict, `PartsCannotHold` where no quotas whatever meet the targets,
    `InvalidProblem` where there is too much to tell apart, or the policy keeps no rules across the
    tree and needs some; `SpreadFailed`.
    """
    watch = watch or Watch()
    told = ToldApart.of(problem, parts)
    cuts: list[LinearRow] = []
    given_up: list[LinearRow] = []
    while len(cuts) <= CUTS:
        try:
            allocation = _solved(problem, policy, tuple(cuts), watch)
        except InfeasibleInParts as error:
            if policy.on_infeasible != "gap":
                raise
            left = _as_far_as_can_be(cuts, error.infeasibility)
            given_up += [cut for cut in cuts if cut not in left]
            cuts = left
            continue
        coarse = told.coarse(allocation)
        if (table := _as_the_season_has_it(told, coarse, watch)) is not None:
            return _plan(told, allocation, coarse, table, tuple(cuts))
        coarse = coarse.of_first(len(parts.targets))
        found = nearest(coarse)
        cells = found.cells
        if not found.close:
            cut = cut_of(coarse, found.multipliers) or shortfall(coarse, watch.seconds_left()).cut
            if cut is not None:
                row = as_row(told, cut, allocation.assigned, _taken(policy, cuts))
                if not _is_known(row, [*cuts, *given_up]):
                    _refuse_without_rows(policy, row)
                    cuts.append(row)
                    continue
            cells = _as_near_as_can_be(coarse, watch)
        watch.look()
        table = whole_cells(coarse, cells, problem.increment, watch)
        return _plan(told, allocation, coarse, table, tuple(cuts))
    raise SpreadFailed(
        f"{CUTS} rules on sums of quotas were not enough to meet the targets of parts"
    )


def _as_the_season_has_it(told: ToldApart, coarse: Coarse, watch: Watch) -> IntArray | None:
    """The table in which the months of the company are also those of a given season.

    None where no season is given, or targets are of other months than it: then they come first.
    """
    count = len(told.targets)
    if len(coarse.targets) == count or not (found := nearest(coarse)).close:
        return None
    watch.look()
    table = whole_cells(coarse, found.cells, told.problem.increment, watch)
    return None if any(misses(coarse, table)[:count]) else table


def _solved(
    problem: Problem, policy: Policy, cuts: tuple[LinearRow, ...], watch: Watch
) -> Allocation:
    """The quotas that keep the cuts. No gap is booked for their sake: a gap is what nobody can
    carry at all, and what people cannot carry of a part somebody else can carry of the rest.
    """
    if not cuts:
        return solve(problem, policy, watch)
    ruled = replace(policy, rows=(*policy.rows, *cuts))
    if policy.on_infeasible == "gap":
        ruled = replace(ruled, on_infeasible="refuse")
    try:
        return solve(problem, ruled, watch)
    except InfeasibleProblem as error:
        raise InfeasibleInParts(error.infeasibility, cuts) from error


def _as_far_as_can_be(cuts: Sequence[LinearRow], found: Infeasibility) -> list[LinearRow]:
    """The cuts, as much of each as people's limits leave; one less where these do not tell."""
    to = {each.name: int(each.after) for each in found.relaxation if abs(each.after) < UNLIMITED}
    left = [
        replace(
            cut, min=to.get(f"row:{cut.id}:min", cut.min), max=to.get(f"row:{cut.id}:max", cut.max)
        )
        for cut in cuts
    ]
    changed = sum(one != other for one, other in zip(left, cuts, strict=True))
    return left if 0 < changed == len(found.relaxation) else [*cuts[:-1]]


def _plan(
    told: ToldApart,
    allocation: Allocation,
    coarse: Coarse,
    table: IntArray,
    cuts: tuple[LinearRow, ...],
) -> PartPlan:
    cells = told.cells(allocation.quota, table)[np.argsort(told.order)]
    if not np.array_equal(cells.sum(axis=(1, 2)), allocation.quota):
        raise SpreadFailed("the lines and months of a rep do not add up to the quota")
    count = len(told.targets)
    wanted = wanted_of(allocation, told.targets)
    in_open = coarse.carried(table).tolist()[:count]
    carried = tuple(own + kept for own, kept in zip(in_open, told.kept_of_targets, strict=True))
    return PartPlan(
        allocation=allocation,
        targets=told.targets,
        lines=told.parts.lines,
        cells=cells,
        wanted=wanted,
        carried=carried,
        missed=tuple(missed_by(own, due) for own, due in zip(carried, wanted, strict=True)),
        cuts=cuts,
    )


def _as_near_as_can_be(coarse: Coarse, watch: Watch) -> FloatArray:
    """The table nearest to the seed among those that miss as little as can be; any of those where
    the nearest is not found.
    """
    cells = shortfall(coarse, watch.seconds_left()).cells
    reached = tuple(Fraction(float(carried)) for carried in coarse.carried(cells))
    found = nearest(replace(coarse, targets=reached))
    return found.cells if found.close else cells


def _is_known(row: LinearRow, cuts: Sequence[LinearRow]) -> bool:
    """Whether a rule gave way, or was given up: then it is broken although it is known."""
    return any(replace(row, id=cut.id) == cut for cut in cuts)


def _taken(policy: Policy, cuts: Sequence[LinearRow]) -> set[str]:
    return {row.id for row in (*policy.rows, *cuts)}


def _refuse_without_rows(policy: Policy, row: LinearRow) -> None:
    if policy.fairness == "equal_probability" or policy.engine == "tree":
        field = "engine" if policy.engine == "tree" else "fairness"
        reason = (
            f"{getattr(policy, field)} keeps rules of reps and units only, and these targets need "
            f"one across them ({row.id}): choose another, or change the targets"
        )
        raise InvalidProblem([Fault("", None, field, reason)])


def as_row(told: ToldApart, cut: Cut, assigned: int, taken: set[str]) -> LinearRow:
    """The cut as a rule about those whom it weighs, named after its targets: who sells what is
    wanted carries at least as much. Where it weighs everybody, it is about as few as can be.

    Raises `PartsCannotHold` where it is about nobody.
    """
    targets = tuple(k for k in cut.targets if k < len(told.targets))
    names = tuple(told.targets[k].name for k in targets)
    weight = cut.weight[told.block]
    count = Counter(weight.tolist())
    usual = 0 if 0 in count else max(count, key=lambda each: (count[each], each))
    weight -= usual
    kept = told.kept.sum(axis=(1, 2))
    most = cut.most - usual * (assigned - int(kept.sum())) + int(weight @ kept)
    if not weight.any():
        raise PartsCannotHold(targets, names)
    ids = [told.problem.reps.ids[row] for row in told.order.tolist()]
    name = _free(" + ".join(names[:_NAMES]) + (" + …" if len(names) > _NAMES else ""), taken)
    sign = 1 if weight.max() > 0 else -1
    pairs = zip(ids, (sign * weight).tolist(), strict=True)
    coefficients = tuple((key, float(each)) for key, each in pairs if each)
    if sign > 0:
        return LinearRow(name, coefficients, max=most)
    return LinearRow(name, coefficients, min=-most)


def _free(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken already."""
    names = (name if k == 1 else f"{name} ({k})" for k in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)
