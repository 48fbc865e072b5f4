"""The limits of an allocation as a linear programme: can they hold together, and if not, how far
must they give way?

Every sum that a rule is about is a column (`sums`), and the limits of the rule are the
bounds of its column. Another question (may this rule give way? what if that one were gone?) only
moves bounds and costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Self

import numpy as np

from solver.bounds import Bounds
from solver.conflict.equations import Bound, Equations, Limits, Row
from solver.conflict.exact import cheapest, is_small
from solver.conflict.simplex import Point, Simplex
from solver.conflict.sums import Case, Columns
from solver.coupled.cells import cells
from solver.coupled.coupling import Coupling, even_share
from solver.errors import LinearProgramFailed
from solver.hierarchy import Hierarchy, exact_sums
from solver.problem import UNLIMITED, FloatArray, IntArray
from solver.watch import Watch

_CLOSED: Final = 1e-2
"""By what part of a minor unit rows may be open that cannot be proven not to hold, where there are
too many to know it exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class Contradiction:
    """A price for each column: the sum of price x is 0 by the equations, and below 0 by limits.

    Where the price is above 0 the high limit of the column takes part, where it is below 0 the low.
    """

    price: FloatArray
    """Per minor unit of the column; the largest is about 1."""


@dataclass(frozen=True, eq=False)
class _Model:
    """Equations under construction."""

    case: Case
    columns: Columns
    rows: list[Row]

    def tell(self, column: int, *terms: tuple[IntArray | int, FloatArray | float]) -> None:
        """column = sum of coefficient x column, over blocks of columns and their coefficients"""
        blocks = [np.broadcast_arrays(*map(np.atleast_1d, pair)) for pair in terms]
        columns = np.concatenate([block for block, _ in blocks])
        self.rows.append((column, columns, np.concatenate([size for _, size in blocks])))


def node_totals(model: _Model) -> None:
    """total_v = Σ carried_c + Σ total_w + gap_v   over the cells c and limited nodes w below v"""
    case, columns = model.case, model.columns
    above = np.argsort(case.above, kind="stable")
    for v in range(len(case.nodes) - 1, -1, -1):  # a node follows the one above it in the layout
        own = slice(*np.searchsorted(case.cells.node, (case.nodes[v], case.nodes[v] + 1)))
        below = above[slice(*np.searchsorted(case.above[above], (v, v + 1)))]
        parts = columns.carried[own], columns.total[below], columns.gap[v : v + 1]
        model.tell(int(columns.total[v]), (np.concatenate(parts), 1.0))


def row_sums(model: _Model) -> None:
    """sum_k = Σ_c coefficient_kc carried_c + under_k − over_k ± size_k open

    open counts where row k has one limit: + where that is a minimum, − where it is a maximum
    """
    case, columns = model.case, model.columns
    for k, column in enumerate(columns.sum.tolist()):
        entries = slice(case.cells.start[k], case.cells.start[k + 1])
        model.tell(
            column,
            (columns.carried[case.cells.cell[entries]], case.cells.coefficient[entries]),
            (columns.under[k], 1.0),
            (columns.over[k], -1.0),
            *([(columns.open, case.way_out[k] * case.row_size[k])] if case.way_out[k] else ()),
        )


def rows_open_alike(model: _Model) -> None:
    """shut_k = size_k open − under_k − over_k   for each row k with two limits"""
    case, columns = model.case, model.columns
    for k, column in zip(case.two_sided.tolist(), columns.shut.tolist(), strict=True):
        let_off = np.array([columns.under[k], columns.over[k]])
        model.tell(column, (columns.open, case.row_size[k]), (let_off, -1.0))


def parity_room(model: _Model) -> None:
    """room_k = even share_k / T · spread_p − under_k − over_k   for each row k of parity p"""
    case, columns = model.case, model.columns
    parity = {name: place for place, name in enumerate(case.parities)}
    for k, column in zip(case.parity_rows.tolist(), columns.room.tolist(), strict=True):
        spread = columns.spread[parity[case.coupling.name[k]]]
        let_off = np.array([columns.under[k], columns.over[k]])
        model.tell(column, (spread, case.opening(k)), (let_off, -1.0))


def all_quotas(model: _Model) -> None:
    """assigned = total_0 − Σ_v gap_v"""
    columns = model.columns
    model.tell(int(columns.assigned[0]), (columns.total[:1], 1.0), (columns.gap, -1.0))


def parity_of_what_is_assigned(model: _Model) -> None:
    """least_k = sum_k − (1 − tolerance) slope_k assigned,   most_k = sum_k − (1 + tolerance) …

    The even share of row k is its share of nothing assigned + slope_k · assigned.
    """
    case, columns = model.case, model.columns
    for place, k in enumerate(case.parity_rows.tolist()):
        slope, tolerance = float(case.coupling.even[k, 1]), float(case.tolerance[place])
        for block, part in ((columns.least, -1), (columns.most, 1)):
            share = -(1 + part * tolerance) * slope
            model.tell(int(block[place]), (columns.sum[k], 1.0), (columns.assigned, share))


@dataclass(frozen=True, eq=False)
class Elastic:
    """The programme of one company, ready to be asked."""

    case: Case
    columns: Columns
    equations: Equations
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
        model = _Model(case, columns, [])
        node_totals(model)
        row_sums(model)
        rows_open_alike(model)
        parity_room(model)
        all_quotas(model)
        parity_of_what_is_assigned(model)
        size = np.ones(columns.count)
        for block in (columns.sum, columns.under, columns.over):
            size[block] = case.row_size
        size[columns.shut] = case.row_size[case.two_sided]
        equations = Equations.of(size, model.rows)
        return cls(case, columns, equations, Simplex.of(equations, watch or Watch()))

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
        """The cheapest point. Costs are whole, per minor unit.

        By HiGHS, or in whole numbers where floats would have too few digits or HiGHS has no answer.
        Raises `LinearProgramFailed` where neither has one; `TimeIsUp` and `SolveStopped` as the
        watch says.
        """
        for point in self._points(limits, cost):
            if point.kept:
                return point
        raise LinearProgramFailed("HiGHS calls a point optimal that misses limits")

    def _points(self, limits: Limits, cost: FloatArray) -> Iterator[Point]:
        """What is found in floats and in whole numbers, the better way first."""
        ways = [self._in_floats, self._exactly]
        if self.case.wide.any() and is_small(self.equations, limits):
            ways.reverse()
        failed = None
        for way in ways:
            try:
                yield way(limits, cost)
            except LinearProgramFailed as error:
                failed = failed or error
        if failed:
            raise failed

    def _in_floats(self, limits: Limits, cost: FloatArray) -> Point:
        """By HiGHS, columns measured in all the money of the company."""
        unit = min(int(limits.high[self.columns.total[0]]), self.case.total)
        return self.simplex.solve(limits, cost, float(max(unit, 1)))

    def _exactly(self, limits: Limits, cost: FloatArray) -> Point:
        found = cheapest(self.equations, limits, cost, self.simplex.watch)
        self.simplex.steps += found.steps
        return Point(np.array([float(each) for each in found.value]), found.reduced, kept=True)

    def bound(self, limits: Limits, cost: FloatArray, point: Point) -> Bound | None:
        """What these costs are at least, by the prices of a cheapest point; see `Equations`."""
        return self.equations.bound(limits, cost, point.reduced, max(self.case.total, 1))

    def contradiction(self, limits: Limits, *, at_once: bool = False) -> Contradiction | None:
        """Why columns cannot keep these limits, which no row gives way to; None where they can.

        The limits of the tree alone must be able to hold. Raises `LinearProgramFailed` where nobody
        can tell, or not `at_once`.
        """
        columns, cost = self.columns, np.zeros(self.columns.count)
        opened, shut = limits.copy(), limits.copy()
        shut.low[columns.shut] = shut.high[columns.shut] = 0
        opened.low[columns.shut], opened.low[columns.room] = 0, -UNLIMITED
        both = self.case.two_sided
        for block in (columns.open, columns.under[both], columns.over[both]):
            opened.high[block] = UNLIMITED
        cost[columns.open] = 1.0
        small = is_small(self.equations, opened)
        closed = 0.0 if small else _CLOSED
        for point in islice(self._points(opened, cost), 2 if small or not at_once else 1):
            bound = self.bound(shut, np.zeros_like(cost), point)
            if bound and bound.least > 0:
                return Contradiction(-bound.reduced / np.abs(bound.reduced).max())
            if point.kept and point.value[columns.open[0]] <= closed:
                return None
        raise LinearProgramFailed("nobody can tell whether these limits can hold")

    def holds(self, bounds: Bounds, coupling: Coupling) -> bool:
        """Whether all these rules can hold together."""
        return self.contradiction(self.limits(bounds, coupling)) is None

    def surely_holds(self, bounds: Bounds, coupling: Coupling) -> bool:
        """The same where it is told at once; False where floats have too few digits for so many
        rows.
        """
        try:
            return self.contradiction(self.limits(bounds, coupling), at_once=True) is None
        except LinearProgramFailed:
            return False

    def sums_of_rows(self, value: FloatArray) -> FloatArray:
        """(k,) what the rows sum to, before anything is let off."""
        return self.case.cells.row_sums(value[self.columns.carried])

    def whole_sums(self, carried: IntArray) -> tuple[IntArray, IntArray]:
        """(k,) twice: the whole numbers that the rows lie between when cells carry (c,) these."""
        ends = np.array(self.equations.sums(self.columns.sum, self.columns.carried, carried))
        return ends[:, 0], ends[:, 1]

    def keeps(self, bounds: Bounds, coupling: Coupling, carried: IntArray) -> bool:
        """Whether all rules hold when cells carry (c,) these whole amounts. No solver."""
        cells, nodes = self.case.cells, self.case.nodes
        limits, (down, up) = self.limits(bounds, coupling), self.whole_sums(carried)
        totals = exact_sums(carried, cells.first[nodes], cells.last[nodes])
        low, high = limits.low, limits.high
        return bool(
            np.all((low[self.columns.carried] <= carried) & (carried <= high[self.columns.carried]))
            and np.all((low[self.columns.total] <= totals) & (totals <= high[self.columns.total]))
            and np.all((coupling.min <= down) & (up <= coupling.max))
        )
