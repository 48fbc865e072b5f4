"""The whole allocation in the order it happens. Problem and policy in, allocation out."""

from __future__ import annotations

from solver.allocation import Allocation
from solver.bounds import Bounds, bounds
from solver.conflict import diagnose
from solver.errors import Fault, InfeasibleProblem, InvalidProblem
from solver.fairness import SCALES, Scale
from solver.hierarchy import Hierarchy, lay_out
from solver.policy import Policy
from solver.problem import Problem
from solver.rounding import round_quotas
from solver.tree import CommonLevels, equalise


def solve(problem: Problem, policy: Policy) -> Allocation:
    """Split the target into the quotas that are leximin in the policy's stretch.

    Raises `InvalidProblem` when the policy lacks a column it needs, `InfeasibleProblem` when the
    rules cannot all hold.
    """
    if policy.crosses_the_tree or policy.relax or policy.on_infeasible != "refuse":
        reason = "groups, parity, margin_floors, rows, relax and on_infeasible are not solved yet"
        raise InvalidProblem([Fault("", None, "policy", reason)])
    scale = SCALES[policy.fairness](problem.reps)
    hierarchy = lay_out(problem)
    limits = bounds(problem, policy, hierarchy)
    if infeasibility := diagnose(problem, hierarchy, limits):
        raise InfeasibleProblem(infeasibility)
    even = scale.laid_out(hierarchy.rep_row)
    levels = equalise(hierarchy, limits, even.anchor, even.yardstick, even.response)
    if policy.engine == "lp":
        _cross_check(hierarchy, limits, scale, levels)
    return Allocation(
        problem=problem,
        policy=policy,
        engine="lp" if policy.engine == "lp" else "tree",
        hierarchy=hierarchy,
        bounds=limits,
        scale=scale,
        levels=levels,
        rounded=round_quotas(hierarchy, limits, levels.quota, problem.increment),
    )


def _cross_check(hierarchy: Hierarchy, limits: Bounds, scale: Scale, levels: CommonLevels) -> None:
    """Both engines must find the same largest stretch, or neither answer is worth anything."""
    from solver.formulation import least_largest_stretch  # PuLP is slow to import, and rarely used

    row = hierarchy.rep_row
    by_lp = least_largest_stretch(hierarchy, limits, scale.anchor[row], scale.yardstick[row])
    by_lp.confirm(levels.quota)
