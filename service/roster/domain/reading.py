"""From rows as the caller sent them to columns, with every fault found on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import repeat
from typing import Any, Final

import numpy as np

from service.kit.errors import Fault, pointer, short_value
from service.kit.money import MAX_MINOR, column_to_minor
from service.roster.domain.columns import NONE, BoolArray, FloatArray, IntArray

type Path = tuple[str | int, ...]
type Row = dict[str, Any]

_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_NOTHING: Final = 1e-9
"""Measurements below it are zero; ratios to smaller ones would leave the range of floats."""
UNKNOWN: Final = -2
"""In a column of references: names a row that does not exist."""


class Findings:
    """Faults gathered while reading, one for every place, in the order of the document."""

    def __init__(self, known: Sequence[Fault] = ()) -> None:
        self.faults = list(known)
        self._places = {fault.pointer for fault in known}
        self._nameless: set[str | int] = set()

    def add(self, path: Path, detail: str, value: object = None) -> None:
        self.take(Fault(pointer(path), detail, short_value(value)))

    def take(self, fault: Fault) -> None:
        """Unless there is one in its place."""
        if fault.pointer not in self._places:
            self._places.add(fault.pointer)
            self.faults.append(fault)

    def lost_an_id(self, path: Path) -> None:
        """A row of this table has no id that could be read."""
        self._nameless.add(path[0])

    def hides_ids_of(self, table: str) -> bool:
        """Whether not all ids of the table are known, so that naming one of them is no fault."""
        return table in self._nameless or pointer((table,)) in self._places


class Rows:
    """Rows of one kind, by column. A field that is left out and one that is null mean the same.

    `path` answers where a row stands in the document.
    """

    def __init__(
        self, rows: Sequence[Row], path: Callable[[int], Path], digits: int, found: Findings
    ) -> None:
        self.rows = rows
        self.path = path
        self.digits = digits
        self.found = found
        self._columns = _columns(rows)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Sequence[Any]:
        return self._columns.get(name) or [None] * len(self.rows)

    def taken(self, order: IntArray) -> Rows:
        """Some of the rows, with the places that they have."""
        places = order.tolist()
        rows = [self.rows[row] for row in places]
        return Rows(rows, lambda row: self.path(places[row]), self.digits, self.found)

    def refuse(self, bad: BoolArray, name: str | None, detail: str) -> None:
        """A fault for each row that is bad, at its field, or at the row where none is named."""
        for row in np.flatnonzero(bad).tolist():
            place = self.path(row) if name is None else (*self.path(row), name)
            self.found.add(place, detail, None if name is None else self.rows[row].get(name))

    def amounts(self, name: str) -> IntArray:
        """Minor units, `NONE` where not given. Negative amounts are refused."""
        if name not in self._columns:
            return np.full(len(self.rows), NONE)
        minor, given, faults = column_to_minor(self.column(name), self.digits)
        for row, detail in faults.items():
            self.found.add((*self.path(row), name), detail, self.rows[row].get(name))
        self.refuse(minor < 0, name, "must be 0 or more")
        return np.where(given & (minor >= 0), minor, NONE)

    def measures(self, name: str, *, signed: bool = False) -> FloatArray:
        """Floats in the currency itself, nan where not given."""
        if name not in self._columns:
            return np.full(len(self.rows), np.nan)
        values = self.column(name)
        if str in set(map(type, values)):
            values = [self._number(row, name, value) for row, value in enumerate(values)]
        column = np.array(values, dtype=np.float64)
        column[np.abs(column) < _NOTHING] = 0.0  # negative zeros too
        with np.errstate(over="ignore"):
            self.refuse(np.abs(column) * 10**self.digits > MAX_MINOR, name, "is too large")
        if not signed:
            self.refuse(column < 0, name, "must be 0 or more")
        return column

    def _number(self, row: int, name: str, value: object) -> float | None:
        if not isinstance(value, str):
            return None if value is None else float(str(value))
        if not _DECIMAL.fullmatch(value):
            self.found.add(
                (*self.path(row), name), "must be a plain decimal such as 20500.25", value
            )
            return None
        return float(value)

    def numbers(self, name: str) -> FloatArray:
        """Numbers whose range was checked before; nan where not given."""
        return np.array(self.column(name), dtype=np.float64) + 0.0

    def days(self, name: str) -> IntArray:
        return np.array(
            [NONE if day is None else _ordinal(day) for day in self.column(name)], dtype=np.int64
        )

    def references(self, name: str, index: Mapping[str, int]) -> IntArray:
        """Rows that the ids name: `NONE` without an id, `UNKNOWN` where it names nothing."""
        if name not in self._columns:
            return np.full(len(self.rows), NONE)
        places = dict[str | None, int](index.items())
        places[None] = NONE
        named = map(places.get, self.column(name), repeat(UNKNOWN))
        return np.fromiter(named, np.int64, len(self.rows))

    def ids(self) -> tuple[Sequence[Any], dict[str, int]]:
        """The ids, and where each stands (first). Repeated ids are refused."""
        keys = self.column("id")
        index = {key: row for row, key in reversed(list(enumerate(keys))) if key is not None}
        if None in keys:
            self.found.lost_an_id(self.path(0))
        if len(index) < len(keys):
            for row, key in enumerate(keys):
                if key is not None and index[key] != row:
                    first = pointer(self.path(index[key]))
                    self.found.add((*self.path(row), "id"), f"stands already in {first}", key)
        return keys, index


def _columns(rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The fields that any row has. Rows mostly have the same ones, which reads in one go."""
    shapes = set(map(tuple, rows))
    if len(shapes) == 1:
        columns = zip(*map(dict.values, rows), strict=True)
        return dict(zip(shapes.pop(), columns, strict=True))
    names = {name for shape in shapes for name in shape}
    return {name: [row.get(name) for row in rows] for name in names}


def _ordinal(day: date | str) -> int:
    return (date.fromisoformat(day) if isinstance(day, str) else day).toordinal()
