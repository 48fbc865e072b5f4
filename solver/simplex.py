"""One linear programme that is asked many questions: limits and costs move, the equations stay.

    minimise cost x   subject to   A x = 0,   low <= x <= high

HiGHS goes on from where the last answer left it. It is only asked what has an answer: whether
limits can hold is asked as how far they must open until they do, never as "is there a point?",
for near the border its "infeasible" is not to be had or not to be trusted. An answer is checked
against every limit before it is one.

Numbers: HiGHS keeps a limit to 1e-9 of the unit that columns are measured in. With all money as
that unit, this is 1.00 of a billion. So an answer is sought twice, the second time as the way from
the first one, in a unit a million times smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import pulp
from scipy import sparse

from solver.errors import LinearProgramFailed
from solver.problem import UNLIMITED, FloatArray, IntArray
from solver.watch import Watch

_HIGHS: Final[Mapping[str, Any]] = {
    "msg": False,
    "threads": 1,
    "solver": "simplex",  # a vertex, whose prices are those of few limits
    "presolve": "off",  # it would throw away where the last answer stood
    "small_matrix_value": 1e-12,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
"""How HiGHS is run: silently, and the same on every machine."""
_CLOSER: Final = 1e-6
"""The unit of the second look, as a part of that of the first."""
_FINE: Final = 1e5
"""A unit of so many minor units needs no second look: 1e-9 of it is nothing."""
_BELIEVED: Final = 1e-8
"""How far an answer may miss a limit or an equation, in units, relative to what it sums."""
_NOISE: Final = 1e-11
"""A price below this part of the largest may be what floating point left of none."""
_FAR: Final = 1e3
"""Units that no column gets to."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What each column lies between, in minor units; +-`UNLIMITED` where nothing holds it."""

    low: IntArray
    high: IntArray

    def copy(self) -> Limits:
        return Limits(self.low.copy(), self.high.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Columns that keep all limits at the least cost, and the prices that prove it."""

    value: FloatArray
    """In minor units."""
    price: FloatArray
    """Per minor unit: whatever keeps the equations, the sum of price x is 0."""
    origin: FloatArray
    """Values near to these that keep the equations exactly, or nearly so."""

    far: FloatArray
    """More than any column can be where people carry all the money that there is."""

    def worth(self, limits: Limits) -> float:
        """The most that the sum of price x can be by these limits.

        Below 0 it proves that they cannot all hold.
        """
        price = self.price
        limit = np.where(price > 0, limits.high, limits.low)
        unlimited = np.abs(limit) >= UNLIMITED
        if np.any(np.abs(price[unlimited]) > _NOISE * np.abs(price).max(initial=0.0)):
            return np.inf
        finite = price @ np.where(unlimited, 0.0, limit - self.origin)
        return float(finite + np.abs(price[unlimited]) @ self.far[unlimited])


@dataclass(slots=True, eq=False)
class Simplex:
    """A programme in the hands of HiGHS; what it did before never changes an answer's meaning."""

    highs: Any
    matrix: sparse.csr_array
    """A. Each row tells what one column is, and that column's coefficient is -1."""
    told: IntArray
    """The column that each row tells; those it is made of are told before, or by no row."""
    size: FloatArray
    """What each column is measured in, as a multiple of the unit: near 1 but for odd rows."""
    watch: Watch
    steps: int = 0
    """All steps so far."""

    @classmethod
    def of(cls, lp: pulp.LpProblem, told: IntArray, size: FloatArray, watch: Watch) -> Simplex:
        """Hand over a programme whose rows are all `== 0`, in units of `size`."""
        solver = pulp.HiGHS(**_HIGHS)
        solver.createAndConfigureSolver(lp)
        solver.buildSolverModel(lp)
        highs: Any = lp.solverModel
        highs.cbSimplexInterrupt += partial(_follow, watch)
        rows = highs.getLp().a_matrix_  # by rows, as PuLP handed them over
        shape = (len(told), len(size))
        matrix = sparse.csr_array((rows.value_, rows.index_, rows.start_), shape=shape)
        return cls(highs, matrix, told, size, watch)

    def solve(self, limits: Limits, cost: FloatArray, unit: float) -> Point:
        """The cheapest point; costs are per minor unit, `unit` is about all the money there is.

        Raises `TimeIsUp` and `SolveStopped` as the watch says, and `LinearProgramFailed` where
        HiGHS finds no point that passes the check, or no end of cheapness.
        """
        point = self._look(limits, cost, np.zeros_like(self.size), unit)
        if unit > _FINE:
            origin = self._completed(np.rint(point.value))
            closer = self._look(limits, cost, origin, _CLOSER * unit)
            point = replace(closer, far=point.far)
        return point

    def _look(self, limits: Limits, cost: FloatArray, origin: FloatArray, unit: float) -> Point:
        """Solve for the way from `origin`, which keeps the equations."""
        step = unit * self.size
        low, high = _way(limits, origin, step)
        columns = np.arange(len(step), dtype=np.int32)
        self.highs.changeColsBounds(len(step), columns, low, high)
        self.highs.changeColsCost(len(step), columns, cost * self.size)
        self._run()
        found = self.highs.getSolution()
        way = np.array(found.col_value)
        self._believe(way, low, high)
        price = self.matrix.T @ np.array(found.row_dual)
        return Point(origin + step * way, price / self.size, origin, _FAR * unit * self.size)

    def _run(self) -> None:
        if self._ran() == "kOptimal":
            return
        self.highs.clearSolver()  # the basis of another question may be a bad start
        if (status := self._ran()) != "kOptimal":
            raise LinearProgramFailed(f"HiGHS gave up on the limits: {status}")

    def _ran(self) -> str:
        self.watch.look()
        left = self.watch.seconds_left()
        if np.isfinite(left):
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)
        self.highs.run()
        self.steps += int(self.highs.getInfo().simplex_iteration_count)
        self.watch.look()
        status: str = self.highs.getModelStatus().name
        return status

    def _believe(self, way: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Check a point against every limit ourselves: an "optimal" of a solver is only a claim."""
        outside = np.maximum(low - way, way - high) / (1 + np.abs(way))
        left = np.abs(self.matrix @ way) / (1 + abs(self.matrix) @ np.abs(way))
        if not max(outside.max(), left.max()) <= _BELIEVED:
            raise LinearProgramFailed("HiGHS calls a point optimal that misses limits")

    def _completed(self, value: FloatArray) -> FloatArray:
        """The same values, but every column that a row tells is what the row says."""
        indices, data, start = self.matrix.indices, self.matrix.data, self.matrix.indptr
        x = value / self.size
        for row, column in enumerate(self.told.tolist()):
            entries = slice(start[row], start[row + 1])
            x[column] += data[entries] @ x[indices[entries]]
        return x * self.size


def _way(limits: Limits, origin: FloatArray, step: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far the limits lie from the origin, in steps."""
    low = np.where(limits.low > -UNLIMITED, (limits.low - origin) / step, -np.inf)
    high = np.where(limits.high < UNLIMITED, (limits.high - origin) / step, np.inf)
    return low, high


def _follow(watch: Watch, event: Any) -> None:
    watch.tell("conflicts", int(event.data_out.simplex_iteration_count))
    if watch.stopped():
        event.interrupt()
