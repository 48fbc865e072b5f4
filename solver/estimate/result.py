"""What the estimate answers: expected sales and reach per rep, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import numpy as np

from solver.estimate.windfalls import Windfall
from solver.problem import BoolArray, FloatArray


class Basis(StrEnum):
    """What a rep's expected sales rest on."""

    GIVEN = "given"
    """The caller gave the figure; nothing was estimated."""
    HISTORY_AND_POTENTIAL = "history_and_potential"
    """The own sales, measured against what the own potential lets one expect."""
    HISTORY_AND_PEERS = "history_and_peers"
    """The own sales, measured against the average per full-time equivalent: no potential."""
    POTENTIAL = "potential"
    """No usable history: what a typical rep with this potential sells."""
    FTE = "fte"
    """Neither history nor potential: the same for everybody per full-time equivalent."""


class TotalSource(StrEnum):
    """Where the company's expected total came from; the first that is known counts."""

    FORECAST = "forecast"
    SMOOTHED = "smoothed_months"
    """The company's months before the start, by exponential smoothing."""
    LAST_12_MONTHS = "last_12_months"
    GIVEN_BASELINES = "given_baselines"
    """No history, no forecast: the others sell per benchmark what the given baselines say."""
    TARGET = "target"
    """Nothing says how large the company is: the baselines add up to the target."""
    UNKNOWN = "unknown"
    """Not even a target: estimated baselines are 0."""


ComponentName = Literal["last_period", "two_before", "older", "benchmark"]
LAGS: Final[tuple[ComponentName, ...]] = ("last_period", "two_before", "older")
"""The three ages of history: the period before the plan's, the two before it, all older ones."""


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a rep's expected sales; the weights of the four parts sum to 1."""

    name: ComponentName
    weight: float
    index: float
    """Sales over those of a typical rep with the same potential: 1.2 is 20 % more."""
    amount: float
    """`index` in money of the plan's period: benchmark x index."""
    sold: float | None
    """What was really sold in such a period (mean of several); None where nothing is known."""
    known: bool
    """False: nothing is known of these months, `index` follows from the newest known ones."""


@dataclass(frozen=True, slots=True)
class Block:
    """One window of history as long as the plan's period, counted back from its start."""

    first: str
    last: str
    """Months as YYYY-MM."""
    months_covered: int
    """Months in which anybody has a row; the others count as unknown, not as zero."""
    total: float
    """What all reps sold in the covered months."""
    used: bool


@dataclass(frozen=True, slots=True)
class Parameters:
    """All numbers the estimate was made with, as plain values, to be stored with a version."""

    method: str
    beta: float
    """Sales grow like potential ^ beta."""
    beta_reps: int
    """From how many reps it was learned; 0: the prior. The same for the counts of pairs below."""
    weights: tuple[float, float, float]
    weights_pairs: int
    """From how many pairs of a block and those before it; reps of one block are many pairs."""
    weights_without_potential: tuple[float, float, float]
    weights_without_potential_pairs: int
    rho: float
    rho_pairs: int
    clip: float
    ramp_months: float
    """Months until somebody new sells like everybody else; 0: from the first day."""
    ramp_reps: int
    """People who were new once, from whom it was learned; 0: the usual 6."""
    theta: float
    theta_pairs: int
    """0: whether headroom has an effect was not tested, the history is too short."""
    theta_t: float | None
    """t of the slope of one-step errors on headroom; theta is 0 at 1.645 and below."""
    g0: float
    gap: float
    top_quantile: float
    top_index: float | None
    """The `top_quantile` of all indices; None where there is no history."""
    market_sigma: float
    """Log standard deviation that all reps share; .05 at least."""
    market_errors: int
    """One-step errors of the company's total it was learned from."""
    pooled_sigma: float | None
    """That of one rep, beside the market's; None where there are fewer than ten errors."""
    company_total: float
    """E[total]: the expected company total of the period, every seat filled."""
    company_total_source: TotalSource
    not_smoothed: str | None
    """`not_converged`, `implausible`: why the last twelve months stand beside a long history."""
    estimated_total: float
    """Sum of all baselines, the given ones included."""
    history_without_holder: float
    """Sales of territories that nobody in the plan holds at its start; they take no part."""
    set_aside: float
    """What windfalls were more than they count."""
    blocks: tuple[Block, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """Expected sales (`baseline`) and `reach` per rep, in the order of `Evidence.rep_ids`.

    All money is in minor units; `baseline` and `reach` are finite and >= 0. For an estimated
    baseline: baseline = in_seat x ramp x benchmark x product of index ^ weight over the three lags.
    """

    baseline: FloatArray
    reach: FloatArray
    sigma: FloatArray
    """Log standard deviation of sales around the baseline, market and rep; nan where the baseline
    is given, or the history too short to tell."""
    basis: tuple[Basis, ...]
    benchmark: FloatArray
    """What a typical rep with the same potential (without one: the same FTE) sells in the period;
    nan where nothing says how large the company is."""
    limit: FloatArray
    """K: the most the rep could plausibly sell, from capacity and potential; nan: not known."""
    in_seat: FloatArray
    ramp: FloatArray
    """What somebody new sells in the period, over what the same rep would sell later."""
    index: FloatArray
    """Shape (n, 3): own sales over typical sales per lag; 1.0 without any history."""
    known: BoolArray
    """Shape (n, 3): whether the index was observed or follows from another lag."""
    sold: FloatArray
    """Shape (n, 3): actual sales per block of that age, mean of several; nan where unknown."""
    windfalls: tuple[Windfall, ...]
    """Deals that count for less than they were; `rep` is the row in `Evidence.rep_ids`."""
    parameters: Parameters

    def __len__(self) -> int:
        return len(self.basis)

    def components(self, i: int) -> tuple[Component, ...]:
        """What the expected sales of rep `i` are made of: three ages of history, the benchmark.

        Empty for a given baseline. Without history all the weight is on the benchmark. The
        product of amount ^ weight, times `in_seat[i]` and `ramp[i]`, is the baseline.
        """
        basis = self.basis[i]
        if basis is Basis.GIVEN:
            return ()
        weights = {
            Basis.HISTORY_AND_POTENTIAL: self.parameters.weights,
            Basis.HISTORY_AND_PEERS: self.parameters.weights_without_potential,
        }.get(basis, ())
        own = float(self.benchmark[i]) if np.isfinite(self.benchmark[i]) else 0.0
        parts = [
            Component(
                name=name,
                weight=weight,
                index=float(self.index[i, lag]),
                amount=own * float(self.index[i, lag]),
                sold=float(self.sold[i, lag]) if self.known[i, lag] else None,
                known=bool(self.known[i, lag]),
            )
            for lag, (name, weight) in enumerate(zip(LAGS, weights, strict=False))
        ]
        rest = Component("benchmark", 1 - sum(weights), 1.0, own, sold=None, known=True)
        return (*parts, rest)
