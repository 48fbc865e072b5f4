"""What over-assignment does: how far the quotas exceed each target, and who bears the risk.

The quotas under a target add up to target x (1 + factor). The factor of a unit that states none is
that of the unit above; factors do not multiply on the way down. More quota than target does not by
itself make it likelier that the company reaches the target: sales do not know about it. What it
does change is each rep's own chance, so the report sets the share of reps who are expected to
attain beside what it would be if every factor were 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from solver.allocation import Allocation
from solver.errors import InfeasibleProblem
from solver.hierarchy import Hierarchy, exact_sums, slice_sums
from solver.policy import Policy
from solver.problem import NOT_SET, FloatArray, IntArray, Problem
from solver.solve import solve


@dataclass(frozen=True, slots=True)
class OverAssignment:
    """One target and the quotas under it, in minor units."""

    node: int
    """Of the hierarchy; 0 is the company."""
    target: int
    assigned: int
    """The sum of the quotas."""
    factor: float
    """assigned = target x (1 + factor), half-even to the minor unit."""
    source: int
    """The node that states the factor: this one or one above."""
    reps: int
    known: int
    """How many reps have a sigma; the two shares rest on them alone."""
    attaining: float | None
    """Their expected share that attains, the mean of P(sales >= quota); None without a sigma."""
    attaining_without: float | None
    """The same if every factor were 0; None also where the limits rule that plan out, and where
    rules cut across the tree."""


def over_assignment(allocation: Allocation, *, compared: bool = True) -> tuple[OverAssignment, ...]:
    """One entry for the company and one for each unit with a target, parents first.

    The plan is solved again with every factor 0 where some factor is not and some sigma is known,
    unless nothing is to be `compared`: then nothing is known of the shares without.
    """
    h, problem, policy = allocation.hierarchy, allocation.problem, allocation.policy
    row = h.unit_row
    targets = np.append(problem.units.target, problem.target)[row]
    stated = np.append(problem.units.over_assignment, policy.over_assignment)[row]
    source = _sources(h, stated)
    known = ~np.isnan(problem.reps.sigma[h.rep_row])
    assigned = exact_sums(allocation.rounded, h.first, h.last)
    sure = slice_sums(known.astype(np.float64), h.first, h.last).astype(np.int64)
    shares = _shares(allocation, h, sure)
    without = shares
    if known.any() and stated[source].any():
        plan = _without(problem, policy) if compared else None
        without = np.full(h.nodes, np.nan) if plan is None else _shares(plan, h, sure)
    return tuple(
        OverAssignment(
            node=node,
            target=int(targets[node]),
            assigned=int(assigned[node]),
            factor=float(stated[source[node]]),
            source=int(source[node]),
            reps=int(h.last[node] - h.first[node]),
            known=int(sure[node]),
            attaining=_told(shares[node]),
            attaining_without=_told(without[node]),
        )
        for node in np.flatnonzero(targets != NOT_SET).tolist()
    )


def _sources(hierarchy: Hierarchy, stated: FloatArray) -> IntArray:
    """(m + 1,) the nearest node, upwards, that states a factor."""
    source = np.arange(hierarchy.nodes)
    for node in range(1, hierarchy.nodes):
        if np.isnan(stated[node]):
            source[node] = source[hierarchy.parent[node]]
    return source


def _shares(plan: Allocation, hierarchy: Hierarchy, sure: IntArray) -> FloatArray:
    """(m + 1,) the mean chance of the reps whose chance is known; nan where there are none."""
    chance = np.nan_to_num(plan.attainment_probability[hierarchy.rep_row])
    sums = slice_sums(chance, hierarchy.first, hierarchy.last)
    return np.divide(sums, sure, out=np.full_like(sums, np.nan), where=sure > 0)


def _without(problem: Problem, policy: Policy) -> Allocation | None:
    """The plan with every factor 0; None where the limits cannot all hold then.

    Nor is a plan with rules across the tree solved twice: that can take long.
    """
    if policy.crosses_the_tree:
        return None
    units = replace(problem.units, over_assignment=np.zeros(len(problem.units)))
    plain = replace(policy, over_assignment=0.0, engine="auto", on_infeasible="refuse")
    try:
        return solve(replace(problem, units=units), plain)
    except InfeasibleProblem:
        return None


def _told(share: float) -> float | None:
    return None if np.isnan(share) else float(share)
