"""The first stage: the smallest possible largest stretch t*, by linear programmes.

    t* = the least t at which  l_i <= q_i <= min(u_i, c_i + R_i t)  and all sums can be kept

Sums are those of units and of rows across the organisation.

One programme asks of a trial t how much money the rules leave uncarried (`rules`). Where
something is missing its prices prove that t* is larger, and `duality` says how large at
least: the next trial. So trials rise from below, each of them proven, and end after a few at the
first that leaves nothing missing. That is Newton's method on a convex, piecewise linear function;
HiGHS goes on from the last basis, since only caps of cells have moved.

A programme with t as a column would find t* in one go. But t would stand in a row of every cell,
and those rows are what takes long: the 24,650 cells of 100,000 reps under 8 random groups took
4.9 s of CPU in that form, and take 0.4 s in this one.

The point that HiGHS stops at never becomes a plan: it is a vertex, where the reps below t* carry
whatever the last pivot left them with, and equal reps are treated unequally.

Numbers: money never enters a programme. Columns are stretches over a typical stretch, sums are
money over about the yardsticks in them, so all lie near 1 and HiGHS's absolute tolerances mean the
same whatever the currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
import pulp
from pulp import _rustcore as core

from solver.bounds import Bounds
from solver.coupled import rules
from solver.coupled.coupling import Coupling
from solver.coupled.duality import Comparison, Prices, idle_reps
from solver.coupled.largest import AGREEMENT, LargestStretch
from solver.coupled.rules import Columns, QuotaModel
from solver.coupled.trial import InStretch, Trials
from solver.errors import LinearProgramFailed, SolveStopped, TimeIsUp
from solver.fairness import Scale
from solver.hierarchy import Hierarchy
from solver.problem import FloatArray, IntArray
from solver.watch import Watch

HIGHS: Final[Mapping[str, Any]] = {
    "msg": False,
    "threads": 1,
    "solver": "simplex",
    "presolve": "off",  # it costs more than it saves, and forgets the last basis
    "simplex_scale_strategy": 0,  # columns and rows lie near 1 as they are
    "small_matrix_value": 1e-12,
    "primal_feasibility_tolerance": 1e-10,  # the tightest that HiGHS offers
    "dual_feasibility_tolerance": 1e-10,
}
"""How HiGHS is run: silently, and the same on every machine."""
_STEP: Final = 1e-13
"""The next trial must differ by this, relative to itself or a typical stretch, to be another."""
_TRIALS: Final = 200


def formulate(case: InStretch) -> QuotaModel:
    """Build the model; the calls are its table of contents."""
    model = declare(case)
    rules.least_is_missing(model, case)
    rules.cell_floor(model, case)
    rules.cell_cap(model, case)
    rules.unit_sum(model, case)
    rules.row_sum(model, case)
    rules.target(model, case)
    rules.unit_min(model, case)
    rules.unit_max(model, case)
    rules.group_min(model, case)
    rules.group_max(model, case)
    rules.parity(model, case)
    rules.margin_min(model, case)
    rules.row_min(model, case)
    rules.row_max(model, case)
    return model


def declare(case: InStretch) -> QuotaModel:
    """The columns, in one batch for each kind. Sums are free until a rule limits them."""
    lp, columns = pulp.LpProblem("what_is_missing"), Columns.of(case)
    low = np.full(columns.count, -np.inf)
    variable: list[core.Variable] = []
    for kind, names in (
        ("stretch", case.names.cell), ("total", case.names.node), ("missing", case.names.node),
        ("sum", case.names.row), ("under", case.names.row), ("over", case.names.row),
    ):  # fmt: skip
        least = 0.0 if kind in ("missing", "under", "over") else -np.inf
        low[getattr(columns, kind)] = least
        keys = [f"{kind}_{name}" for name in names]
        continuous = core.Category.Continuous
        variable += lp.toRustModel().add_variables_batch(keys, least, np.inf, continuous)
    high, cost = np.full(columns.count, np.inf), np.zeros(columns.count)
    return QuotaModel(lp, columns, variable, low, high, cost)


def least_largest_stretch(  # noqa: PLR0917 - what a solve is about, in the order of all engines
    hierarchy: Hierarchy,
    bounds: Bounds,
    anchor: FloatArray,
    yardstick: FloatArray,
    coupling: Coupling | None = None,
    watch: Watch | None = None,
    known: Prices | None = None,
) -> LargestStretch | None:
    """t*: the largest stretch of anybody, in a plan where it is as small as the limits allow.

    None where the limits cannot all be kept, at whatever stretch. `anchor` and `yardstick` (n,) are
    in minor units and in layout order; yardsticks may be zero. Reps without one are not compared:

    - with rows across the organisation they carry the anchor, or the own limit nearest to it;
    - without, they carry at most the anchor, or the floor where that is higher. Where the limits
      force more upon them, the largest stretch is one of theirs, measured by the mean yardstick of
      the others.

    `known`: prices that prove a part of it already; the search begins there.

    Raises `LinearProgramFailed` where HiGHS finds nothing that passes our own check, `TimeIsUp` and
    `SolveStopped` as `watch` wants it.
    """
    watch, scale = watch or Watch(), Scale(anchor, yardstick)

    def search(comparison: Comparison) -> _Search:
        watch.look()
        return _Search(Trials.of(hierarchy, bounds, coupling, comparison), watch)

    known = known or Prices.of_the_target(hierarchy, coupling)
    if coupling is not None:
        return search(Comparison.pinned(bounds, scale)).smallest(known)
    idle = idle_reps(yardstick)
    found = search(Comparison.anchored(bounds, scale)).smallest(known)
    if found is None and idle.any():
        found = search(Comparison.of_the_idle(bounds, scale)).smallest(known)
    if found is None:
        return None
    # The tree engine gives those without a yardstick a negligible one. What they carry by it is
    # missing elsewhere, and is felt most by whoever has the smallest yardstick.
    unmodelled = float(scale.effective[idle].sum() / found.scale.yardstick.min())
    last_step = 2 * _STEP * found.scale.typical(bounds.total)
    return replace(found, tolerance=AGREEMENT + unmodelled + last_step)


@dataclass(frozen=True, slots=True, eq=False)
class _Search:
    """The smallest trial that leaves nothing missing."""

    trials: Trials
    watch: Watch

    def smallest(self, proof: Prices) -> LargestStretch | None:
        """From what some prices prove upwards. None where the prices of a trial prove that there is
        no plan, whatever the stretch.
        """
        trials = self.trials
        self.watch.look()
        trial = proven = self._bound(proof)
        if proven == np.inf:
            return None
        case = trials.case(trial)
        self.watch.look()
        highs = _Highs.of(formulate(case), self.watch)
        for _ in range(_TRIALS):
            answer = highs.ask(trials.most(trial))
            if answer is None:
                return None
            if answer.missing > 0:
                prices = trials.prices(answer.price)
                bound = self._bound(prices)
                if bound == np.inf:
                    return None
                if bound > proven:
                    proven, proof = bound, prices
            if abs(trial - proven) <= _STEP * max(abs(trial), trials.typical):
                if broken := replace(case, high=trials.most(trial)).misses(answer.stretch):
                    raise LinearProgramFailed(f"HiGHS misses {broken[0]} and does not say so")
                return LargestStretch.proven(
                    trials.hierarchy, trials.coupling, trials.comparison, trial, proof
                )
            trial = proven
        raise LinearProgramFailed(f"the largest stretch was not found in {_TRIALS} trials")

    def _bound(self, prices: Prices) -> float:
        of = self.trials
        return prices.shown(of.hierarchy, of.bounds, of.coupling, of.comparison)


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """What is missing at a trial, at which point, and the prices (l + k,) of the equations."""

    missing: float
    stretch: FloatArray
    price: FloatArray


class _Arrays(pulp.HiGHS):
    """PuLP's HiGHS, but a model is handed over at once, in arrays."""

    def __init__(self, model: QuotaModel) -> None:
        super().__init__(**HIGHS)
        self.model = model

    def buildSolverModel(self, lp: pulp.LpProblem) -> None:  # noqa: N802 - PuLP's name
        model, none = self.model, np.empty(0, dtype=np.int32)
        highs: Any = lp.solverModel
        columns = len(model.cost)
        highs.addCols(columns, model.cost, model.low, model.high, 0, none, none, np.empty(0))
        sizes = [len(columns) for columns, _ in model.rows]
        start = np.cumsum([0, *sizes[:-1]], dtype=np.int32)
        column = np.concatenate([columns for columns, _ in model.rows]).astype(np.int32)
        coefficient = np.concatenate([coefficients for _, coefficients in model.rows])
        zero = np.zeros(len(sizes))
        highs.addRows(len(sizes), zero, zero, len(column), start, column, coefficient)


def handed_over(model: QuotaModel) -> Any:
    """The model in HiGHS, ready to run."""
    solver = _Arrays(model)
    solver.createAndConfigureSolver(model.lp)
    solver.buildSolverModel(model.lp)
    return model.lp.solverModel


@dataclass(slots=True, eq=False)
class _Highs:
    """A model in the hands of HiGHS, which goes on from one trial to the next."""

    live: Any
    columns: IntArray
    low: FloatArray
    """(c,) the columns of the cells, and their floors."""
    watch: Watch
    done: int = 0
    """Simplex iterations of all trials before."""

    @classmethod
    def of(cls, model: QuotaModel, watch: Watch) -> Self:
        columns = model.columns.stretch
        highs = cls(handed_over(model), columns.astype(np.int32), model.low[columns], watch)
        highs.live.cbSimplexInterrupt += highs.follow
        return highs

    def ask(self, most: FloatArray) -> _Answer | None:
        """What is missing when cells carry (c,) at most; None where there is no point at all."""
        self.live.changeColsBounds(len(self.columns), self.columns, self.low, most)
        status = self._run()
        if status != "kOptimal":
            status = self._run_afresh()
        if status == "kInfeasible":
            return None
        if status != "kOptimal":
            raise LinearProgramFailed(f"HiGHS gave up on the linear programme: {status}")
        solution = self.live.getSolution()
        return _Answer(
            missing=float(self.live.getObjectiveValue()),
            stretch=np.array(solution.col_value)[: len(self.columns)],
            price=np.array(solution.row_dual),
        )

    def _run_afresh(self) -> str:
        """Without the basis of another trial, which may be a bad start, and not quite as strictly:
        where limits leave no room at all, the last digit of a sum is no contradiction.
        """
        self.live.clearSolver()
        for option, usual in HIGHS.items():
            if option.endswith("feasibility_tolerance"):
                self.live.setOptionValue(option, 10 * usual)
        status = self._run()
        for option, usual in HIGHS.items():
            if option.endswith("feasibility_tolerance"):
                self.live.setOptionValue(option, usual)
        return status

    def _run(self) -> str:
        self.watch.look()
        left = self.watch.seconds_left()
        if np.isfinite(left):
            self.live.setOptionValue("time_limit", self.live.getRunTime() + left)
        self.live.run()
        self.done += self.live.getInfo().simplex_iteration_count
        status: str = self.live.getModelStatus().name
        if status == "kTimeLimit":
            raise TimeIsUp("the time limit of the solve is over")
        if status == "kInterrupt":
            raise SolveStopped("the solve was stopped on request")
        return status

    def follow(self, event: Any) -> None:
        """Called by HiGHS once in every iteration."""
        now = self.done + int(event.data_out.simplex_iteration_count)
        self.watch.tell("largest stretch", now)
        if self.watch.stopped():
            event.interrupt()
