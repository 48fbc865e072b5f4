"""A plain organisation: the tree engine, and the same by linear and quadratic programmes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.answer import TIME_LIMIT, Answer, GaveUp
from benchmarks.arrays import Arrays
from benchmarks.convex import Convex
from solver.problem import FloatArray

_THOUSANDS = 1 / 100_000
"""The natural programmes count in thousands, not in cents: with cents solvers lose digits."""


def tree(case: Arrays) -> Answer:
    """FairQuota's engine: `solver.tree.equalise`, the whole leximin plan."""
    from solver.tree import equalise

    scale = case.scale
    return Answer(equalise(case.hierarchy, case.bounds, scale.anchor, scale.yardstick).quota)


def split(case: Arrays, presolve: str = "choose") -> Answer:
    """minimise 0.9 n t + 0.1 sum (p + m)   subject to   p_i + m_i <= t,   q = c + R (x + p - m)

    x is the even level, so t is the largest distance from it and p = m = 0 is the even plan.
    Limits of reps are bounds of p and m; rows of units are scaled to coefficients near 1. Fed to
    HiGHS as arrays.
    """
    import highspy

    anchor, yardstick = case.scale.anchor, case.scale.yardstick
    even = anchor + yardstick * case.even_level
    n = len(even)
    lp = highspy.HighsLp()
    rows = _split_rows(case, even)
    lp.num_col_, lp.num_row_ = 2 * n + 1, len(rows.lower)
    lp.col_cost_ = np.append(np.full(2 * n, 0.1), 0.9 * n)
    low = (case.bounds.lowest - even) / yardstick
    high = (np.minimum(case.bounds.highest, case.bounds.total) - even) / yardstick
    lp.col_lower_ = np.concatenate((np.maximum(low, 0), np.maximum(-high, 0), [0]))
    lp.col_upper_ = np.concatenate((np.maximum(high, 0), np.maximum(-low, 0), [np.inf]))
    point = highs(lp, rows, presolve)
    return Answer(even + yardstick * (point[:n] - point[n:-1]))


def natural_by_arrays(case: Arrays) -> Answer:
    """minimise t  subject to  q_i - R_i t <= c_i  and the limits, fed to HiGHS as arrays."""
    import highspy

    h, b, nodes = case.hierarchy, case.bounds, case.limited
    n, money = len(h.rep_row), _THOUSANDS
    row, member = members(case, nodes)
    rep, size = np.arange(n), np.bincount(row, minlength=len(nodes))
    most = np.where(b.unit_max < b.total, b.unit_max, np.inf)
    most[0] = b.total
    ends = [np.column_stack((rep, np.full(n, n))).ravel(), member]
    values = [np.column_stack((np.ones(n), -case.scale.yardstick * money)).ravel()]
    rows = Rows(
        start=np.append(0, np.cumsum(np.concatenate((np.full(n, 2), size)))).astype(np.int32),
        column=np.concatenate(ends).astype(np.int32),
        value=np.concatenate((*values, np.ones(len(member)))),
        lower=np.concatenate((np.full(n, -np.inf), b.unit_min[nodes] * money)),
        upper=np.concatenate((case.scale.anchor * money, most[nodes] * money)),
    )
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n + 1, len(rows.lower)
    lp.col_cost_ = np.append(np.zeros(n), 1.0)
    lp.col_lower_ = np.append(b.lowest * money, -np.inf)
    lp.col_upper_ = np.append(np.minimum(b.highest, b.total) * money, np.inf)
    return Answer(highs(lp, rows, "choose")[:n] / money)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    start: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    value: FloatArray
    lower: FloatArray
    upper: FloatArray


def highs(lp: Any, rows: Rows, presolve: str) -> FloatArray:
    """Solve by HiGHS's dual simplex on one thread."""
    import highspy

    lp.row_lower_, lp.row_upper_ = rows.lower, rows.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.start, rows.column
    lp.a_matrix_.value_ = rows.value
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {
        "output_flag": False, "threads": 1, "time_limit": TIME_LIMIT,
        "solver": "simplex", "presolve": presolve,
    }  # fmt: skip
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise GaveUp(solver.modelStatusToString(solver.getModelStatus()))
    return np.array(solver.getSolution().col_value)


def members(
    case: Arrays, nodes: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The place in `nodes` and the rep of every pair of a node and a rep below it."""
    h = case.hierarchy
    size = (h.last - h.first)[nodes]
    member = np.arange(size.sum()) + (h.first[nodes] - (np.cumsum(size) - size)).repeat(size)
    return np.arange(len(nodes)).repeat(size), member


def _split_rows(case: Arrays, even: FloatArray) -> Rows:
    """p_i + m_i - t <= 0 for each rep, then the range of each unit that has one."""
    b, n, node = case.bounds, len(even), case.limited
    row, member = members(case, node)
    size = np.bincount(row, minlength=len(node))
    money = np.bincount(row, even[member], len(node))
    scale = np.bincount(row, case.scale.yardstick[member], len(node)) / np.maximum(size, 1)
    weight = case.scale.yardstick[member] / scale[row]
    rep = np.arange(n)
    lower = (b.unit_min[node] - money) / scale
    upper = (np.where(b.unit_max[node] < b.total, b.unit_max[node], np.inf) - money) / scale
    upper[0] = lower[0]  # the company's sum is the target
    per_row = np.concatenate((np.full(n, 3), 2 * size))
    return Rows(
        start=np.append(0, np.cumsum(per_row)).astype(np.int32),
        column=np.concatenate(
            (
                np.column_stack((rep, rep + n, np.full(n, 2 * n))).ravel(),
                np.column_stack((member, member + n)).ravel(),
            )
        ).astype(np.int32),
        value=np.concatenate(
            (
                np.tile([1.0, 1.0, -1.0], n),
                np.column_stack((weight, -weight)).ravel(),
            )
        ),
        lower=np.concatenate((np.full(n, -np.inf), lower)),
        upper=np.concatenate((np.zeros(n), upper)),
    )


def natural(case: Arrays) -> Answer:
    """minimise t  subject to  q_i - R_i t <= c_i  and the limits, as one writes it in PuLP."""
    import pulp

    return _by_pulp(case, pulp.HiGHS(msg=False, threads=1, timeLimit=TIME_LIMIT))


def natural_by_cbc(case: Arrays) -> Answer:
    """The same model, solved by the CBC program that PuLP starts."""
    import pulp

    cbc: Any = pulp.COIN_CMD
    return _by_pulp(case, cbc(msg=False, threads=1, timeLimit=TIME_LIMIT))


def _by_pulp(case: Arrays, solver: Any) -> Answer:
    import pulp

    h, b, money = case.hierarchy, case.bounds, _THOUSANDS
    anchor, yardstick = (
        (case.scale.anchor * money).tolist(),
        (case.scale.yardstick * money).tolist(),
    )
    lp = pulp.LpProblem("natural", pulp.LpMinimize)
    largest = lp.add_variable("t")
    limits = zip(b.lowest.tolist(), np.minimum(b.highest, b.total).tolist(), strict=True)
    quota = [
        lp.add_variable(f"q{i}", low * money, high * money) for i, (low, high) in enumerate(limits)
    ]
    lp += largest
    for i, (c, r) in enumerate(zip(anchor, yardstick, strict=True)):
        lp += quota[i] - r * largest <= c
    lp += pulp.lpSum(quota) == b.total * money
    for v in range(1, h.nodes):
        if b.unit_min[v] > 0:
            lp += pulp.lpSum(quota[h.first[v] : h.last[v]]) >= float(b.unit_min[v] * money)
        if b.unit_max[v] < b.total:
            lp += pulp.lpSum(quota[h.first[v] : h.last[v]]) <= float(b.unit_max[v] * money)
    stats = lp.solve(solver)
    if stats.status != pulp.LpSolveStatus.Optimal:
        raise GaveUp(stats.status.name)
    return Answer(np.array([column.varValue for column in quota]) / money)


def natural_by_cvxpy(case: Arrays) -> Answer:
    """minimise the largest stretch  subject to the limits, in cvxpy, by Clarabel."""
    model = Convex.of(case)
    largest = model.minimise_largest()
    return Answer(model.quota, largest)


def squares_by_cvxpy(case: Arrays) -> Answer:
    """minimise the sum of R_i e_i^2, whose only optimum is the leximin plan; cvxpy and Clarabel."""
    model = Convex.of(case)
    model.minimise_squares()
    return Answer(model.quota)
