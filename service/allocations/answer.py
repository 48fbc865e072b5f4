"""A solved case as the API's answer.

Rows of quotas are built column by column, for 10,000 reps at a time. Quotas, limits and terms of
explanations stand in rows as integer minor units, measurements as floats in minor units: that is
what a version stores, and `present_row` makes the API's row of it. Nothing that is not a number
ever leaves: what is unknown or undefined is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from service.allocations.assemble import Case
from service.allocations.crossing import crossing_rules, present_crossing_rule
from service.allocations.over_assignment import over_assignment_rows, present_over_assignment
from service.allocations.prices import Impact, present_prices
from service.allocations.stated import Stated
from service.kit.money import column_from_minor, from_minor
from service.plans.policy import present_rule
from solver.allocation import Allocation
from solver.estimate import Basis, Estimate
from solver.problem import UNLIMITED, FloatArray, IntArray

type Row = dict[str, Any]

TERMS: Final = ("anchor", "stretch", "rounding")
_NOISE: Final = 1e-9
_PLACES: Final = 9
"""Decimals of a ratio or a measurement; more than that is noise of floats."""
_PLACES_OF_UNITS: Final = 6
"""The same of a measurement in minor units."""


def answer(case: Case, allocation: Allocation) -> dict[str, Any]:
    """The whole document of `POST /v1/allocations`, money in the currency itself."""
    digits = case.terms.digits
    checks = allocation.checks
    relaxed, gaps = given_way(case, allocation), gap_rows(allocation)
    return {
        "status": "gap" if gaps else "relaxed" if relaxed else "optimal",
        "engine": allocation.engine,
        "target": from_minor(case.problem.target, digits),
        "assigned": from_minor(allocation.assigned, digits),
        "gap": from_minor(sum(gap["amount"] for gap in gaps), digits),
        "gaps": [
            {
                "unit": gap["unit"],
                "amount": from_minor(gap["amount"], digits),
                "owner": case.inputs.people.owners.get(gap["unit"]),
            }
            for gap in gaps
        ],
        "relaxed": [present_rule(change, digits) for change in relaxed],
        "period": period(case),
        "common": common(case, allocation),
        "quotas": _presented_rows(case, allocation),
        "units": [present_unit(row, digits) for row in unit_rows(case, allocation)],
        "prices": present_prices(prices(case, allocation), digits),
        "over_assignment": [
            present_over_assignment(row, digits) for row in over_assignment_rows(allocation)
        ],
        "rules": [present_crossing_rule(row, digits) for row in crossing_rules(allocation)],
        "fairness": fairness(case, allocation),
        "estimate": estimate_parameters(case),
        "certificate": {"kind": checks.kind, "checks": checks.by_name},
    }


def given_way(case: Case, allocation: Allocation) -> list[Row]:
    """The rules that a plan does not keep as they are stated, in minor units."""
    return Stated(case).given_way(allocation)


def gap_rows(allocation: Allocation) -> list[Row]:
    """What nobody can carry, by unit (None: the company) and in minor units, parents first."""
    if allocation.gap is None:
        return []
    units = [
        None,
        *(allocation.problem.units.ids[row] for row in allocation.hierarchy.unit_row[1:]),
    ]
    pairs = zip(units, allocation.gap.tolist(), strict=True)
    return [{"unit": unit, "amount": amount} for unit, amount in pairs if amount]


def quota_rows(case: Case, allocation: Allocation) -> list[Row]:
    """One row per rep in the order of the hierarchy, in minor units, as versions store it."""
    columns = _columns(case, allocation, _as_they_are, _rounded)
    return _zipped(columns, np.column_stack(_terms(allocation)).tolist())


def present_row(row: Row, digits: int) -> Row:
    """The API's row of one of `quota_rows`."""
    shown = dict(row)
    for name in ("quota", "floor", "cap"):
        shown[name] = None if row[name] is None else from_minor(row[name], digits)
    for name in ("baseline", "reach"):
        shown[name] = _one(row[name], digits)
    shown["estimate"] = _present_estimate(row["estimate"], digits)
    shown["explanation"] = [
        {"term": term, "amount": from_minor(amount, digits)}
        for term, amount in zip(TERMS, row["explanation"], strict=True)
    ]
    return shown


def unit_rows(case: Case, allocation: Allocation) -> list[Row]:
    """One row per unit, parents first, money in integer minor units.

    `price` is what one more unit of money in the binding range does to everyone else's stretch; it
    is 0 where the own range does not bind, and null where it is not known.
    """
    order = allocation.hierarchy.unit_row[1:]
    columns = (
        [allocation.problem.units.ids[row] for row in order.tolist()],
        allocation.unit_quota[order].tolist(),
        _nullable(allocation.unit_growth[order]),
        [amount or None for amount in allocation.unit_min[order].tolist()],
        [None if most >= UNLIMITED else most for most in allocation.unit_max[order].tolist()],
        [list(allocation.unit_binding[row]) for row in order.tolist()],
        _impact(case, allocation).of_units(),
    )
    return [
        {
            "id": unit, "quota": quota, "growth": growth, "min": least, "max": most,
            "binding": binding, "price": price,
        }
        for unit, quota, growth, least, most, binding, price in zip(*columns, strict=True)
    ]  # fmt: skip


def present_unit(row: Row, digits: int) -> Row:
    """The API's row of one of `unit_rows`."""
    amounts = {
        name: None if row[name] is None else from_minor(row[name], digits)
        for name in ("quota", "min", "max")
    }
    return row | amounts


def period(case: Case) -> dict[str, str] | None:
    """The period that counted; null where nothing depended on it."""
    if case.period is None:
        return None
    start, end = case.period
    return {"start": start.isoformat(), "end": end.isoformat()}


def common(case: Case, allocation: Allocation) -> dict[str, float | None]:
    """The stretch of everybody whom no rule holds away from it, and the company's growth."""
    return {
        "stretch": _ratio(_common_stretch(case, allocation)),
        "growth": _ratio(allocation.company_growth),
    }


def fairness(case: Case, allocation: Allocation) -> dict[str, float | int | None]:
    """How even the allocation came out."""
    evenness = allocation.evenness
    unit = _stretch_unit(case, allocation)
    return {
        "stretch_min": _ratio(evenness.stretch_min / unit),
        "stretch_max": _ratio(evenness.stretch_max / unit),
        "gini": _ratio(evenness.gini),
        "theil": _ratio(evenness.theil),
        "reps_at_common_stretch": evenness.reps_at_common_stretch,
    }


def prices(case: Case, allocation: Allocation) -> Row | None:
    """What one more unit of money in the target and in the rules that matter most costs whom."""
    return _impact(case, allocation).facts()


def estimate_parameters(case: Case) -> dict[str, Any] | None:
    """What the estimate was made with, in the currency itself; null where all was given."""
    if case.estimate is None:
        return None
    digits = case.terms.digits
    parameters = asdict(case.estimate.parameters)
    for name in ("company_total", "estimated_total", "history_without_holder"):
        parameters[name] = _one(parameters[name], digits)
    parameters["company_total_source"] = parameters["company_total_source"].value
    parameters["blocks"] = [
        block | {"total": _one(block["total"], digits)}
        for block in parameters["blocks"]
        if case.period is not None  # without dates there are no months to name
    ]
    return parameters


def _presented_rows(case: Case, allocation: Allocation) -> list[Row]:
    """`present_row` of all `quota_rows`, in columns."""
    digits = case.terms.digits
    columns = _columns(
        case,
        allocation,
        lambda column: column_from_minor(column, digits),
        lambda column: _measures(column, digits),
    )
    terms = [column_from_minor(column, digits) for column in _terms(allocation)]
    explanation = [
        [
            {"term": "anchor", "amount": anchor},
            {"term": "stretch", "amount": stretch},
            {"term": "rounding", "amount": rounding},
        ]
        for anchor, stretch, rounding in zip(*terms, strict=True)
    ]
    return _zipped(columns, explanation)


type _Money = Callable[[IntArray], list[Any]]
type _Measure = Callable[[FloatArray], list[Any]]


def _columns(
    case: Case, allocation: Allocation, money: _Money, measure: _Measure
) -> tuple[list[Any], ...]:
    """The members of a row in the order of `_zipped`, reps in the order of the hierarchy."""
    order = allocation.hierarchy.rep_row
    rows = order.tolist()
    reps = allocation.problem.reps
    units: list[str | None] = [*allocation.problem.units.ids, None]  # row -1, the company
    stretch = _stretch(case, allocation)
    level = _common_stretch(case, allocation)
    with np.errstate(divide="ignore", invalid="ignore"):
        compared = abs(level) > _NOISE and allocation.scale.response == "linear"
        effort = np.where(compared, stretch / level, np.nan)
        over_last_year = np.where(reps.last_year > 0, allocation.quota / reps.last_year - 1, np.nan)
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
        _nullable(stretch[order]),
        _nullable(effort[order]),
        _nullable(allocation.growth[order]),
        _nullable(over_last_year[order]),
        money(allocation.floor[order]),
        cap,
        [allocation.binding[row] for row in rows],
        _impact(case, allocation).of_reps(),
        _nullable(allocation.attainment_probability[order]),
        _estimates(case.estimate, order, measure),
    )


def _zipped(columns: tuple[list[Any], ...], explanation: Sequence[Any]) -> list[Row]:
    return [
        {
            "rep": rep, "unit": unit, "quota": quota, "baseline": baseline, "reach": reach,
            "stretch": stretch, "effort": effort, "growth": growth,
            "over_last_year": over_last_year, "floor": floor, "cap": cap, "binding": binding,
            "price": price,
            "attainment_probability": probability, "explanation": terms, "estimate": estimate,
        }
        for rep, unit, quota, baseline, reach, stretch, effort, growth, over_last_year, floor,
            cap, binding, price, probability, estimate, terms
        in zip(*columns, explanation, strict=True)
    ]  # fmt: skip


def _stretch_unit(case: Case, allocation: Allocation) -> float:
    """What a stretch is counted in: extra money of the currency where nothing else measures it."""
    in_money = case.policy.fairness == "equal_amount" or not allocation.scale.yardstick.any()
    return 10.0**case.terms.digits if in_money else 1.0


def _impact(case: Case, allocation: Allocation) -> Impact:
    return Impact(allocation, case.terms.digits, _stretch_unit(case, allocation))


def _common_stretch(case: Case, allocation: Allocation) -> float:
    """nan where rules across the tree hold everybody away from it, so that it compares nothing."""
    if allocation.coupled is not None and not allocation.evenness.reps_at_common_stretch:
        return np.nan
    return allocation.common_stretch / _stretch_unit(case, allocation)


def _stretch(case: Case, allocation: Allocation) -> FloatArray:
    """(n,) in row order; nan for a rep who has no yardstick while others have one."""
    unit = _stretch_unit(case, allocation)
    return np.where(allocation.scale.measured, allocation.stretch / unit, np.nan)


def _terms(allocation: Allocation) -> list[IntArray]:
    """Anchor, stretch and rounding of the reps in the order of the hierarchy."""
    return [term[allocation.hierarchy.rep_row] for term in allocation.explanation]


def _estimates(
    found: Estimate | None, order: IntArray, measure: _Measure
) -> list[dict[str, Any] | None]:
    """Per rep what an estimated baseline rests on, None where it was given.

    `index` and `sold` are of the last period, the two before, and the older ones; `sold` is null
    where nothing is known of these months, and `index` then follows from the nearest known ones.
    Without any history both are null and all the weight is on the benchmark.
    """
    if found is None:
        return [None] * len(order)
    known = found.known[order]
    sold = measure(np.where(known, found.sold[order], np.nan).ravel())
    columns = (
        [found.basis[row] for row in order.tolist()],
        measure(found.benchmark[order]),
        found.in_seat[order].tolist(),
        known.any(axis=1).tolist(),
        np.round(found.index[order], _PLACES).tolist(),
        zip(*[iter(sold)] * known.shape[1], strict=True),
    )
    return [
        None
        if basis is Basis.GIVEN
        else {
            "basis": basis.value,
            "benchmark": benchmark,
            "in_seat": in_seat,
            "index": index if history else None,
            "sold": list(amounts) if history else None,
        }
        for basis, benchmark, in_seat, history, index, amounts in zip(*columns, strict=True)
    ]


def _present_estimate(estimate: dict[str, Any] | None, digits: int) -> dict[str, Any] | None:
    if estimate is None:
        return None
    sold = estimate["sold"]
    return estimate | {
        "benchmark": _one(estimate["benchmark"], digits),
        "sold": None if sold is None else [_one(amount, digits) for amount in sold],
    }


def _nullable(column: FloatArray) -> list[float | None]:
    """A column as JSON can say it, without the last digits that are noise of floats."""
    values: list[float | None] = (np.round(column, _PLACES) + 0.0).tolist()  # no -0.0
    finite = np.isfinite(column)
    if finite.all():
        return values
    return [value if good else None for value, good in zip(values, finite.tolist(), strict=True)]


def _ratio(value: float | None) -> float | None:
    return None if value is None else _nullable(np.array([value]))[0]


def _measures(column: FloatArray, digits: int) -> list[float | None]:
    """`_rounded` in the currency itself."""
    return _nullable(np.round(column, _PLACES_OF_UNITS) / 10**digits)


def _rounded(column: FloatArray) -> list[float | None]:
    """A measurement in minor units."""
    return _nullable(np.round(column, _PLACES_OF_UNITS))


def _as_they_are(column: IntArray) -> list[Any]:
    amounts: list[Any] = column.tolist()
    return amounts


def _one(value: float | None, digits: int) -> float | None:
    return None if value is None else _measures(np.array([value]), digits)[0]
