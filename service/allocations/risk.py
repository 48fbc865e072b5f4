"""What uncertain sales do to a plan, as answers say it and versions store it.

Everything is told where the sigma of reps is known, and null elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.kit.money import from_minor
from solver.allocation import Allocation
from solver.estimate import Estimate
from solver.risk import LEAST_MARKET_SIGMA, TotalRisk, risk

type Row = dict[str, Any]

AMOUNTS: Final = ("expected", "p10", "p50", "p90")
_PLACES: Final = 9
_PLACES_OF_UNITS: Final = 6


@dataclass(frozen=True, slots=True)
class Market:
    """What moves everybody's sales together."""

    sigma: float = LEAST_MARKET_SIGMA
    errors: int = 0
    """One-step errors of the company's total that it was learned from; 0: it was not."""


def market_of(estimate: Estimate | None) -> Market:
    """The market as the estimate found it; the least one where nothing was estimated."""
    if estimate is None:
        return Market()
    return Market(estimate.parameters.market_sigma, estimate.parameters.market_errors)


def risk_facts(allocation: Allocation, market: Market) -> Row | None:
    """The risk of a plan, money in minor units; None where no sigma is known."""
    found = risk(allocation, market.sigma)
    if found is None:
        return None
    h, ids = allocation.hierarchy, allocation.problem.units.ids
    units = [ids[int(h.unit_row[total.node])] if total.node else None for total in found.totals]
    return {
        "market_sigma": market.sigma,
        "market_errors": market.errors,
        "reps": found.reps,
        "reps_with_sigma": found.known,
        "attaining": _ratio(found.attaining),
        "attaining_deviation": _ratio(found.attaining_deviation),
        "totals": [_total(unit, of) for unit, of in zip(units, found.totals, strict=True)],
    }


def present_risk(facts: Mapping[str, Any] | None, digits: int) -> Row | None:
    """The API's figures of them."""
    if facts is None:
        return None
    totals = [
        row
        | {"target": from_minor(row["target"], digits)}
        | {name: None if row[name] is None else row[name] / 10**digits for name in AMOUNTS}
        for row in facts["totals"]
    ]
    return {**facts, "totals": totals}


def _total(unit: str | None, total: TotalRisk) -> Row:
    low, middle, high = total.percentiles or (None, None, None)
    return {
        "unit": unit,
        "target": total.target,
        "reps": total.reps,
        "reps_with_sigma": total.known,
        "expected": _amount(total.expected),
        "variation": _ratio(total.variation),
        "reaching": _ratio(total.reaching),
        "p10": _amount(low),
        "p50": _amount(middle),
        "p90": _amount(high),
    }


def _ratio(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES)


def _amount(value: float | None) -> float | None:
    return None if value is None else round(value, _PLACES_OF_UNITS)
