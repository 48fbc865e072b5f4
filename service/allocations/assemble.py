"""From the facts of a plan to the solver's problem: dates to months, territories to potential.

period        given, else the twelve months after the last month of any measure's history
potential     the rep's own, else the sum of share x potential of the territories that the rep
              holds on the first day of the period
seats         somebody who starts within the period, or is away for a part of it, is expected to
              sell for the rest of it only; without a date, a vacant seat counts for the whole
baseline, reach and sigma given are taken as they are; what is left out is estimated, the sigma
only where the baseline is, and where the history is long enough
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from math import lcm
from typing import Final

import numpy as np

from service.allocations.places import Places
from service.allocations.presence import hired_in_months, in_seat, months_away
from service.allocations.unheld import unheld_warnings
from service.allocations.unsold import unsold_warnings
from service.kit.errors import Fault, InvalidInput, pointer
from service.kit.phases import phase
from service.plans.policy import BY_HISTORY, Spreading
from service.roster.domain import NONE, Holders, Inputs
from service.roster.domain.periods import as_text, months_between
from solver.errors import InvalidProblem
from solver.estimate import (
    ALWAYS,
    UNTIL_FURTHER_NOTICE,
    Estimate,
    Evidence,
    Holdings,
    SalesHistory,
    estimate,
)
from solver.estimate.benchmark import potentials
from solver.estimate.history import sales_of_reps, with_last_year
from solver.estimate.ramp import RAMP_MONTHS
from solver.policy import Policy
from solver.problem import AMOUNT_LIMIT, UNLIMITED, FloatArray, Problem, Reps, Units, padded
from solver.spread.lines import Line
from solver.spread.season import QUARTER

YEAR: Final = 12
NO_MONTH: Final = 9999 * YEAR
"""After every month that history can name."""


@dataclass(frozen=True, slots=True)
class Terms:
    """In which money and period a plan is made."""

    currency: str
    digits: int
    """Minor digits of the currency."""
    increment: int = 1
    """In minor units."""
    period: tuple[date, date] | None = None
    """First and last day, whole months; None: follows from the history."""


@dataclass(frozen=True, slots=True)
class ClosedLines:
    """What the first months of a period carry and go on carrying, in minor units."""

    count: int
    """How many months."""
    carried: Mapping[str, Mapping[Line, Sequence[int]]]
    """By rep and line, an amount for each of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What is to be solved, in the order of the inputs, and how the baselines came about."""

    inputs: Inputs
    terms: Terms
    problem: Problem
    policy: Policy
    estimate: Estimate | None
    """None where every baseline and reach was given."""
    period: tuple[date, date] | None
    """The period that counted; None where nothing depends on it."""
    evidence: Evidence
    """What the estimate read."""
    spreading: Spreading
    places: Places
    closed: ClosedLines | None = None
    """What months that are closed carry of each line, where targets of parts tell lines apart."""

    @property
    def period_as_stated(self) -> dict[str, str] | None:
        if self.period is None:
            return None
        start, end = self.period
        return {"start": start.isoformat(), "end": end.isoformat()}

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What is legal but looks like a mistake: in the facts, and in the facts on these dates."""
        dated = unheld_warnings(self.inputs, self.period)
        return (*self.inputs.warnings, *dated, *unsold_warnings(self.inputs))

    def under(self, policy: Policy, spreading: Spreading, places: Places) -> Case:
        """The same facts under another policy, nothing estimated again. Raises `InvalidInput`."""
        faults = [
            *_season_faults(spreading, self.period, places),
            *_level_faults(self.inputs, policy),
        ]
        if faults:
            raise InvalidInput(faults)
        return replace(self, policy=policy, spreading=spreading, places=places)

    def as_invalid_input(self, error: InvalidProblem) -> InvalidInput:
        """The solver's faults at the rows that the caller sent."""
        return self.places.as_invalid_input(error, self.inputs, self.policy)


def assemble(
    inputs: Inputs,
    terms: Terms,
    policy: Policy,
    places: Places | None = None,
    spreading: Spreading = BY_HISTORY,
) -> Case:
    """The case of these facts and their main measure; what is counted is planned in whole things.
    Raises `InvalidInput` where they are not enough or too much.

    `places`: what the facts and the policy came in, so that faults point at its rows.
    """
    places = places or Places()
    if inputs.measures.main.counted_in is not None:
        terms = replace(terms, increment=lcm(terms.increment, 10**terms.digits))
    period = period_of(inputs, terms)
    faults = [
        *_season_faults(spreading, period, places),
        *_part_faults(inputs, period),
        *_level_faults(inputs, policy),
    ]
    evidence = evidence_of(inputs, period)
    given = ~(np.isnan(evidence.baseline) | np.isnan(evidence.reach))
    with phase("estimate"):
        found = None if given.all() else estimate(evidence)
    try:
        problem = Problem(
            target=inputs.target,
            reps=_reps(inputs, evidence, found),
            units=_units(inputs),
            increment=terms.increment,
            cohorts=cohorts_of(inputs),
        )
    except InvalidProblem as error:
        told = places.as_invalid_input(error, inputs, policy).faults
        raise InvalidInput([*faults, *told]) from None
    if faults:
        raise InvalidInput(faults)
    return Case(inputs, terms, problem, policy, found, period, evidence, spreading, places)


def _season_faults(
    spreading: Spreading, period: tuple[date, date] | None, places: Places
) -> Iterator[Fault]:
    """Where months are asked for that the period does not have."""
    if period is None:
        if spreading.asks_for_months:
            reason = "is required: the policy names a season or a country"
            yield Fault("/period", f"{reason}, and there is no history to follow")
        return
    if period[1].year == date.max.year:
        yield Fault("/period/end", f"must lie before the year {date.max.year}")
    months = _month(period[1]) - _month(period[0]) + 1
    quarters = -(-months // QUARTER)
    if isinstance(spreading.season, tuple) and len(spreading.season) not in {months, quarters}:
        reason = (
            f"has {_counted(len(spreading.season), 'weight')}; give one for each of "
            f"{_counted(months, 'month')}, or of {_counted(quarters, 'quarter')}"
        )
        yield Fault(pointer((*places.at, "season")), reason)


def _part_faults(inputs: Inputs, period: tuple[date, date] | None) -> Iterator[Fault]:
    """Targets of months that the plan has no more, for its period is another by now."""
    months = range(0) if period is None else months_between(period)
    ends = zip(inputs.parts.first.tolist(), inputs.parts.last.tolist(), strict=True)
    for row, (first, last) in enumerate(ends, start=1):  # the company's target is the first
        if first != NONE and not (months.start <= first <= last < months.stop):
            reason = "is no part of the plan's period: send the inputs again"
            yield Fault(
                pointer(("targets", row, "period")), reason, as_text(range(first, last + 1))
            )


def _level_faults(inputs: Inputs, policy: Policy) -> Iterator[Fault]:
    """Levels beyond every possible amount."""
    measure = inputs.measures.main
    assigned = padded(inputs.target, policy.over_assignment)
    for name, factor in measure.levels.items():
        if assigned * factor > AMOUNT_LIMIT:
            reason = f"{name} is {factor:g} times the target, and too large an amount"
            yield Fault("/measures", reason)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def period_of(inputs: Inputs, terms: Terms) -> tuple[date, date] | None:
    """First and last day; None where nothing depends on them. Raises `InvalidInput`."""
    if terms.period is not None:
        return terms.period
    if last := [int(sales.month.max()) for sales in inputs.histories if len(sales)]:
        start = max(last) + 1
        after = start + YEAR
        return _first_day(start), date.fromordinal(_first_day(after).toordinal() - 1)
    dated = []
    if (inputs.reps.vacant & (inputs.reps.hired != NONE)).any():
        dated.append("a vacant seat has a date in `hired`")
    if ((inputs.holders.first != NONE) | (inputs.holders.last != NONE)).any():
        dated.append("a holder of a territory has dates")
    if len(inputs.absences):
        dated.append("somebody is away")
    if dated:
        reason = f"is required: {' and '.join(dated)}, and there is no history to follow"
        raise InvalidInput([Fault("/period", reason)])
    return None


def _first_day(month: int) -> date:
    return date(month // YEAR, month % YEAR + 1, 1)


def _month(day: date) -> int:
    return day.year * YEAR + day.month - 1


def evidence_of(inputs: Inputs, period: tuple[date, date] | None) -> Evidence:
    """What the estimate reads. Without a period any year will do: nothing depends on dates."""
    money = 10.0**inputs.digits
    reps, history = inputs.reps, inputs.history
    first_month = int(history.month.min(initial=NO_MONTH))
    start, end = (_month(period[0]), _month(period[1]) + 1) if period else (0, YEAR)
    return Evidence(
        rep_ids=reps.id,
        start=start,
        end=end,
        baseline=reps.baseline * money,
        reach=reps.reach * money,
        potential=reps.potential * money,
        capacity=reps.capacity * money,
        last_year=reps.last_year * money,
        fte=np.where(np.isnan(reps.fte), 1.0, reps.fte),
        in_seat=in_seat(reps.hired, inputs.absences, period),
        territory_ids=inputs.territories.id,
        territory_potential=inputs.territories.potential * money,
        holdings=_holdings(inputs.holders),
        history=SalesHistory(history.rep, history.territory, history.month, history.actual * money),
        forecast=None if inputs.forecast is None else inputs.forecast * money,
        target=float(inputs.target),
        hired=hired_in_months(reps.hired) if period else np.full(len(reps), np.nan),
        absences=months_away(inputs.absences, first_month, start),
    )


def last_year_of(evidence: Evidence) -> FloatArray:
    """(n,) sales of the twelve months before the period, those of territories with who holds them
    now; nan for reps without a row in these months.
    """
    sales = with_last_year(evidence, sales_of_reps(evidence), RAMP_MONTHS)
    rep, amount = sales.between(evidence.start - YEAR, evidence.start)
    reps = len(evidence)
    sold = np.bincount(rep, amount, minlength=reps)
    return np.where(np.bincount(rep, minlength=reps) > 0, sold, np.nan)


def _holdings(holders: Holders) -> Holdings:
    """In months: held in a month means held on its first day, as the start of a period is one."""
    first = [
        ALWAYS if day == NONE else _month(found) + (found.day > 1)
        for day in holders.first.tolist()
        for found in [date.fromordinal(max(day, 1))]
    ]
    last = [
        UNTIL_FURTHER_NOTICE if day == NONE else _month(date.fromordinal(day))
        for day in holders.last.tolist()
    ]
    return Holdings(
        holders.territory,
        holders.rep,
        holders.share,
        np.array(first, dtype=np.int64),
        np.array(last, dtype=np.int64),
    )


def _reps(inputs: Inputs, evidence: Evidence, found: Estimate | None) -> Reps:
    reps = inputs.reps
    return Reps(
        ids=reps.id,
        unit=reps.unit,
        baseline=evidence.baseline if found is None else found.baseline,
        reach=evidence.reach if found is None else found.reach,
        potential=potentials(evidence),
        last_year=evidence.last_year,
        min=np.maximum(reps.min, 0),
        max=np.where(reps.max == NONE, UNLIMITED, reps.max),
        capacity=np.where(np.isnan(evidence.capacity), np.inf, evidence.capacity),
        fixed=reps.fixed,
        sigma=_sigma(reps.sigma, found),
        margin=reps.margin,
    )


def _sigma(given: FloatArray, found: Estimate | None) -> FloatArray:
    """What the caller knows; else what the history says of reps whose baseline is estimated."""
    return given if found is None else np.where(np.isnan(given), found.sigma, given)


def cohorts_of(inputs: Inputs) -> dict[str, tuple[str | None, ...]]:
    """The peer group of each rep by the name of the cohort; an empty text is none."""
    of_reps = inputs.reps.cohorts
    names = dict.fromkeys(chain.from_iterable(filter(None, of_reps)))
    return {name: tuple((cohorts or {}).get(name) or None for cohorts in of_reps) for name in names}


def _units(inputs: Inputs) -> Units:
    units = inputs.units
    return Units(
        ids=units.id,
        parent=units.parent,
        min=np.maximum(units.min, 0),
        max=np.where(units.max == NONE, UNLIMITED, units.max),
        target=units.target,
        over_assignment=units.over_assignment,
    )
