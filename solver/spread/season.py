"""Which part of a quota falls into which month: learned, even, or given.

    s_im = p_im d_m / sum over months of p_i d       d: working days of the month
    p_i  = z_i own_i + (1 - z_i) pool                per working day, 1 in the average month
    z_i  = between / (between + within / years_i)

own_i is the mean of the rep's years of history, the pool that of everybody together. `within` is
how much one rep's years differ, `between` how much reps differ beyond that: Buehlmann's credibility
(1967). A rep who differs from the others every year in the same way keeps the own season; one whose
months jump about gets the pool's. Sales are counted per working day of their own month and year, so
a festival that moves from January to February moves the quota with it.

Somebody who starts in July, or is away in May, carries nothing, or less, of the months before and
of May (`present`).

Years are windows of twelve months, counted back from the last month with any sales. For a rep they
count if all their months are known and more was sold in them than came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from solver.errors import Fault, InvalidProblem
from solver.problem import BoolArray, FloatArray, IntArray
from solver.spread.calendar import YEAR, Calendar

QUARTER: Final = 3
"""Months; quarters are counted from the first month of the period, the last may be shorter."""
_HARDLY: Final = 1e-9

type Basis = Literal["learned", "working_days", "even", "weights"]


@dataclass(frozen=True, slots=True, eq=False)
class MonthlySales:
    """What reps sold, month by month."""

    start: int
    """First month, `year * 12 + month - 1`."""
    amounts: FloatArray
    """(n, h) money; below 0 where more came back than was sold, nan where unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Season:
    """The part of each rep's quota that each of t months carries."""

    basis: Basis
    """What it rests on; `working_days` where it was to be learned and no year is known."""
    shares: FloatArray
    """(n, t) >= 0; every row sums to 1."""
    company: tuple[Fraction, ...] = ()
    """The same of all quotas, exactly, where one season is given to everybody; of months, or of
    quarters where these were given."""
    away: bool = False
    """Whether somebody is not there all the time, so that rows alone do not make `company`."""
    credibility: FloatArray | None = None
    """(n,) z of each rep; None unless learned."""
    years: IntArray | None = None
    """(n,) years of history that counted."""
    pool: FloatArray | None = None
    """(12,) sales per working day of everybody, January first; 1 on average."""
    between: float = 0.0
    within: float = np.nan
    """Variances of profiles; nan where nobody has two years."""

    def taken(self, order: IntArray) -> Season:
        """The same of the reps in another order: row k is now row `order[k]`."""
        z, years = self.credibility, self.years
        return replace(
            self,
            shares=self.shares[order],
            credibility=None if z is None else z[order],
            years=None if years is None else years[order],
        )


def even(reps: int, months: int) -> Season:
    """Every month the same, however many days are worked."""
    shares = np.full((reps, months), 1 / months)
    return Season("even", shares, (Fraction(1, months),) * months)


def by_working_days(reps: int, period: Calendar) -> Season:
    """Every working day the same."""
    shares = np.tile(_normal(_worked(period)), (reps, 1))
    return Season("working_days", shares)


def given(season: Season, weights: Sequence[float | Fraction]) -> Season:
    """Weights of every month, or of every quarter: 4, 3, 2, 1 and .4, .3, .2, .1 are the same.

    Inside quarters months keep their proportions in `season`, or are even if it has none. Weights
    count as they are written: .4 is two fifths. Raises `InvalidProblem`.
    """
    reps, months = season.shares.shape
    quarters = -(-months // QUARTER)
    exact = [_written(weight) for weight in weights]
    if len(exact) not in (months, quarters):
        reason = f"has {len(exact)} weights; give one for each of {months} months"
        raise InvalidProblem([Fault("", None, "season", f"{reason}, or of {quarters} quarters")])
    faults = [
        Fault("season", place, "weight", f"is {weights[place]}; must be a number, 0 or more")
        for place, weight in enumerate(exact)
        if weight is None or weight < 0
    ]
    known = [weight for weight in exact if weight is not None]
    if not faults and not sum(known):
        faults = [Fault("", None, "season", "has no weight above 0")]
    if faults:
        raise InvalidProblem(faults)
    company = tuple(weight / sum(known) for weight in known)
    parts = np.array([float(part) for part in company])
    if len(parts) == months:
        return Season("weights", np.tile(parts, (reps, 1)), company)
    quarter = np.arange(months) // QUARTER
    of_quarter = by_quarter(season.shares)[:, quarter]
    inside = np.divide(
        season.shares, of_quarter, out=1 / np.bincount(quarter)[quarter] + 0 * of_quarter,
        where=of_quarter > 0,
    )  # fmt: skip
    shares = inside * parts[quarter]
    return replace(season, basis="weights", shares=shares, company=company)


def _written(weight: float | Fraction) -> Fraction | None:
    """The fraction that a weight's shortest decimals say; None where it is no number."""
    if isinstance(weight, Fraction):
        return weight
    return Fraction(repr(float(weight))) if np.isfinite(weight) else None


def by_quarter(shares: FloatArray) -> FloatArray:
    """(n, ceil(t / 3)) sums of months (n, t)."""
    starts = np.arange(0, shares.shape[1], QUARTER)
    return np.asarray(np.add.reduceat(shares, starts, axis=1))


def learned(sales: MonthlySales, past: Calendar, period: Calendar) -> Season:
    """The season of each rep as the history shows it (see the module's docstring).

    `past` covers the months of `sales`, `period` those to be spread over. The order of reps does
    not matter, not in the last bit, and identical histories get identical seasons.
    """
    rates = _years(sales, past)
    known = ~np.isnan(rates[:, :, 0])
    years = known.sum(axis=1)
    reps = len(rates)
    if not known.any():
        return by_working_days(reps, period)
    rates = np.where(known[:, :, None], rates, 0.0)
    size = np.where(known, rates.mean(axis=2), 1.0)
    profiles = rates / size[:, :, None]
    pool = _steady_sum(rates.reshape(-1, YEAR))
    pool /= pool.mean()
    own = profiles.sum(axis=1) / np.maximum(years, 1)[:, None]
    between, within = _variances(profiles, own, known)
    credibility = _credibility(between, within, years)
    z = credibility[:, None]
    profile = z * own + (1 - z) * pool
    weights = profile[:, (period.start + np.arange(len(period))) % YEAR] * period.days
    return Season(
        basis="learned",
        shares=_normal(_sold_somewhere(weights, period)),
        credibility=credibility,
        years=years,
        pool=pool,
        between=between,
        within=within,
    )


def present(season: Season, presence: FloatArray) -> Season:
    """The same for people who are there for a part of each month: `presence` (n, t), 0 to 1.

    Months count as far as somebody is there. Who is never there when the season sells keeps it as
    it is: a seat that stays empty has months, too. Weights stay those of the company; even months
    are everybody's own, and nobody's go up and down because somebody else is away.
    """
    if presence.shape != season.shares.shape:
        reason = f"has shape {presence.shape}, but the season {season.shares.shape}"
        raise InvalidProblem([Fault("", None, "presence", reason)])
    weights = season.shares * presence
    there = weights.sum(axis=1, keepdims=True) > 0
    shares = np.where(there, _normal(np.where(there, weights, 1.0)), season.shares)
    away = bool(np.any(np.abs(shares - season.shares) > _HARDLY))
    if not away:
        return season
    company = () if season.basis == "even" else season.company
    return replace(season, shares=shares, company=company, away=True)


def _years(sales: MonthlySales, past: Calendar) -> FloatArray:
    """(n, years, 12) sales per working day, newest year first, January first; nan where a year
    does not count.
    """
    reps, months = sales.amounts.shape
    if (past.start, len(past)) != (sales.start, months):
        reason = f"covers {len(past)} months from {past.start}, the history {months} from"
        raise InvalidProblem([Fault("", None, "past", f"{reason} {sales.start}")])
    seen = np.flatnonzero(~np.isnan(sales.amounts).all(axis=0))
    end = int(seen[-1]) + 1 if len(seen) else 0
    count = end // YEAR
    first = end - count * YEAR
    amounts = sales.amounts[:, first:end].reshape(reps, count, YEAR)[:, ::-1]
    days = _worked(past)[first:end].reshape(count, YEAR)[::-1]
    counts = amounts.sum(axis=2, keepdims=True) > 0  # nan is not
    rates = np.where(counts, np.maximum(amounts, 0.0) / days, np.nan)
    by_calendar: FloatArray = np.roll(rates, (sales.start + first) % YEAR, axis=2)
    return by_calendar


def _worked(calendar: Calendar) -> FloatArray:
    """Working days; hardly one where there is none, for there may be sales even so."""
    days: FloatArray = np.maximum(calendar.days.astype(float), _HARDLY)
    return days


def _variances(profiles: FloatArray, own: FloatArray, known: BoolArray) -> tuple[float, float]:
    """Of profiles between reps, beyond what years of one rep explain, and within; per month."""
    years = known.sum(axis=1)
    off = np.where(known[:, :, None], profiles - own[:, None, :], 0.0)
    freedom = int(np.maximum(years - 1, 0).sum())
    reps = int((years > 0).sum())
    if freedom == 0 or reps < 2:
        return 0.0, float("nan")
    squares = (off**2).reshape(-1, YEAR)
    within = float(_steady_sum(squares).sum()) / (YEAR * freedom)
    seasoned = own[years > 0]
    centre = _steady_sum(seasoned) / reps
    apart = float(_steady_sum((seasoned - centre) ** 2).sum()) / (YEAR * (reps - 1))
    chance = within * float(np.sort(1 / years[years > 0]).mean())
    return max(0.0, apart - chance), within


def _credibility(between: float, within: float, years: IntArray) -> FloatArray:
    """(n,) z; nobody's where nothing tells reps apart."""
    if not between > 0:
        return np.zeros(len(years))
    z: FloatArray = between / (between + within / np.maximum(years, 1))
    return np.where(years > 0, z, 0.0)


def _sold_somewhere(weights: FloatArray, period: Calendar) -> FloatArray:
    """The same; by working days for whom nothing is ever sold in the months of the period."""
    return np.where(weights.sum(axis=1, keepdims=True) > 0, weights, _worked(period))


def _normal(weights: FloatArray) -> FloatArray:
    """The same in proportion, with rows that sum to 1."""
    return weights / weights.sum(axis=-1, keepdims=True)


def _steady_sum(rows: FloatArray) -> FloatArray:
    """Sums of columns that do not depend on the order of the rows: sums of whole numbers."""
    exponent = int(np.frexp(np.abs(rows).max(initial=0.0))[1])
    unit = np.ldexp(1.0, exponent + len(rows).bit_length() - 62)
    return np.asarray(np.rint(rows / unit).astype(np.int64).sum(axis=0) * unit)
