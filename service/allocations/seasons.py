"""From the facts of a plan to the season of its quotas: what was learned, or is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np

from service.allocations.assemble import Case
from service.allocations.months import (
    Months,
    Spread,
    given_season,
    month_names,
    months_of,
    rounded_presence,
    season_facts,
)
from service.allocations.presence import in_seat_by_month
from service.kit.errors import Fault, pointer
from service.kit.money import plain_text
from service.plans.policy import LEARNED
from solver.allocation import Allocation
from solver.problem import FloatArray
from solver.spread.calendar import Calendar, working_calendar
from solver.spread.past import season_of
from solver.spread.season import QUARTER, Season, present

_TOLD: Final = 3
"""Months of the company that are named where they are not as given."""


def season_of_case(case: Case) -> Season | None:
    """The season of its quotas, reps in the order of the inputs; None where it has no period."""
    if case.period is None:
        return None
    return _season(case, _calendar(case), _presence(case, case.period))


def spread_of(case: Case, plan: Allocation) -> Spread | None:
    """The quotas of a solved case over the months of its period; None where it has none."""
    if case.period is None:
        return None
    spreading, calendar = case.spreading, _calendar(case)
    presence = _presence(case, case.period)
    season = _season(case, calendar, presence)
    found = months_of(plan, season)
    facts = {
        **season_facts(plan, season, found),
        "country": spreading.country,
        "working_days": calendar.days.tolist(),
        "provisional": list(calendar.provisional),
    }
    return Spread(Months.of(plan, found.months), facts, _exceptions(season, plan, presence))


def _calendar(case: Case) -> Calendar:
    return working_calendar(case.spreading.country, case.evidence.start, case.evidence.end)


def _presence(case: Case, period: tuple[date, date]) -> FloatArray:
    return rounded_presence(in_seat_by_month(case.inputs.reps.hired, case.inputs.absences, period))


def _season(case: Case, calendar: Calendar, presence: FloatArray) -> Season:
    wanted = case.spreading.season
    if wanted == LEARNED:
        return present(season_of(case.evidence, calendar), presence)
    inside = None
    if isinstance(wanted, tuple) and len(wanted) < len(calendar):
        # A ramp inside a quarter would move its whole weight into the months after being hired.
        inside = season_of(case.evidence, calendar, ramped=False)
    return given_season(wanted, presence, inside)


def _exceptions(season: Season, plan: Allocation, presence: FloatArray) -> list[list[float] | None]:
    """Who is not there all the time, in the order of the hierarchy, where one season is given."""
    if season.basis not in {"even", "weights"}:
        return [None] * len(presence)
    away = (presence < 1).any(axis=1)
    order = plan.hierarchy.rep_row.tolist()
    return [presence[row].tolist() if away[row] else None for row in order]


def season_warnings(case: Case, spread: Spread | None) -> Iterator[Fault]:
    """What a planner should know of the months."""
    if spread is None:
        return
    at = case.places.at
    if spread.season["as_given"] is False:
        yield Fault(pointer((*at, "season")), _not_as_given(case, spread))
    years = spread.season["provisional"]
    if years and _by_working_days(case, spread):
        told = " and ".join(map(str, years))
        reason = f"the working days of {told} may still change: not all holidays are announced"
        yield Fault(pointer((*at, "country")), reason)


def _by_working_days(case: Case, spread: Spread) -> bool:
    """Whether months, at least inside quarters, go by what is sold in a working day."""
    weights = case.spreading.season
    months = spread.months.company
    return weights == LEARNED or (isinstance(weights, tuple) and len(weights) < len(months))


def _not_as_given(case: Case, spread: Spread) -> str:
    """Which of the company's months or quarters are farthest from their weights."""
    names = month_names(case.period_as_stated)
    company = spread.months.company
    weights = case.spreading.season
    wanted = np.array(weights if isinstance(weights, tuple) else np.ones(len(names)), dtype=float)
    of_quarters = len(wanted) < len(names)
    carried = np.add.reduceat(company, range(0, len(names), QUARTER)) if of_quarters else company
    labels: Sequence[str] = [f"quarter {k + 1}" for k in range(len(wanted))]
    labels = labels if of_quarters else names
    due = company.sum() * wanted / wanted.sum()
    farthest = np.argsort(-np.abs(carried - due), kind="stable")[:_TOLD]
    digits = case.terms.digits
    told = (
        f"{labels[k]} carries {plain_text(int(carried[k]), digits)}, "
        f"not {plain_text(round(due[k]), digits)}"
        for k in sorted(farthest.tolist())
    )
    why = (
        "because people are not there all the time, so everybody goes by the own months"
        if not len(case.inputs.parts)
        else "because targets are of months, or people are not there all the time"
    )
    return f"cannot be kept for the whole company, {why}: {'; '.join(told)}"
