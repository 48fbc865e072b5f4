"""Ratios: which standard holds for the company and every unit, and where it comes from.

A standard is stated, or is what its base comes to by its change: 45 % and 2 points are 47 %, 45 %
and a growth of 2 % are 45.9 %. A unit that states none has that of the nearest unit above it that
does. Standards are never summed and never averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import isnan
from typing import Any

from service.roster.domain import NONE, Inputs
from service.roster.domain.measures import Measure, Ratio

type Row = dict[str, Any]


def standard_facts(inputs: Inputs) -> list[Row]:
    """Per ratio what is said of it, and a row for the company and each unit that has a standard."""
    return [
        {
            "measure": ratio.measure.id,
            "weight": ratio.measure.weight,
            "lower_is_better": ratio.measure.lower_is_better,
            "change": ratio.measure.change,
            "units": [*_rows(inputs, ratio)],
        }
        for ratio in inputs.measures.ratios
    ]


def _rows(inputs: Inputs, ratio: Ratio) -> Iterator[Row]:
    """The company's, then those of units by id."""
    stated = ratio.standards
    place = {unit: row for row, unit in enumerate(stated.unit.tolist())}
    ids, above = (*inputs.units.id, None), inputs.units.parent.tolist()
    for unit in (NONE, *range(len(inputs.units))):
        source = unit
        while source != NONE and source not in place:
            source = above[source]
        if source in place:
            amount = float(stated.amount[place[source]])
            base = float(stated.base[place[source]])
            yield {
                "unit": ids[unit],
                "stated_by": ids[source],
                "amount": amount,
                "base": None if isnan(base) else base,
                **_standard(ratio.measure, amount, base),
            }


def _standard(measure: Measure, amount: float, base: float) -> Row:
    """The standard and its levels, as decimals have it; null where only a change is known."""
    if measure.change is not None and isnan(base):
        return {"standard": None, "levels": None}
    exact = Decimal(repr(amount))
    if measure.change == "change_points":
        exact += Decimal(repr(base))
    elif measure.change == "growth":
        exact = Decimal(repr(base)) * (1 + exact)
    levels = {name: float(exact * Decimal(repr(by))) for name, by in measure.levels.items()}
    return {"standard": float(exact), "levels": levels or None}


def standards_for(facts: Sequence[Row], unit: str | None) -> list[Row]:
    """Of `standard_facts` what holds for the reps of a unit, a row for each ratio that has one."""
    return [
        {name: said for name, said in ratio.items() if name != "units"} | row
        for ratio in facts
        for row in ratio["units"]
        if row["unit"] == unit
    ]
