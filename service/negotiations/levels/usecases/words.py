"""The solver's errors in the words of whoever works in a unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import isfinite

import solver.errors
from service.allocations.infeasible import Infeasible, in_words
from service.allocations.patience import Patience
from service.allocations.solving import (
    CallerLeft,
    PlanNotConfirmed,
    RoundingFailed,
    SolveTookTooLong,
)
from service.kit.errors import Fault, InvalidInput
from service.kit.money import from_minor
from service.negotiations.levels.domain.solving import RulesBroken
from service.negotiations.levels.domain.team import Team
from solver.amend import CannotCarry, Stop
from solver.errors import (
    EnginesDisagree,
    InfeasibleProblem,
    InvalidProblem,
    LinearProgramFailed,
    SolveStopped,
    TimeIsUp,
)
from solver.infeasibility import Infeasibility
from solver.problem import UNLIMITED
from solver.watch import Watch


@contextmanager
def in_the_owners_words(
    team: Team,
    digits: int,
    patience: Patience | None = None,
    wanted: Mapping[str, int] | None = None,
) -> Iterator[Watch]:
    """A watch to solve by; the solver's errors as problems that the caller can mend."""
    try:
        yield (patience or Patience()).watch()
    except InfeasibleProblem as error:
        raise _infeasible(error.infeasibility, digits) from None
    except CannotCarry as error:
        raise _cannot_carry(error, team, digits, wanted or {}) from None
    except RulesBroken as error:
        reason = f"would break {error}, which cuts across units"
        raise InvalidInput([Fault("/adjustments", reason)]) from None
    except InvalidProblem as error:
        raise InvalidInput([_of_fairness(fault, team) for fault in error.faults]) from None
    except (EnginesDisagree, LinearProgramFailed) as error:
        raise PlanNotConfirmed(f"{error}. Nothing is stored.") from None
    except solver.errors.RoundingFailed as error:
        raise RoundingFailed(f"{error}.") from None
    except TimeIsUp:
        raise SolveTookTooLong("The unit was not solved in time, and nothing is stored.") from None
    except SolveStopped:
        raise CallerLeft("The solve was stopped, and nothing is stored.") from None


def _of_fairness(fault: solver.errors.Fault, team: Team) -> Fault:
    whom = "" if fault.row is None else f"rep {team.reps[fault.row]}: "
    return Fault("/fairness", f"{whom}{fault.reason}")


def _infeasible(found: Infeasibility, digits: int) -> Infeasible:
    def money(amount: float | None) -> float | None:
        known = amount is not None and isfinite(amount) and abs(amount) < UNLIMITED
        return from_minor(int(amount), digits) if known and amount is not None else None

    return Infeasible(
        found.told(lambda amount: in_words(amount, digits)),
        conflict=[{"rule": rule.name, "value": money(rule.value)} for rule in found.conflict],
        relaxation=[
            {"rule": change.name, "from": money(change.before), "to": money(change.after)}
            for change in found.relaxation
        ],
        feasible_target={"min": money(found.feasible_min), "max": money(found.feasible_max)},
    )


def _cannot_carry(
    error: CannotCarry, team: Team, digits: int, wanted: Mapping[str, int]
) -> Infeasible:
    conflict = [
        {"rule": f"rep:{rep}:fixed", "value": from_minor(quota, digits)}
        for rep, quota in sorted(wanted.items())
    ]
    conflict += [
        {"rule": _rule(stop, team), "value": from_minor(stop.limit, digits)} for stop in error.stops
    ]
    return Infeasible(
        f"The others of unit {team.unit} cannot carry what these adjustments leave over: their "
        "limits are reached before.",
        conflict=conflict,
        relaxation=[],
        feasible_adjustments=[
            {"rep": team.reps[place], "quota": from_minor(quota, digits)}
            for place, quota in sorted(error.could.items())
        ],
    )


def _rule(stop: Stop, team: Team) -> str:
    if stop.kind in ("min", "max"):
        return f"unit:{team.units[stop.place - 1]['id']}:{stop.kind}"
    return f"rep:{team.reps[stop.place]}:{'fixed' if stop.kind == 'held' else stop.kind}"
