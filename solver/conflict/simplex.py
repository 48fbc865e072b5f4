"""One linear programme that is asked many questions: limits and costs move, the equations stay.

    minimise cost x   subject to   A x = 0,   low <= x <= high

Where costs stay, the simplex method goes on from where the last answer left it. Where they are
others it starts from the told columns as the basis; a thousand rows are first seen from the inside,
by an interior point that ends at a vertex, for there the simplex method takes ten times as long.

HiGHS is only asked what has an answer: whether limits can hold is asked as how far they must open
until they do, never as "is there a point?", for near the border its "infeasible" is not to be had
or not to be trusted. An answer is checked against every limit before it is one.

Numbers: HiGHS keeps a limit to 1e-9 of the unit that columns are measured in. With all money as
that unit, this is 1.00 of a billion. So an answer is sought twice, the second time as the way from
the first one, in a unit a million times smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

import numpy as np
import pulp
from highspy import HighsBasisStatus

# What PuLP 4's own classes wrap: in here, one call adds many columns, or a row from arrays.
from pulp import _rustcore as core
from scipy import sparse

from solver.conflict.equations import Equations, Limits, Prices
from solver.errors import LinearProgramFailed
from solver.problem import UNLIMITED, FloatArray
from solver.watch import Watch

_HIGHS: Final[Mapping[str, Any]] = {
    "msg": False,
    "threads": 1,
    "small_matrix_value": 1e-12,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-10,  # the tightest that HiGHS offers
}
"""How HiGHS is run: silently, and the same on every machine."""
_MANY: Final = 300
"""Equations from which on an interior point is the better start."""
_CLOSER: Final = 1e-6
"""The unit of the second look, as a part of that of the first."""
_FINE: Final = 1e5
"""A unit of so many minor units needs no second look: 1e-9 of it is nothing."""
_LOOKS: Final = 2
"""Closer ones at most."""
_BELIEVED: Final = 1e-8
"""How far an answer may miss a limit, in units of the last look, relative to the way it went."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Columns that keep all limits at the least cost, and what holds them there."""

    value: FloatArray
    """(columns,) in minor units."""
    reduced: Prices
    kept: bool
    """Whether it keeps every limit by our own sums: an "optimal" of a solver is only a claim."""


@dataclass(slots=True, eq=False)
class Simplex:
    """A programme in the hands of HiGHS; what it did before never changes an answer's meaning."""

    equations: Equations
    highs: Any
    watch: Watch
    cost: FloatArray
    """Of the last question."""
    steps: int = 0
    """All steps so far."""

    @classmethod
    def of(cls, equations: Equations, watch: Watch) -> Self:
        matrix = _matrix(equations)
        lp, solver = _modelled(matrix, equations), _Arrays(matrix)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        highs: Any = lp.solverModel
        highs.cbSimplexInterrupt += partial(_follow, watch)
        highs.cbIpmInterrupt += partial(_follow, watch)
        return cls(equations, highs, watch, np.zeros(equations.columns))

    def solve(self, limits: Limits, cost: FloatArray, unit: float) -> Point:
        """The cheapest point; costs are per minor unit, `unit` is about all the money there is.

        Raises `TimeIsUp` and `SolveStopped` as the watch says, and `LinearProgramFailed` where
        HiGHS finds no point or no end of cheapness. Whether limits are kept is the point's to say.
        """
        same, self.cost = np.array_equal(cost, self.cost), cost.copy()
        starts: list[Callable[[], None]] = []
        if same or len(self.equations) > _MANY:
            starts.append(self._go_on if same else self._inside)
        point = self._look(limits, np.zeros_like(cost), unit, starts)
        for _ in range(_LOOKS):
            if unit <= _FINE and point.kept:
                break
            unit *= _CLOSER
            origin = self.equations.completed(np.rint(point.value))
            point = self._look(limits, origin, unit, [self._go_on])
        return point

    def _look(
        self, limits: Limits, origin: FloatArray, unit: float, starts: list[Callable[[], None]]
    ) -> Point:
        """Solve for the way from `origin`, which keeps the equations."""
        step = unit * self.equations.size
        low, high = _way(limits, origin, step)
        columns = np.arange(len(step), dtype=np.int32)
        self.highs.changeColsBounds(len(step), columns, low, high)
        self.highs.changeColsCost(len(step), columns, self.cost * self.equations.size)
        ways: list[Callable[[], None]] = [*starts, partial(self._afresh, limits)]
        for start in ways:
            start()
            if self._ran() == "kOptimal":
                break
        else:
            raise LinearProgramFailed(f"HiGHS gave up on the limits: {self._status}")
        found = self.highs.getSolution()
        way = self.equations.completed(step * np.array(found.col_value)) / step
        outside = np.maximum(low - way, way - high) / (1 + np.abs(way))
        return Point(
            value=origin + step * way,
            reduced=(np.array(found.col_dual) / self.equations.size).tolist(),
            kept=bool(outside.max() <= _BELIEVED),
        )

    def _go_on(self) -> None:
        """From the last answer."""
        self._use("simplex", "off")  # presolve would throw away where it stood

    def _inside(self) -> None:
        """From no vertex at all."""
        self.highs.clearSolver()
        self._use("ipx", "on")

    def _afresh(self, limits: Limits) -> None:
        """From the told columns as the basis; every other one stands at a limit of its own."""
        self.highs.clearSolver()
        self._use("simplex", "off")
        at = HighsBasisStatus
        ends = zip(limits.low.tolist(), limits.high.tolist(), strict=True)
        stands = [
            at.kLower if low > -UNLIMITED else at.kUpper if high < UNLIMITED else at.kZero
            for low, high in ends
        ]
        for told in self.equations.told.tolist():
            stands[told] = at.kBasic
        basis = self.highs.getBasis()
        basis.col_status = stands
        basis.row_status = [at.kLower] * len(self.equations)
        basis.valid = True
        self.highs.setBasis(basis)

    def _use(self, method: str, presolve: str) -> None:
        self.highs.setOptionValue("solver", method)
        self.highs.setOptionValue("presolve", presolve)

    def _ran(self) -> str:
        self.watch.look()
        left = self.watch.seconds_left()
        if np.isfinite(left):
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)
        self.highs.run()
        self.steps += int(self.highs.getInfo().simplex_iteration_count)
        self.watch.look()
        return self._status

    @property
    def _status(self) -> str:
        return str(self.highs.getModelStatus().name)


class _Arrays(pulp.HiGHS):
    """PuLP's HiGHS, but a model is handed over at once, in arrays, with the columns of no row."""

    def __init__(self, matrix: sparse.csr_array) -> None:
        super().__init__(**_HIGHS)
        self.matrix = matrix

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        matrix, none = self.matrix, np.empty(0, dtype=np.int32)
        highs: Any = lp.solverModel
        rows, columns = matrix.shape
        zero, free = np.zeros(max(rows, columns)), np.full(columns, np.inf)
        highs.addCols(columns, zero[:columns], -free, free, 0, none, none, np.empty(0))
        start, column = matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32)
        highs.addRows(rows, zero[:rows], zero[:rows], matrix.nnz, start[:-1], column, matrix.data)


def _modelled(matrix: sparse.csr_array, equations: Equations) -> pulp.LpProblem:
    """The equations in PuLP."""
    lp = pulp.LpProblem("limits")
    lp.setObjective(pulp.LpAffineExpression.empty())
    model = lp.toRustModel()
    names = [f"x_{column}" for column in range(equations.columns)]
    model.add_variables_batch(names, -np.inf, np.inf, core.Category.Continuous)
    ends = zip(matrix.indptr.tolist(), matrix.indptr[1:].tolist(), strict=False)
    for told, (first, last) in zip(equations.told.tolist(), ends, strict=True):
        row, columns = core.AffineExpr(), matrix.indices[first:last].astype(np.uint64)
        row.add_term_ids_coeffs(model, columns, matrix.data[first:last])
        row.set_name(f"tells_{told}")
        row.set_sense(core.Sense.Equal)
        model.add_constraint(row)
    return lp


def _matrix(equations: Equations) -> sparse.csr_array:
    """A in units near 1."""
    rows = np.arange(len(equations))
    row = np.append(np.repeat(rows, np.diff(equations.start)), rows)
    column = np.append(equations.column, equations.told)
    value = np.append(equations.coefficient, -np.ones(len(equations)))
    value *= equations.size[column] / equations.size[equations.told[row]]
    shape = len(equations), equations.columns
    return sparse.csr_array((value, (row, column)), shape=shape)


def _way(limits: Limits, origin: FloatArray, step: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far the limits lie from the origin, in steps."""
    low = np.where(limits.low > -UNLIMITED, (limits.low - origin) / step, -np.inf)
    high = np.where(limits.high < UNLIMITED, (limits.high - origin) / step, np.inf)
    return low, high


def _follow(watch: Watch, event: Any) -> None:
    watch.tell("conflicts", int(event.data_out.simplex_iteration_count))
    if watch.stopped():
        event.interrupt()
