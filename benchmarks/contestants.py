"""Who takes part: the tree engine, and linear programmes for the same company.

Each takes a company as arrays and answers with the quotas, (n,) in layout order. Reading the
limits, building the model and reading the solution are part of the race; nobody is told anything
by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from benchmarks.instances import Instance
from solver.bounds import Bounds
from solver.fairness import Scale
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray

TIME_LIMIT: Final = 120.0
"""Seconds after which a linear programme is stopped."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrays:
    """What a contestant is given."""

    hierarchy: Hierarchy
    bounds: Bounds
    scale: Scale

    @property
    def even_level(self) -> float:
        """The stretch of everybody if nothing limited anybody."""
        gap = self.bounds.total - self.scale.anchor.sum()
        return float(gap / self.scale.yardstick.sum())

    def save(self, file: Path) -> None:
        columns = {
            f"{part}.{field.name}": getattr(getattr(self, part), field.name)
            for part, kind in _PARTS.items()
            for field in fields(kind)
        }
        np.savez(file, allow_pickle=False, **columns)

    @classmethod
    def of(cls, instance: Instance) -> Self:
        return cls(instance.hierarchy, instance.bounds, instance.scale)

    @classmethod
    def load(cls, file: Path) -> Self:
        with np.load(file) as columns:
            return cls(
                **{
                    part: kind(**{f.name: columns[f"{part}.{f.name}"] for f in fields(kind)})
                    for part, kind in _PARTS.items()
                }
            )


_PARTS: Final[Mapping[str, type[Any]]] = {
    "hierarchy": Hierarchy,
    "bounds": Bounds,
    "scale": Scale,
}


class TimeIsUp(Exception):
    """The contestant was stopped at the limit."""


def tree(case: Arrays) -> FloatArray:
    """FairQuota's engine: `solver.tree.equalise`, the whole leximin plan."""
    from solver.tree import equalise

    scale = case.scale
    return equalise(case.hierarchy, case.bounds, scale.anchor, scale.yardstick).quota


def split(case: Arrays) -> FloatArray:
    """The split LP, fed to HiGHS as arrays, with HiGHS's own choices (presolve, dual simplex)."""
    return _split(case, presolve="choose")


def split_without_presolve(case: Arrays) -> FloatArray:
    """The same with presolve turned off."""
    return _split(case, presolve="off")


def _split(case: Arrays, presolve: str) -> FloatArray:
    """minimise 0.9 n t + 0.1 sum (p + m)   subject to   p_i + m_i <= t,   q = c + R (x + p - m)

    x is the even level, so t is the largest distance from it and p = m = 0 is the even plan.
    Limits of reps are bounds of p and m; rows of units are scaled to coefficients near 1.
    """
    import highspy

    anchor, yardstick = case.scale.anchor, case.scale.yardstick
    even = anchor + yardstick * case.even_level
    n = len(even)
    lp = highspy.HighsLp()
    rows = _rows(case, even)
    lp.num_col_, lp.num_row_ = 2 * n + 1, len(rows.lower)
    lp.col_cost_ = np.append(np.full(2 * n, 0.1), 0.9 * n)
    low = (case.bounds.lowest - even) / yardstick
    high = (np.minimum(case.bounds.highest, case.bounds.total) - even) / yardstick
    lp.col_lower_ = np.concatenate((np.maximum(low, 0), np.maximum(-high, 0), [0]))
    lp.col_upper_ = np.concatenate((np.maximum(high, 0), np.maximum(-low, 0), [np.inf]))
    lp.row_lower_, lp.row_upper_ = rows.lower, rows.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = rows.start, rows.column
    lp.a_matrix_.value_ = rows.value
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    options = {
        "output_flag": False, "threads": 1, "time_limit": TIME_LIMIT,
        "solver": "simplex", "presolve": presolve,
    }  # fmt: skip
    for name, value in options.items():
        highs.setOptionValue(name, value)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise TimeIsUp(highs.modelStatusToString(highs.getModelStatus()))
    point: FloatArray = np.array(highs.getSolution().col_value)
    return even + yardstick * (point[:n] - point[n:-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    start: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    value: FloatArray
    lower: FloatArray
    upper: FloatArray


def _rows(case: Arrays, even: FloatArray) -> _Rows:
    """p_i + m_i - t <= 0 for each rep, then the range of each unit that has one."""
    h, b, n = case.hierarchy, case.bounds, len(even)
    node = np.flatnonzero((b.unit_min > 0) | (b.unit_max < b.total))
    size = (h.last - h.first)[node]
    member = np.arange(size.sum()) + (h.first[node] - (np.cumsum(size) - size)).repeat(size)
    row = np.arange(len(node)).repeat(size)
    money = np.bincount(row, even[member], len(node))
    scale = np.bincount(row, case.scale.yardstick[member], len(node)) / np.maximum(size, 1)
    weight = case.scale.yardstick[member] / scale[row]
    rep = np.arange(n)
    lower = (b.unit_min[node] - money) / scale
    upper = (np.where(b.unit_max[node] < b.total, b.unit_max[node], np.inf) - money) / scale
    upper[0] = lower[0]  # the company's sum is the target
    per_row = np.concatenate((np.full(n, 3), 2 * size))
    return _Rows(
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


def natural(case: Arrays) -> FloatArray:
    """minimise t  subject to  q_i - R_i t <= c_i  and the limits, as one writes it in PuLP."""
    import pulp

    h, b, money = case.hierarchy, case.bounds, 1 / 100_000  # thousands, not cents
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
    stats = lp.solve(pulp.HiGHS(msg=False, threads=1, timeLimit=TIME_LIMIT))
    if stats.status != pulp.LpSolveStatus.Optimal:
        raise TimeIsUp(stats.status.name)
    return np.array([column.varValue for column in quota]) / money


@dataclass(frozen=True, slots=True)
class Contestant:
    """Who it is, what it does, and the library that is loaded before the race begins."""

    label: str
    solve: Callable[[Arrays], FloatArray]
    library: str


CONTESTANTS: Final[Mapping[str, Contestant]] = {
    "tree": Contestant("FairQuota's tree engine", tree, "solver.tree"),
    "split": Contestant("split LP, HiGHS as it comes", split, "highspy"),
    "split-no-presolve": Contestant(
        "split LP, HiGHS without presolve", split_without_presolve, "highspy"
    ),
    "natural": Contestant("natural LP, PuLP and HiGHS", natural, "pulp"),
}
