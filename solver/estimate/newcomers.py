"""How long the ramp is: learned from those who were new and have settled in since.

    d_i    = ln(sold / colleagues' in months 0 … 5) - ln(the same in months 12 … 23)
    d      = their median, drawn to what the usual ramp says, ln 1/2, by its standard error
    months = the length of the ramp whose first six months say d; 0 … 12

So everybody is measured against the own later self, and season and growth fall out: colleagues are
those who had been there for a year when the new one came, the same people on both sides. What d is
off from company to company, .4, are about three months of ramp: half of all companies surveyed
lie between three and nine. The noise of one d is learned with it, from a prior of .5.

Mean |ln(sold / expected)| of people in their first thirteen months, in twelve seeded companies of
30 reps each with 48 months (months swing by .4, people by .3, ramps of people by .3):

    true ramp, months          0       3       6       9      12
    quarters, no ramp        .244    .312    .364    .378    .389
              always six     .400    .351    .291    .336    .397
              learned        .328    .309    .289    .316    .352
    years,    no ramp        .197    .222    .328    .421    .483
              always six     .308    .269    .245    .284    .354
              learned        .266    .241    .239    .280    .339
"""

from __future__ import annotations

from typing import Final

import numpy as np

from solver.estimate.availability import beginning, presence
from solver.estimate.benchmark import CLIP
from solver.estimate.evidence import Evidence
from solver.estimate.history import Sales
from solver.estimate.learning import MAD, Learned
from solver.estimate.ramp import RAMP_MONTHS, productivity
from solver.problem import FloatArray, IntArray

FIRST: Final = slice(0, 6)
LATER: Final = slice(12, 24)
"""Months since the one of hiring."""
LEAST_FIRST: Final = 3
LEAST_LATER: Final = 6
"""Months of both in which somebody must have been there."""
LEAST_COLLEAGUES: Final = 3
LEAST_NEW: Final = 3
"""People who were new, from whom a ramp is learned."""
LONGEST: Final = 12.0
PRIOR_SD: Final = 0.4
NOISE: Final = 0.5
PRIOR_PEOPLE: Final = 4
_OF_A_MEDIAN: Final = np.pi / 2
"""Its variance, over that of a mean, where noise is normal."""
_LENGTHS: Final = np.linspace(0.0, LONGEST, 1201)


def learn_ramp(evidence: Evidence, sales: Sales) -> Learned[float]:
    """Months of the ramp; the usual ones where fewer than three people tell.

    `sales` are what was really told by month: `last_year` has no first months.
    """
    told = _contrasts(evidence, sales)
    if len(told) < LEAST_NEW:
        return Learned(RAMP_MONTHS)
    says = np.array([_says(months) for months in _LENGTHS.tolist()])
    middle = float(np.median(told))
    spread = MAD * float(np.median(np.abs(told - middle)))
    degrees = len(told) - 1
    noise = (degrees * spread**2 + PRIOR_PEOPLE * NOISE**2) / (degrees + PRIOR_PEOPLE)
    trust = PRIOR_SD**2 / (PRIOR_SD**2 + _OF_A_MEDIAN * noise / len(told))
    shrunk = trust * middle + (1 - trust) * _says(RAMP_MONTHS)
    return Learned(float(np.interp(-shrunk, -says, _LENGTHS)), len(told))


def _says(months: float) -> float:
    """d of somebody with a ramp of so many months and no luck."""
    first = np.arange(FIRST.start, FIRST.stop, dtype=np.float64)
    return float(np.log(productivity(first, months).mean()))


def _contrasts(evidence: Evidence, sales: Sales) -> FloatArray:
    """d of everybody who was new in the months of `sales`, and long enough ago."""
    known, hired = beginning(evidence, sales)
    settled_by = np.where(known, hired, sales.first) + LATER.start - sales.origin
    settled_by = np.clip(settled_by, 0, sales.start - sales.origin)
    colleagues = np.cumsum(np.bincount(settled_by, minlength=sales.start - sales.origin + 1))
    enough = known & (hired >= sales.origin)
    enough &= hired + LATER.start + LEAST_LATER <= sales.start
    new = np.flatnonzero(enough)
    new = new[colleagues[hired[new] - sales.origin] >= LEAST_COLLEAGUES]
    here = _here(evidence, sales, new, hired)
    typical = np.maximum(here * _colleagues_sold(sales, settled_by, hired[new]), 0.0)
    here = np.where(typical > 0, here, 0.0)
    own = _own(sales, new, hired) * (here > 0)
    index, there = [], np.ones(len(new), np.bool_)
    for part, least in ((FIRST, LEAST_FIRST), (LATER, LEAST_LATER)):
        there &= here[:, part].sum(axis=1) >= least
        expected = np.where(there, typical[:, part].sum(axis=1), 1.0)
        index.append(own[:, part].sum(axis=1) / expected)
    there &= index[1] > 0
    return np.log(np.maximum(index[0][there] / index[1][there], CLIP))


def _here(evidence: Evidence, sales: Sales, new: IntArray, hired: IntArray) -> FloatArray:
    """Which part of each of their first 24 months the new were there. Shape (k, 24)."""
    months = np.arange(LATER.stop)
    here = np.where(hired[new][:, None] + months < sales.start, 1.0, 0.0)
    there = presence(evidence, sales, ramp=0.0)
    row, tenure, mine = _among(new, hired, there.rep, there.month)
    here[row, tenure] -= there.missing[mine]
    return here


def _own(sales: Sales, new: IntArray, hired: IntArray) -> FloatArray:
    """What the new sold in each of their first 24 months. Shape (k, 24)."""
    row, tenure, mine = _among(new, hired, sales.rep, sales.month)
    cell = row * LATER.stop + tenure
    sold = np.bincount(cell, sales.amount[mine], minlength=len(new) * LATER.stop)
    return sold.reshape(len(new), LATER.stop)


def _among(
    new: IntArray, hired: IntArray, rep: IntArray, month: IntArray
) -> tuple[IntArray, IntArray, IntArray]:
    """Rows of reps and months that are of somebody's first 24: whose, which, and where."""
    place = np.full(len(hired), -1)
    place[new] = np.arange(len(new))
    tenure = month - hired[rep]
    mine = np.flatnonzero((place[rep] >= 0) & (tenure >= 0) & (tenure < LATER.stop))
    return place[rep[mine]], tenure[mine], mine


def _colleagues_sold(sales: Sales, settled_by: IntArray, hired: IntArray) -> FloatArray:
    """Sales, in the first 24 months of each who was new, of those who had settled in when the new
    one came; 0 at and after the start. Shape (k, 24).
    """
    months = sales.start - sales.origin
    cell = (sales.month - sales.origin) * (months + 1) + settled_by[sales.rep]
    sold = np.bincount(cell, sales.amount, minlength=months * (months + 1))
    of_settled = np.cumsum(sold.reshape(months, months + 1), axis=1)
    begun = hired - sales.origin
    month = begun[:, None] + np.arange(LATER.stop)
    inside = month < months
    return np.where(inside, of_settled[np.where(inside, month, 0), begun[:, None]], 0.0)
