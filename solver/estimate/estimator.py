"""The recipe of the estimate, from evidence to expected sales and reach.

    baseline_i  = in_seat_i x ramp_i x benchmark_i x e^(r_i)
    benchmark_i = E[total] x weight_i / sum_j weight_j e^(r_j)

so that with every seat filled by somebody who is not new the baselines add up to E[total]: the
owner's forecast, else what the company's own months say (`company`). A seat
that is empty for half the period expects half its sales; nobody else expects more for it.

A given baseline is taken as it is and changes nobody else's: a rep with history keeps the own
share of E[total], whatever figure was given. A rep with a given baseline and no history stands
outside: no sales in the total, no part of it; a forecast (or target) is the whole company's, so
there the given figure is taken off first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.estimate.availability import Presence, presence, ramp_of_period
from solver.estimate.benchmark import CLIP, believable, benchmark_weights, potentials
from solver.estimate.company import NextPeriod, Series
from solver.estimate.credibility import (
    WEIGHTS,
    WEIGHTS_WITHOUT_POTENTIAL,
    OwnHistory,
    Weights,
    block_indices,
    own_history,
    shrunk,
)
from solver.estimate.evidence import Evidence
from solver.estimate.history import Sales, sales_of_reps, with_last_year
from solver.estimate.learning import (
    HeadroomTest,
    Learned,
    Pairs,
    headroom_effect,
    learn_beta,
    learn_rho,
    learn_weights,
)
from solver.estimate.newcomers import learn_ramp
from solver.estimate.reach import G0, GAP, TOP_QUANTILE, plausible_limit, reach, top_index
from solver.estimate.result import Basis, Block, Estimate, Parameters, TotalSource
from solver.estimate.uncertainty import Uncertainty, uncertainty
from solver.estimate.windfalls import Windfall, set_windfalls_aside
from solver.problem import BoolArray, FloatArray, IntArray

METHOD: Final = "learned-weights/2"
"""Stored with every version; a change of the arithmetic below is a new number. Figures that were
stored with an older one stand as they are: no version is estimated again.

1: a ramp of six months for every company, totals smoothed in logs. 2: both as the history says."""


def estimate(evidence: Evidence, frozen: Parameters | None = None) -> Estimate:
    """Expected sales at normal effort and reach of every rep (see the module's docstring).

    `frozen`: the parameters of an earlier estimate, to be used again instead of learning them from
    this evidence (the ramp, beta, rho, weights, theta and the top index; the total is the
    evidence's own).

    The answer does not depend on the order of rows, and reps with the same evidence get the same
    figures to the last bit: everything is computed in the order of the reps' ids.
    """
    ids = evidence.rep_ids
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    return _back_in_place(_estimate(evidence.reordered(order), frozen), order)


def _estimate(evidence: Evidence, frozen: Parameters | None) -> Estimate:
    sales, windfalls = set_windfalls_aside(sales_of_reps(evidence))
    ramp = _ramp(evidence, sales, frozen)
    sales = with_last_year(evidence, sales, ramp.value)
    there = presence(evidence, sales, ramp.value)
    potential = potentials(evidence)
    has_potential = _says_something(potential)
    beta = _beta(sales, there, np.where(has_potential, potential, np.nan), frozen)
    weights = believable(sales, benchmark_weights(potential, evidence.fte, beta.value))
    blocks, sold = block_indices(sales, there, weights, evidence.length)
    lessons = _lessons(blocks, has_potential, ramp, beta, frozen)
    own = own_history(blocks, sold, lessons.rho.value)
    has_history = own.known.any(axis=1)
    index = np.exp(_expected(lessons, own.ages, has_potential))

    series = Series.of(sales, there, weights * index)
    total = expected_total(evidence, series, weights * index, has_history)
    benchmark = weights * total.per_weight
    given = ~np.isnan(evidence.baseline)
    seat = np.where(given, 1.0, evidence.in_seat)
    part = np.where(given, 1.0, ramp_of_period(evidence, sales, ramp.value))
    baseline = np.nan_to_num(seat * part * benchmark * index)
    baseline = np.where(given, evidence.baseline, baseline)

    limit = plausible_limit(evidence.capacity, seat * part * benchmark, has_potential, lessons.top)
    estimated_reach = reach(baseline, limit, lessons.headroom.theta)
    doubt = uncertainty(
        lessons.pairs, lessons.residual, has_history & ~given, series, evidence.length
    )
    return Estimate(
        baseline=baseline,
        reach=np.where(np.isnan(evidence.reach), estimated_reach, evidence.reach),
        sigma=doubt.sigma,
        basis=_basis(given, has_history, has_potential),
        benchmark=benchmark,
        limit=limit,
        in_seat=seat,
        ramp=part,
        index=np.exp(own.ages),
        known=own.known,
        sold=own.sold,
        windfalls=windfalls,
        parameters=_parameters(
            evidence,
            sales,
            own,
            lessons,
            total,
            doubt,
            windfalls=windfalls,
            estimated_total=float(baseline.sum()),
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Lessons:
    """What was learned from the history, or taken from an earlier estimate."""

    ramp: Learned[float]
    beta: Learned[float]
    rho: Learned[float]
    weights: Learned[Weights]
    weights_without_potential: Learned[Weights]
    headroom: HeadroomTest
    top: float | None
    pairs: Pairs
    residual: FloatArray
    """One-step errors of `pairs` with these weights, in logs. Shape (p,)."""


def _ramp(evidence: Evidence, sales: Sales, frozen: Parameters | None) -> Learned[float]:
    if frozen is not None:
        return Learned(frozen.ramp_months, frozen.ramp_reps)
    return learn_ramp(evidence, sales)


def _beta(
    sales: Sales, there: Presence, potential: FloatArray, frozen: Parameters | None
) -> Learned[float]:
    if frozen is not None:
        return Learned(frozen.beta, frozen.beta_reps)
    return learn_beta(sales, there, potential)


def _lessons(
    blocks: FloatArray,
    has_potential: BoolArray,
    ramp: Learned[float],
    beta: Learned[float],
    frozen: Parameters | None,
) -> _Lessons:
    rho = learn_rho(blocks) if frozen is None else Learned(frozen.rho, frozen.rho_pairs)
    pairs = Pairs.of(blocks, rho.value)
    if frozen is None:
        with_it = learn_weights(pairs.of_reps(has_potential), WEIGHTS)
        without = learn_weights(pairs.of_reps(~has_potential), WEIGHTS_WITHOUT_POTENTIAL)
    else:
        with_it = Learned(frozen.weights, frozen.weights_pairs)
        without = Learned(frozen.weights_without_potential, frozen.weights_without_potential_pairs)
    expected = shrunk(pairs.ages, has_potential[pairs.rep], with_it.value, without.value)
    residual = pairs.outcome - expected
    if frozen is None:
        top = top_index(blocks)
        tested = has_potential[pairs.rep]
        headroom = headroom_effect(pairs.of_reps(has_potential), residual[tested], top)
    else:
        top = frozen.top_index
        headroom = HeadroomTest(frozen.theta, frozen.theta_pairs, frozen.theta_t)
    return _Lessons(ramp, beta, rho, with_it, without, headroom, top, pairs, residual)


def _expected(lessons: _Lessons, ages: FloatArray, has_potential: BoolArray) -> FloatArray:
    weights = lessons.weights.value, lessons.weights_without_potential.value
    return shrunk(ages, has_potential, *weights)


@dataclass(frozen=True, slots=True)
class ExpectedTotal:
    amount: float
    source: TotalSource
    per_weight: float
    """Money of the period per unit of benchmark weight, for a typical rep; nan where unknown."""
    not_smoothed: str | None = None
    """Why the company's series was not smoothed though it is long enough."""


def expected_total(
    evidence: Evidence, series: Series, strength: FloatArray, has_history: BoolArray
) -> ExpectedTotal:
    """E[total] from the first source that knows it. `strength` is weight x index, shape (n,)."""
    given = ~np.isnan(evidence.baseline)
    inside = has_history | ~given
    given_total = float(evidence.baseline[given].sum())
    outside = float(evidence.baseline[~inside].sum())
    refused = None
    if evidence.forecast is not None:
        amount, source, shared = (
            evidence.forecast,
            TotalSource.FORECAST,
            evidence.forecast - outside,
        )
    elif (found := series.next_period(evidence.length)).amount > 0:
        amount = shared = found.amount
        source, refused = _source(found), found.refused
    elif given_total > 0 and strength[given].any():
        per_weight = given_total / float(strength[given].sum())
        amount = given_total + per_weight * float(strength[~given].sum())
        return ExpectedTotal(amount, TotalSource.GIVEN_BASELINES, per_weight)
    elif evidence.target is not None:
        amount, source, shared = evidence.target, TotalSource.TARGET, evidence.target - outside
    else:
        return ExpectedTotal(0.0, TotalSource.UNKNOWN, np.nan)
    if not inside.any():  # all figures are given; the benchmark follows them
        inside, shared = given, given_total
    among = float(strength[inside].sum())
    per_weight = max(shared, 0.0) / among if among > 0 else 0.0
    return ExpectedTotal(amount, source, per_weight, refused)


def _source(found: NextPeriod) -> TotalSource:
    return TotalSource.SMOOTHED if found.smoothed else TotalSource.LAST_12_MONTHS


def _says_something(potential: FloatArray) -> BoolArray:
    """Whose potential is known; nobody's where all of them are zero."""
    known = ~np.isnan(potential)
    return known if potential[known].sum() > 0 else np.zeros_like(known)


def _basis(given: BoolArray, has_history: BoolArray, has_potential: BoolArray) -> tuple[Basis, ...]:
    names = (
        Basis.FTE,
        Basis.POTENTIAL,
        Basis.HISTORY_AND_PEERS,
        Basis.HISTORY_AND_POTENTIAL,
        Basis.GIVEN,
    )
    which = np.where(given, 4, 2 * has_history + has_potential)
    return tuple(names[k] for k in which.tolist())


def _parameters(  # noqa: PLR0917 -- all that was found, told in one place
    evidence: Evidence,
    sales: Sales,
    own: OwnHistory,
    lessons: _Lessons,
    total: ExpectedTotal,
    doubt: Uncertainty,
    *,
    windfalls: tuple[Windfall, ...],
    estimated_total: float,
) -> Parameters:
    return Parameters(
        method=METHOD,
        beta=lessons.beta.value,
        beta_reps=lessons.beta.observations,
        weights=lessons.weights.value,
        weights_pairs=lessons.weights.observations,
        weights_without_potential=lessons.weights_without_potential.value,
        weights_without_potential_pairs=lessons.weights_without_potential.observations,
        rho=lessons.rho.value,
        rho_pairs=lessons.rho.observations,
        clip=CLIP,
        ramp_months=lessons.ramp.value,
        ramp_reps=lessons.ramp.observations,
        theta=lessons.headroom.theta,
        theta_pairs=lessons.headroom.observations,
        theta_t=lessons.headroom.t,
        g0=G0,
        gap=GAP,
        top_quantile=TOP_QUANTILE,
        top_index=lessons.top,
        market_sigma=doubt.market,
        market_errors=doubt.market_errors,
        pooled_sigma=doubt.pooled,
        company_total=total.amount,
        company_total_source=total.source,
        not_smoothed=total.not_smoothed,
        estimated_total=estimated_total,
        history_without_holder=sales.without_holder,
        set_aside=sum(deal.amount - deal.counted for deal in windfalls),
        blocks=tuple(
            _block_row(sales, evidence.start - b * evidence.length, evidence.length, used=used)
            for b, used in enumerate((~np.isnan(own.blocks)).any(axis=1).tolist())
        ),
    )


def _block_row(sales: Sales, end: int, length: int, *, used: bool) -> Block:
    first = end - length
    months = slice(max(first - sales.origin, 0), end - sales.origin)
    return Block(
        first=_label(first),
        last=_label(end - 1),
        months_covered=int(sales.covered[months].sum()),
        total=float(sales.by_month[months].sum()),
        used=used,
    )


def _label(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _back_in_place(answer: Estimate, order: IntArray) -> Estimate:
    """Undo `Evidence.reordered`."""
    place = np.argsort(order)
    columns = (
        "baseline", "reach", "sigma", "benchmark", "limit", "in_seat", "ramp", "index", "known",
        "sold",
    )  # fmt: skip
    return replace(
        answer,
        windfalls=tuple(replace(deal, rep=int(order[deal.rep])) for deal in answer.windfalls),
        basis=tuple(answer.basis[row] for row in place.tolist()),
        **{name: getattr(answer, name)[place] for name in columns},
    )
