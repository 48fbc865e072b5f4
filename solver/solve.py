"""The whole allocation in the order it happens. Problem and policy in, allocation out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from solver.allocation import Allocation
from solver.bounds import Bounds, bounds
from solver.conflict import diagnose
from solver.coupled.coupling import Coupling
from solver.coupled.two_stages import Coupled, solve_coupled
from solver.errors import InfeasibleProblem, LinearProgramFailed, RoundingFailed, TimeIsUp
from solver.fairness import SCALES
from solver.hierarchy import Hierarchy, exact_sums, lay_out
from solver.infeasibility import Infeasibility, Relaxation
from solver.mending.asked import Asked, gapped, mended
from solver.mending.relaxing import applied
from solver.policy import Policy
from solver.problem import IntArray, Problem
from solver.rounding.on_the_tree import round_quotas
from solver.tree import CommonLevels, equalise
from solver.watch import Watch

_NO_PLAN_EVEN_SO: Final[Mapping[type[Exception], str]] = {
    LinearProgramFailed: " Even then no plan is found that can be confirmed.",
    RoundingFailed: " Even then no whole quotas are found that keep every rule.",
    TimeIsUp: " Even then no plan is found in time.",
}
"""What may still go wrong once rules have given way or gaps are booked, and how that is said."""
_MANY: Final = 100
"""Rows across the tree that may take their time."""

_NO_GAP_MENDS_IT: Final = " Booking a gap was tried, and does not mend it."


def solve(problem: Problem, policy: Policy, watch: Watch | None = None) -> Allocation:
    """Split the target into the quotas that are even in the policy's stretch.

    Limits of reps and units: leximin, by the tree engine. Rules across the tree: the two stages of
    `solver.coupled`. Raises `InvalidProblem` when the policy lacks a column it needs,
    `InfeasibleProblem` when the rules cannot all hold, or only so that no plan is found for what
    `on_infeasible` makes of them; `TimeIsUp` and `SolveStopped` as `watch` wants it, and
    `LinearProgramFailed`, `EnginesDisagree` or `RoundingFailed` rather than a plan that fails a
    check.
    """
    watch = watch or Watch()
    asked = read(problem, policy)
    if policy.on_infeasible == "relax":
        return _relaxed(asked, policy, watch)
    if policy.on_infeasible == "gap":
        return _with_gaps(asked, policy, watch)
    return _as_asked(asked, policy, watch)


def _as_asked(
    asked: Asked, policy: Policy, watch: Watch, gap: IntArray | None = None
) -> Allocation:
    """The plan, or why there is none."""
    try:
        return _planned(asked, policy, watch, gap=gap)
    except (LinearProgramFailed, RoundingFailed) as error:
        if found := _why_not(asked, watch):
            raise InfeasibleProblem(found) from error
        raise


def _relaxed(asked: Asked, policy: Policy, watch: Watch) -> Allocation:
    """`on_infeasible: relax`: the plan once rules have given way, or why they had to."""
    after, relaxed, found = mended(asked, watch)
    if found is None:
        return _as_asked(asked, policy, watch)
    try:
        return _planned(after, policy, watch, relaxed=relaxed)
    except tuple(_NO_PLAN_EVEN_SO) as error:
        raise InfeasibleProblem(_in_vain(found, error)) from error


def _with_gaps(asked: Asked, policy: Policy, watch: Watch) -> Allocation:
    """`on_infeasible: gap`: the plan beside the gaps, or why there had to be any."""
    after, gap = gapped(asked, watch)
    coupling = asked.rows()
    if not gap.any():
        try:
            return _as_asked(after, policy, watch, gap)
        except InfeasibleProblem as error:
            words = (*error.infeasibility.words, _NO_GAP_MENDS_IT)
            raise InfeasibleProblem(replace(error.infeasibility, words=words)) from error
    if coupling is None:
        return _as_asked(after, policy, watch, gap)
    # Of many rules it is told now, for there may be no time for it later.
    found = _why_not(asked, watch) if len(coupling) > _MANY else None
    try:
        return _planned(after, policy, watch, gap=gap)
    except tuple(_NO_PLAN_EVEN_SO) as error:
        if not (found := found or _why_not(asked, watch)):
            raise
        raise InfeasibleProblem(_in_vain(found, error)) from error


def _planned(
    asked: Asked,
    policy: Policy,
    watch: Watch,
    *,
    relaxed: tuple[Relaxation, ...] = (),
    gap: IntArray | None = None,
) -> Allocation:
    """The plan of rules that hold, once some have given way or gaps are booked."""
    problem, hierarchy, limits = asked.problem, asked.hierarchy, asked.bounds
    coupling, coupled = asked.rows(), None
    if infeasibility := diagnose(problem, hierarchy, limits):
        # What mends the tree alone may leave rules across it that cannot hold.
        raise InfeasibleProblem(asked.diagnosed(watch) or infeasibility)
    if coupling is None:
        watch.tell("even spread", 0)
        even = asked.scale.laid_out(hierarchy.rep_row)
        levels = equalise(hierarchy, limits, even.anchor, even.yardstick, even.response)
        if policy.engine == "lp":
            _cross_check(asked, levels, watch)
    else:
        coupled = _coupled(asked, coupling, watch)
        levels = coupled.shown
    watch.tell("rounding", 0)
    rounded = round_quotas(
        hierarchy, limits, levels.quota, problem.increment, coupling, watch=watch
    )
    _believe(hierarchy, limits, coupling, rounded)
    allocation = Allocation(
        problem=problem,
        policy=policy,
        engine="lp" if coupled or policy.engine == "lp" else "tree",
        hierarchy=hierarchy,
        bounds=limits,
        scale=asked.scale,
        levels=levels,
        rounded=rounded,
        coupling=coupling,
        coupled=coupled,
        relaxed=relaxed,
        gap=gap,
    )
    watch.tell("certificate", 0)
    if coupled and not allocation.checks.valid:
        raise LinearProgramFailed("the plan that was found cannot be proven to be the least")
    return allocation


def _why_not(asked: Asked, watch: Watch) -> Infeasibility | None:
    """Why there is no plan, where that is because the rules cannot all hold."""
    try:
        return asked.diagnosed(watch)
    except LinearProgramFailed:
        return None


def _in_vain(found: Infeasibility, error: Exception) -> Infeasibility:
    """What is said where rules gave way, or gaps were booked, and there is no plan even so."""
    return replace(found, words=(*found.words, _NO_PLAN_EVEN_SO[type(error)]))


def read(problem: Problem, policy: Policy) -> Asked:
    """What a problem and a policy ask for, before anything is solved: limits folded, organisation
    laid out, rules of `policy.relax` given way.
    """
    scale = SCALES[policy.fairness](problem.reps)
    hierarchy = lay_out(problem)
    limits, rules = applied(problem, policy, hierarchy, bounds(problem, policy, hierarchy))
    return Asked(problem, rules, hierarchy, limits, scale)


def _coupled(asked: Asked, coupling: Coupling, watch: Watch) -> Coupled:
    """The plan of both stages, or why there is none."""
    row, scale = asked.hierarchy.rep_row, asked.scale
    laid_out = replace(scale, anchor=scale.anchor[row], yardstick=scale.yardstick[row])
    if found := solve_coupled(asked.hierarchy, asked.bounds, laid_out, coupling, watch):
        return found
    if infeasibility := asked.diagnosed(watch):
        raise InfeasibleProblem(infeasibility)
    raise LinearProgramFailed("one linear programme finds a plan and another finds none")


def _cross_check(asked: Asked, levels: CommonLevels, watch: Watch) -> None:
    """Both engines must find the same largest stretch, or neither answer is worth anything."""
    from solver.coupled.formulation import (
        least_largest_stretch,  # PuLP is slow to import, and rarely used
    )

    row, scale = asked.hierarchy.rep_row, asked.scale
    anchor, yardstick = scale.anchor[row], scale.yardstick[row]
    by_lp = least_largest_stretch(asked.hierarchy, asked.bounds, anchor, yardstick, watch=watch)
    if by_lp is None:
        raise LinearProgramFailed("HiGHS finds no plan that keeps every limit")
    by_lp.confirm(levels.quota)


def _believe(
    hierarchy: Hierarchy, limits: Bounds, coupling: Coupling | None, quota: IntArray
) -> None:
    """Check the whole quotas in whole numbers, whatever made them."""
    sums = exact_sums(quota, hierarchy.first, hierarchy.last)
    misses = coupling.misses(quota) if coupling else ()
    kept = {
        "limits of reps": (limits.lowest <= quota) & (quota <= limits.highest),
        "sums of units": (limits.unit_min <= sums) & (sums <= limits.unit_max),
        "rules across the tree": np.array([not miss for miss in misses]),
    }
    broken = [rules for rules, held in kept.items() if not held.all()]
    if broken:
        raise LinearProgramFailed(f"the quotas that were found break {' and '.join(broken)}")
