"""What was drawn as a document, each figure beside the formula's; money in the currency itself.

A figure is {formula, drawn, error}: what `solver.risk` and the closed form of pay say, what was
counted, and the standard error of that. What cannot be told is null.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from service.allocations.risk import Market
from service.allocations.simulation.asked import Asked
from service.kit.money import column_from_minor, from_minor
from solver.allocation import Allocation
from solver.drawn import (
    Drawn,
    drawn_deviation,
    drawn_mean,
    drawn_percentiles,
    drawn_share,
    error_of_share,
)
from solver.problem import FloatArray
from solver.risk import PERCENTILES, Risk, TotalRisk
from solver.simulate import PaidOut, Simulation, TargetPay

type Document = dict[str, Any]

BELOW: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""The shares of draws that `distribution` tells amounts of."""
_NAMES: Final = tuple(f"p{round(100 * share)}" for share in PERCENTILES)
_PLACES: Final = 9
_NOTHING: Final = {"formula": None, "drawn": None, "error": None}


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A plan, and what formulas and draws say of it."""

    plan: Allocation
    market: Market
    formula: Risk
    drawn: Simulation
    pay: TargetPay | None
    asked: Asked
    digits: int


def told(found: Found) -> Document:
    formula, drawn = found.formula, found.drawn
    return {
        "draws": found.asked.draws,
        "seed": found.asked.seed,
        "market_sigma": found.market.sigma,
        "market_errors": found.market.errors,
        "reps": formula.reps,
        "reps_with_sigma": formula.known,
        "attaining": {
            "expected": _figure(formula.attaining, drawn_mean(drawn.share)),
            "deviation": _figure(formula.attaining_deviation, drawn_deviation(drawn.share)),
            **_percentiles(drawn.share),
        },
        "totals": [*_totals(found)],
        "pay": None if drawn.pay is None else _pay(found, drawn.pay),
        "quotas": [*_quotas(found)],
    }


def _totals(found: Found) -> Iterator[Document]:
    plan, scale = found.plan, 10**found.digits
    ids, row = plan.problem.units.ids, plan.hierarchy.unit_row
    for total, years in zip(found.formula.totals, found.drawn.total, strict=True):
        known = total.known == total.reps
        yield {
            "unit": ids[int(row[total.node])] if total.node else None,
            "target": from_minor(total.target, found.digits),
            "reps": total.reps,
            "reps_with_sigma": total.known,
            "expected": _figure(total.expected, drawn_mean(years) if known else None, scale),
            **(_of_total(total, years, scale) if known else dict.fromkeys(_OF_TOTAL, _NOTHING)),
            "distribution": _distribution(years, scale) if known else None,
        }


_OF_TOTAL: Final = ("variation", "reaching", *_NAMES)


def _of_total(total: TotalRisk, years: FloatArray, scale: int) -> Document:
    swing = None
    if total.expected > 0:
        deviation = drawn_deviation(years)
        swing = Drawn(deviation.value / total.expected, deviation.error / total.expected)
    reached = float((years >= total.target).mean())
    return {
        "variation": _figure(total.variation, swing),
        "reaching": _figure(total.reaching, drawn_share(reached, len(years))),
        **_percentiles(years, scale, total.percentiles),
    }


def _distribution(years: FloatArray, scale: int) -> list[Document]:
    amounts = np.quantile(years, BELOW) / scale
    return [
        {"below": share, "sales": _number(amount)}
        for share, amount in zip(BELOW, amounts.tolist(), strict=True)
    ]


def _pay(found: Found, paid: PaidOut) -> Document:
    """What all are paid, over their target pay, and in money where that is stated."""
    asked, amount, expected = found.asked, *_target_and_expected(found)
    stated = ~np.isnan(amount)
    known = stated & ~np.isnan(expected)
    target, formula = float(amount[stated].sum()), float((amount * expected)[known].sum())
    tells = bool(np.array_equal(known, stated)) and target > 0
    return {
        "reps": int(stated.sum()),
        "reps_with_sigma": int(known.sum()),
        "target": from_minor(round(target), found.digits) if asked.tells_amounts else None,
        "over_target": _pay_figures(formula, paid.total, target) if tells else None,
        "amount": (
            _pay_figures(formula, paid.total, 10**found.digits)
            if tells and asked.tells_amounts
            else None
        ),
    }


def _pay_figures(formula: float, years: FloatArray, scale: float) -> Document:
    return {
        "expected": _figure(formula, drawn_mean(years), scale),
        "deviation": _figure(None, drawn_deviation(years), scale),
        **_percentiles(years, scale),
    }


def _target_and_expected(found: Found) -> tuple[FloatArray, FloatArray]:
    """(n,) target pay, and expected pay over it, unit by unit, so that no sum of them depends on
    the order of the rows that came in.
    """
    plan, pay = found.plan, found.pay
    assert pay is not None  # noqa: S101 - something was paid
    reps, row = plan.problem.reps, plan.hierarchy.rep_row
    expected = pay.curve.expected(plan.quota.astype(float), reps.baseline, reps.sigma)
    return pay.amount[row], expected[row]


def _quotas(found: Found) -> Iterator[Document]:
    """In the order of an allocation's answer: unit by unit, reps by id."""
    plan, reps = found.plan, found.plan.problem.reps
    units, row = [*plan.problem.units.ids, None], plan.hierarchy.rep_row
    attained = found.drawn.attained[row]
    columns: dict[str, Any] = {
        "rep": [reps.ids[rep] for rep in row.tolist()],
        "unit": [units[unit] for unit in reps.unit[row].tolist()],
        "quota": column_from_minor(plan.rounded, found.digits),
        "attaining": _figures(
            plan.attainment_probability[row],
            attained,
            error_of_share(attained, found.asked.draws),
        ),
        **_pay_columns(found),
    }
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(columns, cells, strict=True))


def _pay_columns(found: Found) -> dict[str, list[Any]]:
    """Of each rep: expected pay and its swing over target pay, and both in money."""
    paid, row = found.drawn.pay, found.plan.hierarchy.rep_row
    if paid is None:
        names = ("pay", "pay_deviation", "target_pay", "expected_pay")
        return {name: [None] * len(row) for name in names}
    amount, expected = _target_and_expected(found)
    if not found.asked.tells_amounts:
        amount = np.full(len(row), np.nan)
    deviation, scale = paid.deviation[row], 10**found.digits
    return {
        "pay": _figures(expected, paid.mean[row], deviation / np.sqrt(found.asked.draws)),
        "pay_deviation": _column(deviation),
        "target_pay": _column(amount / scale),
        "expected_pay": _column(amount * expected / scale),
    }


def _percentiles(
    years: FloatArray, scale: float = 1.0, formula: tuple[float, ...] | None = None
) -> Document:
    drawn = drawn_percentiles(years, PERCENTILES)
    told_by_formula = formula or (None,) * len(drawn)
    return {
        name: _figure(own, of, scale)
        for name, own, of in zip(_NAMES, told_by_formula, drawn, strict=True)
    }


def _figure(formula: float | None, drawn: Drawn | None, scale: float = 1.0) -> Document:
    return {
        "formula": None if formula is None else _number(formula / scale),
        "drawn": None if drawn is None else _number(drawn.value / scale),
        "error": None if drawn is None else _number(drawn.error / scale),
    }


def _figures(*columns: FloatArray) -> list[Document]:
    told_columns = [_column(column) for column in columns]
    return [dict(zip(_NOTHING, row, strict=True)) for row in zip(*told_columns, strict=True)]


def _column(values: FloatArray) -> list[float | None]:
    return [_number(value) for value in values.tolist()]


def _number(value: float) -> float | None:
    """None for what is no number, or is larger than any."""
    return round(value, _PLACES) + 0.0 if np.isfinite(value) else None
