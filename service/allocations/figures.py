"""What a plan says in numbers: rows of quotas and units, and the facts about all of it.

Everything follows from the plan itself (`solver.allocation.Allocation`), so that whoever puts a
plan together again from its proof reads the same figures. Rows of quotas are built column by
column. Quotas, limits and terms of explanations are integer minor units, measurements floats in
minor units: that is what a version stores, and `answer.py` makes the API's figures of it. Nothing
that is not a number ever leaves: what is unknown or undefined is null.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np

from service.allocations.prices import Impact, find_impact, rep_prices
from solver.allocation import Allocation
from solver.estimate import Basis, Estimate
from solver.prices.growth import holding
from solver.problem import UNLIMITED, BoolArray, FloatArray, IntArray
from solver.watch import Watch

type Row = dict[str, Any]
type Money = Callable[[IntArray], list[Any]]
type Measure = Callable[[FloatArray], list[Any]]

PLACES: Final = 9
"""Decimals of a ratio or a measurement; more than that is noise of floats."""
PLACES_OF_UNITS: Final = 6
"""The same of a measurement in minor units."""
_NOISE: Final = 1e-9


def quota_rows(allocation: Allocation, digits: int, estimate: Estimate | None = None) -> list[Row]:
    """One row per rep in the order of the hierarchy; `digits` are those of the currency."""
    columns = quota_columns(allocation, digits, estimate, _as_they_are, _rounded)
    return [*zipped(columns, np.column_stack(terms(allocation)).tolist())]


def unit_rows(allocation: Allocation, impact: Impact) -> list[Row]:
    """One row per unit, parents first; `impact` is that of the plan.

    `price` is what one more unit of money in the binding range does to everyone else's stretch; it
    is 0 where the own range does not bind, and null where it is not known.
    """
    order = allocation.hierarchy.unit_row[1:]
    columns = (
        [allocation.problem.units.ids[row] for row in order.tolist()],
        allocation.unit_quota[order].tolist(),
        nullable(allocation.unit_growth[order]),
        [amount or None for amount in allocation.unit_min[order].tolist()],
        [None if most >= UNLIMITED else most for most in allocation.unit_max[order].tolist()],
        [list(allocation.unit_binding[row]) for row in order.tolist()],
        impact.of_units,
    )
    return [
        {
            "id": unit, "quota": quota, "growth": growth, "min": least, "max": most,
            "binding": binding, "price": price,
        }
        for unit, quota, growth, least, most, binding, price in zip(*columns, strict=True)
    ]  # fmt: skip


def gap_rows(allocation: Allocation) -> list[Row]:
    """What nobody can carry, by unit (None: the company), parents first, and the limits that are
    reached there, each with how many reps it holds; `cap` is reps' own limits together.
    """
    if allocation.gap is None:
        return []
    ids, rows = allocation.problem.units.ids, allocation.hierarchy.unit_row
    return [
        {
            "unit": ids[rows[node]] if node else None,
            "amount": int(allocation.gap[node]),
            "held_by": [{"rule": rule, "reps": reps} for rule, reps in holding(allocation, node)],
        }
        for node in np.flatnonzero(allocation.gap).tolist()
    ]


def common(allocation: Allocation, digits: int) -> dict[str, float | None]:
    """The stretch of everybody whom no rule holds away from it, and the company's growth."""
    return {
        "stretch": _ratio(_common_stretch(allocation, digits)),
        "growth": _ratio(allocation.company_growth),
    }


def fairness(
    allocation: Allocation, digits: int, among: BoolArray | None = None
) -> dict[str, float | int | None]:
    """How even the allocation came out; `among` (n,): those who are compared, None: everybody."""
    evenness = allocation.evenness if among is None else allocation.evenness_among(among)
    unit = _stretch_unit(allocation, digits)
    return {
        "stretch_min": _ratio(evenness.stretch_min / unit),
        "stretch_max": _ratio(evenness.stretch_max / unit),
        "gini": _ratio(evenness.gini),
        "theil": _ratio(evenness.theil),
        "reps_at_common_stretch": evenness.reps_at_common_stretch,
    }


def impact_of(allocation: Allocation, digits: int, watch: Watch | None = None) -> Impact:
    """What one more unit of money costs whom; without a watch, however long it takes."""
    return find_impact(allocation, digits, _stretch_unit(allocation, digits), watch or Watch())


def quota_columns(
    allocation: Allocation,
    digits: int,
    estimate: Estimate | None,
    money: Money,
    measure: Measure,
) -> tuple[list[Any], ...]:
    """The members of a row in the order of `zipped`, reps in the order of the hierarchy."""
    order = allocation.hierarchy.rep_row
    rows = order.tolist()
    reps = allocation.problem.reps
    units: list[str | None] = [*allocation.problem.units.ids, None]  # row -1, the company
    ratios = _ratios(allocation, digits, _common_stretch(allocation, digits))
    cap = money(allocation.cap[order])
    unlimited = allocation.cap[order] >= UNLIMITED
    if unlimited.any():
        pairs = zip(cap, unlimited.tolist(), strict=True)
        cap = [None if free else amount for amount, free in pairs]
    return (
        [reps.ids[row] for row in rows],
        [units[row] for row in reps.unit[order].tolist()],
        money(allocation.quota[order]),
        measure(reps.baseline[order]),
        measure(reps.reach[order]),
        *(nullable(ratios[name][order]) for name in _COMPARED),
        money(allocation.floor[order]),
        cap,
        [list(allocation.binding[row]) for row in rows],
        rep_prices(allocation, digits, _stretch_unit(allocation, digits)),
        nullable(allocation.attainment_probability[order]),
        _estimates(estimate, order, measure),
    )


def standing_rows(allocation: Allocation, digits: int, *, compared: bool) -> list[Row]:
    """Of each row what follows from the quota alone, whatever it was solved to; for plans whose
    quotas were amended. `compared`: whether the solve has a common stretch to compare efforts with,
    which does not follow from the quotas that stand.
    """
    order = allocation.hierarchy.rep_row
    unit = _stretch_unit(allocation, digits)
    level = allocation.common_stretch / unit if compared else np.nan
    ratios = _ratios(allocation, digits, level) | {
        "attainment_probability": allocation.attainment_probability
    }
    columns = {name: nullable(column[order]) for name, column in ratios.items()}
    columns["quota"] = allocation.quota[order].tolist()
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


_COMPARED: Final = ("stretch", "effort", "growth", "over_last_year")


def _ratios(allocation: Allocation, digits: int, level: float) -> dict[str, FloatArray]:
    """What quotas come to beside others, (n,) each in row order; `level`: the common stretch."""
    last_year = allocation.problem.reps.last_year
    stretch = _stretch(allocation, digits)
    with np.errstate(divide="ignore", invalid="ignore"):
        compared = abs(level) > _NOISE and allocation.scale.response == "linear"
        effort = np.where(compared, stretch / level, np.nan)
        over_last_year = np.where(last_year > 0, allocation.quota / last_year - 1, np.nan)
    columns = (stretch, effort, allocation.growth, over_last_year)
    return dict(zip(_COMPARED, columns, strict=True))


def zipped(columns: tuple[list[Any], ...], explanation: Iterable[Any]) -> Iterator[Row]:
    """Rows of `quota_columns`, with the terms of each quota."""
    return (
        {
            "rep": rep, "unit": unit, "quota": quota, "baseline": baseline, "reach": reach,
            "stretch": stretch, "effort": effort, "growth": growth,
            "over_last_year": over_last_year, "floor": floor, "cap": cap, "binding": binding,
            "price": price,
            "attainment_probability": probability, "explanation": parts, "estimate": estimate,
        }
        for rep, unit, quota, baseline, reach, stretch, effort, growth, over_last_year, floor,
            cap, binding, price, probability, estimate, parts
        in zip(*columns, explanation, strict=True)
    )  # fmt: skip


def terms(allocation: Allocation) -> list[IntArray]:
    """Anchor, stretch and rounding of the reps in the order of the hierarchy."""
    return [term[allocation.hierarchy.rep_row] for term in allocation.explanation]


def nullable(column: FloatArray) -> list[float | None]:
    """A column as JSON can say it, without the last digits that are noise of floats."""
    values: list[float | None] = (np.round(column, PLACES) + 0.0).tolist()  # no -0.0
    finite = np.isfinite(column)
    if finite.all():
        return values
    return [value if good else None for value, good in zip(values, finite.tolist(), strict=True)]


def rounded(value: float, places: int) -> float | None:
    """As `np.round` does it in a column; None for what JSON cannot say."""
    if isinstance(value, int):
        return value
    scaled = value * 10.0**places
    return round(scaled) / 10.0**places if math.isfinite(scaled) else None


def _stretch_unit(allocation: Allocation, digits: int) -> float:
    """What a stretch is counted in: extra money of the currency where nothing else measures it."""
    by_amount = allocation.policy.fairness == "equal_amount"
    in_money = by_amount or not allocation.scale.yardstick.any()
    return 10.0**digits if in_money else 1.0


def _common_stretch(allocation: Allocation, digits: int) -> float:
    """nan where rules across the tree hold everybody away from it, so that it compares nothing."""
    if allocation.coupled is not None and not allocation.evenness.reps_at_common_stretch:
        return np.nan
    return allocation.common_stretch / _stretch_unit(allocation, digits)


def _stretch(allocation: Allocation, digits: int) -> FloatArray:
    """(n,) in row order; nan for a rep who has no yardstick while others have one."""
    unit = _stretch_unit(allocation, digits)
    return np.where(allocation.scale.measured, allocation.stretch / unit, np.nan)


def _estimates(
    found: Estimate | None, order: IntArray, measure: Measure
) -> list[dict[str, Any] | None]:
    """Per rep what an estimated baseline rests on, None where it was given.

    `index` and `sold` are of the last period, the two before, and the older ones; `sold` is null
    where nothing is known of these months, and `index` then follows from the nearest known ones.
    Without any history both are null and all the weight is on the benchmark. `windfalls` are deals
    that count for less than they were.
    """
    if found is None:
        return [None] * len(order)
    known = found.known[order]
    sold = measure(np.where(known, found.sold[order], np.nan).ravel())
    columns = (
        [found.basis[row] for row in order.tolist()],
        measure(found.benchmark[order]),
        found.in_seat[order].tolist(),
        np.round(found.ramp[order], PLACES).tolist(),
        nullable(found.sigma[order]),
        known.any(axis=1).tolist(),
        np.round(found.index[order], PLACES).tolist(),
        zip(*[iter(sold)] * known.shape[1], strict=True),
        _windfalls(found, order, measure),
    )
    return [
        None
        if basis is Basis.GIVEN
        else {
            "basis": basis.value,
            "benchmark": benchmark,
            "in_seat": in_seat,
            "ramp": ramp,
            "sigma": sigma,
            "index": index if history else None,
            "sold": list(amounts) if history else None,
            "windfalls": windfalls,
        }
        for basis, benchmark, in_seat, ramp, sigma, history, index, amounts, windfalls in zip(
            *columns, strict=True
        )
    ]


def _windfalls(found: Estimate, order: IntArray, measure: Measure) -> list[list[Row]]:
    """The deals of each rep that count for less than they were, oldest first."""
    of_reps: dict[int, list[Row]] = {}
    amounts = measure(np.array([deal.amount for deal in found.windfalls]))
    counted = measure(np.array([deal.counted for deal in found.windfalls]))
    for deal, amount, part in zip(found.windfalls, amounts, counted, strict=True):
        month = f"{deal.month // 12:04d}-{deal.month % 12 + 1:02d}"
        row = {"month": month, "amount": amount, "counted": part}
        of_reps.setdefault(deal.rep, []).append(row)
    return [of_reps.get(row, []) for row in order.tolist()]


def _ratio(value: float | None) -> float | None:
    return None if value is None else nullable(np.array([value]))[0]


def _rounded(column: FloatArray) -> list[float | None]:
    """A measurement in minor units."""
    return nullable(np.round(column, PLACES_OF_UNITS))


def _as_they_are(column: IntArray) -> list[Any]:
    amounts: list[Any] = column.tolist()
    return amounts
