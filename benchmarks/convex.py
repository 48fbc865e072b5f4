"""The same company in cvxpy, solved by Clarabel.

The column is the stretch e = (q - c) / R, and rows of sums are divided by what they sum at a
stretch of 1, so that all numbers lie near 1; in money Clarabel needs longer and loses digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from benchmarks.answer import TIME_LIMIT, GaveUp
from benchmarks.arrays import Arrays
from solver.problem import UNLIMITED, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Convex:
    """The limits of a case as constraints on a cvxpy variable."""

    case: Arrays
    stretch: Any
    limits: list[Any]

    @classmethod
    def of(cls, case: Arrays) -> Self:
        import cvxpy as cp

        b, c, r = case.bounds, case.scale.anchor, case.scale.yardstick
        stretch = cp.Variable(len(c))
        highest = np.minimum(b.highest, b.total)
        matrix, least, most = _sums(case)
        size = np.asarray(abs(matrix) @ r).ravel()
        size[size == 0] = 1.0  # a unit without reps
        matrix = (matrix * r).multiply(1 / size[:, None]).tocsr()
        by_stretch = matrix @ stretch
        one, low, high = least == most, least > -np.inf, most < np.inf
        limits = [
            stretch >= (b.lowest - c) / r,
            stretch <= (highest - c) / r,
            by_stretch[one] == (least / size)[one],
        ]
        if np.any(low & ~one):
            limits.append(by_stretch[low & ~one] >= (least / size)[low & ~one])
        if np.any(high & ~one):
            limits.append(by_stretch[high & ~one] <= (most / size)[high & ~one])
        return cls(case, stretch, limits)

    @property
    def quota(self) -> FloatArray:
        scale = self.case.scale
        found: FloatArray = scale.anchor + scale.yardstick * self.stretch.value
        return found

    def minimise_largest(self) -> float:
        """t*"""
        import cvxpy as cp

        return _solve(cp.Problem(cp.Minimize(cp.max(self.stretch)), self.limits))

    def minimise_squares(self, largest: float = np.inf) -> None:
        """The least sum of R e^2, nobody's stretch above `largest` but who has to."""
        import cvxpy as cp

        limits, scale = self.limits, self.case.scale
        if largest < np.inf:
            must = (self.case.bounds.lowest - scale.anchor) / scale.yardstick
            limits = [*limits, self.stretch <= np.maximum(largest, must)]
        weight = np.sqrt(scale.yardstick / scale.yardstick.mean())
        aim = cp.sum_squares(cp.multiply(weight, self.stretch))
        _solve(cp.Problem(cp.Minimize(aim), limits))


def _sums(case: Arrays) -> tuple[Any, FloatArray, FloatArray]:
    """Sums of units and rows as a sparse array, and what they may be less those of the anchors."""
    from scipy import sparse

    h, b, rows, nodes = case.hierarchy, case.bounds, case.rows, case.limited
    n = len(h.rep_row)
    size = (h.last - h.first)[nodes]
    start = np.append(0, np.cumsum(size))
    rep = np.arange(start[-1]) + (h.first[nodes] - start[:-1]).repeat(size)
    units = sparse.csr_array((np.ones(len(rep)), rep, start), shape=(len(nodes), n))
    across = sparse.csr_array((rows.coefficient, rows.rep, rows.start), shape=(len(rows), n))
    matrix = sparse.vstack((units, across)).tocsr()
    least = np.concatenate(
        (
            np.where(b.unit_min > 0, b.unit_min, -np.inf)[nodes],
            np.where(rows.min > -UNLIMITED, rows.min, -np.inf),
        )
    )
    most = np.concatenate(
        (
            np.where((b.unit_max < b.total) | (b.unit_min == b.total), b.unit_max, np.inf)[nodes],
            np.where(rows.max < UNLIMITED, rows.max, np.inf),
        )
    )
    of_anchors = np.asarray(matrix @ case.scale.anchor).ravel()
    return matrix, least - of_anchors, most - of_anchors


def _solve(problem: Any) -> float:
    import cvxpy as cp

    try:
        problem.solve(solver=cp.CLARABEL, time_limit=TIME_LIMIT)
    except cp.SolverError as error:
        raise GaveUp(str(error)) from error
    if problem.status != cp.OPTIMAL:
        raise GaveUp(problem.status)
    return float(problem.value)
