"""What two snapshots of inputs say differently of a rep, of a unit, and of the company.

Only what an allocation of the measure that is compared reads; names, owners and free attributes
are no part of a snapshot. Rows are looked up by their ids, whichever place they stand in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np

from service.roster.domain import NONE, Inputs
from service.roster.domain.columns import History
from service.roster.domain.measures import Further

SHARED: Final = ("unit", "vacant", "potential", "fte", "hired", "cohorts")
"""Columns of reps that all measures read."""
OF_MAIN: Final = (
    "baseline", "reach", "sigma", "capacity", "min", "max", "fixed", "last_year", "margin",
)  # fmt: skip
"""Columns of reps that are the main measure's alone."""
OF_UNITS: Final = ("parent", "min", "max", "target", "over_assignment")
_AMOUNTS: Final = frozenset({"min", "max", "fixed", "target"})


class Values(NamedTuple):
    """What was said before and after; None where nothing was."""

    before: Any
    after: Any


@dataclass(frozen=True, eq=False)
class FactsChange:
    """The facts of two versions about one measure."""

    before: Inputs
    after: Inputs
    further: str | None = None
    """The measure, where it is not the main one."""

    def of_rep(self, rep: str) -> dict[str, Values]:
        """Fields that differ, by name; `territories`, `absences` and `history` without values.

        Of somebody who is in one of the two only: nothing but `new` or `gone`.
        """
        rows = self._rep_rows[0].get(rep), self._rep_rows[1].get(rep)
        if rows[0] is None or rows[1] is None:
            return self._presence(rows)
        told = (
            {name: _value(inputs, inputs.reps, name, row) for name in self._columns}
            for inputs, row in ((self.before, rows[0]), (self.after, rows[1]))
        )
        found = _differing(*told)
        for name, of_reps in self._collections.items():
            if of_reps[0].get(rep) != of_reps[1].get(rep):
                found[name] = Values(None, None)
        return found

    def of_unit(self, unit: str) -> dict[str, Values]:
        """The same of a unit."""
        rows = self._unit_rows[0].get(unit), self._unit_rows[1].get(unit)
        if rows[0] is None or rows[1] is None:
            return self._presence(rows)
        return _differing(
            dict(self._of_unit(self.before, rows[0])), dict(self._of_unit(self.after, rows[1]))
        )

    @cached_property
    def of_company(self) -> dict[str, Values]:
        """`target` and `forecast`, and `targets` of parts of the business without values."""
        found = _differing(*map(self._of_company, self._both))
        if not self.further and self._parts(self.before) != self._parts(self.after):
            found["targets"] = Values(None, None)
        return found

    @property
    def _both(self) -> tuple[Inputs, Inputs]:
        return self.before, self.after

    @staticmethod
    def _presence(rows: tuple[int | None, int | None]) -> dict[str, Values]:
        if rows == (None, None):
            return {}
        return {"new" if rows[0] is None else "gone": Values(None, None)}

    @cached_property
    def _rep_rows(self) -> tuple[dict[str, int], dict[str, int]]:
        before, after = ({key: row for row, key in enumerate(each.reps.id)} for each in self._both)
        return before, after

    @cached_property
    def _unit_rows(self) -> tuple[dict[str, int], dict[str, int]]:
        before, after = ({key: row for row, key in enumerate(each.units.id)} for each in self._both)
        return before, after

    @cached_property
    def _columns(self) -> list[str]:
        """The columns of reps that are not the same in both, of the same reps and units."""
        names = SHARED if self.further else (*SHARED, *OF_MAIN)
        before, after = (inputs.reps for inputs in self._both)
        if before.id != after.id or self.before.units.id != self.after.units.id:
            return [*names]
        pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
        return [name for name, one, other in pairs if not _same(one, other)]

    @cached_property
    def _collections(self) -> dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """What a rep has several of, by the rep, in both snapshots."""
        return {
            "territories": (_holdings(self.before), _holdings(self.after)),
            "absences": (_absences(self.before), _absences(self.after)),
            "history": self._histories,
        }

    @property
    def _histories(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The rows of history that only one of the two has, by the rep or each who holds the
        territory then.
        """
        sold = [Counter(_sales(inputs, self._history(inputs))) for inputs in self._both]
        changed = sold[0] - sold[1], sold[1] - sold[0]
        of_reps = []
        for inputs, rows in zip(self._both, changed, strict=True):
            holders = _holders(inputs)
            own: dict[str, list[Any]] = {}
            for rep, territory, *what in rows.elements():
                for seller in [rep] if rep is not None else holders.get(territory, ()):
                    own.setdefault(seller, []).append((territory, *what))
            of_reps.append({rep: sorted(rows, key=repr) for rep, rows in own.items()})
        return of_reps[0], of_reps[1]

    def _measure(self, inputs: Inputs) -> Further | None:
        return next(
            (each for each in inputs.measures.further if each.measure.id == self.further), None
        )

    def _history(self, inputs: Inputs) -> History:
        own = self._measure(inputs)
        return inputs.history if own is None else own.history

    def _of_unit(self, inputs: Inputs, row: int) -> Iterator[tuple[str, Any]]:
        own = self._measure(inputs)
        for name in OF_UNITS:
            if own is None or name in {"parent", "over_assignment"}:
                yield name, _value(inputs, inputs.units, name, row)
            elif name == "target":
                yield name, _known(int(own.of_units[row]))

    def _of_company(self, inputs: Inputs) -> dict[str, Any]:
        own = self._measure(inputs)
        if own is None:
            return {"target": inputs.target, "forecast": inputs.forecast}
        return {"target": own.target, "forecast": own.measure.forecast}

    @staticmethod
    def _parts(inputs: Inputs) -> list[tuple[Any, ...]]:
        parts = inputs.parts
        columns = [getattr(parts, each.name) for each in fields(parts) if each.name != "unit"]
        units = [inputs.units.id[row] if row != NONE else None for row in parts.unit.tolist()]
        return list(zip(units, *columns, strict=True))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype == np.float64))
    return bool(one == other)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Values]:
    return {
        name: Values(before.get(name), after.get(name))
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    }


def _value(inputs: Inputs, table: Any, name: str, row: int) -> Any:
    """One cell as JSON has it; None where nothing was given. Units are told by their ids."""
    cell = getattr(table, name)[row]
    if name in {"unit", "parent"}:
        return None if cell == NONE else inputs.units.id[cell]
    if isinstance(cell, np.bool_):
        return bool(cell)
    if isinstance(cell, np.floating):
        return None if np.isnan(cell) else float(cell)
    return _known(int(cell)) if isinstance(cell, np.integer) else cell


def _known(cell: int) -> int | None:
    return None if cell == NONE else cell


def _holdings(inputs: Inputs) -> dict[str, list[Any]]:
    """What each rep holds, with the potential of the territory."""
    held = inputs.holders
    potential = inputs.territories.potential.tolist()
    own: dict[str, list[Any]] = {}
    columns = (held.territory, held.rep, held.share, held.first, held.last)
    for territory, rep, *terms in zip(*(column.tolist() for column in columns), strict=True):
        row = (inputs.territories.id[territory], repr(potential[territory]), *terms)
        own.setdefault(inputs.reps.id[rep], []).append(row)
    return own


def _holders(inputs: Inputs) -> dict[str, set[str]]:
    own: dict[str, set[str]] = {}
    pairs = zip(inputs.holders.territory.tolist(), inputs.holders.rep.tolist(), strict=True)
    for territory, rep in pairs:
        own.setdefault(inputs.territories.id[territory], set()).add(inputs.reps.id[rep])
    return own


def _absences(inputs: Inputs) -> dict[str, list[Any]]:
    away = inputs.absences
    own: dict[str, list[Any]] = {}
    columns = (away.rep, away.first, away.last, away.share)
    for rep, *terms in zip(*(column.tolist() for column in columns), strict=True):
        own.setdefault(inputs.reps.id[rep], []).append(terms)
    return own


def _sales(inputs: Inputs, history: History) -> Iterator[tuple[Any, ...]]:
    """One row of history each: rep, territory, month, product, kind of customer, amount."""
    reps, territories = [*inputs.reps.id, None], [*inputs.territories.id, None]
    columns = (history.rep, history.territory, history.month, history.actual)
    for rep, territory, month, actual, product, kind in zip(
        *(column.tolist() for column in columns),
        history.product,
        history.customer_type,
        strict=True,
    ):
        yield reps[rep], territories[territory], month, product, kind, actual
