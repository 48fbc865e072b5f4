"""Solving a case: the allocation, or in the caller's words why there is none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from prometheus_client import Counter

import solver.errors
from service.allocations import infeasible
from service.allocations.assemble import Case
from service.allocations.figures import impact_of
from service.allocations.infeasible import Infeasible, told
from service.allocations.lines import parts_of
from service.allocations.patience import Patience
from service.allocations.prices import Impact
from service.allocations.seasons import season_of_case
from service.allocations.stated import refuse_outdated
from service.kit.errors import (
    AppError,
    DatabaseUnavailable,
    Fault,
    InvalidInput,
    Unavailable,
    Unprocessable,
)
from service.kit.metrics import COUNTED
from service.kit.phases import Stages
from solver.allocation import Allocation
from solver.errors import (
    EnginesDisagree,
    InfeasibleProblem,
    InvalidProblem,
    LinearProgramFailed,
    SolveStopped,
    TimeIsUp,
)
from solver.infeasibility import Infeasibility
from solver.solve import solve
from solver.spread.errors import InfeasibleInParts, PartsCannotHold, SpreadFailed
from solver.spread.parts import solve_in_parts
from solver.watch import Stage, Watch


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


class RoundingFailed(Unprocessable):
    """No whole amounts near the even ones keep every rule."""


NO_PLAN: Final = (PlanNotConfirmed, RoundingFailed, DatabaseUnavailable, SolveTookTooLong)
"""What may keep a caller from a plan although the rules can hold."""

_SOLVES: Final = Counter(
    "fairquota_solves",
    "Solves of a plan or of a measure of it, by what came of them: solved, or a problem.",
    ["outcome"],
    registry=COUNTED,
)


def allocate(case: Case, patience: Patience | None = None) -> Allocation:
    """Solve a case. Raises `Infeasible`, and `InvalidInput` where the policy lacks a figure.

    Raises `PlanNotConfirmed` where a linear programme was needed or asked for and its numbers do
    not hold, `RoundingFailed`, `SolveTookTooLong` and `CallerLeft` as `patience` has it.
    """
    with _counted(), in_the_callers_words(case, patience or Patience()) as watch:
        return _allocated(case, watch)


def allocate_and_price(case: Case, patience: Patience | None = None) -> tuple[Allocation, Impact]:
    """`allocate`, and what one more unit of money costs whom as far as the time reaches."""
    with _counted(), in_the_callers_words(case, patience or Patience()) as watch:
        allocation = _allocated(case, watch)
        return allocation, impact_of(allocation, case.terms.digits, watch)


def _allocated(case: Case, watch: Watch) -> Allocation:
    refuse_outdated(case)
    try:
        if not len(case.inputs.parts):
            return solve(case.problem, case.policy, watch)
        found = solve_in_parts(
            case.problem, case.policy, parts_of(case, season_of_case(case)), watch
        )
        return replace(found.allocation, told=found)
    except InfeasibleInParts as error:
        ruled = replace(case.policy, rows=(*case.policy.rows, *error.cuts))
        made = frozenset(row.id for row in error.cuts)
        raise _infeasible(replace(case, policy=ruled), error.infeasibility, watch, made) from None
    except InfeasibleProblem as error:
        raise _infeasible(case, error.infeasibility, watch) from None
    except PartsCannotHold as error:
        reason = f"{error}, whoever carries what: what is wanted of a part is sold by nobody there"
        raise InvalidInput([Fault("/targets", reason)]) from None


def _infeasible(
    case: Case, found: Infeasibility, watch: Watch, made: Collection[str] = ()
) -> Infeasible:
    members = told(case, found, watch, made)
    return Infeasible(members.pop("detail"), **members)


def examine(case: Case, patience: Patience | None = None) -> dict[str, Any]:
    """Whether the rules can all hold, with the members of the problem document, not solved.

    Raises what `allocate` does, but for `Infeasible`.
    """
    with in_the_callers_words(case, patience or Patience()) as watch:
        found = infeasible.examine(case, watch)
        if found["feasible"] and len(case.inputs.parts):
            try:
                _allocated(case, watch)
            except Infeasible as reason:
                return {"feasible": False, "detail": reason.detail, **reason.context}
        return found


@contextmanager
def _counted() -> Iterator[None]:
    """What came of a solve: a plan, or a problem."""
    try:
        yield
    except AppError as problem:
        _SOLVES.labels(problem.type_path().rpartition("/")[2]).inc()
        raise
    _SOLVES.labels("solved").inc()


@contextmanager
def in_the_callers_words(case: Case, patience: Patience) -> Iterator[Watch]:
    """A watch to solve by; the solver's errors as problems that the caller can mend.

    Its stages are timed.
    """
    stages, watch = Stages("limits"), patience.watch()

    def tell(stage: Stage, done: int) -> None:
        stages.tell(stage)
        watch.tell(stage, done)

    try:
        with _in_words(case, patience):
            yield replace(watch, tell=tell)
    finally:
        stages.end()


@contextmanager
def _in_words(case: Case, patience: Patience) -> Iterator[None]:
    try:
        yield
    except InvalidProblem as error:
        raise case.as_invalid_input(error) from None
    except (EnginesDisagree, LinearProgramFailed, SpreadFailed) as error:
        raise PlanNotConfirmed(_not_confirmed(case, error)) from None
    except solver.errors.RoundingFailed as error:
        raise RoundingFailed(f"{error}.") from None
    except TimeIsUp:
        raise SolveTookTooLong(
            f"It was not solved within {patience.seconds:g} s, and nothing is stored. Fewer rules "
            "across the tree (groups, parity, margin_floors, rows) are quicker; the server's "
            "FAIRQUOTA_SOLVE_TIME_LIMIT gives a solve more seconds."
        ) from None
    except SolveStopped:
        raise CallerLeft("The solve was stopped, and nothing is stored.") from None


def _not_confirmed(case: Case, error: Exception) -> str:
    reach = (
        f"{error}. Its numbers reach only so far where amounts differ by many orders of "
        "magnitude. No plan is answered; "
    )
    if case.policy.crosses_the_tree:
        return reach + "coefficients and limits nearer to each other, or fewer rules, may help."
    return reach + (
        "with `engine` left out, the tree engine answers and proves its plan without a linear "
        "programme."
    )
