"""The limits of an allocation as a linear programme: can they hold together, and if not, how far
must they give way?

Every sum that a rule is about is a column (`solver.sums`), and the limits of the rule are the
bounds of its column. Another question (may this rule give way? what if that one were gone?) only
moves bounds and costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import pulp

from solver.bounds import Bounds
from solver.cells import cells
from solver.coupling import Coupling, even_share
from solver.errors import LinearProgramFailed
from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import UNLIMITED, FloatArray
from solver.simplex import Limits, Point, Simplex
from solver.sums import Case, Columns
from solver.watch import Watch

_CLOSED: Final = 1e-2
"""By what part of a minor unit rows may be open that cannot be proven not to hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Contradiction:
    """A price for each column: the sum of price x is 0 by the equations, and below 0 by limits.

    Where the price is above 0 the high limit of the column takes part, where it is below 0 the low.
    """

    price: FloatArray
    """Per minor unit of the column; the largest is about 1."""


@dataclass(frozen=True, eq=False)
class _Model:
    """A linear programme under construction, and what each of its rows tells."""

    lp: pulp.LpProblem
    case: Case
    columns: Columns
    variable: Sequence[pulp.LpVariable]
    told: list[int]

    def tell(self, name: str, column: int, terms: list[tuple[int, float]]) -> None:
        """0 = sum of coefficient x column, less the column that is told"""
        pairs = [(self.variable[place], size) for place, size in terms]
        pairs.append((self.variable[column], -1.0))
        self.lp.addConstraint(pulp.lpSum_vars_coefs(pairs) == 0, name)
        self.told.append(column)


def node_totals(model: _Model) -> None:
    """total_v = Σ carried_c + Σ total_w + gap_v   over the cells c and limited nodes w below v"""
    case, columns = model.case, model.columns
    terms: list[list[tuple[int, float]]] = [[(gap, 1.0)] for gap in columns.gap.tolist()]
    place = np.searchsorted(case.nodes, case.cells.node).tolist()
    for column, node in zip(columns.carried.tolist(), place, strict=True):
        terms[node].append((column, 1.0))
    above = case.above.tolist()
    for node in range(len(terms) - 1, -1, -1):  # a node follows the one above it in the layout
        model.tell(f"total_{node}", int(columns.total[node]), terms[node])
        if node:
            terms[above[node]].append((int(columns.total[node]), 1.0))


def row_sums(model: _Model) -> None:
    """sum_k = Σ_c coefficient_kc carried_c + under_k − over_k   all over the size of row k"""
    cells, columns, size = model.case.cells, model.columns, model.case.row_size
    for k, column in enumerate(columns.sum.tolist()):
        entries = slice(cells.start[k], cells.start[k + 1])
        weights = (cells.coefficient[entries] / size[k]).tolist()
        terms = [*zip(columns.carried[cells.cell[entries]].tolist(), weights, strict=True)]
        terms += [(int(columns.under[k]), 1.0), (int(columns.over[k]), -1.0)]
        model.tell(f"sum_{k}", column, terms)


def rows_open_alike(model: _Model) -> None:
    """shut_k = open − under_k − over_k   under_k and over_k over the size of row k"""
    columns, start = model.columns, int(model.columns.open[0])
    for k, column in enumerate(columns.shut.tolist()):
        terms = [(start, 1.0), (int(columns.under[k]), -1.0), (int(columns.over[k]), -1.0)]
        model.tell(f"shut_{k}", column, terms)


def parity_room(model: _Model) -> None:
    """room_k = even share_k / T · spread_p − under_k − over_k   for each row k of parity p"""
    case, columns = model.case, model.columns
    parity = {name: place for place, name in enumerate(case.parities)}
    for k, column in zip(case.parity_rows.tolist(), columns.room.tolist(), strict=True):
        spread = int(columns.spread[parity[case.coupling.name[k]]])
        terms = [(spread, case.opening(k)), (int(columns.under[k]), -1.0)]
        model.tell(f"room_{k}", column, [*terms, (int(columns.over[k]), -1.0)])


def all_quotas(model: _Model) -> None:
    """assigned = total_0 − Σ_v gap_v"""
    columns = model.columns
    terms = [(int(columns.total[0]), 1.0), *((gap, -1.0) for gap in columns.gap.tolist())]
    model.tell("assigned", int(columns.assigned[0]), terms)


def parity_of_what_is_assigned(model: _Model) -> None:
    """least_k = sum_k − (1 − tolerance) slope_k assigned,   most_k = sum_k − (1 + tolerance) …

    The even share of row k is its share of nothing assigned + slope_k · assigned.
    """
    case, columns = model.case, model.columns
    assigned = int(columns.assigned[0])
    for place, k in enumerate(case.parity_rows.tolist()):
        slope, tolerance = float(case.coupling.even[k, 1]), float(case.tolerance[place])
        for name, block, part in (("least", columns.least, -1), ("most", columns.most, 1)):
            terms = [(int(columns.sum[k]), 1.0), (assigned, -(1 + part * tolerance) * slope)]
            model.tell(f"{name}_{k}", int(block[place]), terms)


@dataclass(frozen=True, eq=False)
class Elastic:
    """The programme of one company, ready to be asked."""

    case: Case
    columns: Columns
    simplex: Simplex

    @classmethod
    def of(
        cls,
        hierarchy: Hierarchy,
        bounds: Bounds,
        coupling: Coupling,
        watch: Watch | None = None,
        *,
        total: int | None = None,
    ) -> Self:
        """Build the model; the calls are its table of contents.

        `total`: the amount to assign, where these bounds do not say it.
        """
        total = bounds.total if total is None else total
        case = Case(hierarchy, cells(hierarchy, bounds, coupling), coupling, total)
        columns = Columns.of(case)
        lp = pulp.LpProblem("limits")
        lp.setObjective(pulp.LpAffineExpression.empty())
        names = [str(column) for column in range(columns.count)]
        model = _Model(lp, case, columns, lp.add_variable_matrix("x", names), [])
        node_totals(model)
        row_sums(model)
        rows_open_alike(model)
        parity_room(model)
        all_quotas(model)
        parity_of_what_is_assigned(model)
        size = np.ones(columns.count)
        for block in (columns.sum, columns.under, columns.over):
            size[block] = case.row_size
        return cls(case, columns, Simplex.of(lp, np.array(model.told), size, watch or Watch()))

    def limits(self, bounds: Bounds, coupling: Coupling) -> Limits:
        """What these rules say of every column, none of them giving way."""
        cells, columns = self.case.cells, self.columns
        ends = cells.begin + cells.count
        low, high = np.zeros((2, columns.count), dtype=np.int64)
        low[columns.carried] = exact_sums(bounds.lowest[cells.by_cell], cells.begin, ends)
        high[columns.carried] = exact_sums(bounds.highest[cells.by_cell], cells.begin, ends)
        low[columns.total] = bounds.unit_min[self.case.nodes]
        high[columns.total] = bounds.unit_max[self.case.nodes]
        low[columns.sum], high[columns.sum] = coupling.min, coupling.max
        high[columns.room] = UNLIMITED
        for block in (columns.shut, columns.assigned, columns.least, columns.most):
            low[block], high[block] = -UNLIMITED, UNLIMITED
        return Limits(low, high)

    def follow_what_is_assigned(self, limits: Limits) -> None:
        """Measure parities by the quotas and not by the target: what is a gap is no quota.

        A share of nothing stays one, for quotas only become less.
        """
        case, columns = self.case, self.columns
        for place, k in enumerate(case.parity_rows.tolist()):
            share = even_share(case.coupling.even[k], case.total)
            if share > 0 and np.isfinite(case.coupling.tolerance[k]):
                at_nothing, tolerance = (
                    float(case.coupling.even[k, 0]),
                    float(case.tolerance[place]),
                )
                limits.low[columns.sum[k]], limits.high[columns.sum[k]] = -UNLIMITED, UNLIMITED
                limits.low[columns.least[place]] = np.floor((1 - tolerance) * at_nothing)
                limits.high[columns.most[place]] = np.ceil((1 + tolerance) * at_nothing)

    def solve(self, limits: Limits, cost: FloatArray) -> Point:
        """See `Simplex.solve`; columns are measured in all the money of the company."""
        total = int(limits.high[self.columns.total[0]])
        unit = total if total < UNLIMITED else self.case.total
        return self.simplex.solve(limits, cost, float(max(unit, 1)))

    def opened(self, limits: Limits) -> Point:
        """The sums that keep these limits, with all rows open alike and as little as it takes.

        The limits of the tree alone must be able to hold.
        """
        columns = self.columns
        opened, cost = limits.copy(), np.zeros(columns.count)
        for block in (columns.open, columns.under, columns.over):
            opened.high[block] = UNLIMITED
        opened.low[columns.shut], opened.low[columns.room] = 0, -UNLIMITED
        cost[columns.open] = 1.0
        return self.solve(opened, cost)

    def contradiction(self, limits: Limits) -> Contradiction | None:
        """Why columns cannot keep these limits, which no row gives way to; None where they can.

        The limits of the tree alone must be able to hold.
        """
        columns, point = self.columns, self.opened(limits)
        shut = limits.copy()
        shut.low[columns.shut] = shut.high[columns.shut] = 0
        if point.worth(shut) < 0:
            return Contradiction(point.price / np.abs(point.price).max())
        if point.value[columns.open[0]] > _CLOSED:
            raise LinearProgramFailed("nobody can tell whether these limits can hold")
        return None

    def holds(self, bounds: Bounds, coupling: Coupling) -> bool:
        """Whether all these rules can hold together."""
        return self.contradiction(self.limits(bounds, coupling)) is None

    def sums_of_rows(self, value: FloatArray) -> FloatArray:
        """(k,) what the rows sum to, before anything is let off."""
        return self.case.cells.row_sums(value[self.columns.carried])
