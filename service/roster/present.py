"""Inputs as the rows that the API reads and answers: only what was given, ordered by id."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np

from service.kit.money import from_minor
from service.roster.domain import NONE, Inputs
from service.roster.domain.columns import FloatArray, History, IntArray
from service.roster.domain.measures import KNOWN, Measure
from service.roster.domain.periods import as_text

type Row = dict[str, Any]


def present(inputs: Inputs) -> dict[str, Any]:
    """A body that `read_inputs` makes the same inputs of, for a plan of the same period."""
    plain, parts = inputs.measures.are_plain, _part_targets(inputs)
    alone = inputs.measures.are_revenue and not parts
    return {
        "target": from_minor(inputs.target, inputs.digits) if alone else None,
        **({} if alone else {"targets": _targets(inputs, parts)}),
        **({} if plain else {"measures": _measures(inputs)}),
        "forecast": inputs.forecast,
        "units": _units(inputs),
        "reps": _reps(inputs),
        "territories": _territories(inputs),
        "history": [
            row | named for sales, named in _histories(inputs) for row in _history(inputs, sales)
        ],
    }


def _histories(inputs: Inputs) -> Iterator[tuple[History, Row]]:
    """The history of each measure, and what names it in a row."""
    measures = inputs.measures
    yield inputs.history, {} if measures.are_plain else {"measure": measures.main.id}
    for each in measures.further:
        yield each.history, {"measure": each.measure.id}


def _targets(inputs: Inputs, parts: list[Row]) -> list[Row]:
    """Of all measures, but for those of units of the main one, which stand with the units."""
    measures = inputs.measures
    named = {} if measures.are_plain else {"measure": measures.main.id}
    rows = [named | row for row in (_whole(inputs), *parts)]
    for each in measures.further:
        digits = each.measure.digits(inputs.digits)
        rows.append({"measure": each.measure.id, "amount": from_minor(each.target, digits)})
        amounts = zip(inputs.units.id, _amounts(each.of_units, digits), strict=True)
        rows += [
            {"measure": each.measure.id, "unit": unit, "amount": amount}
            for unit, amount in amounts
            if amount is not None
        ]
    for ratio in measures.ratios:
        stated = ratio.standards
        columns: dict[str, list[Any]] = {
            "measure": [ratio.measure.id] * len(stated),
            "unit": _keys(stated.unit, inputs.units.id),
            "amount": _numbers(stated.amount),
            "base": _numbers(stated.base),
        }
        rows += _rows(columns)
    return rows


def _measures(inputs: Inputs) -> list[Row]:
    measures = inputs.measures
    all_of_them = (measures.main, *(each.measure for each in measures.further),
                   *(each.measure for each in measures.ratios))  # fmt: skip
    return [present_measure(measure, inputs.digits) for measure in all_of_them]


def present_measure(measure: Measure, digits: int) -> Row:
    """A row of `measures`; `digits` are those of the plan's money."""
    known = KNOWN.get(measure.id)
    said = measure.content() | {"kind": measure.kind}
    for name in ("floor", "stretch_target"):
        said.pop(name, None)
    if known is not None and known.counted_in == measure.counted_in:
        said.pop("counted_in", None)
    if measure.increment is not None:
        said["increment"] = from_minor(measure.increment, measure.digits(digits))
    return said | ({"levels": measure.levels} if measure.levels else {})


def _whole(inputs: Inputs) -> Row:
    return {"amount": from_minor(inputs.target, inputs.digits)}


def _part_targets(inputs: Inputs) -> list[Row]:
    """The targets of parts of the business, which are of the main measure."""
    parts = inputs.parts
    months = zip(parts.first.tolist(), parts.last.tolist(), strict=True)
    return _rows(
        {
            "amount": _amounts(parts.amount, inputs.digits),
            "unit": _keys(parts.unit, inputs.units.id),
            "product": list(parts.product),
            "customer_type": list(parts.customer_type),
            "period": [
                None if first == NONE else as_text(range(first, last + 1)) for first, last in months
            ],
        }
    )


def _units(inputs: Inputs) -> list[Row]:
    units, owners = inputs.units, inputs.people.owners
    return _rows(
        {
            "id": list(units.id),
            "name": list(units.name),
            "parent": _keys(units.parent, units.id),
            "owner": [owners.get(key) for key in units.id],
            "min": _amounts(units.min, inputs.digits),
            "max": _amounts(units.max, inputs.digits),
            "target": _amounts(units.target, inputs.digits),
            "over_assignment": _numbers(units.over_assignment),
        }
    )


def _reps(inputs: Inputs) -> list[Row]:
    reps, people = inputs.reps, inputs.people.reps
    persons = [people.get(key) for key in reps.id]
    rows = _rows(
        {
            "id": list(reps.id),
            "name": [person and person.name for person in persons],
            "unit": _keys(reps.unit, inputs.units.id),
            "vacant": [vacant or None for vacant in reps.vacant.tolist()],
            **{
                name: _numbers(getattr(reps, name))
                for name in ("baseline", "reach", "sigma", "potential", "capacity", "margin")
            },
            **{
                name: _amounts(getattr(reps, name), inputs.digits)
                for name in ("min", "max", "fixed")
            },
            "last_year": _numbers(reps.last_year),
            "fte": _numbers(reps.fte),
            "hired": _days(reps.hired),
            "cohorts": list(reps.cohorts),
            "attributes": [person and person.attributes for person in persons],
        }
    )
    absences = inputs.absences
    away = _rows(
        {
            "from": _days(absences.first),
            "to": _days(absences.last),
            "share": absences.share.tolist(),
        }
    )
    for rep, absence in zip(absences.rep.tolist(), away, strict=True):
        rows[rep].setdefault("absences", []).append(absence)
    return rows


def _territories(inputs: Inputs) -> list[Row]:
    territories, holders = inputs.territories, inputs.holders
    rows = _rows({"id": list(territories.id), "potential": _numbers(territories.potential)})
    held = _rows(
        {
            "rep": _keys(holders.rep, inputs.reps.id),
            "share": holders.share.tolist(),
            "from": _days(holders.first),
            "to": _days(holders.last),
        }
    )
    for territory, holder in zip(holders.territory.tolist(), held, strict=True):
        rows[territory].setdefault("holders", []).append(holder)
    return rows


def _history(inputs: Inputs, history: History) -> list[Row]:
    return _rows(
        {
            "rep": _keys(history.rep, inputs.reps.id),
            "territory": _keys(history.territory, inputs.territories.id),
            "period": [
                f"{month // 12:04d}-{month % 12 + 1:02d}" for month in history.month.tolist()
            ],
            "actual": history.actual.tolist(),
            "product": list(history.product),
            "customer_type": list(history.customer_type),
        }
    )


def _rows(columns: Mapping[str, list[Any]]) -> list[Row]:
    """One dict a row, without what was not given."""
    return list(_row_by_row({name: c for name, c in columns.items() if _says_anything(c)}))


def _row_by_row(columns: Mapping[str, list[Any]]) -> Iterator[Row]:
    names = tuple(columns)
    for values in zip(*columns.values(), strict=True):
        pairs = zip(names, values, strict=True)
        yield {name: value for name, value in pairs if value is not None}


def _says_anything(column: list[Any]) -> bool:
    return any(value is not None for value in column)


def _keys(rows: IntArray, ids: tuple[str, ...]) -> list[str | None]:
    named: list[str | None] = [*ids, None]  # row -1 names nothing
    return [named[row] for row in rows.tolist()]


def _amounts(column: IntArray, digits: int) -> list[float | None]:
    return [None if minor == NONE else from_minor(minor, digits) for minor in column.tolist()]


def _numbers(column: FloatArray) -> list[float | None]:
    known = (~np.isnan(column)).tolist()
    return [value if there else None for value, there in zip(column.tolist(), known, strict=True)]


def _days(column: IntArray) -> list[str | None]:
    return [None if day == NONE else date.fromordinal(day).isoformat() for day in column.tolist()]
