"""The recipe of the estimate, from evidence to expected sales and reach.

    baseline_i  = in_seat_i x benchmark_i x e^(r_i)
    benchmark_i = E[total] x weight_i / sum_j weight_j e^(r_j)

so that with every seat filled the baselines add up to E[total]: the owner's forecast, else the
last twelve months scaled to the period. A seat that is empty for half the period expects half its
sales; nobody else expects more for it.

A given baseline is taken as it is and changes nobody else's: a rep with history keeps the own
share of E[total], whatever figure was given. A rep with a given baseline and no history stands
outside: no sales in the total, no part of it; a forecast (or target) is the whole company's, so
there the given figure is taken off first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from solver.estimate.benchmark import BETA, CLIP, believable, benchmark_weights, potentials
from solver.estimate.credibility import (
    RHO,
    WEIGHTS,
    WEIGHTS_WITHOUT_POTENTIAL,
    OwnHistory,
    own_history,
)
from solver.estimate.evidence import Evidence
from solver.estimate.history import Sales, next_period, sales_of_reps
from solver.estimate.reach import G0, GAP, THETA, TOP_QUANTILE, plausible_limit, reach, top_index
from solver.estimate.result import Basis, Block, Estimate, Parameters, TotalSource
from solver.problem import BoolArray, FloatArray, IntArray

METHOD: Final = "prior-weights/1"
"""Stored with every version; a change of the arithmetic below is a new number."""


def estimate(evidence: Evidence) -> Estimate:
    """Expected sales at normal effort and reach of every rep (see the module's docstring).

    The answer does not depend on the order of rows, and reps with the same evidence get the same
    figures to the last bit: everything is computed in the order of the reps' ids.
    """
    ids = evidence.rep_ids
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64)
    return _back_in_place(_estimate(evidence.reordered(order)), order)


def _estimate(evidence: Evidence) -> Estimate:
    sales = sales_of_reps(evidence)
    potential = potentials(evidence)
    weights = believable(sales, benchmark_weights(potential, evidence.fte))
    own = own_history(sales, weights, evidence.length)
    has_history, has_potential = own.known.any(axis=1), _says_something(potential)
    given = ~np.isnan(evidence.baseline)

    index = np.exp(own.shrunk(has_potential))
    total = expected_total(evidence, sales, weights * index, has_history)
    benchmark = weights * total.per_weight
    baseline = np.nan_to_num(evidence.in_seat * benchmark * index)
    baseline = np.where(given, evidence.baseline, baseline)

    top = top_index(own.blocks)
    seat = np.where(given, 1.0, evidence.in_seat)
    limit = plausible_limit(evidence.capacity, seat * benchmark, has_potential, top)
    estimated_reach = reach(baseline, limit)
    return Estimate(
        baseline=baseline,
        reach=np.where(np.isnan(evidence.reach), estimated_reach, evidence.reach),
        basis=_basis(given, has_history, has_potential),
        benchmark=benchmark,
        limit=limit,
        in_seat=seat,
        index=np.exp(own.ages),
        known=own.known,
        sold=own.sold,
        parameters=_parameters(
            evidence, sales, own, total, estimated_total=float(baseline.sum()), top=top
        ),
    )


@dataclass(frozen=True, slots=True)
class ExpectedTotal:
    amount: float
    source: TotalSource
    per_weight: float
    """Money of the period per unit of benchmark weight, for a typical rep; nan where unknown."""


def expected_total(
    evidence: Evidence, sales: Sales, strength: FloatArray, has_history: BoolArray
) -> ExpectedTotal:
    """E[total] from the first source that knows it. `strength` is weight x index, shape (n,)."""
    given = ~np.isnan(evidence.baseline)
    inside = has_history | ~given
    last = next_period(sales, evidence.length)
    given_total = float(evidence.baseline[given].sum())
    outside = float(evidence.baseline[~inside].sum())
    if evidence.forecast is not None:
        amount, source, shared = (
            evidence.forecast,
            TotalSource.FORECAST,
            evidence.forecast - outside,
        )
    elif last > 0:
        amount, source, shared = last, TotalSource.LAST_12_MONTHS, last
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
    return ExpectedTotal(amount, source, max(shared, 0.0) / among if among > 0 else 0.0)


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


def _parameters(
    evidence: Evidence,
    sales: Sales,
    own: OwnHistory,
    total: ExpectedTotal,
    *,
    estimated_total: float,
    top: float | None,
) -> Parameters:
    return Parameters(
        method=METHOD,
        beta=BETA,
        weights=WEIGHTS,
        weights_without_potential=WEIGHTS_WITHOUT_POTENTIAL,
        rho=RHO,
        clip=CLIP,
        theta=THETA,
        g0=G0,
        gap=GAP,
        top_quantile=TOP_QUANTILE,
        top_index=top,
        company_total=total.amount,
        company_total_source=total.source,
        estimated_total=estimated_total,
        history_without_holder=sales.without_holder,
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
    columns = ("baseline", "reach", "benchmark", "limit", "in_seat", "index", "known", "sold")
    return replace(
        answer,
        basis=tuple(answer.basis[row] for row in place.tolist()),
        **{name: getattr(answer, name)[place] for name in columns},
    )
