"""A whole body of facts, read in columns; every fault of it is found, not only the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import repeat
from typing import Any, Literal

import numpy as np

from service.kit.errors import Fault, InvalidInput
from service.roster.domain.columns import (
    NONE,
    Absences,
    History,
    Holders,
    IntArray,
    Reps,
    Targets,
    Territories,
    Units,
)
from service.roster.domain.definitions import Definitions, read_definitions
from service.roster.domain.inputs import Inputs, People, Person
from service.roster.domain.measures import Measures
from service.roster.domain.periods import YEAR, months_between
from service.roster.domain.planned import read_planned
from service.roster.domain.reading import UNKNOWN, Findings, Row, Rows
from service.roster.domain.rules import cycles, lookalikes, ring_in_words, wrong_shares
from service.roster.domain.targets import Organised
from solver.problem import COMPANY, DEPTH_LIMIT, unit_depths

InvalidInputs = InvalidInput
"""What `read_inputs` raises: a problem document with a JSON pointer for every fault."""


def read_inputs(
    body: Mapping[str, Any],
    *,
    digits: int,
    period: tuple[date, date] | None = None,
    faults: Sequence[Fault] = (),
    shares: Literal["refuse", "report"] | int = "refuse",
) -> Inputs:
    """The inputs that a body of the shape `InputsBody` states; raises `InvalidInputs`.

    `digits`: the minor digits of the currency. `period`: first and last day of the plan, of which
    targets name months; the year after the history where left out. `faults`: what was found wrong
    with the shape before; then `body` is what is left of the document without the faulty values,
    and the rest is checked all the same. `shares`: those of a territory that do not sum to 1 are a
    fault, or, in files, a warning; a number: a fault in so many territories, the first ones.
    """
    found = Findings(faults)
    forecast = _rows([{"forecast": body.get("forecast")}], (), digits, found)
    expected = forecast.measures("forecast")
    unit_rows = _table(body, "units", digits, found)
    units, unit_index = _units(unit_rows)
    rep_rows = _table(body, "reps", digits, found)
    reps, rep_index = _reps(rep_rows, unit_index)
    absences = _absences(rep_rows)
    target_rows = _table(body, "targets", digits, found)
    unit_of_row = _named(target_rows, "unit", unit_index, "units", "names no unit of `units`")
    definitions = read_definitions(_table(body, "measures", digits, found))
    sales = _table(body, "history", digits, found)
    whom = Organised(units, unit_rows, reps)
    months = _months_of(period, sales)
    planned = read_planned(body, definitions, target_rows, unit_of_row, whom, months)
    units = replace(units, target=planned.of_units)
    territory_rows = _table(body, "territories", digits, found)
    territories, territory_index = _territories(territory_rows)
    holders = _holders(territory_rows, rep_index)
    of_sales = _measures_of_sales(sales, definitions, planned.measures.main.id)
    history = _history(sales, rep_index, territory_index)
    warnings = Findings()
    strict = shares if isinstance(shares, int) else len(territories) * (shares == "refuse")
    _check_shares(holders, territories, (found, warnings), strict)
    if found.faults:
        raise InvalidInputs(found.faults)
    for table, ids in (("units", units.id), ("reps", reps.id), ("territories", territories.id)):
        _note_lookalikes(ids, table, warnings)
    _note_uncovered(holders, territories, warnings)
    measures, history = planned.with_history(history, of_sales, warnings)
    tables = _in_order_of_ids(units, reps, territories, holders, history, absences, measures)
    parts = replace(planned.parts, unit=_sorting(units.id)[1][planned.parts.unit])
    return Inputs(
        digits,
        planned.target,
        None if np.isnan(expected[0]) else float(expected[0]),
        *tables,
        parts=_in_order(parts),
        people=_people(rep_rows, unit_rows),
        warnings=tuple(warnings.faults),
    )


def _months_of(period: tuple[date, date] | None, sales: Rows) -> range | None:
    """The months of the plan; None where nothing tells them."""
    if period is not None:
        return months_between(period)
    last = int(_months(sales).max(initial=NONE))
    return None if last == NONE else range(last + 1, last + 1 + YEAR)


def _in_order(parts: Targets) -> Targets:
    keys = (
        parts.amount, parts.last, parts.first, _ranks(parts.customer_type), _ranks(parts.product),
        parts.unit,
    )  # fmt: skip
    return parts.taken(np.lexsort(keys))


def _table(body: Mapping[str, Any], name: str, digits: int, found: Findings) -> Rows:
    rows = _rows(body.get(name) or [], (name,), digits, found)
    if name == "reps" and not rows.rows:
        found.add(("reps",), "at least one rep is needed to carry the target")
    return rows


def _rows(rows: Sequence[Row], base: tuple[str, ...], digits: int, found: Findings) -> Rows:
    return Rows(rows, lambda row: (*base, row) if base else (), digits, found)


def _units(rows: Rows) -> tuple[Units, dict[str, int]]:
    ids, index = rows.ids()
    parent = _named(rows, "parent", index, "units", "names no unit of `units`")
    units = Units(
        id=tuple(ids),
        name=tuple(rows.column("name")),
        parent=parent,
        min=rows.amounts("min"),
        max=rows.amounts("max"),
        target=rows.amounts("target"),
        over_assignment=rows.numbers("over_assignment"),
    )
    limited = (units.min != NONE) | (units.max != NONE)
    both = (units.target != NONE) & limited
    rows.refuse(both, "target", "is min and max at once: leave min and max out beside it")
    rings = cycles(parent)
    for ring in rings:
        words = ring_in_words(ring, ids)
        rows.found.add((*rows.path(ring[0]), "parent"), f"units must not be in a circle: {words}")
    if not rings:
        too_deep = unit_depths(np.maximum(parent, COMPANY)) > DEPTH_LIMIT
        rows.refuse(too_deep, "parent", f"lies more than {DEPTH_LIMIT} levels below the company")
    return units, index


def _reps(rows: Rows, unit_index: Mapping[str, int]) -> tuple[Reps, dict[str, int]]:
    ids, index = rows.ids()
    reps = Reps(
        id=tuple(ids),
        unit=_named(rows, "unit", unit_index, "units", "names no unit of `units`"),
        vacant=np.array([value is True for value in rows.column("vacant")], dtype=np.bool_),
        baseline=rows.measures("baseline"),
        reach=rows.measures("reach"),
        sigma=rows.numbers("sigma"),
        potential=rows.measures("potential"),
        capacity=rows.measures("capacity"),
        min=rows.amounts("min"),
        max=rows.amounts("max"),
        fixed=rows.amounts("fixed"),
        last_year=rows.measures("last_year", signed=True),
        fte=rows.numbers("fte"),
        hired=rows.days("hired"),
        margin=rows.numbers("margin"),
        cohorts=tuple(map(_cohorts, rows.column("cohorts"))),
    )
    return reps, index


def _cohorts(said: Mapping[str, str | None] | None) -> dict[str, str] | None:
    return {name: peers for name, peers in (said or {}).items() if peers is not None} or None


def _territories(rows: Rows) -> tuple[Territories, dict[str, int]]:
    ids, index = rows.ids()
    return Territories(id=tuple(ids), potential=rows.measures("potential")), index


def _absences(reps: Rows) -> Absences:
    places, rows = _nested(reps, "absences")
    first, last = rows.days("from"), rows.days("to")
    rows.refuse(first == NONE, "from", "is required")
    backwards = (first != NONE) & (last != NONE) & (first > last)
    rows.refuse(backwards, "to", "lies before the day in `from`")
    share = rows.numbers("share")
    return Absences(
        rep=np.array([rep for rep, _ in places], dtype=np.int64),
        first=first,
        last=last,
        share=np.where(np.isnan(share), 1.0, share),
    )


def _nested(outer: Rows, name: str) -> tuple[list[tuple[int, int]], Rows]:
    """The rows inside rows: the outer row and the place of each, and the rows themselves."""
    places: list[tuple[int, int]] = []
    flat: list[Row] = []
    for row, listed in enumerate(outer.column(name)):
        if listed:
            places.extend((row, place) for place in range(len(listed)))
            flat.extend(listed)

    def path(row: int) -> tuple[str | int, ...]:
        parent, place = places[row]
        return (*outer.path(parent), name, place)

    return places, Rows(flat, path, outer.digits, outer.found)


def _holders(territories: Rows, rep_index: Mapping[str, int]) -> Holders:
    places, rows = _nested(territories, "holders")
    rep = _named(rows, "rep", rep_index, "reps", "names no rep of `reps`")
    first, last = rows.days("from"), rows.days("to")
    rows.refuse(
        (first != NONE) & (last != NONE) & (first > last), "to", "lies before the day in `from`"
    )
    share = rows.numbers("share")
    return Holders(
        territory=np.array([territory for territory, _ in places], dtype=np.int64),
        rep=rep,
        share=np.where(np.isnan(share), 1.0, share),
        first=first,
        last=last,
    )


def _history(
    rows: Rows, rep_index: Mapping[str, int], territory_index: Mapping[str, int]
) -> History:
    rep = _named(rows, "rep", rep_index, "reps", "names no rep of `reps`")
    territory = _named(
        rows, "territory", territory_index, "territories", "names no territory of `territories`"
    )
    rows.refuse((rep != NONE) & (territory != NONE), None, "names a rep and a territory: name one")
    rows.refuse((rep == NONE) & (territory == NONE), None, "names neither a rep nor a territory")
    return History(
        rep=rep,
        territory=territory,
        month=_months(rows),
        actual=rows.measures("actual", signed=True),
        product=tuple(rows.column("product")),
        customer_type=tuple(rows.column("customer_type")),
    )


def _measures_of_sales(rows: Rows, definitions: Definitions, main: str) -> list[str]:
    keys = definitions.of_rows(rows, main)
    ratios = {key for key in set(keys) if key in definitions and definitions[key].kind == "ratio"}
    if ratios:
        reason = "is a ratio: it has standards, and months of it do not add up"
        rows.refuse(np.array([key in ratios for key in keys], np.bool_), "measure", reason)
    return keys


def _months(rows: Rows) -> IntArray:
    periods = rows.column("period")
    number = {
        period: int(period[:4]) * 12 + int(period[5:]) - 1
        for period in set(periods)
        if period is not None
    }
    return np.fromiter(map(number.get, periods, repeat(NONE)), np.int64, len(periods))


def _named(rows: Rows, field: str, index: Mapping[str, int], table: str, detail: str) -> IntArray:
    """Rows of another table by its ids; an id that is not there is a fault.

    Where rows of that table could not be read, nothing is known about what is there.
    """
    named = rows.references(field, index)
    if not rows.found.hides_ids_of(table):
        rows.refuse(named == UNKNOWN, field, detail)
    return named


def _check_shares(
    holders: Holders, territories: Territories, findings: tuple[Findings, Findings], strict: int
) -> None:
    """Faults in the `strict` first territories, warnings in the others."""
    faults, warnings = findings
    for row, total, day in wrong_shares(holders, len(territories)):
        when = f" on {day.isoformat()}" if day else ""
        detail = f"the shares of {territories.id[row]} sum to {total:.6g}{when}, not to 1"
        (faults if row < strict else warnings).add(("territories", row, "holders"), detail)


def _note_lookalikes(ids: Sequence[str], table: str, found: Findings) -> None:
    if twins := lookalikes(ids):
        more = f" and {len(twins) - 1} more look" if len(twins) > 1 else " looks"
        reason = "like another id whose letters are written with other characters (Unicode)"
        found.add((table,), f"{twins[0]}{more} {reason}: they are not the same")


def _note_uncovered(holders: Holders, territories: Territories, found: Findings) -> None:
    uncovered = int(
        np.count_nonzero(np.bincount(holders.territory, minlength=len(territories)) == 0)
    )
    if uncovered:
        verb = (
            "territory has no holder: its"
            if uncovered == 1
            else "territories have no holder: their"
        )
        found.add(("territories",), f"{uncovered} {verb} potential and history count for nobody")


def _people(reps: Rows, units: Rows) -> People:
    persons = zip(*(reps.column(name) for name in ("id", "name", "attributes")), strict=True)
    owners = zip(units.column("id"), units.column("owner"), strict=True)
    return People(
        reps={
            key: Person(name, attributes)
            for key, name, attributes in persons
            if name is not None or attributes is not None
        },
        owners={key: owner for key, owner in owners if owner is not None},
    )


def _in_order_of_ids(  # noqa: PLR0917 -- one table after the other
    units: Units,
    reps: Reps,
    territories: Territories,
    holders: Holders,
    history: History,
    absences: Absences,
    measures: Measures,
) -> tuple[Units, Reps, Territories, Holders, History, Absences, Measures]:
    """Sort every table by what it says, so that the order of the rows changes nothing."""
    by_unit, unit_at = _sorting(units.id)
    by_rep, rep_at = _sorting(reps.id)
    by_territory, territory_at = _sorting(territories.id)
    units = replace(units, parent=unit_at[units.parent])
    reps = replace(reps, unit=unit_at[reps.unit])
    holders = replace(holders, territory=territory_at[holders.territory], rep=rep_at[holders.rep])
    absences = replace(absences, rep=rep_at[absences.rep])
    by_absence = (absences.share, absences.last, absences.first, absences.rep)
    by_holder = (holders.share, holders.last, holders.first, holders.rep, holders.territory)

    def placed(sales: History) -> History:
        sales = replace(sales, territory=territory_at[sales.territory], rep=rep_at[sales.rep])
        by_sale = (
            sales.actual, _ranks(sales.customer_type), _ranks(sales.product), sales.month,
            sales.territory, sales.rep,
        )  # fmt: skip
        return sales.taken(np.lexsort(by_sale))

    return (
        units.taken(by_unit),
        reps.taken(by_rep),
        territories.taken(by_territory),
        holders.taken(np.lexsort(by_holder)),
        placed(history),
        absences.taken(np.lexsort(by_absence)),
        measures.placed(by_unit, unit_at, placed),
    )


def _sorting(ids: Sequence[str]) -> tuple[IntArray, IntArray]:
    """The rows in the order of their ids, and where each row then stands (`NONE` stays `NONE`)."""
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    place = np.full(len(ids) + 1, NONE)
    place[order] = np.arange(len(ids))
    return order, place


def _ranks(texts: Sequence[str | None]) -> IntArray:
    if not any(texts):
        return np.full(len(texts), NONE)
    rank: dict[str | None, int] = {
        text: k for k, text in enumerate(sorted({text for text in texts if text is not None}))
    }
    return np.array([rank.get(text, NONE) for text in texts], dtype=np.int64)
