"""Telling the sender of a patch what is wrong with the whole that it makes.

Rows that were sent come first in every table of the whole, so their faults stand where the sender
knows them. Of other rows, and of members that were there before, the sender knows the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from service.kit.errors import Fault, pointer
from service.roster.domain.reading import Row

_ONE: Final = {
    "units": "unit",
    "reps": "rep",
    "territories": "territory",
    "measures": "measure",
    "history": "sales",
    "targets": "target",
}
"""What a row of each table is called."""
_OF: Final = ("rep", "territory", "measure", "unit", "product", "customer_type", "period")
_MOST: Final = 3
"""How many faults are told in one place."""
_REFERENCES: Final = {
    "unit": "units",
    "parent": "units",
    "rep": "reps",
    "territory": "territories",
    "measure": "measures",
}
"""Fields that name a row of another table."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was sent, and the whole that it became part of."""

    patch: Mapping[str, Any]
    body: Row
    sent: Mapping[str, int]
    removed: Mapping[str, Mapping[Any, int]]
    target_is_a_row: bool

    def of(self, faults: Iterable[Fault]) -> tuple[Fault, ...]:
        """The faults of the whole as faults of the patch; those of one place are told together."""
        places: dict[str, list[Fault]] = {}
        for fault in map(self._placed, faults):
            places.setdefault(fault.pointer, []).append(fault)
        return tuple(map(_together, places.values()))

    def _placed(self, fault: Fault) -> Fault:
        _, table, *rest = fault.pointer.split("/") if fault.pointer else ["", ""]
        if table not in _ONE:
            return fault
        if self.target_is_a_row and (table, *rest[:1]) == ("targets", "0"):
            return replace(fault, pointer="/target")
        if not rest:
            return replace(fault, pointer=self._table(table))
        row, fields = int(rest[0]), rest[1:]
        whole, was_sent = self.body[table][row], row < self.sent[table]
        if was_sent and not (fields and fields[0] in whole.keys() - self.patch[table][row].keys()):
            return fault
        name = _name(table, whole)
        where = f"{name}, `{'/'.join(fields)}`" if fields else name
        around = pointer((table, row)) if was_sent else self._table(table)
        return Fault(
            self._cause(fields, fault.value) or around, f"{where}: {fault.detail}", fault.value
        )

    def _cause(self, fields: list[str], value: object) -> str | None:
        """What was removed, where a row names it yet."""
        table = _REFERENCES.get(fields[-1], "") if fields else ""
        place = self.removed.get(table, {}).get(value)
        return None if place is None else pointer(("remove", table, place))

    def _table(self, table: str) -> str:
        """The place of a table; where nothing was sent of it, that of all that was sent."""
        if self.patch.get(table):
            return pointer((table,))
        if self.removed[table]:
            return pointer(("remove", table))
        return pointer(self.patch) if len(self.patch) == 1 else ""


def _name(table: str, row: Row) -> str:
    of = [row["id"]] if "id" in row else [row[name] for name in _OF if row.get(name) is not None]
    return " ".join([_ONE[table], *(of or ["of the company"])])


def _together(faults: list[Fault]) -> Fault:
    if len(faults) == 1:
        return faults[0]
    more = len(faults) - _MOST
    said = [fault.detail for fault in faults[:_MOST]] + ([f"{more:,} more"] if more > 0 else [])
    return replace(faults[0], detail="; ".join(said))
