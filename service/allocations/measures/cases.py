"""Each further additive measure as a case of its own.

Shared with the main measure are people, units, potential, territories and absences, the period, and
of the policy fairness, limits of growth, over-assignment, parity and what gives way. Its own are
targets, history and forecast. All other columns of reps and units, and the rules of the policy that
are amounts of the main measure or name its rules (`NOT_SHARED`), leave it alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from service.allocations.assemble import (
    Case,
    Terms,
    assemble,
    evidence_of,
    last_year_of,
    period_of,
)
from service.allocations.measures.naming import naming
from service.allocations.measures.shared import NOT_SHARED
from service.roster.domain import NONE, Inputs, Targets
from service.roster.domain.measures import Further, Measure, Measures
from solver.policy import Policy


def further_cases(case: Case) -> Iterator[Case]:
    """Those of the further measures, by id. Raises `InvalidInput`, which names the measure."""
    nothing = Policy()
    policy = replace(case.policy, **{name: getattr(nothing, name) for name in NOT_SHARED})
    stated = {k: rule for k, rule in case.places.policy.items() if k not in NOT_SHARED}
    places = replace(case.places, policy=stated)
    period = period_of(case.inputs, case.terms)
    for further in case.inputs.measures.further:
        measure = further.measure
        terms = replace(
            case.terms,
            digits=measure.digits(case.terms.digits),
            increment=_increment(measure, case.terms),
            period=period,
        )
        with naming(measure.id):
            own = _inputs(case.inputs, further, terms)
            yield assemble(own, terms, policy, places, case.spreading)


def _increment(measure: Measure, terms: Terms) -> int:
    if measure.increment is not None:
        return measure.increment
    return terms.increment if measure.counted_in is None else 1


def _inputs(inputs: Inputs, further: Further, terms: Terms) -> Inputs:
    """The facts as they are for this measure; last year is what its history says of it."""
    unknown = np.full(len(inputs.reps), np.nan)
    unset = np.full(len(inputs.reps), NONE)
    reps = replace(
        inputs.reps,
        baseline=unknown,
        reach=unknown,
        sigma=unknown,
        capacity=unknown,
        margin=unknown,
        last_year=unknown,
        min=unset,
        max=unset,
        fixed=unset,
    )
    free = np.full(len(inputs.units), NONE)
    own = replace(
        inputs,
        digits=terms.digits,
        target=further.target,
        forecast=further.measure.forecast,
        units=replace(inputs.units, min=free, max=free, target=further.of_units),
        reps=reps,
        history=further.history,
        measures=Measures(further.measure),
        parts=Targets.of({}, 0),
        warnings=(),
    )
    if terms.period is None:
        return own
    sold = last_year_of(evidence_of(own, terms.period)) / 10.0**own.digits
    return replace(own, reps=replace(reps, last_year=sold))
