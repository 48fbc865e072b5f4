"""What can go wrong in the solver, told in the words of the problem. No status codes here.

* SolverError
  x InvalidProblem        the facts contradict themselves or cannot be read
  x InfeasibleProblem     the rules cannot all hold: carries the conflict and how to mend it
  x LinearProgramFailed   HiGHS gave no answer that passes our own check
  x RoundingFailed        no whole quotas near the unrounded ones keep every rule
  x EnginesDisagree       the tree engine and the linear programme found different optima
  x TimeIsUp              the caller's time limit is over; nothing is known
  x SolveStopped          the caller wanted no answer any more
"""

from __future__ import annotations

from dataclasses import dataclass

from solver.infeasibility import Infeasibility


class SolverError(Exception):
    """The solver could not answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a problem: which row, which field, and what to do about it.

    `table` is `reps`, `units`, a list of rules of the policy (`groups`, `parity`, `margin_floors`,
    `rows`, `relax`), or empty (the problem or policy itself); `row` the position within it.
    """

    table: str
    row: int | None
    field: str
    reason: str

    def __str__(self) -> str:
        place = self.field if self.row is None else f"{self.table}[{self.row}].{self.field}"
        return f"{place}: {self.reason}"


class InvalidProblem(SolverError):
    """The problem contradicts itself. Every fault found is listed, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(map(str, faults[:5])) + ("; …" if len(faults) > 5 else ""))
        self.faults = faults


class InfeasibleProblem(SolverError):
    """The rules cannot all hold together."""

    def __init__(self, infeasibility: Infeasibility) -> None:
        super().__init__(infeasibility.sentence)
        self.infeasibility = infeasibility


class LinearProgramFailed(SolverError):
    """The linear programme has no answer that keeps every limit."""


class RoundingFailed(SolverError):
    """No whole quotas near the unrounded ones were found that keep every rule."""


class EnginesDisagree(SolverError):
    """Two exact methods found different optima, so neither is trusted."""


class TimeIsUp(SolverError):
    """The time limit ended before the solve did."""


class SolveStopped(SolverError):
    """Somebody stopped the solve."""
