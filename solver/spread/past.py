"""The season that the history of the estimate shows.

Whose sales they are, what a windfall counts and who was there is what the estimate says
(`solver.estimate`): the history of territories follows them, one large deal is no season, and a
month half away counts twice. Nothing is known of months without any row of anybody, before a rep's
first one, and of those that somebody missed for the most part: a year with one of them does not
count. Neither do yearly sums, for they have no months. Who is new sells along the ramp.
"""

from __future__ import annotations

import numpy as np

from solver.estimate import Evidence
from solver.estimate.availability import presence, ramp_by_month
from solver.estimate.history import ENOUGH, Sales, sales_of_reps
from solver.estimate.newcomers import learn_ramp
from solver.estimate.windfalls import set_windfalls_aside
from solver.spread.calendar import Calendar, working_calendar
from solver.spread.season import MonthlySales, Season, by_working_days, learned, present


def season_of(evidence: Evidence, period: Calendar, *, ramped: bool = True) -> Season:
    """The season of each rep in `period`, learned from the sales before it.

    By working days where there are none. `ramped`: who is new there sells along the ramp. Raises
    `InvalidProblem`.
    """
    sales, _ = set_windfalls_aside(sales_of_reps(evidence))
    ramp = learn_ramp(evidence, sales).value
    if sales.origin == sales.start:
        season = by_working_days(len(evidence), period)
    else:
        past = working_calendar(period.country, sales.origin, sales.start)
        season = learned(by_month(evidence, sales, ramp), past, period)
    return present(season, ramp_by_month(evidence, sales, ramp)) if ramped else season


def by_month(evidence: Evidence, sales: Sales, ramp: float) -> MonthlySales:
    """`sales`, which are of this evidence, as a table of reps and months; `ramp` in months."""
    shape = sales.reps, sales.start - sales.origin
    cell = sales.rep * shape[1] + sales.month - sales.origin
    amounts = np.bincount(cell, sales.amount, minlength=shape[0] * shape[1]).reshape(shape)
    there = presence(evidence, sales, ramp)
    part = 1 - there.missing
    amounts[there.rep, there.month - sales.origin] /= np.where(part >= ENOUGH, part, np.nan)
    amounts[:, ~sales.covered] = np.nan
    amounts[np.arange(shape[1]) < (there.first - sales.origin)[:, None]] = np.nan
    return MonthlySales(sales.origin, amounts)
