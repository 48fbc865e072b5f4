"""Plans to be rounded, and what whole quotas have to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
from hypothesis import strategies as st

from solver.bounds import Bounds
from solver.coupled.coupling import Coupling
from solver.hierarchy import Hierarchy, exact_sums, lay_out
from solver.policy import Group, LinearRow, Policy
from solver.problem import UNLIMITED, FloatArray, IntArray, Problem
from solver.rounding.on_the_tree import round_quotas
from solver.watch import Watch
from tests.solver.builders import a_problem, coupling_of, limits_of, problems_with_a_plan
from tests.solver.drawing import one_of, some_of
from tests.solver.tight import in_units_of


@dataclass(frozen=True)
class Case:
    """Unrounded quotas that keep the limits of a problem and the rules of a policy."""

    problem: Problem
    policy: Policy
    unrounded: FloatArray
    """(n,) in the problem's row order"""

    @property
    def hierarchy(self) -> Hierarchy:
        return lay_out(self.problem)

    @property
    def bounds(self) -> Bounds:
        return limits_of(self.problem, self.policy)  # type: ignore[no-any-return]

    @property
    def coupling(self) -> Coupling:
        return coupling_of(self.problem, self.policy)

    @property
    def exact(self) -> FloatArray:
        return self.unrounded[self.hierarchy.rep_row]

    @property
    def increment(self) -> int:
        return self.problem.increment

    def rounded(self, watch: Watch | None = None) -> IntArray:
        """In layout order."""
        return round_quotas(
            self.hierarchy, self.bounds, self.exact, self.increment, self.coupling, watch=watch
        )

    def on_the_tree(self) -> IntArray:
        return round_quotas(self.hierarchy, self.bounds, self.exact, self.increment)

    def listed(self) -> list[int]:
        """In the problem's row order."""
        quota = np.empty(len(self.unrounded), dtype=np.int64)
        quota[self.hierarchy.rep_row] = self.rounded()
        return quota.tolist()

    def windows(self) -> tuple[IntArray, IntArray]:
        """Where the specification lets each quota end."""
        exact, limit, increment = self.exact, self.bounds, self.increment
        down = np.floor(exact / increment + 1e-6).astype(np.int64) * increment
        low = np.clip(down, limit.lowest, limit.highest)
        high = np.minimum(low + increment, limit.highest)
        for bound in (limit.highest, limit.lowest):
            held = np.abs(exact - bound) < 1e-6
            low, high = np.where(held, bound, low), np.where(held, bound, high)
        return low, high


def a_case(
    quotas: dict[str, float],
    *,
    increment: int = 1,
    units: dict[str, Any] | None = None,
    of: dict[str, str] | None = None,
    cohorts: dict[str, tuple[str | None, ...]] | None = None,
    **rules: Any,
) -> Case:
    """Reps with these unrounded quotas, in the units `of`; the target is the sum."""
    reps = {key: {"unit": (of or {}).get(key)} for key in quotas}
    problem = a_problem(round(sum(quotas.values())), reps, units, increment)
    problem = replace(problem, cohorts=cohorts or {})
    return Case(problem, Policy(**rules), np.array(list(quotas.values())))


def is_kept(case: Case, quota: IntArray) -> bool:
    """Whether whole quotas keep every limit of reps, units and rows."""
    limit, tree = case.bounds, case.hierarchy
    sums = exact_sums(quota, tree.first, tree.last)
    return (
        bool(np.all((limit.unit_min <= sums) & (sums <= limit.unit_max)))
        and bool(np.all((limit.lowest <= quota) & (quota <= limit.highest)))
        and not any(case.coupling.misses(quota))
    )


@st.composite
def cases(draw: st.DrawFn, *, disjoint: bool) -> Case:
    """Rules drawn around a whole plan on any tree; then fractions move where no rule forbids it.

    The rules are disjoint groups, or groups that overlap and rows with coefficients.
    """
    problem, plan = draw(problems_with_a_plan())
    policy = _disjoint(draw, plan) if disjoint else _overlapping(draw, plan)
    problem = replace(problem, increment=draw(one_of(1, 1, 10, 100, 1000)))
    whole = Case(problem, policy, np.array(list(plan.values()), dtype=np.float64))
    draws = draw(st.lists(st.integers(-8, 8), min_size=len(plan), max_size=len(plan)))
    return replace(whole, unrounded=whole.unrounded + _harmless(whole, np.array(draws) / 8))


@st.composite
def huge_cases(draw: st.DrawFn, *, disjoint: bool) -> Case:
    """A whole plan of up to 5 x 10**15 minor units with rules around it, and noise of floats."""
    problem, plan = draw(problems_with_a_plan())
    policy = _disjoint(draw, plan) if disjoint else _overlapping(draw, plan)
    times = 5 * 10**15 // max(sum(plan.values()), 10**6) - draw(st.integers(0, 10**6))
    problem, policy = in_units_of(times, problem, policy)
    problem = replace(problem, increment=draw(one_of(1, 1, 10, 1000)))
    whole = Case(problem, policy, np.array(list(plan.values()), dtype=np.float64) * times)
    lost = one_of(0.0, 1e-15, 1e-13, 1e-11)
    off = [draw(st.integers(-4, 4)) * draw(lost) * problem.target for _ in plan]
    return replace(whole, unrounded=whole.unrounded + _harmless(whole, np.array(off), rows=False))


def _disjoint(draw: st.DrawFn, plan: dict[str, int]) -> Policy:
    labels = [draw(one_of(None, 0, 0, 1, 2)) for _ in plan]
    groups = []
    for label in {label for label in labels if label is not None}:
        reps = [rep for rep, of in zip(plan, labels, strict=True) if of == label]
        groups.append(_group(draw, f"g{label}", reps, plan))
    return Policy(groups=tuple(groups))


def _overlapping(draw: st.DrawFn, plan: dict[str, int]) -> Policy:
    some = some_of(tuple(plan))
    groups = [_group(draw, f"g{k}", draw(some), plan) for k in range(draw(st.integers(0, 3)))]
    rows = []
    for k in range(draw(st.integers(0 if groups else 1, 2))):
        sizes = one_of(1.0, -1.0, 2.0, -0.5, 0.1, 0.25, 3.7)
        terms = tuple((rep, draw(sizes)) for rep in draw(some))
        total = sum(Fraction(repr(size)) * plan[rep] for rep, size in terms)
        least, most = floor(total) - draw(_room), ceil(total) + draw(_room)
        sides = draw(st.sampled_from([(least, most), (least, None), (None, most)]))
        rows.append(LinearRow(f"r{k}", terms, *sides))
    return Policy(groups=tuple(groups), rows=tuple(rows))


_room = st.sampled_from([0, 0, 0, 1, 30])


def _group(draw: st.DrawFn, key: str, reps: Sequence[str], plan: dict[str, int]) -> Group:
    total = sum(plan[rep] for rep in reps)
    least, most = max(0, total - draw(_room)), total + draw(_room)
    sides = [(least, most), (0, most), *([(least, UNLIMITED)] if least else [])]
    return Group(key, tuple(reps), *draw(st.sampled_from(sides)))


def _harmless(case: Case, wanted: FloatArray, *, rows: bool = True) -> FloatArray:
    """The part of a change that touches no limit of units and `rows`, within those of reps."""
    tree, limit, coupling = case.hierarchy, case.bounds, case.coupling
    row = tree.rep_row
    free = limit.lowest < limit.highest
    sums = [np.zeros(len(row)) for _ in range(tree.nodes + rows * len(coupling))]
    for node in range(tree.nodes):
        sums[node][tree.first[node] : tree.last[node]] = 1
    for entry, k in enumerate(coupling.row if rows else ()):
        sums[tree.nodes + k][coupling.rep[entry]] = coupling.coefficient[entry]
    matrix = np.array(sums)[:, free]
    change = np.zeros(len(row))
    change[free] = wanted[row][free] - np.linalg.pinv(matrix) @ (matrix @ wanted[row][free])
    exact = case.exact
    room = np.where(change > 0, limit.highest - exact, exact - limit.lowest)
    most = np.min(room[free] / np.maximum(np.abs(change[free]), 1e-9), initial=1.0)
    listed = np.empty(len(row))
    listed[row] = np.where(np.abs(change) < 1e-9, 0, change) * min(1.0, most)
    return listed
