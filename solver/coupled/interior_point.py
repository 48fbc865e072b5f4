"""Prices of rows by an interior point, for a search of its own to finish."""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.coupled.dual_function import DualFunction
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray
from solver.watch import Watch

_NOISE: Final = 1e-7
"""Prices below this part of the largest one are an interior point's way to say 0."""


def prices_by_clarabel(dual: DualFunction, watch: Watch) -> FloatArray:
    """(k,) the prices of the rows at the optimum that an interior point finds.

    Columns are stretches over the typical one, rows money over its own weight, so that all numbers
    lie near 1:  minimise x' P x / 2  subject to  A x + s = b, s >= 0,  hence P x + A' z = 0.
    """
    import clarabel
    from scipy import sparse

    k, anchor, limits = len(dual.coupling), dual.scale.anchor, dual.limits
    weight = dual.scale.yardstick / dual.scale.yardstick.mean()
    typical = max(dual.typical, abs(limits.total - anchor.sum()) / dual.scale.yardstick.sum())
    matrix = sparse.vstack((dual.matrix, _sums(dual.hierarchy), sparse.eye_array(len(anchor))))
    least = np.concatenate((dual.least, limits.node_min, limits.low)) - matrix @ anchor
    highest = np.minimum(limits.high, limits.total)
    most = np.concatenate((dual.most, limits.node_max, highest)) - matrix @ anchor
    matrix = (matrix * weight).tocsr()
    size = np.sqrt(np.asarray((matrix**2).sum(axis=1)).ravel())
    size[size == 0] = 1.0  # a unit without reps
    matrix = (sparse.diags_array(1 / size) @ matrix).tocsr()
    money = dual.scale.yardstick.mean() * typical * size
    upper, lower = np.flatnonzero(np.isfinite(most)), np.flatnonzero(np.isfinite(least))
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    solver = clarabel.DefaultSolver(
        sparse.csc_matrix(sparse.diags_array(weight)),
        np.zeros(len(anchor)),
        sparse.csc_matrix(sparse.vstack((matrix[upper], -matrix[lower]))),
        np.concatenate(((most / money)[upper], (-least / money)[lower])),
        [clarabel.NonnegativeConeT(len(upper) + len(lower))],
        settings,
    )
    solver.set_termination_callback(lambda _: watch.stopped() or watch.seconds_left() <= 0)
    multiplier = np.array(solver.solve().z)
    watch.look()
    price = np.zeros(len(size))
    price[lower] += multiplier[len(upper) :]
    price[upper] -= multiplier[: len(upper)]
    found: FloatArray = (price * typical / size)[:k]
    heard = (np.abs(found) > _NOISE * np.abs(found).max()) & (dual.full_curvature > 0)
    return np.where(heard, found, 0.0)


def _sums(hierarchy: Hierarchy):  # type: ignore[no-untyped-def]
    """What each node sums, as a sparse array (m + 1, n)."""
    from scipy import sparse

    size = hierarchy.last - hierarchy.first
    start = np.append(0, np.cumsum(size))
    rep = np.arange(start[-1]) + (hierarchy.first - start[:-1]).repeat(size)
    shape = (hierarchy.nodes, len(hierarchy.rep_row))
    return sparse.csr_array((np.ones(len(rep)), rep, start), shape=shape)
