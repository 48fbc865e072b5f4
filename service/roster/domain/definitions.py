"""The list of `measures` in a body: what each is, every fault of it at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from service.kit.money import InvalidMoney, to_minor
from service.roster.domain.measures import KNOWN, Measure
from service.roster.domain.reading import Row, Rows
from service.roster.domain.rules import SHARE_TOLERANCE

_OF_ADDITIVE: Final = ("basis", "counted_in", "increment", "forecast")
_OF_RATIOS: Final = ("change", "lower_is_better")


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the body says of its measures."""

    stated: Mapping[str, Measure]
    rows: Rows

    def __getitem__(self, key: str) -> Measure:
        """The measure that is listed, or known without."""
        return self.stated.get(key) or KNOWN[key]

    def __contains__(self, key: str) -> bool:
        return key in self.stated or key in KNOWN

    def of_rows(self, rows: Rows, default: str) -> list[str]:
        """The measure of each row of another table; one that nobody knows is a fault."""
        column = rows.column("measure")
        named = {key for key in set(column) if key}
        unknown = {key for key in named if key not in self}
        if unknown and not rows.found.hides_ids_of("measures"):
            bad = np.array([key in unknown for key in column], np.bool_)
            others = ", ".join(KNOWN)
            rows.refuse(bad, "measure", f"is not listed in `measures`, and none of {others}")
        return [key or default for key in column] if named else [default] * len(column)

    def place(self, key: str, name: str) -> tuple[str | int, ...]:
        """Where the list says this of a measure."""
        ids = list(self.rows.column("id"))
        return (*self.rows.path(ids.index(key)), name)


def read_definitions(rows: Rows) -> Definitions:
    """The measures that are listed."""
    _, index = rows.ids()
    _check_weights(rows)
    forecasts = rows.measures("forecast")
    stated = {}
    for key, row in sorted(index.items()):
        said = {name: value for name, value in rows.rows[row].items() if value not in (None, False)}
        for name, detail in _faults(key, said):
            rows.found.add((*rows.path(row), *name.split(".")), detail, said.get(name))
        forecast = None if np.isnan(forecasts[row]) else float(forecasts[row])
        stated[key] = _measure(rows, row, said, forecast)
    return Definitions(stated, rows)


def _check_weights(rows: Rows) -> None:
    given = [
        (row, weight) for row, weight in enumerate(rows.column("weight")) if weight is not None
    ]
    total = sum(weight for _, weight in given)
    if given and abs(total - 1) > SHARE_TOLERANCE + 1e-9:
        row, weight = given[0]
        detail = f"makes {total:.6g} with those of all measures, not 1"
        rows.found.add((*rows.path(row), "weight"), detail, weight)


def _faults(key: str, said: Row) -> Iterator[tuple[str, str]]:
    """Fields of one measure that do not fit together, by name, and why."""
    known, kind = KNOWN.get(key), said.get("kind")
    if known is None and kind is None:
        yield "kind", "is required: additive or ratio"
    if known is not None and kind not in (None, known.kind):
        yield "kind", f"is {known.kind} for {key}"
    ratio = (known.kind if known else kind) == "ratio"
    for name in _OF_ADDITIVE if ratio else _OF_RATIOS:
        if name in said:
            yield name, f"is for {'additive measures' if ratio else 'ratios'}, and {key} is none"
    in_money = known is not None and known.kind == "additive" and known.counted_in is None
    if in_money and "counted_in" in said:
        yield "counted_in", f"is for what is counted, and {key} is money"
    elif not ratio and "basis" in said and ("counted_in" in said or not (in_money or not known)):
        yield "basis", f"is for measures in money, and {key} is none"
    levels = said.get("levels") or {}
    low, high = "at most 1", "at least 1"
    if said.get("lower_is_better"):
        low, high = high, low
    for name, end in (("floor", low), ("stretch_target", high)):
        factor = levels.get(name)
        if factor is not None and (factor > 1 if end == "at most 1" else factor < 1):
            yield f"levels.{name}", f"is {factor:g} times the target, and must be {end}"


def _measure(rows: Rows, row: int, said: Mapping[str, Any], forecast: float | None) -> Measure:
    known = KNOWN.get(said["id"]) or Measure(said["id"], said.get("kind", "additive"))
    levels = said.get("levels") or {}
    counted_in = said.get("counted_in") or known.counted_in
    return Measure(
        id=known.id,
        kind=known.kind,
        basis=said.get("basis"),
        counted_in=counted_in,
        increment=_increment(rows, row, said.get("increment"), counted_in),
        forecast=forecast,
        weight=said.get("weight"),
        floor=levels.get("floor"),
        stretch_target=levels.get("stretch_target"),
        lower_is_better=said.get("lower_is_better", False),
        change=said.get("change"),
    )


def _increment(rows: Rows, row: int, stated: Any, counted_in: str | None) -> int | None:
    if stated is None:
        return None
    try:
        increment = to_minor(stated, rows.digits if counted_in is None else 0)
    except InvalidMoney as fault:
        rows.found.add((*rows.path(row), "increment"), str(fault), stated)
        return None
    if increment <= 0:
        rows.found.add((*rows.path(row), "increment"), "must be more than 0", stated)
        return None
    return increment
