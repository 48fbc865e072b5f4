"""Solving a case: the allocation, or in the caller's words why there is none."""

from __future__ import annotations

from service.allocations.assemble import Case
from service.allocations.infeasible import Infeasible, told
from service.allocations.patience import Patience
from service.kit.errors import AppError, Unavailable, Unprocessable
from solver.allocation import Allocation
from solver.errors import (
    EnginesDisagree,
    InfeasibleProblem,
    InvalidProblem,
    LinearProgramFailed,
    SolveStopped,
    TimeIsUp,
)
from solver.solve import solve


class PlanNotConfirmed(Unprocessable):
    """The linear programme does not confirm the plan."""


class SolveTookTooLong(Unavailable):
    """The plan was not solved in the time that one solve may take."""

    def __init__(self, detail: str, **context: object) -> None:
        super().__init__(detail, **context)
        self.headers = {}  # asking again in five seconds would end in the same way


class CallerLeft(AppError):
    """The caller did not wait for the plan."""

    status = 499  # nobody hears it; logs and metrics do, in the way of proxies


def allocate(case: Case, patience: Patience | None = None) -> Allocation:
    """Solve a case. Raises `Infeasible`, and `InvalidInput` where the policy lacks a figure.

    Raises `PlanNotConfirmed` where a linear programme was needed or asked for and its numbers do
    not hold, `SolveTookTooLong` and `CallerLeft` as `patience` has it.
    """
    patience = patience or Patience()
    watch = patience.watch()
    try:
        watch.look()
        return solve(case.problem, case.policy)
    except InfeasibleProblem as error:
        members = told(case, error.infeasibility)
        raise Infeasible(members.pop("detail"), **members) from None
    except InvalidProblem as error:
        raise case.as_invalid_input(error) from None
    except (EnginesDisagree, LinearProgramFailed) as error:
        raise PlanNotConfirmed(
            f"{error}. Its numbers reach only so far where amounts differ by many orders of "
            "magnitude. No plan is answered; with `engine` left out, the tree engine answers and "
            "proves its plan without a linear programme."
        ) from None
    except TimeIsUp:
        raise SolveTookTooLong(
            f"It was not solved within {patience.seconds:g} s, and nothing is stored. Fewer rules "
            "across the tree (groups, parity, margin_floors, rows) are quicker; the server's "
            "FAIRQUOTA_SOLVE_TIME_LIMIT gives a solve more seconds."
        ) from None
    except SolveStopped:
        raise CallerLeft("The solve was stopped, and nothing is stored.") from None
