"""The rules of an allocation as parts of a linear programme: one function per rule.

A docstring is the rule's formula. The programme asks of one trial t of the largest stretch how much
the rules then leave uncarried. Its columns are the stretches of cells (`cells`) and a sum
for each unit, group or other row. One equation says what each sum is; then every limit is a bound
of a column, and another trial only moves the caps of the cells.

    quota of cell c = C_c + w_c stretch_c       C_c: sum of the anchors, w_c: about that of the
                                                yardsticks, so that columns lie near 1

`missing_v`, `under_k` and `over_k` say by how much a sum is counted more or less than it is. Where
all of them can be 0, nobody has to stretch further than t.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pulp

# What PuLP 4's own classes wrap: in here, one call adds many columns, or a row from arrays.
from pulp import _rustcore as core

from solver.coupled.trial import InStretch
from solver.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which columns stand for what: their places."""

    stretch: IntArray
    """(c,) by cell."""
    total: IntArray
    missing: IntArray
    """(l,) by limited node."""
    sum: IntArray
    under: IntArray
    over: IntArray
    """(k,) by row."""

    @property
    def count(self) -> int:
        return len(self.stretch) + 2 * len(self.total) + 3 * len(self.sum)

    @classmethod
    def of(cls, case: InStretch) -> Columns:
        cells, nodes, rows = len(case.low), len(case.node_min), len(case.row_min)
        ends = np.cumsum([cells, nodes, nodes, rows, rows, rows])
        return cls(*np.split(np.arange(ends[-1]), ends[:-1]))


@dataclass(frozen=True, slots=True, eq=False)
class QuotaModel:
    """A linear programme under construction: in PuLP, and as the arrays that HiGHS takes."""

    lp: pulp.LpProblem
    columns: Columns
    variable: list[core.Variable]
    low: FloatArray
    high: FloatArray
    cost: FloatArray
    """By column."""
    rows: list[tuple[IntArray, FloatArray]] = field(default_factory=list)
    """Columns and coefficients of each; all sum to 0."""

    def bound(
        self, columns: IntArray, low: FloatArray | None = None, high: FloatArray | None = None
    ) -> None:
        """What these columns lie between; an end that is left out stays as it is."""
        if low is not None:
            self.low[columns] = low
            for column, end in zip(columns.tolist(), low.tolist(), strict=True):
                self.variable[column].set_lb(end)
        if high is not None:
            self.high[columns] = high
            for column, end in zip(columns.tolist(), high.tolist(), strict=True):
                self.variable[column].set_ub(end)

    def tell(self, name: str, columns: IntArray, coefficients: FloatArray) -> None:
        """0 = sum of coefficient x column"""
        row, model = core.AffineExpr(), self.lp.toRustModel()
        row.add_term_ids_coeffs(model, columns.astype(np.uint64), coefficients)
        row.set_name(name)
        row.set_sense(core.Sense.Equal)
        model.add_constraint(row)
        self.rows.append((columns, coefficients))


def least_is_missing(model: QuotaModel, _case: InStretch) -> None:
    """minimise Σ_v missing_v + Σ_k (under_k + over_k)"""
    columns = model.columns
    terms = np.concatenate((columns.missing, columns.under, columns.over))
    model.cost[terms] = 1.0
    model.lp.setObjective(pulp.lpSum(pulp.LpVariable(model.variable[at]) for at in terms))


def cell_floor(model: QuotaModel, case: InStretch) -> None:
    """stretch_c ≥ Σ_{i in c} (l_i − c_i) / w_c"""
    model.bound(model.columns.stretch, low=case.low)


def cell_cap(model: QuotaModel, case: InStretch) -> None:
    """stretch_c ≤ Σ_{i in c} (min(u_i, c_i + R_i t) − c_i) / w_c"""
    model.bound(model.columns.stretch, high=case.high)


def unit_sum(model: QuotaModel, case: InStretch) -> None:
    """W_v total_v = Σ w_c stretch_c + Σ W_u total_u + W_v missing_v   for every limited node v

    over the cells c that hang on v itself and the next limited nodes u below.
    """
    columns, nodes = model.columns, np.arange(len(case.above) + 1)
    cells_end = np.searchsorted(case.home, nodes)
    below = np.argsort(case.above, kind="stable")
    below_end = np.searchsorted(case.above[below], nodes)
    for v, name in enumerate(case.names.node):
        cells = np.arange(cells_end[v], cells_end[v + 1])
        units = below[below_end[v] : below_end[v + 1]]
        weights = np.concatenate((case.weight[cells], case.node_weight[units]))
        own = columns.total[v], columns.missing[v]
        model.tell(
            f"sum_{name}",
            np.concatenate((columns.stretch[cells], columns.total[units], own)),
            np.append(weights / case.node_weight[v], (-1.0, 1.0)),
        )


def row_sum(model: QuotaModel, case: InStretch) -> None:
    """S_k sum_k = Σ_c coefficient_kc w_c stretch_c + S_k under_k − S_k over_k   for every row k"""
    columns = model.columns
    for k, name in enumerate(case.names.row):
        entries = slice(int(case.start[k]), int(case.start[k + 1]))
        own = columns.sum[k], columns.under[k], columns.over[k]
        model.tell(
            f"sum_{name}",
            np.append(columns.stretch[case.cell[entries]], own),
            np.append(case.share[entries], (-1.0, 1.0, -1.0)),
        )


def target(model: QuotaModel, case: InStretch) -> None:
    """total_company = target"""
    model.bound(model.columns.total[:1], case.node_min[:1], case.node_max[:1])


def unit_min(model: QuotaModel, case: InStretch) -> None:
    """total_v ≥ min_v   for every unit with a minimum or a target"""
    model.bound(model.columns.total[1:], low=case.node_min[1:])


def unit_max(model: QuotaModel, case: InStretch) -> None:
    """total_v ≤ max_v   for every unit with a maximum or a target"""
    model.bound(model.columns.total[1:], high=case.node_max[1:])


def group_min(model: QuotaModel, case: InStretch) -> None:
    """sum_k ≥ min_k   for every group: the quotas of its reps together"""
    group = case.rows_of("group")
    model.bound(model.columns.sum[group], low=case.row_min[group])


def group_max(model: QuotaModel, case: InStretch) -> None:
    """sum_k ≤ max_k   for every group"""
    group = case.rows_of("group")
    model.bound(model.columns.sum[group], high=case.row_max[group])


def parity(model: QuotaModel, case: InStretch) -> None:
    """(1 − tolerance) share_k ≤ sum_k ≤ (1 + tolerance) share_k   for all peers of a cohort"""
    peers = case.rows_of("parity")
    model.bound(model.columns.sum[peers], case.row_min[peers], case.row_max[peers])


def margin_min(model: QuotaModel, case: InStretch) -> None:
    """sum_k ≥ min_k   for every margin floor: the quotas by their margins"""
    margin = case.rows_of("margin")
    model.bound(model.columns.sum[margin], low=case.row_min[margin])


def row_min(model: QuotaModel, case: InStretch) -> None:
    """sum_k ≥ min_k   for every row of the caller's own: the quotas by its coefficients"""
    row = case.rows_of("row")
    model.bound(model.columns.sum[row], low=case.row_min[row])


def row_max(model: QuotaModel, case: InStretch) -> None:
    """sum_k ≤ max_k   for every row of the caller's own"""
    row = case.rows_of("row")
    model.bound(model.columns.sum[row], high=case.row_max[row])
