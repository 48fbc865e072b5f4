"""What the company as a whole will sell: the months before the start, and how they go on.

A month's sales are told as if everybody with history had been there: sales x strength of all /
strength of those who were there. A team that grew, or was on leave, is no growth of the market.

    24 months or more     exponential smoothing with a season (statsmodels ETSModel), additive in
                          logs (not where a month is not above 0) or in money, with or without a
                          damped trend, whichever of the four has the smallest AICc
    fewer                 the last twelve months, each month of the period counting what the same
                          calendar month sold last

Where smoothing does not converge, or leaves the last twelve months by more than a factor of two,
those stand, and the answer says so. Rolled month by month over all reps' sales, from 24 months of
history on, the mean error of a quarter's total is

                         windows    last twelve months    only logs    only money    by AICc
    Iowa, 70 months           44                  .078         .049          .050       .049
    AdventureWorks            10                  .267         .149          .134       .134
    Huadong                   10                  .098         .026          .048       .026

(|ln(sold / expected)|; of years .070, .053, .053 and .053 in Iowa's 35 windows).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from solver.estimate.availability import Presence
from solver.estimate.benchmark import present_weight
from solver.estimate.history import YEAR, Sales
from solver.problem import BoolArray, FloatArray, IntArray

LEAST_MONTHS: Final = 24
LEAST_PRESENT: Final = 0.5
"""Part of the team's strength that must have been there for a month to be smoothed."""
LARGEST_CHANGE: Final = 2.0
_DIGITS: Final = 9
"""Of the smoothed series in units of its mean: the noise of floats moves no fit."""


@dataclass(frozen=True, slots=True)
class NextPeriod:
    """The company's total of the period."""

    amount: float
    smoothed: bool = False
    refused: str | None = None
    """Why a history long enough was not smoothed: `not_converged` or `implausible`."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The company's sales by month, from `origin` to the start, as if all had been there."""

    origin: int
    sold: FloatArray
    covered: BoolArray
    full: BoolArray
    """Months in which at least half of the team's strength was there."""

    @classmethod
    def of(cls, sales: Sales, there: Presence, strength: FloatArray) -> Series:
        """`strength` (n,) is what each rep counts: benchmark weight x index."""
        present = present_weight(sales, there, strength)
        whole = float(strength[there.first < sales.start].sum())
        scale = np.divide(whole, present, out=np.ones_like(present), where=present > 0)
        full = sales.covered & (present >= LEAST_PRESENT * whole) & (present > 0)
        return cls(sales.origin, sales.by_month * scale, sales.covered, full)

    def next_period(self, length: int) -> NextPeriod:
        """The total of the `length` months that follow; 0 without history."""
        end = len(self.sold)
        plain = self._as_last_year(end, length)
        if plain is None:
            return NextPeriod(0.0)
        last = int(np.flatnonzero(self.covered)[-1]) + 1
        gaps = np.flatnonzero(~self.full[:last])
        run = self.sold[int(gaps[-1]) + 1 if len(gaps) else 0 : last]
        if plain <= 0 or len(run) < LEAST_MONTHS or end - last > YEAR or np.ptp(run) == 0:
            return NextPeriod(plain)
        smoothed = _smoothed(run, end - last, length)
        if smoothed is None:
            return NextPeriod(plain, refused="not_converged")
        if not plain / LARGEST_CHANGE <= smoothed <= plain * LARGEST_CHANGE:
            return NextPeriod(plain, refused="implausible")
        return NextPeriod(smoothed, smoothed=True)

    def one_step_errors(self, length: int) -> FloatArray:
        """ln(actual / rule of the last twelve months) of the past blocks that are wholly known."""
        errors = []
        for end in range(len(self.sold) - length, YEAR - 1, -length):
            expected = self._as_last_year(end, length)
            actual = float(self.sold[end : end + length].sum())
            whole = self.full[end - YEAR : end + length].all()
            if whole and expected is not None and expected > 0 and actual > 0:
                errors.append(float(np.log(actual / expected)))
        return np.array(errors[:YEAR])

    def _as_last_year(self, end: int, length: int) -> float | None:
        """The rule of the last twelve months known before month `end`; None where none is.

        Calendar months that are unknown count the average of the known ones.
        """
        known = np.flatnonzero(self.covered[:end])
        if not len(known):
            return None
        months = known[known > known[-1] - YEAR]
        by_calendar = np.full(YEAR, self.sold[months].mean())
        by_calendar[months % YEAR] = self.sold[months]
        wanted: IntArray = np.arange(end, end + length) % YEAR
        return float(by_calendar[wanted].sum())


def _smoothed(run: FloatArray, gap: int, length: int) -> float | None:
    """The sum of `length` months, `gap` months after the run; None where no fit converges."""
    relative = run / run.mean() if run.mean() > 0 else np.zeros(0)
    if not len(relative):
        return None
    fits = [
        fit
        for in_logs in ((False, True) if run.min() > 0 else (False,))
        for trend in (None, "add")
        if (fit := _fitted(relative, gap + length, trend, in_logs=in_logs)) is not None
    ]
    if not fits:
        return None
    _, ahead = min(fits, key=lambda fit: fit[0])
    return float(ahead[gap:].sum() * run.mean())


def _fitted(
    series: FloatArray, months: int, trend: str | None, *, in_logs: bool
) -> tuple[float, FloatArray] | None:
    """AICc of the series itself, whatever it was fitted in, and its next `months`.

    The density of y is that of ln y over y, so sum(ln y) joins the likelihood of logs: without it
    they could not be compared.
    """
    told = np.log(series) if in_logs else series
    fit = _fit(np.round(told, _DIGITS).tobytes(), months, trend)
    if fit is None or not in_logs:
        return fit
    criterion, ahead = fit
    with np.errstate(over="ignore"):
        ahead = np.exp(ahead)
    return (criterion + 2 * float(told.sum()), ahead) if np.isfinite(ahead).all() else None


@lru_cache(maxsize=256)
def _fit(series: bytes, months: int, trend: str | None) -> tuple[float, FloatArray] | None:
    """AICc and the next `months`; None where no fit converges.

    Kept, because a fit takes a tenth of a second, and every further version, scenario or preview of
    a plan asks for the same four.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # takes seconds to import

    try:
        # No filter of warnings: those are the process's, and other requests run beside this one.
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            model = ETSModel(
                np.frombuffer(series),
                error="add",
                trend=trend,
                damped_trend=trend is not None,
                seasonal="add",
                seasonal_periods=YEAR,
            )
            fit = model.fit(disp=False, warn_convergence=False)
            criterion, ahead = float(fit.aicc), np.asarray(fit.forecast(months))
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    ahead.flags.writeable = False
    is_finite = np.isfinite(ahead).all() and np.isfinite(criterion)
    return (criterion, ahead) if is_finite and fit.mle_retvals["converged"] else None
