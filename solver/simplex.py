"""One linear programme that is asked many questions: limits and costs move, the equations stay.

    minimise cost x   subject to   A x = 0,   low <= x <= high

HiGHS goes on from where the last answer left it. No status is believed: a point is checked against
every limit, and "there is none" only counts with prices that prove it.

Numbers: HiGHS keeps a limit to 1e-10 of the unit that columns are measured in. With all money as
that unit, this is 10.00 of a billion in cents. So a point is sought twice, the second time as the
way from the first one, in a unit a million times smaller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    "solver": "simplex",
    "presolve": "off",  # it finds out that there is no point, but not why
    "small_matrix_value": 1e-12,
    "primal_feasibility_tolerance": 1e-10,  # the tightest that HiGHS offers
    "dual_feasibility_tolerance": 1e-10,
}
_CLOSER: Final = 1e-6
"""The unit of the second look, as a part of that of the first."""
_FINE: Final = 1e6
"""A unit of so many minor units needs no second look: 1e-10 of it is nothing."""
_BELIEVED: Final = 1e-9
"""How far a point may miss a limit or an equation, in units, relative to what it sums."""
_NOISE: Final = 1e-9
"""A price below this part of the largest is none."""


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What each column lies between, in minor units; +-`UNLIMITED` where nothing holds it."""

    low: IntArray
    high: IntArray

    def copy(self) -> Limits:
        return Limits(self.low.copy(), self.high.copy())


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Columns that keep all limits, at the least cost. In minor units."""

    value: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Contradiction:
    """A price for each column: the sum of price x is 0 by the equations, and below 0 by limits.

    Where the price is above 0 the high limit of the column takes part, where it is below 0 the low.
    """

    price: FloatArray
    """Per minor unit of the column; the largest is about 1."""


@dataclass(frozen=True, slots=True, eq=False)
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

    def solve(
        self, limits: Limits, unit: float, cost: FloatArray | None = None
    ) -> Point | Contradiction:
        """The cheapest point, costs being per minor unit; or why there is none.

        `unit`: about all the money there is, at least 1 minor unit. Raises `TimeIsUp` and
        `SolveStopped` as the watch says, and `LinearProgramFailed` where HiGHS finds neither, or
        something that does not pass the check, or no end of cheapness.
        """
        cost = np.zeros_like(self.size) if cost is None else cost
        answer = self._look(limits, cost, np.zeros_like(self.size), unit)
        if isinstance(answer, Point) and unit > _FINE:
            origin = self._completed(np.rint(answer.value))
            answer = self._look(limits, cost, origin, _CLOSER * unit)
        return answer

    def _look(
        self, limits: Limits, cost: FloatArray, origin: FloatArray, unit: float
    ) -> Point | Contradiction:
        """Solve for the way from `origin`, which keeps the equations."""
        step = unit * self.size
        low = np.where(limits.low > -UNLIMITED, (limits.low - origin) / step, -np.inf)
        high = np.where(limits.high < UNLIMITED, (limits.high - origin) / step, np.inf)
        columns = np.arange(len(step), dtype=np.int32)
        self.highs.changeColsBounds(len(step), columns, low, high)
        self.highs.changeColsCost(len(step), columns, cost * self.size)
        status = self._run()
        if status == "kOptimal":
            way = np.array(self.highs.getSolution().col_value)
            self._believe(way, low, high)
            return Point(origin + step * way)
        if status == "kInfeasible" and (price := self._proof(low, high)) is not None:
            price /= self.size
            return Contradiction(price / np.abs(price).max())
        raise LinearProgramFailed(f"HiGHS gave up on the limits: {status}")

    def _run(self) -> str:
        self.watch.look()
        left = self.watch.seconds_left()
        if np.isfinite(left):
            self.highs.setOptionValue("time_limit", self.highs.getRunTime() + left)
        self.highs.run()
        status: str = self.highs.getModelStatus().name
        if status in ("kTimeLimit", "kInterrupt"):
            self.watch.look()
        if status not in ("kOptimal", "kInfeasible"):
            self.highs.clearSolver()  # a basis inherited from another question may be a bad start
            self.highs.run()
            status = self.highs.getModelStatus().name
        return status

    def _believe(self, way: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Check a point against every limit ourselves: an "optimal" of a solver is only a claim."""
        outside = np.maximum(low - way, way - high) / (1 + np.abs(way))
        left = np.abs(self.matrix @ way) / (1 + abs(self.matrix) @ np.abs(way))
        if not max(outside.max(), left.max()) <= _BELIEVED:
            raise LinearProgramFailed("HiGHS calls a point optimal that misses limits")

    def _proof(self, low: FloatArray, high: FloatArray) -> FloatArray | None:
        """Prices of the columns, in units, that prove that no point keeps these limits."""
        _, found, ray = self.highs.getDualRay()
        if not found:
            return None
        for row_price in (ray, -ray):
            price: FloatArray = self.matrix.T @ row_price
            price[np.abs(price) <= _NOISE * np.abs(price).max(initial=0.0)] = 0.0
            limit = np.where(price > 0, high, low)
            used = price != 0
            if used.any() and price[used] @ limit[used] < 0:
                return price
        return None

    def _completed(self, value: FloatArray) -> FloatArray:
        """The same values, but every column that a row tells is what the row says."""
        indices, data, start = self.matrix.indices, self.matrix.data, self.matrix.indptr
        x = value / self.size
        for row, column in enumerate(self.told.tolist()):
            entries = slice(start[row], start[row + 1])
            x[column] += data[entries] @ x[indices[entries]]
        return x * self.size


def _follow(watch: Watch, event: Any) -> None:
    watch.tell("conflicts", int(event.data_out.simplex_iteration_count))
    if watch.stopped():
        event.interrupt()
