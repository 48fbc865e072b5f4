"""The rules of an allocation as rows of a linear programme: one function per rule.

A docstring is the rule's formula; the row carries the rule's name as the API spells it, with `_`
for `:`. The stretch of rep i is split into what lies above and below the anchor,

    pace_i e_i = above_i - below_i,    quota_i = c_i + R_i e_i,    above_i, below_i >= 0

so that no quota is a column of its own, and the limits of one rep are bounds instead of rows. The
pace is 1 but for a rep whose yardstick is tiny beside the others': there a unit of the columns is
worth more money than a unit of stretch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from solver.problem import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class InStretch:
    """n reps and m + 1 nodes (0 is the company), every limit in units of the columns, near 1."""

    rep: Sequence[str]
    node: Sequence[str]
    """Their names, safe for an LP file."""
    lowest: FloatArray
    highest: FloatArray
    """(n,) a_i and b_i: how far each rep's floor and cap lie above the anchor."""
    weight: FloatArray
    """(n,) w_i: the money that one unit of each rep's columns is."""
    pace: FloatArray
    """(n,) the units of a rep's columns that one unit of t is."""
    typical: float
    """The stretch that one unit of t is."""
    compared: BoolArray
    """(n,) the reps whose stretch the largest stretch is taken over."""
    anchored: BoolArray
    """(n,) the reps who carry no more than their anchor, or their floor where that is higher."""
    first: IntArray
    last: IntArray
    """(m + 1,) the node's reps are first <= i < last."""
    node_min: FloatArray
    node_max: FloatArray
    """(m + 1,) limits of what the node carries beyond its anchors; infinite where none."""


@dataclass(frozen=True, slots=True, eq=False)
class QuotaModel:
    """A linear programme under construction, with its columns by rep."""

    lp: pulp.LpProblem
    largest: pulp.LpVariable
    above: list[pulp.LpVariable]
    below: list[pulp.LpVariable]

    def carried(self, case: InStretch, node: int) -> pulp.LpAffineExpression:
        """Σ_{i in node} w_i (above_i − below_i): what the node carries beyond its anchors."""
        reps = slice(case.first[node], case.last[node])
        weight = case.weight[reps].tolist()
        terms = [*zip(self.above[reps], weight, strict=True)]
        terms += zip(self.below[reps], [-w for w in weight], strict=True)
        return pulp.lpSum_vars_coefs(terms)

    def require(self, name: str, rule: pulp.LpAffineExpression) -> None:
        self.lp.addConstraint(rule, name)


def largest_stretch_is_least(model: QuotaModel, _case: InStretch) -> None:
    """minimise t"""
    model.lp.setObjective(model.largest)


def rep_stretch(model: QuotaModel, case: InStretch) -> None:
    """above_i − below_i ≤ pace_i t   for every rep who is compared"""
    pace = case.pace.tolist()
    for i in np.flatnonzero(case.compared).tolist():
        terms = [(model.above[i], 1.0), (model.below[i], -1.0), (model.largest, -pace[i])]
        model.require(f"rep_{case.rep[i]}_stretch", pulp.lpSum_vars_coefs(terms) <= 0)


def rep_floor(model: QuotaModel, case: InStretch) -> None:
    """above_i ≥ max(a_i, 0),   below_i ≤ max(−a_i, 0)   a_i is where the floor lies"""
    for i, lowest in enumerate(case.lowest.tolist()):
        model.above[i].lowBound = max(lowest, 0.0)
        model.below[i].upBound = max(-lowest, 0.0)


def rep_cap(model: QuotaModel, case: InStretch) -> None:
    """above_i ≤ max(b_i, 0),   below_i ≥ max(−b_i, 0)   b_i is where the cap lies"""
    for i, highest in enumerate(case.highest.tolist()):
        model.above[i].upBound = max(highest, 0.0)
        model.below[i].lowBound = max(-highest, 0.0)


def rep_anchor(model: QuotaModel, case: InStretch) -> None:
    """above_i ≤ max(a_i, 0)   for a rep who has no yardstick to be compared by

    The rep carries the anchor at most, or the own floor where that is higher.
    """
    for i in np.flatnonzero(case.anchored).tolist():
        model.above[i].upBound = model.above[i].lowBound


def unit_min(model: QuotaModel, case: InStretch) -> None:
    """Σ_{i in v} w_i (above_i − below_i) ≥ min_v   for every unit with a minimum"""
    for v in _units(np.isfinite(case.node_min) & (case.node_min < case.node_max)):
        model.require(f"unit_{case.node[v]}_min", model.carried(case, v) >= case.node_min[v])


def unit_max(model: QuotaModel, case: InStretch) -> None:
    """Σ_{i in v} w_i (above_i − below_i) ≤ max_v   for every unit with a maximum"""
    for v in _units(np.isfinite(case.node_max) & (case.node_min < case.node_max)):
        model.require(f"unit_{case.node[v]}_max", model.carried(case, v) <= case.node_max[v])


def unit_target(model: QuotaModel, case: InStretch) -> None:
    """Σ_{i in v} w_i (above_i − below_i) = target_v   for every unit whose sum is given"""
    for v in _units(case.node_min == case.node_max):
        model.require(f"unit_{case.node[v]}_target", model.carried(case, v) == case.node_min[v])


def target(model: QuotaModel, case: InStretch) -> None:
    """Σ_i w_i (above_i − below_i) = target"""
    model.require("target", model.carried(case, 0) == case.node_min[0])


def _units(chosen: BoolArray) -> Iterator[int]:
    """The chosen nodes but for the company, which has a rule of its own."""
    yield from (np.flatnonzero(chosen[1:]) + 1).tolist()
